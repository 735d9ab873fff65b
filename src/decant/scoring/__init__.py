"""How well a potential did: the score, what it is held against, and what predicts it."""

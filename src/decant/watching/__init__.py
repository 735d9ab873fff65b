"""How work stands while it goes on, from its files alone: a run, a fit, active learning, a study."""

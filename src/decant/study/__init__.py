"""Studies: which data, algorithms and simulations, and what can be known of them before anything runs."""

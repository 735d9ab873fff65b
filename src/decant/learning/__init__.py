"""Active learning: settings, exploration, candidates, when it ends; `decant.learning.learn` joins them."""

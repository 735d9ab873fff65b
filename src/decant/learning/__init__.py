"""The parts of active learning: settings, exploration, candidates, and when it ends; `decant.learn` joins them."""

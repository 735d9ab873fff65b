"""Deep Potentials: fits and exports by deepmd-kit."""

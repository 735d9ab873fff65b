"""decant: from training data to measured liquids with machine-learned potentials in LAMMPS."""

__version__ = "0.1.0"

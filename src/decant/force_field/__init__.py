"""A classical force field of molecules: its parameters, the LAMMPS input that they make, its energies."""

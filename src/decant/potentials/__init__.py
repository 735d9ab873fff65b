"""Exported potentials: made by fits, evaluated, compared, and held against LAMMPS."""

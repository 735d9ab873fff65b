"""LAMMPS: its plugins, command line, data files, launch and logs."""

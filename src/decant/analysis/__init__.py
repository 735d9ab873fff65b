"""Observables of a liquid and errors of a potential: one file each."""

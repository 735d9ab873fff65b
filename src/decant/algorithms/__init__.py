"""Algorithms that fit potentials: one file an algorithm."""

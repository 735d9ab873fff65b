"""Molecules: their graphs, names, geometries, neighbors and boxes of them."""

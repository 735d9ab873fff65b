"""Runs of molecular dynamics: what is asked, how they start, and what they leave."""

"""A study as a graph of decant's own commands, and Snakemake to run it."""

from pathlib import Path

TEMPLATE = Path(__file__).with_name("study.yaml")
"""The study that ``decant init`` writes."""

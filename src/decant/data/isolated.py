"""Frames of one isolated atom, which give the energy of an element."""

from __future__ import annotations

from ase import Atoms

ISOLATED = "IsolatedAtom"
"""Value of ``config_type`` of a frame that holds one isolated atom, as MACE expects it."""


def is_isolated(atoms: Atoms) -> bool:
    """Say whether the frame is an isolated atom, which gives the energy of an element and nothing else."""
    return atoms.info.get("config_type") == ISOLATED

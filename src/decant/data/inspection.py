"""What an inspection of a set of frames finds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms

QUANTITIES = {
    "atoms": "",
    "density_g_cm3": "g/cm3",
    "temperature_K": "K",
    "energy_eV_per_atom": "eV/atom",
    "force_rms_eV_A": "eV/A",
    "force_max_eV_A": "eV/A",
    "nearest_A": "A",
}
"""What is measured of each frame, with its unit."""


@dataclass(frozen=True)
class Inspection:
    """What was found.

    Attributes
    ----------
    frames
        The frames looked at, without isolated atoms.
    part
        Of each frame: the name of its file, ``train`` for example.
    recipe, composition
        Of each frame; the composition as ``EC:4,EMC:8``.
    numbers
        The `QUANTITIES`, each of shape (frames,); NaN where a frame has none.
    isolated
        Energy of the isolated atoms, eV; empty unless every element has one.
    duplicates
        Pairs of frames of one part that are one geometry.
    leaks
        Pairs of frames of different parts that are one geometry; a small step apart is told besides.
    shared_groups
        Groups that have frames in more than one part.
    """

    frames: list[Atoms]
    part: list[str]
    recipe: list[str]
    composition: list[str]
    numbers: dict[str, np.ndarray]
    isolated: dict[str, float]
    duplicates: list[tuple[int, int]]
    leaks: list[tuple[int, int]]
    shared_groups: list[str]

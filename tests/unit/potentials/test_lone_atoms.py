"""What is said of lone atoms that a model gets wrong."""

from __future__ import annotations

from decant.potentials.lone_atoms import lone_atoms_told


def test_lone_atoms_that_are_off_are_told() -> None:
    lone = {"H": {"label": -10.0, "potential": -12.5}, "C": {"label": -50.0, "potential": -50.01}}
    assert lone_atoms_told(lone).startswith("lone atoms are off their labels, H by -2.5 eV: do not break bonds")
    assert lone_atoms_told({"C": lone["C"]}) == ""

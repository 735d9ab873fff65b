"""What is said of lone atoms that a model gets wrong."""

from __future__ import annotations

from decant.potentials.lone_atoms import lone_atoms_told


def test_lone_atoms_that_are_off_are_told() -> None:
    lone = {"H": {"label": -10.0, "potential": -12.5}, "C": {"label": -50.0, "potential": -50.01}}
    assert lone_atoms_told(lone).startswith("lone atoms are off their labels, H by -2.5 eV: do not break bonds")
    assert lone_atoms_told({"C": lone["C"]}) == ""


def test_of_ions_nothing_is_told_and_a_set_that_has_them_is_not_to_be_held_to_neutral_atoms() -> None:
    lone = {"Li": {"label": 0.0, "potential": 1.1}, "F": {"label": 0.0, "potential": 0.7}}
    assert lone_atoms_told({"Li": lone["Li"]}) == ""
    told = lone_atoms_told(lone)
    assert "F by +0.7 eV" in told and "Li" not in told and "hold_lone_atoms" not in told
    assert "hold_lone_atoms" in lone_atoms_told({"F": lone["F"]})

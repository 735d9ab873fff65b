"""Differences between neighbouring frames follow forces and virials, or a unit or sign is wrong."""

import re

import ase.units
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.data.neighbors import check_neighbors, differences
from decant.molecules.solvents import molecule
from tests import springs


def house(atoms):
    atoms.info["REF_energy"], atoms.arrays["REF_forces"] = atoms.info["energy"], atoms.arrays["forces"]
    if "virial" in atoms.info:
        atoms.info["REF_virial"] = atoms.info["virial"]
    return atoms


def rest():
    single = molecule("MEOH").embed(1)
    return single.positions - single.positions.mean(axis=0)


def shaken(count=5, size=0.04, seed=0):
    """Frames about one geometry of a periodic box."""
    (start,), random = springs.liquid(1, seed=seed), np.random.default_rng(seed)
    frames = []
    for _ in range(count):
        atoms = start.copy()
        atoms.positions += random.normal(scale=size, size=atoms.positions.shape)
        frames.append(house(springs.label(atoms, rest())))
    return frames


def scan(factors=(0.94, 0.96, 0.98, 1.0, 1.02), rigid=False):
    """A box scaled with all its atoms, or with its molecules as they are."""
    (start,) = springs.liquid(1, spread=0.0)
    frames = []
    for factor in factors:
        atoms = start.copy()
        centres = np.repeat(atoms.positions.reshape(-1, 6, 3).mean(axis=1), 6, axis=0)
        atoms.positions = centres * factor + atoms.positions - centres if rigid else atoms.positions * factor
        atoms.set_cell(atoms.cell * factor)
        frames.append(house(springs.label(atoms, rest())))
    return frames


@settings(max_examples=50)
@given(seed=st.integers(0, 500), strain=st.floats(-0.02, 0.02), size=st.floats(0.001, 0.03))
def test_forces_and_virials_give_the_difference_of_energy(seed, strain, size):
    (one,), random = springs.liquid(1, seed=seed), np.random.default_rng(seed)
    other = one.copy()
    other.set_cell(one.cell * (1 + strain), scale_atoms=True)
    other.positions += random.normal(scale=size, size=other.positions.shape)
    other.positions[3] += other.cell[0]  # into another image
    found = differences(house(one), house(springs.label(other, rest())))
    if found is None:  # an atom has moved further than neighbours may
        return
    energy, by_forces, by_virial = found
    assert energy == pytest.approx(by_forces + by_virial, abs=0.1 * (abs(by_forces) + abs(by_virial)) + 0.3)


def test_frames_far_apart_and_frames_without_virials_are_no_neighbours():
    one, other = shaken(2, size=0.2)
    assert differences(one, other) is None
    one, other = scan((1.0, 0.98))
    del one.info["REF_virial"]
    assert differences(one, other) is None


@pytest.mark.parametrize(("factor", "kind", "word"), [
    (1 / ase.units.Hartree, "energy", "energy looks like Hartree (factor 0.03675)"),
    (23.06, "energy", "energy looks like kcal/mol"),
    (-1, "forces", "forces look like the other sign"),
    (1 / 48, "energy", "energy looks like one per atom"),
])  # fmt: skip
def test_energies_that_do_not_follow_forces_are_told(factor, kind, word):
    frames = shaken()
    assert check_neighbors(frames, "virial", 1.0, True) == []
    for atoms in frames:
        atoms.info["REF_energy"] *= factor
    (finding,) = check_neighbors(frames, "virial", 1.0, True)
    assert finding.kind == kind and word in finding.text


@pytest.mark.parametrize("factor", [0.45, 0.5, 2.0, 2.3])
def test_energies_and_forces_of_no_usual_unit_are_told_in_a_sentence(factor):
    frames = shaken()
    for atoms in frames:
        atoms.info["REF_energy"] *= factor
    (finding,) = check_neighbors(frames, "virial", 1.0, True)
    told = re.fullmatch(
        r"energies of neighbouring frames differ by (\S+) times what their forces say: energy is in no usual unit "
        r"\(factor (\S+)\); give `energy_unit`; or forces are in no usual unit \(factor (\S+)\); give `forces_unit`",
        finding.text,
    )
    assert told and [float(value) for value in told.groups()] == pytest.approx([factor, factor, 1 / factor], rel=0.05)
    assert finding.wants == ("unit",)


@pytest.mark.parametrize("rigid", [False, True])
@pytest.mark.parametrize(("factor", "word"), [(-1, "the other sign"), (1602.18, "kbar"), (160.218, "GPa")])
def test_virials_that_do_not_follow_energies_over_volume_are_told(rigid, factor, word):
    frames = scan(rigid=rigid)
    assert check_neighbors(frames, "stress", 1.0, True) == []
    for atoms in frames:
        atoms.info["REF_virial"] = atoms.info["REF_virial"] * factor
    (finding,) = check_neighbors(frames, "stress", 1.0, True)
    assert finding.kind == "stress" and word in finding.text

"""Stretched bonds stay bonds, touching molecules stay apart, and reactions are found."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.data import covalent_radii

from decant.molecules.connectivity import Connectivity, connectivity
from decant.molecules.solvents import molecule
from decant.molecules.species import solvent_name
from decant.molecules.topology import formula, is_coordinating


def is_solvent(symbols: tuple[str, ...], bonds: tuple[tuple[int, int], ...]) -> bool:
    return bool(solvent_name(symbols, bonds)) or (len(symbols) == 1 and symbols[0] == "Li")


def found(atoms: Atoms) -> Connectivity:
    return connectivity(atoms, is_solvent)


@pytest.fixture(scope="module")
def emc() -> Atoms:
    return molecule("EMC").embed(1)


def hydrogen_and_carbon(atoms: Atoms) -> tuple[int, int]:
    table = molecule("EMC").bonds
    return next((int(j), int(i)) for i, j in table if atoms.symbols[j] == "H" and atoms.symbols[i] == "C")


def stretched(atoms: Atoms, end: int, base: int, length: float) -> Atoms:
    result = atoms.copy()
    direction = result.positions[end] - result.positions[base]
    result.positions[end] = result.positions[base] + length * direction / np.linalg.norm(direction)
    return result


@pytest.mark.parametrize("length", [1.1, 1.3, 1.45, 1.6])
def test_a_hot_bond_to_hydrogen_is_a_bond(emc: Atoms, length: float) -> None:
    seen = found(stretched(emc, *hydrogen_and_carbon(emc), length))
    assert not seen.unknown
    assert {tuple(pair) for pair in seen.bonds.tolist()} == {tuple(pair) for pair in molecule("EMC").bonds.tolist()}


@pytest.mark.parametrize("length", [1.8, 2.5, 4.0])
def test_a_hydrogen_that_is_clearly_apart_has_left(emc: Atoms, length: float) -> None:
    seen = found(stretched(emc, *hydrogen_and_carbon(emc), length))
    pieces = {formula([emc.symbols[atom] for atom in np.flatnonzero(seen.mol_id == piece)]) for piece in seen.unknown}
    assert pieces == {"H", "C4H7O3"}


def test_a_hydrogen_on_its_way_to_a_nearer_partner_has_reacted(emc: Atoms) -> None:
    end, base = hydrogen_and_carbon(emc)
    atoms = stretched(emc, end, base, 1.45)
    away = atoms.positions[end] - atoms.positions[base]
    other = molecule("EC").embed(1)
    oxygen = next(index for index, symbol in enumerate(other.symbols) if symbol == "O")
    outward = other.positions[oxygen] - other.positions.mean(axis=0)
    # the other molecule's oxygen stands 1.2 A beyond the hydrogen, its own molecule behind it
    axis = away / np.linalg.norm(away)
    turn = np.linalg.svd(np.outer(-axis, outward / np.linalg.norm(outward)))
    rotation = turn[0] @ np.diag([1, 1, np.linalg.det(turn[0] @ turn[2])]) @ turn[2]
    other.positions = (other.positions - other.positions[oxygen]) @ rotation.T + atoms.positions[end] + 1.2 * axis
    assert found(atoms + other).unknown


def test_molecules_that_touch_are_still_two(emc: Atoms) -> None:
    other = emc.copy()
    highest, lowest = emc.positions[:, 2].argmax(), emc.positions[:, 2].argmin()
    contact = 1.1 * (covalent_radii[emc.numbers[highest]] + covalent_radii[emc.numbers[lowest]])
    other.positions += emc.positions[highest] - emc.positions[lowest] + [0, 0, contact]
    seen = found(emc + other)
    assert not seen.unknown and seen.mol_id.max() == 1


def test_ions_coordinate_and_are_not_bonded(emc: Atoms) -> None:
    carbonyl = next(
        index
        for index, symbol in enumerate(emc.symbols)
        if symbol == "O" and (molecule("EMC").bonds == index).sum() == 1
    )
    outward = emc.positions[carbonyl] - emc.positions.mean(axis=0)
    place = emc.positions[carbonyl] + 1.9 * outward / np.linalg.norm(outward)
    seen = found(emc + Atoms("Li", positions=[place]))
    assert not seen.unknown and seen.mol_id.tolist() == [0] * len(emc) + [1]
    assert is_coordinating(np.array([3, 11, 6])).tolist() == [True, True, False]


def test_bonds_go_through_the_walls_of_a_box(emc: Atoms) -> None:
    atoms = stretched(emc, *hydrogen_and_carbon(emc), 1.4)
    atoms.set_cell([15.0] * 3)
    atoms.pbc = True
    atoms.positions += 15.0 - atoms.positions.mean(axis=0)
    atoms.wrap()
    seen = found(atoms)
    assert not seen.unknown and seen.changed == 1 and seen.mol_id.max() == 0

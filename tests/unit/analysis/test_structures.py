"""What of a run is worth a look: a shell holds what the commonest does, a broken molecule its open bond."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from decant.analysis.bonds import BondIntegrity
from decant.analysis.contacts import Contacts
from decant.analysis.frames import alone, checked, gather
from decant.analysis.solvation import CationShells
from decant.analysis.structures import molecules_of, plot_structures, read_structures, shell_of, write_structures
from tests.unit.analysis.test_solvation import EDGE, shells
from tests.unit.universes import universe


def test_the_example_is_a_shell_of_the_commonest_composition_with_all_of_its_molecules_next_to_the_cation() -> None:
    made = shells([["EC", "EC", "EMC", "PF6-"], ["EC", "EMC", "EMC", "EMC"], ["EC", "EMC", "EMC", "EMC"]])
    made.trajectory.coordinate_array += 29.0  # some shells lie across the boundary
    one = alone(made, CationShells(made))[0]
    found = shell_of(made, one)
    assert found.atoms.info["told"].startswith("Li+ with EC:1 EMC:3, at ")
    assert len(found.atoms) == 5 and sorted(found.contacts[:, 1]) == [1, 2, 3, 4]
    np.testing.assert_allclose(np.linalg.norm(found.atoms.positions[1:], axis=1), 2.0, atol=0.15)
    assert not len(found.bonds), "none is known here"


def test_a_molecule_comes_whole_with_its_bonds_and_the_picture_and_the_file_have_it(tmp_path: Path) -> None:
    places = np.array([[0.2, 0, 0], [-1.8, 0, 0], [-3.0, 0, 0], [12, 0, 0]], dtype=float)
    positions = places + np.random.default_rng(1).normal(scale=0.02, size=(40, 4, 3))
    bonds = np.array([[1, 2]])
    made = universe(positions, ["C", "O", "C", "O"], [0, 1, 1, 2], ["Li+", "EC", "EMC"], np.array(EDGE), bonds)
    found = shell_of(made, alone(made, CationShells(made))[0])
    assert found.bonds.tolist() == [[1, 2]] and found.contacts.tolist() == [[0, 1]]
    np.testing.assert_allclose(found.atoms.positions[1:, 0], [-2.0, -3.2], atol=0.2)
    write_structures(tmp_path / "shell.xyz", [found, found])
    again = read_structures(tmp_path / "shell.xyz")
    assert [one.bonds.tolist() for one in again] == [[[1, 2]], [[1, 2]]]
    np.testing.assert_allclose(again[1].atoms.positions, found.atoms.positions, atol=1e-6)
    assert again[1].contacts.tolist() == [[0, 1]] and again[1].atoms.info == found.atoms.info
    plot_structures(tmp_path / "shell.png", [found, found])
    assert (tmp_path / "shell.png").stat().st_size > 5000


def test_the_first_bond_that_breaks_is_shown_open_in_the_frame_that_shows_it_first() -> None:
    places = np.array([[0, 0, 0], [1.4, 0, 0], [2.8, 0, 0], [12, 0, 0], [13.4, 0, 0], [14.8, 0, 0]], dtype=float)
    positions = np.repeat(places[None], 30, axis=0)
    positions[20:, 4:, 0] += 1.2  # the bond between the fourth and the fifth atom
    bonds = np.array([[0, 1], [1, 2], [3, 4], [4, 5]])
    made = universe(positions, ["C", "O", "C"] * 2, [0, 0, 0, 1, 1, 1], ["EC", "EC"], np.array(EDGE), bonds)
    integrity = BondIntegrity(made)
    frame, bond, name = integrity.first_broken(checked(gather(made, [integrity])[0]))
    assert (frame, bond, name) == (20, (3, 4), "C4-O5 in EC 2")
    found = molecules_of(made, frame, bond, f"{name} broke")
    assert found.bonds.tolist() == [[1, 2]] and found.contacts.tolist() == [[0, 1]]
    assert found.atoms.info["told"] == "C4-O5 in EC 2 broke, at 20 ps"
    made.trajectory.coordinate_array[20:] = positions[0]
    assert integrity.first_broken(checked(gather(made, [integrity])[0])) is None


def test_two_molecules_that_collide_are_shown_next_to_each_other_across_the_boundary() -> None:
    places = np.array([[0.5, 0, 0], [1.9, 0, 0], [EDGE - 0.8, 0, 0], [EDGE - 2.2, 0, 0]], dtype=float)
    made = universe(places[None].repeat(3, axis=0), ["C", "O"] * 2, [0, 0, 1, 1], ["EC", "EMC"], np.array(EDGE))
    contacts = Contacts(made)
    frame, pair, name = contacts.first_impossible(checked(gather(made, [contacts])[0]))
    assert (frame, pair, name) == (0, (0, 2), "C1 of EC 1 and C3 of EMC 2")
    found = molecules_of(made, frame, pair, name)
    assert len(found.atoms) == 4 and found.contacts.tolist() == [[0, 2]]
    assert np.ptp(found.atoms.positions[:, 0]) < 5.0

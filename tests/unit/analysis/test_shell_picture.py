"""A picture of a shell shows what the commonest shell holds, whole and around the cation."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from decant.analysis.frames import alone
from decant.analysis.shell_picture import plot_shells, read_shells, shell_of, write_shells
from decant.analysis.solvation import CationShells
from tests.unit.analysis.test_solvation import EDGE, shells
from tests.unit.universes import universe


def test_the_example_is_a_shell_of_the_commonest_composition_with_all_of_its_molecules_next_to_the_cation() -> None:
    made = shells([["EC", "EC", "EMC", "PF6-"], ["EC", "EMC", "EMC", "EMC"], ["EC", "EMC", "EMC", "EMC"]])
    made.trajectory.coordinate_array += 29.0  # some shells lie across the boundary
    one = alone(made, CationShells(made))[0]
    found = shell_of(made, one)
    assert found.atoms.info["composition"] == "EC:1 EMC:3" and found.atoms.info["cation"] == "Li+"
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
    write_shells(tmp_path / "shell.xyz", [found, found])
    again = read_shells(tmp_path / "shell.xyz")
    assert [one.bonds.tolist() for one in again] == [[[1, 2]], [[1, 2]]]
    np.testing.assert_allclose(again[1].atoms.positions, found.atoms.positions, atol=1e-6)
    assert again[1].contacts.tolist() == [[0, 1]] and again[1].atoms.info == found.atoms.info
    plot_shells(tmp_path / "shell.png", [found, found])
    assert (tmp_path / "shell.png").stat().st_size > 5000

"""LAMMPS data files."""

from __future__ import annotations

import ase
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from decant.foundation.errors import InputError
from decant.lammps.data import lammps_box, write_data

cells = arrays(float, (3, 3), elements=st.floats(-9.0, 9.0))
points = arrays(float, (5, 3), elements=st.floats(-20.0, 20.0))


def crystal(cell, positions=None) -> ase.Atoms:
    positions = np.zeros((1, 3)) if positions is None else positions
    return ase.Atoms("C" * len(positions), positions=positions, cell=cell, pbc=True)


@given(cells, points)
def test_the_lammps_box_describes_the_same_crystal(cell, positions):
    assume(abs(np.linalg.det(cell)) > 1.0)
    box = lammps_box(crystal(cell, positions))
    turned = box.vectors_to_lammps(positions)
    distances = np.linalg.norm(positions[:, None] - positions, axis=-1)
    assert np.allclose(np.linalg.norm(turned[:, None] - turned, axis=-1), distances, atol=1e-9)
    # the box vectors are whole combinations of the turned cell vectors, with the same volume
    combination = box.cell @ np.linalg.inv(cell @ box.rotation)
    assert np.allclose(combination, np.rint(combination), atol=1e-6)
    assert np.isclose(abs(np.linalg.det(combination)), 1.0)


@given(cells)
def test_the_lammps_box_is_lower_triangular_with_small_tilts(cell):
    assume(abs(np.linalg.det(cell)) > 1.0)
    box = lammps_box(crystal(cell)).cell
    assert np.all(np.triu(box, 1) == pytest.approx(0.0, abs=1e-9))
    assert np.all(np.diag(box) > 0)
    assert abs(box[1, 0]) <= 0.5001 * box[0, 0]
    assert abs(box[2, 0]) <= 0.5001 * box[0, 0]
    assert abs(box[2, 1]) <= 0.5001 * box[1, 1]


@given(cells, points)
def test_forces_and_virial_come_back_to_the_given_orientation(cell, forces):
    assume(abs(np.linalg.det(cell)) > 1.0)
    box = lammps_box(crystal(cell))
    turned = box.vectors_to_lammps(forces)
    assert np.allclose(box.vectors_from_lammps(turned), forces, atol=1e-9)
    assert np.allclose(box.tensor_from_lammps(turned.T @ turned), forces.T @ forces, atol=1e-6)


def test_an_isolated_molecule_gets_a_box_around_it(tmp_path):
    box = write_data(tmp_path / "x.data", ase.Atoms("CO", positions=[[50.0, 0, 0], [51.2, 0, 0]]), ["H", "C", "O"])
    assert box.boundary == "f f f"
    assert box.origin[0] < 50.0 - 5.0
    assert box.origin[0] + box.cell[0, 0] > 51.2 + 5.0


def test_types_follow_the_order_of_the_potentials_elements(tmp_path):
    write_data(tmp_path / "x.data", ase.Atoms("CO", positions=np.eye(3)[:2], cell=np.eye(3) * 9, pbc=True), ["O", "C"])
    rows = (tmp_path / "x.data").read_text().split("Atoms # molecular\n\n")[1].splitlines()
    assert [row.split()[2] for row in rows] == ["2", "1"]


def test_an_unknown_element_is_named(tmp_path):
    with pytest.raises(InputError, match="element F: the potential knows only H, C, O"):
        write_data(tmp_path / "x.data", ase.Atoms("HF", positions=np.eye(3)[:2]), ["H", "C", "O"])
    assert not (tmp_path / "x.data").exists()


@given(cells, points, st.sampled_from([(1, 1, 0), (0, 1, 1), (1, 0, 0), (0, 0, 1)]))
def test_slabs_and_wires_are_periodic_along_the_first_vectors_and_open_along_the_others(cell, positions, pbc):
    periodic = cell[np.array(pbc, dtype=bool)]
    assume(np.linalg.svd(periodic)[1].min() > 1.0)
    atoms = ase.Atoms("C5", positions=positions, cell=cell, pbc=pbc)
    box, count = lammps_box(atoms), sum(pbc)
    assert box.boundary.split() == ["p"] * count + ["f"] * (3 - count)
    assert np.allclose(box.cell[count:], np.diag(np.diag(box.cell))[count:]), "LAMMPS leans along periodic directions"
    combination = box.cell[:count] @ np.linalg.pinv(periodic @ box.rotation)
    assert np.allclose(combination, np.rint(combination), atol=1e-6)
    inside = box.vectors_to_lammps(positions)[:, count:] - box.origin[count:]
    assert (inside > 5.0).all() and (inside < np.diag(box.cell)[count:] - 5.0).all()


def test_a_periodic_direction_without_a_vector_is_refused():
    with pytest.raises(InputError, match="no volume"):
        lammps_box(ase.Atoms("C", cell=[3, 0, 3], pbc=[True, True, False]))

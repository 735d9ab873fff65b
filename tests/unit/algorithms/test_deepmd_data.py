"""Frames become DeePMD-kit systems without loss, grouped by composition, periodicity and known virial."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.algorithms.deepmd.data import write_systems
from decant.molecules.neighbors import find_edges

ELEMENTS = ["H", "C", "O"]


def frame(symbols: str, seed: int, periodic: bool, virial: bool = True) -> Atoms:
    random = np.random.default_rng(seed)
    atoms = Atoms(symbols, positions=random.uniform(0, 6, (len(Atoms(symbols)), 3)))
    if periodic:
        atoms.set_cell(6 * np.eye(3) + random.uniform(-0.5, 0.5, (3, 3)))
        atoms.pbc = True
    atoms.info["REF_energy"] = float(random.normal(scale=100))
    atoms.set_array("REF_forces", random.normal(size=(len(atoms), 3)))
    if periodic and virial:
        atoms.info["REF_virial"] = random.normal(size=(3, 3))
    return atoms


def load(folder: Path, name: str) -> np.ndarray:
    return np.load(folder / "set.000" / f"{name}.npy")


def test_systems_are_apart_by_composition_periodicity_and_virial(tmp_path: Path) -> None:
    frames = [
        frame("OH2", 1, True), frame("HOH", 2, True), frame("OH2", 3, False), frame("OH2", 4, True, virial=False),
        frame("CH4", 5, True),
    ]  # fmt: skip
    folders = write_systems(frames, ELEMENTS, tmp_path / "train")
    assert [len(load(folder, "energy")) for folder in folders] == [1, 1, 2, 1]
    without_cell, without_virial, full, _ = folders
    assert (without_cell / "nopbc").is_file() and not (full / "nopbc").exists()
    assert (full / "set.000" / "virial.npy").is_file()
    assert not (without_virial / "set.000" / "virial.npy").exists()
    assert (full / "type_map.raw").read_text().split() == ELEMENTS


@settings(max_examples=20, deadline=None)
@given(st.permutations("HHHHCO"), st.integers(0, 1000))
def test_every_atom_keeps_its_position_and_force(order: list[str], seed: int) -> None:
    import tempfile

    atoms = frame("".join(order), seed, periodic=True)
    with tempfile.TemporaryDirectory() as directory:
        (folder,) = write_systems([atoms], ELEMENTS, Path(directory) / "train")
        types = np.loadtxt(folder / "type.raw", dtype=int)
        positions, forces = load(folder, "coord").reshape(-1, 3), load(folder, "force").reshape(-1, 3)
        np.testing.assert_allclose(load(folder, "box").reshape(3, 3), atoms.cell.array, rtol=1e-12)
        np.testing.assert_allclose(load(folder, "energy"), [[atoms.info["REF_energy"]]], rtol=1e-12)
        np.testing.assert_allclose(load(folder, "virial").reshape(3, 3), atoms.info["REF_virial"], rtol=1e-12)
    for symbol, position, force in zip(order, atoms.positions, atoms.arrays["REF_forces"], strict=True):
        there = np.argmin(np.linalg.norm(positions - position, axis=1))
        np.testing.assert_allclose(positions[there], position, rtol=1e-12)
        np.testing.assert_allclose(forces[there], force, rtol=1e-12)
        assert ELEMENTS[types[there]] == symbol


@pytest.mark.parametrize("pbc", [(True, True, False), (False, True, False), (True, True, True)])
def test_slabs_wires_and_left_handed_cells_are_written_as_right_handed_cells_of_the_same_pairs(
    pbc: tuple[bool, bool, bool], tmp_path: Path
) -> None:
    atoms = frame("CH4", 1, periodic=True, virial=all(pbc))
    atoms.cell[2] *= -1.0
    atoms.cell[~np.array(pbc)] = 0.0
    atoms.pbc = pbc
    (folder,) = write_systems([atoms], ELEMENTS, tmp_path / "train")
    assert not (folder / "nopbc").exists()
    written = Atoms("H5", positions=load(folder, "coord").reshape(-1, 3), cell=load(folder, "box").reshape(3, 3), pbc=1)
    assert np.linalg.det(written.cell.array) > 0
    lengths = [np.sort(np.linalg.norm(find_edges(one, 6.0).vector, axis=1)) for one in (atoms, written)]
    np.testing.assert_allclose(lengths[1], lengths[0], rtol=1e-9)

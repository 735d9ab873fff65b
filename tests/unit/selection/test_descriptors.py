"""Descriptors of frames."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from decant.foundation.errors import InputError
from decant.selection.descriptors import descriptors


def shaken(name: str, seed: int, box: float | None = None) -> Atoms:
    atoms = molecule(name)
    atoms.positions += np.random.default_rng(seed).normal(scale=0.1, size=atoms.positions.shape)
    if box is not None:
        atoms.set_cell([box, 1.1 * box, 0.9 * box])
        atoms.pbc = True
    return atoms


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), periodic=st.booleans())
def test_a_frame_that_is_turned_moved_mirrored_or_reordered_keeps_its_row(seed: int, periodic: bool) -> None:
    atoms = shaken("CH3OH", seed, 5.0 if periodic else None)
    turned = atoms.copy()
    turn = -Rotation.random(random_state=seed).as_matrix()  # a mirror image, too
    turned.set_cell(atoms.cell.array @ turn.T)
    turned.positions = atoms.positions @ turn.T + [3.0, -7.0, 11.0]
    turned = turned[np.random.default_rng(seed).permutation(len(atoms))]
    one, other = descriptors([atoms, turned])
    assert np.linalg.norm(one - other) < 1e-6
    assert np.linalg.norm(one) == pytest.approx(1.0)


def test_a_repeated_cell_is_the_same_liquid() -> None:
    atoms = shaken("H2O", 1, 4.0)
    one, twice = descriptors([atoms, atoms.repeat((2, 1, 1))])
    assert np.linalg.norm(one - twice) < 1e-6


def test_images_count_only_along_periodic_directions() -> None:
    crowded = shaken("H2O", 1, 3.0)
    slab, alone = crowded.copy(), crowded.copy()
    slab.pbc, alone.pbc = [True, True, False], False
    thin = slab.copy()
    thin.cell[2] = 0.0  # a direction without period needs no vector
    rows = descriptors([crowded, slab, thin, alone])
    assert np.linalg.norm(rows[1] - rows[2]) < 1e-6
    gaps = [np.linalg.norm(rows[i] - rows[j]) for i, j in ((0, 1), (1, 3), (0, 3))]
    assert min(gaps) > 1e-2


def test_the_further_a_frame_is_changed_the_further_its_row_moves() -> None:
    atoms = molecule("CH3CH2OH")
    noise = np.random.default_rng(0).normal(size=atoms.positions.shape)
    frames = [atoms.copy() for _ in range(4)]
    for scale, frame in zip((0.0, 0.01, 0.05, 0.2), frames, strict=True):
        frame.positions += scale * noise
    rows = descriptors(frames)
    moved = [np.linalg.norm(row - rows[0]) for row in rows]
    assert moved == sorted(moved) and moved[1] > 0


def test_elements_that_only_other_frames_have_do_not_change_a_distance() -> None:
    water = [shaken("H2O", seed) for seed in (1, 2)]
    alone, beside = descriptors(water), descriptors([*water, shaken("CH3SH", 1)])
    assert np.linalg.norm(beside[0] - beside[1]) == pytest.approx(np.linalg.norm(alone[0] - alone[1]), rel=1e-6)
    assert beside.shape[1] == 2 * alone.shape[1]  # H, C, O, S after H, O


@pytest.mark.parametrize(
    ("kind", "message"),
    [("sopa", "did you mean 'soap'"), ("mace", "known: soap, mace:PATH"), ("mace:nowhere", "nowhere")],
)
def test_descriptors_that_are_not_known_are_refused(kind: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        descriptors([molecule("H2O")], kind)


def test_no_frame_has_no_descriptors() -> None:
    with pytest.raises(InputError, match="no frame"):
        descriptors([])

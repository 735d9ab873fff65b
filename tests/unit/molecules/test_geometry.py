import numpy as np
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.molecules.geometry import correlated, duplicates, fingerprint, merge


def liquid(seed, count=30, pbc=True):
    random = np.random.default_rng(seed)
    return Atoms(
        f"C{count // 3}H{count // 3}O{count // 3}",
        cell=[9, 10, 11],
        pbc=pbc,
        scaled_positions=random.random((count, 3)),
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), shift=st.tuples(*[st.floats(-20, 20)] * 3))
def test_the_fingerprint_ignores_origin_wrapping_and_order(seed, shift):
    atoms = liquid(seed)
    moved = atoms[np.random.default_rng(seed + 1).permutation(len(atoms))]
    moved.positions += shift
    moved.wrap()
    assert np.allclose(fingerprint(atoms), fingerprint(moved), atol=1e-6)


def test_only_copies_are_duplicates():
    frames = [liquid(1), liquid(2), liquid(1), liquid(1, pbc=False)]
    frames[2].positions += 4.0
    assert duplicates(frames) == [(0, 2)]


def test_copies_are_found_whatever_the_digits_of_their_cells():
    frames = [liquid(1), liquid(1)]
    frames[0].set_cell([9.0, 10.0, 11.000555])  # the volumes lie on either side of a tenth
    frames[1].set_cell([9.0, 10.0, 11.000556])
    assert duplicates(frames) == [(0, 1)]


def test_a_small_step_of_a_trajectory_is_correlated_and_a_large_one_is_not():
    frames = [liquid(1) for _ in range(3)]
    random = np.random.default_rng(0)
    frames[1].positions += 0.02 * random.standard_normal((30, 3))
    frames[2].positions += 1.0 * random.standard_normal((30, 3))
    assert correlated(frames) == [(0, 1)]


def test_merging_follows_chains():
    assert merge(["a", "b", "c", "d", "b"], [(0, 1), (4, 2)]) == ["a", "a", "a", "d", "a"]

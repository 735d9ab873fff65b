"""Pairs within a cutoff are found in any cell, and nonsense is refused in one line."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.foundation.errors import InputError
from decant.molecules.neighbors import find_edges

CUTOFF = 3.0


def brute_force(atoms: Atoms, cutoff: float) -> np.ndarray:
    """Return owner, source and vector of every pair, found image by image."""
    periodic = atoms.cell.array[atoms.pbc]
    spread = np.ptp(atoms.positions, axis=0).max() * np.sqrt(3)
    found = []
    # the height of a lattice plane bounds how many images can come near
    count = [int((cutoff + spread) * np.linalg.norm(row)) + 1 for row in np.linalg.pinv(periodic).T]
    for shift in itertools.product(*(range(-n, n + 1) for n in count)):
        offset = np.array(shift, dtype=float) @ periodic if len(shift) else np.zeros(3)
        for i, j in np.ndindex(len(atoms), len(atoms)):
            vector = atoms.positions[i] - atoms.positions[j] - offset
            if np.linalg.norm(vector) <= cutoff and (i != j or any(shift)):
                found.append((i, j, *vector))
    return np.array(found).reshape(-1, 5)


def in_order(rows: np.ndarray) -> np.ndarray:
    """Sort rows by all columns, blind to rounding errors."""
    return rows[np.lexsort(np.round(rows, 4).T[::-1])]


@st.composite
def configurations(draw: st.DrawFn) -> Atoms:
    """Return up to four atoms, in and out of a skewed cell of either hand, periodic in any directions."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cell = np.diag(random.uniform(1.5, 8.0, 3)) + random.uniform(-0.5, 0.5, (3, 3))
    cell = cell[random.permutation(3)]
    pbc = draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
    cell[~np.array(pbc)] *= draw(st.sampled_from([0.0, 1.0]))  # a cell vector that is not used may well be missing
    positions = random.uniform(-6.0, 10.0, (draw(st.integers(1, 4)), 3))
    return Atoms(f"H{len(positions)}", positions=positions, cell=cell, pbc=pbc)


@settings(max_examples=60, deadline=None)
@given(configurations())
def test_every_pair_of_any_cell_is_found_once_in_each_direction(atoms: Atoms) -> None:
    edges = find_edges(atoms, CUTOFF)
    assert (np.diff(edges.owner) >= 0).all()
    found = np.column_stack([edges.owner, edges.source, edges.vector])
    expected = brute_force(atoms, CUTOFF)
    assert found.shape == expected.shape
    np.testing.assert_allclose(in_order(found), in_order(expected), rtol=0, atol=1e-9)


@pytest.mark.parametrize("pbc", [False, True])
def test_no_atoms_have_no_pairs(pbc: bool) -> None:
    assert find_edges(Atoms(cell=[5, 5, 5], pbc=pbc), CUTOFF).vector.shape == (0, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"positions": [[0, 0, 0], [np.nan, 0, 0]]}, r"position of atom 1 \(of 0 to 1\) is not a number"),
        ({"positions": [[0, 0, 0], [0, np.inf, 0]]}, "position of atom 1"),
        ({"positions": [[1, 1, 1], [1, 1, 1]]}, r"atoms 0 and 1 \(of 0 to 1\) are 0 angstrom apart"),
        ({"positions": [[0.02, 1, 1], [4.99, 1, 1]]}, "are 0.03 angstrom apart; the potential begins at 0.1"),
        ({"cell": [5, 5, 0]}, "span no volume"),
        ({"cell": [[5, 0, 0], [0, 5, 0], [5, 5, 0]]}, "span no volume"),
        ({"cell": [0, 0, 0]}, "span no volume"),
        ({"cell": [5, 5, np.nan]}, "a cell vector is not a number"),
    ],
)
def test_nonsense_is_refused_in_one_line(change: dict[str, object], message: str) -> None:
    atoms = Atoms(**{"symbols": "HH", "positions": [[0, 0, 0], [1, 0, 0]], "cell": [5, 5, 5], "pbc": True, **change})
    with pytest.raises(InputError, match=message) as refusal:
        find_edges(atoms, CUTOFF, shortest=0.1)
    assert "\n" not in str(refusal.value)

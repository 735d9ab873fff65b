"""Close pairs in parts against a list of all pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from MDAnalysis.lib.distances import capped_distance

from decant.analysis.box import cell_vectors, widths
from decant.analysis.pairs import close_pairs

BOXES = st.tuples(*[st.floats(8.0, 24.0)] * 3, *[st.floats(65.0, 115.0)] * 3)


@given(box=BOXES, share=st.floats(0.1, 0.5), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=60)
def test_every_close_pair_is_found_once_in_any_box(box: tuple[float, ...], share: float, seed: int) -> None:
    random, dimensions = np.random.default_rng(seed), np.array(box, dtype=np.float32)
    points = random.uniform(-30, 50, size=(60, 3)).astype(np.float32)  # far outside of the box, too
    first, second = points[:25], points[15:]
    r_max = share * widths(cell_vectors(dimensions)).min()
    found = {}
    for part in close_pairs(first, second, dimensions, r_max):
        for one, two, distance in zip(*part, strict=True):
            assert (one, two) not in found
            assert distance <= r_max
            found[one, two] = distance
    pairs, distances = capped_distance(first, second, r_max, box=dimensions, method="bruteforce")
    expected = dict(zip(map(tuple, pairs.tolist()), distances.tolist(), strict=True))
    for pair in found.keys() ^ expected.keys():  # single precision decides at the very edge
        assert (found.get(pair) or expected.get(pair)) == pytest.approx(r_max, abs=1e-3)
    for pair in found.keys() & expected.keys():
        assert found[pair] == pytest.approx(expected[pair], abs=1e-3)

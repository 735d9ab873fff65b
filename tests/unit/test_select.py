"""Choosing frames."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.errors import InputError
from decant.select import farthest, farthest_points


def waters(count: int, seed: int = 0) -> list[Atoms]:
    random = np.random.default_rng(seed)
    frames = [molecule("H2O") for _ in range(count)]
    for number, atoms in enumerate(frames):
        atoms.positions += random.normal(scale=0.15, size=(3, 3))
        atoms.info["number"] = number
    return frames


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(4, 40), known=st.integers(0, 5))
def test_each_choice_is_the_point_farthest_from_all_before_it(seed: int, count: int, known: int) -> None:
    random = np.random.default_rng(seed)
    points, before = random.random((count, 3)), random.random((known, 3))
    order, distances = farthest_points(points, count, before)
    assert sorted(order) == list(range(count))
    assert distances == sorted(distances, reverse=True)
    for place in range(0 if known else 1, count):
        taken = np.concatenate([before, points[order[:place]]])
        gaps = np.linalg.norm(points[:, None] - taken[None], axis=2).min(axis=1)
        assert gaps[order[place]] == pytest.approx(gaps.max()) and distances[place] == pytest.approx(gaps.max())


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), shorter=st.integers(1, 8))
def test_the_order_of_the_frames_does_not_matter_and_a_smaller_choice_is_the_beginning(seed: int, shorter: int) -> None:
    frames = waters(9, seed)
    chosen = [frames[index].info["number"] for index in farthest(frames, 8)]
    mixed = [frames[index] for index in np.random.default_rng(seed).permutation(9)]
    assert [mixed[index].info["number"] for index in farthest(mixed, shorter)] == chosen[:shorter]


def test_known_frames_are_avoided() -> None:
    frames = waters(6)
    odd = molecule("CH3OH")
    assert farthest([*frames, odd], 1, known=frames)[0] == 6
    assert farthest([*frames, odd], 7, known=[odd])[-1] == 6


def test_nothing_closer_than_the_least_distance_is_chosen() -> None:
    frames = waters(6)
    copies = [*frames, *(atoms.copy() for atoms in frames)]
    chosen = farthest(copies, 12, min_distance=1e-4)
    assert sorted(index % 6 for index in chosen) == list(range(6))


def test_more_frames_than_there_are_cannot_be_chosen() -> None:
    with pytest.raises(InputError, match="cannot choose 7 of 6 frames"):
        farthest(waters(6), 7)
    assert farthest(waters(6), 0) == []

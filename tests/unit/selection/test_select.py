"""Choosing frames."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.data.isolated import ISOLATED
from decant.foundation.errors import InputError
from decant.labels.cost import SECONDS
from decant.selection.descriptors import descriptors
from decant.selection.deviation import DEVIATION
from decant.selection.select import (
    Wanted,
    farthest,
    farthest_points,
    one_of_each_element,
    select,
    select_randomly,
    without,
)


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


@settings(max_examples=8, deadline=None)
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


def test_what_repeats_a_known_or_a_former_frame_is_left_out_with_the_reason() -> None:
    frames = waters(6)
    moved = frames[2].copy()
    moved.positions += 3.0
    selection = select([*frames, moved], Wanted(count=7), known=[frames[0].copy()])
    assert sorted(selection.chosen) == [1, 2, 3, 4, 5]
    assert selection.left_out == {"repeat a known frame": 1, "repeat a former frame": 1}


def test_the_same_geometry_with_another_charge_is_another_frame() -> None:
    frames = [waters(1)[0] for _ in range(3)]
    frames[1].info |= {"charge": 1, "spin": 2}
    frames[2].info |= {"charge": 0, "spin": 1}
    assert select(frames, Wanted(count=3)).left_out == {"repeat a former frame": 1}


def test_isolated_atoms_are_no_candidates() -> None:
    atom = Atoms("O", info={"config_type": ISOLATED})
    assert sorted(select([atom, *waters(3)], Wanted(count=3)).chosen) == [1, 2, 3]
    with pytest.raises(InputError, match="`count` 4: the data hold only 3 frames"):
        select([atom, *waters(3)], Wanted(count=4))


def test_the_rest_lies_within_the_radius_told() -> None:
    frames = waters(12)
    selection = select(frames, Wanted(count=5))
    rows = descriptors(frames)
    gaps = np.linalg.norm(rows[:, None] - rows[selection.chosen][None], axis=2).min(axis=1)
    assert gaps.max() == pytest.approx(selection.radius)


def test_only_frames_between_the_deviations_are_chosen() -> None:
    frames = waters(6)
    for atoms, value in zip(frames, (0.01, 0.2, 0.5, 0.1, 3.0, 1.0), strict=True):
        atoms.info[DEVIATION] = value
    selection = select(frames, Wanted(count=6, min_deviation=0.1, max_deviation=1.0))
    assert sorted(selection.chosen) == [1, 2, 3, 5]
    assert selection.left_out == {"force deviation below 0.1 eV/A": 1, "force deviation above 1 eV/A": 1}
    with pytest.raises(InputError, match="1 force deviation above 1 eV/A"):
        select([frames[4]], Wanted(count=1, max_deviation=1.0))
    del frames[3].info[DEVIATION]
    with pytest.raises(InputError, match="frame 3 of those read: no max_devi_f; give a committee"):
        select(frames, Wanted(count=6, min_deviation=0.1))


@settings(max_examples=20, deadline=None)
@given(seconds=st.lists(st.floats(0.1, 10.0), min_size=8, max_size=8), budget=st.floats(0.1, 60.0))
def test_the_labels_of_what_is_chosen_stay_within_the_budget(seconds: list[float], budget: float) -> None:
    frames = waters(8)
    for atoms, value in zip(frames, seconds, strict=True):
        atoms.info[SECONDS] = value
    order = farthest(frames, 8)
    total = np.cumsum([seconds[index] for index in order])
    affordable = int((total <= budget).sum())
    if not affordable:
        with pytest.raises(InputError, match="covers no label"):
            select(frames, Wanted(seconds=budget))
        return
    selection = select(frames, Wanted(seconds=budget))
    assert selection.chosen == order[:affordable]
    assert selection.seconds == pytest.approx(total[affordable - 1])


def test_without_a_budget_or_with_everything_known_nothing_is_chosen() -> None:
    for wanted, told in ((Wanted(0), "`count` 0"), (Wanted(-1), "`count` -1"), (Wanted(seconds=-1.0), "`seconds` -1")):
        with pytest.raises(InputError, match=f"{told}: expected a positive number"):
            select(waters(3), wanted)
    with pytest.raises(InputError, match="`count` -1: expected a positive number"):
        select_randomly(waters(3), -1, 1)
    with pytest.raises(InputError, match="give `count`, `seconds` or `min_distance`"):
        select(waters(3), Wanted())
    with pytest.raises(InputError, match="closer to a known one than `min_distance` 1"):
        select(waters(3), Wanted(min_distance=1.0), known=waters(3, seed=1))


def test_a_choice_by_chance_lies_inside_a_larger_one_of_the_same_seed() -> None:
    frames = waters(12)
    some, more = (select_randomly(frames, count, seed=3).chosen for count in (4, 9))
    assert set(some) < set(more) and some == sorted(some)
    assert select_randomly(frames, 4, seed=4).chosen != some
    assert select_randomly([*frames, frames[0].copy()], None, seed=3).chosen == list(range(12))
    with pytest.raises(InputError, match="`count` 13: the data hold only 12 frames"):
        select_randomly(frames, 13, seed=3)


def test_frames_that_are_kept_for_tests_are_taken_out_by_their_geometry() -> None:
    frames = waters(5)
    moved = frames[1].copy()
    moved.positions += 3.0
    atom = Atoms("O", info={"config_type": ISOLATED})
    left = without([atom, *frames], [moved, frames[4].copy(), atom.copy()])
    assert [atoms is kept for atoms, kept in zip(left, [atom, frames[0], *frames[2:4]], strict=True)] == [True] * 4


def test_one_isolated_atom_of_each_element_is_kept() -> None:
    atoms = [Atoms(symbol, info={"config_type": ISOLATED, "number": n}) for n, symbol in enumerate("HCOHC")]
    assert [one.info["number"] for one in one_of_each_element(atoms)] == [0, 1, 2]

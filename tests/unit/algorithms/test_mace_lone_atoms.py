"""Where no setting says, lone atoms are held to their labels, but not where there are ions or two heads."""

from __future__ import annotations

from pathlib import Path

import pytest
from ase import Atoms

from decant.algorithms.base import FitTask, Pretrained
from decant.algorithms.mace.algorithm import _holds
from decant.algorithms.presets import load_preset
from decant.algorithms.training import HOLD

WATER = Atoms("OH2", positions=[[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]], info={"charge": 0})
HYDROXIDE = Atoms("OH", positions=[[0, 0, 0], [0.96, 0, 0]], info={"charge": -1})


def task(strategy: str | None) -> FitTask:
    start = None if strategy is None else Pretrained("start", Path("start.model"), ["H", "O"], strategy)
    return FitTask([], [], Path(), {}, 1, None, 1, start)


@pytest.mark.parametrize(
    ("strategy", "frames", "held"),
    [
        (None, [WATER], True),
        (None, [WATER, HYDROXIDE], False),
        ("naive", [WATER], True),
        ("naive", [HYDROXIDE], False),
        ("replay", [WATER], False),
    ],
)
def test_molecules_are_held_ions_and_two_heads_are_not(strategy: str | None, frames: list[Atoms], held: bool) -> None:
    assert _holds(task(strategy), frames) is held


def test_of_the_presets_quick_alone_says_otherwise() -> None:
    said = {name: load_preset("mace", name, [], None).settings.get(HOLD) for name in ("quick", "small", "medium")}
    assert said == {"quick": False, "small": None, "medium": None}

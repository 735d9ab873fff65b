"""Limits of a fit that is asked for again: longer ones prolong it, shorter ones are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from decant.data.frames import write_frames
from decant.foundation.errors import InputError
from decant.potentials.fit import FitRequest, fit, is_longer

RECORD = Path("fit.yaml")


def record(
    time: float | None = None, epochs: int | None = None, come_to: float | None = None, took: float = 0.0
) -> dict[str, Any]:
    limits = {"max_time_s": time, "max_epochs": epochs}
    return {"state": "finished", "limits": limits, "epochs": come_to, "last_session_s": took}


def limits(time: float | None = None, epochs: int | None = None) -> dict[str, Any]:
    return {"max_time_s": time, "max_epochs": epochs}


@pytest.mark.parametrize(
    ("before", "asked", "longer"),
    [
        (record(time=60.0), limits(time=60.0), False),
        (record(time=60.0), limits(time=90.0), True),
        (record(epochs=4, come_to=4), limits(epochs=6), True),
        (record(time=60.0, come_to=40), limits(epochs=50), True),
        (record(epochs=4, come_to=4), limits(time=60.0), True),
    ],
)
def test_a_fit_is_prolonged_by_longer_limits_of_the_same_or_another_kind(
    before: dict[str, Any], asked: dict[str, Any], longer: bool
) -> None:
    assert is_longer(RECORD, before, asked) is longer


@pytest.mark.parametrize(
    ("before", "asked"),
    [
        (record(time=60.0), limits(time=30.0)),
        (record(epochs=4, come_to=4), limits(epochs=3)),
        (record(time=60.0, come_to=40), limits(epochs=30)),
        (record(epochs=200, come_to=200, took=10800.0), limits(time=60.0)),
    ],
)
def test_a_fit_is_not_made_shorter(before: dict[str, Any], asked: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"fit\.yaml: .* can be prolonged, not made shorter"):
        is_longer(RECORD, before, asked)


def test_a_fit_that_has_not_ended_keeps_its_kind_of_limit() -> None:
    interrupted = {"state": "running", "limits": limits(time=36000.0)}
    assert is_longer(RECORD, interrupted, limits(time=72000.0))
    with pytest.raises(InputError, match="another 'limits' that has not ended"):
        is_longer(RECORD, interrupted, limits(epochs=1))


def split(folder: Path, *sets: list[Atoms]) -> Path:
    for name, frames in zip(("train", "valid"), sets, strict=True):
        write_frames(folder / f"{name}.extxyz", frames)
    return folder


def hydrogen(number: int) -> Atoms:
    atoms = Atoms("H2", positions=[[0, 0, 0], [0, 0, 0.7 + 0.1 * number]])
    atoms.info = {"REF_energy": -30.0, "recipe": "monomer", "group": f"h{number}"}
    atoms.arrays |= {"REF_forces": np.zeros((2, 3)), "mol_id": np.zeros(2, dtype=int)}
    return atoms


@pytest.mark.parametrize(
    ("algorithm", "setting", "said"),
    [
        ("mace", "batch_size=auto", "`set` batch_size: expected a whole number from 1 on, not 'auto'"),
        ("mace", "batch_size=0", "`set` batch_size: expected a whole number from 1 on, not 0"),
        ("deepmd", "batch_atoms=many", "`set` batch_atoms: expected a whole number from 1 on, not 'many'"),
        ("deepmd", "learning_rate=0.001", "`set` learning_rate=0.001: is a section of DeePMD-kit's input; name a word"),
        ("deepmd", "model.descriptor=se_e2_a", "`set` model.descriptor=se_e2_a: is a section of"),
    ],
)
def test_a_setting_of_no_sense_is_refused_and_does_not_stand_in_the_way_of_a_better_one(
    algorithm: str, setting: str, said: str, tmp_path: Path
) -> None:
    data = split(tmp_path, [hydrogen(0)], [hydrogen(1)])
    with pytest.raises(InputError) as refused:
        fit(FitRequest(algorithm, data, tmp_path / "fit", "quick", overrides=[setting]))
    assert str(refused.value).startswith(said)
    assert not (tmp_path / "fit" / "fit.yaml").exists()


@pytest.mark.parametrize("epochs", [0, -1])
def test_a_fit_of_no_epoch_is_refused_and_not_endless(epochs: int, tmp_path: Path) -> None:
    data = split(tmp_path, [hydrogen(0)], [hydrogen(1)])
    with pytest.raises(InputError, match=rf"`max_epochs`: expected a whole number from 1 on, not {epochs}"):
        fit(FitRequest("mace", data, tmp_path / "fit", max_epochs=epochs))


def test_a_set_of_one_composition_with_two_charges_is_refused_whichever_sets_they_are_in(tmp_path: Path) -> None:
    def cluster(charge: int) -> Atoms:
        atoms = Atoms("LiOH2", positions=[[0, 0, 0], [1.9, 0, 0], [2.5, 0.8, 0], [2.5, -0.8, 0]])
        atoms.info = {"charge": charge, "REF_energy": -1.0, "recipe": "cluster", "group": f"a{charge}"}
        atoms.arrays |= {"REF_forces": np.zeros((4, 3)), "mol_id": np.array([0, 1, 1, 1])}
        return atoms

    split(tmp_path, [cluster(1), cluster(1)], [cluster(0)])
    reason = r"valid\.extxyz: H2LiO has charge \+1 in frame 0 and 0 in frame 2, .* cannot tell them apart: keep one"
    with pytest.raises(InputError, match=reason):
        fit(FitRequest("mace", tmp_path, tmp_path / "fit", max_epochs=1))
    assert not (tmp_path / "fit").exists()

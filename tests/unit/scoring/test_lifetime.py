"""How long a run was physical, also where no guard fired."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from decant.analysis.observables import read_observables
from decant.foundation.errors import InputError
from decant.scoring.lifetime import Lifetime, kind_of_end, left_for_good, lifetime
from decant.simulation.run import Run
from tests.unit.scored_runs import write_run

GUARD = {"state": "stopped", "guard": "bond"}


def lifetime_of(folder: Path, density: float | None = 0.7866, **settings: Any) -> Lifetime:
    run = write_run(folder, **settings)
    return lifetime(Run.open(run), read_observables(run), density)


def test_a_run_that_completes_lived_all_of_the_time_asked_for(tmp_path: Path) -> None:
    life = lifetime_of(tmp_path / "a", trace=[0.79] * 11)
    assert life == Lifetime(2.5, 2.5, "completed")
    assert life.share == 1.0


@pytest.mark.parametrize(("time", "share"), [(-0.5, 0.0), (-0.25, 0.1), (0.0, 0.2), (1.0, 0.6)])
def test_a_guard_ends_it_and_the_equilibration_counts(tmp_path: Path, time: float, share: float) -> None:
    life = lifetime_of(tmp_path / "a", status={**GUARD, "time_ps": time})
    assert life.share == pytest.approx(share)
    assert life.ended_by == "guard 'bond'"


def test_a_bond_that_breaks_ends_it_without_a_guard(tmp_path: Path) -> None:
    bonds = {"first_broken_ps": 1.5, "first_broken_bond": "O2-H6 in MEOH 1"}
    assert lifetime_of(tmp_path / "a", bonds=bonds).share == pytest.approx(0.8)
    first = lifetime_of(tmp_path / "b", bonds=bonds, status={**GUARD, "time_ps": 0.5})
    assert first.ended_by == "guard 'bond'"


def test_molecules_where_none_can_be_end_it_without_a_guard(tmp_path: Path) -> None:
    contacts = {"first_impossible_ps": 0.5, "first_impossible": "C17 of EC 4 and Li241 of Li+ 19"}
    life = lifetime_of(tmp_path / "a", contacts=contacts)
    assert life.share == pytest.approx(0.4)
    assert life.ended_by == "C17 of EC 4 and Li241 of Li+ 19 came too near, no guard"


def test_runs_that_ended_alike_are_counted_together_whatever_atoms_they_name() -> None:
    ends = ["bond C1-H2 in EC 1 broke, no guard", "C1 of EC 1 and O9 of EC 3 came too near, no guard", "guard 'bond'"]
    kinds = ["a bond broke, no guard", "two molecules came too near, no guard", "guard 'bond'"]
    assert [kind_of_end(one) for one in ends] == kinds


def test_evaporating_ends_it_where_the_density_left_that_of_the_liquid(tmp_path: Path) -> None:
    life = lifetime_of(tmp_path / "a", trace=[0.79, 0.79, 0.7, 0.6, 0.5, 0.45, 0.42, 0.4, 0.4, 0.4, 0.4])
    assert life.ended_by.startswith("the density left")
    assert life.physical_ps == pytest.approx(1.0)


def test_a_loose_start_that_becomes_a_liquid_is_none_the_worse(tmp_path: Path) -> None:
    assert lifetime_of(tmp_path / "a", trace=[0.4, 0.4, 0.6, 0.7, *[0.79] * 7]).ended_by == "completed"


def test_without_a_reference_the_density_is_compared_with_the_start(tmp_path: Path) -> None:
    assert lifetime_of(tmp_path / "a", None, trace=[0.79] * 5 + [0.3] * 6).share == pytest.approx(0.5)


def test_a_density_that_comes_back_did_not_leave_for_good() -> None:
    time = np.arange(5.0)
    assert left_for_good(time, np.array([1.0, 0.5, 1.0, 0.5, 1.0])) is None
    assert left_for_good(time, np.array([1.0, 0.5, 1.0, 1.6, 1.7])) == 3.0
    assert left_for_good(time, np.full(5, 0.5)) == 0.0


def test_a_run_that_does_not_say_its_length_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a")
    spec = yaml.safe_load((run / "run.yaml").read_text())
    del spec["production_steps"]
    (run / "run.yaml").write_text(yaml.safe_dump(spec))
    with pytest.raises(InputError, match=r"run\.yaml: the key 'production_steps' is missing"):
        lifetime(Run.open(run), read_observables(run), None)

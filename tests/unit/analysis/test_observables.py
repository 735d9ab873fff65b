"""The file of a run's observables."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from decant.analysis.observables import plain, read_observables
from decant.foundation.errors import InputError
from tests.unit.scored_runs import write_run


def test_a_run_that_was_not_analysed_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no observables.yaml in it; run: decant analyze"):
        read_observables(tmp_path)
    with pytest.raises(InputError, match="no such directory"):
        read_observables(tmp_path / "missing")


def test_observables_of_a_run_that_went_on_since_are_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", status={"state": "completed", "segment": 0, "ns_per_day": 123.4567})
    (run / "status.yaml").write_text("{state: completed, segment: 0, ns_per_day: 123.4567}")
    summary = plain(yaml.safe_load((run / "observables.yaml").read_text()))
    (run / "observables.yaml").write_text(yaml.safe_dump(summary))
    assert read_observables(run) == summary
    (run / "status.yaml").write_text("{state: completed, segment: 1, ns_per_day: 123.4567}")
    with pytest.raises(InputError, match=r"went on since it was analysed \(is longer now\); run: decant analyze"):
        read_observables(run)
    (run / "status.yaml").write_text("{state: stopped, guard: bond}")
    with pytest.raises(InputError, match="was completed, now is stopped"):
        read_observables(run)

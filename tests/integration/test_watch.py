"""The course of a training is read from what its program writes."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest

from decant.foundation.files import read_yaml, write_yaml
from decant.watching.look import look
from decant.watching.watch import watch
from tests.integration.conftest import run_decant


@pytest.mark.parametrize("algorithm", ["mace", "deepmd"])
def test_a_finished_fit_shows_its_errors_and_its_time(algorithm: str, request: pytest.FixtureRequest) -> None:
    model: Path = request.getfixturevalue(f"{algorithm}_model")
    seen = look(model)
    energy, force = seen.curves
    assert seen.is_over and seen.share == 1.0 and energy.unit == "meV/atom" and force.unit == "meV/A"
    assert len(force.x) == len(force.y) >= 1 and np.all(np.diff(force.x) > 0) and np.isfinite(force.y).all()
    if algorithm == "mace":
        assert force.x.tolist() == [1, 2, 3, 4] and force.along == "epochs"
    told = run_decant("watch", model).stdout
    assert "finished; 100 % done" in told and "force error, validation" in told


def test_a_fit_that_goes_on_tells_its_share_and_one_that_is_silent_may_be_killed(
    mace_model: Path, tmp_path: Path
) -> None:
    record = read_yaml(mace_model / "fit.yaml")
    limits = {"max_epochs": 8, "max_time_s": None}
    write_yaml(tmp_path / "fit.yaml", {**record, "state": "running", "limits": limits})
    (tmp_path / "work").mkdir()
    log = tmp_path / "work" / "train.log"
    log.write_text((mace_model / "work" / "train.log").read_text())
    seen = look(tmp_path)
    assert not seen.is_over and seen.share == 0.5 and seen.state == "running"
    os.utime(log, (1e9, 1e9))
    assert "its log is silent for" in look(tmp_path).state
    assert "was it killed?" in run_decant("watch", tmp_path, "--once").stdout


def test_a_study_is_watched_to_its_end(reported_study: Path, tmp_path: Path) -> None:
    stream = io.StringIO()
    seen = watch(reported_study, 60.0, tmp_path / "page.html", stream)
    assert seen.is_over and seen.kind == "study" and seen.state in stream.getvalue()
    assert "http-equiv" not in (tmp_path / "page.html").read_text()

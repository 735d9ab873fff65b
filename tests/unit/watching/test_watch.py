"""Work is watched by its files alone: a run, active learning, a study; in text and as a page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decant.foundation.errors import InputError
from decant.learning.report import write_table
from decant.watching.glance import BARS, Curve, Glance, spark
from decant.watching.look import look
from decant.watching.watch import time_left, write_watched
from tests.unit.scored_runs import write_run


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300))
def test_a_spark_line_has_the_lowest_bar_where_the_values_are_lowest(values: list[float]) -> None:
    line = spark(np.array(values), 48)
    assert len(line) == min(48, len(values)) and set(line) <= set(BARS)
    if len(values) <= 48 and min(values) < max(values):
        assert line[int(np.argmin(values))] == BARS[0] and line[int(np.argmax(values))] == BARS[-1]


def test_a_number_that_is_none_leaves_no_bar() -> None:
    assert spark(np.array([1.0, np.nan, 2.0])) == BARS[0] + BARS[-1] and spark(np.array([np.nan])) == ""


def test_the_time_left_is_what_the_pace_since_the_first_look_gives() -> None:
    assert time_left(0.2, 0.6, 40.0) == pytest.approx(40.0)
    assert time_left(0.2, 0.2, 40.0) is None and time_left(None, None, 1.0) is None


def test_a_run_tells_how_far_it_is_and_draws_its_course(tmp_path: Path) -> None:
    write_run(tmp_path / "run", trace=[1.0, 1.1, 1.2, 1.1, 1.0, 0.9])
    seen = look(tmp_path / "run")
    assert seen.kind == "run" and seen.is_over and seen.share == pytest.approx(1.0)
    assert [curve.name for curve in seen.curves] == ["density"] and seen.curves[0].x[-1] == pytest.approx(2.0)
    assert "interrupted; 100 % done" in seen.text() and "0.9 g/cm3" in seen.text()


def test_a_page_loads_itself_anew_until_the_work_is_over(tmp_path: Path) -> None:
    curve = Curve("density", "g/cm3", "time, ps", np.arange(5.0), np.linspace(0.9, 1.1, 5))
    going = Glance("run", tmp_path, "running <fast>", False, 0.5, ["a line"], [curve])
    write_watched(tmp_path / "page.html", going, 5.0)
    text = (tmp_path / "page.html").read_text()
    assert '<meta http-equiv="refresh" content="5">' in text and "<svg" in text and "a line" in text
    assert "running &lt;fast&gt;; 50 % done" in text
    write_watched(tmp_path / "page.html", going, 0.0)
    assert "http-equiv" not in (tmp_path / "page.html").read_text()


def test_learning_tells_its_generations_and_why_it_ended(tmp_path: Path) -> None:
    record = {"generation": 0, "train": 10, "accurate": 0.5, "labelled": 4, "seconds": {"fit": 3.0}}
    last = record | {"generation": 1, "accurate": 0.97, "stopped": "accurate frames", "test_force_meV_per_A": [80.0]}
    write_table(tmp_path / "table.csv", [record, last])
    seen = look(tmp_path)
    assert seen.kind == "learning" and seen.is_over and seen.state == "ended by accurate frames"
    assert [curve.name for curve in seen.curves] == ["force error, test", "accurate frames"]
    assert "generation" in seen.lines[0] and len(seen.lines) >= 3


def test_a_folder_without_work_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no run, fit, active learning or study"):
        look(tmp_path)
    with pytest.raises(InputError, match="no such directory"):
        look(tmp_path / "none")

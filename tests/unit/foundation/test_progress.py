"""The line of progress: what is left is never more than a limit of time allows."""

from __future__ import annotations

import io
import time

import pytest

from decant.foundation.progress import Progress, span


def line(progress: Progress, done: float) -> str:
    progress.update(done)
    assert isinstance(progress.stream, io.StringIO)
    return progress.stream.getvalue().splitlines()[-1]


def test_the_time_left_is_that_of_the_rate_or_of_the_limit_if_that_is_shorter() -> None:
    slow = Progress("fit", 10_000, "steps", stream=io.StringIO())
    slow.start -= 10.0
    assert "2:46:3" in line(slow, 10), "10 steps in 10 s"
    limited = Progress("fit", 10_000, "steps", stream=io.StringIO())
    limited.start -= 10.0
    limited.until = time.monotonic() + 50.0
    said = line(limited, 10)
    assert said.endswith("0:50 left") and said.startswith("fit: 10 steps  17%"), "of the time, not of the steps"


def test_a_stage_that_follows_counts_from_its_own_start() -> None:
    progress = Progress("simulate", 50, "steps", stream=io.StringIO())
    progress.begin("equilibrate", 40, done=10)
    assert line(progress, 30).startswith("equilibrate: 30/40 steps  75%")
    progress.begin("simulate", 50)
    assert line(progress, 5).startswith("simulate: 5/50 steps  10%")


def test_what_is_done_has_no_time_left() -> None:
    assert line(Progress("run", 11, "jobs", done=11, stream=io.StringIO()), 11).endswith("0:00 left")


@pytest.mark.parametrize(("seconds", "text"), [(12.3, "12 s"), (270, "4.5 min"), (11520, "3.2 h")])
def test_an_estimate_has_the_unit_that_suits_it(seconds: float, text: str) -> None:
    assert span(seconds) == text

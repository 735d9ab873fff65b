"""How many cores others kept busy is told apart from one's own work."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from decant.foundation.busyness import is_disturbed, others_busy


def spin(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_the_own_work_and_that_of_ended_children_is_not_others() -> None:
    cores = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(cores)})
        began = time.perf_counter()
        with others_busy() as found:
            spin(0.5)
            subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.5: pass"], check=True)
        seconds = time.perf_counter() - began
    finally:
        os.sched_setaffinity(0, cores)
    assert found.cores is not None
    assert found.cores <= 1.0 - 1.0 / seconds + 0.1, "a second of this one core was ours"


def test_a_process_that_never_rests_shows() -> None:
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        with others_busy() as found:
            time.sleep(2.0)
    finally:
        other.kill()
        other.wait()
    assert found.cores is not None and found.cores > 0.3


@pytest.mark.parametrize(
    ("wanted", "others", "expected"),
    [(1, 0.9, False), (1, 1.6, True), (2, 0.1, False), (2, 1.0, True), (2, None, False)],
)
def test_a_measurement_is_disturbed_where_others_took_cores_that_it_needed(
    wanted: int, others: float | None, expected: bool
) -> None:
    assert is_disturbed(wanted, 2, others) is expected

"""Worker processes that end with their work."""

from __future__ import annotations

import multiprocessing

from decant.foundation.workers import workers


def test_no_worker_is_left_when_its_work_is_done() -> None:
    with workers(2, "testing", "none") as pool:
        assert sorted(pool.map(abs, [-1, -2])) == [1, 2]
    assert multiprocessing.active_children() == []

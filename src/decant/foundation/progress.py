"""Progress of long work: stage, fraction, rate and time left, on a terminal or in a log."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

Item = TypeVar("Item")


def clock(seconds: float) -> str:
    """Format a duration as ``1:02:03`` or ``2:03``."""
    whole = round(max(seconds, 0.0))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def span(seconds: float) -> str:
    """Format an estimated duration in the unit that suits it: ``12 s``, ``4.5 min`` or ``3.2 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Progress:
    """A line that tells stage, fraction done, rate and time left.

    On a terminal the line is redrawn in place; in a log a new line is written at most every `log_interval` seconds,
    so that logs of batch jobs stay short.

    Parameters
    ----------
    stage
        What is being done, for example ``"label"``.
    total
        Number of units of the whole work.
    unit
        Name of the unit for the rate, for example ``"frames"``.
    done
        Units already done by an earlier run; they count for the fraction but not for the rate.
    stream
        Where to write; standard error by default.
    """

    log_interval = 15.0

    def __init__(self, stage: str, total: float, unit: str, done: float = 0, stream: TextIO | None = None):
        self.stage, self.total, self.unit = stage, total, unit
        self.first = self.done = done
        self.stream = stream or sys.stderr
        self.start = time.monotonic()
        self.until: float | None = None  # a limit of time, as of `time.monotonic`, at which the work ends in any case
        self._last_shown = -1.0e9

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def begin(self, stage: str, total: float, done: float = 0) -> None:
        """Go over to another stage of the work, of which `done` units were done by an earlier run."""
        self.stage, self.total = stage, total
        self.first = self.done = done
        self.start, self._last_shown = time.monotonic(), -1.0e9

    def update(self, done: float, note: str = "") -> None:
        """Say that `done` units of the total are finished; `note` is appended to the line."""
        self.done = done
        now = time.monotonic()
        interval = 0.1 if self.stream.isatty() else self.log_interval
        if now - self._last_shown >= interval:
            self._last_shown = now
            self._show(note)

    def close(self, note: str = "") -> None:
        """Write the last state and end the line."""
        self._show(note)
        if self.stream.isatty():
            self.stream.write("\n")
            self.stream.flush()

    def _show(self, note: str) -> None:
        now = time.monotonic()
        elapsed = now - self.start
        rate = (self.done - self.first) / elapsed if elapsed > 0 else 0.0
        rest = self.total - self.done
        seconds = rest / rate if rate > 0 else math.inf if rest else 0.0
        share, amount = self.done / self.total if self.total else 1.0, f"{self.done:g}/{self.total:g}"
        if self.until is not None and self.until - now < seconds:  # the time ends the work, of whatever amount
            seconds = max(self.until - now, 0.0)
            share, amount = elapsed / max(elapsed + seconds, 1e-9), f"{self.done:g}"
        left = clock(seconds) if seconds < math.inf else "?"
        line = (
            f"{self.stage}: {amount} {self.unit} {share:4.0%}"
            f"  {rate:.3g} {self.unit}/s  {clock(elapsed)} elapsed, {left} left"
        )
        line = f"{line}  {note}" if note else line
        if self.stream.isatty():
            self.stream.write("\r\x1b[K" + line)
        else:
            self.stream.write(line + "\n")
        self.stream.flush()


def track(items: Iterable[Item], stage: str, total: int, unit: str) -> Iterator[Item]:
    """Yield `items` while showing progress."""
    with Progress(stage, total, unit) as progress:
        for count, item in enumerate(items, start=1):
            yield item
            progress.update(count)

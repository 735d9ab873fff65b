"""How many threads computing programs use, and how these wait: none burns a core that another could use.

By default OpenMP's threads spin while they wait for each other, for some 10 ms in GNU's library. On a machine with
other busy processes the one that is waited for may not run meanwhile, since those that wait have its core. So every
program that decant starts waits patiently, and where the gain of threads is not known beforehand, it is measured.

``OMP_NUM_THREADS`` always wins, as do ``OMP_WAIT_POLICY`` and the other variables of `PATIENCE`, where they are set.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from decant.foundation.machine import CORES, available_cores

THREADS = "OMP_NUM_THREADS"
PATIENCE = {
    "OMP_WAIT_POLICY": "PASSIVE",  # any OpenMP library: sleep instead of spinning
    # GNU's: a wait of some 40 microseconds before it sleeps, about what sleeping and waking costs, so that it loses at
    # most twice that. It is what the library itself chooses where its own threads outnumber the cores.
    "GOMP_SPINCOUNT": "1000",
    "KMP_BLOCKTIME": "0",  # Intel's and LLVM's
    "OPENBLAS_NUM_THREADS": "1",  # numpy's and scipy's matrices: small here, and their threads spin, too
}
"""Variables of every program that computes, where the user has not set them."""


def chosen_threads(environment: Mapping[str, str] = os.environ) -> int | None:
    """Return the number of threads that the user asks for by ``OMP_NUM_THREADS``; None where that says nothing."""
    first = environment.get(THREADS, "").split(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) > 0 else None


def worker_count() -> int:
    """Return how many processes at once, each with the threads that it will get, the cores have room for."""
    return max(1, available_cores() // (chosen_threads() or 1))


def computing(environment: Mapping[str, str], threads: int | None = None) -> dict[str, str]:
    """Return the environment of a program that computes.

    Parameters
    ----------
    environment
        What it would be otherwise. What is set there wins.
    threads
        OpenMP threads; None leaves them to the program.
    """
    own = PATIENCE if threads is None else {**PATIENCE, THREADS: str(threads)}
    return {**own, **environment}


@contextmanager
def loading(threads: int) -> Iterator[None]:
    """Let an OpenMP library that is loaded inside compute on so many threads; it reads the environment only then."""
    with _environment(computing(os.environ, threads)):
        yield


@contextmanager
def each_on_its_own() -> Iterator[None]:
    """Let processes that are started inside compute on one thread, or on as many as the user asks for."""
    threads = str(chosen_threads() or 1)
    with _environment({**computing(os.environ), THREADS: threads, CORES: threads}):
        yield


@contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """Change the environment of this process for a while."""
    changed = {name: os.environ.get(name) for name, value in wanted.items() if os.environ.get(name) != value}
    os.environ.update({name: wanted[name] for name in changed})
    try:
        yield
    finally:
        for name, value in changed.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class Pace:
    """Finds the number of threads with which the steps of a loop are fastest, while the loop runs.

    Numbers rise from one by doubling to all cores. The next is tried in turns with the best so far, since the speed of
    a machine that others use drifts, and taken only if it gains `GAIN`: cores that gain nothing are for others. What is
    found holds for a while, then it is looked for again: others come and go.

    Parameters
    ----------
    use
        Called with a number of threads, before a step; it makes the following steps use them.
    most
        The largest number; the chosen one where the user has chosen, and then nothing is tried.
    tell
        Called with the number when one has been found, or nothing is to be looked for.
    clock
        Tells the time, s.

    Attributes
    ----------
    threads
        What the next step will use.
    """

    WARM_UP = 3
    """Steps that are not looked at: the first compile and fill caches."""
    TURNS = 4
    """Turns that each of two numbers has in a trial."""
    TURN = 0.4
    """Seconds that a turn lasts at least; a longer step is a turn of its own."""
    GAIN = 1.1
    """Speed that more threads must bring, relative to the best so far."""
    HOLD = 30.0
    """How long what was found holds, relative to the time that finding it took."""

    def __init__(
        self,
        use: Callable[[int], object],
        most: int | None = None,
        tell: Callable[[int], object] = lambda threads: None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._use, self._tell, self._clock = use, tell, clock
        chosen = chosen_threads()
        self._ladder = [chosen] if chosen else _ladder(most or available_cores())
        self._rung = 0  # the best so far
        self._skip = self.WARM_UP
        self._trial: _Trial | None = None
        self._started = self._began = clock()
        self._until = 0.0  # when to look again
        self.threads = self._ladder[0]
        use(self.threads)
        if len(self._ladder) == 1:
            tell(self.threads)

    @contextmanager
    def step(self, work: float = 1.0) -> Iterator[None]:
        """Take note of the step inside; steps of different sizes say how much `work` each is."""
        self.begin()
        yield
        self.end(work)

    def begin(self) -> None:
        """Note that a step begins."""
        self._began = self._clock()

    def end(self, work: float = 1.0) -> None:
        """Note that it has ended, and choose the threads of the next."""
        now = self._clock()
        if len(self._ladder) == 1:
            return
        if self._skip:
            self._skip -= 1
            self._started = now
        elif self._trial:
            self._trial.add(now - self._began, work)
            self._go_on(now)
        elif now >= self._until:
            self._rung, self._started = 0, now
            self._try_next()

    def _try_next(self) -> None:
        lower, higher = self._ladder[self._rung : self._rung + 2]
        self._trial = _Trial((lower, higher))
        self._set(self._trial.threads)

    def _go_on(self, now: float) -> None:
        """Choose the threads of the next step from what is known by now."""
        trial = self._trial
        assert trial
        if not trial.is_over:
            self._set(trial.threads)
            return
        self._trial = None
        gains = trial.gain >= self.GAIN
        self._rung += gains
        if gains and self._rung + 1 < len(self._ladder):
            self._try_next()
            return
        self._until = now + self.HOLD * (now - self._started)
        self._set(self._ladder[self._rung])
        self._tell(self.threads)

    def _set(self, threads: int) -> None:
        if threads != self.threads:
            self.threads = threads
            self._use(threads)


class _Trial:
    """Two numbers of threads in turns."""

    def __init__(self, numbers: tuple[int, int]) -> None:
        self._numbers = numbers
        self._seconds, self._work = [0.0, 0.0], [0.0, 0.0]
        self._turn, self._lasts = 0, 0.0

    @property
    def threads(self) -> int:
        """Whose turn it is."""
        return self._numbers[self._turn % 2]

    @property
    def is_over(self) -> bool:
        """Whether each has had its turns."""
        return self._turn == 2 * Pace.TURNS

    @property
    def gain(self) -> float:
        """Speed of the second relative to the first."""
        first, second = (work / max(seconds, 1e-9) for work, seconds in zip(self._work, self._seconds, strict=True))
        return second / max(first, 1e-300)

    def add(self, seconds: float, work: float) -> None:
        """Take note of a step."""
        self._seconds[self._turn % 2] += seconds
        self._work[self._turn % 2] += work
        self._lasts += seconds
        if self._lasts >= Pace.TURN:
            self._turn, self._lasts = self._turn + 1, 0.0


def _ladder(most: int) -> Sequence[int]:
    """Return 1, 2, 4 ... up to `most`."""
    return sorted({min(2**power, most) for power in range(most.bit_length() + 1)})


def torch_pace(tell: Callable[[int], object] = lambda threads: None) -> Pace:
    """Return the pace of a loop of torch in this process; `tell` as for `Pace`."""
    import torch

    return Pace(torch.set_num_threads, tell=tell)

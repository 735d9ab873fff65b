"""Programs that compute wait patiently, on as many threads as they gain from, and never more than there are cores."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from decant.foundation.errors import InputError
from decant.foundation.machine import CORES, available_cores
from decant.foundation.threads import (
    PATIENCE,
    THREADS,
    Pace,
    chosen_threads,
    computing,
    each_on_its_own,
    loading,
    worker_count,
)
from decant.foundation.workers import workers


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PATIENCE, THREADS, CORES):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))


# the environment


def test_a_program_that_computes_waits_patiently_and_keeps_the_rest_of_its_environment() -> None:
    assert computing({"HOME": "/home/me"}) == {**PATIENCE, "HOME": "/home/me"}
    assert PATIENCE["OMP_WAIT_POLICY"] == "PASSIVE"
    assert computing({}, threads=3)[THREADS] == "3"


def test_what_the_user_sets_wins() -> None:
    mine = {THREADS: "7", "OMP_WAIT_POLICY": "ACTIVE", "GOMP_SPINCOUNT": "5"}
    assert mine.items() <= computing(mine, threads=3).items()


@pytest.mark.parametrize(("word", "number"), [("", None), ("4", 4), ("4,2", 4), ("0", None), ("all", None)])
def test_the_number_of_threads_that_the_user_asks_for(word: str, number: int | None) -> None:
    assert chosen_threads({THREADS: word}) == number
    assert chosen_threads({}) is None


def test_fewer_cores_than_the_machine_has_are_used_where_that_is_said(
    eight_cores: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert available_cores() == 8
    monkeypatch.setenv(CORES, "3")
    assert available_cores() == 3
    monkeypatch.setenv(CORES, "20")
    assert available_cores() == 8
    for wrong in ("none", "0", "-1", ""):
        monkeypatch.setenv(CORES, wrong)
        with pytest.raises(InputError, match=r"DECANT_CORES=.*at least 1"):
            available_cores()


@pytest.mark.parametrize("threads", [None, 1, 2, 3, 5, 8, 20])
def test_workers_times_their_threads_are_no_more_than_the_cores(
    threads: int | None, eight_cores: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if threads:
        monkeypatch.setenv(THREADS, str(threads))
    count = worker_count()
    assert count >= 1
    assert count * (threads or 1) <= max(8, threads or 1)
    assert (count + 1) * (threads or 1) > 8
    with each_on_its_own():
        assert chosen_threads() == (threads or 1)
        assert worker_count() == 1  # what a worker starts itself shares its core


def _seen() -> tuple[dict[str, str], int]:
    return dict(os.environ), available_cores()


@pytest.mark.parametrize("chosen", [None, "2"])
def test_a_worker_has_one_thread_or_as_many_as_the_user_says(
    chosen: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if chosen:
        monkeypatch.setenv(THREADS, chosen)
    before = dict(os.environ)
    with workers(1, "testing", "give up") as pool:
        environment, cores = pool.submit(_seen).result()
    assert environment[THREADS] == (chosen or "1")
    assert PATIENCE.items() <= environment.items()
    assert cores <= int(chosen or "1")
    assert dict(os.environ) == before


def test_a_library_reads_the_threads_when_it_is_loaded_and_nothing_else_sees_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = dict(os.environ)
    with loading(threads=3):
        assert os.environ[THREADS] == "3" and PATIENCE.items() <= os.environ.items()
    assert dict(os.environ) == before
    monkeypatch.setenv(THREADS, "2")
    with pytest.raises(ZeroDivisionError), loading(threads=3):
        assert os.environ[THREADS] == "2"
        raise ZeroDivisionError
    assert os.environ[THREADS] == "2"


def test_the_command_line_waits_patiently_from_its_start() -> None:
    code = (
        "import os, sys; from decant.cli import main; main.application = lambda: sys.exit(print(dict(os.environ)));"
        " main.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'OMP_WAIT_POLICY': 'PASSIVE'" in done.stdout
    assert THREADS not in done.stdout


# the pace


class Machine:
    """A loop whose steps last as long as a function of the threads says."""

    def __init__(self, seconds, most: int) -> None:  # type: ignore[no-untyped-def]
        self.seconds, self.now, self.used, self.told = seconds, 0.0, [], []  # type: ignore[var-annotated]
        self.pace = Pace(self.used.append, most, self.told.append, lambda: self.now)

    def run(self, steps: int, work: float = 1.0) -> list[int]:
        """Make steps, and return the threads of each."""
        seen = []
        for _ in range(steps):
            with self.pace.step(work):
                seen.append(self.used[-1])
                self.now += work * self.seconds(self.used[-1])
        return seen


def test_threads_that_gain_nothing_are_given_up_and_the_log_is_told() -> None:
    machine = Machine(lambda threads: 0.05 * threads**2, most=2)
    seen = machine.run(200)
    assert 2 in seen
    assert seen[-100:] == [1] * 100
    assert machine.told == [1]


def test_threads_that_gain_are_kept() -> None:
    machine = Machine(lambda threads: 0.1 / threads**0.8, most=2)
    assert machine.run(300)[-100:] == [2] * 100
    assert machine.told == [2]


def test_a_gain_too_small_for_a_core_of_its_own_leaves_the_core_to_others() -> None:
    machine = Machine(lambda threads: 0.1 / (1.0 + 0.05 * (threads - 1)), most=2)
    assert machine.run(300)[-100:] == [1] * 100


def test_as_many_are_taken_as_gain_and_no_more_are_tried_than_the_next() -> None:
    machine = Machine(lambda threads: 0.2 / min(threads, 4), most=64)
    seen = machine.run(400)
    assert seen[-50:] == [4] * 50
    assert max(seen) == 8


def test_all_cores_are_tried_where_their_number_is_no_power_of_two() -> None:
    machine = Machine(lambda threads: 0.1 / threads, most=6)
    assert machine.run(800)[-1] == 6
    assert set(machine.used) == {1, 2, 4, 6}


def test_the_first_steps_which_compile_do_not_count() -> None:
    count = 0

    def seconds(threads: int) -> float:
        nonlocal count
        count += 1
        return 50.0 if count <= Pace.WARM_UP else 0.1 / threads**0.8

    assert Machine(seconds, most=2).run(100)[-1] == 2


def test_steps_of_different_sizes_are_compared_by_their_work() -> None:
    machine = Machine(lambda threads: 0.1 if threads == 1 else 0.07, most=2)
    for number in range(60):  # with two threads it happens to be the larger steps
        machine.run(1, work=1.0 if machine.used[-1] == 1 else 3.0 + number % 2)
    assert machine.used[-1] == 2


def test_what_was_found_is_looked_at_again_and_costs_little() -> None:
    busy = False
    machine = Machine(lambda threads: 0.1 if threads == 1 else 0.2 if busy else 0.06, most=2)
    assert machine.run(1000)[-1] == 2
    busy = True
    seen = machine.run(4000)
    assert seen[-1] == 1
    later = machine.run(4000)
    assert 0 < later.count(2) < 0.05 * len(later)


def test_the_users_number_is_used_and_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(THREADS, "3")
    machine = Machine(lambda threads: 0.1 * threads, most=8)
    machine.run(100)
    assert machine.used == machine.told == [3]


def test_one_core_leaves_nothing_to_try() -> None:
    machine = Machine(lambda threads: 0.1, most=1)
    machine.run(100)
    assert machine.used == [1]

"""The benchmark of work beside busy processes: its fair shares, its table and its reading of logs."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "busy.py"
_SPEC = importlib.util.spec_from_file_location("busy_benchmark", SCRIPT)
assert _SPEC and _SPEC.loader
busy = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = busy
_SPEC.loader.exec_module(busy)


@pytest.mark.parametrize(
    ("threads", "others", "cores", "share"),
    [
        (2, 0, 2, 1.0),
        (2, 1, 2, 2 / 3),
        (2, 2, 2, 1 / 2),
        (1, 1, 2, 1.0),  # there is a core for each
        (1, 2, 2, 2 / 3),
        (4, 1, 2, 4 / 5),  # more threads than cores get more than a program with one
        (2, 2, 16, 1.0),
    ],
)
def test_the_fair_share_is_what_the_cores_leave(threads: int, others: int, cores: int, share: float) -> None:
    assert busy.fair_share(threads, others, cores) == pytest.approx(share)


def test_the_table_compares_within_rounds_and_with_the_fair_share() -> None:
    rounds = [{0: 10.0, 1: 8.0, 2: 3.0}, {0: 20.0, 1: 16.0, 2: 8.0}, {0: 40.0, 1: 20.0, 2: 14.0}]
    heading, _, label, ranks = busy.table({"label": rounds, "lmp-ranks": rounds[:1]}, cores=2).splitlines()
    assert heading.split("  ")[-1].strip() == "of its fair share, %"
    assert "beside 1, %" in heading and "beside 2, %" in heading
    assert label.split()[:3] == ["label", "20", "labels/s"]
    assert "80 (50 to 80)" in label and "35 (30 to 40)" in label
    assert "67, 50" in label
    assert label.split()[-1] == "70"  # beside two: 35 of 50
    assert ranks.split()[-1] == "60"


def test_a_work_on_more_cores_than_it_uses_has_them_to_itself() -> None:
    row = busy.table({"lmp-threads": [{0: 5.0, 2: 5.0}]}, cores=4).splitlines()[-1]
    assert "100 (100 to 100)" in row and row.split()[-2:] == ["100", "100"]


def test_steps_are_counted_from_where_the_threads_were_chosen() -> None:
    lines = [
        "2026-11-27 00:00:00.000 INFO: Started training, reporting errors on validation set",
        *(f"2026-11-27 00:00:{n:02d}.500 INFO: Epoch {n}: head: Default, loss=1.0" for n in range(4)),
        "decant: threads of the steps: 1",
        *(f"2026-11-27 00:00:{4 + 2 * n:02d}.500 INFO: Epoch {4 + n}: head: Default, loss=1.0" for n in range(5)),
    ]
    assert busy.BEGUN.search(lines[0])
    assert busy.rate("\n".join(lines), busy.MACE_STEP, 6.0) == pytest.approx(0.5)
    assert busy.rate("\n".join(lines), busy.MACE_STEP, 8.0) is None
    assert busy.rate("\n".join(lines[:6]), busy.MACE_STEP, 0.0) is None


def test_the_lines_of_deep_potential_are_read() -> None:
    text = (
        "[2026-11-27 01:07:33,842] DEEPMD INFO    Start to train 416 steps.\n"
        "decant: threads of the steps: 2\n"
        "[2026-11-27 01:07:45,603] DEEPMD INFO    Batch      41: total wall time = 11.03 s, eta = 0:01:43\n"
        "[2026-11-27 01:07:57,843] DEEPMD INFO    Batch      82: val: rmse = 8.54e+00, rmse_e = 5.90e-03\n"
        "[2026-11-27 01:07:55,603] DEEPMD INFO    Batch      82: total wall time = 12.24 s, eta = 0:01:39\n"
    )
    assert busy.BEGUN.search(text)
    assert busy.rate(text, busy.DP_STEP, 0.0) == pytest.approx(4.1)


def test_busy_processes_end_with_what_was_measured() -> None:
    found = subprocess.run(["pgrep", "-P", str(busy.os.getpid())], capture_output=True, text=True, check=False)
    with busy.busy(2):
        beside = subprocess.run(["pgrep", "-P", str(busy.os.getpid())], capture_output=True, text=True, check=False)
    after = subprocess.run(["pgrep", "-P", str(busy.os.getpid())], capture_output=True, text=True, check=False)
    assert len(beside.stdout.split()) == len(found.stdout.split()) + 2
    assert len(after.stdout.split()) == len(found.stdout.split())


def test_every_kind_of_work_that_decant_starts_is_there_and_no_other_is_taken() -> None:
    assert {name.split("-")[0] for name in busy.WORKS} == {"mace", "dp", "lmp", "label", "evaluate", "analyze"}
    for words, reason in ((["nothing"], "no kind nothing"), (["--busy", "0"], "nothing to compare")):
        done = subprocess.run([sys.executable, SCRIPT, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 2 and reason in done.stderr

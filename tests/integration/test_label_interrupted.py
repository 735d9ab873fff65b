"""Labelling that is killed, runs out of disk or runs on several ranks gives the same set as one that is left alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from decant.data.frames import read_frames, write_frames
from decant.labels.journal import open_journal
from tests.integration.test_label import waters
from tests.processes import working_in

BIN = Path(sys.executable).parent
LABEL = [
    sys.executable, "-c", "from decant.cli.main import main; main()", "label", "configurations.extxyz",
    "-o", "labelled.extxyz",
]  # fmt: skip


@pytest.fixture(scope="module")
def configurations() -> list[Atoms]:
    return [waters(count, 2.8 + 0.05 * number) for number in range(20) for count in (12, 13)]


def run(folder: Path, *more: str, launcher: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [*launcher, *LABEL, *more]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def energies(folder: Path) -> list[float]:
    return [atoms.info["REF_energy"] for atoms in read_frames(folder / "labelled.extxyz")]


@pytest.fixture(scope="module")
def undisturbed(configurations: list[Atoms], tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """Energies of a run on two ranks that nothing interrupts."""
    folder = tmp_path_factory.mktemp("ranks")
    write_frames(folder / "configurations.extxyz", configurations)
    done = run(folder, launcher=(str(BIN / "mpirun"), "-np", "2"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("written:") == 1  # one rank alone writes
    assert (folder / "labelled.extxyz.journal").read_bytes().count(b"\n") == len(configurations) + 2
    return energies(folder)


def test_a_run_killed_five_times_at_random_loses_and_doubles_nothing(
    configurations: list[Atoms], undisturbed: list[float], tmp_path: Path
) -> None:
    write_frames(tmp_path / "configurations.extxyz", configurations)
    journal, chance = tmp_path / "labelled.extxyz.journal", random.Random()
    counts = [0]
    for number in range(5):
        process = subprocess.Popen([*LABEL, "--jobs", "2"], cwd=tmp_path, stderr=subprocess.DEVNULL)
        until = counts[-1] + 1
        end = time.monotonic() + 60
        while time.monotonic() < end and not (journal.is_file() and journal.read_bytes().count(b"\n") >= until):
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.08))
        os.kill(process.pid, signal.SIGKILL)  # the command alone: its workers must notice themselves
        process.wait()
        assert not (tmp_path / "labelled.extxyz").exists()
        counts.append(journal.read_bytes().count(b"\n"))
        assert counts[-1] > counts[-2], f"kill {number} lost what was done"
    assert run(tmp_path, "--jobs", "2").returncode == 0
    assert journal.read_bytes().count(b"\n") == len(configurations) + 2  # each label once, and the two atoms
    np.testing.assert_allclose(energies(tmp_path), undisturbed, rtol=0, atol=1e-9)
    end = time.monotonic() + 20
    while working_in(tmp_path) and time.monotonic() < end:
        time.sleep(0.05)
    assert not working_in(tmp_path)


def test_a_full_disk_is_told_in_one_line_and_the_run_continues_when_there_is_space(
    configurations: list[Atoms], undisturbed: list[float], small_disk: Path
) -> None:
    write_frames(small_disk / "configurations.extxyz", configurations)
    size = (small_disk / "configurations.extxyz").stat().st_size // 1024 + 40  # kB: not enough for the journal
    subprocess.run(["mount", "-o", f"remount,size={size}k", str(small_disk)], check=True)
    full = run(small_disk, "--jobs", "2")
    assert full.returncode == 2, full.stdout + full.stderr
    lines = [line for line in full.stderr.splitlines() if not line.startswith("label (")]
    assert len(lines) == 1 and "labelled.extxyz.journal: the disk is full" in lines[0], full.stderr
    journal = small_disk / "labelled.extxyz.journal"
    assert journal.read_bytes().endswith(b"\n")  # no half line
    assert sorted(path.name for path in small_disk.iterdir()) == ["configurations.extxyz", journal.name]
    done = journal.read_bytes().count(b"\n")
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    assert run(small_disk, "--jobs", "2").returncode == 0
    assert 0 < done < journal.read_bytes().count(b"\n") == len(configurations) + 2
    np.testing.assert_allclose(energies(small_disk), undisturbed, rtol=0, atol=1e-9)


def test_two_runs_do_not_share_a_journal(tmp_path: Path) -> None:
    write_frames(tmp_path / "configurations.extxyz", [waters(1)])
    with open_journal(tmp_path / "labelled.extxyz.journal"):
        second = run(tmp_path)
    assert second.returncode == 2
    assert "another 'decant label' is at work on it" in second.stderr


def test_jobs_beside_ranks_are_refused_and_every_rank_ends(tmp_path: Path) -> None:
    write_frames(tmp_path / "configurations.extxyz", [waters(1)])
    done = run(tmp_path, "--jobs", "2", launcher=(str(BIN / "mpirun"), "-np", "2"))
    assert done.returncode != 0
    assert "--jobs 2: under mpirun each rank is one worker" in done.stderr

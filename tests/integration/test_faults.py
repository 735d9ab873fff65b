"""Faults that are really injected into runs: nothing finished is lost, nothing counts twice, and one line says why.

The table of all faults, also of those in other files of tests, is docs/faults.md.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from decant.cli import main
from decant.foundation.errors import InputError, ProgramFailed
from decant.foundation.files import read_yaml, sha256, write_yaml
from decant.lammps.restart import whole_restarts
from decant.simulation.protocol import Protocol
from decant.simulation.run import Run
from decant.simulation.simulate import simulate
from tests.processes import working_in

EQUILIBRATION, STRIKE = 40, 260
"""Steps of the equilibration, and the step at which most faults strike: after a restart file of the production."""


@pytest.fixture(scope="module")
def protocol(reaxff: Path) -> Protocol:
    lengths = {"length_ps": 0.3, "equilibration_ps": EQUILIBRATION * 0.0005}
    return Protocol(reaxff, "EC:1,EMC:1", copies=2, temperature=298.0, seed=3, **lengths)


@pytest.fixture(scope="module")
def whole(protocol: Protocol, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run that nothing disturbs."""
    return simulate(protocol, tmp_path_factory.mktemp("runs") / "whole")


def struck(
    protocol: Protocol,
    output: Path,
    fault: Callable[[Path], None],
    step: int = STRIKE,
    ranks: int = 1,
    told: type[Exception] = ProgramFailed,
) -> str:
    """Run until a step, do something to the run, and return the one line that tells how it ended."""

    def strike() -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end and not reached(output, step):
            time.sleep(0.01)
        fault(output)

    attacker = threading.Thread(target=strike)
    attacker.start()
    try:
        with pytest.raises(told) as caught:
            simulate(protocol, output, ranks)
    finally:
        attacker.join()
    assert "\n" not in str(caught.value)
    end = time.monotonic() + 20
    while working_in(output):
        assert time.monotonic() < end, "a process was left behind"
        time.sleep(0.05)
    return str(caught.value)


def reached(output: Path, step: int) -> bool:
    return (output / "run.yaml").is_file() and Run.open(output).thermo().get("step", np.zeros(1))[-1] >= step


def kill(program: str) -> Callable[[Path], None]:
    return lambda output: os.kill(working_in(output, program)[-1], signal.SIGKILL)


def positions(run: Run) -> np.ndarray:
    """Return the time of each frame, shape (frames, 1, 1), in front of its positions, each as (frames, atoms, 3)."""
    universe = run.universe()
    return np.array([[[ts.time] * 3, *universe.atoms.positions] for ts in universe.trajectory])


def assert_same_run(run: Run, whole: Run) -> None:
    """Hold rows, frames and positions together; LAMMPS promises them after a restart up to rounding."""
    assert run.status["state"] == "completed"
    rows, expected = run.thermo(), whole.thermo()
    assert np.array_equal(rows["step"], expected["step"])
    np.testing.assert_allclose(rows["total_energy_eV"], expected["total_energy_eV"], rtol=0, atol=1e-6)
    np.testing.assert_allclose(positions(run), positions(whole), rtol=0, atol=1e-4)


@pytest.fixture(scope="module")
def on_two_ranks(protocol: Protocol, tmp_path_factory: pytest.TempPathFactory) -> tuple[Protocol, Run]:
    """A short run, and what it comes to undisturbed on two ranks, which add up forces in another order than one."""
    short = replace(protocol, length_ps=0.1)
    return short, simulate(short, tmp_path_factory.mktemp("runs") / "on-two-ranks", ranks=2)


@pytest.mark.parametrize("program", ["lmp", "mpirun"])
def test_after_the_kill_of_a_rank_or_of_the_launcher_the_run_ends_as_if_undisturbed(
    on_two_ranks: tuple[Protocol, Run], tmp_path: Path, program: str
) -> None:
    short, whole = on_two_ranks
    said = struck(short, tmp_path / "run", kill(program), step=100, ranks=2)
    assert "killed" in said and "the same command continues the run" in said
    assert Run.open(tmp_path / "run").status["state"] == "interrupted"
    assert_same_run(simulate(short, tmp_path / "run", ranks=2), whole)


@pytest.fixture(scope="module")
def killed(protocol: Protocol, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory as a kill in mid-run leaves it."""
    output = tmp_path_factory.mktemp("killed") / "run"
    struck(protocol, output, kill("lmp"))
    return output


@pytest.fixture
def interrupted(killed: Path) -> Iterator[Path]:
    """A copy of the killed run, beside it so that its link to the potential holds."""
    copy = shutil.copytree(killed, killed.with_name("copy"), symlinks=True)
    yield copy
    shutil.rmtree(copy)


def shorten(path: Path, bytes_left: int) -> None:
    os.truncate(path, bytes_left if bytes_left >= 0 else path.stat().st_size + bytes_left)


def test_a_half_written_last_frame_is_written_again(protocol: Protocol, whole: Run, interrupted: Path) -> None:
    frames = len(Run.open(interrupted).universe().trajectory)
    shorten(interrupted / "trajectory.0.dcd", -100)
    assert len(Run.open(interrupted).universe().trajectory) == frames - 1
    assert_same_run(simulate(protocol, interrupted), whole)


def test_frames_lost_before_the_newest_restart_are_made_again_from_the_older_one(
    protocol: Protocol, whole: Run, interrupted: Path
) -> None:
    (_, newest), (_, older) = whole_restarts(interrupted)
    segment = Run.open(interrupted).trajectory_segments()[0]
    kept = (older - segment.first_step) // segment.every + 2
    assert segment.first_step + kept * segment.every < newest
    shorten(segment.path, segment.header_bytes + kept * segment.frame_bytes)
    assert_same_run(simulate(protocol, interrupted), whole)


def test_frames_lost_before_every_restart_are_told_and_the_rest_is_kept(protocol: Protocol, interrupted: Path) -> None:
    segment = Run.open(interrupted).trajectory_segments()[0]
    oldest = whole_restarts(interrupted)[-1][1]
    assert oldest > segment.first_step + 3 * segment.every
    shorten(segment.path, segment.header_bytes + 3 * segment.frame_bytes)
    with pytest.raises(InputError, match=r"trajectory\.0\.dcd: frames before step \d+.* are lost.* remove restart"):
        simulate(protocol, interrupted)
    assert len(Run.open(interrupted).universe().trajectory) == 3
    for restart, _ in whole_restarts(interrupted):
        restart.unlink()
    assert simulate(protocol, interrupted).status["state"] == "completed"


def test_without_a_whole_restart_the_run_begins_anew_and_counts_nothing_twice(
    protocol: Protocol, whole: Run, interrupted: Path
) -> None:
    for restart, _ in whole_restarts(interrupted):
        shorten(restart, -200)
    run = simulate(protocol, interrupted)
    assert run.status["state"] == "completed"
    assert np.array_equal(run.thermo()["step"], whole.thermo()["step"])
    np.testing.assert_allclose(positions(run)[:, 0], positions(whole)[:, 0], atol=1e-9)  # times


def test_a_trajectory_with_a_hole_is_not_analysed_as_if_it_had_none(protocol: Protocol, interrupted: Path) -> None:
    run = simulate(protocol, interrupted)
    segment = run.trajectory_segments()[0]
    shorten(segment.path, segment.header_bytes + 3 * segment.frame_bytes)
    with pytest.raises(InputError, match=r"trajectory\.0\.dcd: ends at step \d+, but trajectory\.1\.dcd begins at"):
        run.universe()


def test_a_run_is_not_continued_with_another_potential(
    protocol: Protocol, reaxff: Path, interrupted: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(reaxff, tmp_path / "other")
    (other / "pair.lammps").write_text((other / "pair.lammps").read_text().replace("0.0433641", "0.0433"))
    card = read_yaml(other / "card.yaml")
    write_yaml(other / "card.yaml", {**card, "files": {**card["files"], "pair.lammps": sha256(other / "pair.lammps")}})
    before = {file.name: file.stat().st_mtime_ns for file in interrupted.iterdir() if file.name != "run.lock"}
    with pytest.raises(InputError, match="was made with potential_sha256="):
        simulate(replace(protocol, potential=other), interrupted)
    assert before == {file.name: file.stat().st_mtime_ns for file in interrupted.iterdir() if file.name != "run.lock"}


def test_a_model_cut_short_before_the_run_continues_is_named(
    protocol: Protocol, reaxff: Path, interrupted: Path, tmp_path: Path
) -> None:
    damaged = shutil.copytree(reaxff, tmp_path / "damaged")
    shorten(damaged / "model.reax", -1000)
    with pytest.raises(InputError, match=r"damaged/model\.reax: corrupted"):
        simulate(replace(protocol, potential=damaged), interrupted)


def test_forces_that_become_nan_stop_the_run_and_what_was_before_is_analysed(
    protocol: Protocol, reaxff: Path, whole: Run, tmp_path: Path
) -> None:
    folder = shutil.copytree(reaxff, tmp_path / "potential")
    with (folder / "pair.lammps").open("a") as lines:
        lines.write(
            f'variable push equal "ternary(step > {STRIKE}, 1.0e308*10.0 - 1.0e308*10.0, 0.0)"\n'
            "variable nothing atom 0.0\n"  # the minimisation demands an energy
            "fix push all addforce v_push 0.0 0.0 energy v_nothing\n"
        )
    card = read_yaml(folder / "card.yaml")
    hashes = {**card["files"], "pair.lammps": sha256(folder / "pair.lammps")}
    write_yaml(folder / "card.yaml", {**card, "files": hashes})
    run = simulate(replace(protocol, potential=folder), tmp_path / "run")
    status = run.status
    assert (status["state"], status["phase"]) == ("stopped", "production")
    assert status["guard"] in ("nan", "lost_atoms") and status["message"]
    # of lost atoms the last row before them is known
    assert STRIKE - run.description.thermo_every < status["step"] <= STRIKE + 20
    found, expected = positions(run), positions(whole)
    finite = np.isfinite(found).all(axis=(1, 2))
    assert finite[: (STRIKE - EQUILIBRATION) // run.description.dump_every + 1].all()
    np.testing.assert_allclose(found[finite], expected[: len(found)][finite], atol=1e-4)
    assert simulate(replace(protocol, potential=folder), tmp_path / "run").status == status


def test_a_disk_that_fills_up_ends_the_run_and_costs_nothing_that_was_finished(
    protocol: Protocol, whole: Run, small_disk: Path
) -> None:
    ballast = small_disk / "ballast"

    def fill(output: Path) -> None:
        with ballast.open("wb", buffering=0) as stream:
            for block in (1 << 16, 1 << 12, 1):
                try:
                    while True:
                        stream.write(bytes(block))
                except OSError:
                    continue

    said = struck(protocol, small_disk / "run", fill, told=InputError)  # the run's status finds no room either
    assert "disk is full" in said
    ballast.unlink()
    assert_same_run(simulate(protocol, small_disk / "run"), whole)


def test_a_run_directory_that_is_removed_in_mid_run_is_told_and_begins_anew(protocol: Protocol, tmp_path: Path) -> None:
    said = struck(protocol, tmp_path / "run", shutil.rmtree, step=EQUILIBRATION + 20, told=InputError)
    assert "was removed while LAMMPS ran in it" in said
    assert not (tmp_path / "run").exists()


@pytest.fixture
def read_only(small_disk: Path) -> Path:
    """A file system that nothing can be written to, not even by root."""
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    return small_disk


def test_a_read_only_place_is_told_in_one_line(
    protocol: Protocol,
    read_only: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["simulate", str(protocol.potential), "--liquid", "EC:1", "--density", "1.1", "-o", str(read_only / "run")]
    monkeypatch.setattr(sys, "argv", ["decant", *words])
    for name in ("handlers", "propagate"):  # which the command line changes, put back for the tests after this one
        monkeypatch.setattr(logging.getLogger("decant"), name, getattr(logging.getLogger("decant"), name))
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err.splitlines()
    assert said == [f"decant: error: {read_only / 'run'}: the file system is read-only; give another place"]

"""`decant simulate` with the real LAMMPS under `mpirun`.

Runs that must stay whole use the reactive force field ReaxFF for C/H/O that LAMMPS brings, exported by hand as a
potential, since a tiny fitted model need not be stable; what a fitted model does is tested with a real export.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from decant.cli.simulate import outcome
from decant.foundation.errors import InputError, ProgramFailed, UnknownElement
from decant.foundation.files import sha256, write_yaml
from decant.lammps.command import command, environment
from decant.lammps.restart import newest_restart, whole_restarts
from decant.simulation.protocol import Protocol
from decant.simulation.run import Run
from decant.simulation.simulate import simulate

LIQUID = {"liquid": "EC:1,EMC:1", "copies": 3, "temperature": 298.0, "timestep_fs": 0.5, "seed": 3}
LENGTHS = {"length_ps": 0.1, "equilibration_ps": 0.02}


@pytest.fixture(scope="module")
def protocol(reaxff) -> Protocol:
    return Protocol(reaxff, **LIQUID, **LENGTHS)


@pytest.fixture(scope="module")
def finished(protocol, tmp_path_factory) -> Run:
    return simulate(protocol, tmp_path_factory.mktemp("runs") / "whole", ranks=2)


def test_a_run_completes_with_every_frame_and_row(finished):
    assert finished.status["state"] == "completed"
    thermo, made = finished.thermo(), finished.description
    assert thermo["step"][0] == made.equilibration_steps
    assert thermo["time_ps"][[0, -1]] == pytest.approx([0.0, 0.1])
    assert set(np.diff(thermo["step"])) == {made.thermo_every}
    universe = finished.universe()
    assert len(universe.trajectory) == made.production_steps // made.dump_every + 1
    times = [ts.time for ts in universe.trajectory]
    assert [times[0], times[-1]] == pytest.approx([0.0, 0.1], abs=1e-9)
    assert finished.performance()["ns_per_day"] > 0


def test_molecules_are_whole_and_named_in_the_universe(finished):
    universe = finished.universe()
    assert universe.residues.resnames.tolist() == ["EC"] * 3 + ["EMC"] * 3
    assert sorted(set(universe.atoms.elements)) == ["C", "H", "O"]
    masses = finished.universe().residues.masses
    assert masses[0] == pytest.approx(88.06, abs=0.01)
    for _ in universe.trajectory[:: len(universe.trajectory) - 1]:
        assert universe.bonds.values().max() < 2.0  # not across the box: coordinates are unwrapped
    universe.trajectory[-1]
    box = finished.thermo()
    assert universe.dimensions[:3] == pytest.approx(box["lx_A"][-1], rel=1e-5)
    mass_g = universe.atoms.masses.sum() / 6.02214076e23
    assert box["density_g_cm3"][-1] == pytest.approx(mass_g / (box["volume_A3"][-1] * 1e-24), rel=1e-4)


def test_the_thermostatted_ensemble_conserves_its_energy(finished):
    thermo = finished.thermo()
    drift = np.ptp(thermo["conserved_energy_eV"]) / finished.description.atoms
    assert drift < 1e-3
    assert drift < np.ptp(thermo["total_energy_eV"]) / finished.description.atoms


def test_a_finished_run_is_left_as_it_is(finished, protocol):
    before = {file.name: file.stat().st_mtime_ns for file in finished.path.iterdir() if file.name != "run.lock"}
    for ranks in (2, 1):  # nothing runs, so the ranks that it ran on stay recorded too
        simulate(protocol, finished.path, ranks=ranks)
    assert before == {file.name: file.stat().st_mtime_ns for file in finished.path.iterdir() if file.name != "run.lock"}


def test_other_settings_do_not_continue_a_run(finished, protocol):
    with pytest.raises(InputError, match=r"was made with temperature_K=298.0, not 313.0"):
        simulate(Protocol(protocol.potential, **{**LIQUID, **LENGTHS, "temperature": 313.0}), finished.path, ranks=2)


def test_a_directory_with_other_files_is_refused(protocol, tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(InputError, match=r"holds thesis\.tex but no run\.yaml"):
        simulate(protocol, tmp_path)


def test_an_element_that_the_potential_does_not_know_is_refused(protocol, tmp_path):
    with pytest.raises(UnknownElement, match="has the element F; the potential knows only H, C, O"):
        simulate(Protocol(protocol.potential, "CF:1", **LENGTHS), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_conditions_outside_the_training_are_warned_of(protocol, tmp_path, caplog):
    with pytest.raises(InputError):  # stops at the foreign file, after the warnings
        (tmp_path / "x").write_text("")
        simulate(Protocol(protocol.potential, "EC:1", temperature=900.0, density=0.2), tmp_path)
    said = caplog.text
    assert "temperature 900 K is outside the range that the potential was trained on (200 to 600 K)" in said
    assert "density 0.2 g/cm3 is outside" in said


def test_a_temperature_within_the_noise_of_the_training_is_not_warned_of(protocol, tmp_path, caplog):
    (tmp_path / "x").write_text("")
    with pytest.raises(InputError):  # stops at the foreign file, after the warnings
        simulate(Protocol(protocol.potential, "EC:1", temperature=198.0, density=1.0), tmp_path)
    assert "is outside the range" not in caplog.text


def started(protocol: Protocol, output: Path) -> subprocess.Popen[str]:
    """Start the command line on a run directory, in a process of its own."""
    words = [
        *("simulate", str(protocol.potential), "--liquid", protocol.liquid, "--copies", str(protocol.copies)),
        *("--temperature", str(protocol.temperature), "--timestep", str(protocol.timestep_fs)),
        *("--length", f"{protocol.length_ps}ps", "--equilibration", f"{protocol.equilibration_ps}ps"),
        *("--seed", str(protocol.seed), "--ranks", "2", "-o", str(output)),
    ]
    code = "from decant.cli.main import main; main()"
    return subprocess.Popen([sys.executable, "-c", code, *words], stderr=subprocess.PIPE, text=True)


def wait_for_step(run: Path, step: int, process: subprocess.Popen[str]) -> None:
    """Wait until the production has a frame of this step."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if (run / "run.yaml").is_file() and (Run.open(run).thermo().get("step", np.zeros(1)))[-1] >= step:
            return
        time.sleep(0.1)
    pytest.fail(f"the run did not come to step {step}")


@pytest.mark.parametrize("kill", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_run_continues_from_a_whole_restart_to_the_same_length(protocol, finished, tmp_path, kill):
    output = tmp_path / "run"
    process = started(protocol, output)
    wait_for_step(output, 160, process)
    with pytest.raises(InputError, match="another process is simulating"):
        simulate(protocol, output, ranks=2)
    while len(whole_restarts(output)) < 2 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(kill)
    process.communicate(timeout=300)
    assert process.returncode in (130, -signal.SIGKILL)
    wait_until_free(output)
    assert Run.open(output).status["state"] == "interrupted"

    newest, step = newest_restart(output)
    newest.write_bytes(newest.read_bytes()[:-100])  # as if the kill had come while it was written
    assert newest_restart(output)[1] < step
    run = simulate(protocol, output, ranks=2)
    assert run.status["state"] == "completed"
    assert run.status["segment"] == 1
    assert np.array_equal(run.thermo()["step"], finished.thermo()["step"])
    assert [ts.time for ts in run.universe().trajectory] == pytest.approx(
        [ts.time for ts in finished.universe().trajectory], abs=1e-9
    )


def wait_until_free(output: Path) -> None:
    """Wait until no process of a killed run is left; none may stay behind."""
    deadline = time.monotonic() + 20
    while Run.open(output).status["state"] == "running":
        assert time.monotonic() < deadline, "LAMMPS outlived the killed command"
        time.sleep(0.2)


def test_a_run_by_hand_needs_only_the_inputs_and_variables(finished, reaxff, tmp_path):
    inputs = Path(__file__).resolve().parents[2] / "lammps_inputs"
    shutil.copyfile(finished.path / "system.data", tmp_path / "system.data")
    words = ["-in", str(inputs / "in.nve"), "-var", "inputs", str(inputs), "-var", "potential", str(reaxff)]
    words += ["-var", "equilibration", "20", "-var", "steps", "40", "-var", "dump_every", "10"]
    done = subprocess.run(
        command(words, 2),
        cwd=tmp_path,
        env=environment("mace"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Production complete at step 60" in done.stdout
    assert (tmp_path / "trajectory.0.dcd").stat().st_size > 0


def test_potential_and_run_may_lie_under_any_name(reaxff, tmp_path):
    potential = shutil.copytree(reaxff, tmp_path / "Potentiale für EC" / "mace $1 'a'")
    short = Protocol(potential, **LIQUID, length_ps=0.005, equilibration_ps=0.005)
    run = simulate(short, tmp_path / "Läufe 1")
    assert run.status["state"] == "completed"
    assert (run.path / "potential").readlink() == Path("../Potentiale für EC/mace $1 'a'")


def test_a_guard_stops_the_run_and_is_recorded_as_a_result(protocol, tmp_path):
    hot = Protocol(protocol.potential, **{**LIQUID, **LENGTHS, "timestep_fs": 20.0, "length_ps": 4.0})
    run = simulate(hot, tmp_path / "run", ranks=2)
    status = run.status
    assert status["state"] == "stopped"
    assert status["guard"] in ("temperature", "bond", "nan", "lost_atoms", "density")
    assert status["phase"] == "equilibration"
    assert status["time_ps"] == pytest.approx(status["step"] * 0.02) and status["time_ps"] >= 0.0
    assert f"stopped in equilibration at {status['time_ps']:.6g} ps, step {status['step']}: " in outcome(run)
    with pytest.raises(InputError, match="no production frames to analyse; the run is stopped"):
        run.universe()
    assert simulate(hot, tmp_path / "run", ranks=2).status == status


def test_a_potential_that_lammps_cannot_read_is_one_clear_line(reaxff, tmp_path):
    folder = tmp_path / "potential"
    shutil.copytree(reaxff, folder)
    (folder / "pair.lammps").write_text("pair_style nonsense\npair_coeff * *\n")
    card = yaml.safe_load((folder / "card.yaml").read_text())
    write_yaml(folder / "card.yaml", {**card, "files": {"pair.lammps": sha256(folder / "pair.lammps")}})
    with pytest.raises(ProgramFailed, match="LAMMPS ended early: Unrecognized pair style 'nonsense'") as caught:
        simulate(Protocol(folder, **LIQUID, **LENGTHS), tmp_path / "run")
    assert "\n" not in str(caught.value)
    process = started(Protocol(folder, **LIQUID, **LENGTHS), tmp_path / "run")
    said = process.communicate()[1]
    assert process.returncode == 1  # a program that failed, not a mistake of the caller
    assert "LAMMPS ended early: Unrecognized pair style 'nonsense'" in said


def test_a_fitted_model_runs_to_its_end_or_to_a_guard(mace_potential, tmp_path):
    run = simulate(Protocol(mace_potential, "EC:1,EMC:1", copies=2, length_ps=0.02), tmp_path / "run", ranks=2)
    assert run.status["state"] in ("completed", "stopped")
    if run.status["state"] == "completed":
        assert len(run.universe().trajectory) > 1

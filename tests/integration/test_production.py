"""Production runs of real LAMMPS beyond the plain one: copies of a box, walltimes, launchers, measurements on the fly.

The liquid is carbon monoxide and dioxide with Lennard-Jones potentials, of which a deep, short well between carbon and
oxygen stands for the bond: fast, and whole as long as no step is lost.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import MDAnalysis
import numpy as np
import pytest

from decant.analysis.analyze import analyze
from decant.analysis.on_the_fly import element_rdfs, species_diffusion
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml, sha256, write_yaml
from decant.lammps.command import command, environment
from decant.lammps.guards import Stop
from decant.lammps.restart import newest_restart
from decant.simulation.protocol import Protocol
from decant.simulation.run import Run
from decant.simulation.simulate import simulate
from decant.simulation.start import read_restart, source
from decant.simulation.stop import stop_message
from tests.integration.conftest import run_decant

PAIR = """pair_style lj/cut 5.0
pair_coeff 1 1 0.004 3.4
pair_coeff 2 2 0.004 3.2
pair_coeff 1 2 3.0 1.0 1.7
"""
LIQUID = "[C-]#[O+]:14,O=C=O:6"
RDF_CUTOFF = 5.5
CONDITIONS = {"temperature": 150.0, "density": 0.8, "timestep_fs": 1.0, "length_ps": 0.4, "equilibration_ps": 0.1}


@pytest.fixture(scope="module")
def lj(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lj")
    (folder / "pair.lammps").write_text(PAIR)
    files = {"pair.lammps": sha256(folder / "pair.lammps")}
    card = {"format": "decant-potential-1", "algorithm": "mace", "elements": ["C", "O"], "cutoff_A": 5.0}
    write_yaml(folder / "card.yaml", {**card, "files": files})
    return folder


@pytest.fixture(scope="module")
def protocol(lj: Path) -> Protocol:
    return Protocol(lj, LIQUID, **CONDITIONS)


@pytest.fixture(scope="module")
def finished(protocol: Protocol, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return simulate(protocol, tmp_path_factory.mktemp("runs") / "small")


def test_copies_of_a_run_keep_its_density_and_its_molecules(finished: Run, tmp_path: Path) -> None:
    output = tmp_path / "large"
    words = ("--from", finished.path, "--replicate", "2,2,3", "--ensemble", "nvt", "--length", "20fs")
    run_decant("simulate", *words, "--equilibration", "5fs", "--ranks", "2", "-o", output)
    large = Run.open(output)
    assert large.status["state"] == "completed"
    assert large.description.species == (("[C-]#[O+]", 14 * 12), ("O=C=O", 6 * 12))
    assert large.description.temperature_K == 150.0
    before, after = finished.thermo(), large.thermo()
    assert after["density_g_cm3"][0] == pytest.approx(before["density_g_cm3"][-1], rel=1e-6)
    assert after["volume_A3"][0] == pytest.approx(12 * before["volume_A3"][-1], rel=1e-6)
    assert after["temperature_K"][0] < 450  # nothing overlaps
    universe = large.universe()
    assert len(universe.bonds) == 12 * len(finished.universe().bonds)
    assert [len(residue.atoms) for residue in universe.residues] == [2] * 14 * 12 + [3] * 6 * 12
    for _ in universe.trajectory[:: len(universe.trajectory) - 1]:
        assert universe.bonds.values().max() < 1.6  # bonded atoms are neighbours, in the box or by their images


def test_files_of_a_run_are_read_rightly_by_mdanalysis_itself(finished: Run) -> None:
    files = [str(finished.path / name) for name in ("system.data", "trajectory.0.dcd")]
    bare, own = MDAnalysis.Universe(*files, topology_format="DATA"), finished.universe()
    assert bare.trajectory.dt == pytest.approx(own.trajectory.dt, rel=1e-5)
    assert len(bare.bonds) == len(own.bonds)
    assert bare.atoms.positions == pytest.approx(own.atoms.positions)


def test_a_bond_that_stops_a_run_is_named_and_a_poor_potential_blamed(finished: Run, tmp_path: Path) -> None:
    restart, step = newest_restart(finished.path)
    atoms, bonds = read_restart(finished, restart)
    lengths = [atoms.get_distance(*bond, mic=True) for bond in bonds]
    first, second = bonds[int(np.argmax(lengths))]
    start = np.flatnonzero(atoms.arrays["mol_id"] == atoms.arrays["mol_id"][first])[0]
    name = f"{atoms.symbols[first]}{first - start}-{atoms.symbols[second]}{second - start}"
    message = stop_message(finished, Stop("bond", step, 3.0, "a bond stretched"))
    assert message.startswith(f"{name} of ") and f" is {max(lengths):.2f} A long (limit " in message
    assert stop_message(finished, Stop("bond", step + 10, 3.0, "a bond stretched")) == "a bond stretched"
    poor = tmp_path / "run"
    shutil.copytree(finished.path, poor, symlinks=False)
    card = read_yaml(poor / "potential" / "card.yaml")
    write_yaml(
        poor / "potential" / "card.yaml", {**card, "test_errors": {"force_meV_per_A": {"total": {"ratio": 1.99}}}}
    )
    message = stop_message(Run.open(poor), Stop("overlap", step, None, "two atoms fell onto each other"))
    assert message.endswith("onto each other; the force error of this potential is 199% of the force: train it longer")


def test_a_start_may_be_brought_to_another_density(finished: Run, protocol: Protocol, tmp_path: Path) -> None:
    dense = Protocol(**{**source(finished.path, (1, 1, 1)), "density": 0.9, "start": finished.path, "ensemble": "nvt"})
    run = simulate(replace(dense, length_ps=0.01, equilibration_ps=0.01), tmp_path / "dense")
    assert run.thermo()["density_g_cm3"][0] == pytest.approx(0.9, rel=1e-4)
    assert run.universe().bonds.values().max() < 1.6


def test_a_run_that_is_no_start_is_refused(finished: Run, lj: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run"):
        source(tmp_path, (1, 1, 1))
    (tmp_path / "run.yaml").write_bytes((finished.path / "run.yaml").read_bytes())
    with pytest.raises(InputError, match="no restart file of its production yet"):
        source(tmp_path, (1, 1, 1))
    (tmp_path / "status.yaml").write_text("state: stopped\nguard: bond\n")
    with pytest.raises(InputError, match="stopped by guard 'bond'"):
        source(tmp_path, (1, 1, 1))
    for words, message in (
        (["--from", finished.path, "--liquid", "C=O:1"], "the liquid is that of --from"),
        ([lj, "--liquid", "C=O:1", "--replicate", "2,2,2"], "give it with --from"),
        ([lj], "--liquid is missing"),
    ):
        assert message in run_decant("simulate", *words, "-o", tmp_path / "x", expect=2).stderr


def test_a_run_out_of_time_leaves_a_restart_and_the_same_command_finishes_it(
    protocol: Protocol, tmp_path: Path
) -> None:
    output, length = tmp_path / "run", 600
    end = 500 + 1000 * length  # steps
    words = (
        *("simulate", protocol.potential, "--liquid", LIQUID, "--temperature", "150", "--density", "0.8"),
        *("--ensemble", "nvt", "--timestep", "1", "--length", f"{length}ps", "--equilibration", "0.5ps"),
        *("--dump-every", "0.5ps", "--thermo-every", "0.1ps", "--restart-every", "1ns", "-o", output),
    )
    try:
        done = run_decant(*words, "--walltime", "1s", expect=75)
    except AssertionError:
        if Run.open(output).status["state"] == "completed":
            pytest.skip(f"this machine ran {length} ps in a second")
        raise
    assert "out of time at step" in done.stdout and "the same command continues it" in done.stdout
    reached = newest_restart(output)
    assert reached is not None and reached[0].name == "restart.end" and reached[1] < end
    assert Run.open(output).status["state"] == "interrupted"
    run_decant(*words)
    run = Run.open(output)
    assert (run.status["state"], run.status["segment"]) == ("completed", 1)
    steps = run.thermo()["step"]
    assert steps[steps % 100 == 0].tolist() == list(range(500, end + 1, 100))
    assert set(steps[steps % 100 != 0].tolist()) <= {reached[1]}  # LAMMPS prints a row where it starts, too
    assert [step.time for step in run.universe().trajectory] == pytest.approx(np.arange(2 * length + 1) / 2, abs=1e-6)


def test_a_finished_run_is_made_longer(protocol: Protocol, tmp_path: Path) -> None:
    short = simulate(replace(protocol, length_ps=0.1), tmp_path / "run")
    for _ in range(2):  # the second time it is whole already
        longer = simulate(replace(protocol, length_ps=0.2, equilibration_ps=None), short.path)
        assert longer.status == {**longer.status, "state": "completed", "segment": 1}
    assert longer.thermo()["time_ps"][-1] == pytest.approx(0.2)
    assert len(np.unique(np.diff([step.time for step in longer.universe().trajectory]).round(6))) == 1
    with pytest.raises(InputError, match="can be made longer, not shorter"):
        simulate(replace(protocol, length_ps=0.1), short.path)


CENTRES = [*range(1, 28, 2), *range(29, 46, 3)]  # oxygen of the monoxide, carbon of the dioxide


@pytest.mark.parametrize(("name", "kept"), [("centres", CENTRES), ("O=C=O", list(range(28, 46)))])
def test_a_trajectory_of_some_atoms_is_that_of_all_without_the_others(
    name: str, kept: list[int], finished: Run, protocol: Protocol, tmp_path: Path
) -> None:
    run, whole = simulate(replace(protocol, trajectory=name), tmp_path / "run"), finished.universe()
    universe = run.universe()
    assert len(universe.trajectory) == len(whole.trajectory)
    for step, full in zip(universe.trajectory, whole.trajectory, strict=True):
        assert step.positions == pytest.approx(full.positions[kept], abs=1e-5)
    expected = whole.residues.masses[np.unique(whole.atoms[kept].resindices)]
    assert universe.residues.masses == pytest.approx(expected)
    assert universe.residues.resnames.tolist() == [whole.atoms[kept].residues.resnames[i] for i in range(len(expected))]
    summary = analyze(run.path, skip_ps=0.0)
    assert summary["diffusion"]["O=C=O"]["molecules"] == 6
    assert ("intact_fraction" in summary["bonds"]) == (name == "O=C=O")


def test_an_unknown_choice_of_atoms_is_named(protocol: Protocol, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"`trajectory` centers .*did you mean 'centres'"):
        simulate(replace(protocol, trajectory="centers"), tmp_path / "x")


@pytest.fixture(scope="module")
def pair_of_runs(protocol: Protocol, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """The same dynamics with a trajectory, and in two segments with measurements on the fly."""
    folder, nvt = tmp_path_factory.mktemp("runs"), replace(protocol, ensemble="nvt", dump_ps=0.004, restart_ps=0.04)
    without = replace(nvt, trajectory="none", rdf_cutoff=RDF_CUTOFF)
    simulate(replace(without, length_ps=0.22), folder / "without")
    return simulate(nvt, folder / "with"), simulate(without, folder / "without")


def test_displacements_on_the_fly_are_those_of_the_trajectory(pair_of_runs: tuple[Run, Run]) -> None:
    whole, without = pair_of_runs
    with pytest.raises(InputError, match="wrote no trajectory"):
        without.universe()
    universe = whole.universe()
    centres = np.array([universe.atoms.center_of_mass(compound="residues") for _ in universe.trajectory])
    squares = ((centres - centres[0]) ** 2).sum(axis=2)
    files = without.segment_files("msd", "dat")
    for one, molecules in zip(
        species_diffusion(files, without.description), (slice(0, 14), slice(14, 20)), strict=True
    ):
        assert one.lag_ps == pytest.approx(0.004 * np.arange(101))
        assert one.msd_A2 == pytest.approx(squares[:, molecules].mean(axis=1), abs=2e-5)
        assert one.uncertainty is not None and one.uncertainty > 0


def test_distributions_on_the_fly_are_those_of_the_trajectory(pair_of_runs: tuple[Run, Run]) -> None:
    whole, without = pair_of_runs
    universe = whole.universe()
    rdfs = element_rdfs(without.segment_files("rdf", "dat"), without.present_elements())
    assert [one.pair for one in rdfs] == ["C-C", "C-O", "O-O"]
    edges = np.linspace(0.0, RDF_CUTOFF, 56)
    counts = {one.pair: np.zeros(55) for one in rdfs}
    frames = universe.trajectory[6:96]  # blocks of 10 frames end at the steps that 40 divides, 160, 200 ... 480
    for step in frames:
        for pair in counts:
            one, two = (universe.select_atoms(f"element {element}") for element in pair.split("-"))
            apart = one.positions[:, None] - two.positions[None]
            apart -= step.dimensions[:3] * np.round(apart / step.dimensions[:3])
            distances = np.linalg.norm(apart, axis=2)[one.ix[:, None] != two.ix[None]]
            counts[pair] += np.histogram(distances, edges)[0] / len(frames)
    volume = float(np.prod(universe.dimensions[:3]))
    for one, pairs, firsts in zip(rdfs, (20 * 19, 20 * 26, 26 * 25), (20, 20, 26), strict=True):
        ideal = pairs / volume * 4 / 3 * np.pi * np.diff(edges**3)
        assert one.r == pytest.approx((edges[1:] + edges[:-1]) / 2, abs=1e-6)
        # single precision of the trajectory puts a pair into the bin beside now and then
        assert np.abs(one.inter * ideal - counts[one.pair]).sum() < 1e-3 * counts[one.pair].sum()
        assert one.coordination[-1] == pytest.approx(counts[one.pair].sum() / firsts, rel=1e-3)


def test_a_run_without_trajectory_is_analysed(pair_of_runs: tuple[Run, Run]) -> None:
    run = pair_of_runs[1]
    summary = analyze(run.path)
    assert summary["rdf"]["C-O"]["highest_peak_A"] == pytest.approx(1.15, abs=0.15)
    assert "one time origin" in summary["diffusion"]["note"]
    assert summary["diffusion"]["O=C=O"]["yeh_hummer_correction_at_1_mPa_s_1e-5_cm2_s"] > 0
    assert (run.path / "rdf.png").stat().st_size > 10_000
    assert (run.path / "msd.csv").is_file()


def test_a_viscosity_from_too_short_a_run_says_that_it_has_not_converged(protocol: Protocol, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`viscosity` with `ensemble` npt"):
        simulate(replace(protocol, viscosity=True), tmp_path / "npt")
    short = replace(protocol, viscosity=True, ensemble="nvt", length_ps=5.0, dump_ps=0.1)
    run = simulate(short, tmp_path / "run")
    summary = analyze(run.path)
    assert summary["viscosity"]["unit"] == "mPa s" and summary["viscosity"]["blocks"] == 10
    assert not summary["viscosity"]["converged"]
    assert "not converged" in summary["viscosity"]["note"]
    assert "viscosity_mPa_s" not in summary["diffusion"]["O=C=O"]  # so nothing is corrected with it
    assert (run.path / "viscosity.png").stat().st_size > 10_000


def test_borders_move_where_work_is_uneven_and_a_hand_run_needs_variables_only(finished: Run, tmp_path: Path) -> None:
    inputs = Path(__file__).resolve().parents[2] / "lammps_inputs"
    words = ["-in", str(inputs / "in.nvt"), "-var", "inputs", str(inputs), "-log", "none", "-echo", "screen"]
    for name, value in (
        ("potential", finished.path / "potential"), ("data", finished.path / "system.data"), ("temperature", 150),
        ("equilibration", 20), ("steps", 40), ("dump_every", 20), ("balance_from", 1), ("trajectory", "none"),
    ):  # fmt: skip
        words += ["-var", name, str(value)]
    done = subprocess.run(
        command(words, 2),
        cwd=tmp_path,
        env=environment("mace"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Production complete at step 60" in done.stdout, done.stdout[-2000:]
    assert any(line.startswith("fix balance all balance") for line in done.stdout.splitlines())
    assert not list(tmp_path.glob("*.dcd"))


def test_ranks_that_do_not_know_each_other_are_noticed(protocol: Protocol, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 ranks were asked for, but LAMMPS runs on 1 x 1 x 1"):
        simulate(protocol, tmp_path / "run", ranks=2, launcher="env RANKS={ranks}")
    assert simulate(protocol, tmp_path / "run", ranks=2, launcher="mpiexec -n {ranks}").status["state"] == "completed"

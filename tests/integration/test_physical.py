"""Runs of both pair styles sample the ensembles that they were asked for, by the package `physical_validation`.

The fluid is 16 argon atoms with repulsive cores, between which the learned part of the potential acts: however little
it was trained, nothing falls together, and what is tested is the dynamics. Thresholds are in standard errors.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.lj import LennardJones

from decant.algorithms.mace.export.weights import write_model
from decant.algorithms.mace.random import random_mace
from decant.analysis.physical import simulation_data
from decant.data.frames import write_frames
from decant.data.isolated import ISOLATED
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml, sha256, write_yaml
from decant.labels.ase import evaluated
from decant.simulation.protocol import Protocol
from decant.simulation.run import Run
from decant.simulation.simulate import simulate
from tests.descriptions import described
from tests.integration.conftest import TINY, run_decant

validation = pytest.importorskip("physical_validation", reason="physical_validation is not installed")

SEED = 1  # of the bootstrap
FAR = 4.0  # standard errors
ATOMS, TEMPERATURE, HOT = 16, 250.0, 290.0
PRESSURES = (400.0, 700.0)
TIMESTEPS = (8.0, 4.0)
FLUID = {"temperature": TEMPERATURE, "density": 0.7, "timestep_fs": 10.0, "thermo_ps": 0.05, "dump_ps": 1.0}


def labelled(atoms: Atoms, group: str) -> Atoms:
    """Return a frame with the energy, forces and virial of Lennard-Jones argon."""
    prediction = evaluated(LennardJones(sigma=3.4, epsilon=0.0104, rc=5.0, ro=4.0, smooth=True), atoms)
    atoms.info.update(REF_energy=prediction.energy, group=group, recipe="argon")
    atoms.set_array("REF_forces", prediction.forces)
    atoms.set_array("mol_id", np.arange(len(atoms)))
    if prediction.virial is not None:
        atoms.info["REF_virial"] = prediction.virial
    return atoms


def argon(count: int, seed: int) -> list[Atoms]:
    """Return shaken crystals of several densities."""
    random, frames = np.random.default_rng(seed), []
    for number in range(count):
        atoms = bulk("Ar", "fcc", a=random.uniform(5.6, 8.0), cubic=True) * (2, 2, 1)
        atoms.positions += random.normal(scale=random.uniform(0.1, 0.3), size=(len(atoms), 3))
        frames.append(labelled(atoms, f"argon-{seed}-{number}"))
    return frames


def with_cores(folder: Path, style: str, coefficients: str) -> Path:
    """Add repulsive cores to a potential."""
    (folder / "pair.lammps").write_text(
        f"pair_style hybrid/overlay {style} lj/cut 3.816\n{coefficients}\n"
        "pair_coeff * * lj/cut 0.0104 3.4\npair_modify pair lj/cut shift yes\n"
    )
    return folder


def make_mace(folder: Path) -> Path:
    """Return a potential of MACE with random weights, of a depth of some kT."""
    folder.mkdir()
    size = {"hidden": "8x0e", "l_max": 1, "correlation": 2, "r_max": 5.0, "elements": (18,)}
    model = random_mace(**size, atomic_energies=[0.0], atomic_inter_scale=0.05, atomic_inter_shift=0.0, seed=1)
    write_model(model, folder / "model.safetensors")
    with_cores(folder, "mace", "pair_coeff * * mace ${potential}/model.safetensors Ar")
    files = {name: sha256(folder / name) for name in ("pair.lammps", "model.safetensors")}
    card = {"format": "decant-potential-1", "algorithm": "mace", "elements": ["Ar"], "cutoff_A": 5.0, "files": files}
    write_yaml(folder / "card.yaml", card)
    return folder


def make_deepmd(folder: Path) -> Path:
    """Return a Deep Potential of a short fit, of a seed with which the fluid is one."""
    data, model = folder.parent / "data", folder.parent / "model"
    data.mkdir()
    atom = Atoms("Ar", info={"config_type": ISOLATED})
    write_frames(data / "train.extxyz", [labelled(atom, "atom"), *argon(8, seed=1)])
    write_frames(data / "valid.extxyz", argon(2, seed=2))
    run_decant(
        "fit", "deepmd", data, "--preset", "quick", *TINY["deepmd"][1:], "--max-epochs=4", "--seed=3", "-o", model
    )
    run_decant("export", model, "-o", folder)
    with_cores(folder, "deepmd ${potential}/model.pth", "pair_coeff * * deepmd Ar")
    card = read_yaml(folder / "card.yaml")
    card["files"]["pair.lammps"] = sha256(folder / "pair.lammps")
    write_yaml(folder / "card.yaml", card)
    return folder


@pytest.fixture(scope="module")
def mace_argon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_mace(tmp_path_factory.mktemp("mace") / "potential")


@pytest.fixture(scope="module")
def deepmd_argon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_deepmd(tmp_path_factory.mktemp("deepmd") / "potential")


# a Deep Potential is slow: one pair of runs, with a barostat, has to tell all
PAIRS = {
    "mace": ("nvt", 100.0, [{"temperature": TEMPERATURE}, {"temperature": HOT}]),
    "deepmd": ("npt", 30.0, [{"pressure": bar} for bar in PRESSURES]),
}


@pytest.fixture(scope="module", params=PAIRS)
def protocol(request: pytest.FixtureRequest) -> Protocol:
    ensemble, length, _ = PAIRS[request.param]
    potential = request.getfixturevalue(f"{request.param}_argon")
    return Protocol(potential, f"[Ar]:{ATOMS}", ensemble=ensemble, length_ps=length, equilibration_ps=3.0, **FLUID)


@pytest.fixture(scope="module")
def runs(protocol: Protocol) -> tuple[Run, Run]:
    """The fluid at two temperatures, or at two pressures."""
    potential = protocol.potential
    *_, states = PAIRS[read_yaml(potential / "card.yaml")["algorithm"]]
    first, second = (
        simulate(replace(protocol, **state), potential.parent / f"run-{number}") for number, state in enumerate(states)
    )
    return first, second


@pytest.fixture(scope="module")
def long_run(mace_argon: Path) -> Run:
    """A run of more samples, that wrong claims are held against."""
    protocol = Protocol(mace_argon, f"[Ar]:{ATOMS}", ensemble="nvt", length_ps=200.0, equilibration_ps=3.0, **FLUID)
    return simulate(protocol, mace_argon.parent / "long")


def test_the_kinetic_energy_has_the_distribution_of_its_temperature(runs: tuple[Run, Run]) -> None:
    for run in runs:
        mean, width = validation.kinetic_energy.distribution(simulation_data(run), verbosity=0, bootstrap_seed=SEED)
        assert mean < FAR and width < FAR


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_a_temperature_a_tenth_off_is_noticed(long_run: Run, factor: float) -> None:
    claimed = Run(long_run.path, replace(long_run.description, temperature_K=factor * TEMPERATURE))
    mean, _ = validation.kinetic_energy.distribution(simulation_data(claimed), verbosity=0, bootstrap_seed=SEED)
    assert mean > FAR


def test_the_degrees_of_freedom_of_the_centre_of_mass_are_not_counted(long_run: Run) -> None:
    data = simulation_data(long_run)
    data.system.ndof_reduction_tra = 0
    mean, _ = validation.kinetic_energy.distribution(data, verbosity=0, bootstrap_seed=SEED)
    assert mean > FAR  # 6 % of the mean


def test_energies_at_two_temperatures_or_volumes_at_two_pressures_are_in_the_ratio_of_boltzmann(
    runs: tuple[Run, Run],
) -> None:
    (distance,) = validation.ensemble.check(*map(simulation_data, runs), verbosity=0)
    assert distance < FAR


def test_volumes_tell_a_wrong_pressure(mace_argon: Path) -> None:
    start = Protocol(mace_argon, f"[Ar]:{ATOMS}", length_ps=200.0, equilibration_ps=5.0, **FLUID)
    low, high = (simulate(replace(start, pressure=bar), mace_argon.parent / f"npt-{bar:g}") for bar in PRESSURES)
    (distance,) = validation.ensemble.check(simulation_data(low), simulation_data(high), verbosity=0)
    assert distance < FAR
    claimed = Run(high.path, replace(high.description, pressure_bar=2 * PRESSURES[1] - PRESSURES[0]))
    (distance,) = validation.ensemble.check(simulation_data(low), simulation_data(claimed), verbosity=0)
    assert distance > FAR  # a difference twice as large is noticed


def test_the_error_of_the_conserved_energy_falls_with_the_square_of_the_time_step(
    protocol: Protocol, runs: tuple[Run, Run]
) -> None:
    length = protocol.length_ps / 5
    short = {"length_ps": length, "equilibration_ps": 0.0, "dump_ps": 0.002, "thermo_ps": 0.04, "restart_ps": length}
    nve = replace(protocol, ensemble="nve", start=runs[0].path, density=None, **short)
    long, half = (simulate(replace(nve, timestep_fs=fs), runs[0].path.parent / f"nve-{fs:g}") for fs in TIMESTEPS)
    # a first-order integrator would be 0.5 off
    assert validation.integrator.convergence([simulation_data(long), simulation_data(half)], verbose=False) < 0.4
    claimed = simulation_data(long)
    claimed.dt = 2 * TIMESTEPS[0]
    assert validation.integrator.convergence([claimed, simulation_data(half)], verbose=False) > 0.4


def test_the_words_of_the_documentation_check_a_run(
    runs: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "production.md"
    snippet = re.search(r"```python\n(.*?simulation_data.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert snippet is not None
    folder = runs[0].path.parent
    for name, run in zip(("cold", "hot"), runs, strict=True):
        (folder / "runs").mkdir(exist_ok=True)
        if not (folder / "runs" / name).exists():
            (folder / "runs" / name).symlink_to(run.path)
    monkeypatch.chdir(folder)
    exec(snippet[1], {})
    assert "quantiles from true slope" in capsys.readouterr().out


def test_a_run_without_production_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no production to check"):
        simulation_data(Run(tmp_path, described()))

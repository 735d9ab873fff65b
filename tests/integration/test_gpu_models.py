"""Models of users say on a device what they say on the CPU: a fitted one, many elements, heads, a committee."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ase
import numpy as np
import pytest
from ase.io import read, write

from decant.algorithms.mace.calculator import CompiledMACE
from decant.algorithms.mace.export.weights import write_model
from decant.algorithms.mace.random import random_mace
from decant.lammps.command import environment
from tests.integration.conftest import of_all_workers
from tests.integration.test_mace_architectures import two_heads
from tests.integration.test_ready_potentials import MODELS
from tests.lammps_runs import run_lmp
from tests.mace_agreement import liquid
from tests.opencl import opencl_variables

READY = MODELS / "ec-emc-mace"
TWENTY = (1, 3, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 19, 20, 26, 29, 30, 35)
SMALL: dict[str, Any] = {"hidden": "4x0e+4x1o", "l_max": 1, "correlation": 2}
LIMITS = {"double": 1e-10, "single": 2e-5}
"""Of energies, forces and stresses, of their size, against double precision on the CPU."""


@pytest.fixture(scope="module")
def opencl(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment variables with which a process finds OpenCL."""
    return {**opencl_variables(of_all_workers(tmp_path_factory) / "opencl"), "DECANT_DEVICE": "opencl"}


def of_twenty() -> ase.Atoms:
    """A liquid's places with all of twenty elements in them."""
    atoms = liquid()
    atoms.numbers = np.resize(TWENTY, len(atoms))
    return atoms


def cases(folder: Path) -> list[tuple[Path, str, ase.Atoms]]:
    """Return models, how precisely they compute, and what on."""
    write_model(random_mace(**SMALL, elements=TWENTY), folder / "twenty.safetensors")
    for head in ("pbe", "r2scan"):
        write_model(two_heads(**SMALL), folder / f"{head}.safetensors", head=head)
    ready, example = READY / "model.safetensors", read(READY / "examples.extxyz", 0)
    return [
        (ready, "double", example),
        (ready, "single", example),
        (folder / "twenty.safetensors", "double", of_twenty()),
        (folder / "pbe.safetensors", "double", liquid()),
        (folder / "r2scan.safetensors", "double", liquid()),
    ]


EVALUATE = """
import sys, numpy, ase.io
from pathlib import Path
from decant.algorithms.mace.calculator import CompiledMACE
for number, model, precision in zip(range(99), sys.argv[1::2], sys.argv[2::2]):
    atoms = ase.io.read(f"{number}.traj")
    atoms.calc = CompiledMACE(Path(model), precision=precision, device="opencl")
    numpy.savez(f"{number}.npz", energies=atoms.get_potential_energies(), forces=atoms.get_forces(),
                stresses=atoms.get_stresses())
"""


def test_fitted_models_twenty_elements_and_each_of_two_heads_say_on_a_device_what_they_say_on_the_cpu(
    opencl: dict[str, str], tmp_path: Path
) -> None:
    every = cases(tmp_path)
    for number, (_, _, atoms) in enumerate(every):
        write(tmp_path / f"{number}.traj", atoms)
    arguments = [str(word) for model, precision, _ in every for word in (model, precision)]
    done = subprocess.run(
        [sys.executable, "-c", EVALUATE, *arguments],
        cwd=tmp_path,
        env={**environment("mace"), **opencl},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    energies = {}
    for number, (model, precision, atoms) in enumerate(every):
        atoms.calc = CompiledMACE(model, precision="double", device="cpu")
        expected = (atoms.get_potential_energies(), atoms.get_forces(), atoms.get_stresses())
        with np.load(tmp_path / f"{number}.npz") as found:
            for name, values in zip(("energies", "forces", "stresses"), expected, strict=True):
                size = np.abs(values).max()
                assert np.abs(found[name] - values).max() < LIMITS[precision] * size, (model, precision, name)
            energies[model.stem] = found["energies"]
    assert np.abs(energies["pbe"] - energies["r2scan"]).min() > 0.1, "each head has energies of its own"


def run_ready(folder: Path, variables: Mapping[str, str], ranks: int) -> tuple[np.ndarray, np.ndarray]:
    """Run a ready potential and another one as a committee; return energies with pressures, and deviations."""
    models = f"{READY / 'model.safetensors'} {folder / 'other.safetensors'}"
    script = (
        f"units metal\natom_style molecular\nread_data {MODELS / 'ec-emc.data'}\nneighbor 1.0 bin\n"
        f"pair_style mace double {models} out_freq 2 out_file deviation.out\npair_coeff * * H C O\n"
        "special_bonds lj/coul 1 1 1\nminimize 0 0.1 3 10\nreset_timestep 0\nvelocity all create 300 1\n"
        "timestep 0.0005\nfix 1 all nve\n"
        'fix 2 all print 2 "$(step) $(pe:%.12g) $(ke:%.12g) $(press:%.12g)" file log.energies screen no\nrun 6\n'
    )
    done = run_lmp(folder, script, ranks, variables=variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return np.loadtxt(folder / "log.energies"), np.loadtxt(folder / "deviation.out")


def test_a_ready_potential_in_a_committee_runs_on_a_device_as_on_the_cpu(
    opencl: dict[str, str], tmp_path: Path
) -> None:
    write_model(random_mace(**SMALL), tmp_path / "other.safetensors", elements=("H", "C", "O"))
    (energies, deviations), found = run_ready(tmp_path, {}, 2), run_ready(tmp_path, opencl, 4)
    assert len(found[0]) == 4 and len(found[1]) == len(deviations) >= 4, "a deviation of each second step"
    np.testing.assert_allclose(found[0], energies, rtol=1e-7)
    np.testing.assert_allclose(found[1], deviations, rtol=1e-4)

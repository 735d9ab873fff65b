"""The engine of GPUs says what the CPU's says, on OpenCL's CPU device: in LAMMPS, in Python, and when it cannot run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.io import write

from decant.algorithms.mace.calculator import CompiledMACE
from decant.algorithms.mace.export.weights import write_model
from decant.algorithms.mace.random import DENSITY, random_mace
from decant.algorithms.registry import algorithm
from decant.foundation.errors import InputError
from decant.lammps.command import environment
from decant.lammps.data import write_data
from tests.integration.conftest import of_all_workers
from tests.integration.test_pair_mace import liquid, triclinic
from tests.lammps_runs import ELEMENTS, evaluate, header, run_lmp, system
from tests.opencl import opencl_variables

MODELS: dict[str, dict[str, Any]] = {
    "scalars": {"hidden": "16x0e", "l_max": 2, "correlation": 2},
    "everything": {**DENSITY, "hidden": "4x0e+4x1o", "l_max": 2, "correlation": 2},
}
LIMITS = {"double": 1e-10, "float": 2e-5}
"""Of energies and forces, of their size."""


@pytest.fixture(scope="module")
def opencl(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment variables with which LAMMPS runs on OpenCL."""
    return {**opencl_variables(of_all_workers(tmp_path_factory) / "opencl"), "DECANT_DEVICE": "opencl"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Model files."""
    folder = tmp_path_factory.mktemp("models")
    for name, settings in MODELS.items():
        write_model(random_mace(**settings), folder / f"{name}.safetensors")
    return {name: folder / f"{name}.safetensors" for name in MODELS}


@pytest.mark.parametrize("name", MODELS)
def test_lammps_says_on_a_device_what_it_says_on_the_cpu(
    name: str, files: dict[str, Path], opencl: dict[str, str], tmp_path: Path
) -> None:
    atoms = triclinic(liquid())
    expected = evaluate(tmp_path, atoms, files[name], 1, "double")
    size = np.abs(expected.forces).max()
    for precision, ranks in (("double", 1), ("double", 2), ("float", 2)):
        found = evaluate(tmp_path, atoms, files[name], ranks, precision, **opencl)
        limit = LIMITS[precision]
        assert (
            f"pair_style mace: {'single' if precision == 'float' else precision} precision on OpenCL"
            in (tmp_path / "log.lammps").read_text()
        )
        assert abs(found.energy - expected.energy) / len(atoms) < limit
        assert np.abs(found.forces - expected.forces).max() < limit * size
        assert np.abs(found.atom_energies - expected.atom_energies).max() < limit * abs(expected.energy) / len(atoms)
        # LAMMPS converts pressures with 8 digits
        scale = np.abs(expected.virial).max()
        assert np.abs(found.virial - expected.virial).max() < max(limit, 1e-7) * scale
        assert np.abs(found.atom_virial_sum - expected.atom_virial_sum).max() < max(limit, 1e-7) * scale
        again = evaluate(tmp_path, atoms, files[name], ranks, precision, **opencl)
        assert np.array_equal(again.forces, found.forces), "the same to the last bit every time"


def test_a_committee_moves_on_a_device_as_on_the_cpu(
    files: dict[str, Path], opencl: dict[str, str], tmp_path: Path
) -> None:
    atoms = liquid()
    write_data(tmp_path / "system.data", atoms, ELEMENTS)
    models = f"{files['scalars']} {files['everything']} out_freq 10 out_file deviation.out"
    script = (
        f"{system(atoms)}pair_style mace double {models}\npair_coeff * * {' '.join(ELEMENTS)}\n"
        + "special_bonds lj/coul 1 1 1\nvelocity all create 300 1\ntimestep 0.0002\nfix 1 all nve\n"
        "neigh_modify every 1 delay 0 check yes\nvariable e equal etotal\nvariable p equal press\n"
        'fix 2 all print 10 "$(step) $(v_e:%.12g) $(v_p:%.12g)" file log.energies screen no\nrun 40\n'
    )
    found = []
    for variables in ({}, opencl):
        done = run_lmp(tmp_path, script, 2, variables=variables)
        assert done.returncode == 0, done.stdout + done.stderr
        found.append([np.loadtxt(tmp_path / name) for name in ("log.energies", "deviation.out")])
    (energies, deviations), (energies_there, deviations_there) = found
    assert len(energies) == len(deviations) == 5
    np.testing.assert_allclose(energies_there, energies, rtol=1e-8)
    np.testing.assert_allclose(deviations_there, deviations, rtol=1e-5)


def test_a_device_that_cannot_be_had_ends_every_rank_with_what_is_missing(
    files: dict[str, Path], opencl: dict[str, str], tmp_path: Path
) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    script = header(liquid(), files["scalars"]) + "run 0\n"
    nowhere = {**opencl, "OCL_ICD_VENDORS": str(tmp_path / "nowhere")}
    for variables, problem in (
        ({**nowhere, "DECANT_DEVICE": "opencl"}, "no OpenCL platform is installed"),
        ({**opencl, "DECANT_DEVICE": "opencl:7"}, "no OpenCL device 7; with double precision there are 1"),
        ({**opencl, "DECANT_DEVICE": "gpu"}, "unknown device 'gpu'; expected cpu, cuda, cuda:1, opencl"),
    ):
        done = run_lmp(tmp_path, script, 2, variables=variables)
        assert done.returncode != 0
        assert f"ERROR: pair_style mace: {problem}" in done.stdout + done.stderr


def test_atoms_on_top_of_each_other_are_named_on_a_device(
    files: dict[str, Path], opencl: dict[str, str], tmp_path: Path
) -> None:
    atoms = liquid()
    atoms.positions[5] = atoms.positions[2] + [0.001, 0, 0]
    write_data(tmp_path / "system.data", atoms, ELEMENTS)
    script = header(atoms, files["scalars"]) + "run 0\n"
    done = run_lmp(tmp_path, script, 2, variables=opencl)
    assert done.returncode != 0
    assert "atoms 3 and 6 are 0.001 angstrom apart" in (done.stdout + done.stderr).replace("6 and 3", "3 and 6")


def test_the_calculator_takes_the_device_that_it_is_told(
    files: dict[str, Path], opencl: dict[str, str], tmp_path: Path
) -> None:
    script = (
        "import sys, numpy, ase.io\n"
        "from pathlib import Path\n"
        "from decant.algorithms.mace.calculator import CompiledMACE\n"
        "atoms = ase.io.read(sys.argv[2])\n"
        "atoms.calc = CompiledMACE(Path(sys.argv[1]), device='opencl')\n"
        "print(atoms.calc.device)\n"
        "numpy.savez(sys.argv[3], energies=atoms.get_potential_energies(), forces=atoms.get_forces(), "
        "stresses=atoms.get_stresses())\n"
    )
    atoms = triclinic(liquid())
    write(tmp_path / "a.traj", atoms)
    arguments = [str(files["everything"]), str(tmp_path / "a.traj"), str(tmp_path / "found.npz")]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**environment("mace"), **opencl, "DECANT_DEVICE": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("OpenCL, "), "what is asked for goes before the environment"
    atoms.calc = CompiledMACE(files["everything"])
    assert atoms.calc.device == "CPU"
    with np.load(tmp_path / "found.npz") as found:
        np.testing.assert_allclose(found["energies"], atoms.get_potential_energies(), rtol=1e-11)
        np.testing.assert_allclose(found["forces"], atoms.get_forces(), rtol=0, atol=1e-10)
        np.testing.assert_allclose(found["stresses"], atoms.get_stresses(), rtol=0, atol=1e-10)


def test_a_calculator_without_its_device_says_what_is_missing(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown device 'gpu'; expected cpu, cuda, cuda:1, opencl or the like"):
        CompiledMACE(files["scalars"], device="gpu")
    with pytest.raises(InputError, match=r"`device` cuda: the calculator of deepmd chooses its device itself"):
        algorithm("deepmd").calculator_on(tmp_path, "cuda")

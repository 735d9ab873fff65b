"""The engine of GPUs says what the CPU's says, on OpenCL's CPU device: in LAMMPS, in Python, and when it cannot run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import ase
import numpy as np
import pytest
from ase.build import molecule
from ase.io import write

from decant.algorithms.mace.calculator import CompiledMACE
from decant.algorithms.mace.export.weights import write_model
from decant.algorithms.mace.random import DENSITY, random_mace
from decant.algorithms.registry import algorithm
from decant.foundation.errors import InputError
from decant.lammps.command import environment, mace_directory
from decant.lammps.data import write_data
from tests.cuda_driver import cuda_driver
from tests.integration.conftest import of_all_workers
from tests.integration.test_pair_mace import liquid, triclinic
from tests.integration.test_pair_mace_hybrid import zbl
from tests.lammps_runs import ELEMENTS, evaluate, header, run_lmp, system
from tests.opencl import failing_opencl, nvrtc_variables, opencl_variables

MODELS: dict[str, dict[str, Any]] = {
    "small": {"hidden": "4x0e", "layers": 1, "l_max": 1, "correlation": 1},
    "everything": {**DENSITY, "hidden": "4x0e+4x1o", "l_max": 2, "correlation": 2},
}
LIMITS = {"double": 1e-10, "float": 2e-5}
"""Of energies and forces, of their size."""


@pytest.fixture(scope="module")
def opencl(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment variables with which LAMMPS runs on OpenCL."""
    return {**opencl_variables(of_all_workers(tmp_path_factory) / "opencl"), "DECANT_DEVICE": "opencl"}


@pytest.fixture(scope="module")
def failing(opencl: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment variables with which OpenCL fails when others tell it to."""
    return {**opencl, **failing_opencl(opencl, tmp_path_factory.mktemp("failing"))}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Model files."""
    folder = tmp_path_factory.mktemp("models")
    for name, settings in MODELS.items():
        write_model(random_mace(**settings), folder / f"{name}.safetensors")
    return {name: folder / f"{name}.safetensors" for name in MODELS}


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment variables with which LAMMPS runs on a card that is none."""
    variables = {**cuda_driver(tmp_path_factory.mktemp("driver")), **nvrtc_variables()}
    if "DECANT_NVRTC" not in variables:
        pytest.skip("NVIDIA's run-time compiler, which comes with torch, is not installed")
    return variables


def corner() -> ase.Atoms:
    """One molecule in a corner of a large box: most ranks have no atom."""
    atoms = molecule("CH3OH", cell=np.eye(3) * 40.0, pbc=True)
    atoms.positions += 3.0 - atoms.positions.min(axis=0)
    return atoms


def cluster() -> ase.Atoms:
    """Atoms without a cell."""
    atoms = liquid()
    atoms.pbc, atoms.cell = False, None
    return atoms


CASES: dict[str, tuple[str, ase.Atoms, tuple[tuple[str, int], ...]]] = {
    "a triclinic liquid": ("everything", triclinic(liquid()), (("double", 4), ("double", 1))),
    "a cluster without a cell": ("everything", cluster(), (("double", 2),)),
    "ranks without atoms": ("small", corner(), (("float", 4),)),
}
"""Model, atoms, and the precisions and ranks with which a device computes."""


@pytest.mark.parametrize("case", CASES)
def test_lammps_says_on_a_device_what_it_says_on_the_cpu(
    case: str, files: dict[str, Path], opencl: dict[str, str], tmp_path: Path
) -> None:
    name, atoms, runs = CASES[case]
    expected = evaluate(tmp_path, atoms, files[name], 1, "double")
    size = np.abs(expected.forces).max()
    for precision, ranks in runs:
        found = evaluate(tmp_path, atoms, files[name], ranks, precision, **opencl)
        limit = LIMITS[precision]
        assert (
            f"pair_style mace: {'single' if precision == 'float' else precision} precision on OpenCL"
            in (tmp_path / "log.lammps").read_text()
        )
        assert abs(found.energy - expected.energy) / len(atoms) < limit
        assert np.abs(found.forces - expected.forces).max() < limit * size
        assert np.abs(found.atom_energies - expected.atom_energies).max() < limit * abs(expected.energy) / len(atoms)
        if atoms.cell.rank < 3:
            continue  # the pressure is that of LAMMPS's own box
        # LAMMPS converts pressures with 8 digits
        scale = np.abs(expected.virial).max()
        assert np.abs(found.virial - expected.virial).max() < max(limit, 1e-7) * scale
        assert np.abs(found.atom_virial_sum - expected.atom_virial_sum).max() < max(limit, 1e-7) * scale
    if len(runs) > 1:
        again = evaluate(tmp_path, atoms, files[name], ranks, precision, **opencl)
        assert np.array_equal(again.forces, found.forces), "the same to the last bit every time"


def overlaid_liquid(folder: Path, precision: str, model: Path) -> str:
    """Write a liquid, and return the script that reads it for MACE with a repulsion on top."""
    atoms = liquid()
    write_data(folder / "system.data", atoms, ELEMENTS)
    styles = f"pair_style hybrid/overlay mace {precision} zbl 0.8 2.2\npair_coeff * * mace {model} H C O\n"
    return system(atoms) + styles + zbl("zbl") + "special_bonds lj/coul 1 1 1\n"


def test_a_hybrid_style_is_minimised_and_moved_on_a_device_as_on_the_cpu(
    files: dict[str, Path], opencl: dict[str, str], tmp_path: Path
) -> None:
    script = (
        overlaid_liquid(tmp_path, "double", files["everything"])
        + "minimize 0 0.1 10 40\nreset_timestep 0\nvelocity all create 300 1\n"
        "timestep 0.0002\nfix 1 all nve\nvariable e equal etotal\nvariable p equal press\n"
        'fix 2 all print 5 "$(step) $(v_e:%.12g) $(v_p:%.12g)" file log.energies screen no\n'
        "run 10\nrun_style respa 2 2 pair 1\nrun 10\n"
    )
    found = []
    for variables in ({}, opencl):
        done = run_lmp(tmp_path, script, variables=variables)
        assert done.returncode == 0, done.stdout + done.stderr
        found.append(np.loadtxt(tmp_path / "log.energies"))
    assert len(found[0]) == 6
    np.testing.assert_allclose(found[1], found[0], rtol=1e-7)


def test_nve_conserves_energy_in_single_precision_on_a_device(
    files: dict[str, Path], opencl: dict[str, str], tmp_path: Path
) -> None:
    script = (
        overlaid_liquid(tmp_path, "float", files["small"]) + "minimize 0 0.1 20 40\nreset_timestep 0\n"
        "velocity all create 300 1\ntimestep 0.0003\nfix 1 all nve\n"
        'fix 2 all print 10 "$(ke:%.12g) $(pe:%.12g) $(etotal:%.12g)" file log.energies screen no\nrun 150\n'
    )
    done = run_lmp(tmp_path, script, variables=opencl)
    assert done.returncode == 0, done.stdout + done.stderr
    kinetic, potential, total = np.loadtxt(tmp_path / "log.energies").T
    assert len(total) == 16
    assert np.ptp(total) < 0.02 * kinetic.mean(), "total energy must change far less than kinetic energy"
    assert np.ptp(potential) > 0.05 * kinetic.mean(), "the test needs energy to flow"


def test_a_committee_moves_on_a_device_as_on_the_cpu(
    files: dict[str, Path], opencl: dict[str, str], tmp_path: Path
) -> None:
    atoms = liquid()
    write_data(tmp_path / "system.data", atoms, ELEMENTS)
    models = f"{files['small']} {files['everything']} out_freq 10 out_file deviation.out"
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
    script = header(liquid(), files["small"]) + "run 0\n"
    nowhere = {**opencl, "OCL_ICD_VENDORS": str(tmp_path / "nowhere")}
    for variables, problem in (
        ({**nowhere, "DECANT_DEVICE": "opencl"}, "no OpenCL platform is installed"),
        ({**opencl, "DECANT_DEVICE": "opencl:7"}, "no OpenCL device 7; with double precision there are 1"),
        ({**opencl, "DECANT_DEVICE": "gpu"}, "unknown device 'gpu'; expected cpu, cuda, cuda:1, opencl"),
    ):
        done = run_lmp(tmp_path, script, 2, variables=variables)
        assert done.returncode != 0
        assert f"ERROR: pair_style mace: {problem}" in done.stdout + done.stderr


def test_a_device_that_is_lost_on_one_rank_ends_all_and_leaves_the_restart_files(
    files: dict[str, Path], failing: dict[str, str], tmp_path: Path
) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    script = header(liquid(), files["small"]) + "timestep 0.0001\nfix 1 all nve\nrestart 2 a.restart b.restart\n"
    variables = {**failing, "FAIL_LAUNCH": "120", "FAIL_RANK": "1"}
    done = run_lmp(tmp_path, script + "run 1000\n", 2, timeout=100, variables=variables)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "pair_style mace: OpenCL could not start a kernel (error -36)" in said
    restart = max(tmp_path.glob("?.restart"), key=lambda path: path.stat().st_mtime)
    again = header(liquid(), files["small"]).replace("read_data system.data", f"read_restart {restart.name}")
    again = "\n".join(line for line in again.splitlines() if not line.startswith(("boundary", "atom_style", "units")))
    done = run_lmp(tmp_path, again + "\nrun 1\n")
    assert done.returncode == 0, done.stdout


def test_more_atoms_than_a_device_has_memory_for_end_the_run_before_its_first_step(
    files: dict[str, Path], failing: dict[str, str], tmp_path: Path
) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    script = header(liquid(), files["small"]) + "run 1\n"
    done = run_lmp(tmp_path, script, 2, variables={**failing, "MEMORY": "550000"})
    assert done.returncode != 0
    said = re.search(
        r"no memory left on OpenCL.*: (\d+) atoms of one rank need .* enough for about (\d+) atoms;", done.stdout
    )
    assert said, done.stdout
    assert 0 < int(said[2]) < int(said[1]) < len(liquid())
    assert "Step" not in done.stdout
    # where even that is not known beforehand, because others took it meanwhile
    done = run_lmp(tmp_path, script, 1, variables={**failing, "FAIL_BYTES": "20000"})
    assert "ERROR" in done.stdout and re.search(r"allocate \d+ bytes: no memory left on the device", done.stdout)


def test_a_machine_without_nvrtc_is_told_how_to_get_it_unless_the_kernels_lie_in_the_cache(
    driver: dict[str, str], files: dict[str, Path], tmp_path: Path
) -> None:
    if [*Path("/usr/local/cuda/lib64").glob("libnvrtc.so.*")]:
        pytest.skip("NVRTC lies in /usr/local/cuda, where decant always looks")
    plugins = shutil.copytree(mace_directory(), tmp_path / "plugins")  # beside which no wheel of NVIDIA lies
    for name in ("libnvrtc.so", "libnvrtc.so.12", "libnvrtc.so.13"):  # what the loader finds first is none
        (tmp_path / name).write_text("")
    nowhere = dict.fromkeys(("DECANT_NVRTC", "CUDA_HOME", "CUDA_PATH", "VIRTUAL_ENV", "CONDA_PREFIX"), "")
    nowhere["LAMMPS_PLUGIN_PATH"] = str(plugins)
    nowhere["LD_LIBRARY_PATH"] = f"{tmp_path}:{driver['LD_LIBRARY_PATH']}"
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    script = header(liquid(), files["small"]) + "run 0\n"
    empty = {"DECANT_KERNEL_CACHE": str(tmp_path / "kernels")}
    done = run_lmp(tmp_path, script, 2, timeout=60, variables={**driver, **nowhere, **empty})
    assert done.returncode != 0
    problem = r"no NVRTC on this machine: pip install 'decant-mlip\[gpu\]', or set DECANT_NVRTC to the folder"
    assert re.search(f"ERROR.*: pair_style mace: {problem}", done.stdout + done.stderr), done.stdout + done.stderr
    # with NVRTC, and then with what that left
    for variables in (driver, {**driver, **nowhere}):
        done = run_lmp(tmp_path, script, 1, timeout=60, variables={**variables, **empty})
        assert "CUDA could not start a kernel: a fault of the test" in done.stdout + done.stderr


CUDA_FAULTS = {
    "no driver": ({"DRIVER": "broken"}, "no NVIDIA driver on this machine: .*libcuda.so.1"),
    "no card": ({"CARDS": "0"}, "no CUDA card 0; the driver knows 0"),
    "a driver older than NVRTC": (
        {"CUDA_VERSION": "11080"},
        r"is of CUDA 1\d, newer than the driver's 11: update the driver, or pip install nvidia-cuda-nvrtc-cu11",
    ),
    "no memory left": ({"FREE_MB": "0"}, "no memory left on the card: .* 0 of 83886 MB are free"),
    "a kernel that fails": ({}, r"CUDA could not start a kernel: a fault of the test \(error 719\)"),
}
"""Environment of a driver without a card, and what is said of it."""


@pytest.mark.parametrize("fault", CUDA_FAULTS)
def test_faults_of_nvidias_driver_are_told_in_one_line_on_all_ranks(
    fault: str, driver: dict[str, str], files: dict[str, Path], tmp_path: Path
) -> None:
    variables, problem = CUDA_FAULTS[fault]
    if "DRIVER" in variables:
        (tmp_path / "libcuda.so.1").write_text("")
        variables = {"LD_LIBRARY_PATH": f"{tmp_path}:{driver['LD_LIBRARY_PATH']}"}
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    script = header(liquid(), files["small"]) + "run 0\n"
    done = run_lmp(tmp_path, script, 2, timeout=60, variables={**driver, **variables})
    assert done.returncode != 0
    assert re.search(f"ERROR.*: pair_style mace: .*{problem}", done.stdout + done.stderr), done.stdout + done.stderr


def test_ranks_that_want_the_same_kernels_at_once_leave_each_of_them_once_and_whole(
    files: dict[str, Path], opencl: dict[str, str], tmp_path: Path
) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    script = header(liquid(), files["small"]) + "run 0\n"
    done = run_lmp(tmp_path, script, 2, variables={**opencl, "DECANT_KERNEL_CACHE": str(tmp_path / "kernels")})
    assert done.returncode == 0, done.stdout
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "kernels").iterdir() if path.name != "lock"}
    assert len(kept) == 2, "what layers share, and one layer; nothing half-written"
    assert not [path for path in kept if "." in path.name]


def test_kernels_that_cannot_be_kept_are_made_all_the_same_and_the_run_says_why(
    files: dict[str, Path], opencl: dict[str, str], tmp_path: Path
) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    script = header(liquid(), files["small"]) + "run 0\n"
    # not even root can make a file there
    done = run_lmp(tmp_path, script, 2, variables={**opencl, "DECANT_KERNEL_CACHE": "/proc"})
    assert done.returncode == 0, done.stdout
    assert re.search(r"pair_style mace: .* on OpenCL.*; kernels are not kept: cannot write to /proc\b", done.stdout)


def test_atoms_on_top_of_each_other_are_named_on_a_device(
    files: dict[str, Path], opencl: dict[str, str], tmp_path: Path
) -> None:
    atoms = liquid()
    atoms.positions[5] = atoms.positions[2] + [0.001, 0, 0]
    write_data(tmp_path / "system.data", atoms, ELEMENTS)
    script = header(atoms, files["small"]) + "run 0\n"
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
        CompiledMACE(files["small"], device="gpu")
    with pytest.raises(InputError, match=r"`device` cuda: the calculator of deepmd chooses its device itself"):
        algorithm("deepmd").calculator_on(tmp_path, "cuda")

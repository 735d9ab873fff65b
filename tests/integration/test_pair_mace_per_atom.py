"""What LAMMPS's computes per atom make of `pair_style mace`: energies, stresses, heat flux."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import units

from decant.algorithms.mace.export.weights import write_model
from decant.algorithms.mace.random import random_mace
from decant.lammps.data import write_data
from tests.integration.test_pair_mace import liquid, triclinic
from tests.lammps_runs import ELEMENTS, Evaluation, evaluate, header, run_lmp


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with three layers, so that an atom's energy depends on atoms far beyond the cutoff."""
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    write_model(random_mace(hidden="8x0e+8x1o", layers=3, l_max=2, correlation=2), path)
    return path


def test_energies_and_virials_of_atoms_sum_to_those_of_the_system_on_any_number_of_ranks(
    tmp_path: Path, model: Path
) -> None:
    atoms = triclinic(liquid(side=10.0))
    found: list[Evaluation] = [evaluate(tmp_path, atoms, model, ranks) for ranks in (1, 2, 4)]
    for evaluation in found:
        assert evaluation.atom_energies.sum() == pytest.approx(evaluation.energy, rel=1e-12)
        # through LAMMPS's constant of pressure, which has seven digits
        assert evaluation.atom_virial_sum == pytest.approx(evaluation.virial, rel=1e-6, abs=1e-6)
        assert evaluation.atom_energies == pytest.approx(found[0].atom_energies, abs=1e-9)
        assert evaluation.virial == pytest.approx(found[0].virial, abs=1e-7)


HEAT = """
velocity all create 300 1
compute ke all ke/atom
compute pe all pe/atom
compute sa all stress/atom NULL virial
compute flux all heat/flux ke pe sa
thermo_style custom step c_flux[1] c_flux[2] c_flux[3] c_flux[4] c_flux[5] c_flux[6]
thermo_modify format float %.16g
dump d all custom 1 atoms.dump id vx vy vz c_ke c_pe c_sa[*]
dump_modify d sort id format float %.16g
run 0
"""


@pytest.mark.parametrize("ranks", [1, 2])
def test_the_heat_flux_is_made_of_the_energies_and_virials_of_atoms(tmp_path: Path, model: Path, ranks: int) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    done = run_lmp(tmp_path, header(liquid(), model) + HEAT, ranks)
    assert done.returncode == 0, done.stdout[-2000:]
    lines = done.stdout.splitlines()
    row = next(i for i, line in enumerate(lines) if line.split()[:1] == ["Step"]) + 1
    flux = np.array(lines[row].split()[1:4], dtype=float)
    table = np.loadtxt(tmp_path / "atoms.dump", skiprows=9)
    velocity, energy, stress = table[:, 1:4], table[:, 4] + table[:, 5], table[:, 6:12] * units.bar
    xx, yy, zz, xy, xz, yz = stress.T
    tensors = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    expected = energy @ velocity - np.einsum("kln,nl->k", tensors, velocity)
    assert np.abs(np.einsum("kln,nl->k", tensors, velocity)).max() > 1e-3, "the virials take part"
    assert flux == pytest.approx(expected, rel=1e-6)


def test_the_centroid_stress_is_refused(tmp_path: Path, model: Path) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    script = header(liquid(), model) + "compute c all centroid/stress/atom NULL virial\nrun 0\n"
    done = run_lmp(tmp_path, script, ranks=2, timeout=300)
    assert done.returncode != 0
    assert "centroid/stress/atom" in done.stdout + done.stderr

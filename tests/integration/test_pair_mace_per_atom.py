"""What LAMMPS's computes per atom make of `pair_style mace`: energies, stresses, heat flux."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import units

from decant.algorithms.mace.calculator import CompiledMACE
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


@pytest.mark.parametrize("ranks", [1, 2])
def test_stresses_of_atoms_are_those_of_the_calculator(tmp_path: Path, model: Path, ranks: int) -> None:
    atoms = liquid(side=10.0)
    write_data(tmp_path / "system.data", atoms, ELEMENTS)
    script = header(atoms, model, "double") + STRESSES
    done = run_lmp(tmp_path, script, ranks)
    assert done.returncode == 0, done.stdout[-2000:]
    xx, yy, zz, xy, xz, yz = np.loadtxt(tmp_path / "atoms.dump", skiprows=9)[:, 1:].T * units.bar / atoms.get_volume()
    atoms.calc = CompiledMACE(model, precision="double")
    found = np.column_stack([xx, yy, zz, yz, xz, xy])
    assert found == pytest.approx(atoms.get_stresses(), rel=1e-6, abs=1e-9)


STRESSES = """
compute sa all stress/atom NULL virial
dump d all custom 1 atoms.dump id c_sa[*]
dump_modify d sort id format float %.16g
run 0
"""


def test_a_heat_flux_of_virials_that_do_not_go_with_the_energies_of_atoms_is_refused(
    tmp_path: Path, model: Path
) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    computes = "compute ke all ke/atom\ncompute pe all pe/atom\ncompute sa all stress/atom NULL virial\n"
    script = (
        header(liquid(), model)
        + computes
        + "compute flux all heat/flux ke pe sa\nthermo_style custom c_flux[1]\nrun 0\n"
    )
    done = run_lmp(tmp_path, script, ranks=2, timeout=300)
    assert done.returncode != 0
    assert "compute flux heat/flux needs virials that go with the energies of atoms" in done.stdout + done.stderr


def test_the_centroid_stress_is_refused(tmp_path: Path, model: Path) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    script = header(liquid(), model) + "compute c all centroid/stress/atom NULL virial\nrun 0\n"
    done = run_lmp(tmp_path, script, ranks=2, timeout=300)
    assert done.returncode != 0
    assert "centroid/stress/atom" in done.stdout + done.stderr

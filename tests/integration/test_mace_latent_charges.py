"""`pair_style mace` says what mace-torch says for MACELES: charges of the network, whose field no cutoff ends."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import ase
import numpy as np
import pytest
import torch
from ase.io import write
from mace.calculators import MACECalculator

from decant.algorithms.mace.calculator import CompiledMACE
from decant.algorithms.mace.compiled_training import CompiledModel, NotCovered
from decant.algorithms.mace.export.weights import write_model
from decant.algorithms.mace.random import random_mace
from decant.algorithms.mace.reference import read_reference, torch_calculator, write_reference
from decant.data.prediction import Prediction
from decant.foundation.errors import InputError
from decant.lammps.data import write_data
from decant.planning.kernels import read_shape
from tests.integration.conftest import run_decant
from tests.lammps_runs import ELEMENTS, evaluate, header, run_lmp
from tests.latent_ewald import installed
from tests.mace_agreement import agree, liquid

SMALL: dict[str, Any] = {"kind": "MACELES", "hidden": "8x0e+8x1o", "l_max": 2, "correlation": 2, "r_max": 3.5}
KINDS: dict[str, dict[str, Any]] = {
    "as published": {**SMALL},
    "self-energies, narrower charges": {
        **SMALL, "les_arguments": {"sigma": 0.8, "dl": 1.7, "remove_self_interaction": False},
    },
    "one layer of scalars": {**SMALL, "hidden": "8x0e", "layers": 1},
    "three layers": {**SMALL, "layers": 3},
}  # fmt: skip


@pytest.fixture(autouse=True)
def les() -> Iterator[None]:
    with installed():
        yield


def charged(**kind: Any) -> Any:
    """Return a model with charges as large as those of a trained one, some tenths of a unit."""
    model = random_mace(**kind)
    for readout in model.les_readouts:
        last = getattr(readout, "linear_2", None) or readout.linear
        last.weight.data *= 5.0
    return model


def reference(model: Any, atoms: ase.Atoms) -> Prediction:
    """Return what mace-torch says, its stress mended (see `test_the_stress...`)."""
    copy = atoms.copy()
    copy.calc = torch_calculator(model)
    virial = -copy.get_stress(voigt=False) * copy.get_volume() if copy.pbc.all() else None
    return Prediction(copy.get_potential_energy(), copy.get_forces(), virial)


def skewed(atoms: ase.Atoms) -> ase.Atoms:
    atoms.set_cell([[9.3, 0, 0], [1.6, 9.1, 0], [-1.2, 0.8, 9.7]])
    return atoms


@pytest.mark.parametrize("kind", KINDS)
def test_lammps_says_what_mace_torch_says_in_a_skewed_box_on_any_number_of_ranks(kind: str, tmp_path: Path) -> None:
    model, atoms = charged(**KINDS[kind]), skewed(liquid())
    ranks = (1, 2, 4) if kind == "as published" else (2,)
    agree(tmp_path, model, atoms, ranks, expected=reference(model, atoms))


def test_the_stress_is_the_derivative_of_mace_torch_s_energy_which_its_own_stress_is_not() -> None:
    model, atoms, step = charged(**SMALL), skewed(liquid()), 1e-5
    atoms.calc = MACECalculator(models=[model], device="cpu", default_dtype="float64")
    ends = []
    for sign in (1, -1):
        strained = atoms.copy()
        strained.set_cell(atoms.cell.array @ (np.eye(3) + sign * step * np.diag([1, 0, 0])), scale_atoms=True)
        strained.calc = atoms.calc
        ends.append(strained.get_potential_energy())
    derivative = (ends[0] - ends[1]) / (2 * step)
    assert -reference(model, atoms).virial[0, 0] == pytest.approx(derivative, rel=1e-5)
    own = atoms.get_stress(voigt=False)[0, 0] * atoms.get_volume()
    assert abs(own - derivative) > 1e-3 * abs(derivative), "mace-torch has mended it: strained_field.py can go"


def test_the_field_matters_and_reaches_beyond_every_cutoff(tmp_path: Path) -> None:
    atoms = liquid()
    far = ase.Atoms("OH", [[0, 0, 0], [0, 0, 30]])
    model = charged(**SMALL)
    write_model(model, tmp_path / "model.safetensors")
    calculator = CompiledMACE(tmp_path / "model.safetensors")
    whole = reference(model, atoms)
    model.les.ewald.norm_factor = 0.0
    assert np.abs(whole.forces - reference(model, atoms).forces).max() > 0.1
    far.calc = calculator
    assert np.abs(far.get_forces()).max() > 1e-4


def test_clusters_see_all_pairs_on_any_number_of_ranks_and_in_the_calculator(tmp_path: Path) -> None:
    atoms = liquid()
    atoms.set_pbc(False)
    model = charged(**SMALL)
    expected = reference(model, atoms)
    agree(tmp_path, model, atoms, ranks=(3,), expected=expected)
    atoms.calc = CompiledMACE(tmp_path / "model.safetensors")
    assert atoms.get_potential_energy() == pytest.approx(expected.energy, abs=1e-6)
    np.testing.assert_allclose(atoms.get_forces(), expected.forces, atol=1e-6)


def test_the_calculator_says_what_mace_torch_says_of_energy_forces_and_stress(tmp_path: Path) -> None:
    model, atoms = charged(**SMALL), skewed(liquid(seed=3))
    write_model(model, tmp_path / "model.safetensors")
    expected = reference(model, atoms)
    atoms.calc = CompiledMACE(tmp_path / "model.safetensors")
    assert atoms.get_potential_energy() == pytest.approx(expected.energy, abs=1e-5)
    np.testing.assert_allclose(atoms.get_forces(), expected.forces, atol=1e-5)
    np.testing.assert_allclose(-atoms.get_stress(voigt=False) * atoms.get_volume(), expected.virial, atol=1e-4)
    assert atoms.get_stresses().sum(axis=0) == pytest.approx(atoms.get_stress(), abs=1e-9)


def test_single_precision_agrees_to_its_digits(tmp_path: Path) -> None:
    model, atoms = charged(**SMALL), liquid()
    write_model(model, tmp_path / "model.safetensors", "single")
    found, expected = evaluate(tmp_path, atoms, tmp_path / "model.safetensors", 2), reference(model, atoms)
    assert np.abs(found.forces - expected.forces).max() < 1e-4 * np.abs(expected.forces).max()


def test_the_reference_beside_a_potential_is_rebuilt_without_unpickling(tmp_path: Path) -> None:
    kind = KINDS["self-energies, narrower charges"]
    model = charged(**kind)
    write_reference(model, tmp_path / "reference.safetensors")
    again, atoms = read_reference(tmp_path / "reference.safetensors"), liquid()
    assert reference(again, atoms).energy == pytest.approx(reference(model, atoms).energy, abs=1e-9)


def test_a_model_file_is_exported_and_checked_as_any_other(tmp_path: Path) -> None:
    torch.save(charged(**SMALL), tmp_path / "les.model")
    frame = skewed(liquid())
    frame.set_array("mol_id", np.zeros(len(frame), dtype=int))
    write(tmp_path / "frames.extxyz", [frame])
    run_decant("export", tmp_path / "les.model", "-o", tmp_path / "potential")
    run_decant("check", tmp_path / "potential")  # against what the calculator said at export
    run_decant("check", tmp_path / "potential", tmp_path / "frames.extxyz", "--ranks", "2")  # against mace-torch


def test_gpus_and_compiled_training_leave_latent_charges_to_others_by_name(tmp_path: Path) -> None:
    model = charged(**SMALL)
    write_model(model, tmp_path / "model.safetensors")
    for reader in (partial(CompiledMACE, device="cuda"), read_shape):
        with pytest.raises(InputError, match="this model has latent charges, which only the CPU computes"):
            reader(tmp_path / "model.safetensors")
    with pytest.raises(NotCovered, match="model class MACELES"):
        CompiledModel(model)


def test_what_is_not_known_is_refused_by_name(tmp_path: Path) -> None:
    model = charged(**SMALL)
    model.les.use_atomwise = True
    with pytest.raises(InputError, match="use_atomwise of les"):
        write_model(model, tmp_path / "model.safetensors")
    model.les.use_atomwise = False
    write_model(model, tmp_path / "model.safetensors")
    slab = liquid()
    slab.pbc = (True, True, False)
    slab.calc = CompiledMACE(tmp_path / "model.safetensors")
    with pytest.raises(InputError, match="periodic in all three directions or in none, not in 2"):
        slab.get_potential_energy()
    write_data(tmp_path / "system.data", slab, ELEMENTS)
    script = header(slab, tmp_path / "model.safetensors").replace("boundary f f f", "boundary p p f")
    done = run_lmp(tmp_path, script + "run 0\n")
    assert done.returncode and "give a slab boundary p p p and a gap" in done.stdout + done.stderr

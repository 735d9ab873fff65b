"""The compiled MACE calculator says what mace-torch and LAMMPS say, keeps every symmetry, and refuses nonsense."""

from __future__ import annotations

import functools
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.calculators.calculator import PropertyNotImplementedError
from ase.io import write
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from decant.algorithms.mace.calculator import CompiledMACE
from decant.algorithms.mace.compiled import Evaluator
from decant.algorithms.mace.export.weights import write_model
from decant.algorithms.mace.random import random_mace
from decant.data.prediction import predict
from decant.foundation.errors import InputError
from decant.molecules.liquid import parse_liquid
from decant.molecules.packing import pack
from decant.potentials.export import export
from decant.potentials.potential import Potential
from decant.potentials.single_point import single_point
from tests.integration.test_pair_mace_bad_input import rewrite

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "scalars and vectors": {},
    "scalars only, r_max 5": {"hidden": "16x0e", "r_max": 5.0},
    "features with l = 2": {"hidden": "8x0e+8x1o+8x2e", "correlation": 2},
    "one layer": {"hidden": "8x0e", "layers": 1, "l_max": 1},
    "three layers": {"hidden": "8x0e+8x1o", "layers": 3, "l_max": 2, "correlation": 1},
    "plain MACE, no residual": {
        "kind": "MACE",
        "first": "RealAgnosticInteractionBlock",
        "later": "RealAgnosticInteractionBlock",
    },
}


@functools.cache
def packed() -> Atoms:
    atoms = pack(parse_liquid("CO:4,O:3"), 0.9, seed=1)
    atoms.positions += np.random.default_rng(1).normal(scale=0.05, size=(len(atoms), 3))
    return atoms


def liquid() -> Atoms:
    """Return a box of methanol and water, of sides shorter than twice the cutoff, with atoms outside of it."""
    return packed().copy()


def sheared(atoms: Atoms) -> Atoms:
    """Return a configuration in a left-handed triclinic cell."""
    atoms = atoms.copy()
    atoms.set_cell(atoms.cell.array @ np.array([[0, 1, 0.2], [1, 0.3, 0], [-0.2, 0.25, 1.1]]), scale_atoms=True)
    return atoms


def with_pbc(atoms: Atoms, pbc: object) -> Atoms:
    """Return a configuration, periodic in some directions."""
    atoms = atoms.copy()
    atoms.pbc = pbc
    return atoms


CONFIGURATIONS = {
    "a liquid": liquid,
    "a triclinic cell": lambda: sheared(liquid()),
    "a cell shorter than the cutoff": lambda: molecule("H2O", cell=[3.1, 3.3, 3.6], pbc=True),
    "a slab": lambda: with_pbc(liquid(), (True, False, True)),
    "a wire": lambda: with_pbc(liquid(), (False, False, True)),
    "a molecule": lambda: molecule("CH3OCH3"),
    "molecules out of reach": lambda: Atoms("OHOH", [[0, 0, 0], [0, 0, 1], [50, 0, 0], [50, 0.9, 0]]),
    "an atom": lambda: Atoms("C"),
}


def by_torch(model: Any) -> Any:
    """Return MACE's own calculator."""
    from mace.calculators import MACECalculator

    return MACECalculator(models=[model], device="cpu", default_dtype="float64")


def evaluate(calculator: Any, atoms: Atoms) -> dict[str, Any]:
    """Return the results of a calculator."""
    atoms = atoms.copy()
    calculator.calculate(atoms)
    return dict(calculator.results)


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a small model."""
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    write_model(random_mace(hidden="8x0e+8x1o", l_max=2, correlation=2), path)
    return path


@pytest.fixture(scope="module")
def calculator(model_file: Path) -> CompiledMACE:
    """Return the calculator of a small model."""
    return CompiledMACE(model_file)


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES.keys())
def test_it_agrees_with_mace_torch_on_every_kind_of_cell(architecture: dict[str, Any], tmp_path: Path) -> None:
    model = random_mace(**architecture)
    write_model(model, tmp_path / "model.safetensors")
    ours, torch = CompiledMACE(tmp_path / "model.safetensors"), by_torch(model)
    for name, make in CONFIGURATIONS.items():
        atoms = make()
        found, expected = evaluate(ours, atoms), evaluate(torch, atoms)
        assert abs(found["energy"] - expected["energy"]) / len(atoms) < 1e-6, name
        assert found["free_energy"] == found["energy"]
        np.testing.assert_allclose(found["energies"], expected["energies"], rtol=0, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(found["forces"], expected["forces"], rtol=0, atol=1e-5, err_msg=name)
        if atoms.pbc.all():
            limit = 1e-5 * np.abs(expected["stress"]).max()
            np.testing.assert_allclose(found["stress"], expected["stress"], rtol=0, atol=limit, err_msg=name)
            np.testing.assert_allclose(found["stresses"].sum(axis=0), found["stress"], rtol=0, atol=limit)


@pytest.fixture(scope="module")
def potentials(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Potential]:
    """Return the potential of one model, exported in both precisions."""
    import torch

    folder = tmp_path_factory.mktemp("potentials")
    torch.save(random_mace(hidden="8x0e+8x1o"), folder / "some.model")
    return {name: export(folder / "some.model", folder / name, name)[0] for name in ("double", "single")}


@pytest.mark.parametrize(("precision", "limit"), [("double", 1e-9), ("single", 1e-3)])
def test_it_agrees_with_lammps_in_the_precision_of_the_export(
    precision: str, limit: float, potentials: dict[str, Potential]
) -> None:
    potential, frames = potentials[precision], [liquid(), sheared(liquid()), molecule("CH3OCH3")]
    calculator = potential.calculator()
    assert isinstance(calculator, CompiledMACE) and calculator.precision == precision
    assert calculator.elements == potential.elements and calculator.cutoff == potential.cutoff
    for atoms, ours, lammps in zip(
        frames, predict(calculator, frames), single_point(potential, frames, ranks=1), strict=True
    ):
        assert abs(ours.energy - lammps.energy) / len(atoms) < limit
        np.testing.assert_allclose(ours.forces, lammps.forces, rtol=0, atol=limit * np.abs(lammps.forces).max())
        assert (ours.virial is None) == (lammps.virial is None)
        if ours.virial is not None and lammps.virial is not None:
            # LAMMPS converts pressures with 8 digits
            np.testing.assert_allclose(ours.virial, lammps.virial, rtol=0, atol=max(limit, 1e-6))


def test_single_precision_is_close_to_double_but_not_the_same(potentials: dict[str, Potential]) -> None:
    model = potentials["double"].path / "model.safetensors"
    double, single = (evaluate(CompiledMACE(model, precision=one), liquid()) for one in ("double", "single"))
    scale = np.abs(double["forces"]).max()
    assert 0 < np.abs(single["forces"] - double["forces"]).max() < 1e-4 * scale
    assert abs(single["energy"] - double["energy"]) / len(liquid()) < 1e-5


def test_the_reference_calculator_stays_independent(potentials: dict[str, Potential]) -> None:
    from mace.calculators import MACECalculator

    reference = potentials["double"].reference_calculator()
    assert isinstance(reference, MACECalculator)
    assert all(type(model).__module__.startswith("mace.") for model in reference.models)


def test_forces_and_stress_are_the_derivatives_of_the_energy(calculator: CompiledMACE) -> None:
    atoms, step = sheared(liquid()), 1e-4
    found = evaluate(calculator, atoms)
    random = np.random.default_rng(0)
    for _ in range(5):
        direction = random.normal(size=(len(atoms), 3))
        direction /= np.linalg.norm(direction)
        strain = random.normal(size=(3, 3))
        strain = (strain + strain.T) / np.linalg.norm(strain + strain.T)
        energies: dict[str, list[float]] = {"moved": [], "strained": []}
        for sign in (1, -1):
            moved, strained = atoms.copy(), atoms.copy()
            moved.positions += sign * step * direction
            strained.set_cell(atoms.cell.array @ (np.eye(3) + sign * step * strain), scale_atoms=True)
            energies["moved"].append(evaluate(calculator, moved)["energy"])
            energies["strained"].append(evaluate(calculator, strained)["energy"])
        slope = {name: (plus - minus) / (2 * step) for name, (plus, minus) in energies.items()}
        assert -(found["forces"] * direction).sum() == pytest.approx(slope["moved"], abs=1e-4)
        voigt = strain[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]] * [1, 1, 1, 2, 2, 2]
        assert atoms.get_volume() * (found["stress"] @ voigt) == pytest.approx(slope["strained"], abs=1e-3)


@settings(max_examples=15, deadline=None)
@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    shift=st.tuples(*[st.floats(-20, 20)] * 3),
    seed=st.integers(0, 2**31),
    periodic=st.booleans(),
    mirror=st.booleans(),
)
def test_turns_shifts_mirrors_and_renumbering_change_nothing(
    calculator: CompiledMACE,
    angles: tuple[float, ...],
    shift: tuple[float, ...],
    seed: int,
    periodic: bool,
    mirror: bool,
) -> None:
    atoms = with_pbc(sheared(liquid()), periodic)
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() * (-1 if mirror else 1)
    order = np.random.default_rng(seed).permutation(len(atoms))
    other = atoms[order]
    other.set_cell(atoms.cell.array @ turn.T)
    other.positions = other.positions @ turn.T + shift
    if periodic:
        other.wrap()
    before, after = evaluate(calculator, atoms), evaluate(calculator, other)
    assert after["energy"] == pytest.approx(before["energy"], abs=1e-8)
    np.testing.assert_allclose(after["energies"], before["energies"][order], rtol=0, atol=1e-9)
    np.testing.assert_allclose(after["forces"], before["forces"][order] @ turn.T, rtol=0, atol=1e-8)
    full = [one["stress"][[0, 5, 4, 5, 1, 3, 4, 3, 2]].reshape(3, 3) for one in (before, after)]
    np.testing.assert_allclose(full[1], turn @ full[0] @ turn.T, rtol=0, atol=1e-10)


def test_copies_of_a_cell_have_as_much_energy_each_and_the_same_forces_and_stress(calculator: CompiledMACE) -> None:
    atoms = sheared(liquid())
    one, eight = evaluate(calculator, atoms), evaluate(calculator, atoms.repeat(2))
    assert eight["energy"] == pytest.approx(8 * one["energy"], rel=1e-13)
    np.testing.assert_allclose(eight["forces"], np.tile(one["forces"], (8, 1)), rtol=0, atol=1e-9)
    np.testing.assert_allclose(eight["stress"], one["stress"], rtol=0, atol=1e-11)


def test_nothing_is_left_of_the_configuration_before(calculator: CompiledMACE, model_file: Path) -> None:
    first = evaluate(calculator, molecule("H2O"))
    for between in (liquid().repeat(2), Atoms("C"), Atoms()):
        evaluate(calculator, between)
    again = evaluate(calculator, molecule("H2O"))
    assert again["energy"] == first["energy"] and np.array_equal(again["forces"], first["forces"])
    fresh = evaluate(CompiledMACE(model_file, elements=["O", "H"]), molecule("H2O"))
    np.testing.assert_allclose(fresh["forces"], first["forces"], rtol=0, atol=1e-12)


def test_a_copy_for_another_process_is_the_same_calculator(model_file: Path) -> None:
    original = CompiledMACE(model_file, elements=["O", "H"], precision="single")
    copy = pickle.loads(pickle.dumps(original))
    assert (copy.elements, copy.precision) == (["O", "H"], "single")
    assert np.array_equal(evaluate(copy, molecule("H2O"))["forces"], evaluate(original, molecule("H2O"))["forces"])


def test_no_atoms_have_no_energy(calculator: CompiledMACE) -> None:
    nothing = evaluate(calculator, Atoms(cell=[5, 5, 5], pbc=True))
    assert nothing["energy"] == 0.0 and nothing["forces"].shape == (0, 3) and not nothing["stress"].any()


def test_stress_needs_a_cell(calculator: CompiledMACE) -> None:
    atoms = molecule("H2O")
    atoms.calc = calculator
    assert np.isfinite(atoms.get_forces()).all()
    with pytest.raises(PropertyNotImplementedError):
        atoms.get_stress()


def test_torch_is_not_needed_at_run_time(potentials: dict[str, Potential]) -> None:
    script = (
        "import sys; from pathlib import Path; from ase.build import molecule; "
        "from decant.potentials.potential import Potential\n"
        "atoms = molecule('H2O'); atoms.calc = Potential.open(Path(sys.argv[1])).calculator(); atoms.get_forces()\n"
        "print('loaded:', *({'torch', 'mace', 'e3nn', 'lammps'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script, str(potentials["double"].path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "loaded:", done.stdout + done.stderr


def test_threads_change_nothing_but_rounding(calculator: CompiledMACE, model_file: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; import ase.io, numpy\n"
        "from decant.algorithms.mace.calculator import CompiledMACE\n"
        "atoms = ase.io.read(sys.argv[2]); atoms.calc = CompiledMACE(Path(sys.argv[1]))\n"
        "numpy.save(sys.argv[3], atoms.get_forces())"
    )
    atoms = sheared(liquid())
    write(tmp_path / "a.traj", atoms)
    arguments = [str(model_file), str(tmp_path / "a.traj"), str(tmp_path / "forces.npy")]
    environment = {**os.environ, "OMP_NUM_THREADS": "3"}
    subprocess.run([sys.executable, "-c", script, *arguments], env=environment, check=True)
    expected = evaluate(calculator, atoms)["forces"]
    np.testing.assert_allclose(np.load(tmp_path / "forces.npy"), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"symbols": "XeH"}, "model.safetensors: does not know Xe; it knows: H C O"),
        ({"positions": [[0, 0, 0], [np.nan, 0, 0]]}, "position of atom 1 .* is not a number"),
        ({"positions": [[1, 1, 1], [1, 1, 1]]}, "atoms 0 and 1 .* are 0 angstrom apart"),
        ({"pbc": True}, "span no volume"),
    ],
)
def test_a_nonsensical_configuration_is_refused(change: dict[str, Any], message: str, calculator: CompiledMACE) -> None:
    atoms = Atoms(**{"symbols": "OH", "positions": [[0, 0, 0], [1, 0, 0]], **change})
    atoms.calc = calculator
    with pytest.raises(InputError, match=message):
        atoms.get_potential_energy()
    assert not calculator.results, "no result of another configuration may be taken for this one's"


def test_the_frame_that_is_refused_is_named(calculator: CompiledMACE) -> None:
    broken = Atoms("OH", positions=[[1, 1, 1], [1, 1, 1]])
    with pytest.raises(InputError, match="frame 1 of those evaluated: atoms 0 and 1"):
        predict(calculator, [molecule("H2O"), broken])


def test_an_unusable_model_file_is_refused(model_file: Path, tmp_path: Path) -> None:
    content = model_file.read_bytes()
    (tmp_path / "cut").write_bytes(content[: len(content) // 2])
    (tmp_path / "flipped").write_bytes(content[:-9] + bytes([content[-9] ^ 4]) + content[-8:])
    (tmp_path / "foreign").write_text("years of work")
    with pytest.raises(InputError, match=r"nowhere.safetensors: no such file; expected model.safetensors of"):
        CompiledMACE(tmp_path / "nowhere.safetensors")
    with pytest.raises(InputError, match=r"model file .*cut is truncated"):
        CompiledMACE(tmp_path / "cut")
    with pytest.raises(InputError, match=r"model file .*flipped is damaged"):
        CompiledMACE(tmp_path / "flipped")
    with pytest.raises(InputError, match=r"model file .*foreign is not a safetensors file"):
        CompiledMACE(tmp_path / "foreign")
    with pytest.raises(InputError, match="does not know the element Xe; it knows: H C O"):
        CompiledMACE(model_file, elements=["H", "Xe"])
    with pytest.raises(InputError, match="unknown precision 'half'; expected single or double"):
        CompiledMACE(model_file, precision="half")


def test_a_file_with_an_array_that_no_part_of_the_model_needs_is_refused(model_file: Path, tmp_path: Path) -> None:
    rewrite(model_file, tmp_path / "more.safetensors", {"layers.9.extra": np.zeros(3)})
    with pytest.raises(
        InputError, match=r"more.safetensors has the array 'layers.9.extra', which no part of this model"
    ):
        CompiledMACE(tmp_path / "more.safetensors")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([3, 0], [0, 1], [1, 0], [[0, 0, 1], [0, 0, -1]]), "atom 0 has an element out of range"),
        (([0, -1], [0, 1], [1, 0], [[0, 0, 1], [0, 0, -1]]), "atom 1 has an element out of range"),
        (([0, 0], [1, 0], [0, 1], [[0, 0, 1], [0, 0, -1]]), "edge 1 is out of order"),
        (([0, 0], [0, 2], [1, 0], [[0, 0, 1], [0, 0, -1]]), "edge 1 is out of order, or of an atom out of range"),
        (([0, 0], [0, 1], [1, -1], [[0, 0, 1], [0, 0, -1]]), "edge 1 is out of order, or of an atom out of range"),
        (([0, 0], [0, 1], [1], [[0, 0, 1], [0, 0, -1]]), "one row for each edge"),
        (([0, 0], [0, 1], [1, 0], [[0, 0, 1], [0, 0, 0]]), "edge 1 is shorter"),
        (([0, 0], [0, 1], [1, 0], [[0, 0, 1], [0, 0, np.nan]]), "edge 1 is shorter"),
    ],
)
def test_a_wrong_list_of_edges_is_no_crash(arguments: tuple[Any, ...], message: str, model_file: Path) -> None:
    *indices, vectors = arguments
    evaluator = Evaluator(str(model_file))
    with pytest.raises(ValueError, match=message):
        evaluator.evaluate(*(np.array(one, dtype=np.int32) for one in indices), np.array(vectors, dtype=float))


def test_evaluating_a_potential_uses_the_file_that_lammps_runs(
    mace_potential: Path, tiny_dataset: Path, tmp_path: Path
) -> None:
    from decant.potentials.evaluate import evaluate as errors_of

    path = tmp_path / "p"
    shutil.copytree(mace_potential, path)
    card = Potential.open(path).card
    (path / "reference.safetensors").unlink()
    del card["files"]["reference.safetensors"]
    Potential(path, card).record("check", None)
    found = errors_of(path, tiny_dataset / "test.extxyz")
    assert found["force_meV_per_A"]["total"]["rmse"] == pytest.approx(
        card["test_errors"]["force_meV_per_A"]["total"]["rmse"], rel=1e-6
    )

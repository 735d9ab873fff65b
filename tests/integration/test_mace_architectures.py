"""`pair_style mace` says what mace-torch says for every covered feature and for the published architectures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from decant.algorithms.mace.export.weights import write_model
from decant.algorithms.mace.random import DENSITY, random_mace
from decant.algorithms.registry import algorithm
from decant.foundation.errors import InputError
from decant.potentials.potential import Potential
from tests.integration.conftest import run_decant
from tests.lammps_runs import evaluate
from tests.mace_agreement import agree, liquid

BLOCKS = {key: DENSITY[key] for key in ("first", "later")}
SMALL: dict[str, Any] = {"hidden": "8x0e+8x1o", "l_max": 2, "correlation": 2}
FEATURES: dict[str, dict[str, Any]] = {
    "features with l = 2 between three layers": {**SMALL, "hidden": "8x0e+8x1o+8x2e", "layers": 3},
    "features with l = 2, correlation 3": {**SMALL, "hidden": "8x0e+8x1o+8x2e", "l_max": 3, "correlation": 3},
    "features with l = 3": {**SMALL, "hidden": "4x0e+4x1o+4x2e+4x3o", "l_max": 3},
    "the last layer keeps its vectors": {**SMALL, "keep_last_layer_irreps": True},
    "correlation 4": {**SMALL, "hidden": "4x0e+4x1o+4x2e", "correlation": 4},
    "another correlation in each layer": {**SMALL, "correlation": [4, 1]},
    "density-normalised blocks": {**SMALL, **BLOCKS},
    "only density-normalised first blocks": {**SMALL, "first": BLOCKS["first"], "later": BLOCKS["first"]},
    "only density-normalised residual blocks": {**SMALL, "first": BLOCKS["later"], "later": BLOCKS["later"]},
    "the cutoff behind the radial network": {**SMALL, **BLOCKS, "apply_cutoff": False},
    "Agnesi transform": {**SMALL, "distance_transform": "Agnesi"},
    "Soft transform": {**SMALL, "distance_transform": "Soft"},
    "Gaussian basis": {**SMALL, "radial_type": "gaussian", "num_bessel": 32},
    "a radial network without hidden layer": {**SMALL, "radial_MLP": []},
    "pair repulsion": {**SMALL, "pair_repulsion": True},
    "pair repulsion of a plain MACE": {**SMALL, "pair_repulsion": True, "kind": "MACE"},
    "everything": {**SMALL, **DENSITY, "hidden": "4x0e+4x1o+4x2e", "correlation": 3},
}


@pytest.mark.parametrize("settings", FEATURES.values(), ids=FEATURES.keys())
def test_every_covered_feature_agrees_with_mace_torch(tmp_path: Path, settings: dict[str, Any]) -> None:
    agree(tmp_path, random_mace(**settings), liquid())


def test_pair_repulsion_agrees_where_atoms_are_far_closer_than_bonds(tmp_path: Path) -> None:
    settings = {**SMALL, "kind": "MACE", "layers": 1, "hidden": "8x0e", "r_max": 3.0}
    pressed = liquid()
    pressed.set_cell(0.7 * pressed.cell.array, scale_atoms=True)
    agree(tmp_path, random_mace(**settings, pair_repulsion=True), pressed)
    with_repulsion = evaluate(tmp_path, pressed, tmp_path / "model.safetensors", 1)
    write_model(random_mace(**settings), tmp_path / "without.safetensors")
    without = evaluate(tmp_path, pressed, tmp_path / "without.safetensors", 1)
    assert with_repulsion.energy > without.energy + 10.0, "the test needs atoms that repel each other"


# as published, but for the numbers of elements of which only H, C and O are exported
OFF = {"num_bessel": 8, "elements": (1, 6, 7, 8, 9, 15, 16, 17, 35, 53)}
MP = {"num_bessel": 10, "r_max": 6.0, "elements": tuple(range(1, 90))}
PUBLISHED: dict[str, dict[str, Any]] = {
    "MACE-OFF23 small": {"hidden": "96x0e", "r_max": 4.5, **OFF},
    "MACE-OFF23 medium": {"hidden": "128x0e+128x1o", "r_max": 5.0, **OFF},
    "MACE-OFF23 large": {"hidden": "192x0e+192x1o+192x2e", "r_max": 5.0, **OFF},
    "MACE-MP-0 small": {"hidden": "128x0e", **MP},
    "MACE-MP-0 medium": {"hidden": "128x0e+128x1o", **MP},
    "MACE-MP-0 large": {"hidden": "128x0e+128x1o+128x2e", **MP},
    "MACE-MP-0b2 large": {"hidden": "128x0e+128x1o+128x2e", **MP, **DENSITY},
    "MACE-MPA-0 medium": {"hidden": "128x0e+128x1o", **MP, **DENSITY},
}


@pytest.mark.parametrize("settings", PUBLISHED.values(), ids=PUBLISHED.keys())
def test_published_architectures_with_random_weights_agree_with_mace_torch(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    agree(tmp_path, random_mace(**settings), liquid()[:30], elements=("H", "C", "O"))


def two_heads(**extra: Any) -> Any:
    """Return a model of two levels of theory that differ in everything that a head has of its own."""
    energies = np.array([[-10.0, -1000.0, -2000.0], [-11.0, -1010.0, -2030.0]])
    settings = {
        **SMALL,
        "heads": ["pbe", "r2scan"],
        "atomic_energies": energies,
        "atomic_inter_scale": [5.0, 3.0],
        "atomic_inter_shift": [0.1, -0.2],
    }
    return random_mace(**{**settings, **extra})


@pytest.mark.parametrize("head", ["pbe", "r2scan"])
def test_each_of_two_heads_agrees_with_mace_torch(tmp_path: Path, head: str) -> None:
    agree(tmp_path, two_heads(), liquid(), ranks=(1,), head=head)


def test_several_heads_without_a_name_are_listed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"2 heads: name one as `head` \(pbe, r2scan\)"):
        write_model(two_heads(), tmp_path / "model.safetensors")
    with pytest.raises(InputError, match=r"`head` r2scam: .*did you mean 'r2scan'.*pbe, r2scan"):
        write_model(two_heads(), tmp_path / "model.safetensors", head="r2scam")
    assert not list(tmp_path.iterdir()), "nothing is left behind"


@pytest.mark.parametrize("extra", [DENSITY, {"first": "RealAgnosticInteractionBlock"}], ids=["pairs", "one table"])
def test_a_choice_of_elements_in_another_order_agrees_with_mace_torch(tmp_path: Path, extra: dict[str, Any]) -> None:
    model = random_mace(**{**SMALL, **extra}, elements=(1, 6, 7, 8, 16, 26))
    agree(tmp_path, model, liquid(), elements=("O", "H", "C"))
    whole = (tmp_path / "model.safetensors").stat().st_size
    write_model(model, tmp_path / "all.safetensors")
    assert (tmp_path / "all.safetensors").stat().st_size > whole


def test_elements_that_cannot_be_chosen_are_named(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(InputError, match="does not know Xe; it knows: H C O"):
        write_model(random_mace(**SMALL), path, elements=("H", "Xe"))
    with pytest.raises(InputError, match="H is named twice"):
        write_model(random_mace(**SMALL), path, elements=("H", "O", "H"))
    many = random_mace(**SMALL, distance_transform="Agnesi", elements=tuple(range(1, 31)))
    with pytest.raises(InputError, match=r"knows 30 elements, too many for radial tables: choose `elements`"):
        write_model(many, path)
    assert not list(tmp_path.iterdir()), "nothing is left behind"


def test_a_head_and_elements_chosen_on_the_command_line_hold_in_lammps_and_python(tmp_path: Path) -> None:
    import torch

    energies = np.array([[-10.0, -1000.0, -1500.0, -2000.0], [-11.0, -1010.0, -1520.0, -2030.0]])
    torch.save(two_heads(elements=(1, 6, 7, 8), atomic_energies=energies, **DENSITY), tmp_path / "foundation.model")
    arguments = ["export", tmp_path / "foundation.model", "-o", tmp_path / "potential", "--elements", "H,C,O", "--head"]
    run_decant(*arguments, "pbe")
    assert "written" in run_decant(*arguments, "r2scan").stdout, "another head is another potential"
    with pytest.raises(InputError, match="has the heads pbe, r2scan: export one of them"):
        algorithm("mace").model_calculator(tmp_path / "foundation.model")
    potential = Potential.open(tmp_path / "potential")
    assert potential.elements == ["H", "C", "O"]
    assert potential.card["architecture"]["head"] == "r2scan"
    atoms = liquid()
    found = evaluate(tmp_path, atoms, potential.path / "model.safetensors", 1)
    atoms.calc = potential.calculator()
    assert abs(atoms.get_potential_energy() - found.energy) / len(atoms) < 1e-6
    assert np.abs(atoms.get_forces() - found.forces).max() < 1e-5

"""`pair_style mace` says what mace-torch says for what MACE-MH-1 and MACE-OMOL-0 are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from decant.algorithms.mace.export.features import chosen_totals
from decant.algorithms.mace.random import GATED, random_mace
from decant.foundation.errors import InputError
from decant.potentials.potential import Potential
from tests.integration.conftest import run_decant
from tests.lammps_runs import evaluate
from tests.mace_agreement import agree, liquid, reference

SMALL: dict[str, Any] = {"hidden": "8x0e+8x1o", "l_max": 2, "correlation": 2, "r_max": 3.5}
TOTALS = {
    "total_charge": {"type": "categorical", "per": "graph", "num_classes": 201, "offset": 100, "emb_dim": 8},
    "total_spin": {"type": "categorical", "per": "graph", "num_classes": 101, "emb_dim": 8},
}
# as published, but for the channels, the radial network of OMOL-0 and the elements
MH_1: dict[str, Any] = {
    **GATED,
    "hidden": "32x0e+32x1o",
    "edge_irreps": "8x0e+8x1o",
    "use_edge_irreps_first": True,
    "r_max": 6.0,
    "num_bessel": 10,
    "distance_transform": "Agnesi",
    "pair_repulsion": True,
    "use_agnostic_product": True,
}
OMOL_0: dict[str, Any] = {
    **GATED,
    "hidden": "16x0e+16x1o+16x2e",
    "edge_irreps": "8x0e+8x1o+8x2e",
    "layers": 3,
    "r_max": 6.0,
    "correlation": 2,
    "radial_MLP": [32, 32, 32],
    "use_agnostic_product": True,
    "use_last_readout_only": True,
    "use_embedding_readout": True,
    "embedding_specs": TOTALS,
}
FEATURES: dict[str, dict[str, Any]] = {
    "messages of fewer channels than the features, couplings that are not reduced": {
        **SMALL, "edge_irreps": "5x0e+5x1o", "use_reduced_cg": False,
    },
    "messages of lower l, the same products for all elements, a readout of the last layer": {
        **SMALL, "edge_irreps": "12x0e", "use_agnostic_product": True, "use_last_readout_only": True,
    },
    "features without parity": {**SMALL, "hidden": "8x0e+8x1e+8x2e", "use_so3": True},
    "a gated block without parity behind another": {
        **SMALL, "hidden": "8x0e+8x1e", "use_so3": True, "later": GATED["later"], "apply_cutoff": False,
    },
}  # fmt: skip


@pytest.mark.parametrize("settings", FEATURES.values(), ids=FEATURES.keys())
def test_every_covered_feature_agrees_with_mace_torch(tmp_path: Path, settings: dict[str, Any]) -> None:
    agree(tmp_path, random_mace(**settings), liquid()[:30], ranks=(2,))


def test_a_head_of_mh_1_agrees_with_mace_torch_on_any_number_of_ranks(tmp_path: Path) -> None:
    from mace.modules.blocks import NonLinearBiasReadoutBlock

    heads = {
        "heads": ["omat_pbe", "omol", "spice_wB97M"],
        "atomic_energies": -100.0 * np.arange(1.0, 13.0).reshape(3, 4),
        "atomic_inter_scale": [1.0, 2.0, 3.0],
        "atomic_inter_shift": [0.1, -0.2, 0.3],
        "readout_cls": NonLinearBiasReadoutBlock,
    }
    model = random_mace(**MH_1, **heads, elements=(1, 6, 7, 8))
    agree(tmp_path, model, liquid(), ranks=(1, 2, 4), elements=("O", "H", "C"), head="omol")
    double, single = (
        evaluate(tmp_path, liquid(), tmp_path / "model.safetensors", 2, one) for one in ("double", "float")
    )
    assert 0 < np.abs(single.forces - double.forces).max() < 1e-4 * np.abs(double.forces).max()
    assert abs(single.energy - double.energy) / len(liquid()) < 1e-5


def test_omol_0_agrees_with_mace_torch_at_a_charge_and_a_spin_on_any_number_of_ranks(tmp_path: Path) -> None:
    from mace.modules.blocks import NonLinearBiasReadoutBlock

    model, totals = random_mace(**OMOL_0, readout_cls=NonLinearBiasReadoutBlock), {"charge": -2, "spin": 3}
    agree(tmp_path, model, liquid(), ranks=(1, 2, 4), totals=totals)
    neutral, charged = reference(model, liquid()), reference(model, liquid(), totals=totals)
    assert np.abs(charged.forces - neutral.forces).max() > 1e-3, "the test needs a charge that matters"
    single = evaluate(tmp_path, liquid(), tmp_path / "model.safetensors", 2, "float")
    assert np.abs(single.forces - charged.forces).max() < 1e-4 * np.abs(charged.forces).max()


def test_charge_and_spin_of_the_command_line_hold_in_lammps_and_python_and_stand_on_the_card(tmp_path: Path) -> None:
    import torch

    model = random_mace(**SMALL, embedding_specs=TOTALS, use_embedding_readout=True)
    torch.save(model, tmp_path / "for-any-charge.model")
    arguments = ["export", tmp_path / "for-any-charge.model", "-o", tmp_path / "p"]
    run_decant(*arguments)
    assert Potential.open(tmp_path / "p").card["architecture"]["totals"] == {"charge": 0, "spin": 1}
    assert "written" in run_decant(*arguments, "--charge", "-1", "--spin", "2").stdout
    assert "up to date" in run_decant(*arguments, "--charge", "-1", "--spin", "2").stdout
    potential, atoms = Potential.open(tmp_path / "p"), liquid()[:30]
    assert potential.card["architecture"]["totals"] == {"charge": -1, "spin": 2}
    found = evaluate(tmp_path, atoms, potential.path / "model.safetensors", 1)
    for calculator in (potential.calculator(), potential.reference_calculator()):
        atoms.info["charge"], atoms.calc = 7, calculator  # the potential is one for its own charge
        assert abs(atoms.get_potential_energy() - found.energy) < 1e-6
        assert np.abs(atoms.get_forces() - found.forces).max() < 1e-5
    said = run_decant(*arguments, "--charge", "200", expect=2).stderr
    assert "--charge 200: the model knows -100 to 100" in said
    with pytest.raises(InputError, match=r"`charge` 1: the model knows no total charge; leave it out"):
        chosen_totals(random_mace(**SMALL), 1, None)

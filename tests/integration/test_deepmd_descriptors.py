"""Descriptors of Deep Potential after se_e2_a: fitted by their presets, frozen as each needs, the same on any ranks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from decant.data.frames import read_frames
from decant.potentials.potential import Potential
from tests.integration.conftest import run_decant

# of a size that fits in seconds, with every part of a real one; residues of a size that tells after a few steps
TINY = {
    "dpa1": ["model.descriptor.neuron=[4,8,16]", "model.descriptor.axis_neuron=4"],
    "dpa2": [
        "model.descriptor.repinit.neuron=[4,8,16]",
        "model.descriptor.repinit.axis_neuron=4",
        *(f"model.descriptor.repformer.{key}=8" for key in ("g1_dim", "g2_dim", "attn2_hidden", "attn1_hidden")),
        *(f"model.descriptor.repformer.{key}" for key in ("attn2_nhead=2", "nlayers=2", "update_residual=1.0")),
    ],
    "dpa3": [
        *(f"model.descriptor.repflow.{key}" for key in ("n_dim=16", "e_dim=8", "a_dim=8", "nlayers=2")),
        "model.descriptor.repflow.update_residual=1.0",
    ],
}


@pytest.mark.parametrize(
    ("preset", "ranks"), [("dpa1", "2"), ("dpa2", "4"), ("dpa3", "1,4")]
)  # messages of dpa2 and dpa3 pass between ranks
def test_a_descriptor_is_fitted_exported_and_runs_on_several_ranks(
    preset: str, ranks: str, tiny_dataset: Path, tmp_path: Path
) -> None:
    sizes = [f"--set={setting}" for setting in (*TINY[preset], "model.fitting_net.neuron=[16,16]")]
    words = ("fit", "deepmd", tiny_dataset, "--preset", preset, "--max-epochs", 4, "--no-evaluate", *sizes)
    run_decant(*words, "-o", tmp_path / "m")
    run_decant("export", tmp_path / "m", "-o", tmp_path / "p")
    data = tiny_dataset / "test.extxyz"
    assert run_decant("check", tmp_path / "p", data, "--ranks", ranks, "--limit", 2).stdout.rstrip().endswith("PASS")
    atoms = read_frames(data)[0]
    atoms.calc = Potential.open(tmp_path / "p").calculator()
    assert np.abs(atoms.get_forces()).max() > 0.05, "eV/A; else the check says little"

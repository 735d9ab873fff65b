"""Lone atoms of a Deep Potential held to their labels while it is trained.

An atom without neighbours has a descriptor of its own, to which its network gives an energy. What ``dp`` adds to that,
a bias of each element, is kept at the label less this energy, with gradients, so it is right at each step of a
training; each checkpoint is saved with the bias of its weights. (DeePMD-kit has an option for it, ``atom_ener``, but
TorchScript does not run the models that it makes.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from decant.algorithms.training import HELD


def lone_outputs(model: Any) -> torch.Tensor:
    """Return what the networks of a model give a lone atom of each type, eV, with gradients, without any bias."""
    atomic = model.atomic_model
    types, device = len(model.get_type_map()), atomic.out_bias.device
    positions = torch.zeros(types, 1, 3, dtype=atomic.out_bias.dtype, device=device)
    kinds = torch.arange(types, device=device)[:, None]
    nobody = torch.full((types, 1, sum(model.get_sel())), -1, dtype=torch.long, device=device)
    energies: torch.Tensor = atomic.forward_atomic(positions, kinds, nobody)["energy"]
    return energies.reshape(types).to(atomic.out_bias.dtype)


def missing(model: Any, labels: Mapping[str, float]) -> torch.Tensor:
    """Return by how much the labels of lone atoms are above what a model gives them, eV, of each type."""
    bias = model.atomic_model.out_bias
    wanted = bias.new_tensor([labels.get(element, math.nan) for element in model.get_type_map()])
    return (wanted - bias[0, :, 0] - lone_outputs(model)).nan_to_num(0.0)


def hold_lone_atoms(labels: Mapping[str, float]) -> None:
    """Let the trainings of this process see lone atoms with their labels, eV, and save them so."""
    from deepmd.pt.train.training import Trainer

    begin, save = Trainer.__init__, Trainer.save_model

    def moved(model: Any, words: Any, options: Any, output: Any) -> Any:
        kinds = options["atype"] if "atype" in options else words[1]
        each = missing(model, labels)[kinds].to(output["energy"])
        energies = {"energy": output["energy"] + each.sum(dim=1, keepdim=True)}
        if "atom_energy" in output:
            energies["atom_energy"] = output["atom_energy"] + each[..., None]
        return {**output, **energies}

    def begun(trainer: Any, *arguments: Any, **options: Any) -> None:
        begin(trainer, *arguments, **options)
        trainer.model.register_forward_hook(moved, with_kwargs=True)
        print(HELD, flush=True)

    def settled(trainer: Any, *arguments: Any, **options: Any) -> Any:
        with torch.no_grad():
            trainer.model.atomic_model.out_bias[0, :, 0] += missing(trainer.model, labels)
        return save(trainer, *arguments, **options)

    Trainer.__init__, Trainer.save_model = begun, settled

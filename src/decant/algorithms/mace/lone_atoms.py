"""Lone atoms of a MACE held to their labels, whatever its weights are.

An atom without neighbours passes through the network, too: the maps that skip the interactions give it an energy of its
own, a constant of its element. So what a ``.model`` file calls the energies of the isolated atoms are those less what
the network gives: :math:`E_0(Z) = E_\\mathrm{label}(Z) - f_\\mathrm{lone}(Z)`. That holds at each step of a training,
with gradients; the file remains one of stock mace-torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from ase.data import chemical_symbols

from decant.foundation.files import write_beside


def lone_interactions(model: Any) -> torch.Tensor:
    """Return what the network of a model with one head gives a lone atom of each element, eV, with gradients.

    Returns
    -------
    tensor
        Shape (elements of the model,), without the model's atomic energies.
    """
    weight = next(model.parameters())
    of_type = {"dtype": weight.dtype, "device": weight.device}
    count, indices = len(model.atomic_numbers), {"dtype": torch.long, "device": weight.device}
    atoms = {
        "positions": torch.zeros(count, 3, **of_type),
        "node_attrs": torch.eye(count, **of_type),
        "cell": torch.zeros(3 * count, 3, **of_type),
        "edge_index": torch.zeros(2, 0, **indices),
        "shifts": torch.zeros(0, 3, **of_type),
        "unit_shifts": torch.zeros(0, 3, **of_type),
        "batch": torch.arange(count, **indices),
        "ptr": torch.arange(count + 1, **indices),
        "head": torch.zeros(count, **indices),
    }
    energies: torch.Tensor = model(atoms, training=True, compute_force=False)["interaction_energy"]
    return energies


def lone_energies(model: Any) -> dict[str, float]:
    """Return the energy of a lone atom of each element, eV, by a model with one head."""
    energies = model.atomic_energies_fn.atomic_energies.ravel().double() + lone_interactions(model).detach().double()
    symbols = [chemical_symbols[number] for number in model.atomic_numbers.tolist()]
    return dict(zip(symbols, energies.tolist(), strict=True))


class LoneAtoms:
    """The labels of lone atoms that a training holds a model to; elements without one keep their atomic energies.

    Parameters
    ----------
    labels
        Energy of the lone atom of each element, eV.
    """

    def __init__(self, labels: Mapping[str, float]):
        self.labels = dict(labels)

    def settle(self, model: Any) -> None:
        """Give a model, as its weights are now, the atomic energies by which its lone atoms have their labels."""
        block = model.atomic_energies_fn
        with torch.no_grad():
            energies = block.atomic_energies.double() + self.off(model).reshape(block.atomic_energies.shape)
        block.atomic_energies = energies  # double, also in a model of single precision: 1e3 eV with all their decimals

    def settle_file(self, path: Path) -> None:
        """Settle a ``.model`` file by its weights in double precision, in which it is exported."""
        model = torch.load(path, weights_only=False, map_location="cpu")
        precision = next(model.parameters()).dtype
        self.settle(model.double())
        energies = model.atomic_energies_fn.atomic_energies
        model.to(precision).atomic_energies_fn.atomic_energies = energies
        with write_beside(path) as temporary:
            torch.save(model, temporary)

    def held(self, model: Any) -> Held:
        """Return the model as a training step is to see it."""
        return Held(model, self)

    def off(self, model: Any) -> torch.Tensor:
        """Return by how much the labels of lone atoms are above what a model gives them, eV, with gradients."""
        given = model.atomic_energies_fn.atomic_energies.ravel() + lone_interactions(model).double()
        return (self._labels(model) - given).nan_to_num(0.0)

    def _labels(self, model: Any) -> torch.Tensor:
        """Return the labels in the order of the model's elements, NaN where there is none."""
        symbols = [chemical_symbols[number] for number in model.atomic_numbers.tolist()]
        labels = [self.labels.get(symbol, math.nan) for symbol in symbols]
        return torch.tensor(labels, dtype=torch.float64, device=model.atomic_energies_fn.atomic_energies.device)


class Held:
    """A model in training whose lone atoms have their labels: the gradients of its energies know of that."""

    def __init__(self, model: Any, lone: LoneAtoms):
        self.model, self.lone = model, lone

    def parameters(self) -> Any:
        """Return the parameters of the model."""
        return self.model.parameters()

    def __call__(self, batch: Any, **options: Any) -> Any:
        """Return what the model says of a batch, with energies moved by the constants of the atoms in it."""
        output = self.model(batch, **options)
        each = self.lone.off(self.model).to(output["energy"])
        moved = torch.zeros_like(output["energy"]).index_add(0, batch["batch"], batch["node_attrs"] @ each)
        return {**output, "energy": output["energy"] + moved}

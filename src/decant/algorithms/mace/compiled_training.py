"""A MACE in training whose energies, forces and gradients compiled code computes, in place of torch.

The network of mace-torch stays what it is: parameters, optimizer, loss and files are its own. What is replaced is the
way from its parameters to energies and forces, and the gradient back. Forces are derivatives of the energy along the
vectors between neighbours, so what a loss :math:`L` wants of the parameters :math:`\\theta` through them is

.. math:: \\sum_e u_e \\cdot \\frac{\\partial}{\\partial\\theta} \\frac{\\partial E}{\\partial d_e}
          = \\frac{d}{d\\epsilon} \\frac{\\partial E}{\\partial\\theta}(d + \\epsilon u) \\Big|_{\\epsilon=0},
          \\qquad u_e = \\frac{\\partial L}{\\partial(\\partial E/\\partial d_e)},

a central difference of two gradients of energies, in double precision: no second derivative of the network is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from decant.algorithms.mace.export.weights import model_bytes
from decant.algorithms.mace.trained_arrays import TrainedArrays
from decant.foundation.errors import InputError

DISPLACEMENT = 1.0e-4
"""Angstrom, of vectors between neighbours in a central difference: its error is about 1e-8 of the gradient."""
TABLES = 1.0e-5
"""Error of the splines of radial functions, relative to their largest value; what is exported has finer ones."""
AGREEMENT = 1.0e-6
"""Largest difference of an array from the exporter's, relative to its largest value; of splines' curvatures."""


class NotCovered(Exception):
    """Why compiled code cannot train a model."""


class Compiled:
    """The models of a training by compiled code, or themselves where that does not know them.

    Parameters
    ----------
    tell
        Called once for each model with the words on who computes it.
    """

    def __init__(self, tell: Callable[[str], object]):
        self._tell = tell
        self._known: dict[int, tuple[Any, Any]] = {}  # by identity, which lasts as long as the model itself is kept

    def __call__(self, model: Any) -> Any:
        """Return what a step or a validation is to work with."""
        if id(model) not in self._known:
            self._known[id(model)] = (model, self._compiled(model))
        return self._known[id(model)][1]

    def _compiled(self, model: Any) -> Any:
        try:
            compiled = CompiledModel(model)
        except NotCovered as reason:
            self._tell(f"torch: compiled code does not cover {reason}")
            return model
        self._tell("compiled code")
        return compiled


class CompiledModel:
    """A model of mace-torch as a training step or a validation sees it, computed by compiled code on the CPU.

    Parameters
    ----------
    model
        A `MACE` or `ScaleShiftMACE` with one head, of layers that ``pair_style mace`` knows, without gates.

    Raises
    ------
    NotCovered
        If the model has something else; the message names it.
    """

    def __init__(self, model: Any):
        from decant.algorithms.mace.compiled import Trainer

        if next(model.parameters()).device.type != "cpu":
            raise NotCovered("a device")
        if type(model).__name__ not in ("MACE", "ScaleShiftMACE"):
            raise NotCovered(f"model class {type(model).__name__}")
        if len(getattr(model, "heads", None) or [0]) != 1:
            raise NotCovered("several heads")
        if hasattr(model, "joint_embedding"):
            raise NotCovered("total charge and spin")
        try:
            exported = model_bytes(model, tolerance=TABLES)
            self._trainer = Trainer(exported)
        except (InputError, RuntimeError) as error:
            raise NotCovered(str(error)) from error
        self.model = model
        self._arrays = _arrays_that_agree(model, self._trainer)
        self._offsets = _offsets(exported)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def __call__(
        self,
        data: dict[str, torch.Tensor],
        training: bool = False,
        compute_force: bool = True,
        compute_virials: bool = False,
        compute_stress: bool = False,
    ) -> dict[str, torch.Tensor | None]:
        """Return what ``ScaleShiftMACE.forward`` returns of energies, forces, virials and stresses."""
        graph = _Graph(data)
        with torch.set_grad_enabled(training):
            arrays = self._arrays()
            energies, gradient = _Energies.apply(self._trainer, graph, *(arrays[name] for name in self._trainer.names))
        result: dict[str, torch.Tensor | None] = dict.fromkeys(("forces", "virials", "stress", "hessian"))
        single = data["positions"].dtype
        node_e0 = self.model.atomic_energies_fn(data["node_attrs"]).reshape(-1)
        inner = energies - self._offsets[graph.element]
        sums = torch.zeros(graph.count, dtype=torch.float64)
        interaction = sums.index_add(0, data["batch"], inner)
        result["interaction_energy"] = interaction.to(single)
        result["energy"] = (interaction + sums.index_add(0, data["batch"], node_e0.double())).to(single)
        result["node_energy"] = inner + node_e0.double()
        if compute_force:
            result["forces"] = graph.forces(gradient).to(single)
        if compute_virials or compute_stress:
            virials = graph.virials(gradient)
            result["virials"] = virials.to(single)
            result["stress"] = torch.zeros_like(virials).to(single)
            if compute_stress:
                volume = torch.linalg.det(data["cell"].double().view(-1, 3, 3)).abs().view(-1, 1, 1)
                result["stress"] = torch.where(volume > 0, -virials / volume, torch.zeros_like(virials)).to(single)
        return result


class _Graph:
    """The edges of a batch, sorted by the atom that receives."""

    def __init__(self, data: dict[str, torch.Tensor]):
        source, owner = data["edge_index"]
        order = torch.argsort(owner, stable=True)
        self.owner, self.source = owner[order], source[order]
        positions = data["positions"].detach().double()
        self.vectors = positions[self.owner] - positions[self.source] + data["shifts"].double()[order]
        self.element = data["node_attrs"].argmax(dim=1)
        self.frame = data["batch"]
        self.count = int(data["ptr"].numel() - 1)
        self.atoms = len(positions)

    def forces(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return forces [atom, 3] from the gradient of the energy with respect to each vector."""
        zeros = torch.zeros(self.atoms, 3, dtype=torch.float64)
        return zeros.index_add(0, self.source, gradient).index_add(0, self.owner, -gradient)

    def virials(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return virials [frame, 3, 3], symmetric as those of mace-torch are."""
        outer = self.vectors[:, :, None] * gradient[:, None, :]
        zeros = torch.zeros(self.count, 3, 3, dtype=torch.float64)
        return -zeros.index_add(0, self.frame[self.owner], 0.5 * (outer + outer.transpose(1, 2)))


class _Energies(torch.autograd.Function):
    """From the arrays of a model to the energies of atoms and their gradient with respect to the vectors of edges."""

    @staticmethod
    def forward(ctx: Any, trainer: Any, graph: _Graph, *arrays: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        ctx.trainer, ctx.graph, ctx.weights = trainer, graph, [array.detach().numpy() for array in arrays]
        _place(ctx)
        energies, gradient = trainer.evaluate(graph.vectors.numpy())
        return torch.from_numpy(energies), torch.from_numpy(gradient)

    @staticmethod
    def backward(ctx: Any, by_energy: torch.Tensor, by_gradient: torch.Tensor) -> tuple[Any, ...]:
        graph = ctx.graph
        if not (by_energy.isfinite().all() and by_gradient.isfinite().all()):  # diverged, which whoever asked is to see
            return None, None, *(torch.full((len(array),), torch.nan, dtype=torch.float64) for array in ctx.weights)
        largest = torch.zeros(graph.count, dtype=torch.float64).scatter_reduce_(
            0, graph.frame[graph.owner], by_gradient.norm(dim=1), "amax"
        )
        step = torch.where(largest > 0, DISPLACEMENT / largest, torch.zeros_like(largest))
        along = torch.where(largest > 0, 0.5 * largest / DISPLACEMENT, torch.zeros_like(largest))[graph.frame]
        displacement = step[graph.frame[graph.owner]][:, None] * by_gradient
        _place(ctx)  # a loss may know of several batches
        found = ctx.trainer.differentiate(
            (graph.vectors + displacement).numpy(), (0.5 * by_energy + along).numpy(),
            (graph.vectors - displacement).numpy(), (0.5 * by_energy - along).numpy(),
        )  # fmt: skip
        return None, None, *(torch.from_numpy(array) for array in found)


def _place(ctx: Any) -> None:
    """Give a trainer the weights and the edges of a call."""
    graph = ctx.graph
    ctx.trainer.set_threads(torch.get_num_threads())
    ctx.trainer.set_weights(ctx.weights)
    ctx.trainer.set_graph(*(part.numpy().astype(np.int32) for part in (graph.element, graph.owner, graph.source)))


def _arrays_that_agree(model: Any, trainer: Any) -> TrainedArrays:
    """Return the arrays of a model as functions of its parameters, after a comparison with what the exporter reads."""
    expected = dict(zip(trainer.names, trainer.weights, strict=True))
    try:
        arrays = TrainedArrays(model, {name: len(values) for name, values in expected.items()})
        with torch.no_grad():
            found = arrays()
    except (AttributeError, ValueError, KeyError, RuntimeError) as error:
        raise NotCovered(f"a network of another build ({error})") from error
    if set(found) != set(trainer.names):
        raise NotCovered("a network of another build (other arrays)")
    for name, values in expected.items():
        off = np.abs(found[name].numpy() - values).max(initial=0.0) if len(values) == len(found[name]) else np.inf
        if off > AGREEMENT * np.abs(values).max(initial=1e-30):
            raise NotCovered(f"a network of another build ({name})")
    return arrays


def _offsets(exported: bytes) -> torch.Tensor:
    """Return what the exported model counts as the energies of isolated atoms [element], eV."""
    from safetensors.numpy import load

    return torch.from_numpy(load(exported)["atomic_energies"])

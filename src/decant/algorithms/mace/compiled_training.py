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

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from decant.algorithms.mace.batches import GRAPH
from decant.algorithms.mace.export.weights import model_bytes
from decant.algorithms.mace.graph import Graph
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
            trainer = Trainer(exported)
        except (InputError, RuntimeError) as error:
            raise NotCovered(str(error)) from error
        self.model = model
        self.engine = Engine(trainer)
        self._arrays = _arrays_that_agree(model, trainer)
        self._parameters = list(model.parameters())
        self._offsets = _offsets(exported)
        self._last: tuple[torch.Tensor, list[torch.Tensor]] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def parameters(self) -> Iterator[torch.nn.Parameter]:
        """Return the parameters of the model, which mace-torch asks for at each step."""
        return iter(self._parameters)

    def __call__(
        self,
        data: dict[str, Any],
        training: bool = False,
        compute_force: bool = True,
        compute_virials: bool = False,
        compute_stress: bool = False,
    ) -> dict[str, torch.Tensor | None]:
        """Return what ``ScaleShiftMACE.forward`` returns of energies, forces, virials and stresses.

        The batch is one of mace-torch or of `batches.collate`.
        """
        graph = data.get(GRAPH) or Graph.of(data)
        with torch.set_grad_enabled(training):
            energies, forces, virials = _Answer.apply(self.engine, graph, *self._weights(training))
        result: dict[str, torch.Tensor | None] = dict.fromkeys(("forces", "virials", "stress", "hessian"))
        single = data["positions"].dtype
        node_e0 = self.model.atomic_energies_fn(data["node_attrs"]).reshape(-1)
        inner = energies - self._offsets.index_select(0, torch.from_numpy(graph.element))
        sums = torch.zeros(len(graph.atoms), dtype=torch.float64)
        interaction = sums.index_add(0, data["batch"], inner)
        result["interaction_energy"] = interaction.to(single)
        result["energy"] = (interaction + sums.index_add(0, data["batch"], node_e0.double())).to(single)
        result["node_energy"] = inner + node_e0.double()
        if compute_force:
            result["forces"] = forces.to(single)
        if compute_virials or compute_stress:
            result["virials"] = virials.to(single)
            result["stress"] = torch.zeros_like(virials).to(single)
            if compute_stress:
                volume = torch.linalg.det(data["cell"].double().view(-1, 3, 3)).abs().view(-1, 1, 1)
                result["stress"] = torch.where(volume > 0, -virials / volume, torch.zeros_like(virials)).to(single)
        return result

    def _weights(self, training: bool) -> list[torch.Tensor]:
        """Return the arrays for the engine; those of the last call where a validation has the same parameters."""
        row = self._arrays.row()
        if training or self._last is None or not torch.equal(row, self._last[0]):
            arrays = self._arrays(row)
            weights = [arrays[name] for name in self.engine.trainer.names]
            self._last = None if training else (row, weights)
            return weights
        return self._last[1]


class Engine:
    """The compiled trainer, which is given weights and edges when it has others."""

    def __init__(self, trainer: Any):
        self.trainer = trainer
        self._weights: Sequence[torch.Tensor] = ()
        self._graph: Graph | None = None

    def place(self, weights: Sequence[torch.Tensor], graph: Graph) -> None:
        """Give it the weights and the edges of a call; both stay as they are once they are given."""
        self.trainer.set_threads(torch.get_num_threads())
        if len(weights) != len(self._weights) or any(a is not b for a, b in zip(weights, self._weights, strict=True)):
            self.trainer.set_weights([array.detach().numpy() for array in weights])
            self._weights = weights
        if graph is not self._graph:
            self.trainer.set_graph(graph.element, graph.owner, graph.source)
            self._graph = graph


class _Answer(torch.autograd.Function):
    """From the arrays of a model to energies of atoms, forces and virials."""

    @staticmethod
    def forward(ctx: Any, engine: Engine, graph: Graph, *weights: torch.Tensor) -> tuple[torch.Tensor, ...]:
        ctx.engine, ctx.graph, ctx.weights = engine, graph, weights
        ctx.set_materialize_grads(False)
        engine.place(weights, graph)
        energies, gradient = map(torch.from_numpy, engine.trainer.evaluate(graph.vectors.numpy()))
        return energies, graph.forces(gradient), graph.virials(gradient)

    @staticmethod
    def backward(ctx: Any, *by: torch.Tensor | None) -> tuple[Any, ...]:
        engine, graph = ctx.engine, ctx.graph
        by_energy = torch.zeros(len(graph.element), dtype=torch.float64) if by[0] is None else by[0]
        by_gradient = graph.by_gradient(by[1], by[2])
        if not (by_energy.isfinite().all() and by_gradient.isfinite().all()):  # diverged, which whoever asked is to see
            return None, None, *(torch.full_like(array, torch.nan) for array in ctx.weights)
        # of each frame the longest displacement is the same, and atoms share in the derivative along it
        largest = [
            part.max() if len(part) else part.new_zeros(()) for part in by_gradient.norm(dim=1).split(graph.edges)
        ]
        along = torch.stack(largest) / DISPLACEMENT
        step = torch.where(along > 0, 1 / along, 0.0)
        displacement = step.repeat_interleave(torch.tensor(graph.edges))[:, None] * by_gradient
        share = 0.5 * along.repeat_interleave(torch.tensor(graph.atoms))
        engine.place(ctx.weights, graph)  # a loss may know of several batches
        found = engine.trainer.differentiate(
            (graph.vectors + displacement).numpy(), (0.5 * by_energy + share).numpy(),
            (graph.vectors - displacement).numpy(), (0.5 * by_energy - share).numpy(),
        )  # fmt: skip
        return None, None, *map(torch.from_numpy, found)


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

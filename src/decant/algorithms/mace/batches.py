"""Batches of mace-torch's frames, put together from what is worked out once for each frame.

Its own loader asks each frame for the names of its contents once for each of them, and so do `to` and `to_dict` of a
batch. The contents here are the same; edges are sorted, and a batch brings the graph that compiled code takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mace.tools.torch_geometric.batch import Batch

from decant.algorithms.mace.graph import Graph

GRAPH = "graph"
"""The entry of a batch for compiled code."""
_KEPT = "__decant_contents__"  # attribute of a frame; those in underscores are none of its contents


class FrameBatch(Batch):
    """A batch on the CPU that knows the graph of its frames."""

    def to(self, device: Any, *keys: str, **options: Any) -> Any:
        """Return itself where it is already there, as the batch of mace-torch does."""
        if torch.device(device).type == "cpu" and not keys and not options:
            return self
        return super().to(device, *keys, **options)

    def to_dict(self) -> dict[str, Any]:
        """Return the contents by name, and the graph."""
        return {**self.__dict__[_KEPT].tensors, GRAPH: self.__dict__[_KEPT].graph}


class _Contents:
    """The tensors of a frame, or of a batch, by name, and the graph."""

    def __init__(self, tensors: dict[str, torch.Tensor], graph: Graph):
        self.tensors, self.graph = tensors, graph


def collate(frames: Sequence[Any]) -> FrameBatch:
    """Return the batch of some frames of type `AtomicData`, as ``Batch.from_data_list`` would."""
    contents = [_contents(frame) for frame in frames]
    counts = [sum(part.graph.atoms) for part in contents]
    first = [sum(counts[:number]) for number in range(len(counts) + 1)]
    tensors = {}
    for name, tensor in contents[0].tensors.items():
        parts = [part.tensors[name] for part in contents]
        indices = bool(frames[0].__inc__(name, tensor))
        if indices:
            parts = [part + start for part, start in zip(parts, first, strict=False)]
        tensors[name] = torch.cat(parts, frames[0].__cat_dim__(name, tensor))
    tensors["batch"] = torch.repeat_interleave(torch.tensor(counts))
    tensors["ptr"] = torch.tensor(first)
    batch = FrameBatch()
    batch.__dict__.update(tensors)
    batch.__dict__["__num_graphs__"] = len(frames)
    batch.__dict__[_KEPT] = _Contents(tensors, Graph.joined([part.graph for part in contents]))
    return batch


def _contents(frame: Any) -> _Contents:
    """Return the contents of a frame, numbers as rows of one, its edges sorted by the atom that receives."""
    if _KEPT not in frame.__dict__:
        tensors = {name: frame[name] for name in frame.keys}
        order = torch.argsort(tensors["edge_index"][1], stable=True)
        for name in ("edge_index", "shifts", "unit_shifts"):
            tensor = tensors[name]
            frame[name] = tensors[name] = tensor[:, order] if name == "edge_index" else tensor[order]
        graph = Graph.of({**tensors, "ptr": torch.tensor([0, len(tensors["positions"])])})
        tensors = {name: tensor if tensor.dim() else tensor[None] for name, tensor in tensors.items()}
        frame.__dict__[_KEPT] = _Contents(tensors, graph)
    contents: _Contents = frame.__dict__[_KEPT]
    return contents

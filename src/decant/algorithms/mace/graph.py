"""The atoms and edges of a batch as compiled code takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Graph:
    """Frames after each other, their edges sorted by the atom that receives.

    Attributes
    ----------
    element, owner, source
        Index of the element of each atom, and of the atoms of each edge, int32.
    vectors
        From the source to the owner of each edge, angstrom, double precision, shape (edges, 3).
    edges, atoms
        How many each frame has.
    """

    element: np.ndarray
    owner: np.ndarray
    source: np.ndarray
    vectors: torch.Tensor
    atoms: tuple[int, ...]
    edges: tuple[int, ...]

    @classmethod
    def of(cls, data: Mapping[str, torch.Tensor]) -> Graph:
        """Return the graph of a batch of mace-torch, whose edges are those of one frame after those of another."""
        source, owner = data["edge_index"]
        order = torch.argsort(owner, stable=True)
        positions = data["positions"].detach().double()
        vectors = positions[owner[order]] - positions[source[order]] + data["shifts"].double()[order]
        ptr = data["ptr"].tolist()
        frames = np.searchsorted(owner[order].numpy(), ptr)
        parts = (data["node_attrs"].argmax(dim=1), owner[order], source[order])
        element, owners, sources = (part.numpy().astype(np.int32) for part in parts)
        return cls(element, owners, sources, vectors, tuple(np.diff(ptr).tolist()), tuple(np.diff(frames).tolist()))

    @classmethod
    def joined(cls, graphs: Sequence[Graph]) -> Graph:
        """Return the graph of the frames of several."""
        first = np.cumsum([0, *(len(graph.element) for graph in graphs[:-1])], dtype=np.int32)
        return cls(
            np.concatenate([graph.element for graph in graphs]),
            np.concatenate([graph.owner + start for graph, start in zip(graphs, first, strict=True)]),
            np.concatenate([graph.source + start for graph, start in zip(graphs, first, strict=True)]),
            torch.cat([graph.vectors for graph in graphs]),
            tuple(count for graph in graphs for count in graph.atoms),
            tuple(count for graph in graphs for count in graph.edges),
        )

    def forces(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return forces [atom, 3] from the gradient of the energy with respect to each vector."""
        zeros = torch.zeros(len(self.element), 3, dtype=torch.float64)
        zeros.index_add_(0, self._sources(), gradient)
        return zeros.index_add_(0, self._owners(), gradient, alpha=-1)

    def virials(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return virials [frame, 3, 3], symmetric as those of mace-torch are."""
        frames = zip(self.vectors.split(self.edges), gradient.split(self.edges), strict=True)
        outer = torch.stack([vectors.T @ part for vectors, part in frames])
        return -0.5 * (outer + outer.transpose(1, 2))

    def by_gradient(self, by_forces: torch.Tensor | None, by_virials: torch.Tensor | None) -> torch.Tensor:
        """Return what a loss depends on through `forces` and `virials`, carried back to the gradient [edge, 3]."""
        result = torch.zeros_like(self.vectors)
        if by_forces is not None:
            result += by_forces.index_select(0, self._sources())
            result -= by_forces.index_select(0, self._owners())
        if by_virials is not None:
            symmetric = 0.5 * (by_virials + by_virials.transpose(1, 2))
            frames = zip(self.vectors.split(self.edges), symmetric, strict=True)
            result -= torch.cat([vectors @ matrix for vectors, matrix in frames])
        return result

    def _owners(self) -> torch.Tensor:
        return torch.from_numpy(self.owner).long()  # which torch adds by ten times as fast

    def _sources(self) -> torch.Tensor:
        return torch.from_numpy(self.source).long()

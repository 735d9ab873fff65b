"""Ions by name: the table of ions that decant knows."""

from __future__ import annotations

import functools
import importlib.resources

from decant.foundation.files import parse_yaml
from decant.molecules.molecule import Molecule, graph
from decant.molecules.topology import graph_signature


@functools.cache
def ions() -> tuple[Molecule, ...]:
    """Return every named ion."""
    text = importlib.resources.files("decant").joinpath("molecules/ions.yaml").read_text(encoding="utf-8")
    table: dict[str, str] = parse_yaml(text)
    return tuple(Molecule(name, smiles) for name, smiles in table.items())


@functools.lru_cache(maxsize=4096)
def ion_of(symbols: tuple[str, ...], edges: tuple[tuple[int, int], ...]) -> Molecule | None:
    """Return the named ion with this molecular graph, or None."""
    return _by_graph().get(graph_signature(symbols, edges))


@functools.cache
def _by_graph() -> dict[str, Molecule]:
    return {graph_signature(ion.symbols, graph(ion.smiles)[1]): ion for ion in ions()}

"""What a potential was trained on, as its card tells: molecules, liquids, and the level of theory of the labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from decant.data.reactions import find_molecules
from decant.molecules.molecule import Molecule
from decant.molecules.smiles import smiles
from decant.molecules.species import composition, known_name
from decant.molecules.topology import formula, molecule_ids, split_graph

if TYPE_CHECKING:
    from ase import Atoms

Kind = TypeVar("Kind")

LIQUIDS = 20
"""Compositions of boxes that a card lists, the commonest first."""
EXAMINED = 50
"""Frames of the same atoms whose bonds are looked for; thousands of them would tell no more, and take minutes."""


def describe_molecules(frames: Sequence[Atoms]) -> dict[str, Any]:
    """Return what a card says of the molecules of labelled frames without isolated atoms.

    Returns
    -------
    dict
        ``species``: name and SMILES of each kind of molecule, the commonest first; then formulas as names alone, of
        lone atoms and of what has no SMILES that can be told from bonds. What broke or fused is no kind. ``liquids``:
        composition of periodic frames, and how many have it. ``labels``: method, version and settings that
        ``decant label`` wrote, and how many frames have them; empty for imported ones.
    """
    kinds: defaultdict[tuple[str, str], float] = defaultdict(float)
    formulas: dict[str, str] = {}
    liquids: defaultdict[str, float] = defaultdict(float)
    examined, weights = _examined(frames)
    found = find_molecules(examined, [frame.arrays["mol_id"] for frame in examined])
    for frame, one, weight in zip(examined, found, weights, strict=True):
        pieces = split_graph(frame, one.mol_id, one.bonds)
        names = [_named(*piece) for piece in pieces]
        for piece, (name, text) in zip(pieces, names, strict=True):
            if text:
                kinds[name, text] += weight
                formulas[formula(piece[0])] = text
            elif _is_whole(*piece):
                formulas.setdefault(name, "")
        if frame.pbc.all():
            liquids[composition([name for name, _ in names])] += weight
    labels = Counter(_label(frame) for frame in frames if "label_method" in frame.info)
    return {
        "species": [
            *({"name": name, "smiles": text} for name, text in _commonest(kinds)),
            *({"name": name} for name, text in formulas.items() if not text),
        ],
        "liquids": {name: round(liquids[name]) for name in _commonest(liquids)[:LIQUIDS]},
        "labels": [
            {"method": method, "version": version, "settings": settings, "frames": count}
            for (method, version, settings), count in labels.most_common()
        ],
    }


def _examined(frames: Sequence[Atoms]) -> tuple[list[Atoms], list[float]]:
    """Return at most `EXAMINED` frames of each kind, by atoms and periodicity, and how many each of them stands for."""
    kinds: defaultdict[tuple[bytes, bool], list[int]] = defaultdict(list)
    for index, frame in enumerate(frames):
        kinds[frame.numbers.tobytes(), bool(frame.pbc.all())].append(index)
    chosen, weights = [], []
    for members in kinds.values():
        spread = np.linspace(0, len(members) - 1, min(EXAMINED, len(members))).round().astype(int)
        chosen += [frames[members[index]] for index in spread]
        weights += [len(members) / len(spread)] * len(spread)
    return chosen, weights


def _commonest(counts: Mapping[Kind, float]) -> list[Kind]:
    return sorted(counts, key=lambda kind: -counts[kind])


def _named(symbols: tuple[str, ...], edges: tuple[tuple[int, int], ...]) -> tuple[str, str]:
    """Return name and SMILES of a molecule; without a SMILES, as lone atoms are, it is known by its formula."""
    text = smiles(symbols, edges) or ""
    return (known_name(symbols, edges) or text) if text else formula(symbols), text


def _is_whole(symbols: tuple[str, ...], edges: tuple[tuple[int, int], ...]) -> bool:
    return int(molecule_ids(len(symbols), np.array(edges, dtype=int)).max()) == 0


def _label(frame: Atoms) -> tuple[str, str, str]:
    method, version, settings = (str(frame.info.get(f"label_{key}", "")) for key in ("method", "version", "settings"))
    return method, version, settings


@dataclass(frozen=True)
class TrainingData:
    """What the card of a potential says of its training; cards of earlier versions say less.

    Attributes
    ----------
    molecules
        Molecules that it has seen, also those of what its fit started from; None if that is not known.
    formulas
        Formulas of ions that it has seen and that have no SMILES on the card.
    liquid
        Composition of most of its boxes, for example ``"EC:2,EMC:4"``; None without boxes or where the card is silent.
    labels
        Methods of its labels, each with ``method`` and ``settings`` as ``decant label`` writes them into a frame, the
        commonest first.
    """

    molecules: tuple[Molecule, ...] | None
    formulas: tuple[str, ...]
    liquid: str | None
    labels: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, card: dict[str, Any]) -> TrainingData:
        """Read it from a card."""
        data, fit = card.get("data") or {}, card.get("fit") or {}
        parts = [data, *([fit["pretrained"]] if fit.get("pretrained") else [])]
        species = [entry for part in parts for entry in part.get("species") or ()]
        known = bool(species) and all("species" in part for part in parts)
        named = {entry["smiles"]: entry["name"] for entry in species if entry.get("smiles")}
        return cls(
            tuple(Molecule(name, text) for text, name in named.items()) if known else None,
            tuple(dict.fromkeys(entry["name"] for entry in species if not entry.get("smiles"))) if known else (),
            next(iter(data.get("liquids") or {}), None),
            tuple(data.get("labels") or ()),
        )

    @property
    def species(self) -> list[dict[str, str]]:
        """Its molecules and formulas as a card lists them."""
        named = [{"name": one.name, "smiles": one.smiles} for one in self.molecules or ()]
        return [*named, *({"name": name} for name in self.formulas)]

    def new(self, molecules: Sequence[Molecule]) -> list[Molecule]:
        """Return those of some molecules that it has not seen; none where that is not known."""

        if self.molecules is None:
            return []
        seen = {one.identity for one in self.molecules}
        return [one for one in molecules if one.identity not in seen and one.formula not in self.formulas]

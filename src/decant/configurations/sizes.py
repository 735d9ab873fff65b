"""How large the frames of a recipe are, told before they are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol, runtime_checkable

import numpy as np

from decant.configurations.base import complete, whole_ends
from decant.molecules.electrolyte import Solution, dissolved
from decant.molecules.molecule import Molecule


@dataclass(frozen=True)
class Sizes:
    """The size of the frames that a recipe makes.

    Attributes
    ----------
    molecules
        Atoms of each molecule of a frame, on average; empty where only building tells.
    periodic
        Whether they have a cell.
    isolated
        Whether they are isolated atoms, one an element however many are asked for.
    """

    molecules: tuple[float, ...] = ()
    periodic: bool = True
    isolated: bool = False


@runtime_checkable
class TellsSizes(Protocol):
    """A recipe that tells the size of its frames."""

    def sizes(self, parameters: Mapping[str, Any]) -> Sizes:
        """Return the size of the frames for parameters as in a recipe file, with the defaults of those left out.

        Raises
        ------
        InputError
            If a parameter makes no sense.
        """
        ...


def sizes_of(recipe: Any, parameters: Mapping[str, Any]) -> Sizes:
    """Return what a recipe tells of its frames, else what its `base` tells, else nothing."""
    everything = complete(recipe, parameters)
    if isinstance(recipe, TellsSizes):
        return recipe.sizes(everything)
    base = getattr(recipe, "base", None)
    return Sizes() if base is None else sizes_of(base(), everything)


def atoms_of(kind: Molecule) -> float:
    """Return the number of atoms of a molecule."""
    return float(len(kind.symbols))


def box_molecules(parameters: Mapping[str, Any]) -> tuple[float, ...]:
    """Return the atoms of each molecule of a box of `liquid`, with `atoms` or `molecules` as its size."""
    given = {field.name: parameters[field.name] for field in fields(Solution) if field.name in parameters}
    density = float(np.mean(parameters["density"]))
    size = parameters["molecules"], parameters["atoms"], density
    composition = dissolved(parameters["liquid"], Solution(**given), *size)
    return tuple(atoms_of(kind) for kind, count in composition for _ in range(count))


def mean_molecules(atoms: Sequence[float], size: int | list[int]) -> tuple[float, ...]:
    """Return molecules of mean size, as many as `size` (a number or [fewest, most]) has on average."""
    fewest, most = whole_ends(size, "size")
    return (sum(atoms) / len(atoms),) * round((fewest + most) / 2)

"""What a liquid is made of: molecules and their counts, by counts or by mole ratio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from decant.foundation.errors import InputError
from decant.foundation.settings import text as nonempty
from decant.molecules.molecule import Molecule
from decant.molecules.solvents import molecule


def parse_liquid(text: str) -> list[tuple[Molecule, int]]:
    """Parse a composition such as ``"EC:4,EMC:8"`` into molecules and their counts.

    Raises
    ------
    InputError
        If the syntax is wrong, a count is not a positive whole number, or a solvent is unknown.
    """
    liquid = []
    for part in str(text).split(","):
        name, separator, count = part.rpartition(":")  # a SMILES may hold ':', a count never
        if not separator or not count.strip().isdigit() or int(count) == 0:
            raise InputError(f"liquid '{text}': expected NAME:COUNT,NAME:COUNT, for example EC:4,EMC:8")
        liquid.append((molecule(name), int(count)))
    return liquid


def require_once(text: str, kinds: Sequence[Molecule]) -> None:
    """Refuse a composition of a run that names a molecule twice: what is measured of it would be of a part of it.

    Raises
    ------
    InputError
        If it does, under one name or two.
    """
    if len(kinds) == 1:
        return
    known = [kind.identity for kind in kinds]
    twice = next((kind.name for kind, one in zip(kinds, known, strict=True) if known.count(one) > 1), None)
    if twice is not None:
        raise InputError(f"liquid '{text}': {twice} stands in it twice; give all of it in one place")


def mixture(text: str, atoms: int | None = None, molecules: int | None = None) -> list[tuple[Molecule, int]]:
    """Parse a composition by counts, or by mole ratio for a box of a given size.

    Parameters
    ----------
    text
        Such as ``"EC:4,EMC:8"``; with a size the numbers are a ratio and need not be whole: ``"EC:0.3,EMC:0.7"``.
    atoms
        About how many atoms the box has.
    molecules
        How many molecules the box has; their numbers are the nearest whole ones to the ratio that add up to it.

    Raises
    ------
    InputError
        If the syntax is wrong, both sizes are given, or the box has no room for one molecule of each kind.
    """
    if atoms is None and molecules is None:
        return parse_liquid(text)
    if atoms is not None and molecules is not None:
        raise InputError(f"liquid '{text}': give atoms or molecules, not both")
    parts = ratio(text)
    shares = np.array([share for _, share in parts]) / sum(share for _, share in parts)
    if molecules is None:
        molecules = round(
            int(atoms or 0) / sum(x * len(kind.symbols) for (kind, _), x in zip(parts, shares, strict=True))
        )
    counts = shared_out(shares, molecules, text)
    return [(kind, int(count)) for (kind, _), count in zip(parts, counts, strict=True)]


def shared_out(shares: np.ndarray, molecules: int, text: str) -> np.ndarray:
    """Return whole numbers of molecules, nearest to shares that add up to one.

    Raises
    ------
    InputError
        If there is none of some kind.
    """
    counts = rounded(shares, molecules)
    if counts.min() < 1:
        raise InputError(f"liquid '{text}': a box of {molecules} molecules has none of some kind; make it larger")
    return counts


def rounded(shares: np.ndarray, whole: int) -> np.ndarray:
    """Return whole numbers that add up to `whole`, nearest to shares that add up to one."""
    counts = np.floor(shares * whole).astype(int)
    for index in np.argsort(counts - shares * whole, kind="stable")[: whole - counts.sum()]:
        counts[index] += 1
    return counts


def ratio(text: str) -> list[tuple[Molecule, float]]:
    """Parse shares such as ``"EC:0.3,EMC:0.7"``, which need not add up to one.

    Raises
    ------
    InputError
        If the syntax is wrong, a share is not a positive number, or a solvent is unknown.
    """
    return [(molecule(name), share) for name, share in shares_by_name(text, "liquid", "EC:3,EMC:7")]


def shares_by_name(text: str, kind: str, example: str) -> list[tuple[str, float]]:
    """Parse names and positive shares.

    Raises
    ------
    InputError
        If the syntax is wrong or a share is not a positive number; it names the kind of thing and an example.
    """
    parts = []
    for part in str(text).split(","):
        name, _, share = part.rpartition(":")
        try:
            value = float(share)
        except ValueError:
            value = 0.0
        if not name or not 0 < value < np.inf:
            raise InputError(f"{kind} '{text}': expected NAME:SHARE,NAME:SHARE, for example {example}")
        parts.append((name.strip(), value))
    return parts


def composition_name(liquid: list[tuple[Molecule, int]]) -> str:
    """Return a composition as text, for example ``EC:4,EMC:8``."""
    return ",".join(f"{kind.name}:{count}" for kind, count in liquid)


def liquid_text(value: Any) -> str:
    """Return a composition such as ``EC:2,EMC:4`` after a check of its molecules; a reader of settings."""
    require_once(value, [kind for kind, _ in parse_liquid(nonempty(value))])
    return str(value)

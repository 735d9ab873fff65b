"""Salts by name: every neutral pair of a named cation and a named anion, as chemists write it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from math import gcd

import numpy as np

from decant.foundation.errors import InputError, nearest
from decant.molecules.ions import ions
from decant.molecules.liquid import rounded, shares_by_name
from decant.molecules.molecule import Molecule


@dataclass(frozen=True)
class Salt:
    """A salt.

    Attributes
    ----------
    name
        Such as ``LiPF6``, ``MgCl2`` or ``Ca(TFSI)2``.
    cation, anion
        Its ions.
    cations, anions
        How many of each are in a formula unit.
    """

    name: str
    cation: Molecule
    anion: Molecule
    cations: int
    anions: int

    @property
    def ions(self) -> int:
        """Number of ions of a formula unit."""
        return self.cations + self.anions

    @property
    def atoms(self) -> int:
        """Number of atoms of a formula unit."""
        return self.cations * len(self.cation.symbols) + self.anions * len(self.anion.symbols)

    @property
    def molar_mass(self) -> float:
        """Molar mass of a formula unit, g/mol."""
        return self.cations * self.cation.molar_mass + self.anions * self.anion.molar_mass


@dataclass(frozen=True)
class SaltMixture:
    """One salt, or several by mole; numbers of a formula unit are means over them.

    Attributes
    ----------
    name
        As it was given, such as ``LiPF6`` or ``LiPF6:3,LiFSI:1``.
    salts
        Each once.
    shares
        Mole fractions among the salts, shape (salts,).
    """

    name: str
    salts: tuple[Salt, ...]
    shares: np.ndarray

    @property
    def ions(self) -> float:
        """Number of ions of a formula unit."""
        return float(self.shares @ [one.ions for one in self.salts])

    @property
    def atoms(self) -> float:
        """Number of atoms of a formula unit."""
        return float(self.shares @ [one.atoms for one in self.salts])

    @property
    def molar_mass(self) -> float:
        """Molar mass of a formula unit, g/mol."""
        return float(self.shares @ [one.molar_mass for one in self.salts])

    def units(self, count: int) -> list[tuple[Salt, int]]:
        """Return how many of so many formula units are of each salt.

        Raises
        ------
        InputError
            If there is none of some salt.
        """
        counts = rounded(self.shares, count)
        if counts.min() < 1:
            units = f"{count} formula unit{'' if count == 1 else 's'}"
            raise InputError(f"`salt` {self.name}: the box has {units}, of some salt none; make it larger")
        return [(one, int(number)) for one, number in zip(self.salts, counts, strict=True)]


def salt_mixture(text: str) -> SaltMixture:
    """Return a salt by its name, or salts by mole: ``LiPF6:3,LiFSI:1``.

    Raises
    ------
    InputError
        If a salt is unknown or named twice, or the syntax is wrong.
    """
    parts = shares_by_name(text, "salt", "LiPF6:3,LiFSI:1") if set(":,") & set(text) else [(text, 1.0)]
    names = [name for name, _ in parts]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"salt '{text}': {twice} is named twice")
    shares = np.array([share for _, share in parts])
    return SaltMixture(text, tuple(salt(name) for name in names), shares / shares.sum())


@functools.cache
def salts() -> dict[str, Salt]:
    """Return every salt of two named ions, by name."""
    pairs = [_salt(one, other) for one in ions() if one.charge > 0 for other in ions() if other.charge < 0]
    return {found.name: found for found in pairs}


def salt(name: str) -> Salt:
    """Return the salt of this name.

    Raises
    ------
    InputError
        If there is none.
    """
    known = salts()
    if name not in known:
        raise InputError(
            f"unknown salt '{name}'{nearest(name, known)}; expected a cation and an anion listed by 'decant solvents' "
            "without their charges, such as LiPF6 or Mg(TFSI)2"
        )
    return known[name]


def _salt(cation: Molecule, anion: Molecule) -> Salt:
    common = gcd(cation.charge, -anion.charge)
    cations, anions = -anion.charge // common, cation.charge // common
    return Salt(_part(cation, cations) + _part(anion, anions), cation, anion, cations, anions)


def _part(ion: Molecule, count: int) -> str:
    size = abs(ion.charge)
    word = ion.name.removesuffix(f"{size if size > 1 else ''}{'+' if ion.charge > 0 else '-'}")
    if count == 1:
        return word
    return f"{word}{count}" if len(ion.symbols) == 1 else f"({word}){count}"

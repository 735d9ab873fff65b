"""Electrolytes: solvents by mole, mass or volume with a salt of some concentration, as whole numbers of molecules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from decant.foundation.errors import InputError
from decant.molecules.liquid import composition_name, mixture, ratio, shared_out
from decant.molecules.measurements import ROOM_K, measured
from decant.molecules.molecule import Molecule
from decant.molecules.salts import Salt, SaltMixture, salt_mixture
from decant.molecules.solvents import known_name

FARTHEST = 2.01
"""A concentration is at most so many times, or one over it, of what was asked for."""
BY = ("mole", "mass", "volume")
"""What the numbers of a mixture of solvents may be shares of."""


@dataclass(frozen=True)
class Solution:
    """What is mixed.

    Attributes
    ----------
    by
        What the numbers of the solvents are shares of: mole, mass or volume, each solvent's at its own density.
    salt
        Name of the salt, or of several with their mole ratio, such as ``LiPF6:3,LiFSI:1``; None for none.
    molality
        Of the salt, of all together if there are several, mol in a kg of the solvents.
    molarity
        Of the salt, mol in a litre of the solution.
    """

    by: str = "mole"
    salt: str | None = None
    molality: float | None = None
    molarity: float | None = None

    def __post_init__(self) -> None:
        if self.by not in BY:
            raise InputError(f"`by` {self.by}: expected {', '.join(BY)}")
        given = [name for name in ("molality", "molarity") if getattr(self, name) is not None]
        if self.salt is None and given:
            raise InputError(f"`{given[0]}`: of which `salt`? Name it, for example LiPF6")
        if self.salt is not None and len(given) != 1:
            raise InputError(f"`salt` {self.salt}: give its `molality` (mol/kg of solvent) or its `molarity` (mol/L)")
        for name in given:
            if not 0 < getattr(self, name) < np.inf:
                raise InputError(f"`{name}` {getattr(self, name)}: expected a positive number")


@dataclass(frozen=True)
class Electrolyte:
    """Whole numbers of molecules and ions, as near as can be to what was asked.

    Attributes
    ----------
    composition
        Molecules and ions with their counts; its charge is zero.
    told
        In words: what it is.
    """

    composition: list[tuple[Molecule, int]]
    told: str


def electrolyte(
    liquid: str,
    solution: Solution,
    molecules: int | None = None,
    atoms: int | None = None,
    density: float | None = None,
) -> Electrolyte:
    """Return the numbers of molecules of a box.

    Parameters
    ----------
    liquid
        The solvents and their shares, such as ``EC:3,EMC:7``.
    solution
        What the shares are of, and the salt.
    molecules, atoms
        Size of the box: how many molecules and ions, or about how many atoms; one of the two.
    density
        Of the solution, g/cm3; needed for a molarity only.

    Raises
    ------
    InputError
        If a name is unknown or that of an ion, a density is needed and not known, or the box is too small for one
        formula unit of the salt or one molecule of each solvent.
    """
    if (molecules is None) == (atoms is None):
        raise InputError(f"liquid '{liquid}': give the size of the box, molecules or atoms")
    kinds, shares = _mole_fractions(ratio(liquid), solution.by)
    if charged := [kind.name for kind in kinds if kind.charge]:
        raise InputError(f"liquid '{liquid}': {', '.join(charged)}: ions are given by their `salt`, which is neutral")
    if solution.salt is None:
        size = molecules if molecules is not None else round(int(atoms or 0) / _atoms(kinds, shares))
        solvents = _counted(kinds, shares, size, liquid)
        return Electrolyte(solvents, composition_name(solvents))
    solute = salt_mixture(solution.salt)
    units = _molality(solution, solute, density) * _mass(kinds, shares) / 1000  # of a molecule of solvent
    if molecules is None:
        each = _atoms(kinds, shares) + units * solute.atoms
        molecules = round(int(atoms or 0) / each * (1 + units * solute.ions))
    counts = solute.units(_units(solute, units, molecules))
    solvents = _counted(kinds, shares, molecules - sum(one.ions * count for one, count in counts), liquid)
    mass = sum(kind.molar_mass * number for kind, number in solvents)
    whole = [*solvents, *_ions(counts)]
    told = ", ".join(f"{1000 * count / mass:.3g} mol/kg {one.name}" for one, count in counts)
    return Electrolyte(whole, f"{composition_name(whole)}: {told}")


def _ions(counts: list[tuple[Salt, int]]) -> list[tuple[Molecule, int]]:
    """Return cations, then anions, each once though several salts may have it."""
    parts = [(one.cation, one.cations * count) for one, count in counts]
    parts += [(one.anion, one.anions * count) for one, count in counts]
    kinds = {ion.name: ion for ion, _ in parts}
    return [(ion, sum(number for other, number in parts if other.name == name)) for name, ion in kinds.items()]


def _counted(kinds: list[Molecule], shares: np.ndarray, molecules: int, liquid: str) -> list[tuple[Molecule, int]]:
    return [(kind, int(n)) for kind, n in zip(kinds, shared_out(shares, molecules, liquid), strict=True)]


def dissolved(
    liquid: str,
    solution: Solution,
    molecules: int | None = None,
    atoms: int | None = None,
    density: float | None = None,
) -> list[tuple[Molecule, int]]:
    """Return the composition of a box of a liquid with or without salt; without a size, numbers are counts."""
    if solution == Solution():
        return mixture(liquid, atoms, molecules)
    return electrolyte(liquid, solution, molecules, atoms, density).composition


def _mole_fractions(parts: list[tuple[Molecule, float]], by: str) -> tuple[list[Molecule], np.ndarray]:
    """Return the solvents and their mole fractions."""
    kinds, shares = [kind for kind, _ in parts], np.array([share for _, share in parts])
    if by != "mole":
        shares = shares / np.array([kind.molar_mass for kind in kinds])
    if by == "volume":
        shares = shares * np.array([_density(kind) for kind in kinds])
    return kinds, shares / shares.sum()


def _density(solvent: Molecule) -> float:
    found = measured({known_name(solvent): 1.0}, "density", ROOM_K)
    if isinstance(found, str) or found.density is None:
        raise InputError(f"`by` volume: no density is known of {solvent.name}; give the shares by mass or mole")
    return found.density


def _molality(solution: Solution, solute: SaltMixture, density: float | None) -> float:
    """Return mol of salt in a kg of solvent."""
    if solution.molality is not None:
        return solution.molality
    if density is None:
        raise InputError("`molarity`: needs the `density` of the solution, g/cm3; `molality` does not")
    molarity = solution.molarity or 0.0
    solvent = 1000 * density - molarity * solute.molar_mass  # g in a litre
    if solvent <= 0:
        raise InputError(
            f"`molarity` {molarity:g}: that much {solute.name} is heavier than a litre of {density:g} g/cm3"
        )
    return 1000 * molarity / solvent


def _units(solute: SaltMixture, units: float, molecules: int) -> int:
    """Return how many formula units give the ratio of salt to solvent nearest to the one asked for."""
    exact = units * molecules / (1 + units * solute.ions)
    near = [n for n in (int(exact), int(exact) + 1) if n and molecules > n * solute.ions]
    if not near or exact < 0.5:
        least = int(np.ceil((1 + units * solute.ions) / units))
        raise InputError(
            f"`salt` {solute.name}: so little has one formula unit among {least} molecules, the box has {molecules}; "
            "make it larger"
        )
    count = min(near, key=lambda n: abs(n / (molecules - n * solute.ions) - units))
    got = count / (molecules - count * solute.ions) / units
    if not 1 / FARTHEST <= got <= FARTHEST:
        raise InputError(
            f"`salt` {solute.name}: a box of {molecules} molecules and ions comes no nearer to what was asked than"
            f" {got:.2g} times that; make it larger, or ask for less"
        )
    return count


def _mass(kinds: list[Molecule], shares: np.ndarray) -> float:
    return float(sum(kind.molar_mass * share for kind, share in zip(kinds, shares, strict=True)))


def _atoms(kinds: list[Molecule], shares: np.ndarray) -> float:
    return float(sum(len(kind.symbols) * share for kind, share in zip(kinds, shares, strict=True)))

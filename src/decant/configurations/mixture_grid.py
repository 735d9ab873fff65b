"""Recipe `mixture-grid`: a liquid over a grid of compositions."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from ase import Atoms

from decant.configurations.base import Interval, names
from decant.configurations.groups import flat
from decant.configurations.packed import Composition, Packing, pack_boxes
from decant.configurations.sampling import Dynamics
from decant.configurations.sizes import Sizes, atoms_of
from decant.foundation.errors import InputError
from decant.molecules.liquid import mixture
from decant.molecules.solvents import molecule
from decant.simulation.protocol import known_density, mixture_density


class MixtureGridRecipe:
    """Liquid boxes of the same solvents over a grid of mole fractions, pure solvents included.

    Good for potentials of a whole family of mixtures, and for seeing which compositions a potential can do without.
    """

    name = "mixture-grid"

    @flat
    def build(
        self,
        count: int,
        seed: int,
        solvents: str | list[str],
        molecules: int | None = None,
        atoms: int | None = None,
        points: int = 5,
        compression: Interval = [0.9, 1.1],  # noqa: B006  (never changed)
        temperature: Interval = 300.0,
        packing: Packing = Packing(),
        dynamics: Dynamics = Dynamics(),
    ) -> list[Atoms]:
        """Return `count` boxes, going through the grid in turn.

        Parameters
        ----------
        count, seed
            How many, and the random seed.
        solvents
            Two or more names of solvents with a known density, as a list or as text (``"EC,EMC"``).
        molecules, atoms
            Size of each box: how many molecules, or about how many atoms; one of the two.
        points
            Mole fractions of each solvent on the grid, from 0 to 1: 5 is 0, 1/4, 1/2, 3/4 and 1.
        compression
            Density of a box in units of that of the pure solvents mixed without change of volume, a number or
            [low, high].
        packing, dynamics
            How boxes are packed, and what goes on from there.
        temperature, tolerance, conformers, hessian, driver, length, snapshots
            As for the recipe liquid.
        """
        self.check({"solvents": solvents, "points": points, "molecules": molecules, "atoms": atoms})
        grid = _grid(names(solvents), points, atoms, molecules)
        densities: list[Interval] = []
        for composition in grid:
            whole = mixture_density(composition)
            densities.append(
                [whole * end for end in compression] if isinstance(compression, list | tuple) else whole * compression
            )
        packed = pack_boxes(dynamics.starts(count), seed, grid, densities, temperature, packing)
        return dynamics.configurations(packed, seed, self.name)[:count]

    def check(self, parameters: Mapping[str, Any]) -> None:
        """Raise `InputError` if boxes have no size, or their grid or its densities cannot be."""
        if parameters["molecules"] is None and parameters["atoms"] is None:
            raise InputError("mixture-grid: give the size of the boxes, molecules or atoms")
        _grid(names(parameters["solvents"]), *(parameters[name] for name in ("points", "atoms", "molecules")))

    def sizes(self, parameters: Mapping[str, Any]) -> Sizes:
        """Return the size of the boxes: of molecules of mean size."""
        kinds = [atoms_of(molecule(name)) for name in names(parameters["solvents"])]
        mean = sum(kinds) / len(kinds)
        count = parameters["molecules"] or round((parameters["atoms"] or 0) / mean)
        return Sizes((mean,) * int(count))


def _grid(solvents: list[str], points: int, atoms: int | None, molecules: int | None) -> list[Composition]:
    """Return the compositions of the grid, the first solvent's share rising."""
    if len(solvents) < 2 or points < 2:
        raise InputError(
            f"mixture-grid: expected two or more solvents and points, not {','.join(solvents)} and {points}"
        )
    unknown = [name for name in solvents if known_density(molecule(name)) is None]
    if unknown:
        raise InputError(f"solvents: no density is known of {', '.join(unknown)}; make its boxes with recipe liquid")
    found = []
    for shares in product(range(points), repeat=len(solvents)):
        if sum(shares) == points - 1:
            text = ",".join(f"{name}:{share}" for name, share in zip(solvents, shares, strict=True) if share)
            found.append(mixture(text, atoms, molecules))
    return found

"""Recipe `ion-pair`: a cation and an anion among solvent molecules, pulled apart from contact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ase import Atoms

from decant.configurations.base import Interval, check_rising, check_whole, draw, names, whole_ends
from decant.configurations.docking import direction, docked, turned
from decant.configurations.groups import flat
from decant.configurations.rigid import apart
from decant.configurations.sizes import Sizes, atoms_of, mean_molecules
from decant.configurations.thermal import Disorder, thermal_molecule
from decant.foundation.errors import InputError
from decant.molecules.charge import describe_molecules
from decant.molecules.molecule import Molecule
from decant.molecules.salts import salt as salt_of
from decant.molecules.solvents import molecule

TRIES = 200


class IonPairRecipe:
    """Dissociation curves of ion pairs in the vacuum, in contact or with a solvent between, pulled apart with shells.

    Good for how strongly ions hold each other and their solvents at every distance, of which a liquid shows few; the
    frames of a curve have one charge.
    """

    name = "ion-pair"

    @flat
    def build(
        self,
        count: int,
        seed: int,
        salt: str,
        solvents: str | list[str] = [],  # noqa: B006  (never changed)
        shell: int | list[int] = 0,
        between: int | list[int] = 0,
        pull: list[float] = [0.0, 6.0],  # noqa: B006
        steps: int = 8,
        ion_contact: Interval = [0.52, 0.62],  # noqa: B006
        contact: Interval = [0.7, 1.0],  # noqa: B006
        temperature: Interval = 300.0,
        disorder: Disorder = Disorder(),
    ) -> list[Atoms]:
        """Return `count` frames of dissociation curves.

        Parameters
        ----------
        count, seed
            How many, and the random seed.
        salt
            Name such as ``LiPF6``, whose cation and anion are the pair, one of each.
        solvents
            Names or SMILES to draw each solvent molecule from, as a list or as text (``"EC,EMC"``).
        shell
            Number of solvent molecules around the pair, or [fewest, most]. Each goes with the ion that it is nearer to.
        between
            Number of solvent molecules between the ions, or [fewest, most]: 0 for a contact pair, 1 for a separated
            one. They go with the cation.
        pull
            How much farther apart the ions are at the first and the last frame of a curve than in contact, angstrom.
        steps
            Frames of a curve, evenly spaced; they share a split group.
        ion_contact
            Shortest distance between the cation and its neighbours, in sums of van der Waals radii (see `docked`), a
            number or [low, high]; Li...O is at 2.0 angstrom for 0.55.
        contact
            The same between all others.
        temperature
            K, a number or [low, high], of the thermal disorder of each ion and molecule.
        disorder
            What the thermal disorder starts from.
        """
        self.check({"pull": pull, "steps": steps, "solvents": solvents, "shell": shell, "between": between})
        ends, kinds = np.asarray(pull), _solvents(solvents)
        ranges = {name: _numbers(value, name) for name, value in (("shell", shell), ("between", between))}
        pair = salt_of(salt)
        frames: list[Atoms] = []
        for curve in range(-(-count // steps)):
            random = np.random.default_rng([seed, curve])
            kelvin = draw(temperature, random, "temperature")
            bridge, around = (
                [kinds[random.integers(len(kinds))] for _ in range(int(random.integers(few, most + 1)))]
                for few, most in (ranges["between"], ranges["shell"])
            )
            members = [pair.cation, *bridge, pair.anion, *around]
            parts = [thermal_molecule(kind, kelvin, random, disorder) for kind in members]
            contacts = (ion_contact, contact)
            found = _curve(parts, len(bridge), contacts, np.linspace(ends[0], ends[1], steps), random)
            for atoms in found:
                atoms.info |= {"temperature": kelvin, "group": curve, "parent": f"start-ion-pair-{seed}-{curve}"}
                describe_molecules(atoms, members)
            frames += found
        return frames[:count]

    def check(self, parameters: Mapping[str, Any]) -> None:
        """Raise `InputError` if the curve is none, or molecules around or between the ions cannot be."""
        check_rising(parameters["pull"], "pull", "[nearest, farthest] in angstrom from 0 on", zero=True)
        check_whole(parameters["steps"], "steps", 2)
        kinds = _solvents(parameters["solvents"])
        if not kinds and any(_numbers(parameters[name], name)[1] for name in ("shell", "between")):
            raise InputError("shell, between: of which solvents? Name them, for example solvents: 'EC,EMC'")
        if charged := [kind.name for kind in kinds if kind.charge]:
            raise InputError(f"solvents: {', '.join(charged)}: expected neutral molecules; ions come from the salt")

    def sizes(self, parameters: Mapping[str, Any]) -> Sizes:
        """Return the size of a pair with solvent molecules of mean size."""
        pair = salt_of(parameters["salt"])
        kinds = [atoms_of(kind) for kind in _solvents(parameters["solvents"])]
        ions = (atoms_of(pair.cation), atoms_of(pair.anion))
        ends = [_numbers(parameters[name], name) for name in ("shell", "between")]
        mean = round(sum(few + most for few, most in ends) / 2)
        return Sizes((*ions, *(mean_molecules(kinds, mean) if kinds and mean else ())), periodic=False)


def _solvents(given: str | list[str]) -> list[Molecule]:
    return [molecule(name) for name in names(given)] if given else []


def _numbers(value: int | list[int], name: str) -> tuple[int, int]:
    """Return the ends of a number of molecules, of which there may be none."""
    ends = np.atleast_1d(value)
    if ends.dtype.kind == "i" and ends.size in (1, 2) and ends[0] == 0 <= ends[-1]:
        return 0, int(ends[-1])
    return whole_ends(value, name)


def _curve(
    parts: list[Atoms],
    bridge: int,
    contacts: tuple[Interval, Interval],
    shifts: np.ndarray,
    random: np.random.Generator,
) -> list[Atoms]:
    """Return the frames of one curve, nearest first; parts are cation, bridge, anion and shell."""
    ids = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    anion = bridge + 1
    for _ in range(TRIES):
        atoms, along = turned(parts[0], random), direction(random)
        for number, part in enumerate(parts[1:], start=1):
            near = [draw(value, random, "contact") for value in contacts]
            limits = np.where(ids[: len(atoms)] == 0, *near)[:, None]
            way = along if number <= anion else direction(random)
            atoms += docked(atoms, turned(part, random), limits, way)
        atoms.set_array("mol_id", ids)
        moved, axis = _side_of(atoms, anion)
        frames = []
        for shift in shifts:
            frame = atoms.copy()
            frame.positions[moved] += shift * axis
            frame.info = {"pulled_A": float(shift)}
            frames.append(frame)
        if all(apart(frame) for frame in frames):  # else a contact looks like a bond: draw anew
            return frames
    raise InputError(
        f"contact {contacts[1]}, ion_contact {contacts[0]}: molecules so close look bonded in {TRIES} of {TRIES} tries;"
        " give larger ones, or a smaller shell"
    )


def _side_of(atoms: Atoms, anion: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which atoms go with the anion, and the direction from the cation to it."""
    ids = atoms.arrays["mol_id"]
    centres = np.array([atoms.positions[ids == number].mean(axis=0) for number in range(ids.max() + 1)])
    to_cation, to_anion = (np.linalg.norm(centres - centres[ion], axis=1) for ion in (0, anion))
    with_anion = to_anion < to_cation
    with_anion[: anion + 1] = False  # the cation, and what is between
    with_anion[anion] = True
    axis = centres[anion] - centres[0]
    return with_anion[ids], axis / np.linalg.norm(axis)

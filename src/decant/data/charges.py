"""The charge and spin of a frame: what is stated of it, what its molecules say, and where the two disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import covalent_radii, ground_state_magnetic_moments

from decant.data.extxyz import FrameError, RawFrame
from decant.data.isolated import ISOLATED, is_isolated
from decant.data.reactions import find_molecules
from decant.data.stated_charge import Stated, spins_from_zero, stated
from decant.foundation.errors import InputError
from decant.molecules.charge import (
    CHARGE,
    MOLECULES,
    SPIN,
    ElectronState,
    described_molecules,
    odd,
    recognized,
    signed,
    state_of,
)
from decant.molecules.topology import BOND_SCALE, formula, is_coordinating, molecule_ids, renumbered, split_graph


@dataclass(frozen=True)
class Species:
    """A molecule of a frame: its name, its atoms and, where it can be known, its charge and unpaired electrons."""

    name: str
    members: np.ndarray
    state: ElectronState | None


def species_of(atoms: Atoms, bonds: np.ndarray) -> list[Species]:
    """Return the molecules of a frame: those that it names in ``molecules``, else those recognized from its bonds.

    An atom of a metal is an ion, unless it touches another one: then it may be metal.

    Parameters
    ----------
    atoms
        The frame.
    bonds
        Pairs of atom indices, shape (bonds, 2).
    """
    held = _named_species(atoms)
    if held is not None:
        return held
    pieces = molecule_ids(len(atoms), bonds)
    touching = _touching_metals(atoms)
    found = []
    for number, piece in enumerate(split_graph(atoms, pieces, bonds)):
        members = np.flatnonzero(pieces == number)
        name, state = (formula(piece[0]), None) if touching[members].any() else recognized(*piece)
        found.append(Species(name, members, state))
    return found


def _named_species(atoms: Atoms) -> list[Species] | None:
    """Return the molecules that a frame names, if they are the ones that it holds."""
    labels = atoms.arrays.get("mol_id")
    if not isinstance(atoms.info.get(MOLECULES), str) or labels is None:
        return None
    try:
        kinds = described_molecules(atoms)
    except InputError:  # a key of somebody else
        return None
    labels = renumbered(labels)
    if len(kinds) != labels.max() + 1:
        return None
    found = []
    for number, kind in enumerate(kinds):
        members = np.flatnonzero(labels == number)
        if sorted(atoms.symbols[members]) != sorted(kind.symbols):
            return None
        found.append(Species(kind.name, members, state_of([kind])))
    return found


def _touching_metals(atoms: Atoms) -> np.ndarray:
    """Say which atoms are metals that touch another, or an image of themselves, shape (atoms,)."""
    from ase.neighborlist import neighbor_list

    metal = is_coordinating(atoms.numbers)
    touching = np.zeros(len(atoms), dtype=bool)
    if metal.sum() > 1 or (metal.any() and atoms.pbc.any()):
        part = atoms[metal]
        first = neighbor_list("i", part, list(BOND_SCALE * covalent_radii[part.numbers]))
        touching[np.flatnonzero(metal)[first]] = True
    return touching


def species_of_frames(frames: Sequence[Atoms]) -> list[list[Species]]:
    """Return the molecules of each frame in the house form; bonds are looked for where a frame does not name them."""
    found = [_named_species(atoms) for atoms in frames]
    nameless = [index for index, species in enumerate(found) if species is None]
    chosen = [frames[index] for index in nameless]
    for index, molecules in zip(
        nameless, find_molecules(chosen, [atoms.arrays["mol_id"] for atoms in chosen]), strict=True
    ):
        found[index] = species_of(frames[index], molecules.bonds)
    return [species or [] for species in found]


def molecule_states(atoms: Atoms) -> list[ElectronState | None]:
    """Return the state of each molecule of ``mol_id``, in ascending order; None where it is not known."""
    labels = atoms.arrays["mol_id"]
    held: dict[int, list[Species]] = {int(label): [] for label in np.unique(labels)}
    for species in species_of_frames([atoms])[0]:
        held[int(labels[species.members[0]])].append(species)  # salts may be one molecule of several ions
    return [state_of_species(parts) for parts in held.values()]


def state_of_species(species: Sequence[Species]) -> ElectronState | None:
    """Return the state of all molecules, or None if that of one is not known."""
    total = ElectronState(0)
    for one in species:
        if one.state is None:
            return None
        total += one.state
    return total


def named(species: Sequence[Species]) -> str:
    """Return molecules as text: those with a charge, or all where none has one."""
    charged = [one.name for one in species if one.state is None or one.state.charge]
    counts = Counter(charged or [one.name for one in species])
    return ", ".join(f"{count} {name}" if count > 1 else name for name, count in counts.items())


def unknown(species: Sequence[Species]) -> str:
    """Return the names of the molecules whose charge is not known."""
    return ", ".join(dict.fromkeys(one.name for one in species if one.state is None))


def settled(atoms: Atoms, said: Stated, species: Sequence[Species], keep: bool = False) -> Stated:
    """Return the charge and spin of a frame from what is stated and from its molecules.

    Parameters
    ----------
    atoms
        The frame.
    said
        What is stated of it.
    species
        Its molecules.
    keep
        Keep a charge that differs from that of the molecules.

    Raises
    ------
    FrameError
        If the charge differs from that of the molecules, or the number of electrons does not go with the multiplicity.
    """
    follows = state_of_species(species)
    charge = said.charge
    if follows is not None:
        if charge is None:
            charge = follows.charge
        elif charge != follows.charge and not keep:
            raise FrameError(
                f"charge {signed(charge)} ('{said.charge_key}') differs from that of its molecules, "
                f"{signed(follows.charge)} ({named(species)})"
            )
    spin = said.spin
    if spin is None and follows is not None and charge == follows.charge:
        spin = follows.spin
    if charge is not None and spin is not None and odd(atoms.numbers, charge) == spin % 2:
        electrons = int(atoms.numbers.sum()) - charge
        raise FrameError(
            f"charge {signed(charge)} leaves {electrons} electrons, which multiplicity {spin} does not allow"
        )
    return Stated(charge, spin, said.charge_key)


def settled_atom(atoms: Atoms, said: Stated) -> Stated:
    """Return the charge and spin of an isolated atom: neutral, in its ground state.

    Raises
    ------
    FrameError
        If another charge is stated.
    """
    if said.charge:
        raise FrameError(
            f"isolated atom with charge {signed(said.charge)} ('{said.charge_key}'): the energies of elements are "
            "those of neutral atoms"
        )
    return Stated(0, ground_multiplicity(int(atoms.numbers[0])) if said.spin is None else said.spin)


def ground_multiplicity(number: int) -> int:
    """Return the multiplicity of the ground state of a neutral atom (ASE's table of magnetic moments)."""
    return round(float(ground_state_magnetic_moments[number])) + 1


def write_state(atoms: Atoms, state: Stated) -> None:
    """Write charge and spin on a frame where they are known."""
    for key, value in ((CHARGE, state.charge), (SPIN, state.spin)):
        if value is not None:
            atoms.info[key] = value


def charge_of(atoms: Atoms) -> int:
    """Return the charge of a frame in the house form, e; 0 where it says none."""
    return int(atoms.info.get(CHARGE, 0))


def spin_of(atoms: Atoms) -> int | None:
    """Return the multiplicity of a frame in the house form, None where it says none."""
    return int(atoms.info[SPIN]) if SPIN in atoms.info else None


def complete_charges(frames: Sequence[Atoms]) -> None:
    """Write charge and spin on frames that state no charge and whose molecules tell; isolated atoms are left alone."""
    silent = [atoms for atoms in frames if CHARGE not in atoms.info and not is_isolated(atoms)]
    for atoms, species in zip(silent, species_of_frames(silent), strict=True):
        state = state_of_species(species)
        if state is not None:
            write_state(atoms, Stated(state.charge, state.spin))


def charges_held(frames: Sequence[Atoms]) -> str:
    """Return the charges of frames in the house form with their counts, and multiplicities that are not 1, as text."""
    counts: Counter[str] = Counter()
    for atoms in frames:
        spin = spin_of(atoms)
        charge = signed(charge_of(atoms)) if CHARGE in atoms.info else "not stated"
        counts[charge if spin in (None, 1) else f"{charge} with spin {spin}"] += 1
    return ", ".join(f"{name} ({count})" for name, count in counts.most_common())


def has_ions(atoms: Atoms) -> bool:
    """Say whether a frame is charged or has ions: molecules that it names, or metals, which are ions in a liquid."""
    if charge_of(atoms) or is_coordinating(atoms.numbers).any():
        return True
    return any(kind.state is not None and kind.state.charge for kind in _named_species(atoms) or ())


def mixed_charges(frames: Sequence[Atoms]) -> str:
    """Say which composition comes with several charges: a potential that sees elements alone takes them for one.

    Isolated atoms count for nothing, being neutral by rule. Empty where there is no such composition.
    """
    first: dict[str, tuple[int, int]] = {}
    for number, atoms in enumerate(frames):
        if is_isolated(atoms) or CHARGE not in atoms.info:
            continue
        formula = atoms.get_chemical_formula(empirical=False)
        here = charge_of(atoms)
        where, known = first.setdefault(formula, (number, here))
        if known != here:
            return f"{formula} has charge {signed(known)} in frame {where} and {signed(here)} in frame {number}"
    return ""


def bare(atoms: Atoms) -> Atoms:
    """Return what decides a label: elements, positions, cell and, but for isolated atoms, charge and spin."""
    frame = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    if not is_isolated(atoms):
        frame.info = {key: atoms.info[key] for key in (CHARGE, SPIN) if key in atoms.info}
    return frame


def take_charges(
    frames: Sequence[Atoms], sources: Sequence[RawFrame], bonds: Sequence[np.ndarray], keep: bool
) -> tuple[list[str], list[str]]:
    """Write charge and spin on frames that are being imported.

    Parameters
    ----------
    frames
        The frames, with ``mol_id``.
    sources
        Each as it was read.
    bonds
        The bonds of each.
    keep
        Keep charges that differ from those of the molecules.

    Returns
    -------
    list of str
        For each frame why it cannot be used, or an empty string.
    list of str
        For each frame its charge and where that is from.
    """
    from_zero = spins_from_zero(frame.info for frame in sources)
    wrong, told = [], []
    for atoms, source, pairs in zip(frames, sources, bonds, strict=True):
        try:
            wrong.append("")
            told.append(_take_charge(atoms, source, pairs, keep, from_zero))
        except FrameError as error:
            wrong[-1] = str(error)
            told.append("")
    return wrong, told


def _take_charge(atoms: Atoms, source: RawFrame, bonds: np.ndarray, keep: bool, from_zero: bool) -> str:
    said = stated(source.info, source.arrays, len(atoms), from_zero)
    if is_isolated(atoms) and said.charge and source.info.get("config_type") != ISOLATED:
        del atoms.info["config_type"]  # an ion alone, whose energy is that of no element
    if is_isolated(atoms):
        write_state(atoms, settled_atom(atoms, said))
        return ""
    if isinstance(source.info.get(MOLECULES), str):
        atoms.info[MOLECULES] = source.info[MOLECULES]
    if _named_species(atoms) is None:
        atoms.info.pop(MOLECULES, None)
    species = species_of(atoms, bonds)
    state = settled(atoms, said, species, keep)
    write_state(atoms, state)
    if state.charge is None:
        return f"not known of {unknown(species)}"
    spin = f", spin {state.spin}" if state.spin not in (None, 1) else ""
    if said.charge is not None:
        return f"{signed(state.charge)}{spin} ('{said.charge_key}')"
    return f"{signed(state.charge)}{spin} from the molecules" + (f": {named(species)}" if state.charge else "")


def charges_told(told: Sequence[str]) -> str:
    """Return the charges of an import as one line."""
    counts = Counter(one for one in told if one).most_common()
    shown = "; ".join(f"{name} in {count} frame{'s' if count > 1 else ''}" for name, count in counts[:6])
    return shown + (f"; and {len(counts) - 6} more" if len(counts) > 6 else "") or "none"

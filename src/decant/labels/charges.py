"""The charge and spin with which a frame is labelled, and the settings of a method that go with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ase import Atoms

from decant.data.charges import Species, charge_of, settled, species_of_frames, spin_of, unknown, write_state
from decant.data.extxyz import FrameError
from decant.data.isolated import is_isolated
from decant.data.stated_charge import Stated, stated
from decant.foundation.errors import InputError, warn
from decant.labels.base import Labeler
from decant.molecules.charge import CHARGE, SPIN, odd
from decant.molecules.topology import is_coordinating

NONMETALS = {"H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "I"}


def with_charges(
    frames: Sequence[Atoms], method: Labeler, keep: bool, skip: Collection[int] = ()
) -> tuple[list[Atoms], dict[int, str]]:
    """Return frames that carry the charge and spin to label them with, and why some cannot be labelled.

    What a frame states of itself holds; where it states nothing, its molecules tell; where they are not known, a
    setting of the method. Without one a frame is neutral if nothing speaks against it: no ion, nor what may be one,
    among its molecules, and no odd number of electrons.

    Parameters
    ----------
    frames
        Configurations in the house form.
    method
        Reference method.
    keep
        Label with a charge that differs from that of the molecules, too.
    skip
        Indices of frames that are not to be labelled, and stay as they are.

    Raises
    ------
    InputError
        If the method has a setting that differs from the charge or spin of a frame.
    """
    wanted = _chosen(method)
    found = [atoms.copy() for atoms in frames]
    bulk = [index for index, atoms in enumerate(found) if not is_isolated(atoms) and index not in skip]
    wrong: dict[int, str] = {}
    guessed: dict[int, str] = {}
    for index, species in zip(bulk, species_of_frames([found[index] for index in bulk]), strict=True):
        frame = found[index]
        try:
            state = settled(frame, stated(frame.info, {}, len(frame)), species, keep)
            if state.charge is None and wanted.charge is None:
                guessed[index] = _neutral(frame, species)
            state = settled(frame, _with_settings(method, index, state, wanted), species, keep=True)
        except FrameError as error:
            wrong[index] = str(error)
            continue
        write_state(frame, state)
    if guessed:
        names = ", ".join(dict.fromkeys(guessed.values()))
        warn(
            f"{len(guessed)} frames state no charge, and that of {names} is not known: labelled as neutral; the first "
            f"is frame {min(guessed)}"
        )
    return found, wrong


def _neutral(atoms: Atoms, species: Sequence[Species]) -> str:
    """Return the molecules of unknown charge of a frame that may well be neutral; `FrameError` if it may not be."""
    names, ions = unknown(species), [one.name for one in species if one.state and one.state.charge]
    metals = any(is_coordinating(atoms.numbers[one.members]).any() for one in species if one.state is None)
    doubt = ""
    if ions:
        doubt = f"beside {', '.join(dict.fromkeys(ions))}"
    elif NONMETALS & set(atoms.symbols) and (metals or odd(atoms.numbers, 0)):
        doubt = "metal or ions" if metals else "with an odd number of electrons"
    if doubt:
        raise FrameError(f"states no charge, and that of {names} is not known, {doubt}: give it a `charge`, or set one")
    return names


def _chosen(method: Labeler) -> Stated:
    """Return the charge and spin that were set for a method; None where nothing was."""

    def value(key: str) -> int | None:
        chosen = getattr(method, key) if hasattr(method, key) else method.settings.get(key)
        if chosen is None:
            return None
        if not isinstance(chosen, int | float) or chosen % 1:
            raise InputError(f"method '{method.name}': {key} {chosen!r}: expected a whole number")
        return int(chosen)

    unpaired = value("unpaired")
    multiplicity = value("multiplicity") or value("mult")
    return Stated(value("charge"), multiplicity if unpaired is None else unpaired + 1)


def _with_settings(method: Labeler, index: int, state: Stated, wanted: Stated) -> Stated:
    """Return the state of a frame, with what was set for the method where the frame does not say."""
    for what, own, chosen in (("charge", state.charge, wanted.charge), ("multiplicity", state.spin, wanted.spin)):
        if None not in (own, chosen) and own != chosen:
            raise InputError(
                f"frame {index} has {what} {own}, and {method.name} is set to {chosen}: each frame is labelled with "
                "its own; leave the setting out"
            )
    charge = wanted.charge if state.charge is None else state.charge
    return Stated(charge, wanted.spin if state.spin is None else state.spin, state.charge_key)


def state_for(atoms: Atoms, charge: int | None = None, unpaired: int | None = None) -> tuple[int, int] | None:
    """Return the charge and the multiplicity with which a method computes a frame.

    Parameters
    ----------
    atoms
        The frame.
    charge, unpaired
        Of a frame that does not say; by default 0, and as few as the number of electrons allows.

    Returns
    -------
    tuple of int or None
        None for an isolated atom, or one of which nothing is said: neutral, in the ground state of the method.
    """
    if is_isolated(atoms):
        return None
    if len(atoms) == 1 and not {CHARGE, SPIN} & set(atoms.info):
        if not atoms.pbc.any():
            return None
        charge = unpaired = None  # what is set is meant for frames, and written on them
    total = charge_of(atoms) if CHARGE in atoms.info else charge or 0
    if SPIN in atoms.info:
        return total, int(atoms.info[SPIN])
    return total, (odd(atoms.numbers, total) if unpaired is None else unpaired) + 1


def settings_for(atoms: Atoms, method: Labeler) -> dict[str, Any]:
    """Return what decides the numbers of one frame: the settings of the method, with the charge and spin of the frame.

    They stand under the names that the method has for them. A method without such settings has them only where the
    frame is charged or has unpaired electrons, so that labels of earlier versions are found again.
    """
    settings, chosen = dict(method.settings), _chosen(method)
    state = state_for(atoms, chosen.charge, None if chosen.spin is None else chosen.spin - 1)
    if state is None:
        return settings | ({"charge": type(settings["charge"])(0)} if settings.get("charge") else {})
    charge, spin = state[0], spin_of(atoms)
    values = {"charge": charge, "unpaired": state[1] - 1, "multiplicity": state[1]}
    for key in values.keys() & settings.keys():
        settings[key] = values[key] if settings[key] is None else type(settings[key])(values[key])
    if charge and "charge" not in settings:
        settings["charge"] = charge
    if spin not in (None, 1) and not {"unpaired", "multiplicity"} & settings.keys():
        settings["multiplicity"] = spin
    return settings

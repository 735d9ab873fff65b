"""How an ASE calculator is told the charge and spin of a frame: ASE has no one way."""

from __future__ import annotations

import contextlib
import inspect
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from ase import Atoms

from decant.data.charges import charge_of, ground_multiplicity, spin_of
from decant.data.isolated import is_isolated
from decant.labels.base import LabelError
from decant.labels.charges import state_for
from decant.molecules.charge import CHARGE, SPIN, signed

CHARGE_BY = "charge_by"
"""Setting that says it: keywords of the calculator, ``info``, ``initial_charges``, or ``none`` where it takes none."""
INFO, INITIAL, NOTHING = "info", "initial_charges", "none"
_BY_FRAME = ("", INFO, INITIAL)
_NO_SPIN = ("ase.calculators.dftb.Dftb",)  # which reads no initial magnetic moments
_CHARGE, _MULTIPLICITY = ("charge",), ("multiplicity", "mult", "spin_multiplicity")
# calculators that take any keyword, or none, so that their signature does not tell
_KNOWN = {
    "ase.calculators.aims.Aims": "charge",
    "ase.calculators.dftb.Dftb": "Hamiltonian_Charge",
    "ase.calculators.gaussian.Gaussian": "charge,mult",
    "ase.calculators.nwchem.NWChem": "charge",
    "ase.calculators.orca.ORCA": "charge,mult",
    "ase.calculators.psi4.Psi4": "charge,multiplicity",
    "ase.calculators.qchem.QChem": "charge,multiplicity",
    "xtb.ase.calculator.XTB": INITIAL,
}
_READ_INFO = ("mace.", "fairchem.", "orb_models.")  # they take info["charge"] and info["spin"], a multiplicity


def told(path: str, maker: Callable[..., Any], arguments: str, way: str, atoms: Atoms) -> tuple[str, Atoms]:
    """Return the keyword arguments and the frame with which a calculator computes a charge and spin.

    Parameters
    ----------
    path, maker
        Import path of the calculator, and what stands there.
    arguments
        Keyword arguments, as JSON.
    way
        The setting `CHARGE_BY`; empty to find out.
    atoms
        The frame; one that is neutral without unpaired electrons changes nothing, unless the arguments hold another
        charge or multiplicity. An atom that says nothing is an isolated one: neutral, in its ground state.

    Raises
    ------
    LabelError
        If it is not known how the calculator takes a charge, or it takes no multiplicity.
    """
    if way == NOTHING:
        return arguments, atoms
    given, way = way, way or _way(path, maker, arguments)
    charge, spin = _state(atoms)
    settings, keywords = json.loads(arguments), _keywords(way, charge, spin)
    neutral = not charge_of(atoms) and spin_of(atoms) in (None, 1)
    silent = len(atoms) > 1 and not {CHARGE, SPIN} & set(atoms.info)  # what is set is then meant for it
    if neutral and (silent or not keywords.keys() & settings.keys()):
        return arguments, atoms
    if not neutral and not way:
        raise LabelError(
            f"charge {signed(charge)}, multiplicity {spin}: decant does not know how ase:{path} takes them; set "
            f"{CHARGE_BY} to its keywords, such as charge,mult, to {INFO}, {INITIAL}, or {NOTHING} if it takes none"
        )
    if spin > 1 and path in _NO_SPIN and not given and not is_isolated(atoms) and not neutral:
        raise LabelError(
            f"multiplicity {spin}: ase:{path} does not take it from a frame; set {CHARGE_BY} to {way} to label without"
        )
    frame = atoms.copy()
    if spin > 1:  # what spin-polarized calculators start from
        frame.set_initial_magnetic_moments(np.full(len(frame), (spin - 1) / len(frame)))
    if way == INITIAL:
        frame.set_initial_charges(np.full(len(frame), charge / len(frame)))
    if way in _BY_FRAME:  # and what is set besides is not to contradict it
        keywords = {key: value for key, value in keywords.items() if key in settings}
    return json.dumps({**settings, **keywords}, sort_keys=True) if keywords else arguments, frame


def _state(atoms: Atoms) -> tuple[int, int]:
    """Return charge and multiplicity; those of a neutral atom in its ground state for an atom that says nothing."""
    if is_isolated(atoms) or (len(atoms) == 1 and not {CHARGE, SPIN} & set(atoms.info)):
        return 0, spin_of(atoms) or ground_multiplicity(int(atoms.numbers[0]))
    return state_for(atoms) or (0, 1)


def _keywords(way: str, charge: int, spin: int) -> dict[str, int]:
    """Return keyword arguments that say a charge and multiplicity; by all known names where the frame says them."""
    if way in _BY_FRAME:
        return {**dict.fromkeys(_CHARGE, charge), **dict.fromkeys(_MULTIPLICITY, spin)}
    return dict(zip(way.split(","), (charge, spin), strict=False))


def _way(path: str, maker: Callable[..., Any], arguments: str) -> str:
    """Return how a calculator takes charge and multiplicity; an empty string where nothing tells."""
    if path in _KNOWN:
        return _KNOWN[path]
    if path.startswith(_READ_INFO):
        return INFO
    names = set(getattr(maker, "default_parameters", None) or ()) | json.loads(arguments).keys()
    with contextlib.suppress(ValueError):  # a callable in C may have no signature
        names |= set(inspect.signature(maker).parameters)
    found = [next((name for name in known if name in names), "") for known in (_CHARGE, _MULTIPLICITY)]
    return ",".join(name for name in found if name) if found[0] else ""

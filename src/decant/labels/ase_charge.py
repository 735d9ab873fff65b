"""How an ASE calculator is told the charge and spin of a frame: ASE has no one way."""

from __future__ import annotations

import contextlib
import inspect
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from ase import Atoms

from decant.data.charges import charge_of, spin_of
from decant.labels.base import LabelError
from decant.labels.charges import state_for
from decant.molecules.charge import signed

CHARGE_BY = "charge_by"
"""Setting that says it: keywords of the calculator, ``info``, ``initial_charges``, or ``none`` where it takes none."""
INFO, INITIAL, NOTHING = "info", "initial_charges", "none"
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
        The frame; one that is neutral without unpaired electrons changes nothing.

    Raises
    ------
    LabelError
        If it is not known how the calculator takes a charge.
    """
    charge, spin = charge_of(atoms), spin_of(atoms)
    if (not charge and spin in (None, 1)) or way == NOTHING:
        return arguments, atoms
    charge, spin = state_for(atoms) or (charge, spin or 1)
    way = way or _way(path, maker)
    if not way:
        raise LabelError(
            f"charge {signed(charge)}, multiplicity {spin}: decant does not know how ase:{path} takes them; set "
            f"{CHARGE_BY} to its keywords, such as charge,mult, to {INFO}, {INITIAL}, or {NOTHING} if it takes none"
        )
    frame = atoms.copy()
    if spin > 1:  # what spin-polarized calculators start from
        frame.set_initial_magnetic_moments(np.full(len(frame), (spin - 1) / len(frame)))
    if way == INITIAL:
        frame.set_initial_charges(np.full(len(frame), charge / len(frame)))
    if way in (INFO, INITIAL):
        return arguments, frame
    values = dict(zip(way.split(","), (charge, spin), strict=False))
    return json.dumps({**json.loads(arguments), **values}, sort_keys=True), frame


def _way(path: str, maker: Callable[..., Any]) -> str:
    """Return how a calculator takes charge and multiplicity; an empty string where nothing tells."""
    if path in _KNOWN:
        return _KNOWN[path]
    if path.startswith(_READ_INFO):
        return INFO
    names = set(getattr(maker, "default_parameters", None) or ())
    with contextlib.suppress(ValueError):  # a callable in C may have no signature
        names |= set(inspect.signature(maker).parameters)
    found = [next((name for name in known if name in names), "") for known in (_CHARGE, _MULTIPLICITY)]
    return ",".join(name for name in found if name) if found[0] else ""

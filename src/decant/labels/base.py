"""The interface of a reference method, and the methods there are."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from ase import Atoms

from decant.data.prediction import Prediction
from decant.foundation.errors import InputError, nearest
from decant.molecules.periodicity import require_all_or_none

Record = dict[str, Any]
"""A label as the journal holds it."""


class LabelError(Exception):
    """The method gave no answer for one configuration; the message says why."""


class Labeler(Protocol):
    """A reference method that labels configurations.

    It is sent to worker processes, so it must pickle, and it must not keep state between configurations: labels may
    not depend on the order of the work. One that is right for slabs and wires, too, has an attribute
    ``partly_periodic`` that is true; any other is never given one. False says that a setting of that name makes it so.
    """

    @property
    def name(self) -> str:
        """Name of the method, stored with each label."""
        ...

    @property
    def version(self) -> str:
        """Program and version that compute, stored with each label."""
        ...

    @property
    def settings(self) -> dict[str, Any]:
        """Everything else that decides the numbers, as plain values; labels of other settings are other labels."""
        ...

    def label(self, atoms: Atoms) -> Prediction:
        """Return energy (eV), forces (eV/angstrom) and, in a periodic cell, virial (eV).

        ``atoms.info`` holds ``charge`` (e) and ``spin`` (the multiplicity 2S + 1) of the configuration where they are
        known: `decant.labels.charges.state_for` returns what to compute. A lone atom without either is to be taken in
        its neutral ground state.

        Raises
        ------
        LabelError
            If the method fails for this configuration, for example without self-consistency.
        """
        ...


def not_for(method: Labeler, atoms: Atoms) -> str:
    """Say why a configuration is none for a method whatever it answers: a slab or a wire, unless it knows those."""
    knows = getattr(method, "partly_periodic", None)
    try:
        if not knows:
            require_all_or_none(atoms, method.name)
    except InputError as error:
        # a method that can be told has the word as a setting
        return f"{error}; if it does know them, say so: partly_periodic=true" if knows is False else str(error)
    return ""


def require_known_periodicity(method: Labeler, atoms: Atoms) -> None:
    """Raise `LabelError` for a slab or a wire, unless the method knows those."""
    if reason := not_for(method, atoms):
        raise LabelError(reason)


def label_one(method: Labeler, atoms: Atoms) -> Record:
    """Return the journal record of one configuration: its labels, or why there are none.

    It stands here since worker processes import the module of what they run, and this one loads fast.
    """
    start = time.perf_counter()
    try:
        answer = method.label(atoms)
    except LabelError as error:
        return {"error": str(error)}
    record: Record = {"version": method.version, "seconds": round(time.perf_counter() - start, 3)}
    record |= {"energy": answer.energy, "forces": answer.forces.tolist()}
    if answer.virial is not None:
        record["virial"] = answer.virial.tolist()
    return record


def check_settings(name: str, settings: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise `InputError` if the method has no such setting; the message names the nearest."""
    for key in settings:
        if key not in known:
            has = f"it has {', '.join(sorted(known))}" if known else "it has none"
            raise InputError(f"method '{name}' has no setting '{key}'{nearest(key, known)}; {has}")


def settings_text(settings: Mapping[str, Any]) -> str:
    """Return the settings of a method as a labelled frame carries them: ``key=value,key=value``."""
    return ",".join(f"{key}={value}" for key, value in settings.items())


def made(name: str, maker: Callable[..., Any], settings: Mapping[str, Any]) -> Any:
    """Return what a callable makes of settings that it takes by keyword.

    Raises
    ------
    InputError
        If it does not take them.
    """
    try:
        taken = inspect.signature(maker).parameters.values()
        if not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in taken):
            check_settings(name, settings, [parameter.name for parameter in taken])
    except ValueError:  # a callable in C may have no signature; it will complain itself
        pass
    try:
        return maker(**settings)
    except TypeError as error:
        raise InputError(f"method '{name}' does not take these settings: {error}") from error

"""The interface of a reference method, and the methods there are."""

from __future__ import annotations

from importlib import metadata
from typing import Protocol

from ase import Atoms

from decant.errors import InputError, nearest
from decant.prediction import Prediction


class LabelError(Exception):
    """The method gave no answer for one configuration; the message says why."""


class Labeler(Protocol):
    """A reference method that labels configurations.

    It is sent to worker processes, so it must pickle, and it must not keep state between configurations: labels may
    not depend on the order of the work.
    """

    @property
    def name(self) -> str:
        """Name of the method, as ``--method`` takes it."""
        ...

    def label(self, atoms: Atoms) -> Prediction:
        """Return energy (eV), forces (eV/angstrom) and, in a periodic cell, virial (eV).

        Raises
        ------
        LabelError
            If the method fails for this configuration, for example without self-consistency.
        """
        ...


def labeler(name: str) -> Labeler:
    """Return the reference method of this name.

    ``gfn1-xtb`` and ``gfn2-xtb`` come with the package; an installed package adds one under the entry point group
    ``decant.labels``, as a callable that takes no argument and returns a `Labeler`.

    Raises
    ------
    InputError
        If there is no such method.
    """
    from decant.labels.tblite import METHODS, TBLite

    if name.lower() in METHODS:
        return TBLite(name.lower())
    others = {entry.name: entry for entry in metadata.entry_points(group="decant.labels")}
    if name in others:
        found: Labeler = others[name].load()()
        return found
    known = [*METHODS, *others]
    raise InputError(f"unknown method '{name}'{nearest(name, known)}; expected one of {', '.join(known)}")

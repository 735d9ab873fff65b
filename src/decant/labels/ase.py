"""Any ASE calculator as a reference method."""

from __future__ import annotations

import functools
import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import ground_state_magnetic_moments

from decant.data.prediction import Prediction, ask
from decant.foundation.errors import InputError, nearest
from decant.labels.ase_charge import CHARGE_BY, told
from decant.labels.base import LabelError, made, require_known_periodicity
from decant.labels.charges import state_for

KEEP, PARTLY_PERIODIC = "keep", "partly_periodic"


@dataclass(frozen=True)
class ASECalculator:
    """An ASE calculator, made anew for each configuration, so that nothing of one can reach the next.

    Attributes
    ----------
    path
        Import path of a class, or of a function that returns a calculator: ``ase.calculators.emt.EMT``.
    version
        The distribution that it comes from, and its version.
    arguments
        Keyword arguments, as JSON.
    keep
        Make the calculator once in each process: for those that remember nothing, such as learned potentials, which
        take longer to load than to use.
    partly_periodic
        The user's word that the calculator is right for slabs and wires: many take them for fully periodic, or for not
        periodic, without a word.
    charge_by
        How the calculator is told charge and spin, where `decant.labels.ase_charge` does not know it.
    """

    path: str
    version: str
    arguments: str = "{}"
    keep: bool = False
    partly_periodic: bool = False
    charge_by: str = ""

    @property
    def name(self) -> str:
        """``ase:`` and the import path."""
        return f"ase:{self.path}"

    @property
    def settings(self) -> dict[str, Any]:
        """The keyword arguments, and what was chosen of ours."""
        own = {KEEP: self.keep, PARTLY_PERIODIC: self.partly_periodic, CHARGE_BY: self.charge_by}
        return {**json.loads(self.arguments), **{key: value for key, value in own.items() if value}}

    def label(self, atoms: Atoms) -> Prediction:
        """Return energy, forces and, in a fully periodic cell, virial of a configuration."""
        require_known_periodicity(self, atoms)
        make = _kept if self.keep else _made
        arguments, frame = told(self.path, _found(self.path), self.arguments, self.charge_by, atoms)
        try:
            calculator = make(self.path, arguments)
        except InputError as error:
            raise LabelError(str(error)) from error
        return evaluated(calculator, frame)


def ase_method(path: str, settings: Mapping[str, Any]) -> ASECalculator:
    """Return the calculator of an import path as a method.

    Raises
    ------
    InputError
        If it cannot be imported, or does not take the settings.
    """
    _found(path)
    arguments = {key: value for key, value in settings.items() if key not in (KEEP, PARTLY_PERIODIC, CHARGE_BY)}
    keep, partly = (bool(settings.get(key)) for key in (KEEP, PARTLY_PERIODIC))
    way = str(settings.get(CHARGE_BY, "")).replace(" ", "")
    method = ASECalculator(path, _version(path), json.dumps(arguments, sort_keys=True), keep, partly, way)
    try:
        _made(path, method.arguments)
    except InputError:
        raise
    except Exception as error:  # a calculator may raise anything, for example that its program is not configured
        raise InputError(f"method '{method.name}': cannot be made: {_line(error)}") from error
    return method


def _found(path: str) -> Callable[..., Any]:
    module, _, attribute = path.rpartition(".")
    if not module:
        raise InputError(f"method 'ase:{path}': expected an import path, for example ase:ase.calculators.emt.EMT")
    package = path.partition(".")[0]
    try:
        content = importlib.import_module(module)
    except ImportError as error:
        raise InputError(f"method 'ase:{path}': {_line(error)}; install it, perhaps: pip install {package}") from error
    found = getattr(content, attribute, None)
    if not callable(found):
        raise InputError(f"method 'ase:{path}': no class '{attribute}' in {module}{nearest(attribute, dir(content))}")
    return found


def _version(path: str) -> str:
    package = path.partition(".")[0]
    names = metadata.packages_distributions().get(package, [])
    return f"{names[0]} {metadata.version(names[0])}" if names else package


def _made(path: str, arguments: str) -> Any:
    return made(f"ase:{path}", _found(path), json.loads(arguments))


_kept = functools.cache(_made)


def evaluated(calculator: Any, atoms: Atoms) -> Prediction:
    """Return what an ASE calculator says of one configuration.

    An isolated atom is given the magnetic moment of its ground state (ASE's table), which calculators with spin take
    as their start.

    Raises
    ------
    LabelError
        If the calculator fails or gives no finite numbers.
    """
    frame = atoms.copy()
    if state_for(frame) is None:
        frame.set_initial_magnetic_moments([ground_state_magnetic_moments[frame.numbers[0]]])
    try:
        answer = ask(calculator, frame)
    except Exception as error:  # calculators of others fail in any way
        raise LabelError(_line(error)) from error
    if not np.isfinite(answer.energy) or not np.isfinite(answer.forces).all():
        raise LabelError("energy or forces are not finite")
    return answer


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__

"""A classical force field as a reference method: OpenFF Sage with NAGL charges, by LAMMPS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any, ClassVar

import numpy as np
from ase import Atoms

from decant.data.charges import charge_of, spin_of
from decant.data.isolated import is_isolated
from decant.data.prediction import Prediction
from decant.force_field.evaluate import LONG_RANGE, evaluate
from decant.force_field.lammps_input import CUTOFF_A
from decant.force_field.sage import CHARGES, FORCE_FIELD, require_toolkit
from decant.foundation.errors import InputError, ProgramFailed
from decant.labels.base import LabelError, check_settings, require_known_periodicity
from decant.labels.charges import state_for

OPENFF = "openff"


@dataclass(frozen=True)
class OpenFF:
    """The force field: it knows molecules by their bonds, which it never breaks, and electrons not at all.

    Attributes
    ----------
    ion_charge_scale
        Factor on the partial charges of ions; below 1 it stands for the polarization that fixed charges lack.
    """

    name: ClassVar[str] = OPENFF
    ion_charge_scale: float = 1.0

    @property
    def version(self) -> str:
        """Version of LAMMPS."""
        return f"lammps {metadata.version('lammps')}"

    @property
    def settings(self) -> dict[str, Any]:
        """Names of the force field and of the model of charges, and what is done at long range."""
        scaled = {} if self.ion_charge_scale == 1.0 else {"ion_charge_scale": self.ion_charge_scale}
        return {
            "force_field": FORCE_FIELD,
            "charge_model": CHARGES,
            "cutoff_A": CUTOFF_A,
            "dispersion_correction": True,
            "long_range": LONG_RANGE,
            **scaled,
        }

    def label(self, atoms: Atoms) -> Prediction:
        """Return energy, forces and, in a periodic cell, virial of a configuration.

        A lone atom has no energy: there is nothing that it interacts with.
        """
        require_known_periodicity(self, atoms)
        if is_isolated(atoms) or state_for(atoms) is None:
            return Prediction(0.0, np.zeros((len(atoms), 3)), None)
        try:
            answer = evaluate(atoms, charge_of(atoms), spin_of(atoms), self.ion_charge_scale)
        except (InputError, ProgramFailed) as error:
            raise LabelError(str(error)) from error
        if not np.isfinite(answer.energy) or not np.isfinite(answer.forces).all():
            raise LabelError("energy or forces are not finite")
        return answer


def openff_method(settings: Mapping[str, Any]) -> OpenFF:
    """Return the method.

    Parameters
    ----------
    settings
        ``ion_charge_scale``, above 0 and at most 1; 1 by default.

    Raises
    ------
    InputError
        If the toolkit is not installed, or there is another setting.
    """
    check_settings(OPENFF, settings, ("ion_charge_scale",))
    scale = settings.get("ion_charge_scale", 1.0)
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 < scale <= 1:
        raise InputError(f"method '{OPENFF}': `ion_charge_scale` {scale}: expected a number above 0, at most 1")
    require_toolkit()
    return OpenFF(float(scale))

r"""Ionic conductivity from the motion of charges, with all correlations between ions and without.

With all of them, by Einstein's relation of the collective displacement of the charges,

.. math:: \sigma = \frac{1}{6 V k_B T} \lim_{t \to \infty} \frac{d}{dt}
   \Big\langle \Big|\sum_i q_i [r_i(t) - r_i(0)]\Big|^2 \Big\rangle,

and without, from the self-diffusion of each species alone (Nernst-Einstein),

.. math:: \sigma_{NE} = \frac{1}{V k_B T} \sum_s N_s q_s^2 D_s.

J.-P. Hansen and I. R. McDonald, Theory of Simple Liquids, 4th edition, 2013, chapter 10.5. Charges are the formal ones
of the ions. A drift of the whole box does not count where they add up to zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.analysis.box import cell_vectors
from decant.analysis.centres import mass_fractions, species
from decant.analysis.diffusion import (
    DIFFUSIVE,
    LEAST_MOVED_A2,
    MOST_CENTRES,
    MOST_FRAMES,
    Diffusion,
    fit_window,
    mean_square_displacement,
    remove_box_scaling,
    still_caged,
)
from decant.analysis.frames import Rows, late_frames
from decant.foundation.errors import InputError
from decant.foundation.units import A2_PS_TO_1E5_CM2_S, BOLTZMANN_J_K, ELEMENTARY_CHARGE_C
from decant.molecules.solvents import molecule

if TYPE_CHECKING:
    from MDAnalysis import Universe
    from MDAnalysis.coordinates.timestep import Timestep

BLOCKS = 5
"""Parts of a run that count as independent, each along three directions."""
WINDOW = (0.1, 0.3)
"""Lag times of the fit as fractions of a part: one path has no others to average with, and few long lags."""
LEAST_FRAMES = 125
"""The lag times of a fifth of them that are fitted are five, the fewest of a fit."""
UNIT = "mS/cm"


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error; None where there is none."""

    value: float
    uncertainty: float | None


@dataclass(frozen=True)
class Conductivity:
    """Ionic conductivity of a run.

    Attributes
    ----------
    lag_ps, displacement_e2A2
        Mean square of the collective displacement of the charges over lag time, e^2 angstrom^2.
    einstein
        With all correlations, mS/cm.
    slope
        d log(displacement) / d log(lag) in the window of the fit: 1 where charges diffuse.
    factor
        mS/cm for one e^2 angstrom^2/ps of the displacement's slope over 6, of this volume and temperature.
    charges
        Charge of an ion of each species, e, and how many there are.
    slopes
        Of the displacement over 2, e^2 angstrom^2/ps, of each part of the run along three directions.
    moved_A2
        Mean square displacement of an ion at the end of the fit, angstrom^2.
    """

    lag_ps: np.ndarray
    displacement_e2A2: np.ndarray
    einstein: Estimate
    slope: float
    factor: float
    charges: Mapping[str, tuple[int, int]]
    slopes: np.ndarray
    moved_A2: float

    @property
    def running_mS_cm(self) -> tuple[np.ndarray, np.ndarray]:
        """The value and its error from the first part of the run, from the first two, and so on."""
        steps = [self.factor * self.slopes[: 3 * (part + 1)] for part in range(len(self.slopes) // 3)]
        return np.array([s.mean() for s in steps]), np.array([s.std(ddof=1) / np.sqrt(len(s)) for s in steps])

    def nernst_einstein(self, diffusions: Sequence[Diffusion]) -> dict[str, Estimate]:
        """Return what each species of ions adds to the conductivity if none knows of another, mS/cm."""
        found = {}
        for one in diffusions:
            if one.species in self.charges:
                charge, count = self.charges[one.species]
                scale = self.factor * count * charge**2 / A2_PS_TO_1E5_CM2_S
                error = None if one.uncertainty is None else scale * one.uncertainty
                found[one.species] = Estimate(scale * one.value, error)
        return found

    def summary(self, diffusions: Sequence[Diffusion]) -> dict[str, Any]:
        """Return the numbers for ``observables.yaml``."""
        parts = self.nernst_einstein(diffusions)
        result: dict[str, Any] = {
            "einstein": _entry(self.einstein),
            "charges_e": {name: charge for name, (charge, _) in self.charges.items()},
        }
        if parts.keys() == self.charges.keys():
            whole = _sum(list(parts.values()))
            positive = _sum([part for name, part in parts.items() if self.charges[name][0] > 0])
            note = "; ".join(
                f"diffusion of {one.species}: {one.note}" for one in diffusions if one.species in parts and one.note
            )
            result["nernst_einstein"] = _entry(whole) | ({"note": note} if note else {})
            if whole.value > 0:
                share = positive.value / whole.value
                result["cation_transference_of_nernst_einstein"] = share
                result["einstein_over_nernst_einstein"] = self.einstein.value / whole.value
            corrected = self._finite_size(whole, diffusions)
            if note and "nernst_einstein_corrected" in corrected:
                corrected["nernst_einstein_corrected"]["note"] = note
            result |= corrected
        if self.note:
            result["note"] = self.note
        return result

    def columns(self) -> dict[str, np.ndarray]:
        """Return the columns of ``conductivity.csv``."""
        return {"lag_ps": self.lag_ps, "displacement_e2_A2": self.displacement_e2A2}

    def _finite_size(self, whole: Estimate, diffusions: Sequence[Diffusion]) -> dict[str, Any]:
        """Return what the size of the box takes off the sum over ions alone, and the sum without that."""
        square = sum(count * charge**2 for charge, count in self.charges.values())
        first = diffusions[0]
        if first.correction_at_1_mPa_s is None:
            return {}
        more = float(self.factor * square * first.correction_at_1_mPa_s / A2_PS_TO_1E5_CM2_S)
        found: dict[str, Any] = {"nernst_einstein_correction_at_1_mPa_s": more}
        if first.viscosity_mPa_s is not None:
            value = whole.value + more / first.viscosity_mPa_s
            found["nernst_einstein_corrected"] = _entry(Estimate(value, whole.uncertainty))
        return found

    @property
    def note(self) -> str:
        """What a reader must know before trusting the number; empty if nothing."""
        notes = []
        if not DIFFUSIVE[0] <= self.slope <= DIFFUSIVE[1]:
            notes.append(f"log-log slope {self.slope:.2f} of the charges' displacement, 1 expected: too short a run")
        elif self.moved_A2 < LEAST_MOVED_A2:
            notes.append(f"ions {still_caged(self.moved_A2)}: too short a run")
        error = self.einstein.uncertainty
        if error is None or error > 0.5 * abs(self.einstein.value):
            notes.append("uncertainty is more than half of the value: the collective motion needs a far longer run")
        return "; ".join(notes)


class IonicConductivity:
    """The conductivity of the ions of a run, whose charges must add up to zero.

    Parameters
    ----------
    universe
        Residues are molecules, resnames are species, coordinates are unwrapped.
    from_ps
        First time to take.
    temperature
        K.

    Raises
    ------
    InputError
        If the box is charged, or no frame is that late.
    """

    def __init__(self, universe: Universe, from_ps: float, temperature: float):
        charges = charges_of(universe)
        if charges.sum() != 0:
            raise InputError(f"the box has a charge of {charges.sum():+d} e: its conductivity depends on its drift")
        self.ions = np.flatnonzero(charges)
        self.frames = late_frames(universe, from_ps, min(MOST_CENTRES // len(self.ions) or 1, MOST_FRAMES))
        self.weights, self.charges = mass_fractions(universe)[self.ions], charges[self.ions]
        self.resnames, self.temperature = universe.residues.resnames.astype(str)[self.ions], temperature

    def of_frame(self, step: Timestep) -> dict[str, Any]:
        """Return the centres of mass of the ions in single precision, and the box."""
        return {"centres": (self.weights @ step.positions).astype(np.float32), "cell": cell_vectors(step.dimensions)}

    def conclude(self, rows: Rows) -> Conductivity:
        """Return the conductivity with all correlations.

        Raises
        ------
        InputError
            If there is no box, or too few frames, or they are not evenly spaced.
        """
        gaps, volumes = np.diff(rows["time_ps"]), np.abs(np.linalg.det(rows["cell"]))
        if not np.all(volumes > 0):
            raise InputError("no box, so no density of charges")
        size = len(volumes) // BLOCKS
        if len(volumes) < LEAST_FRAMES or not np.allclose(gaps, gaps[0], rtol=1e-3):
            raise InputError(
                f"{len(volumes)} trajectory frames; {LEAST_FRAMES} at least are needed, evenly spaced in time"
            )
        lag = np.arange(size) * float(gaps.mean())
        inside = fit_window(lag, WINDOW)
        paths = remove_box_scaling(rows["centres"].astype(float), rows["cell"])
        moment = np.einsum("fmk,m->fk", paths, self.charges)[:, :, None]  # directions as if they were molecules
        found = np.hstack([mean_square_displacement(part) for part in _parts(moment, size)])
        slopes = np.polyfit(lag[inside], found[inside], 1)[0] / 2
        factor = conductivity_factor(float(volumes.mean()), self.temperature)
        value, error = slopes.mean(), slopes.std(ddof=1) / np.sqrt(len(slopes))
        displacement = 3 * found.mean(axis=1)
        slope = np.polyfit(np.log(lag[inside]), np.log(np.maximum(displacement[inside], 1e-300)), 1)[0]
        names = dict.fromkeys(self.resnames.tolist())
        counts = {
            name: (int(self.charges[self.resnames == name][0]), int((self.resnames == name).sum())) for name in names
        }
        estimate = Estimate(float(factor * value), float(factor * error))
        moved = _moved(paths, int(inside[-1]))
        return Conductivity(lag, displacement, estimate, float(slope), factor, counts, slopes, moved)


def has_ions(universe: Universe) -> bool:
    """Return whether any species of a run is an ion."""
    return bool(np.any(charges_of(universe)))


def charges_of(universe: Universe) -> np.ndarray:
    """Return the charge of each residue, e, by the name or SMILES of its species; 0 where that is no molecule."""
    charges = {}
    for name in species(universe):
        try:
            charges[name] = molecule(name).charge
        except InputError:  # a formula, or what others call their species
            charges[name] = 0
    return np.array([charges[str(name)] for name in universe.residues.resnames], dtype=int)


def conductivity_factor(volume_A3: float, temperature: float) -> float:
    """Return the conductivity, mS/cm, of charges that diffuse with 1 e^2 angstrom^2/ps in a volume, angstrom^3."""
    square_charge_metres = ELEMENTARY_CHARGE_C**2 * 1e-20 / 1e-12
    return 10 * square_charge_metres / (volume_A3 * 1e-30 * BOLTZMANN_J_K * temperature)  # 1 S/m is 10 mS/cm


def _moved(paths: np.ndarray, lag: int) -> float:
    """Return the mean square displacement of ions over a lag, less what they do together, as of independent ones."""
    steps = paths[lag:] - paths[:-lag]
    steps = steps - steps.mean(axis=1, keepdims=True)
    count = paths.shape[1]
    return float(np.einsum("fmk,fmk->", steps, steps) / (len(steps) * max(count - 1, 1)))


def _parts(moment: np.ndarray, size: int) -> list[np.ndarray]:
    return [moment[start : start + size] for start in range(0, size * BLOCKS, size)]


def _sum(parts: Sequence[Estimate]) -> Estimate:
    errors = [part.uncertainty for part in parts]
    known = [error for error in errors if error is not None]
    error = float(np.sqrt(np.sum(np.square(known)))) if len(known) == len(errors) else None
    return Estimate(float(sum(part.value for part in parts)), error)


def _entry(estimate: Estimate) -> dict[str, Any]:
    return {"value": estimate.value, "uncertainty": estimate.uncertainty, "unit": UNIT}

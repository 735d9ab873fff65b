"""Centre-of-mass self-diffusion of each species from its mean square displacement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from MDAnalysis.analysis.msd import EinsteinMSD

from decant.analysis.centres import centres_of_mass, frame_range, species
from decant.errors import InputError

if TYPE_CHECKING:
    from MDAnalysis import Universe

BOLTZMANN_J_K = 1.380649e-23  # exact, SI 2019
XI = 2.837297  # cubic lattice sum of Yeh & Hummer 2004
A2_PS_TO_1E5_CM2_S = 10.0  # 1 A^2/ps = 1e-4 cm2/s
FIT_WINDOW = (0.2, 0.6)
MOST_FRAMES = 2000
LEAST_LAGS = 5
LEAST_MOLECULES = 4
DIFFUSIVE = (0.9, 1.1)


@dataclass(frozen=True)
class Diffusion:
    """Self-diffusion of one species.

    Attributes
    ----------
    species
        Its name.
    molecules
        How many there are.
    lag_ps, msd_A2
        Mean square displacement of the centre of mass over lag time, averaged over molecules and time origins.
    window_ps
        First and last lag time of the fit.
    value, uncertainty
        D in 1e-5 cm2/s as simulated, and its standard error (None for fewer than 4 molecules).
    slope
        d log(MSD) / d log(lag) in the window: 1 where the motion is diffusive.
    correction_at_1_mPa_s
        Yeh-Hummer correction for a viscosity of 1 mPa s, 1e-5 cm2/s; it goes as 1 / viscosity. None if not known.
    viscosity_mPa_s
        Viscosity to correct with; None if not given.
    """

    species: str
    molecules: int
    lag_ps: np.ndarray
    msd_A2: np.ndarray
    window_ps: tuple[float, float]
    value: float
    uncertainty: float | None
    slope: float
    correction_at_1_mPa_s: float | None = None
    viscosity_mPa_s: float | None = None

    @property
    def note(self) -> str:
        """What a reader must know before trusting the number."""
        notes = []
        if not DIFFUSIVE[0] <= self.slope <= DIFFUSIVE[1]:
            notes.append(
                f"log-log slope {self.slope:.2f} in the fit window, 1 expected: too short a run, or not diffusive yet"
            )
        if self.uncertainty is None:
            notes.append(f"no uncertainty from {self.molecules} molecules, at least {LEAST_MOLECULES} are needed")
        elif self.uncertainty > 0.5 * abs(self.value):
            notes.append("uncertainty is more than half of the value")
        return "; ".join(notes)

    def summary(self) -> dict[str, Any]:
        """Return the numbers for ``observables.yaml``."""
        result: dict[str, Any] = {
            "diffusion_1e-5_cm2_s": self.value,
            "uncertainty_1e-5_cm2_s": self.uncertainty,
            "molecules": self.molecules,
            "fit_window_ps": list(self.window_ps),
            "log_log_slope": self.slope,
            "msd_at_window_end_A2": float(np.interp(self.window_ps[1], self.lag_ps, self.msd_A2)),
        }
        if self.correction_at_1_mPa_s is not None:
            result["yeh_hummer_correction_at_1_mPa_s_1e-5_cm2_s"] = self.correction_at_1_mPa_s
            if self.viscosity_mPa_s is not None:
                result["viscosity_mPa_s"] = self.viscosity_mPa_s
                result["diffusion_corrected_1e-5_cm2_s"] = (
                    self.value + self.correction_at_1_mPa_s / self.viscosity_mPa_s
                )
        return {**result, "note": self.note} if self.note else result


def yeh_hummer(temperature: float, box_length: float, viscosity_mPa_s: float) -> float:
    r"""Return what a periodic cubic box takes off the diffusion coefficient, 1e-5 cm2/s.

    .. math:: D_\infty - D_{PBC} = \frac{\xi k_B T}{6 \pi \eta L}, \qquad \xi = 2.837297

    I.-C. Yeh and G. Hummer, J. Phys. Chem. B 108, 15873 (2004).

    Parameters
    ----------
    temperature
        K.
    box_length
        Edge of the cubic box, angstrom.
    viscosity_mPa_s
        Shear viscosity of the simulated liquid, mPa s.
    """
    square_metres = XI * BOLTZMANN_J_K * temperature / (6.0 * np.pi * viscosity_mPa_s * 1e-3 * box_length * 1e-10)
    return square_metres * 1e4 * 1e5


def remove_box_scaling(positions: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Unwrap again so that a fluctuating box does not stretch the path of a molecule.

    Coordinates unwrapped by image flags (as LAMMPS writes them) jump by ``image * change of the box`` whenever a
    barostat changes the box, which grows without bound and falsifies diffusion: von Buelow, Bullerjahn and Hummer,
    J. Chem. Phys. 153, 021101 (2020). As proposed there, the minimum-image steps between wrapped positions are summed
    instead (toroidal-view-preserving unwrapping); in a fixed box this changes nothing. A molecule must move less than
    half a box between frames.

    Parameters
    ----------
    positions
        Unwrapped positions, angstrom, shape (frames, molecules, 3).
    cells
        Cell vectors as rows, angstrom, shape (frames, 3, 3); zeros where there is no box.

    Returns
    -------
    np.ndarray
        Shape (frames, molecules, 3), beginning at the first frame's positions.
    """
    if not np.all(np.abs(np.linalg.det(cells)) > 0):
        return positions
    inverse = np.linalg.inv(cells)
    fractional = np.einsum("fma,fab->fmb", positions, inverse)
    wrapped = np.einsum("fma,fab->fmb", fractional - np.floor(fractional), cells)
    steps = np.diff(wrapped, axis=0)
    images = np.rint(np.einsum("fma,fab->fmb", steps, inverse[1:]))
    steps -= np.einsum("fma,fab->fmb", images, cells[1:])
    return np.concatenate([positions[:1], positions[:1] + np.cumsum(steps, axis=0)])


def _make_diffusive(centres: Universe) -> None:
    """Take box scaling and the drift of the whole system off a universe of centres, in place."""
    from MDAnalysis.lib.mdamath import triclinic_vectors

    positions = centres.trajectory.get_array().astype(float)
    cells = np.array([triclinic_vectors(box) for box in centres.trajectory.dimensions_array], dtype=float)
    positions = remove_box_scaling(positions, cells)
    drift = np.average(positions, axis=1, weights=centres.atoms.masses, keepdims=True)
    centres.trajectory.set_array(positions - (drift - drift[:1]), order="fac")


def fit_diffusion(
    lag_ps: np.ndarray, molecule_msd: np.ndarray, window: tuple[float, float] = FIT_WINDOW
) -> tuple[tuple[float, float], float, float | None, float]:
    """Fit ``MSD = 6 D t + c`` in a window of lag times.

    Each molecule gives one slope, since molecules are nearly independent while lag times of one molecule are not; D is
    their mean and its uncertainty their standard error.

    Parameters
    ----------
    lag_ps
        Shape (lags,).
    molecule_msd
        angstrom^2, shape (lags, molecules).
    window
        First and last lag as fractions of the longest lag.

    Returns
    -------
    window_ps, value, uncertainty, slope
        As in `Diffusion`.

    Raises
    ------
    InputError
        If fewer than 5 lag times lie in the window.
    """
    inside = (lag_ps >= window[0] * lag_ps[-1] - 1e-9) & (lag_ps <= window[1] * lag_ps[-1] + 1e-9) & (lag_ps > 0)
    if inside.sum() < LEAST_LAGS:
        raise InputError(
            f"{len(lag_ps)} trajectory frames leave {inside.sum()} lag times to fit, at least {LEAST_LAGS} are needed"
        )
    lag, msd = lag_ps[inside], molecule_msd[inside]
    slopes = np.polyfit(lag, msd, 1)[0] / 6.0 * A2_PS_TO_1E5_CM2_S
    mean = np.maximum(msd.mean(axis=1), 1e-300)
    log_slope = float(np.polyfit(np.log(lag), np.log(mean), 1)[0])
    count = len(slopes)
    uncertainty = float(slopes.std(ddof=1) / np.sqrt(count)) if count >= LEAST_MOLECULES else None
    return (float(lag[0]), float(lag[-1])), float(slopes.mean()), uncertainty, log_slope


def diffusion(
    universe: Universe,
    from_ps: float = 0.0,
    temperature: float | None = None,
    viscosity_mPa_s: float | None = None,
    window: tuple[float, float] = FIT_WINDOW,
) -> list[Diffusion]:
    """Return the self-diffusion of each species.

    The drift of the whole system's centre of mass and the scaling of the box by a barostat are taken off first.

    Parameters
    ----------
    universe
        Residues are molecules, resnames are species, coordinates are unwrapped.
    from_ps
        First time to take.
    temperature
        K, for the Yeh-Hummer correction; None leaves the correction out.
    viscosity_mPa_s
        mPa s; None gives the correction for 1 mPa s only.
    window
        First and last lag time of the fit as fractions of the longest lag; 20 to 60 % by default, past the first
        picoseconds of caging and short of lags that few time origins share.

    Raises
    ------
    InputError
        If there are too few frames, or they are not evenly spaced.
    """
    frames = frame_range(universe, from_ps, MOST_FRAMES)
    centres = centres_of_mass(universe, frames)
    if len(centres.trajectory) < 3:
        raise InputError(f"only {len(centres.trajectory)} trajectory frames, too few for diffusion")
    _make_diffusive(centres)
    correction = None
    volumes = np.array([step.volume for step in centres.trajectory])
    if temperature is not None and np.all(volumes > 0):
        correction = yeh_hummer(temperature, float(np.cbrt(volumes.mean())), 1.0)
    result = []
    for name in species(universe):
        msd = EinsteinMSD(centres, select=f"resname {name}", fft=False).run().results
        lag = msd.delta_t_values
        window_ps, value, uncertainty, slope = fit_diffusion(lag, msd.msds_by_particle, window)
        count = msd.msds_by_particle.shape[1]
        result.append(
            Diffusion(
                name, count, lag, msd.timeseries, window_ps, value, uncertainty, slope, correction, viscosity_mPa_s
            )
        )
    return result

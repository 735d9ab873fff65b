"""Centre-of-mass self-diffusion of each species from its mean square displacement."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from decant.analysis.box import cell_vectors
from decant.analysis.centres import mass_fractions, species
from decant.analysis.frames import Rows, late_frames
from decant.foundation.errors import InputError
from decant.foundation.units import A2_PS_TO_1E5_CM2_S, BOLTZMANN_J_K

if TYPE_CHECKING:
    from MDAnalysis import Universe
    from MDAnalysis.coordinates.timestep import Timestep

XI = 2.837297  # cubic lattice sum of Yeh & Hummer 2004
FIT_WINDOW = (0.2, 0.6)
MOST_FRAMES = 10_000
MOST_CENTRES, LEAST_FRAMES = 10_000_000, 100
"""Molecules times frames held in memory, 12 bytes each. A larger system gives fewer frames, but not too few."""
BLOCK_NUMBERS = 500_000
"""Numbers of the paths that are worked on at once, in double precision."""
LEAST_LAGS = 5
LEAST_MOLECULES = 4
DIFFUSIVE = (0.9, 1.1)
LEAST_MOVED_A2 = 2.0
"""Mean square displacement at the end of a fit: more than rattling among neighbours, where any slope can pass."""


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
    molar_mass
        Of a molecule, g/mol.
    collective_A
        Sum of the centres of mass of all its molecules, angstrom, shape (frames, 3); the drift of the whole is in it.
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
    molar_mass: float = 0.0
    collective_A: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))

    @property
    def moved_A2(self) -> float:
        """Mean square displacement at the end of the fit, angstrom^2."""
        return float(np.interp(self.window_ps[1], self.lag_ps, self.msd_A2))

    @property
    def note(self) -> str:
        """What a reader must know before trusting the number."""
        notes = []
        if not DIFFUSIVE[0] <= self.slope <= DIFFUSIVE[1]:
            notes.append(
                f"log-log slope {self.slope:.2f} in the fit window, 1 expected: too short a run, or not diffusive yet"
            )
        elif self.moved_A2 < LEAST_MOVED_A2:
            notes.append(f"{still_caged(self.moved_A2)}: too short a run, or no liquid")
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
            "msd_at_window_end_A2": self.moved_A2,
        }
        if self.correction_at_1_mPa_s is not None:
            result["yeh_hummer_correction_at_1_mPa_s_1e-5_cm2_s"] = self.correction_at_1_mPa_s
            if self.viscosity_mPa_s is not None:
                result["viscosity_mPa_s"] = self.viscosity_mPa_s
                result["diffusion_corrected_1e-5_cm2_s"] = (
                    self.value + self.correction_at_1_mPa_s / self.viscosity_mPa_s
                )
        return {**result, "note": self.note} if self.note else result


def still_caged(moved_A2: float) -> str:
    """Say that a mean square displacement, angstrom^2, is less than diffusion takes."""
    return f"moved {max(moved_A2, 0.0) ** 0.5:.2g} A by the end of the fit window, {LEAST_MOVED_A2**0.5:.2g} A expected"


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
    if np.all(cells == cells[0]) or not np.all(np.abs(np.linalg.det(cells)) > 0):
        return positions
    inverse = np.linalg.inv(cells)
    fractional = positions @ inverse
    steps = np.diff((fractional - np.floor(fractional)) @ cells, axis=0)
    steps -= np.rint(steps @ inverse[1:]) @ cells[1:]
    return np.concatenate([positions[:1], positions[:1] + np.cumsum(steps, axis=0)])


def mean_square_displacement(paths: np.ndarray) -> np.ndarray:
    r"""Return the mean square displacement over lag time of each path, averaged over all time origins.

    With the autocorrelation by fast Fourier transform, as proposed by V. Calandrini et al., Collection SFN 12, 201
    (2011), whose equation 3 this is: N log N operations for N frames instead of N^2.

    .. math:: (N - m) MSD(m) = \sum_{k=m}^{N-1} r_k^2 + \sum_{k=0}^{N-1-m} r_k^2 - 2 \sum_{k=0}^{N-1-m} r_k r_{k+m}

    Parameters
    ----------
    paths
        Evenly spaced in time, angstrom, shape (frames, molecules, 3).

    Returns
    -------
    np.ndarray
        angstrom^2, shape (lags, molecules); as many lags as frames, the first is 0.
    """
    count = len(paths)
    paths = paths - paths.mean(axis=0)  # small numbers, of which little is lost in the difference
    length = next_fast_len(2 * count, real=True)
    spectrum = rfft(paths, length, axis=0)
    products = irfft((spectrum.real**2 + spectrum.imag**2).sum(axis=2), length, axis=0)[:count]
    squares = np.cumsum(np.einsum("fmk,fmk->fm", paths, paths), axis=0)
    before = np.concatenate([np.zeros_like(squares[:1]), squares[:-1]])  # over k < m
    return (squares[-1] - before + squares[::-1] - 2 * products) / np.arange(count, 0, -1)[:, None]


def fit_window(lag_ps: np.ndarray, window: tuple[float, float] = FIT_WINDOW) -> np.ndarray:
    """Return the indices of the lag times between two fractions of the longest one.

    Raises
    ------
    InputError
        If there are fewer than 5.
    """
    low, high = (fraction * lag_ps[-1] for fraction in window)
    inside = np.flatnonzero((lag_ps >= low - 1e-9) & (lag_ps <= high + 1e-9) & (lag_ps > 0))
    if len(inside) < LEAST_LAGS:
        raise InputError(
            f"{len(lag_ps)} trajectory frames leave {len(inside)} lag times to fit, at least {LEAST_LAGS} are needed"
        )
    return inside


class SelfDiffusion:
    """The self-diffusion of each species.

    The drift of the whole system's centre of mass and the scaling of the box by a barostat are taken off first.
    ``MSD = 6 D t + c`` is fitted in a window of lag times. Each molecule gives one slope, since molecules are nearly
    independent while lag times of one molecule are not; D is their mean and its uncertainty their standard error.

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
    whole
        Whether every molecule of the system is there. What some of them do together is no drift, and is not taken off.

    Raises
    ------
    InputError
        If no frame is that late.
    """

    def __init__(
        self,
        universe: Universe,
        from_ps: float = 0.0,
        temperature: float | None = None,
        viscosity_mPa_s: float | None = None,
        window: tuple[float, float] = FIT_WINDOW,
        whole: bool = True,
    ):
        most = max(MOST_CENTRES // len(universe.residues), LEAST_FRAMES)
        self.frames = late_frames(universe, from_ps, min(most, MOST_FRAMES))
        self.weights, self.masses = mass_fractions(universe), universe.residues.masses
        self.resnames, self.species = universe.residues.resnames.astype(str), species(universe)
        self.temperature, self.viscosity_mPa_s, self.window = temperature, viscosity_mPa_s, window
        self.whole = whole

    def of_frame(self, step: Timestep) -> dict[str, Any]:
        """Return the centres of mass in single precision, and the box."""
        return {"centres": (self.weights @ step.positions).astype(np.float32), "cell": cell_vectors(step.dimensions)}

    def conclude(self, rows: Rows) -> list[Diffusion]:
        """Return the diffusion of each species.

        Raises
        ------
        InputError
            If there are too few frames, or they are not evenly spaced.
        """
        gaps = np.diff(rows["time_ps"])
        if len(gaps) < 2:
            raise InputError(f"only {len(gaps) + 1} trajectory frames, too few for diffusion")
        if not np.allclose(gaps, gaps[0], rtol=1e-3):
            raise InputError("the trajectory's frames are not evenly spaced in time")
        lag = np.arange(len(gaps) + 1) * gaps.mean()
        inside = fit_window(lag, self.window)
        drift = self._make_continuous(rows["centres"], rows["cell"]) * self.whole
        volumes = np.abs(np.linalg.det(rows["cell"]))
        correction = None
        if self.temperature is not None and np.all(volumes > 0):
            correction = yeh_hummer(self.temperature, float(np.cbrt(volumes.mean())), 1.0)
        result = []
        for name in self.species:
            molecules = np.flatnonzero(self.resnames == name)
            total, slopes, collective = np.zeros(len(lag)), [], np.zeros((len(lag), 3))
            for block in _blocks(molecules, len(lag)):
                msd = mean_square_displacement(rows["centres"][:, block] - drift)
                total += msd.sum(axis=1)
                collective += rows["centres"][:, block].sum(axis=1, dtype=float)
                slopes.append(np.polyfit(lag[inside], msd[inside], 1)[0])
            value, uncertainty = mean_slope(np.concatenate(slopes) / 6.0 * A2_PS_TO_1E5_CM2_S)
            msd = total / len(molecules)
            log_slope = float(np.polyfit(np.log(lag[inside]), np.log(np.maximum(msd[inside], 1e-300)), 1)[0])
            window_ps = (float(lag[inside[0]]), float(lag[inside[-1]]))
            result.append(
                Diffusion(
                    name, len(molecules), lag, msd, window_ps, value, uncertainty, log_slope, correction,
                    self.viscosity_mPa_s, float(self.masses[molecules[0]]), collective,
                )
            )  # fmt: skip
        return result

    def _make_continuous(self, paths: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """Take the scaling of the box off paths, in place; return the drift of the whole system, (frames, 1, 3)."""
        drift = np.zeros((len(paths), 1, 3))
        for block in _blocks(np.arange(len(self.masses)), len(paths)):
            path = remove_box_scaling(paths[:, block].astype(float), cells)
            drift += np.einsum("fmk,m->fk", path, self.masses[block] / self.masses.sum())[:, None]
            paths[:, block] = path
        return drift - drift[:1]


def mean_slope(slopes: np.ndarray) -> tuple[float, float | None]:
    """Return the mean over molecules and its standard error, None for fewer than 4 of them."""
    count = len(slopes)
    uncertainty = float(slopes.std(ddof=1) / np.sqrt(count)) if count >= LEAST_MOLECULES else None
    return float(slopes.mean()), uncertainty


def _blocks(molecules: np.ndarray, frames: int) -> list[np.ndarray]:
    """Divide molecules so that the paths of a part are few numbers, however long they are."""
    return np.array_split(molecules, -(-len(molecules) * frames * 3 // BLOCK_NUMBERS))

r"""Onsager coefficients of the ions of a run and the transference number of the cation, with all correlations.

.. math:: L_{ij} = \frac{1}{6 V k_B T} \lim_{t \to \infty} \frac{d}{dt}
   \Big\langle \sum_{\alpha \in i} \Delta r_\alpha(t) \cdot \sum_{\beta \in j} \Delta r_\beta(t) \Big\rangle

K. D. Fong, H. K. Bergstrom, B. D. McCloskey, K. K. Mandadapu, AIChE J. 2020, 66, e17091. They are given as what they
add to the conductivity, z_i z_j e^2 L_ij, and the part of an ion's own motion apart from that of pairs of ions. A
transference number depends on what motion is counted from: here from the solvent's, as in measurements after Newman,
and from the centre of mass, as in most simulations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from decant.analysis.conductivity import BLOCKS, UNIT, WINDOW, Conductivity, Estimate
from decant.analysis.diffusion import Diffusion, fit_window, mean_square_displacement
from decant.foundation.errors import InputError

SOLVENT, MASS = "solvent", "centre_of_mass"
Pair = tuple[str, str]


@dataclass(frozen=True)
class Onsager:
    """Correlated motion of ions, as parts of the conductivity.

    Attributes
    ----------
    parts
        z_i z_j e^2 L_ij of each pair of species, mS/cm, in the frame of the solvent; both orders of a pair together.
    own
        What each species adds by the motion of each ion alone, mS/cm.
    transference
        Of the cations together, by what motion is counted from.
    running
        The same from the first part of the run, from the first two, and so on.
    of_conductivity
        The note of the conductivity, from the same motion of which these are parts.
    of_diffusion
        The note of the diffusion of each species of ions that has one.
    """

    parts: Mapping[Pair, Estimate]
    own: Mapping[str, Estimate]
    transference: Mapping[str, Estimate]
    running: Mapping[str, np.ndarray]
    of_conductivity: str = ""
    of_diffusion: Mapping[str, str] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """Return the numbers for ``observables.yaml``."""
        result: dict[str, Any] = {
            "unit": UNIT,
            "parts": {"-".join(pair): _entry(one) for pair, one in self.parts.items()},
        }
        result["self"] = {
            name: _entry(one) | ({"note": self.of_diffusion[name]} if name in self.of_diffusion else {})
            for name, one in self.own.items()
        }
        result["distinct"] = {name: _entry(_difference(self.parts[name, name], one)) for name, one in self.own.items()}
        result["cation_transference"] = {name: _entry(one) for name, one in self.transference.items()}
        if note := self.note:
            result["note"] = note
        return result

    @property
    def note(self) -> str:
        """Why the transference number must not be trusted; empty if it may."""
        notes = ["the conductivity, of the same motion, has a note"] if self.of_conductivity else []
        one = next(iter(self.transference.values()))
        if one.uncertainty is None or not one.uncertainty < 0.2:
            error = "unknown" if one.uncertainty is None else f"{one.uncertainty:.2g}"
            notes.append(
                f"uncertainty of the transference number is {error}: the collective motion needs a far longer run"
            )
        return "; ".join(notes)


def onsager(conductivity: Conductivity, diffusions: Sequence[Diffusion]) -> Onsager:
    """Return the Onsager coefficients of the ions.

    The run is cut into the parts of the conductivity, each along three directions; errors are those of the mean over
    parts, and of the transference number by leaving out one part at a time.

    Parameters
    ----------
    conductivity
        Of the run: charges, and the factor of volume and temperature.
    diffusions
        Of every species, with their collective paths.

    Raises
    ------
    InputError
        If there are too few frames, no solvent to count motion from, or no cations.
    """
    if not diffusions:
        raise InputError("no diffusion of the species, whose paths are needed")
    charges = conductivity.charges
    moved = {one.species: one for one in diffusions}
    ions = [name for name in moved if name in charges]
    lag = diffusions[0].lag_ps
    size = len(lag) // BLOCKS
    frames = {MASS: _mean_path(moved, list(moved)), SOLVENT: _mean_path(moved, [n for n in moved if n not in charges])}
    if frames[SOLVENT] is None:
        del frames[SOLVENT]
    inside = fit_window(lag[:size], WINDOW)
    found = {name: _slopes(moved, ions, charges, path, lag[:size], inside) for name, path in frames.items()}
    signs = np.array([charges[name][0] > 0 for name in ions])
    if signs.all() or not signs.any():
        raise InputError("one kind of charge only, and no transference")
    told = SOLVENT if SOLVENT in found else MASS
    parts = {
        (ions[i], ions[j]): _mean(
            conductivity.factor * (found[told][:, i, j] + (found[told][:, j, i] if i != j else 0))
        )
        for i in range(len(ions))
        for j in range(i, len(ions))
    }
    return Onsager(
        parts,
        {name: one for name, one in conductivity.nernst_einstein(diffusions).items() if name in ions},
        {name: _transference(found[name], signs) for name in (SOLVENT, MASS) if name in found},
        {name: np.divide(*map(np.cumsum, _shares(found[name], signs))) for name in (SOLVENT, MASS) if name in found},
        conductivity.note,
        {name: moved[name].note for name in ions if moved[name].note},
    )


def _mean_path(moved: Mapping[str, Diffusion], names: Sequence[str]) -> np.ndarray | None:
    """Return the path of the centre of mass of some species, shape (frames, 3); None where there are none."""
    masses = {name: moved[name].molecules * moved[name].molar_mass for name in names}
    if not names or not sum(masses.values()):
        return None
    weighed = [moved[name].collective_A * moved[name].molar_mass for name in names]
    return np.asarray(np.sum(weighed, axis=0) / sum(masses.values()))


def _slopes(
    moved: Mapping[str, Diffusion], ions: Sequence[str], charges: Mapping[str, tuple[int, int]],
    origin: np.ndarray | None, lag: np.ndarray, inside: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Return half the slope of the products of displacements, e^2 angstrom^2/ps, shape (parts and directions, i, j)."""
    assert origin is not None
    paths = np.stack([charges[name][0] * (moved[name].collective_A - moved[name].molecules * origin) for name in ions])
    size, count = len(lag), len(ions)
    blocks = paths[:, : size * BLOCKS].reshape(count, BLOCKS, size, 3)
    series = blocks.transpose(2, 0, 1, 3).reshape(size, count, BLOCKS * 3)
    result = np.empty((BLOCKS * 3, count, count))
    square = {}
    for i in range(count):
        for j in range(i, count):
            path = series[:, i] if i == j else series[:, i] + series[:, j]
            displacement = mean_square_displacement(path[:, :, None])
            square[i, j] = np.polyfit(lag[inside], displacement[inside], 1)[0] / 2
    for i in range(count):
        for j in range(count):
            low, high = min(i, j), max(i, j)
            both = square[low, high]
            result[:, i, j] = both if i == j else (both - square[i, i] - square[j, j]) / 2
    return result


def _transference(slopes: np.ndarray, cations: np.ndarray) -> Estimate:
    """Return the share of the cations in the conductivity, with its error by leaving out one part at a time."""
    by_part = _shares(slopes, cations)
    left = [(values.sum() - values) for values in by_part]
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(by_part[0].sum() / by_part[1].sum())
        without = left[0] / left[1]
    error = float(np.sqrt((BLOCKS - 1) / BLOCKS * np.sum((without - without.mean()) ** 2)))
    return Estimate(value, error if np.isfinite(error) else None)


def _shares(slopes: np.ndarray, cations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what the cations, and all ions, move in each part of the run."""
    share, whole = slopes[:, cations].sum(axis=(1, 2)), slopes.sum(axis=(1, 2))
    return share.reshape(BLOCKS, 3).sum(axis=1), whole.reshape(BLOCKS, 3).sum(axis=1)


def _mean(values: np.ndarray) -> Estimate:
    return Estimate(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))))


def _difference(one: Estimate, other: Estimate) -> Estimate:
    errors = (one.uncertainty, other.uncertainty)
    error = None if None in errors else float(np.hypot(*errors))  # type: ignore[arg-type]
    return Estimate(one.value - other.value, error)


def _entry(estimate: Estimate) -> dict[str, Any]:
    return {"value": estimate.value, "uncertainty": estimate.uncertainty}

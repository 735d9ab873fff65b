r"""How long neighbours stay: the survival of contacts, and how long a contact lasts.

A contact that breaks for less than `RETURN_PS` counts as unbroken (R. W. Impey, P. A. Madden, I. R. McDonald, J. Phys.
Chem. 1983, 87, 5071). The residence time is the lag after which one in e of the contacts of a moment is left, the
duration the mean over contacts from their beginning: the time during which contacts were seen over the number of those
seen to end, which is right whatever was there already at the start or still at the end, for frames an interval dt apart

.. math:: d = -\Delta t / \ln (1 - \text{ends} / \text{frames in contact}).

Where exchange has one rate both are one over it. Many short visits beside long stays make the duration the shorter one.
Frames far apart show most breaks in one frame only, whatever they lasted: two frames of a break are filled even if they
are longer than `RETURN_PS`, since each end that was none would count in full, and the numbers have a note. Standard
errors are those of a count: the contacts that were seen to end are what is independent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from decant.foundation.errors import InputError

RETURN_PS = 2.0
LEAST_BRIDGED = 2
"""Frames of a break that is filled, where any is: one is not enough if a neighbour is often just outside the shell."""
LEAST_ENDS = 10
"""Ends of contacts for a residence time without a note."""
ONE_IN_E_FACTOR = (np.e - 1) ** 0.5
"""Relative error of a time from a survival of 1/e of N contacts, times the root of N: sqrt((1 - P) / P)."""
NONE_SEEN = 3.0
"""Ends that would have been expected where none was seen, at 95 % (Poisson)."""


@dataclass(frozen=True)
class Residence:
    """How long molecules of a species stay with a cation.

    Attributes
    ----------
    species
        Its name.
    lag_ps, survival
        Of the contacts at a time, the fraction that is unbroken a lag later.
    contact_ps
        Time of all contacts together.
    ends
        Contacts that were seen to end.
    value, uncertainty
        Residence time, ps, and its standard error; None where more than one in e is left after half of the run.
    duration, duration_uncertainty
        Of a contact, ps, and its standard error; None where no contact ended.
    bridged_ps, return_ps
        Longest break that counts as none, and the one that was asked for, ps.
    """

    species: str
    lag_ps: np.ndarray
    survival: np.ndarray
    contact_ps: float
    ends: int
    value: float | None
    uncertainty: float | None
    duration: float | None
    duration_uncertainty: float | None
    bridged_ps: float = 0.0
    return_ps: float = RETURN_PS

    @property
    def note(self) -> str:
        """Why the number must not be trusted; empty if it may, or there is nothing to be trusted."""
        return "; ".join(filter(None, (self.too_short, self.too_coarse)))

    @property
    def too_coarse(self) -> str:
        """That frames are too far apart to tell a short break from an end; empty if they are not."""
        if not self.contact_ps or self.bridged_ps <= self.return_ps * 1.001:
            return ""
        return (
            f"breaks of up to {self.bridged_ps:.3g} ps count as none, since frames are that far apart:"
            f" {self.return_ps / LEAST_BRIDGED:g} ps between frames tell breaks of {self.return_ps:g} ps"
        )

    @property
    def too_short(self) -> str:
        """That the run saw too few contacts end; empty if it did not, or there was none."""
        if not self.contact_ps:
            return ""
        if not self.ends:
            return f"no contact ended: longer than {self.contact_ps / NONE_SEEN:.3g} ps at 95 %; too short a run"
        if self.ends < LEAST_ENDS:
            return f"only {self.ends} contacts ended, {LEAST_ENDS} at least are needed: too short a run"
        if self.value is None:
            half = len(self.survival) // 2
            return (
                f"{self.survival[half]:.0%} are left after {self.lag_ps[half]:.3g} ps, half of the run: too short a run"
            )
        return ""

    def summary(self) -> dict[str, Any]:
        """Return the numbers for ``observables.yaml``."""
        result: dict[str, Any] = {
            "residence_ps": self.value,
            "uncertainty_ps": self.uncertainty,
            "duration_ps": self.duration,
            "duration_uncertainty_ps": self.duration_uncertainty,
            "contacts_ended": self.ends,
            "contact_ps": self.contact_ps,
        }
        return {**result, "note": self.note} if self.note else result


def residence(
    species: str, present: Iterable[np.ndarray], time_ps: np.ndarray, return_ps: float = RETURN_PS
) -> Residence:
    """Return how long contacts last.

    Parameters
    ----------
    species
        Name of what is in contact.
    present
        Whether each pair is in contact, some pairs at a time, each of shape (frames, pairs).
    time_ps
        Of the frames, evenly spaced.
    return_ps
        Longest break that counts as none; 0 for none at all.

    Raises
    ------
    InputError
        If there are fewer than two frames, or they are not evenly spaced.
    """
    gaps = np.diff(time_ps)
    if not len(gaps) or not np.allclose(gaps, gaps[0], rtol=1e-3):
        raise InputError(f"{len(time_ps)} trajectory frames; two at least are needed, evenly spaced in time")
    interval, frames = float(gaps.mean()), len(time_ps)
    longest = max(LEAST_BRIDGED, int(return_ps / interval + 1e-6)) if return_ps else 0
    lasting, together = np.zeros(frames + 1, dtype=int), np.zeros(frames, dtype=int)
    for some in present:
        found = counted(bridged(some, longest))
        lasting, together = lasting + found[0], together + found[1]
    stays, ends = int(together[:-1].sum()), int(lasting.sum() - together[-1])
    duration = None
    if ends:
        duration = interval if ends == stays else float(-interval / np.log1p(-ends / stays))
    lag, left = interval * np.arange(frames), survival(lasting, together)
    value = _one_in_e(lag[: frames // 2 + 1], left[: frames // 2 + 1])
    errors = [
        None if one is None or not ends else factor * one / ends**0.5
        for one, factor in ((value, ONE_IN_E_FACTOR), (duration, 1.0))
    ]
    return Residence(
        species, lag, left, interval * stays, ends, value, errors[0], duration, errors[1], interval * longest, return_ps
    )


def _one_in_e(lag_ps: np.ndarray, survival: np.ndarray) -> float | None:
    """Return the lag at which a survival has fallen to 1/e, between the two lags around it as an exponential."""
    below = np.flatnonzero(survival <= np.exp(-1))
    if not len(below):
        return None
    first = int(below[0])
    low, high = -np.log(np.maximum(survival[first - 1 : first + 1], 1e-300))
    return float(np.interp(1.0, (low, high), lag_ps[first - 1 : first + 1]))


def bridged(present: np.ndarray, longest: int) -> np.ndarray:
    """Return contacts with breaks of up to `longest` frames filled; shape (frames, pairs)."""
    if not longest or not present.size:
        return present
    frame = np.arange(len(present))[:, None]
    before = np.maximum.accumulate(np.where(present, frame, -1), axis=0)
    after = np.minimum.accumulate(np.where(present, frame, len(present))[::-1], axis=0)[::-1]
    inside = (before >= 0) & (after < len(present))
    return present | (inside & (after - before - 1 <= longest))


def counted(present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many contacts last each number of frames, (frames + 1,), and how many there are in each, (frames,)."""
    edges = np.diff(np.pad(present.astype(np.int8), ((1, 1), (0, 0))), axis=0).T
    lengths = np.nonzero(edges == -1)[1] - np.nonzero(edges == 1)[1]
    return np.bincount(lengths, minlength=len(present) + 1), present.sum(axis=1)


def survival(lasting: np.ndarray, together: np.ndarray) -> np.ndarray:
    """Return the fraction of contacts that are unbroken after each lag, over all time origins; shape (frames,).

    A contact of L frames is there at the start and the end of L - m lags of m frames. NaN where there was none.

    Parameters
    ----------
    lasting, together
        What `counted` returns.
    """
    longer = lasting[::-1].cumsum()[::-1]  # contacts of that many frames or more
    kept = longer[1:][::-1].cumsum()[::-1]  # the sum over contacts of L - m, where positive
    origins = np.cumsum(together)[::-1]
    return np.divide(kept, origins, out=np.full(len(together), np.nan), where=origins > 0)

r"""How long neighbours stay: the survival of contacts, and the mean time until one of them ends.

A contact that breaks for less than `RETURN_PS` counts as unbroken (R. W. Impey, P. A. Madden, I. R. McDonald, J. Phys.
Chem. 1983, 87, 5071). The residence time is the time during which contacts were seen over the number of those seen to
end, which is right whatever was already there at the start or still there at the end, for frames an interval dt apart

.. math:: \tau = -\Delta t / \ln (1 - \text{ends} / \text{frames in contact}),

with the relative standard error of a count, one over the root of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from decant.foundation.errors import InputError

RETURN_PS = 2.0
LEAST_ENDS = 10
"""Ends of contacts for a residence time without a note."""
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
        Residence time, ps, and its standard error; None where no contact ended.
    """

    species: str
    lag_ps: np.ndarray
    survival: np.ndarray
    contact_ps: float
    ends: int
    value: float | None
    uncertainty: float | None

    @property
    def note(self) -> str:
        """Why the number must not be trusted; empty if it may, or there is nothing to be trusted."""
        if not self.contact_ps or self.ends >= LEAST_ENDS:
            return ""
        if not self.ends:
            return f"no contact ended: longer than {self.contact_ps / NONE_SEEN:.3g} ps at 95 %; too short a run"
        return f"only {self.ends} contacts ended, {LEAST_ENDS} at least are needed: too short a run"

    def summary(self) -> dict[str, Any]:
        """Return the numbers for ``observables.yaml``."""
        result: dict[str, Any] = {
            "residence_ps": self.value,
            "uncertainty_ps": self.uncertainty,
            "contacts_ended": self.ends,
            "contact_ps": self.contact_ps,
        }
        return {**result, "note": self.note} if self.note else result


def residence(species: str, present: np.ndarray, time_ps: np.ndarray, return_ps: float = RETURN_PS) -> Residence:
    """Return how long contacts last.

    Parameters
    ----------
    species
        Name of what is in contact.
    present
        Whether each pair is in contact, shape (frames, pairs).
    time_ps
        Of the frames, evenly spaced.
    return_ps
        Longest break that counts as none.

    Raises
    ------
    InputError
        If there are fewer than two frames, or they are not evenly spaced.
    """
    gaps = np.diff(time_ps)
    if not len(gaps) or not np.allclose(gaps, gaps[0], rtol=1e-3):
        raise InputError(f"{len(time_ps)} trajectory frames; two at least are needed, evenly spaced in time")
    interval = float(gaps.mean())
    present = bridged(present, int(return_ps / interval + 1e-6))
    stays = int(present[:-1].sum())
    ends = int((present[:-1] & ~present[1:]).sum())
    value = error = None
    if ends:
        value = interval * stays if ends == stays else -interval / np.log1p(-ends / stays)
        value = float(value if ends < stays else interval)
        error = value / ends**0.5
    lag = interval * np.arange(len(present))
    return Residence(species, lag, survival(present), interval * stays, ends, value, error)


def bridged(present: np.ndarray, longest: int) -> np.ndarray:
    """Return contacts with breaks of up to `longest` frames filled; shape (frames, pairs)."""
    if not longest or not present.size:
        return present
    frame = np.arange(len(present))[:, None]
    before = np.maximum.accumulate(np.where(present, frame, -1), axis=0)
    after = np.minimum.accumulate(np.where(present, frame, len(present))[::-1], axis=0)[::-1]
    inside = (before >= 0) & (after < len(present))
    return present | (inside & (after - before - 1 <= longest))


def survival(present: np.ndarray) -> np.ndarray:
    """Return the fraction of contacts that are unbroken after each lag, over all time origins; shape (frames,).

    A contact of L frames is there at the start and the end of L - m lags of m frames. NaN where there was none.
    """
    frames = len(present)
    edges = np.diff(np.pad(present.astype(np.int8), ((1, 1), (0, 0))), axis=0).T
    lengths = np.nonzero(edges == -1)[1] - np.nonzero(edges == 1)[1]
    longer = np.bincount(lengths, minlength=frames + 1)[::-1].cumsum()[::-1]  # contacts of that many frames or more
    kept = longer[1:][::-1].cumsum()[::-1]  # the sum over contacts of L - m, where positive
    origins = np.cumsum(present.sum(axis=1))[::-1]
    return np.divide(kept, origins, out=np.full(frames, np.nan), where=origins > 0)

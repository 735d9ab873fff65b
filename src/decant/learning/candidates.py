"""Which explored frames are worth a label: between two thresholds of the deviation, and physically plausible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from ase import Atoms

from decant.lammps.data import read_topology
from decant.learning.explore import Frame, explored_frames
from decant.learning.settings import Plausible, State
from decant.molecules.charge import describe_molecules
from decant.molecules.contacts import closest_contact
from decant.molecules.topology import bonds
from decant.simulation.run import Run

CLASSES = ("accurate", "candidate", "failed")


@dataclass
class Candidates:
    """What an exploration gave.

    Attributes
    ----------
    frames
        The plausible candidates, with ``info`` recipe, parent, state, temperature, max_devi_f (eV/angstrom) and group.
    counts
        Frames by class: accurate, candidate, failed; they add up to all that were explored.
    rejected
        Candidates that are not plausible, by reason.
    """

    frames: list[Atoms] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)

    @property
    def explored(self) -> int:
        """Number of frames explored."""
        return sum(self.counts.values())

    def summary(self) -> str:
        """Return the counts in words."""
        classes = [f"{self.counts[kind]} {kind}" for kind in CLASSES]
        return ", ".join([*classes, *(f"{count} {reason}" for reason, count in sorted(self.rejected.items()))])


def classify(deviation: float, thresholds: tuple[float, float]) -> str:
    """Return accurate, candidate or failed for a force deviation, eV/angstrom; one that is no number has failed."""
    lower, upper = thresholds
    if deviation < lower:
        return "accurate"
    return "candidate" if deviation < upper else "failed"


def find_candidates(
    runs: Sequence[tuple[State, Run]], thresholds: tuple[float, float], plausible: Plausible, group: str
) -> Candidates:
    """Sort the frames of explorations.

    Parameters
    ----------
    runs
        Each state with its run of `decant.learning.explore.explore`.
    thresholds
        Lower and upper force deviation, eV/angstrom.
    plausible
        What a candidate must be like.
    group
        Name of the split group; the frames of a run share it, with the number of the run behind.
    """
    found = Candidates()
    for number, (state, run) in enumerate(runs, start=1):
        expected = {tuple(pair) for pair in read_topology(run.path / "system.data").bonds.tolist()}
        kinds = [kind for kind, count in run.description.molecules for _ in range(count)]
        frames = explored_frames(run)
        for frame in frames:
            kind = classify(frame.deviation, thresholds)
            found.counts[kind] += 1
            if kind != "candidate":
                continue
            reason = implausible(frame, expected, frames[0].energy, plausible)
            if reason:
                found.rejected[reason] += 1
                continue
            frame.atoms.info |= {
                "recipe": "active",
                "parent": f"{run.path.name}:{frame.step}",
                "state": str(state),
                "temperature": state.temperature,
                "max_devi_f": round(frame.deviation, 6),
                "group": f"{group}-{number}",
            }
            describe_molecules(frame.atoms, kinds)
            found.frames.append(frame.atoms)
    return found


def implausible(frame: Frame, expected: set[tuple[int, ...]], start_energy: float, limits: Plausible) -> str | None:
    """Return why a frame is not worth a label, or None.

    Parameters
    ----------
    frame
        The frame.
    expected
        The bonds of its molecules, pairs i < j.
    start_energy
        Potential energy at the start of its run, eV.
    limits
        What is plausible.

    Returns
    -------
    str or None
        ``not a number``, ``broken bond``, ``new bond``, ``contact`` or ``energy``; the first that applies.
    """
    atoms = frame.atoms
    if not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell.array).all() and np.isfinite(frame.energy)):
        return "not a number"
    tight, loose = ({tuple(pair) for pair in bonds(atoms, *scale).tolist()} for scale in ((), (limits.longest_bond,)))
    if not expected <= loose:
        return "broken bond"
    if not tight <= expected:
        return "new bond"
    if closest_contact(atoms) < limits.shortest_contact:
        return "contact"
    if abs(frame.energy - start_energy) > limits.energy * len(atoms):
        return "energy"
    return None

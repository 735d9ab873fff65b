"""Whether LAMMPS and Python agree on a potential: energy, forces and virial, on every number of ranks asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from decant.data.prediction import Prediction, predict
from decant.foundation.progress import track
from decant.lammps.command import command
from decant.potentials.evaluate import read_known_frames
from decant.potentials.potential import Potential
from decant.potentials.single_point import single_point


@dataclass(frozen=True)
class Difference:
    """Largest differences between two sets of predictions.

    Attributes
    ----------
    energy
        Of the energy per atom, eV/atom.
    force
        Of a force component, eV/angstrom.
    virial
        Of a virial component, over the largest component of the same frame; 0 where no frame has a virial.
    """

    energy: float
    force: float
    virial: float

    def within(self, limit: Difference) -> bool:
        """Return whether no difference is larger than that of `limit`; NaN is."""
        return self.energy <= limit.energy and self.force <= limit.force and self.virial <= limit.virial


TOLERANCES = {
    "double": Difference(1e-6, 1e-5, 1e-5),
    # single-precision sums over a molecule's strong forces, which cancel to a few digits less
    "single": Difference(1e-5, 1e-3, 1e-3),
}


@dataclass(frozen=True)
class Report:
    """Outcome of a check.

    Attributes
    ----------
    python
        LAMMPS against the Python calculator, for each number of ranks.
    ranks
        LAMMPS against LAMMPS, for each pair of numbers of ranks.
    tolerance
        What is allowed.
    """

    python: dict[int, Difference]
    ranks: dict[tuple[int, int], Difference]
    tolerance: Difference

    @property
    def passed(self) -> bool:
        """Whether every difference is within the tolerance."""
        return all(one.within(self.tolerance) for one in [*self.python.values(), *self.ranks.values()])


def difference(frames: Sequence[Any], first: Sequence[Prediction], second: Sequence[Prediction]) -> Difference:
    """Return the largest differences over frames; any NaN makes the result NaN."""
    energy, force, virial = [0.0], [0.0], [0.0]
    for frame, one, other in zip(frames, first, second, strict=True):
        energy.append(abs(one.energy - other.energy) / len(frame))
        force.append(float(np.abs(one.forces - other.forces).max()))
        if one.virial is not None and other.virial is not None:
            scale = max(float(np.abs(other.virial).max()), 1e-12)
            virial.append(float(np.abs(one.virial - other.virial).max()) / scale)
    return Difference(*(float(np.max(values)) for values in (energy, force, virial)))


def check(path: Path, data: Path, ranks: Sequence[int], limit: int | None = None) -> Report:
    """Compare LAMMPS with the algorithm's own Python calculator, and write the result into the potential's card.

    Parameters
    ----------
    path
        Exported potential.
    data
        Frames in the house form; isolated atoms are left out.
    ranks
        Numbers of MPI ranks.
    limit
        Use at most so many frames, evenly spread over the file.

    Raises
    ------
    InputError
        If the potential is damaged, the data unusable, or a number of ranks impossible.
    ProgramFailed
        If LAMMPS failed.
    """
    potential = Potential.open(path)
    for count in ranks:
        command([], count)  # an impossible number is noticed before any work is done
    frames = read_known_frames(data, potential.elements, limit)
    reference = predict(potential.reference_calculator(), frames, "python")
    lammps = {count: single_point(potential, frames, count) for count in track(ranks, "lammps", len(ranks), "runs")}
    report = Report(
        python={count: difference(frames, lammps[count], reference) for count in ranks},
        ranks={(a, b): difference(frames, lammps[a], lammps[b]) for a, b in combinations(ranks, 2)},
        tolerance=TOLERANCES[potential.precision],
    )
    potential.record("check", _for_card(report, data, len(frames)))
    return report


def _for_card(report: Report, data: Path, frames: int) -> dict[str, Any]:
    return {
        "passed": report.passed,
        "data": f"{Path(data).resolve().parent.name}/{Path(data).name}",
        "frames": frames,
        "lammps_against_python": {f"{count} ranks": asdict(one) for count, one in report.python.items()},
        "lammps_against_lammps": {f"{a} and {b} ranks": asdict(one) for (a, b), one in report.ranks.items()},
        "tolerance": asdict(report.tolerance),
        "units": "energy eV/atom, force eV/A, virial relative to its largest component",
        "lammps": metadata.version("lammps"),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def table(report: Report) -> str:
    """Return a report as a table for people."""
    lines = [f"{'largest difference':34s}{'energy, eV/atom':>17s}{'force, eV/A':>14s}{'virial, rel.':>14s}"]
    rows = [(f"LAMMPS on {count} ranks - Python", one) for count, one in report.python.items()]
    rows += [(f"LAMMPS on {a} ranks - {b} ranks", one) for (a, b), one in report.ranks.items()]
    for name, one in [*rows, ("allowed", report.tolerance)]:
        verdict = "" if name == "allowed" else "  ok" if one.within(report.tolerance) else "  TOO LARGE"
        lines.append(f"{name:34s}{one.energy:17.1e}{one.force:14.1e}{one.virial:14.1e}{verdict}")
    return "\n".join([*lines, "PASS" if report.passed else "FAIL"])

"""Whether LAMMPS says of a potential what Python says: energy, forces and virial, on any number of ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.data.frames import evenly, read_frames
from decant.data.prediction import Prediction, ask_each, require_known
from decant.foundation.errors import InputError
from decant.foundation.progress import track
from decant.lammps.command import command
from decant.potentials.examples import EXAMPLES, read_examples
from decant.potentials.potential import Potential
from decant.potentials.single_point import single_points

if TYPE_CHECKING:
    from ase import Atoms


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
        Of a virial component, over the largest component of the same frame, or `SMALL_VIRIAL` for each of its atoms if
        that is larger; 0 where no frame has a virial.
    """

    energy: float
    force: float
    virial: float

    def within(self, limit: Difference) -> bool:
        """Return whether no difference is larger than that of `limit`; NaN is."""
        return self.energy <= limit.energy and self.force <= limit.force and self.virial <= limit.virial


SMALL_VIRIAL = 0.01
"""Virials below this, eV/atom, are what is left of forces that cancel."""
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
        LAMMPS against the Python calculator, for each number of ranks; empty if no frame was compared.
    ranks
        LAMMPS against LAMMPS, for each pair of numbers of ranks; empty if no frame was compared.
    tolerance
        What is allowed.
    frames
        Number of frames compared.
    failed
        What could not be compared, in one line for each, by the number of the frame in the file.
    """

    python: dict[int, Difference]
    ranks: dict[tuple[int, int], Difference]
    tolerance: Difference
    frames: int
    failed: dict[int, str]

    @property
    def passed(self) -> bool:
        """Whether every frame was compared and every difference is within the tolerance."""
        return not self.failed and all(
            one.within(self.tolerance) for one in [*self.python.values(), *self.ranks.values()]
        )


def difference(frames: Sequence[Any], first: Sequence[Prediction], second: Sequence[Prediction]) -> Difference:
    """Return the largest differences over frames; any NaN makes the result NaN."""
    energy, force, virial = [0.0], [0.0], [0.0]
    for frame, one, other in zip(frames, first, second, strict=True):
        energy.append(abs(one.energy - other.energy) / len(frame))
        force.append(float(np.abs(one.forces - other.forces).max()))
        if one.virial is not None and other.virial is not None:
            scale = max(float(np.abs(other.virial).max()), SMALL_VIRIAL * len(frame))
            virial.append(float(np.abs(one.virial - other.virial).max()) / scale)
    return Difference(*(float(np.max(values)) for values in (energy, force, virial)))


def check(path: Path, data: Path | None, ranks: Sequence[int] | None = None, limit: int | None = None) -> Report:
    """Compare LAMMPS with the algorithm's own Python calculator, and write the result into the potential's card.

    Parameters
    ----------
    path
        Exported potential.
    data
        Frames in the house form, with labels or without. One that fails, in LAMMPS or in Python, is told in the report
        and does not keep the others from being compared. None for the examples that the potential brings, with what
        the Python calculator said of them at export: this needs none of the algorithm's packages.
    ranks
        Numbers of MPI ranks; None for one and two, or one where Python computes the forces.
    limit
        Use at most so many frames, evenly spread over the file.

    Raises
    ------
    InputError
        If the potential is damaged, the data unusable, the potential knows the elements of no frame, or a number of
        ranks is impossible.
    ProgramFailed
        If LAMMPS cannot be run, or not with this potential, or ends with an error after the last frame.
    """
    potential = Potential.open(path)
    ranks = ranks or ((1,) if potential.in_python else (1, 2))
    for count in ranks:
        command([], count, plugin=potential.plugin)  # an impossible number is noticed before any work is done
    failed: dict[int, str] = {}
    reference: Sequence[Prediction | str]
    if data is None:
        if limit is not None:
            raise InputError("`limit`: is for frames of your own; the potential's examples are two")
        frames, reference = read_examples(potential)
        numbers = list(range(len(frames)))
    else:
        numbers, frames, failed = _frames(data, potential.elements, limit)
        reference = ask_each(potential.reference_calculator(), frames, "python")
    lammps = {count: single_points(potential, frames, count) for count in track(ranks, "lammps", len(ranks), "runs")}
    sides: dict[str, Sequence[Any]] = {"Python": reference, **{f"{count} ranks": lammps[count] for count in ranks}}
    for index, number in enumerate(numbers):
        for name, answers in sides.items():
            if not isinstance(answers[index], Prediction):
                failed.setdefault(number, f"{answers[index]}" if name != "Python" else f"Python: {answers[index]}")
    chosen = [index for index, number in enumerate(numbers) if number not in failed]
    compared = [frames[index] for index in chosen]
    said = {name: [answers[index] for index in chosen] for name, answers in sides.items()}
    told = ranks if compared else []  # no frame is no agreement
    report = Report(
        python={count: difference(compared, said[f"{count} ranks"], said["Python"]) for count in told},
        ranks={(a, b): difference(compared, said[f"{a} ranks"], said[f"{b} ranks"]) for a, b in combinations(told, 2)},
        tolerance=TOLERANCES[potential.precision],
        frames=len(compared),
        failed=dict(sorted(failed.items())),
    )
    potential.record("check", _for_card(report, data or potential.path / EXAMPLES))
    return report


def _frames(data: Path, elements: Sequence[str], limit: int | None) -> tuple[list[int], list[Atoms], dict[int, str]]:
    """Return numbers of frames in a file, the frames, and by number why a further one cannot be asked about.

    Raises
    ------
    InputError
        If no frame can, or the limit is below one.
    """
    every = read_frames(data, labelled=False)
    chosen = evenly(len(every), limit)
    failed: dict[int, str] = {}
    for number in chosen:
        try:
            require_known(every[number], elements)
        except InputError as error:
            failed[number] = str(error)
    known = [number for number in chosen if number not in failed]
    if not known:
        raise InputError(f"{data}: " + next((f"frame {n}: {why}" for n, why in failed.items()), "no frame in it"))
    return known, [every[number] for number in known], failed


def _for_card(report: Report, data: Path) -> dict[str, Any]:
    failed = {"failed": {f"frame {number}": why for number, why in report.failed.items()}} if report.failed else {}
    return {
        "passed": report.passed,
        "data": f"{Path(data).resolve().parent.name}/{Path(data).name}",
        "frames": report.frames,
        **failed,
        "lammps_against_python": {f"{count} ranks": asdict(one) for count, one in report.python.items()},
        "lammps_against_lammps": {f"{a} and {b} ranks": asdict(one) for (a, b), one in report.ranks.items()},
        "tolerance": asdict(report.tolerance),
        "units": "energy eV/atom, force eV/A, virial relative to its largest component, "
        f"or {SMALL_VIRIAL} eV for each atom if that is larger",
        "lammps": metadata.version("lammps"),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def table(report: Report) -> str:
    """Return a report as a table for people."""
    rows = [(f"LAMMPS on {count} ranks - Python", one) for count, one in report.python.items()]
    rows += [(f"LAMMPS on {a} ranks - {b} ranks", one) for (a, b), one in report.ranks.items()]
    lines = [f"{'largest difference':34s}{'energy, eV/atom':>17s}{'force, eV/A':>14s}{'virial, rel.':>14s}"]
    for name, one in [*rows, ("allowed", report.tolerance)]:
        verdict = "" if name == "allowed" else "  ok" if one.within(report.tolerance) else "  TOO LARGE"
        lines.append(f"{name:34s}{one.energy:17.1e}{one.force:14.1e}{one.virial:14.1e}{verdict}")
    if report.failed:
        lines = [*lines, ""] if report.frames else []
        lines += [f"frame {number}: {why}" for number, why in report.failed.items()]
        lines.append(f"{report.frames} frames compared, {len(report.failed)} failed")
    return "\n".join([*lines, "PASS" if report.passed else "FAIL"])

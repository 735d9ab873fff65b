"""Energy, forces and virial of configurations by a real `lmp` under an MPI launcher, as an MD run would have them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from decant.data.prediction import Prediction
from decant.foundation.errors import InputError, ProgramFailed
from decant.lammps.answers import asking, read_answer
from decant.lammps.data import LammpsBox, write_data
from decant.lammps.launch import Outcome, launch, variables

if TYPE_CHECKING:
    from ase import Atoms

    from decant.potentials.potential import Potential

# one frame; the next one begins with the same `clear`
_FRAME = """
clear
units metal
atom_style molecular
newton on
boundary {boundary}
bond_style zero nocoeff
{sparse}read_data {number}.data
print "" file {number}.read screen no
bond_coeff *
special_bonds lj/coul 1.0 1.0 1.0
include "${{potential}}/pair.lammps"
print "" file {number}.ready screen no
neighbor 1.0 {search}
{asking}
print "" file {number}.done screen no
"""
_BEGUN = 'print "" file begun screen no\n'
_SPARSE = 1e8
"""Volume of a box, angstrom^3, from which LAMMPS compares all pairs of atoms: bins would take memory without end."""


def single_point(potential: Potential, frames: Sequence[Atoms], ranks: int) -> list[Prediction]:
    """Return what LAMMPS says of each frame, in the orientation of the frame.

    Parameters
    ----------
    potential
        An exported potential.
    frames
        Configurations, periodic in any of their directions. In the others the box has open boundaries.
    ranks
        Number of MPI ranks; LAMMPS divides the box among them as it does in a run.

    Returns
    -------
    list of Prediction
        One for each frame; the virial is None for frames that are not periodic in all directions.

    Raises
    ------
    InputError
        If the rank count is impossible, or an element is unknown to the potential.
    ProgramFailed
        If LAMMPS stops with an error, or ends with one after the last frame.
    """
    answers = single_points(potential, frames, ranks)
    for number, answer in enumerate(answers):
        if isinstance(answer, ProgramFailed):
            raise ProgramFailed(f"{potential.path}: frame {number}: {answer}") from answer
        if isinstance(answer, InputError):
            raise answer
    return [answer for answer in answers if isinstance(answer, Prediction)]


def single_points(
    potential: Potential, frames: Sequence[Atoms], ranks: int
) -> list[Prediction | InputError | ProgramFailed]:
    """Return what LAMMPS says of each frame, or why it says nothing; see `single_point`.

    Raises
    ------
    InputError
        If the rank count is impossible.
    ProgramFailed
        If LAMMPS cannot be run at all, or not with this potential, or ends with an error after the last frame.
    """
    answers: dict[int, Prediction | InputError | ProgramFailed] = {}
    boxes: dict[int, LammpsBox] = {}
    with tempfile.TemporaryDirectory(prefix="decant-") as name:
        directory = Path(name)
        # a link, since LAMMPS splits a path with blanks once its variable is replaced
        (directory / "potential").symlink_to(potential.path.resolve())
        for number, frame in enumerate(frames):
            try:
                boxes[number] = write_data(directory / f"{number}.data", frame, potential.elements)
            except InputError as error:
                answers[number] = error
        left = list(boxes)
        while left:  # an error ends LAMMPS: those behind it go into another run
            outcome = _run(directory, potential, {number: boxes[number] for number in left}, ranks)
            done = [number for number in left if (directory / f"{number}.done").is_file()]
            answers |= {n: read_answer(directory / f"{n}.scalars", directory / f"{n}.forces", boxes[n]) for n in done}
            left = left[len(done) :]
            if left or outcome.code != 0:
                failure = f"LAMMPS failed on {ranks} ranks: {outcome.reason()}"
                if not left or _is_of_the_potential(directory, left[0]):
                    raise ProgramFailed(f"{potential.path}: {failure}")
                answers[left.pop(0)] = ProgramFailed(failure)
    return [answers[number] for number in range(len(frames))]


def _is_of_the_potential(directory: Path, number: int) -> bool:
    """Say whether LAMMPS failed before its first frame, or between reading a frame and having the pair style."""
    read, ready = ((directory / f"{number}.{stage}").is_file() for stage in ("read", "ready"))
    return not (directory / "begun").is_file() or (read and not ready)


def _run(directory: Path, potential: Potential, boxes: dict[int, LammpsBox], ranks: int) -> Outcome:
    """Run LAMMPS on frames of a directory; return how it ended."""
    script = directory / "in.single_point"
    script.write_text(_BEGUN + "".join(_commands(number, box) for number, box in boxes.items()), encoding="ascii")
    arguments = ["-in", script.name, "-log", "none", *variables({"potential": "potential"})]
    return launch(arguments, ranks, directory, plugin=potential.plugin)


def _commands(number: int, box: LammpsBox) -> str:
    sparse = box.periodic < 3 and np.prod(np.diag(box.cell)) > _SPARSE
    return _FRAME.format(
        number=number,
        boundary=box.boundary,
        asking="\n".join(asking(f"{number}.scalars", f"{number}.forces")),
        search="nsq" if sparse else "bin",
        sparse="atom_modify sort 0 0.0\n" if sparse else "",  # that is into bins, too
    )

"""A committee: several potentials in one LAMMPS run, of which the first drives and all are compared.

It is an exported potential itself, that of its first member, whose ``pair.lammps`` names the model files of all: so
whatever takes a potential takes a committee, and every run of LAMMPS with it writes `DEVIATION`.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from decant.algorithms.registry import algorithm
from decant.foundation.directories import replaced
from decant.foundation.errors import InputError
from decant.foundation.files import sha256, write_yaml
from decant.potentials.additions import overlaid
from decant.potentials.potential import CARD, PAIR, Potential

DEVIATION = "model_devi.out"
"""File that a run of LAMMPS with a committee writes; see `decant.lammps.model_deviation`."""


def write_committee(members: Sequence[Path], output: Path) -> Potential:
    """Write a committee as one potential.

    Deviations are written on the time steps on which ``lammps_inputs`` write a frame of the trajectory
    (``dump_every``), or every 100 where that variable is not set.

    Parameters
    ----------
    members
        Directories of exported potentials; the first one drives.
    output
        Directory of the committee; one that is there is replaced.

    Raises
    ------
    InputError
        If there are fewer than two members, they differ in algorithm, elements or what runs beside the model, or their
        pair style takes one only.
    """
    potentials = [Potential.open(path) for path in members]
    if len(potentials) < 2:
        raise InputError(f"a committee needs two potentials or more, not {len(potentials)}")
    first = potentials[0]
    if not algorithm(first.algorithm).committees:
        raise InputError(f"{first.path}: the pair style of {first.algorithm} takes one model, not a committee")
    for other in potentials[1:]:
        pairs: dict[str, tuple[Any, Any]] = {
            "algorithm": (first.algorithm, other.algorithm),
            "elements": (first.elements, other.elements),
        }
        pairs["with"] = (first.card.get("with"), other.card.get("with"))
        for what, (mine, theirs) in pairs.items():
            if mine != theirs:
                raise InputError(f"{other.path}: {what} {theirs}, but {first.path} has {mine}; a committee shares them")
    output = Path(output)
    with replaced(output) as directory:
        shutil.copytree(first.path, directory, dirs_exist_ok=True)
        models = [model_file(potential) for potential in potentials]
        names = [models[0].name, *(f"model.{number}{path.suffix}" for number, path in enumerate(models[1:], start=2))]
        for path, name in zip(models, names, strict=True):
            shutil.copyfile(path, directory / name)
        (directory / PAIR).write_text(_pair_lines(first, names), encoding="utf-8")
        files = sorted(path.name for path in directory.iterdir() if path.name != CARD)
        card = first.card | {
            "cutoff_A": max(potential.cutoff for potential in potentials),
            "committee": [str(potential.path) for potential in potentials],
            "files": {name: sha256(directory / name) for name in files},
        }
        write_yaml(directory / CARD, card)
    return Potential.open(output)


def model_file(potential: Potential) -> Path:
    """Return the model file that LAMMPS reads of a potential."""
    return next(potential.path / name for name in potential.card["files"] if Path(name).stem == "model")


def _pair_lines(first: Potential, names: Sequence[str]) -> str:
    """Return the LAMMPS lines of a committee: those of DeePMD-kit's pair style, which ours shares."""
    line = next(line for line in first.pair_lines.read_text().splitlines() if line.startswith("pair_style"))
    style = line.removeprefix("pair_style hybrid/overlay ").removeprefix("pair_style ").split()[0]
    files = " ".join(f"${{potential}}/{name}" for name in names)
    lines = [
        f"pair_style {style} {files} out_file {DEVIATION} out_freq ${{dump_every}}",
        f"pair_coeff * * {' '.join(first.elements)}",
    ]
    return (
        f"# committee of {len(names)} {first.algorithm} potentials, written by decant; the first drives\n"
        f"# atom types are, in this order: {' '.join(first.elements)}\n"
        "variable dump_every index 100  # unless it is set already\n"
        + "".join(f"{line}\n" for line in overlaid(lines, first.additions, first.elements))
    )

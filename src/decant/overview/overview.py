"""Where one stands: data, fits, potentials, runs and studies of a folder, told by their own files; what comes next."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from decant.analysis.observables import OBSERVABLES, went_on
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml
from decant.foundation.tables import format_table
from decant.potentials.fit import RECORD
from decant.potentials.potential import CARD, Potential
from decant.simulation.description import DESCRIPTION
from decant.simulation.run import Run

DEPTH = 3
"""How many folders down work is looked for."""
FIRST_BYTES = 2000


@dataclass(frozen=True)
class Work:
    """A piece of work that was found.

    Attributes
    ----------
    kind
        Frames, data, fit, potential, run or study.
    path
        Where it is.
    state
        How it stands, in a few words.
    after
        The command that comes next; empty where nothing must.
    """

    kind: str
    path: Path
    state: str
    after: str


def overview(folder: Path) -> list[Work]:
    """Return what is in a folder and in those below it, in the order of decant's flow.

    A folder that is a piece of work is not searched for others, and a damaged one is told as such.
    """
    order = ("frames", *KINDS)
    found = (work if _is_ahead(work.after) else replace(work, after="") for work in _found(folder, DEPTH))
    return sorted(found, key=lambda work: (order.index(work.kind), str(work.path)))


def _is_ahead(command: str) -> bool:
    """Return whether what a command writes is not there yet."""
    before, _, output = command.rpartition(" -o ")
    return not (before and Path(output).exists())


def _found(folder: Path, depth: int) -> Iterator[Work]:
    for kind, (mark, tell) in KINDS.items():
        if (folder / mark).is_file():
            try:
                yield tell(folder)
            except InputError as error:
                yield Work(kind, folder, f"damaged: {error}", "")
            return
    with os.scandir(folder) as entries:
        inside = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    for entry in inside:
        if entry.is_file() and entry.name.endswith(".extxyz"):
            yield _frames(Path(entry.path))
        elif entry.is_dir(follow_symlinks=False) and depth:
            yield from _found(Path(entry.path), depth - 1)


def _frames(file: Path) -> Work:
    with file.open("rb") as stream:  # the first frames tell; a file may be large
        labelled = b"REF_energy" in stream.read(FIRST_BYTES)
    if labelled:
        return Work("frames", file, "labelled", f"decant split {file} -o {file.with_suffix('')}")
    return Work("frames", file, "without labels", f"decant label {file} -o {file.with_suffix('')}-labelled.extxyz")


def _split(folder: Path) -> Work:
    return Work("data", folder, "split", f"decant fit mace {folder} -o models/{folder.name}")


def _fit(folder: Path) -> Work:
    record = read_yaml(folder / RECORD)
    state, words = record.get("state", "unknown"), f"{record.get('algorithm')}, preset {record.get('preset')}"
    after = f"decant export {folder} -o potentials/{folder.name}" if state == "finished" else ""
    return Work("fit", folder, f"{state}: {words}, {record.get('epochs', 0):g} epochs", after)


def _potential(folder: Path) -> Work:
    potential = Potential.open(folder)
    checked = potential.card.get("check")
    words = f"{potential.algorithm}, {' '.join(potential.elements)}, {potential.cutoff:g} A"
    after = "" if checked or potential.in_python else f"decant check {folder}"  # a calculator brings no examples
    return Work("potential", folder, words + ("" if checked else ", not checked"), after)


def _run(folder: Path) -> Work:
    state = Run.open(folder).status["state"]
    measured = (folder / OBSERVABLES).is_file() and not went_on(folder, read_yaml(folder / OBSERVABLES))
    after = "" if measured or state not in ("completed", "stopped") else f"decant analyze {folder}"
    if state == "interrupted":
        after = "the same 'decant simulate' again"
    return Work("run", folder, state + (", analysed" if measured else ""), after)


def _study(folder: Path) -> Work:
    reported = (folder / "report.html").is_file()
    if reported:
        return Work("study", folder, "reported", "")
    return Work("study", folder, "not reported", f"decant status {folder}")


KINDS: dict[str, tuple[str, Callable[[Path], Work]]] = {
    "data": ("train.extxyz", _split),
    "fit": (RECORD, _fit),
    "potential": (CARD, _potential),
    "run": (DESCRIPTION, _run),
    "study": ("jobs.json", _study),
}
"""Each kind of work that is a folder, in the order of the flow, with the file that makes a folder one."""


def as_text(found: list[Work], folder: Path) -> str:
    """Return a table of what was found and what comes next, or how to begin."""
    if not found:
        return (
            f"{folder}: nothing of decant's work here yet. To begin:\n"
            "  decant doctor                                what this machine can do\n"
            "  decant import FRAMES -o data.extxyz          labelled frames of others\n"
            "  decant build RECIPES -o made.extxyz          configurations from recipes (decant recipes)\n"
            "  decant init -o study.yaml                    a whole study"
        )
    rows = [("", "where", "how it stands", "next")]
    rows += [(work.kind, str(work.path), work.state, work.after) for work in found]
    return format_table(rows, left=4)

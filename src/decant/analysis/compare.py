"""Set analysed runs beside each other: a table, a page of plots, and both in one HTML file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decant.analysis.entry import Entry, read_entry, read_references, species_of
from decant.analysis.observables import status_line
from decant.analysis.structures import BROKEN, COLLIDED, SHELLS, TOLD
from decant.analysis.table import notes
from decant.foundation.errors import InputError
from decant.foundation.page import Block, Figure, Listing, Panel, Section, text_table, write_page
from decant.foundation.tables import format_table, number, starred

if TYPE_CHECKING:
    from decant.foundation.sketches import Group
    from decant.foundation.structure import Structure

HEADS = 2
"""Heading rows of a table: names, and units."""
FORCE_PARTS = {"total": "F", "translational": "F trans", "rotational": "F rot", "vibrational": "F vib"}


def table(entries: Sequence[Entry]) -> list[list[str]]:
    """Return the table as text cells; two heading rows (names, units), then a row an entry."""
    species = species_of(entries)
    names = ["run", "potential", "status", "length", "density", *[f"D {name}" for name in species]]
    units = ["", "", "", "ps", "g/cm3", *["1e-5 cm2/s"] * len(species)]
    ionic = _is_ionic(entries)
    if ionic:
        names += ["conductivity", "t+"]
        units += ["mS/cm", ""]
    names += [*FORCE_PARTS.values(), "bonds intact", "speed", "speed"]
    units += [*["meV/A"] * len(FORCE_PARTS), "%", "katom-step/s", "ns/day"]
    return [names, units, *[_row(entry, species, ionic) for entry in entries]]


def _is_ionic(entries: Sequence[Entry]) -> bool:
    return any("conductivity" in entry.summary or "onsager" in entry.summary for entry in entries)


def _ionic(summary: Mapping[str, Any]) -> list[str]:
    """Return the cells of conductivity and transference number, the solvent at rest."""
    charges, motion = summary.get("conductivity", {}), summary.get("onsager", {})
    whole, share = charges.get("einstein", {}), motion.get("cation_transference", {}).get("solvent", {})
    return [
        _flagged({**whole, "note": charges.get("note")}, "value", "uncertainty", 3),
        _flagged({**share, "note": motion.get("note")}, "value", "uncertainty", 3),
    ]


def _row(entry: Entry, species: Sequence[str], ionic: bool) -> list[str]:
    summary = entry.summary
    density, speed = summary.get("density", {}), summary.get("performance", {})
    status = summary.get("status", {})
    stopped = status.get("state") == "stopped"
    state = "reference" if entry.is_reference else status.get("state", "unknown")
    intact = summary.get("bonds", {}).get("intact_fraction")
    diffusion = [entry.diffusion().get(name, {}) for name in species]
    force = entry.force_errors()
    return [
        entry.name,
        entry.potential or "–",
        f"stopped: {status.get('guard', '?')}" if stopped else str(state),
        number(summary.get("analysed", {}).get("to_ps")),
        _flagged(density, "value", "uncertainty", 4),
        *[_flagged(one, "diffusion_1e-5_cm2_s", "uncertainty_1e-5_cm2_s", 3) for one in diffusion],
        *(_ionic(summary) if ionic else []),
        *[number(force.get(part, {}).get("rmse")) for part in FORCE_PARTS],
        "–" if intact is None else f"{100 * intact:.2f}",
        number(speed.get("katom_step_per_s")),
        number(speed.get("ns_per_day")),
    ]


def _flagged(entry: Mapping[str, Any], value: str, uncertainty: str, digits: int) -> str:
    return starred(entry.get(value), entry.get(uncertainty), entry.get("note"), digits)


def remarks(entries: Sequence[Entry]) -> list[str]:
    """Return what a reader must know before trusting the numbers, a line each."""
    lines = _differences([entry for entry in entries if not entry.is_reference])
    for entry in entries:
        if entry.summary.get("status", {}).get("state") in ("stopped", "interrupted"):
            lines.append(f"{entry.name}: {status_line(entry.summary['status'])}")
        lines += [f"{entry.name}: {note}" for note in notes(entry.summary)]
    return lines


CONDITIONS = {"liquid": "", "ensemble": "", "temperature_K": "K", "pressure_bar": "bar"}
"""What runs that are compared should have in common, with units."""


def _differences(runs: Sequence[Entry]) -> list[str]:
    """Return what runs do not have in common, so that their numbers cannot be held against each other."""
    lines = []
    for key, unit in CONDITIONS.items():
        known = [(entry.name, entry.summary.get("conditions", {}).get(key)) for entry in runs]
        told = [f"{name} {value if value is not None else 'none'} {unit}".rstrip() for name, value in known]
        if len({str(value) for _, value in known}) > 1:
            lines.append(f"other {key.partition('_')[0]}: {'; '.join(told)}")
    tests = {entry.name: (entry.test_errors.get("data") or {}).get("sha256") for entry in runs if entry.force_errors()}
    if len(set(tests.values())) > 1:
        lines.append(f"errors of forces are on other test sets: {', '.join(tests)}")
    return lines


def write_html(path: Path, entries: Sequence[Entry], groups: Sequence[Group]) -> None:
    """Write tables, remarks and pictures as one self-contained HTML file."""
    from decant.foundation.sketches import figures

    rows = table(entries)
    names = rows[0]
    shown = ("run", "status", "length", "density", "conductivity", "t+")
    first = [i for i, name in enumerate(names) if name in shown or name[:2] == "D "]
    others = [0, *(i for i in range(len(names)) if i not in first)]
    known = [row for row in rows if any(row[i] != "–" for i in others[1:])]  # of a reference little is
    blocks: list[Block] = [text_table(rows, first, 2, CAPTION)]
    if len(known) > HEADS:
        blocks.append(text_table(known, others, 2))
    if lines := remarks(entries):
        blocks.append(Listing(lines, "Remarks"))
    sections = [Section("runs", "Runs", blocks), Section("pictures", "Pictures", figures(groups))]
    for file, (title, caption) in STRUCTURES.items():
        panels = [_panel(entry.name, one) for entry in entries for one in entry.structures.get(file, ())]
        if panels:
            sections.append(Section(Path(file).stem, title, [Figure(panels, caption)]))
    write_page(path, "Runs compared", sections)


def _panel(name: str, one: Structure) -> Panel:
    return one.panel(f"{name}: {one.atoms.info[TOLD]}", f"Atoms and bonds: {one.atoms.info[TOLD]}")


STRUCTURES = {
    SHELLS: (
        "Shells of cations",
        "A shell of the commonest composition in each run, from the middle of the times at which there is one; dotted: "
        "what touches the cation. Drag one, or use the arrow keys, to turn it.",
    ),
    BROKEN: (
        "Broken molecules",
        "The first bond of each run that was half as long again as it should be, dotted, in the first frame that "
        "shows it. Drag one, or use the arrow keys, to turn it.",
    ),
    COLLIDED: (
        "Molecules where none can be",
        "The first two molecules of each run that are nearer than molecules of a liquid come, dotted where they meet: "
        "the potential has a hole there. Drag one, or use the arrow keys, to turn it.",
    ),
}
"""Sections of what is worth a look: title and caption, by the file of a run."""
CAPTION = """± is one standard error; where it is missing the run is too short to know it. *: see the remarks.
F: root mean square force error per Cartesian component on the test set, in all and projected on the translation,
rotation and vibration of each molecule. D is not corrected for the size of the box."""


def compare(
    runs: Sequence[Path], output: Path, potentials: Sequence[Path] = (), reference: Path | None = None
) -> list[Entry]:
    """Compare analysed runs; write ``summary.png`` and ``summary.html`` into `output`.

    Parameters
    ----------
    runs
        Run directories with ``observables.yaml``.
    output
        Directory to write into.
    potentials
        The potential of each run, in the same order; empty takes those that the runs name.
    reference
        CSV file of references (see `read_references`).

    Raises
    ------
    InputError
        If there is no run, the numbers of runs and potentials differ, or a file is missing or wrong.
    """
    from decant.analysis.summary_plot import groups
    from decant.foundation.sketches import write_sheet

    if not runs:
        raise InputError("no run to compare; give run directories")
    if potentials and len(potentials) != len(runs):
        raise InputError(f"{len(potentials)} potentials for {len(runs)} runs; give one for each run, in the same order")
    chosen: list[Path | None] = [*potentials] if potentials else [None] * len(runs)
    entries = [read_entry(run, potential) for run, potential in zip(runs, chosen, strict=True)]
    make_names_unique(entries, runs)
    entries += read_references(reference) if reference else []
    pictures = groups(entries)
    write_sheet(Path(output) / "summary.png", pictures)
    write_html(Path(output) / "summary.html", entries, pictures)
    return entries


def make_names_unique(entries: Sequence[Entry], runs: Sequence[Path]) -> None:
    """Name runs by their path where directory names repeat: by that part of it in which they differ."""
    names = [entry.name for entry in entries]
    alike = [Path(run).resolve() for run, name in zip(runs, names, strict=True) if names.count(name) > 1]
    common = Path(os.path.commonpath(alike)) if len(alike) > 1 and len(set(alike)) == len(alike) else None
    for entry, run in zip(entries, runs, strict=True):
        if names.count(entry.name) > 1:
            entry.name = str(Path(run).resolve().relative_to(common)) if common else str(run)
    taken: Counter[str] = Counter()
    for entry in entries:  # a run that is given twice, with two potentials
        taken[entry.name] += 1
        if taken[entry.name] > 1:
            entry.name = f"{entry.name} ({taken[entry.name]})"


def as_text(entries: Sequence[Entry]) -> str:
    """Return the table and the remarks that `decant compare` prints."""
    return "\n".join([format_table(table(entries), heads=HEADS), *[f"* {line}" for line in remarks(entries)]])

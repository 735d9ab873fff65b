"""Set analysed runs beside each other: a table, a page of plots, and both in one HTML file."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from decant.analysis.analyze import notes
from decant.analysis.observables import read_observables, status_line
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml, require_file
from decant.foundation.html import Page, write_page
from decant.foundation.tables import format_table, number, read_csv
from decant.potentials.potential import CARD
from decant.simulation.run import POTENTIAL

FORCE_PARTS = {"total": "F", "translational": "F trans", "rotational": "F rot", "vibrational": "F vib"}


@dataclass
class Entry:
    """A run with what is known of it, or a reference with a few numbers.

    Attributes
    ----------
    name
        Name shown.
    summary
        Content of ``observables.yaml``.
    test_errors
        Test errors of its potential, as `decant.potentials.fit_errors.fit_errors` gives them; empty if not known.
    potential
        Name of the potential.
    thermo, rdf, msd
        Columns of the CSV files; empty where there is none.
    """

    name: str
    summary: dict[str, Any]
    test_errors: dict[str, Any] = field(default_factory=dict)
    potential: str = ""
    thermo: dict[str, np.ndarray] = field(default_factory=dict)
    rdf: dict[str, np.ndarray] = field(default_factory=dict)
    msd: dict[str, np.ndarray] = field(default_factory=dict)
    is_reference: bool = False

    def diffusion(self) -> dict[str, Any]:
        """Return the diffusion of each species that has one."""
        found = self.summary.get("diffusion", {})
        return {name: entry for name, entry in found.items() if isinstance(entry, Mapping)}

    def force_errors(self) -> dict[str, Any]:
        """Return the force errors by part; empty if not known."""
        return self.test_errors.get("force_meV_per_A") or {}


def read_entry(run: Path, potential: Path | None = None) -> Entry:
    """Read an analysed run and the card of its potential.

    Parameters
    ----------
    run
        Run directory.
    potential
        Directory of the potential; None takes the one that the run links to or names, if it is still there.

    Raises
    ------
    InputError
        If the run was not analysed, or a given potential has no card.
    """
    run = Path(run)
    summary = read_observables(run)
    named = str(summary.get("conditions", {}).get("potential", ""))
    card: dict[str, Any] = {}
    if potential is not None:
        card = read_yaml(Path(potential) / CARD)
    else:
        for folder in (run / POTENTIAL, Path(named)) if named else ():
            if (folder / CARD).is_file():
                card = read_yaml(folder / CARD)
                break
    entry = Entry(run.resolve().name, summary, card.get("test_errors") or {}, Path(potential or named).name)
    for name in ("thermo", "rdf", "msd"):
        if (run / f"{name}.csv").exists():
            setattr(entry, name, read_csv(run / f"{name}.csv"))
    return entry


def read_references(path: Path) -> list[Entry]:
    """Read references from a CSV file.

    Its columns are ``name``, ``density_g_cm3`` and ``diffusion_<species>_1e-5_cm2_s``; all but ``name`` may be missing
    or empty.

    Raises
    ------
    InputError
        If the file has no column ``name`` or a value is not a number.
    """
    require_file(path, "a CSV file with a column 'name'")
    with Path(path).open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    result = []
    for line, row in enumerate(rows, start=2):
        if not row.get("name"):
            raise InputError(f"{path}: line {line}: no 'name'; expected columns name, density_g_cm3, ...")
        try:
            numbers = {key: float(text) for key, text in row.items() if key and key != "name" and text}
        except (TypeError, ValueError) as error:
            raise InputError(f"{path}: line {line}: {error}") from error
        summary: dict[str, Any] = {"diffusion": {}}
        for key, value in numbers.items():
            if key == "density_g_cm3":
                summary["density"] = {"value": value, "uncertainty": None}
            elif key.startswith("diffusion_") and key.endswith("_1e-5_cm2_s"):
                name = key.removeprefix("diffusion_").removesuffix("_1e-5_cm2_s")
                summary["diffusion"][name] = {"diffusion_1e-5_cm2_s": value, "uncertainty_1e-5_cm2_s": None}
        result.append(Entry(row["name"], summary, is_reference=True))
    return result


def species_of(entries: Sequence[Entry]) -> list[str]:
    """Return every species whose diffusion is known in some entry."""
    return list(dict.fromkeys(name for entry in entries for name in entry.diffusion()))


def table(entries: Sequence[Entry]) -> list[list[str]]:
    """Return the table as text cells; two heading rows (names, units), then a row an entry."""
    species = species_of(entries)
    names = ["run", "potential", "status", "length", "density", *[f"D {name}" for name in species]]
    units = ["", "", "", "ps", "g/cm3", *["1e-5 cm2/s"] * len(species)]
    names += [*FORCE_PARTS.values(), "bonds intact", "speed", "speed"]
    units += [*["meV/A"] * len(FORCE_PARTS), "%", "katom-step/s", "ns/day"]
    return [names, units, *[_row(entry, species) for entry in entries]]


def _row(entry: Entry, species: Sequence[str]) -> list[str]:
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
        *[number(force.get(part, {}).get("rmse")) for part in FORCE_PARTS],
        "–" if intact is None else f"{100 * intact:.2f}",
        number(speed.get("katom_step_per_s")),
        number(speed.get("ns_per_day")),
    ]


def _flagged(entry: Mapping[str, Any], value: str, uncertainty: str, digits: int) -> str:
    """Format a number, with a star if a note stands by it."""
    return number(entry.get(value), entry.get(uncertainty), digits) + (" *" if entry.get("note") else "")


def remarks(entries: Sequence[Entry]) -> list[str]:
    """Return what a reader must know before trusting the numbers, a line each."""
    lines = []
    for entry in entries:
        if entry.summary.get("status", {}).get("state") in ("stopped", "interrupted"):
            lines.append(f"{entry.name}: {status_line(entry.summary['status'])}")
        lines += [f"{entry.name}: {note}" for note in notes(entry.summary)]
    return lines


def write_html(path: Path, entries: Sequence[Entry], picture: Path) -> None:
    """Write table, remarks and picture as one self-contained HTML file."""
    alt = "Density, radial distribution functions, mean square displacements and force errors of the runs"
    write_page(path, Page("Runs compared", table(entries), 3, CAPTION, remarks(entries), picture, alt))


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
    from decant.analysis.summary_plot import plot_summary

    if not runs:
        raise InputError("no run to compare; give run directories")
    if potentials and len(potentials) != len(runs):
        raise InputError(f"{len(potentials)} potentials for {len(runs)} runs; give one for each run, in the same order")
    chosen: list[Path | None] = [*potentials] if potentials else [None] * len(runs)
    entries = [read_entry(run, potential) for run, potential in zip(runs, chosen, strict=True)]
    _make_names_unique(entries, runs)
    entries += read_references(reference) if reference else []
    picture = Path(output) / "summary.png"
    plot_summary(picture, entries)
    write_html(Path(output) / "summary.html", entries, picture)
    return entries


def _make_names_unique(entries: Sequence[Entry], runs: Sequence[Path]) -> None:
    """Name runs by their path where directory names repeat."""
    names = [entry.name for entry in entries]
    for entry, run in zip(entries, runs, strict=True):
        if names.count(entry.name) > 1:
            entry.name = str(run)


def as_text(entries: Sequence[Entry]) -> str:
    """Return the table and the remarks that `decant compare` prints."""
    return "\n".join([format_table(table(entries), heads=2), *[f"* {line}" for line in remarks(entries)]])

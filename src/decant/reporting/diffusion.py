"""Mean square displacements with the window and the slope of each fit, and the diffusion coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from matplotlib.axes import Axes

from decant.foundation.looks import Look
from decant.foundation.page import Cell, Data, Folded, Notes, Panel, Row, Section, Table
from decant.foundation.svg import panel
from decant.foundation.tables import number
from decant.reporting.cells import pair_title
from decant.reporting.curves import figures
from decant.reporting.records import Condition, Results, RunRecord
from decant.reporting.words import counted

VALUE, UNCERTAINTY = "diffusion_1e-5_cm2_s", "uncertainty_1e-5_cm2_s"
COLUMN = "msd_A2 "
"""What the columns of displacements in ``msd.csv`` begin with."""


def section(results: Results) -> Section:
    """Return the section."""
    found = Section("diffusion", "Mean square displacements and diffusion")
    for algorithm in results.study.algorithms:
        caption = (
            f"{algorithm}: displacement of centres of mass over lag time, a line a run; bold where D was fitted. Only "
            "where the logarithmic slope in that window (table below) is near 1 is the motion diffusive and D a number "
            "to trust."
        )
        draw = partial(_drawn, algorithm)
        found.blocks.extend(figures(results, algorithm, "msd", lambda run: bool(run.msd), draw, caption))
    if found.blocks:
        table = _table(results)
        found.blocks.append(Folded(f"Diffusion of every run ({counted(len(table.rows), 'row')})", [table]))
    else:
        found.blocks.append("No run has mean square displacements yet.")
    return found


def _drawn(
    algorithm: str, condition: Condition, runs: Sequence[RunRecord], styles: dict[str, Look]
) -> tuple[list[Panel], list[Row]]:
    names = list(dict.fromkeys(name for run in runs for name in run.diffusions()))
    panels = [_panel(algorithm, condition, name, runs, styles) for name in names]
    return panels, [row for name in names for row in _rows(name, runs)]


def _rows(species: str, runs: Sequence[RunRecord]) -> list[Row]:
    return [
        {
            "run": run.cell.name,
            "species": species,
            "lag_ps": lag,
            "msd_A2": value,
        }
        for run in runs
        if f"{COLUMN}{species}" in run.msd
        for lag, value in zip(run.msd["lag_ps"], run.msd[f"{COLUMN}{species}"], strict=True)
    ]


def _panel(
    algorithm: str, condition: Condition, species: str, runs: Sequence[RunRecord], styles: dict[str, Look]
) -> Panel:

    def draw(axes: Axes) -> None:
        for run in runs:
            entry, look = run.diffusions().get(species), styles[run.cell.fit.data]
            if entry is None or f"{COLUMN}{species}" not in run.msd:
                continue
            lag, msd = run.msd["lag_ps"], run.msd[f"{COLUMN}{species}"]
            begin, end = entry["fit_window_ps"]
            inside = (lag >= begin) & (lag <= end)
            axes.plot(lag, msd, color=look.colour, linestyle=look.line, linewidth=0.8, alpha=0.6)
            axes.plot(lag[inside], msd[inside], color=look.colour, linestyle=look.line, linewidth=2.4)
        axes.set(xlabel="lag time (ps)", ylabel="MSD (Å²)")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)

    title = f"{species}, {condition[0]} at {condition[1]:g} K, {algorithm}"
    return panel(title, f"Mean square displacement of {species} in {len(runs)} runs", draw)


def _table(results: Results) -> Table:
    rows: list[list[Cell | str]] = []
    data: list[Row] = []
    notes = Notes()
    for run in results.runs:
        for species, entry in run.diffusions().items():
            begin, end = entry["fit_window_ps"]
            fit = run.cell.fit
            note = str(entry.get("note", ""))
            rows.append(
                [
                    pair_title((fit.data, fit.algorithm)),
                    f"{run.cell.simulation}, {run.cell.temperature:g} K",
                    species,
                    f"{fit.seed}.{run.cell.replica}",
                    number(entry[VALUE], entry[UNCERTAINTY]) + (f" * {notes.mark(note)}" if note else ""),
                    f"{begin:.3g} to {end:.3g}",
                    f"{entry['log_log_slope']:.2f}",
                ]
            )
            data.append(
                {
                    "run": run.cell.name,
                    "species": species,
                    VALUE: entry[VALUE],
                    UNCERTAINTY: entry[UNCERTAINTY],
                    "window_begin_ps": begin,
                    "window_end_ps": end,
                    "log_log_slope": entry["log_log_slope"],
                    "note": note,
                }
            )
    head = [
        "data set · algorithm",
        "liquid",
        "species",
        "seed.replica",
        "D (10⁻⁵ cm²/s)",
        "window (ps)",
        "log slope",
    ]
    caption = "Diffusion of every run, without correction for the size of the box. *: read the note first."
    return Table(head, rows, caption, Data("diffusion", data), left=3, notes=notes.texts)

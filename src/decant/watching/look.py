"""A look at a folder: which kind of work it is, and how that stands."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from decant.algorithms.registry import algorithm
from decant.analysis.observables import status_line
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml
from decant.foundation.locks import is_locked
from decant.foundation.progress import clock
from decant.foundation.tables import format_table, read_rows
from decant.learning.learn import TABLE
from decant.potentials.fit import RECORD
from decant.simulation.description import DESCRIPTION
from decant.simulation.run import Run
from decant.watching.glance import Curve, Glance
from decant.workflow.outcome import State
from decant.workflow.status import JOBS, read_status
from decant.workflow.status_text import status_text

QUIET_S = 120.0
"""A training that has said nothing for so long, seconds, and has no end yet, is told to be quiet."""
SHOWN = {
    "temperature_K": ("temperature", "K"),
    "pressure_bar": ("pressure", "bar"),
    "density_g_cm3": ("density", "g/cm3"),
    "potential_energy_eV": ("potential energy", "eV"),
}
"""What is drawn of a run."""


def look(folder: Path) -> Glance:
    """Return how the work in a folder stands.

    Raises
    ------
    InputError
        If it is no run, fit, learning or study.
    """
    folder = Path(folder)
    for mark, see in KINDS.items():
        if (folder / mark).is_file():
            return see(folder)
    problem = "holds no run, fit, active learning or study" if folder.is_dir() else "no such directory"
    raise InputError(f"{folder}: {problem}; give the folder that one of them writes")


def _run(folder: Path) -> Glance:
    run = Run.open(folder)
    asked, status = run.description, run.status
    columns = [one for phase in ("equilibration", "production") if (one := run.thermo(phase))]
    names = [name for name in ("time_ps", *SHOWN) if columns and all(name in one for one in columns)]
    joined = {name: np.concatenate([one[name] for one in columns]) for name in names}
    past = float(joined["time_ps"][-1]) + asked.equilibration_ps if joined else 0.0
    whole = asked.length_ps + asked.equilibration_ps
    words = [f"{asked.liquid}, {asked.atoms} atoms, {asked.ensemble}, {asked.temperature_K:g} K"]
    words.append(f"{past:.5g} of {whole:.5g} ps, the first {asked.equilibration_ps:g} ps of equilibration")
    curves = [
        Curve(name, unit, "time, ps", joined["time_ps"], joined[column])
        for column, (name, unit) in SHOWN.items()
        if column in joined and not (asked.ensemble != "npt" and column == "density_g_cm3")
    ]
    going = status["state"] == "running"
    state = "running" if going else status_line(status)
    return Glance("run", folder, state, not going, min(past / whole, 1.0), words, curves)


def _fit(folder: Path) -> Glance:
    record = read_yaml(folder / RECORD)
    work, limits = folder / "work", record.get("limits", {})
    course = algorithm(str(record["algorithm"])).course(work)
    logs = [path.stat().st_mtime for path in work.glob("*.log")] if work.is_dir() else []
    silent = time.time() - max(logs, default=(folder / RECORD).stat().st_mtime)
    is_over = record.get("state") == "finished"
    planned = course.planned or (limits.get("max_epochs") if course.unit == "epochs" else None)
    share = course.done[-1] / planned if len(course.done) and planned else None
    if not is_over and limits.get("max_time_s"):
        used = time.time() - (folder / RECORD).stat().st_mtime
        share = max(share or 0.0, min(used / limits["max_time_s"], 1.0))
    state = str(record.get("state"))
    if state == "running" and silent > QUIET_S:
        state += f", but its log is silent for {clock(silent)}: was it killed? The same 'decant fit' continues it"
    words = [f"{record['algorithm']}, preset {record.get('preset')}, seed {record.get('seed')}"]
    if is_over:
        words.append(f"{record.get('epochs', 0):g} epochs in {clock(record.get('total_s', 0.0))}")
    curves = [
        Curve(f"{name} error, validation", unit, course.unit, course.done, values, logarithmic=True)
        for name, unit, values in (
            ("energy", "meV/atom", course.energy_meV_per_atom),
            ("force", "meV/A", course.force_meV_per_A),
        )
        if len(values)
    ]
    return Glance("fit", folder, state, is_over, 1.0 if is_over else share, words, curves)


def _learning(folder: Path) -> Glance:
    rows = read_rows(folder / TABLE)
    shown = {"generation": "generation", "train_frames": "trained on", "accurate": "accurate", "labelled": "labelled",
             "test_force_rmse_meV_per_A": "F meV/A", "total_s": "all s"}  # fmt: skip
    cells = [[row.get(name) or "-" for name in shown] for row in rows]
    ended = rows[-1].get("end", "") if rows else ""
    going = is_locked(folder)
    state = "a generation goes on" if going else f"ended by {ended}" if ended else "interrupted"
    curves = [
        _numbers(rows, "test_force_rmse_meV_per_A", "force error, test", "meV/A"),
        _numbers(rows, "accurate", "accurate frames", ""),
    ]
    table = format_table([list(shown.values()), *cells]).splitlines() if rows else []
    return Glance("learning", folder, state, not going, None, table, [curve for curve in curves if len(curve.y)])


def _numbers(rows: list[dict[str, str]], column: str, name: str, unit: str) -> Curve:
    known = [(float(row["generation"]), float(row[column])) for row in rows if row.get(column)]
    x, y = np.array(known).reshape(-1, 2).T
    return Curve(name, unit, "generation", x, y)


def _study(folder: Path) -> Glance:
    status = read_status(folder)
    done = len(status.of(State.DONE))
    going = status.is_running or bool(status.of(State.RUNNING))
    head, *lines = status_text(status).splitlines()
    return Glance("study", folder, head.partition(": ")[2], not going, done / max(len(status.jobs), 1), lines)


KINDS: dict[str, Callable[[Path], Glance]] = {DESCRIPTION: _run, RECORD: _fit, JOBS: _study, TABLE: _learning}
"""Each kind of work, by the file that makes a folder one."""

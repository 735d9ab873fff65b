"""What failed, and why; what is still missing."""

from __future__ import annotations

from decant.foundation.page import Cell, Data, Notes, Row, Section, Table
from decant.reporting.cells import outcome
from decant.reporting.records import Results, unfinished


def section(results: Results) -> Section:
    """Return the section."""
    found = Section("failures", "What failed, and what is missing")
    failed = [(job, job.failure) for job in results.jobs if job.failure]
    if failed:
        notes = Notes()
        rows: list[list[Cell | str]] = [
            [job.cell, job.kind, f"{outcome(failure)} {notes.mark(failure.reason)}"] for job, failure in failed
        ]
        data: list[Row] = [
            {"job": job.name, "cell": job.cell, "step": job.kind, "reason": failure.reason} for job, failure in failed
        ]
        caption = "Each points to the last line of its output. What needed it was left out; everything else went on."
        found.blocks.append(
            Table(["cell", "step", "how"], rows, caption, Data("failures", data), left=3, notes=notes.texts)
        )
    else:
        found.blocks.append("No step failed." if results.jobs else "There is no record of a workflow (jobs.json).")
    left = len(list(unfinished(results)))
    without = [name for name in results.study.data if results.sets[name].frames is None]
    if left:
        found.blocks.append(f"{left} of {len(results.runs)} runs have no score yet: not run, analysed or scored.")
    if without:
        found.blocks.append(f"Not labelled yet, or not by this study: {', '.join(without)}.")
    return found

"""The report of a study: its folder read into records, sections of findings, tables and figures, one HTML file.

The file needs nothing beside it; the numbers of every table and figure lie beside it as CSV.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from decant.foundation.errors import InputError
from decant.foundation.files import write_beside
from decant.foundation.page import Section, data_files, render
from decant.foundation.progress import track
from decant.foundation.tables import write_rows
from decant.reporting import (
    cost,
    density,
    diffusion,
    errors,
    failures,
    finding,
    findings,
    lead,
    learning_curves,
    matrix,
    next_steps,
    parity,
    run_card,
    stability,
    structure,
    transfer,
    unseen,
)
from decant.reporting.collect import collect
from decant.reporting.records import Results
from decant.scoring.predictors import Predictor

REPORT = "report.html"


def report(folder: Path, output: Path | None = None) -> Path:
    """Write the report of a study, finished or not.

    Parameters
    ----------
    folder
        Folder of the study.
    output
        HTML file; None for ``report.html`` in the folder. The CSV files go into a folder of its name without suffix.

    Returns
    -------
    pathlib.Path
        The HTML file.

    Raises
    ------
    InputError
        If the folder is no study's, a file in it is not what it should be, or `output` does not end in ``.html``.
    """
    output = Path(folder) / REPORT if output is None else Path(output)
    if output.suffix != ".html":
        raise InputError(f"{output}: expected a name that ends in .html")
    results = collect(folder)
    judged = errors.judge(results)
    found = findings.find_all(results, judged)
    makers = _makers(results, judged, found)
    sections = [make() for make in track(makers, "report", len(makers), "sections")]
    for data in data_files(sections):
        write_rows(output.with_suffix("") / f"{data.name}.csv", data.rows)
    said = lead.sentences(results, found)
    text = render(results.study.title, _subtitle(), sections, output.stem, said, lead.SCORE)
    with write_beside(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return output


def _makers(
    results: Results, judged: Sequence[Predictor], found: Sequence[finding.Finding]
) -> list[Callable[[], Section]]:
    """Return what makes each section, in the order of the page."""
    plain = (matrix, transfer, learning_curves, parity, density, structure, diffusion, stability, unseen)
    return [
        lambda: findings.section(results, found),
        *(lambda part=part: part.section(results) for part in plain),
        lambda: errors.section(results, judged),
        *(lambda part=part: part.section(results) for part in (cost, failures)),
        lambda: run_card.section(results),
        lambda: next_steps.section(results, found),
    ]


def _subtitle() -> str:
    return f"A transfer study of decant, reported on {datetime.now(UTC):%-d %B %Y}."

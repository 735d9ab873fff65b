"""The report of a study: its folder read into records, sections of findings, tables and figures, one HTML file.

The file needs nothing beside it; the numbers of every table and figure lie beside it as CSV.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from decant.foundation.errors import InputError
from decant.foundation.files import write_beside
from decant.foundation.progress import track
from decant.foundation.tables import write_rows
from decant.report import (
    cost,
    density,
    diffusion,
    errors,
    failures,
    findings,
    learning_curves,
    matrix,
    parity,
    run_card,
    stability,
    structure,
    transfer,
    unseen,
)
from decant.report.collect import collect
from decant.report.page import Section, data_files, render
from decant.report.records import Results

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
    makers = _makers(results)
    sections = [make() for make in track(makers, "report", len(makers), "sections")]
    for data in data_files(sections):
        write_rows(output.with_suffix("") / f"{data.name}.csv", data.rows)
    text = render(results.study.title, _subtitle(results), sections, output.stem)
    with write_beside(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return output


def _makers(results: Results) -> list[Callable[[], Section]]:
    """Return what makes each section, in the order of the page."""
    judged = errors.judge(results)
    plain = (matrix, transfer, learning_curves, parity, density, structure, diffusion, stability, unseen)
    return [
        lambda: findings.section(results, judged),
        *(lambda part=part: part.section(results) for part in plain),
        lambda: errors.section(results, judged),
        *(lambda part=part: part.section(results) for part in (cost, failures, run_card)),
    ]


def _subtitle(results: Results) -> str:
    study = results.study
    sizes = (
        f"{len(study.data)} data sets, {len(study.algorithms)} algorithms, {len(study.seeds)} seeds, "
        f"{len(study.simulations)} liquids, {len(results.runs)} runs"
    )
    return f"A transfer study of decant: {sizes}. Reported on {datetime.now(UTC):%-d %B %Y}."

"""The report of a study."""

from __future__ import annotations

from pathlib import Path

from decant.reporting.report import report as written
from decant.verbs.arguments import Location, checked, path


@checked()
def report(folder: Location, output: Location | None = None) -> Path:
    """Report a study, finished or not: findings, tables and figures in one HTML file; return that file.

    Parameters
    ----------
    folder
        Folder of a study.
    output
        File to write; ``report.html`` in the folder by default. The numbers are CSV files in a folder beside it.

    Raises
    ------
    InputError
        If it is no study's folder.
    """
    return written(Path(folder), path(output))

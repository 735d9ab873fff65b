"""Columns of numbers as CSV, and rows as text for a terminal."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from decant.foundation.errors import InputError
from decant.foundation.files import require_file, write_beside


def write_csv(path: Path, columns: Mapping[str, np.ndarray]) -> None:
    """Write columns, which may differ in length, under their names (with units)."""
    with write_beside(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        cells = [[f"{value:.8g}" for value in np.asarray(column)] for column in columns.values()]
        writer.writerows(zip_longest(*cells, fillvalue=""))


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows with the same keys, whose cells may be numbers, texts or None, under those keys."""
    with write_beside(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0] if rows else ())
        writer.writeheader()
        writer.writerows(rows)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read rows that `write_rows` wrote; what was None is an empty text.

    Raises
    ------
    InputError
        If the file is missing.
    """
    require_file(path, "a CSV file that decant wrote")
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def read_csv(path: Path) -> dict[str, np.ndarray]:
    """Read columns that `write_csv` wrote.

    Raises
    ------
    InputError
        If the file is missing or a cell is not a number.
    """
    require_file(path, "a CSV file that decant analyze wrote")
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    try:
        return {
            name: np.array([float(row[column]) for row in rows[1:] if row[column] != ""])
            for column, name in enumerate(rows[0] if rows else [])
        }
    except (ValueError, IndexError) as error:
        raise InputError(f"{path}: not a table of numbers ({error}); run decant analyze again") from error


def number(value: float | None, uncertainty: float | None = None, digits: int = 3) -> str:
    """Format a value with the digits that its uncertainty allows: ``1.129 ± 0.004``; a dash for None."""
    if value is None or not np.isfinite(value):
        return "–"
    if not uncertainty or not np.isfinite(uncertainty):
        return f"{value:.{digits}g}"
    # one digit of the uncertainty, two where the first is a 1 or a 2
    exponent = int(np.floor(np.log10(uncertainty)))
    places = max(0, -exponent + (uncertainty / 10.0**exponent < 3))
    return f"{value:.{places}f} ± {uncertainty:.{places}f}"


def starred(value: float | None, uncertainty: float | None, note: str | None = "", digits: int = 5) -> str:
    """Format a measured value for tables and figures alike, with a star if a note stands by it.

    There are no more than three digits where nothing is known of its uncertainty.
    """
    text = number(value, uncertainty, min(digits, 3) if uncertainty is None else digits)
    return f"{text} *" if note else text


def one_heading(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return a table whose first two rows are names and units with the units behind the names, in one row."""
    names, units, *body = rows
    heading = [f"{name} ({unit})" if unit else name for name, unit in zip(names, units, strict=True)]
    return [heading, *map(list, body)]


def format_table(rows: Sequence[Sequence[str]], heads: int = 1, left: int = 1) -> str:
    """Return rows as aligned text; the first `heads` are the heading, the first `left` columns are left-aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(heads, "  ".join("-" * width for width in widths))
    return "\n".join(lines)

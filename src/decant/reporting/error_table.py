"""The errors on the test set that every potential is judged by, as a table: mean over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from decant.foundation.page import Cell, Data, Notes, Row, Table
from decant.foundation.tables import number
from decant.reporting.cells import pair_title
from decant.reporting.records import Pair, Results
from decant.reporting.words import counted
from decant.scoring.predictors import ERRORS, fixed_set_errors
from decant.scoring.quantity import Quantity
from decant.scoring.replicas import pooled

SHOWN = (
    "energy", "energy less its mean error", "energy, intermolecular", "force", "force, intermolecular", "virial",
    "pressure, mean error",
)  # fmt: skip
"""Errors of `ERRORS` that have a column; the file behind the table has all."""


def table(results: Results) -> Table | None:
    """Return the table; None where no potential has errors."""
    errors: dict[Pair, dict[str, Quantity]] = {}
    marks, notes = dict[Pair, str](), Notes()
    for pair in results.pairs():
        fits = results.fits_of(pair)
        part = [fit.errors_on_part for fit in fits if fit.errors_on_part]
        if own := _mean(part or [fit.errors for fit in fits if fit.errors]):
            errors[pair] = own
            marks[pair] = notes.mark(_part_in_words(part[0]) if part else "")
    if not errors:
        return None
    names = [name for name in SHOWN if any(name in own for own in errors.values())]
    rows: list[list[Cell | str]] = [
        [f"{pair_title(pair)} {marks[pair]}".rstrip(), *(_cell(own.get(name)) for name in names)]
        for pair, own in errors.items()
    ]
    return Table(
        ["data set · algorithm", *(f"{name} ({ERRORS[name][0].replace('A', 'Å')})" for name in names)],
        rows,
        "Root mean square errors on the test set, which no fit has seen and which is the same for all, mean over seeds "
        "with its standard error; of the pressure the size of its mean error, which shifts the density. Energies less "
        "their mean error leave out one constant; what is left is wrong between configurations, or between "
        "compositions.",
        Data("test_errors", [_row(pair, name, value) for pair, own in errors.items() for name, value in own.items()]),
        notes=notes.texts,
    )


def _part_in_words(errors: Mapping[str, Any]) -> str:
    left = errors["left_out"]
    others = f"{left['frames']} have {', '.join(left['elements'])}, unknown to it"
    return f"On {counted(errors['frames'], 'frame')} only, and not held against others: {others}."


def _mean(errors: Sequence[Mapping[str, Any]]) -> dict[str, Quantity]:
    """Return each error that all seeds have, and how far they differ."""
    known = [fixed_set_errors(one) for one in errors]
    shared = set[str]().union(*known).intersection(*known)
    return {name: pooled([Quantity(one[name]) for one in known]) for name in ERRORS if name in shared}


def _cell(value: Quantity | None) -> str:
    return "–" if value is None else number(value.value, value.uncertainty)


def _row(pair: Pair, name: str, value: Quantity) -> Row:
    return {
        "data": pair[0],
        "algorithm": pair[1],
        "error": name,
        "unit": ERRORS[name][0],
        "value": value.value,
        "uncertainty": value.uncertainty,
    }

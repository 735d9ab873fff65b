"""The transfer table: what each data set gains or loses for each algorithm."""

from __future__ import annotations

from decant.foundation.page import Cell, Data, Row, Section, Table
from decant.reporting.cells import gain_cell
from decant.reporting.records import Pair, Results
from decant.reporting.scores import gained

CURVE = "learning curve"
"""Kind of a data set that is only a part of another one; learning curves show it."""


def section(results: Results) -> Section:
    """Return the section."""
    found = Section("transfer", "Transfer: what a set gains for each algorithm")
    algorithms = results.scratch()
    sets = compared(results)
    rows: list[list[Cell | str]] = []
    for data, base in sets.items():
        cells = [gain_cell(*_sides(results, data, base, algorithm)) for algorithm in algorithms]
        rows.append([data, results.study.data[data].kind or "–", base, *cells])
    if not rows:
        found.blocks.append("There are not two data sets to compare.")
        return found
    found.blocks.append(
        Table(
            ["data set", "kind", "held against", *algorithms],
            rows,
            "Gain or loss in score on the liquids that the data are about, ± one standard error. Each set is held "
            "against the one that the study names or that it extends, else against the first. 'gain' and 'loss': the "
            "95 % interval leaves out zero; 'likely': beyond one standard error only. A set that extends the other one "
            "has more frames, too.",
            Data("transfer", [_row(results, data, base, name) for data, base in sets.items() for name in algorithms]),
            left=3,
        )
    )
    return found


def compared(results: Results) -> dict[str, str]:
    """Return the data sets that the table holds against another one, and that other one."""
    algorithms = results.scratch()
    sets = {}
    for data in dict.fromkeys(data for data, algorithm in results.pairs() if algorithm in algorithms):
        base = results.baseline(data)
        if base is not None and results.study.data[data].kind != CURVE:
            sets[data] = base
    return sets


def _sides(results: Results, data: str, base: str, algorithm: str) -> tuple[list, list]:
    pairs: list[Pair] = [(data, algorithm), (base, algorithm)]
    one, other = (results.runs_of(pair, results.is_target) for pair in pairs)
    return one, other


def _row(results: Results, data: str, base: str, algorithm: str) -> Row:
    found = gained(*_sides(results, data, base, algorithm)) or {}
    low, high = found.get("interval") or (None, None)
    return {
        "data": data,
        "held_against": base,
        "algorithm": algorithm,
        "gain": found.get("gain"),
        "uncertainty": found.get("uncertainty"),
        "low_95": low,
        "high_95": high,
        "verdict": found.get("verdict", ""),
    }

"""The matrix of a study: the score of every data set with every algorithm, its parts, and each liquid apart."""

from __future__ import annotations

from decant.foundation.page import Cell, Data, Notes, Row, Section, Table
from decant.reporting.cells import data_title, pair_title, score_cell
from decant.reporting.records import Condition, Pair, Results
from decant.reporting.scores import together, with_error
from decant.scoring.metric import PARTS


def section(results: Results) -> Section:
    """Return the section."""
    found = Section("matrix", "Scores: data set by algorithm")
    if not any(run.score for run in results.runs):
        found.blocks.append("No run has a score yet.")
        return found
    found.blocks.extend(table for table in (_heat_map(results), _parts(results), _liquids(results)) if table.rows)
    return found


def _heat_map(results: Results) -> Table:
    """Return the scores on the liquids that the data are about."""
    algorithms, pairs, notes = list(results.study.algorithms), results.pairs(), Notes()
    rows: list[list[Cell | str]] = []
    for data in results.data_names():
        cells = [
            score_cell(results.runs_of((data, name), results.is_target), notes) if (data, name) in pairs else Cell("")
            for name in algorithms
        ]
        rows.append([Cell(data_title(data), _about(results, data)), *cells])
    return Table(
        ["data set", *algorithms],
        rows,
        "Score from 0 to 1 on the liquids that the data are about, ± its uncertainty over seeds and replicas; the "
        "bluer the better. Hatched: no score, with the reason.",
        Data("matrix", [_row(results, pair) for pair in pairs]),
        notes=notes.texts,
    )


def _about(results: Results, data: str) -> str:
    """Return the kind and the number of frames of a data set."""
    if data not in results.study.data:
        return ""
    frames = results.sets[data].frames
    about = [results.study.data[data].kind, f"{frames} frames" if frames else ""]
    return ", ".join(part for part in about if part)


def _row(results: Results, pair: Pair, condition: Condition | None = None) -> Row:
    """Return the numbers of a cell: of one liquid and temperature, or of all that the data are about."""
    runs = results.runs_of(pair, results.is_target if condition is None else lambda run: run.condition == condition)
    done = together(runs)
    row: Row = {"data": pair[0], "algorithm": pair[1]}
    if condition is not None:
        row |= {"simulation": condition[0], "temperature_K": condition[1]}
    row |= {"score": done["score"] if done else None, "uncertainty": done["uncertainty"] if done else None}
    for name in PARTS:
        part = done["parts"][name] if done else {}
        row |= {name: part.get("value"), f"{name}_uncertainty": part.get("uncertainty")}
    row |= {"scored_runs": done["runs"] if done else 0, "runs": len(runs)}
    row["failure"] = next((run.failure.reason for run in runs if run.failure), "")
    return row


def _parts(results: Results) -> Table:
    """Return the parts of the scores beside their totals."""
    rows: list[list[Cell | str]] = []
    notes = Notes()
    for pair in results.pairs():
        done = together(results.runs_of(pair, results.is_target))
        if done is None:
            continue
        parts = [with_error(done["parts"][name]["value"], done["parts"][name]["uncertainty"]) for name in PARTS]
        lasted = f"{done['lasted']['runs']} of {done['runs']}"
        mark = notes.mark("; ".join(done["notes"]))
        score = f"{with_error(done['score'], done['uncertainty'])} {mark}".rstrip()
        rows.append([pair_title(pair), score, *parts, lasted])
    return Table(
        ["data set · algorithm", "score", *PARTS, "lasted to the end"],
        rows,
        "What the scores are made of: how long a run stayed physical, and how well density and diffusion agree with "
        "the reference, each from 0 to 1. A score counts the parts that all its runs have.",
        notes=notes.texts,
    )


def _liquids(results: Results) -> Table:
    """Return the scores of each liquid and temperature apart."""
    conditions = list(dict.fromkeys(run.condition for run in results.runs))
    rows: list[list[Cell | str]] = []
    notes = Notes()
    for pair in results.pairs():
        runs = results.runs_of(pair)
        cells = [score_cell([run for run in runs if run.condition == condition], notes) for condition in conditions]
        rows.append([pair_title(pair), *cells])
    return Table(
        ["data set · algorithm", *(f"{name}, {temperature:g} K" for name, temperature in conditions)],
        rows,
        "The same for each liquid and temperature apart.",
        Data("liquids", [_row(results, pair, condition) for pair in results.pairs() for condition in conditions]),
        notes=notes.texts,
    )

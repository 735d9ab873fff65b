"""The table of active learning: one row a generation, as CSV with everything and as text with what matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from decant.foundation.tables import format_table, write_rows

STEPS = ("data", "fit", "export", "explore", "sort", "choose", "label")
"""The steps of a generation, in their order; each has a column with its seconds."""


def row(record: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a generation; what it has not come to yet is empty.

    Numbers of the first member, which drives, stand for the committee's errors. Times are in ps and s.
    """
    rejected = record.get("rejected", {})
    seconds = record["seconds"]
    return {
        "generation": record["generation"],
        "train_frames": record.get("train", ""),
        "explored": record.get("explored", ""),
        "accurate": record.get("accurate", ""),
        "candidate": record.get("candidate", ""),
        "failed": record.get("failed", ""),
        "rejected": sum(rejected.values()) if "rejected" in record else "",
        "rejected_by_reason": _counts(rejected),
        "chosen": record.get("chosen", ""),
        "labelled": record.get("labelled", ""),
        "not_labelled_by_reason": _counts(record.get("not_labelled", {})),
        "longest_stable_ps": max(record["stable_ps"]) if record.get("stable_ps") else "",
        "stable_ps_by_state": " ".join(f"{time:g}" for time in record.get("stable_ps", [])),
        "end_by_state": " ".join(record.get("end", [])),
        "test_energy_rmse_meV_per_atom": record.get("test_energy_meV_per_atom", [""])[0],
        "test_force_rmse_meV_per_A": record.get("test_force_meV_per_A", [""])[0],
        **{f"{step}_s": seconds.get(step, "") for step in STEPS},
        "total_s": round(sum(seconds.values()), 1),
        "end": record.get("stopped", ""),
    }


def _counts(counts: Mapping[str, int]) -> str:
    return "; ".join(f"{reason}: {count}" for reason, count in counts.items())


def write_table(path: Path, records: Sequence[dict[str, Any]]) -> None:
    """Write the table as CSV."""
    write_rows(path, [row(record) for record in records])


def as_text(records: Sequence[dict[str, Any]]) -> str:
    """Return the table for people."""
    return format_table(cells(records))


def cells(records: Sequence[dict[str, Any]]) -> list[list[str]]:
    """Return the table for people as text cells, the heading first."""
    shown = {
        "generation": "generation",
        "train_frames": "trained on",
        "explored": "explored",
        "accurate": "accurate",
        "candidate": "candidate",
        "failed": "failed",
        "rejected": "rejected",
        "labelled": "labelled",
        "longest_stable_ps": "stable ps",
        "test_energy_rmse_meV_per_atom": "E meV/atom",
        "test_force_rmse_meV_per_A": "F meV/A",
        "fit_s": "fit s",
        "explore_s": "explore s",
        "label_s": "label s",
        "total_s": "all s",
    }
    rows = [row(record) for record in records]
    return [list(shown.values()), *([_cell(line[name]) for name in shown] for line in rows)]


def _cell(value: Any) -> str:
    if value == "":
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)

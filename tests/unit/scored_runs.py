"""Run directories and scores as the commands leave them, for tests of what is computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.descriptions import described

STEPS = 1000  # of 0.5 fs in the equilibration; the production has four times as many


def diffusion_entry(value: float, uncertainty: float = 0.1, **others: Any) -> dict[str, Any]:
    """The entry of a species in observables.yaml."""
    return {"diffusion_1e-5_cm2_s": value, "uncertainty_1e-5_cm2_s": uncertainty, "molecules": 16, **others}


def write_run(
    folder: Path,
    density: float | None = 1.0,
    error: float | None = 0.002,
    diffusion: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
    bonds: dict[str, Any] | None = None,
    contacts: dict[str, Any] | None = None,
    trace: Sequence[float] = (),
    **conditions: Any,
) -> Path:
    """Write an analysed run: of methanol at 298 K and 1 bar, asked for 0.5 ps of equilibration and 2 ps."""
    folder.mkdir(parents=True)
    conditions = {
        "potential": "potentials/a", "liquid": "MEOH:16", "ensemble": "npt", "temperature_K": 298.0,
        "pressure_bar": 1.0, **conditions,
    }  # fmt: skip
    summary: dict[str, Any] = {"run": folder.name, "status": status or {"state": "completed"}, "conditions": conditions}
    if density is None:
        summary["production"] = {"not_available": "the run was stopped before its first frame"}
    else:
        summary["density"] = {"value": density, "uncertainty": error, "standard_deviation": 0.03}
        summary["diffusion"] = {"MEOH": diffusion_entry(2.39)} if diffusion is None else diffusion
        summary["bonds"] = {"first_broken_ps": None, **(bonds or {})}
        summary["contacts"] = {"first_impossible_ps": None, **(contacts or {})}
    described(**{**conditions, "potential": Path(conditions["potential"])}).write(folder / "run.yaml")
    (folder / "observables.yaml").write_text(yaml.safe_dump(summary))
    if trace:
        write_logs(folder, trace)
    return folder


def write_logs(folder: Path, trace: Sequence[float]) -> None:
    """Write the densities of the whole run, evenly spaced, into logs as LAMMPS writes them."""
    every = 5 * STEPS // (len(trace) - 1)
    rows = [(number * every, value) for number, value in enumerate(trace)]
    for phase, low, high in (("equilibration", 0, STEPS), ("production", STEPS, 5 * STEPS)):
        lines = [f"{step} {value}" for step, value in rows if low <= step <= high]
        (folder / f"{phase}.0.log").write_text("\n".join(["Step Density", *lines, "Loop time of 1\n"]))


def score_of(
    stability: float = 1.0,
    density: float | None = 0.9,
    diffusion: float | None = 0.8,
    seed: int | None = None,
    asked: float = 2.5,
    error: float = 0.01,
) -> dict[str, Any]:
    """What of score.yaml counts for means and comparisons."""
    parts: dict[str, Any] = {
        "stability": {
            "value": stability, "uncertainty": None, "asked_ps": asked,
            "ended_by": "completed" if stability == 1.0 else "guard 'bond'",
        },
        "density": {"value": density, "uncertainty": None if density is None else error},
        "diffusion": {"value": diffusion, "uncertainty": None if diffusion is None else error},
    }  # fmt: skip
    return {"parts": parts} if seed is None else {"parts": parts, "seed": seed}

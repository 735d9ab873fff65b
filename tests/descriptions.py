"""Descriptions of runs, as their ``run.yaml`` has them, for tests that make up run directories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from decant.simulation.description import RunDescription

METHANOL: dict[str, Any] = {
    "potential": Path("potentials/a"), "potential_sha256": "0" * 64, "elements": ("H", "C", "O"), "liquid": "MEOH:16",
    "copies": 1, "species": (("MEOH", 16),), "atoms": 96, "ensemble": "npt", "temperature_K": 298.0,
    "pressure_bar": 1.0, "start_density_g_cm3": 0.7866, "length_ps": 2.0, "timestep_fs": 0.5, "production_steps": 4000,
    "equilibration_steps": 1000, "dump_every": 40, "thermo_every": 20, "restart_every": 400, "seed": 1, "ranks": 1,
    "threads": 1,
}  # fmt: skip


def described(**changes: Any) -> RunDescription:
    """Return the description of a run of methanol at 298 K and 1 bar: 0.5 ps of equilibration, 2 ps; with changes."""
    return RunDescription(**{**METHANOL, **changes})

"""Speed of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from decant.simulation.run import Run


def performance(run: Run) -> dict[str, Any]:
    """Return the speed of a run's production: ``katom_step_per_s``, ``ns_per_day``, and the ranks it ran on."""
    return {**{key: float(value) for key, value in run.performance().items()}, "ranks": run.description.ranks}

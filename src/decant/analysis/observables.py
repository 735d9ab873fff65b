"""The file of a run's observables: its name, its numbers as plain YAML, and how the run ended in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml
from decant.simulation.description import DESCRIPTION
from decant.simulation.run import STATUS, Run

OBSERVABLES = "observables.yaml"


def read_observables(run: Path) -> dict[str, Any]:
    """Read what ``decant analyze`` found in a run directory.

    Raises
    ------
    InputError
        If the run was not analysed, or went on since.
    """
    run = Path(run)
    if not (run / OBSERVABLES).is_file():
        problem = f"no {OBSERVABLES} in it; run: decant analyze {run}" if run.is_dir() else "no such directory"
        raise InputError(f"{run}: {problem}")
    summary = read_yaml(run / OBSERVABLES)
    if went_on(run, summary):
        before, now = (one.get("state") for one in (summary.get("status") or {}, Run.open(run).status))
        words = f"was {before}, now is {now}" if before != now else "is longer now"
        raise InputError(f"{run}: went on since it was analysed ({words}); run: decant analyze {run}")
    return summary


def went_on(run: Path, summary: Mapping[str, Any]) -> bool:
    """Return whether a run went on since these observables of it: it was made longer, or has ended.

    A folder without the files that tell, such as a copy of the results alone, is taken as it is.
    """
    if not all((run / name).is_file() for name in (DESCRIPTION, STATUS)):
        return False
    return plain(Run.open(run).status) != summary.get("status")


def plain(value: Any) -> Any:
    """Return a value as plain Python for YAML: six significant digits, None for what is not finite."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value if value is None else str(value)


def status_line(status: Mapping[str, Any]) -> str:
    """Say in one line how a run ended."""
    state = str(status.get("state", "unknown"))
    if state != "stopped":
        return state
    time, message = status.get("time_ps"), f": {status['message']}" if status.get("message") else ""
    when = f" at {time:g} ps" if isinstance(time, int | float) else ""
    if status.get("phase") == "equilibration":  # times count from its end
        when = f" in equilibration, step {status.get('step', '?')}"
    return f"stopped by guard '{status.get('guard', '?')}'{when}{message}"

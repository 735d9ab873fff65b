"""From a checkpoint to the file that LAMMPS reads: ``dp`` freezes it, and replaces embedding networks by tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from decant.algorithms.training import TrainingFailed, exception_line, training_environment
from decant.foundation.files import write_beside
from decant.foundation.machine import available_cores
from decant.foundation.threads import computing

MODEL = "model.pth"
TABLE_STEP = {"single": "0.04", "double": "0.01"}
"""Step of the tables that replace the embedding networks. In single precision a finer one is no nearer to the networks
(forces of 80 atoms: rms 1.1e-4 eV/A from them at 0.01, 0.3e-4 at 0.04), and the file is three times as large."""


def precision(script: dict[str, Any]) -> str:
    """Return the precision of the networks of a model."""
    words = {script.get(part, {}).get("precision", "default") for part in ("descriptor", "fitting_net")}
    return "single" if "float32" in words else "double"


def freeze(settings: dict[str, Any], directory: Path, checkpoint: str) -> None:
    """Freeze a checkpoint of a directory and compress it into `MODEL`; `settings` are those of its model."""
    step = TABLE_STEP[precision(settings)]
    with write_beside(directory / MODEL) as target:
        run_dp(
            [
                ["freeze", "-c", checkpoint, "-o", "frozen.pth"],
                ["compress", "-i", "frozen.pth", "-o", target.name, "-s", step],
            ],
            directory,
        )


def run_dp(commands: list[list[str]], directory: Path) -> None:
    """Run ``dp --pt`` commands one after the other in a directory, in one process: its start takes longer than they do.

    Raises
    ------
    TrainingFailed
        If one fails; the message ends with its last words.
    """
    program = f"from deepmd.main import main\nfor command in {commands!r}: main(['--pt', *command])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=directory, env=computing(training_environment(), available_cores()),
        capture_output=True, text=True,
        errors="replace",
    )  # fmt: skip
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).splitlines()[-16:]
        names = " and ".join(command[0] for command in commands)
        said = exception_line(lines) or "\n  ".join(["", *lines[-8:]])
        raise TrainingFailed(f"dp {names} failed in {directory}: {said}")

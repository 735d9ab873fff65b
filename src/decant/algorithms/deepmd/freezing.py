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
_TABLED = ("se_e2_a", "se_a", "se_e2_r", "se_r", "se_e3", "se_at")
_ATTENTIVE = ("se_atten", "se_atten_v2", "dpa1")


def precision(script: dict[str, Any]) -> str:
    """Return the precision of the networks of a model."""
    words = {script.get(part, {}).get("precision", "default") for part in ("descriptor", "fitting_net")}
    return "single" if "float32" in words else "double"


def compressible(settings: dict[str, Any]) -> bool:
    """Return whether embedding networks of a model can be replaced by tables: not those with attention or messages."""
    descriptor = settings.get("descriptor", {})
    kind = descriptor.get("type", "")
    return kind in _TABLED or (kind in _ATTENTIVE and descriptor.get("attn_layer") == 0)


def freeze(settings: dict[str, Any], directory: Path, checkpoint: str) -> None:
    """Freeze a checkpoint of a directory into `MODEL`, compressed where that is possible.

    `settings` are those of its model.
    """
    with write_beside(directory / MODEL) as target:
        if compressible(settings):
            step = TABLE_STEP[precision(settings)]
            compress = ["compress", "-i", "frozen.pth", "-o", target.name, "-s", step]
            run_dp([["freeze", "-c", checkpoint, "-o", "frozen.pth"], compress], directory)
        else:
            run_dp([["freeze", "-c", checkpoint, "-o", target.name]], directory)


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

"""What the shell of a job says of the cores that it may keep busy: all jobs together want no more than there are."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping

from decant.foundation.machine import CORES

SNAKEMAKES = (
    "OMP_NUM_THREADS", "GOTO_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)  # fmt: skip
"""Variables that Snakemake sets to the cores of a job."""


def keep_to(cores: int | str) -> str:
    """Return the line of bash that tells the commands after it how many cores they may keep busy."""
    return f"export {CORES}={cores}"


def as_the_user_set(environment: Mapping[str, str] = os.environ) -> str:
    """Return lines of bash that undo what Snakemake sets: to decant it would look as if the user had chosen it."""
    return "\n".join(
        f"export {name}={shlex.quote(environment[name])}" if name in environment else f"unset {name}"
        for name in SNAKEMAKES
    )

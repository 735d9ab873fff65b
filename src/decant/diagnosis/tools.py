"""Programs that decant calls: for packing, for labels, for compiling, for looking at a report, for a cluster.

Each check imports itself what it tries: a package that is broken is one finding, and the other checks go on.
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from decant.diagnosis.base import MISSING, OK, WRONG, Finding, check
from decant.foundation.errors import InputError
from decant.foundation.extras import installation

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "firefox")
COMPILERS = ("g++", "clang++", "c++")
SLURM = ("sbatch", "squeue", "srun")
_HEADERS = f"apt-get install python{sysconfig.get_python_version()}-dev"


@check
def packing() -> Iterator[Finding]:
    """Pack two molecules with packmol."""
    from decant.molecules.liquid import parse_liquid
    from decant.molecules.packing import pack

    try:
        atoms = pack(parse_liquid("O:2"), 0.2, seed=1)
    except (InputError, OSError) as error:
        yield Finding("packmol", MISSING, str(error), "pip install packmol")
        return
    yield Finding("packmol", OK, f"packs ({len(atoms)} atoms)")


@check
def labels_tblite() -> Iterator[Finding]:
    """Label a hydrogen molecule with GFN1-xTB."""
    from ase import Atoms

    from decant.labels.base import LabelError
    from decant.labels.registry import labeler

    if find_spec("tblite") is None:
        yield Finding("labels: tblite", MISSING, "not installed", installation("labels"), needed=False)
        return
    mend = "pip install --force-reinstall --no-deps tblite"
    try:
        energy = labeler("gfn1-xtb").label(Atoms("H2", positions=[[0, 0, 0], [0, 0, 0.74]])).energy
    except (InputError, ImportError, LabelError, OSError) as error:
        yield Finding("labels: tblite", WRONG, str(error), mend)
        return
    yield Finding("labels: tblite", OK, f"{metadata.version('tblite')}, labels (H2 {energy:.2f} eV)")


@check
def labels_cp2k() -> Iterator[Finding]:
    """Ask CP2K for its version."""
    from decant.labels.registry import labeler

    try:
        version = labeler("cp2k:pbe-d3").version
    except InputError as error:
        mend = "apt-get install cp2k, or its command line in DECANT_CP2K"
        yield Finding("labels: cp2k", MISSING, str(error).partition("; ")[0], mend, needed=False)
        return
    yield Finding("labels: cp2k", OK, version, needed=False)


@check
def labels_openff() -> Iterator[Finding]:
    """Look whether the force field's packages are there; they take too long to load for a try."""
    from decant.labels.registry import labeler

    try:
        settings = labeler("openff").settings
    except InputError as error:
        detail, _, mend = str(error).partition(": ")[2].partition("; run: ")
        yield Finding("labels: openff", MISSING, detail, mend, needed=False)
        return
    yield Finding("labels: openff", OK, f"{settings['force_field']}, {settings['charge_model']}", needed=False)


@check
def labels_of_packages() -> Iterator[Finding]:
    """List the methods that other packages add; each must load."""
    for entry in metadata.entry_points(group="decant.labels"):
        try:
            entry.load()
        except Exception as error:
            mend = f"pip install --force-reinstall {entry.dist.name if entry.dist else entry.value}"
            yield Finding(f"labels: {entry.name}", WRONG, f"{entry.value}: {error}", mend, needed=False)
        else:
            yield Finding(f"labels: {entry.name}", OK, entry.value, needed=False)


@check
def compiler() -> Iterator[Finding]:
    """Compile one line of C++17 against Python's headers: needed to install from source, not to run."""
    found = next((path for name in COMPILERS if (path := shutil.which(name))), None)
    if not found:
        yield Finding("compiler", MISSING, f"none of {', '.join(COMPILERS)}", "apt-get install g++ make", needed=False)
        return
    include = sysconfig.get_path("include")
    if not (Path(include) / "Python.h").is_file():
        yield Finding("compiler", MISSING, f"{found}, but no Python.h in {include}", _HEADERS, needed=False)
        return
    words = [found, "-std=c++17", "-fopenmp", f"-I{include}", "-fsyntax-only", "-x", "c++", "-"]
    code = "#include <Python.h>\n#include <omp.h>\nint main() { return omp_get_max_threads() > 0 ? 0 : 1; }\n"
    done = subprocess.run(words, input=code, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        said = " ".join(done.stderr.split())[:200]
        yield Finding("compiler", WRONG, f"{found}: {said}", f"apt-get install g++; {_HEADERS}", needed=False)
        return
    yield Finding("compiler", OK, f"{found}, C++17, OpenMP, Python.h of {include}", needed=False)


@check
def browser() -> Iterator[Finding]:
    """Look for a browser for the pages of reports."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found:
        yield Finding("browser", OK, found, needed=False)
    else:
        detail = "none to look at reports here; they are single files that open on any machine"
        yield Finding("browser", MISSING, detail, "apt-get install chromium", needed=False)


@check
def cluster() -> Iterator[Finding]:
    """Ask Slurm for its version, and whether it answers."""
    lacking = [name for name in SLURM if not shutil.which(name)]
    if lacking:
        detail = f"no {', '.join(lacking)}: jobs run on this machine"
        mend = "log in to a node of the cluster that has Slurm's commands (module load slurm)"
        yield Finding("cluster: slurm", MISSING, detail, mend, needed=False)
        return
    version = subprocess.run(["sbatch", "--version"], capture_output=True, text=True, check=False, timeout=30)
    queue = subprocess.run(["squeue", "--noheader"], capture_output=True, text=True, check=False, timeout=30)
    if queue.returncode:
        said = (queue.stderr.strip().splitlines() or ["it says nothing"])[-1]
        mend = "scontrol ping; systemctl start munge slurmctld slurmd"
        yield Finding("cluster: slurm", WRONG, f"squeue fails: {said}", mend, needed=False)
        return
    jobs = len(queue.stdout.splitlines())
    yield Finding("cluster: slurm", OK, f"{version.stdout.strip()}, {jobs} jobs in the queue", needed=False)

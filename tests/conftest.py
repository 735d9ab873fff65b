"""Fixtures and settings shared by unit and integration tests."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from decant.foundation.threads import computing

REPOSITORY = Path(__file__).resolve().parents[1]
# Files that begin before all others, so that no worker is busy long after the rest have ended: the study on Slurm,
# which mostly waits, and then those that take longest.
FIRST = (
    "test_slurm", "test_engine", "test_faults", "test_fit", "test_simulate", "test_docs", "test_learn",
    "test_pair_mace_commands", "test_deepmd_branches", "test_pretrained", "test_run", "test_check",
    "test_conformance", "test_extending_page", "test_physical", "test_mace_gated", "test_bench", "test_production",
    "test_pair_mace", "test_sbatch", "test_label_interrupted", "test_trust", "test_sampling", "test_label_charges",
    "test_mace_calculator", "test_potential",
)  # fmt: skip

DEAREST = 40
"""How many files are named at the end with the processor time that they used."""
_BEFORE = pytest.StashKey[float]()

# the worker beside this one has a core too; read by torch and OpenMP when they are loaded, and by every child process
os.environ.update(computing(os.environ, threads=1))
# and ranks of MPI that wait for each other sleep: more processes than cores compute here, and ranks that spin have the
# cores that those they wait for need
os.environ.setdefault("MPIR_CVAR_ENABLE_HEAVY_YIELD", "1")
# hundreds of processes import torch, MACE and DeePMD: uncompiled, as uv installs them, that takes thrice as long
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# timings never decide a test
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take long first; pytest-xdist hands whole files to its workers, in this order."""
    place = {name: number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(FIRST)))


def _processor_seconds() -> float:
    """Return what this worker and the processes that it has seen end have used so far."""
    return sum(os.times()[:4])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note what a test begins with."""
    item.stash[_BEFORE] = _processor_seconds()
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Put what a test has used into its last report, which goes to the process that started the workers."""
    if call.when == "teardown":
        item.user_properties.append(("processor_s", _processor_seconds() - item.stash[_BEFORE]))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say which files use most, where many were run."""
    used: dict[str, float] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, seconds in getattr(report, "user_properties", ()):
                if name == "processor_s" and report.when == "teardown":
                    file = report.nodeid.partition("::")[0]
                    used[file] = used.get(file, 0.0) + seconds
    if len(used) > DEAREST:
        dearest = sorted(used.items(), key=lambda one: -one[1])[:DEAREST]
        terminalreporter.section(f"processor time, {sum(used.values()) / 60:.1f} minutes in all; most in these files")
        for file, seconds in dearest:
            terminalreporter.line(f"{seconds:7.0f} s  {file}")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of reference data by others; tests that need it are skipped where it is missing."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("reference data (../shared/data) is not on this machine")
    return folder


@pytest.fixture
def parameter_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder that keeps the parameters of the force field for all workers: the toolkit takes seconds to load."""
    pytest.importorskip("openff.nagl_models", reason="the extra 'forcefield' is not installed")
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "parameters"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def reported_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished study with made-up numbers and its report, made by the first worker that asks for it."""
    from decant.reporting.report import report
    from tests.study_folder import write_study

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "reported" / "study"
    with FileLock(folder.parent.with_suffix(".lock")):
        if not (folder / "report.html").exists():
            shutil.rmtree(folder, ignore_errors=True)
            write_study(folder)
            report(folder)
    return folder

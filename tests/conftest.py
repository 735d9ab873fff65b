"""Fixtures and settings shared by unit and integration tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from decant.foundation.threads import computing

REPOSITORY = Path(__file__).resolve().parents[1]

# the worker beside this one has a core too; read by torch and OpenMP when they are loaded, and by every child process
os.environ.update(computing(os.environ, threads=1))
# timings never decide a test
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of reference data by others; tests that need it are skipped where it is missing."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("reference data (../shared/data) is not on this machine")
    return folder


@pytest.fixture(scope="session")
def reported_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished study with made-up numbers and its report."""
    from decant.report.report import report
    from tests.study_folder import write_study

    folder = write_study(tmp_path_factory.mktemp("reported") / "study")
    report(folder)
    return folder

"""The algorithm of examples/ani, a third family of potentials, is right by what decant asks of every algorithm."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.entry_points import install

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("torchani") is None,
    reason="torchani is not installed; run: pip install --no-deps torchani==2.0 lark-parser",
)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example") / "ani"
    shutil.copytree(REPOSITORY / "examples" / "ani", folder)
    install(folder)
    return folder


def run(folder: Path, *words: object) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(folder)}
    done = subprocess.run([str(word) for word in words], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_passes_what_every_algorithm_must(package: Path):
    said = run(package, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_ani.py")
    assert "passed" in said and "failed" not in said


def test_it_runs_by_the_protocol_of_any_potential(package: Path):
    assert "ani, H C N O" in run(package, "decant", "export", "ani-1ccx", "-o", "ani-1ccx")
    words = ("--liquid", "MeOH:3", "--length", "0.01ps", "-o", "run")
    assert "completed" in run(package, "decant", "simulate", "ani-1ccx", *words)

"""Families of potentials in examples/: each is right by what decant asks of every algorithm."""

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

FAMILIES = {
    "ani": ("torchani", "pip install --no-deps torchani==2.0 lark-parser", "ani-1ccx"),
    "sevennet": ("sevenn", "pip install sevenn==0.13.0, in an environment without mace-torch", "sevennet-0"),
}
"""The package that each needs, how it is installed, and a published model."""


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def package(family: str, tmp_path: Path) -> Path:
    folder = tmp_path / family
    shutil.copytree(REPOSITORY / "examples" / family, folder)
    return folder


def require(family: str) -> None:
    needed, command, _ = FAMILIES[family]
    if importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed; run: {command}")


def run(folder: Path, *words: object) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(folder)}
    done = subprocess.run([str(word) for word in words], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_installation_has_the_published_names(package: Path, family: str):
    pytest.importorskip("setuptools", reason="setuptools is not installed")
    run(package, sys.executable, "-c", "import setuptools; setuptools.setup()", "-q", "build", "--build-lib", "built")
    built, source = (
        {path.name for path in (package / root / family / "published").iterdir()} for root in ("built", ".")
    )
    assert built == source != set()


def test_it_passes_what_every_algorithm_must(package: Path, family: str):
    require(family)
    install(package)
    said = run(package, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"test_{family}.py")
    assert "passed" in said and "failed" not in said


def test_it_runs_by_the_protocol_of_any_potential(package: Path, family: str):
    require(family)
    install(package)
    model = FAMILIES[family][2]
    elements = () if family == "ani" else ("--elements", "H,C,O")
    assert f"{family}, H C" in run(package, "decant", "export", model, *elements, "-o", "exported")
    words = ("--liquid", "MeOH:3", "--length", "0.01ps", "-o", "run")
    assert "completed" in run(package, "decant", "simulate", "exported", *words)

"""The engine in C++ agrees with plain code under the sanitizers, at every level of vector instructions."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from decant.algorithms.mace.export.weights import write_model
from decant.algorithms.mace.random import DENSITY, random_mace
from tests.conftest import REPOSITORY

LEVELS = ("x86-64-v3", "native") if platform.machine() == "x86_64" else ("native",)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the tests in C++, built once for all levels: what has no vectors in it is compiled once, too."""
    if shutil.which("g++") is None:
        pytest.skip("no g++ on this machine")
    folder = tmp_path_factory.mktemp("build")
    options = ["-DDECANT_TESTS=ON", "-DDECANT_SANITIZE=ON", "-DCMAKE_CXX_FLAGS=-Werror"]
    options.append(f"-DDECANT_LEVELS={';'.join(LEVELS)}")
    if shutil.which("ccache"):  # what did not change since the last run is not compiled again
        options.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    for step in (["-S", str(REPOSITORY), "-B", str(folder), *options], ["--build", str(folder), "-j", "2"]):
        done = subprocess.run(["cmake", *step], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.parametrize("level", LEVELS)
def test_engines_agree_with_plain_code_under_sanitizers(build: Path, tmp_path: Path, level: str) -> None:
    models = []
    for number, settings in enumerate(({}, DENSITY)):
        models.append(tmp_path / f"{number}.safetensors")
        write_model(random_mace(**settings), models[-1])
    # sanitizers must be loaded first; plugins of LAMMPS ask for libraries of their own once this process imported it
    alone = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    alone["DECANT_TEST_MODELS"] = ":".join(map(str, models))
    command = ["ctest", "--test-dir", str(build), "--output-on-failure", "--no-tests=error", "-R", f"^mace_{level}$"]
    done = subprocess.run(command, env=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

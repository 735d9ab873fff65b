"""The engines in C++ agree with plain code under sanitizers, at every level of vector instructions and in OpenCL."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from filelock import FileLock

from decant.algorithms.mace.export.weights import write_model
from decant.algorithms.mace.random import DENSITY, random_mace
from tests.conftest import REPOSITORY
from tests.opencl import has_opencl, nvrtc_variables, opencl_variables

LEVELS = ("x86-64-v3", "native") if platform.machine() == "x86_64" else ("native",)


@pytest.fixture(scope="module")
def build() -> Iterator[Path]:
    """Folder with the tests in C++, built once for all levels: what has no vectors in it is compiled once, too."""
    if shutil.which("g++") is None:
        pytest.skip("no g++ on this machine")
    # at one place in every checkout, so that a cache of compilers, if there is one, knows what another has compiled
    folder = REPOSITORY / "build" / "engine_tests"
    folder.mkdir(parents=True, exist_ok=True)
    options = ["-DDECANT_TESTS=ON", "-DDECANT_SANITIZE=ON", "-DCMAKE_CXX_FLAGS=-Werror"]
    options.append(f"-DDECANT_LEVELS={';'.join(LEVELS)}")
    variables = {**os.environ, "CCACHE_BASEDIR": str(REPOSITORY), "CCACHE_NOHASHDIR": "1"}
    if shutil.which("ccache"):
        options.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    with FileLock(folder.with_suffix(".lock")):
        for step in (["-S", str(REPOSITORY), "-B", str(folder), *options], ["--build", str(folder), "-j", "2"]):
            done = subprocess.run(["cmake", *step], env=variables, capture_output=True, text=True, check=False)
            if "The C++ tests need doctest" in done.stderr:
                pytest.skip("doctest is not installed (Debian: doctest-dev)")
            assert done.returncode == 0, done.stdout + done.stderr
        yield folder


def run_tests(build: Path, name: str, variables: Mapping[str, str]) -> None:
    """Run one program of tests in C++."""
    # sanitizers must be loaded first; plugins of LAMMPS ask for libraries of their own once this process imported it
    alone = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    command = ["ctest", "--test-dir", str(build), "--output-on-failure", "--no-tests=error", "-R", f"^mace_{name}$"]
    done = subprocess.run(command, env={**alone, **variables}, capture_output=True, text=True, check=False)
    if "LeakSanitizer has encountered a fatal error" in done.stdout:  # of itself, among threads of drivers that end
        done = subprocess.run(command, env={**alone, **variables}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def opencl(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment variables with which OpenCL is found; empty if it is not installed. What it leaks is not ours."""
    folder = tmp_path_factory.mktemp("opencl")
    if not has_opencl():
        return {}
    (folder / "leaks").write_text("leak:libOpenCL.so\nleak:libintelocl.so\n")
    return {**opencl_variables(folder), "LSAN_OPTIONS": f"suppressions={folder / 'leaks'}:print_suppressions=0"}


@pytest.mark.parametrize("level", LEVELS)
def test_engines_agree_with_plain_code_under_sanitizers(
    build: Path, tmp_path: Path, level: str, opencl: dict[str, str]
) -> None:
    models = []
    for number, settings in enumerate(({}, DENSITY)):
        models.append(tmp_path / f"{number}.safetensors")
        write_model(random_mace(**settings), models[-1])
    # on OpenCL once: it knows no level, and compiles long
    device = opencl if level == LEVELS[0] else {"DECANT_TEST_OPENCL": "no"}
    run_tests(build, level, {**device, "DECANT_TEST_MODELS": ":".join(map(str, models))})


def test_nvidias_compiler_takes_the_kernels_of_every_form_of_model_and_faults_of_devices_are_told(
    build: Path, opencl: dict[str, str]
) -> None:
    variables = nvrtc_variables()
    if not variables and not opencl:
        pytest.skip("neither NVIDIA's run-time compiler, which comes with torch, nor OpenCL is installed")
    run_tests(build, "gpu", {**opencl, **variables})

"""The image and the conda environment bring what the package asks for, on Pythons that it has wheels for."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.conftest import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "scripts"))
import wheels

SCRIPTS = REPOSITORY / "scripts"
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
DEFINITION = (SCRIPTS / "decant.def").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^%(\w+)\n(.*?)(?=^%|\Z)", DEFINITION, flags=re.MULTILINE | re.DOTALL))


def stated(texts: list[str]) -> dict[str, tuple[set[str], str]]:
    """Return extras and versions by the name of a package."""
    parsed = [Requirement(text.replace(" ", "")) for text in texts]
    return {one.name.lower(): (one.extras, str(one.specifier)) for one in parsed}


def test_the_conda_environment_names_what_the_package_asks_for_and_nothing_else() -> None:
    listed = yaml.safe_load((SCRIPTS / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    (by_pip,) = (entry["pip"] for entry in listed if isinstance(entry, dict))
    by_conda = [entry for entry in listed if isinstance(entry, str) and entry != "pip"]
    found = stated([*by_conda, *(entry for entry in by_pip if not entry.startswith("--"))])
    _, pythons = found.pop("python")
    assert found.pop(PROJECT["project"]["name"]) == (set(), "")
    assert found == stated(PROJECT["project"]["dependencies"])
    assert all(SpecifierSet(pythons).contains(f"{version}.0") for version in wheels.VERSIONS)
    assert not SpecifierSet(pythons).contains("3.10.0") and not SpecifierSet(pythons).contains("3.14.0")


def test_the_image_takes_the_wheel_that_is_built_for_its_python() -> None:
    stable = PROJECT["tool"]["scikit-build"]["wheel"]["py-api"]
    assert stable == f"cp{wheels.STABLE.replace('.', '')}"
    assert f"dist/decant_mlip-*-{stable}-abi3-*.whl /opt/wheels/" in SECTIONS["files"]
    assert "From: debian:trixie-slim" in DEFINITION  # whose Python is 3.13


@pytest.mark.parametrize("section", ["post", "environment", "test", "runscript"])
def test_a_section_of_the_image_is_valid_shell(section: str) -> None:
    done = subprocess.run(["sh", "-n"], input=SECTIONS[section], text=True, capture_output=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_containers_build_wheels_of_every_python_that_is_built_here() -> None:
    built = {re.findall(r"cp3(\d+)-", tag)[0] for tag in PROJECT["tool"]["cibuildwheel"]["build"]}
    assert built == {version.partition(".")[2] for version in wheels.VERSIONS}

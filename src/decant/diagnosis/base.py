"""A finding, the registry of checks, and the report of them all."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from decant.foundation.errors import InputError

OK, MISSING, WRONG = "ok", "missing", "wrong"
MODULES = ("packages", "lammps", "tools", "machine")
"""Modules with checks, in the order of the report."""


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes
    ----------
    name
        What was looked at.
    state
        `OK`, `MISSING` or `WRONG`.
    detail
        What is there, or what is not as it should be.
    mend
        The command or step that mends it; empty if all is well.
    needed
        Whether the main job (data, labels, fits, LAMMPS runs of both algorithms) needs it.
    """

    name: str
    state: str
    detail: str
    mend: str = ""
    needed: bool = True

    @property
    def stops_the_main_job(self) -> bool:
        """Whether the main job cannot run before this is mended."""
        return self.needed and self.state != OK


Check = Callable[[], Iterator[Finding]]
_CHECKS: list[Check] = []


def check(function: Check) -> Check:
    """Register a check: a function without arguments that yields findings."""
    _CHECKS.append(function)
    return function


def checks() -> list[Check]:
    """Return every check, in the order of the report."""
    for module in MODULES:
        importlib.import_module(f"decant.diagnosis.{module}")
    return _CHECKS


def runs_potentials(findings: Sequence[Finding]) -> bool:
    """Return whether LAMMPS runs here with pair_style mace, as it does without any extra."""
    fine = {finding.name for finding in findings if finding.state == OK}
    return {"lammps", "pair_style mace", "mpi"} <= fine


def examine() -> Iterator[Finding]:
    """Yield the findings of every check as they come.

    A check that fails itself is a finding too: the machine may be broken in any way, and the other checks go on.
    """
    for function in checks():
        try:
            yield from function()
        except InputError as error:
            yield Finding(_name(function), MISSING, str(error))
        except Exception as error:
            yield Finding(_name(function), WRONG, f"{type(error).__name__}: {' '.join(str(error).split())}")


def _name(function: Check) -> str:
    return function.__name__.replace("_", " ")


def as_text(finding: Finding) -> str:
    """Return a finding as one line for a terminal, and a second one with what mends it."""
    name = finding.name if finding.needed else f"{finding.name} (optional)"
    line = f"{finding.state:<8} {name:<26} {finding.detail}"
    return f"{line}\n{'':<9}{'':<26} mend: {finding.mend}" if finding.mend else line


def as_mapping(findings: list[Finding]) -> dict[str, Any]:
    """Return all findings as plain values; ``main_job`` says whether it can run."""
    return {"main_job": not any(f.stops_the_main_job for f in findings), "findings": [asdict(f) for f in findings]}

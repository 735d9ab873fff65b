"""Score a run: how long it stayed physical, and how its density and diffusion agree with a reference.

``docs/score.md`` gives the formula, the reasons for its constants, and what the score is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from decant.analysis.observables import plain, read_observables, status_line
from decant.foundation.errors import InputError
from decant.foundation.files import write_yaml
from decant.foundation.tables import format_table, number, starred
from decant.scoring.lifetime import COMPLETED, Lifetime, lifetime
from decant.scoring.metric import FACTORS, PARTS, agreement, interval, is_scored, known_parts, total
from decant.scoring.quantity import Quantity, conductivity, density, diffusion, no_diffusion, transference
from decant.scoring.reference import EXPERIMENT, Reference, read_reference
from decant.scoring.replicas import combine, gain
from decant.simulation.run import Run

__all__ = ["SCORE", "as_text", "combine", "gain", "score"]

SCORE = "score.yaml"


def score(path: Path, references: Sequence[str] = (EXPERIMENT,), output: Path | None = None) -> dict[str, Any]:
    """Score an analysed run and write ``score.yaml``.

    Parameters
    ----------
    path
        Run directory at constant pressure, completed or stopped by a guard, with ``observables.yaml``.
    references
        ``experiment``, one YAML file, or one or more analysed run directories (see `decant.scoring.reference`).
    output
        File to write; None for ``score.yaml`` in the run directory.

    Returns
    -------
    dict
        Content of the file: ``run``, ``status``, ``conditions``; ``score`` (None where the density cannot be judged),
        ``uncertainty`` and ``interval`` (None where neither density nor diffusion has an uncertainty); ``over``, the
        parts that count; ``complete``, whether these are all; ``range``, what the score could be with the others;
        ``parts``; ``beside``, what is told of an electrolyte and does not count; ``reference``; ``notes``. A part has
        ``value`` (None, with ``not_available``, where it cannot be known), ``uncertainty`` and what it came from.

    Raises
    ------
    InputError
        If the run is not analysed, has not ended or was not at constant pressure, or a reference does not fit it.
    """
    run, summary = Run.open(path), read_observables(path)
    _require_ended(path, summary)
    conditions = summary["conditions"]
    reference = read_reference(references, path, conditions)
    life = lifetime(run, summary, reference.density.value if reference.density else None)
    parts = {
        "stability": _stability(life),
        "density": _density(summary, reference, life),
        "diffusion": _diffusion(summary, reference, life),
    }
    result = plain(
        {
            "run": summary.get("run"),
            "status": status_line(summary["status"]),
            "conditions": {key: conditions.get(key) for key in ("liquid", "temperature_K", "pressure_bar")},
            **_totals(parts),
            "parts": parts,
            **_beside(summary, reference),
            "reference": {"name": reference.name, "source": reference.source or None, "notes": reference.notes},
            "notes": [f"{name}: {told}" for name, part in parts.items() if (told := _told(part))],
        }
    )
    write_yaml(Path(path) / SCORE if output is None else Path(output), result)
    return dict(result)


def _require_ended(path: Path, summary: Mapping[str, Any]) -> None:
    """Refuse a run that goes on, or whose volume was fixed."""
    state = summary.get("status", {}).get("state")
    if state not in ("completed", "stopped"):
        raise InputError(f"{path}: was analysed while {state}; finish it with 'decant simulate' and analyse it again")
    ensemble = summary.get("conditions", {}).get("ensemble")
    if ensemble != "npt":
        raise InputError(f"{path}: ensemble {ensemble}; a score needs a run at constant pressure (npt)")


def _totals(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    over, whole = known_parts(parts), total(parts) if is_scored(parts) else None
    result = {
        "score": whole.value if whole else None,
        "uncertainty": whole.uncertainty if whole else None,
        "interval": interval(whole) if whole else None,
        "over": over,
        "complete": len(over) == len(PARTS),
    }
    if not result["complete"]:
        result["range"] = [total(_filled(parts, other)).value for other in (0.0, 1.0)]
    return result


def _filled(parts: Mapping[str, Mapping[str, Any]], value: float) -> dict[str, Mapping[str, Any]]:
    """Return the parts with a value in place of those that are not known."""
    return {
        name: {"value": value, "uncertainty": None} if part["value"] is None else part for name, part in parts.items()
    }


def _beside(summary: Mapping[str, Any], reference: Reference) -> dict[str, Any]:
    """Return conductivity and transference number of an electrolyte beside their reference; they do not count."""
    if "conductivity" not in summary:
        return {}
    found = {}
    for what, unit, read in (("conductivity", "_mS_cm", conductivity), ("transference", "", transference)):
        run, known = read(summary), getattr(reference, what)
        entry: dict[str, Any] = {"not_available": run}
        if isinstance(run, Quantity):
            entry = {f"run{unit}": run.value, f"run_uncertainty{unit}": run.uncertainty}
        if known is None:
            entry["no_reference"] = reference.missing.get(what, f"{reference.name} has none")
        else:
            entry |= {f"reference{unit}": known.value, f"reference_uncertainty{unit}": known.uncertainty}
        found[what] = entry
    return {"beside": found}


def _stability(life: Lifetime) -> dict[str, Any]:
    """Return the part of the lifetime; how long another run would last is for replicas to tell."""
    return {"value": life.share, "uncertainty": None, **vars(life)}


def _told(part: Mapping[str, Any]) -> str:
    """Return why a part has no value, or what must be known of it."""
    return str(part["not_available"] if part["value"] is None else part.get("note", ""))


def _density(summary: Mapping[str, Any], reference: Reference, life: Lifetime) -> dict[str, Any]:
    """Return the part of the density; one that is too short or drifts counts, with the note of the analysis."""
    if reference.density is None:
        return _unknown(f"no reference: {reference.missing['density']}")
    part = _compare("density", "g_cm3", density(summary), reference.density, life)
    note = (summary.get("density") or {}).get("note")
    return {**part, "note": note} if note else part


def _diffusion(summary: Mapping[str, Any], reference: Reference, life: Lifetime) -> dict[str, Any]:
    """Return the mean over the species that have a reference; every one must be known."""
    if not reference.diffusion:
        return _unknown(f"no reference: {reference.missing['diffusion']}")
    measured = diffusion(summary, corrected=not reference.periodic)
    species = {
        name: _compare("diffusion", "1e-5_cm2_s", measured.get(name, no_diffusion(summary)), value, life)
        for name, value in reference.diffusion.items()
    }
    unknown = [f"{name}: {one['not_available']}" for name, one in species.items() if one["value"] is None]
    if unknown:
        return {**_unknown("; ".join(unknown)), "species": species}
    errors = [one["uncertainty"] for one in species.values() if one["uncertainty"] is not None]
    return {
        "value": float(np.mean([one["value"] for one in species.values()])),
        "uncertainty": float(np.linalg.norm(errors)) / len(species) if errors else None,
        "species": species,
    }


def _unknown(reason: str) -> dict[str, Any]:
    return {"value": None, "uncertainty": None, "not_available": reason}


def _compare(what: str, unit: str, run: Quantity | str, reference: Quantity, life: Lifetime) -> dict[str, Any]:
    """Return the agreement of a value with its reference; 0 if the run did not last long enough to have one."""
    known = {f"reference_{unit}": reference.value, f"reference_uncertainty_{unit}": reference.uncertainty}
    if isinstance(run, Quantity):
        part = agreement(run, reference, FACTORS[what])
        return {
            "value": part.value,
            "uncertainty": part.uncertainty,
            f"run_{unit}": run.value,
            f"run_uncertainty_{unit}": run.uncertainty,
            **known,
            "run_over_reference": run.value / reference.value,
        }
    if life.share < 1.0:
        return {"value": 0.0, "uncertainty": None, "counts_0": f"the run did not last; {run}", **known}
    return {**_unknown(run), **known}


def as_text(result: Mapping[str, Any]) -> str:
    """Return the short table that `decant score` prints."""
    head = f"{result['run']}: {result['status']}; reference: {result['reference']['name']}"
    return "\n".join([head, format_table(rows(result)), *words(result)])


def rows(result: Mapping[str, Any]) -> list[list[str]]:
    """Return that table as text cells, the heading first."""
    table = [["part", "value", "run", "reference", "unit"]]
    stability, dense, diffusive = (result["parts"][name] for name in PARTS)
    table.append(["stability", number(stability["value"]), number(stability["physical_ps"]),
                 number(stability["asked_ps"]), "ps"])  # fmt: skip
    table.append(_row("density", dense, "g_cm3", 5))
    table.append(_row("diffusion", diffusive, "1e-5_cm2_s", 3))
    table += [_row(f"  {name}", one, "1e-5_cm2_s", 3) for name, one in diffusive.get("species", {}).items()]
    for name, unit in (("conductivity", "mS_cm"), ("transference", "")):
        if one := result.get("beside", {}).get(name):
            table.append(_row(f"({name})", {"value": None, "uncertainty": None, **one}, unit, 3))
    if result["score"] is not None:
        table.append(["score", number(result["score"], result["uncertainty"]), "", "", ""])
    return table


def words(result: Mapping[str, Any]) -> list[str]:
    """Return what must be said besides the table, a line each."""
    lines, stability = [], result["parts"]["stability"]
    if result["score"] is None:
        lines.append(
            f"stability {number(stability['value'])}, not scored: what only holds may be a gas or another liquid"
        )
    elif not result["complete"]:
        low, high = result["range"]
        lines.append(f"note: over {', '.join(result['over'])} only; with all parts it would be {low:.3g} to {high:.3g}")
    if stability["ended_by"] != COMPLETED:
        lines.append(f"note: stability: {stability['ended_by']}")
    told = [*result["notes"], *result["reference"]["notes"], *_notes_beside(result)]
    return [*lines, *(f"note: {note}" for note in told)]


def _notes_beside(result: Mapping[str, Any]) -> list[str]:
    beside = result.get("beside", {})
    return [
        f"{name}: {one[key]}" for name, one in beside.items() for key in ("not_available", "no_reference") if key in one
    ]


def _row(name: str, part: Mapping[str, Any], unit: str, digits: int) -> list[str]:
    end = f"_{unit}" if unit else ""
    return [
        name,
        number(part["value"], part["uncertainty"]),
        starred(part.get(f"run{end}"), part.get(f"run_uncertainty{end}"), part.get("note"), digits),
        number(part.get(f"reference{end}"), part.get(f"reference_uncertainty{end}"), digits),
        {"g_cm3": "g/cm3", "1e-5_cm2_s": "1e-5 cm2/s", "mS_cm": "mS/cm", "": ""}[unit],
    ]

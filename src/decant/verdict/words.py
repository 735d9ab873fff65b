"""A verdict as people read it: a sentence, a table with the home liquid beside, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decant.foundation.tables import format_table
from decant.verdict.verdict import COLLIDED, LIMITS, PARTS, VERDICTS, Grade, Measured, Verdict, grade_of, word

SUBJECTS = {"molecule": "the molecule alone", "pairs": "pairs of molecules", "liquid": "the liquid"}
ROWS = (
    ("molecule", "molecule", "force on a molecule alone, error/reference", "{:.1%}"),
    ("molecule", "energy_meV_per_atom", "  its energy less the offset, meV/atom", "{:.2f}"),
    ("molecule", "offset_meV_per_atom", "  offset of its energy, meV/atom", "{:+.1f}"),
    ("pairs", "pair", "force and torque between two, error/reference", "{:.1%}"),
    ("liquid", "translation", "force that moves molecules, error/reference", "{:.1%}"),
    ("liquid", "rotation", "force that turns them, error/reference", "{:.1%}"),
    ("liquid", "pressure_kbar", "error of the pressure between them, kbar", "{:+.2f}"),
    ("liquid", "deviation_eV_per_A", "deviation of the committee, eV/A", "{:.3f}"),
    ("liquid", "lasted_ps", "NPT went well for, ps", "{:.3g}"),
    ("liquid", "density_start_g_cm3", "  density at its start, g/cm3", "{:.3f}"),
    ("liquid", "density_end_g_cm3", "  and at its end", "{:.3f}"),
)
"""Part, quantity, text and format of each row of the table."""
REMEDIES = {
    "molecule": "molecules alone (recipe monomer)",
    "pairs": "pairs and clusters (dimer, cluster)",
    "liquid": "boxes of the liquid (liquid, volume-scan)",
}


def sentence(verdict: Verdict, liquid: Measured, home: Measured, told: Mapping[str, Any]) -> str:
    """Return the verdict in a sentence or two.

    Parameters
    ----------
    verdict
        The verdict.
    liquid, home
        What it rests on.
    told
        ``liquid``, ``home``, ``new_molecules`` and ``new_groups`` of ``verdict.yaml``.
    """
    bad = [part for part in PARTS if verdict.parts[part] not in (None, Grade.SOUND)]
    good = [SUBJECTS[part] for part in PARTS if verdict.parts[part] is Grade.SOUND]
    said = [f"{SUBJECTS[part]} {_is(part)} {word(verdict.parts[part])} ({_reason(part, liquid, home)})" for part in bad]
    if good:
        many = len(good) > 1 or good[0] == SUBJECTS["pairs"]
        said.append(f"{' and '.join(filter(None, [', '.join(good[:-1]), good[-1]]))} {'are' if many else 'is'} sound")
    said += [f"{SUBJECTS[part]} could not be judged" for part in PARTS if verdict.parts[part] is None]
    if verdict.parts["liquid"] is not None and liquid.pressure_kbar is None:
        said.append("its pressure could not be judged, for lack of virials")
    words = f"{_pure(told['liquid'])}: {VERDICTS[verdict.grade]}: {'; '.join(said)}."
    if told["new_groups"]:
        words += f" It has what no molecule of the training data has: {', '.join(told['new_groups'])}."
    elif told["new_molecules"]:
        words += f" {', '.join(told['new_molecules'])} is new to the potential, its functional groups are not."
    if verdict.home is not Grade.SOUND:
        words += f" {_pure(told['home'])}, its own liquid, is {word(verdict.home)} by the same limits: a poor measure."
    return words


def _is(part: str) -> str:
    return "are" if part == "pairs" else "is"


def _pure(liquid: str) -> str:
    """Return a liquid by its name alone where it has one kind of molecule."""
    name, _, share = liquid.rpartition(":")
    return liquid if "," in liquid else name if share == "1" else liquid


def _reason(part: str, liquid: Measured, home: Measured) -> str:
    """Return why a part is not sound: what is worst of it, with the number of the home liquid."""
    if part == "liquid" and liquid.stopped:
        at_home = f"; at home {home.lasted_ps:.3g} ps without one" if not home.stopped else "; so was it at home"
        if liquid.stopped == COLLIDED:
            at_home = at_home.replace("without one", "without")
            return f"two molecules are where none can be after {liquid.lasted_ps:.3g} ps of NPT{at_home}"
        return f"NPT was stopped after {liquid.lasted_ps:.3g} ps by guard '{liquid.stopped.partition(':')[0]}'{at_home}"
    graded = {name: grade_of(name, liquid, home) for name in LIMITS[part]}
    rows = {name: (text.strip(), form) for _, name, text, form in ROWS}
    worst = max((grade for grade in graded.values() if grade is not None), default=Grade.SOUND)
    names = [name for name, grade in graded.items() if grade is worst and worst > Grade.SOUND]
    told = []
    for name in names or ["deviation_eV_per_A"]:
        text, form = rows[name]
        told.append(
            f"{text.partition(',')[0]} {_cell(getattr(liquid, name), form)}{_unit(text)}, at home "
            f"{_cell(getattr(home, name), form)}"
        )
    return "; ".join(told)


def _unit(text: str) -> str:
    unit = text.partition(", ")[2]
    return " off" if unit.startswith("error") else f" {unit}"


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def table(result: Mapping[str, Any]) -> str:
    """Return the text of a ``verdict.yaml``: the table, the sentence, and what to do."""
    return "\n".join([format_table(rows(result)), "", *words(result)])


def words(result: Mapping[str, Any]) -> list[str]:
    """Return the sentence of a ``verdict.yaml``, and what to do."""
    lines = [result["sentence"]]
    bad = [part for part in PARTS if result["parts"][part] in (word(Grade.DOUBTFUL), word(Grade.WRONG))]
    if bad:
        lines.append(f"To mend it, add to the training data: {'; '.join(REMEDIES[part] for part in bad)}.")
    return [*lines, *(f"Its maker says it is not for: {what}" for what in result["not_for"])]


def rows(result: Mapping[str, Any]) -> list[list[str]]:
    """Return the table of a ``verdict.yaml`` as text cells, the heading first."""
    liquid, home = (Measured(**result["measured"][name]) for name in ("liquid", "home"))
    cells = [["", _pure(result["liquid"]), f"home: {_pure(result['home'])}", "times home", ""]]
    for part, name, text, form in ROWS:
        value, at_home = getattr(liquid, name), getattr(home, name)
        if value is None and at_home is None:
            continue
        judged = name in LIMITS[part]
        times = f"{abs(value / at_home):.1f}" if judged and value is not None and at_home else ""
        grade = word(grade_of(name, liquid, home)) if judged else ""
        if name == "lasted_ps":
            grade = word(Grade.WRONG if liquid.stopped else Grade.SOUND)
        cells.append([text, _cell(value, form), _cell(at_home, form), times, grade])
    return cells

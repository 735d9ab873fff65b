"""The verdict on a liquid: its errors beside those of the potential's own liquid, part by part, and what they say.

Every number is one of how wrong something is, so that larger is worse. It is held against what the potential reaches
for the liquid that it was trained on, and against limits of its own; docs/trust.md gives the reasons of each constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

AS_AT_HOME, FAR_FROM_HOME = 1.5, 3.0
"""Up to so many times the error of the home liquid a quantity is sound; beyond so many it is wrong."""


class Grade(IntEnum):
    """How a part of the description of a liquid stands; the larger the worse."""

    SOUND = 0
    DOUBTFUL = 1
    WRONG = 2


def word(grade: Grade | None) -> str:
    """Return a grade as a word; None is what was not judged."""
    return "not judged" if grade is None else grade.name.lower()


VERDICTS = {
    Grade.SOUND: "trust it",
    Grade.DOUBTFUL: "trust it with care",
    Grade.WRONG: "do not trust it",
}


@dataclass(frozen=True)
class Limits:
    """What an error of a quantity means whatever the home liquid.

    Attributes
    ----------
    good
        Nothing is gained below: a home liquid that is better counts as this good.
    hopeless
        From here on it is wrong, be it as good as at home.
    """

    good: float
    hopeless: float


LIMITS = {
    "molecule": {"molecule": Limits(0.05, 0.30)},
    "pairs": {"pair": Limits(0.20, 0.75)},
    "liquid": {
        "translation": Limits(0.20, 0.75),
        "rotation": Limits(0.20, 0.75),
        "pressure_kbar": Limits(0.7, 3.0),
    },
}
"""Quantities by the part that they belong to."""
PARTS = tuple(LIMITS)


COLLIDED = "collided"
"""What ended a run in which molecules came where none can be, and that no guard stopped."""


@dataclass(frozen=True)
class Measured:
    """How wrong a potential is for one liquid; None for what could not be measured.

    Attributes
    ----------
    molecule
        Force error on molecules alone, over the reference forces (root mean squares of both).
    pair
        The same of the forces that move and turn whole molecules, in pairs.
    translation, rotation
        The same of the forces that move and that turn whole molecules, in boxes of the liquid.
    pressure_kbar
        Median error of what forces between molecules add to the pressure of these boxes, kbar, with its sign.
    asked_ps, lasted_ps
        Length of the dynamics, equilibration included, and how long it went well, ps.
    stopped
        The guard that ended it, or `COLLIDED`; empty if it went through.
    density_start_g_cm3, density_end_g_cm3
        At the start and over the last fifth of the dynamics, g/cm3.
    offset_meV_per_atom, energy_meV_per_atom
        Constant by which the energy of molecules alone is off, and the root mean square of what is left without it.
    deviation_eV_per_A
        Largest force deviation of a committee in a frame of the dynamics, on average, eV/angstrom.
    """

    molecule: float | None = None
    pair: float | None = None
    translation: float | None = None
    rotation: float | None = None
    pressure_kbar: float | None = None
    asked_ps: float = 0.0
    lasted_ps: float = 0.0
    stopped: str = ""
    density_start_g_cm3: float | None = None
    density_end_g_cm3: float | None = None
    offset_meV_per_atom: float | None = None
    energy_meV_per_atom: float | None = None
    deviation_eV_per_A: float | None = None


@dataclass(frozen=True)
class Verdict:
    """What is said of a liquid.

    Attributes
    ----------
    grade
        The worst of all parts; doubtful at best where the home liquid is not sound itself, or a part was not judged.
    parts
        Grade of each of `PARTS`; None for one of which nothing could be measured.
    home
        The worst grade of the home liquid by the limits alone: a home that is not sound is a poor measure.
    """

    grade: Grade
    parts: Mapping[str, Grade | None]
    home: Grade


def judge(liquid: Measured, home: Measured) -> Verdict:
    """Return the verdict on a liquid beside the home liquid of the same potential."""
    parts = {part: grade_of_part(part, liquid, home) for part in PARTS}
    own = max((grade_of_part(part, home, home) or Grade.SOUND) for part in PARTS)
    # as good as at home is then not good, and what nobody looked at is not sound
    least = Grade.SOUND if own is Grade.SOUND and None not in parts.values() else Grade.DOUBTFUL
    return Verdict(max([least, *(grade for grade in parts.values() if grade is not None)]), parts, own)


def grade_of_part(part: str, liquid: Measured, home: Measured) -> Grade | None:
    """Return the grade of one part: the worst of its quantities, and for the liquid that of the dynamics as well.

    None if none of its quantities could be measured and no guard stopped it: a committee alone judges nothing.
    """
    found = [grade for name in LIMITS[part] if (grade := grade_of(name, liquid, home)) is not None]
    if part == "liquid" and liquid.stopped:
        found.append(Grade.WRONG)
    if part == "liquid" and found:
        found.append(_grade_of_deviation(liquid, home))
    return max(found, default=None)


def grade_of(name: str, liquid: Measured, home: Measured) -> Grade | None:
    """Return the grade of one quantity; None where it could not be measured."""
    value, limits = getattr(liquid, name), next(part[name] for part in LIMITS.values() if name in part)
    if value is None:
        return None
    if not abs(value) < limits.hopeless:  # NaN is hopeless, too
        return Grade.WRONG
    return _compared(abs(value) / max(limits.good, abs(getattr(home, name) or 0.0)))


def _grade_of_deviation(liquid: Measured, home: Measured) -> Grade:
    """Return the grade of a committee: it doubts, and proves nothing."""
    value, at_home = liquid.deviation_eV_per_A, home.deviation_eV_per_A
    if value is None or at_home is None:
        return Grade.SOUND
    return Grade.SOUND if value <= AS_AT_HOME * at_home else Grade.DOUBTFUL


def _compared(times: float) -> Grade:
    if times <= AS_AT_HOME:
        return Grade.SOUND
    return Grade.DOUBTFUL if times <= FAR_FROM_HOME else Grade.WRONG

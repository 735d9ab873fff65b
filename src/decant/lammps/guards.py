"""What stops a run that has gone wrong, and how LAMMPS says that it did.

The guards themselves are ``fix halt`` commands in lammps_inputs/setup.lammps, so a run by hand has them too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from decant.molecules.contacts import IMPOSSIBLE

HALT = re.compile(r"Fix halt condition for fix-id guard_(\w+) met on step (\d+) with value (\S+)")
ERROR = re.compile(r"ERROR(?: on proc \d+)?: (.*)")

# errors with which LAMMPS itself gives up on an unstable system, by the guard that they amount to
ABORTS = (
    ("nan", r"[Nn]on-numeric|\bNaN\b|\bnan\b"),
    ("bond", r"Bond atoms?\b.*missing|Bond extent"),
    ("overlap", r"atoms \d+ and \d+ are \S+ angstrom apart|Neighbor list overflow"),  # the first of pair_style mace
    ("lost_atoms", r"Lost atoms|Out of range atoms|Cannot zero Langevin force of 0 atoms|atoms? .*missing"),
    ("density", r"too large for neighbor bins|box (?:has become|is) too small|lattice vectors.*distorted"),
)
SLACK = 0.85
"""How much nearer than at the start two molecules may come where the start has them as near as no liquid has."""
CROWDED = IMPOSSIBLE / SLACK
"""Nearest contact of a start, as a share, from which on it matters to the limit."""
MEANING = {
    "nan": "temperature or coordinates are not numbers",
    "temperature": "temperature above its limit, K",
    "density": "density outside its limits, g/cm3",
    "bond": "a bond stretched beyond its limit, angstrom",
    "contact": "molecules nearer than any are, in shares of the distance at which they touch: the potential has a hole",
    "overlap": "two atoms fell onto each other",
    "lost_atoms": "atoms left the box",
}


@dataclass(frozen=True)
class Limits:
    """Limits of the guards.

    Attributes
    ----------
    max_temperature_K
        Highest temperature.
    min_density_g_cm3, max_density_g_cm3
        Lowest and highest density.
    max_bond_A
        Longest bond, angstrom.
    min_contact
        Nearest that atoms of two molecules come, in shares of the distance at which their elements touch
        (`decant.molecules.contacts.contact_lengths`); 0 in runs made before there was this guard.
    """

    max_temperature_K: float
    min_density_g_cm3: float
    max_density_g_cm3: float
    max_bond_A: float
    min_contact: float = 0.0

    @classmethod
    def around(cls, temperature: float, density: float, longest_bond: float, closest_contact: float) -> Limits:
        """Return limits that no stable liquid comes near.

        Parameters
        ----------
        temperature
            Temperature of the thermostat, K. Three times it, or 700 K more, is more than a packed start releases.
        density
            Density at the start, g/cm3; a third of it is a gas, and no liquid here compresses to twice of it.
        longest_bond
            Longest bond at the start, angstrom; half as long again, none of the bonds holds.
        closest_contact
            Nearest contact of two molecules at the start, as a share, infinite if none is below `CROWDED`; a packed
            start may be near what no liquid has.
        """
        return cls(
            max_temperature_K=round(max(3.0 * temperature, temperature + 700.0), 1),
            min_density_g_cm3=round(density / 3.0, 4),
            max_density_g_cm3=round(density * 2.0, 4),
            max_bond_A=round(1.5 * longest_bond, 3) if longest_bond > 0 else 1.0e3,
            min_contact=round(min(IMPOSSIBLE, SLACK * closest_contact), 3),
        )

    def passed(self, row: Mapping[str, float]) -> Stop | None:
        """Return the guard that a thermodynamic row would have made fire, or None; `row` by house key."""
        step = int(row.get("step", 0))
        values = [row[name] for name in ("temperature_K", "density_g_cm3", "longest_bond_A") if name in row]
        if not all(math.isfinite(value) for value in values):
            return Stop("nan", step, None, MEANING["nan"])
        for guard, name, low, high in (
            ("temperature", "temperature_K", 0.0, self.max_temperature_K),
            ("density", "density_g_cm3", self.min_density_g_cm3, self.max_density_g_cm3),
            ("bond", "longest_bond_A", 0.0, self.max_bond_A),
        ):
            if name in row and not low <= row[name] <= high:
                return Stop(guard, step, row[name], MEANING[guard])
        return None

    def variables(self) -> dict[str, str]:
        """Return the variables of lammps_inputs/setup.lammps that set these limits."""
        return {
            "max_temperature": f"{self.max_temperature_K:g}",
            "min_density": f"{self.min_density_g_cm3:g}",
            "max_density": f"{self.max_density_g_cm3:g}",
            "max_bond": f"{self.max_bond_A:g}",
            "min_contact": f"{self.min_contact:g}",
        }


@dataclass(frozen=True)
class Stop:
    """A guard that fired.

    Attributes
    ----------
    guard
        Which: nan, temperature, density, bond, contact, overlap or lost_atoms.
    step
        Time step at which, counted from the start of the equilibration; the last one known if LAMMPS gave up itself.
    value
        The value that passed the limit; None if there is none.
    message
        What LAMMPS said, without the place in its source.
    """

    guard: str
    step: int
    value: float | None
    message: str


def read_halt(line: str) -> Stop | None:
    """Return the guard that a line of LAMMPS output reports, or None."""
    match = HALT.search(line)
    if not match:
        return None
    guard = match[1].removesuffix("_low").removesuffix("_high")
    return Stop(guard, int(match[2]), None if guard == "nan" else float(match[3]), MEANING[guard])


def read_error(line: str) -> str | None:
    """Return the message of a line that reports a LAMMPS error, without the place in its source, or None."""
    match = ERROR.search(line)
    return re.sub(r"\s*\([^()]*\.(?:cpp|h):\d+\).*", "", match[1]).strip() if match else None


def read_abort(error: str, last_step: int) -> Stop | None:
    """Return the guard that an error of LAMMPS amounts to, or None if the error is of another kind."""
    for guard, pattern in ABORTS:
        if re.search(pattern, error):
            return Stop(guard, last_step, None, f"{MEANING[guard]}; LAMMPS: {error}")
    return None

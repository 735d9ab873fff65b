"""The liquids that a study runs its potentials on, and what each is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from decant.foundation.errors import InputError, nearest
from decant.foundation.settings import count, key, length_ps, number, positive, read_mapping, text
from decant.molecules.composition import with_counts
from decant.molecules.liquid import liquid_text
from decant.study.readers import names, reference, several

CHANGES = ("none", "shape", "chemistry")
"""What makes a liquid new to a potential: nothing, the shape of its molecules, or their functional group."""
EXPERIMENT = "experiment"
"""The reference that the tables of solvents and mixtures have."""


@dataclass(frozen=True)
class Simulation:
    """A liquid that potentials are run on.

    Attributes
    ----------
    liquid, copies, temperature, pressure, length, equilibration, density, timestep
        As for ``decant simulate``: K, bar, ps, g/cm3, fs; each temperature is a cell of its own. The liquid is by
        counts; in the file also a ratio, with `molecules`, `by`, `salt` and its `molality` or `molarity`.
    replicas
        Runs that differ in their seed.
    change
        What makes it new to the potentials: none, shape or chemistry; None leaves it to their functional groups, see
        `decant.study.novelty.changes`.
    data, algorithms
        Names of those whose potentials run it; None for all.
    reference
        What the score compares with: ``experiment`` (the tables of solvents and mixtures), a mapping with
        density_g_cm3, diffusion_1e-5_cm2_s (by species), source, or ``DATA/ALGORITHM`` of this study, whose runs of
        the same liquid are the reference level.
    """

    liquid: str = key(liquid_text)
    temperature: tuple[float, ...] = key(several(positive))
    length: float = key(length_ps)
    copies: int = key(count(1), 1)
    pressure: float = key(number, 1.0)
    equilibration: float | None = key(length_ps, None)
    density: float | None = key(positive, None)
    timestep: float = key(positive, 0.5)
    replicas: int = key(count(1), 1)
    change: str | None = key(text, None)
    data: tuple[str, ...] | None = key(names, None)
    algorithms: tuple[str, ...] | None = key(names, None)
    reference: str | dict[str, Any] = key(reference, EXPERIMENT)

    def __post_init__(self) -> None:
        if self.change not in (None, *CHANGES):
            raise InputError(
                f"change: expected {', '.join(CHANGES)}, not '{self.change}'{nearest(str(self.change), CHANGES)}"
            )


def read_simulation(settings: Any, name: str) -> Simulation:
    """Return a simulation from its settings in a study file."""
    return read_mapping(Simulation, with_counts(settings, name), name)

"""Whether molecules of a short run came where none can be, though no guard stopped it."""

from __future__ import annotations

import numpy as np

from decant.molecules.contacts import IMPOSSIBLE, closest_contact
from decant.simulation.run import Run, configuration

MOST_FRAMES = 200


def first_collision_ps(run: Run) -> float | None:
    """Return when molecules are first nearer than any are in a liquid, ps of production; None if they never are."""
    if not run.trajectory_segments():
        return None
    universe = run.universe()
    count = len(universe.trajectory)
    for number in np.unique(np.linspace(0, count - 1, min(count, MOST_FRAMES)).round().astype(int)):
        step = universe.trajectory[int(number)]
        if closest_contact(configuration(universe), IMPOSSIBLE) < IMPOSSIBLE:
            return float(step.time)
    return None

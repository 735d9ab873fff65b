"""Recipe `active`: frames about whose forces a committee of potentials disagrees, from LAMMPS molecular dynamics."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ase import Atoms

from decant.foundation.errors import InputError, warn
from decant.foundation.settings import read_mapping
from decant.learning.candidates import find_candidates
from decant.learning.explore import explore
from decant.learning.settings import Plausible, deviations
from decant.learning.settings import states as read_states
from decant.potentials.committee import write_committee
from decant.selection.descriptors import require_descriptors
from decant.selection.select import farthest


class ActiveRecipe:
    """Frames that a potential would learn from: one step of active learning, without the labels and the next fit.

    Good for what nobody thought of: the frames that a potential meets in its own dynamics and is unsure of. `decant
    learn` takes the same steps, one generation after the other.
    """

    name = "active"

    def build(
        self,
        count: int,
        seed: int,
        committee: str | list[str],
        states: list[dict[str, Any]],
        deviation: Sequence[float],
        plausible: Mapping[str, float] | None = None,
        descriptor: str = "soap",
        ranks: int = 1,
    ) -> list[Atoms]:
        """Return at most `count` frames; fewer where the dynamics has fewer, as standard error then says.

        Parameters
        ----------
        count, seed
            How many, and the random seed.
        committee
            Directories of exported potentials of one algorithm, as a list or as text (``"potentials/a,potentials/b"``);
            the first one drives.
        states
            What to run: each with liquid, temperature (K), length (``2ps``) and, if wished, pressure (bar, without
            it the volume is constant), copies, density (g/cm3) and timestep (fs). See `decant.learning.settings.State`.
        deviation
            Lower and upper threshold of the largest force deviation in a frame, eV/angstrom.
        plausible
            longest_bond, shortest_contact, energy: see `decant.learning.settings.Plausible`.
        descriptor
            What measures diversity: see `decant.selection.descriptors.descriptors`.
        ranks
            MPI ranks of the dynamics.
        """
        members = committee.split(",") if isinstance(committee, str) else committee
        try:
            chosen_states, thresholds = read_states(states), deviations(list(deviation))
            limits = read_mapping(Plausible, dict(plausible or {}), "plausible")
            require_descriptors(descriptor)
        except InputError as error:
            raise InputError(f"recipe active: {error}") from error
        with tempfile.TemporaryDirectory(prefix="decant-") as name:
            folder = Path(name)
            potential = write_committee([Path(member.strip()) for member in members], folder / "committee")
            runs = [
                (state, explore(potential.path, state, folder / f"{number}", seed + number, ranks))
                for number, state in enumerate(chosen_states, start=1)
            ]
            found = find_candidates(runs, thresholds, limits, "run")
        if len(found.frames) < count:
            warn(
                f"recipe active: {len(found.frames)} frames of {found.explored} explored lie between "
                f"the thresholds and are plausible ({found.summary()}); {count} were asked for"
            )
        order = farthest(found.frames, min(count, len(found.frames)), kind=descriptor)
        return [found.frames[index] for index in order]

"""The LAMMPS commands of the guard on molecules that come where none can be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers

from decant.foundation.files import write_beside
from decant.molecules.contacts import contact_lengths

CONTACTS = "contacts.lammps"
"""Name of the file in a run directory; setup.lammps includes it where LAMMPS has our `compute contact/molecule`."""


def write_contacts(folder: Path, elements: Sequence[str]) -> None:
    """Write the guard's commands into a run directory.

    Parameters
    ----------
    folder
        The directory.
    elements
        Element of each LAMMPS type.
    """
    numbers = np.array([atomic_numbers[element] for element in elements])
    pairs = np.array(list(combinations_with_replacement(numbers, 2)))
    lengths = " ".join(f"{length:.3f}" for length in contact_lengths(*pairs.T))
    lines = [
        "# Stops a run in which atoms of two molecules come nearer than any are in a liquid; included by setup.lammps.",
        f"# Distances at which atoms of each two types touch, angstrom; types are {' '.join(elements)}",
        f"compute closest_contact all contact/molecule {lengths}",
        "variable contact_now equal c_closest_contact",
        "fix guard_contact all halt ${guard_every} v_contact_now < ${min_contact} error soft message yes",
    ]
    with write_beside(folder / CONTACTS) as temporary:
        temporary.write_text("\n".join([*lines, ""]), encoding="utf-8")

"""A few configurations of a liquid: molecules alone, pairs in contact, small boxes; built, labelled and evaluated."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from decant.configurations.build import build
from decant.data.decomposition import PREDICTED, labelled_parts
from decant.data.frames import read_frames, write_frames
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml
from decant.foundation.units import LAMMPS_BAR_PER_EV_A3
from decant.labels.base import Labeler
from decant.labels.label import label_frames
from decant.molecules.liquid import composition_name, mixture
from decant.molecules.molecule import Molecule
from decant.potentials.evaluate import evaluate
from decant.simulation.protocol import mixture_density

BOX_ATOMS = 48
"""About how many atoms a labelled box has: labels of a periodic box cost the most by far."""
TOLERANCE = [2.0, 2.3]
"""Least distances of atoms of different molecules in boxes, angstrom: closer ones make pressures of tens of kbar, which
no liquid has and whose errors say nothing of it."""
DENSITIES = 0.05
"""How far the density of the boxes goes to both sides, as a share of it."""
LARGEST = 8
"""How many times larger than asked for a box may be to hold a molecule of every kind."""
CONTACT = [0.7, 0.85]
"""Contacts of pairs, in sums of van der Waals radii: as in a liquid. In looser ones next to no force is at work."""
RECIPES = {"molecule": "monomer", "pair": "cluster", "box": "liquid"}
"""What is sampled, and the recipe that makes it."""

Composition = list[tuple[Molecule, int]]


def with_counts(text: str) -> str:
    """Return a liquid by mole ratio: a name without a number counts once."""
    parts = []
    for part in str(text).split(","):
        _, separator, share = part.rpartition(":")  # a SMILES may hold ':', and then ends otherwise
        parts.append(part.strip() if separator and is_number(share) else f"{part.strip()}:1")
    return ",".join(parts)


def is_number(text: str) -> bool:
    """Return whether a text is one number, as `decant.molecules.liquid.mixture` takes it for a share."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def composition(liquid: str, atoms: int) -> Composition:
    """Return the molecules of a box of about so many atoms, two or more, with one of every kind at least.

    Raises
    ------
    InputError
        If the liquid is none, or so dilute that the box would be several times as large.
    """
    ratio = mixture(liquid, molecules=10**9)  # its syntax and its solvents; the counts are shares
    shares = [count / 10**9 for _, count in ratio]
    mean = sum(share * len(kind.symbols) for (kind, _), share in zip(ratio, shares, strict=True))
    wanted, rarest = max(2, round(atoms / mean)), math.ceil(1 / min(shares) - 1e-6)
    if rarest > LARGEST * wanted:
        raise InputError(
            f"`liquid` {liquid}: a box with one molecule of each kind has {rarest}; give a less dilute one"
        )
    return mixture(liquid, molecules=max(wanted, rarest))


def recipes(liquid: str, configurations: int, temperature: float) -> list[dict[str, Any]]:
    """Return the recipes of the configurations of a liquid, as `decant.configurations.build.build` takes them.

    Parameters
    ----------
    liquid
        By mole ratio.
    configurations
        Molecules alone, and boxes; of pairs, which are cheap and differ most, there are twice as many.
    temperature
        K, of the thermal disorder.
    """
    box = composition(liquid, BOX_ATOMS)
    names = [kind.name for kind, _ in box]
    density = mixture_density(box)
    shared = {"temperature": temperature, "conformers": 2}
    alone = [
        {"recipe": "monomer", "count": -(-configurations // len(names)), "parameters": {"molecule": name, **shared}}
        for name in names
    ]
    spread = [round(density * (1 + side * DENSITIES), 4) for side in (-1, 1)]
    return [
        *alone,
        {
            "recipe": "cluster",
            "count": 2 * configurations,
            "parameters": {"molecules": names, "size": 2, "contact": CONTACT, **shared},
        },
        {
            "recipe": "liquid",
            "count": configurations,
            "parameters": {"liquid": composition_name(box), "density": spread, "tolerance": TOLERANCE, **shared},
        },
    ]


def sample(entries: list[dict[str, Any]], method: Labeler, folder: Path, seed: int, jobs: int) -> None:
    """Build and label configurations and write those of each of `RECIPES` as ``NAME.extxyz``; what is there stays.

    Raises
    ------
    InputError
        If the method has no label to give for one of them.
    """
    files = {name: folder / f"{name}.extxyz" for name in RECIPES}
    if all(file.is_file() for file in files.values()):
        return
    configurations = folder / "configurations.extxyz"
    if not configurations.is_file():
        for _ in build(entries, configurations, seed):
            pass
    frames = read_frames(configurations, labelled=False)
    labelled = label_frames(frames, method, folder / "labels.journal", jobs, molecules=True)
    for name, recipe in RECIPES.items():
        chosen = [frame for frame in labelled.frames if frame.info["recipe"] == recipe]
        if not chosen:
            reason = labelled.failures[0][1] if labelled.failures else "there was none"
            raise InputError(f"{configurations}: {method.name} labelled no frame of recipe '{recipe}': {reason}")
        write_frames(files[name], chosen)


def evaluated(potential: Path, folder: Path) -> dict[str, dict[str, Any]]:
    """Return the errors of a potential on the samples of a folder by their names, kept there as ``NAME.yaml``."""
    errors = {}
    for name in RECIPES:
        file = folder / f"{name}.yaml"
        if not file.is_file():
            predicted = folder / f"{name}-predicted.extxyz"
            evaluate(potential, folder / f"{name}.extxyz", output=file, predictions=predicted)
        errors[name] = read_yaml(file)
    return errors


def pressure_error_kbar(predicted: Path) -> float | None:
    """Return the median error of what forces between molecules add to the pressure; None without virials.

    The part within molecules is left out: a molecule of the wrong shape relaxes in no time, and what it then has does
    not show in configurations of the right shape.

    Parameters
    ----------
    predicted
        Boxes with labels and predictions, each with its intramolecular part.

    Returns
    -------
    float or None
        kbar.
    """
    errors = []
    for frame in read_frames(predicted):
        (_, reference), (_, answer) = labelled_parts(frame), labelled_parts(frame, PREDICTED)
        if reference.virial is None or answer.virial is None:
            return None
        virial = np.reshape(answer.virial, (3, 3)) - np.reshape(reference.virial, (3, 3))
        errors.append(np.trace(virial) / 3 / frame.cell.volume)
    return float(np.median(errors)) * LAMMPS_BAR_PER_EV_A3 / 1000.0

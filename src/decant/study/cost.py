"""What the jobs of a study will take, in seconds, from its own limits and from speeds measured on one machine.

The constants are defaults for planning: GFN-xTB, one core of a 2-core machine; the speed of molecular dynamics stands
in the presets of each algorithm. A slower or busier machine takes longer in proportion. What cannot be told beforehand
is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from decant.algorithms.presets import load_preset, preset_speed
from decant.foundation.units import parse_length
from decant.molecules.liquid import parse_liquid
from decant.study.algorithm_choice import AlgorithmChoice
from decant.study.frames import Frames, frame_sizes

Limits = tuple[float | None, int | None]
"""Of a training: seconds and epochs."""
PERIODIC = {"gfn2-xtb": (80, 5.0), "gfn1-xtb": (80, 2.5), "openff": (1000, 0.2)}
"""Label of a box and of its molecules alone on one core: atoms, seconds; it grows with the square of the atoms."""
ALONE = {"gfn2-xtb": (40, 0.06), "gfn1-xtb": (40, 0.04), "openff": (1000, 0.2)}
"""Label of a cluster without a cell on one core: atoms, seconds; quadratic too, and at least `LEAST`."""
LEAST = 0.05
FORCE_FIELD_SPEED = 150.0
"""Of dynamics with the force field, katom-step/s on one core."""
TRAINING = 3.5
"""What an atom costs in an epoch of training, in steps of dynamics: 2.8 to 3.5 were measured with the presets."""
PACKED = 0.2
"""Packing one box or cluster of thermally disordered molecules."""
START = {
    "build": 5.0, "label": 5.0, "learn": 10.0, "select": 3.0, "split": 3.0, "fit": 50.0, "export": 27.0,
    "evaluate": 12.0, "simulate": 6.0, "analyze": 11.0, "score": 3.0,
}  # fmt: skip
"""What a job of each kind takes beside its work: mostly loading libraries and models."""


def build_seconds(entries: Sequence[dict[str, Any]]) -> float | None:
    """Return the seconds of making configurations; conformers of each molecule take seconds more."""
    total = START["build"]
    for frames in frame_sizes(entries):
        total += PACKED * frames.count
        driver, length = frames.parameters.get("driver"), frames.parameters.get("length", "1ps")
        if driver is None:
            continue
        step = preset_speed("mace", "small") if str(driver).startswith("potential:") else None
        step = FORCE_FIELD_SPEED if driver == "openff" else step
        seconds = frames.atoms / 1e3 / step if step else one_label_seconds(str(driver), frames, alone=False)
        if seconds is None:
            return None
        runs = -(-frames.count // max(int(frames.parameters.get("snapshots", 1)), 1))
        total += runs * parse_length(str(length)) / 5e-4 * seconds
    return total


def label_seconds(
    entries: Sequence[dict[str, Any]], method: str, cores: int, molecules: bool = False
) -> float | None:  # fmt: skip
    """Return the seconds of labelling the frames of recipes, each molecule alone as well if wished."""
    total = 0.0
    for frames in frame_sizes(entries):
        one = one_label_seconds(method, frames, alone=molecules)
        if one is None:
            return None
        total += frames.count * one
    return START["label"] + total / cores


def one_label_seconds(method: str, frames: Frames, alone: bool) -> float | None:
    """Return the seconds of one label, and of those of its molecules alone."""
    if method not in PERIODIC or not frames.atoms:
        return None
    atoms, seconds = (PERIODIC if frames.periodic else ALONE)[method]
    whole = max(LEAST, seconds * (frames.atoms / atoms) ** 2)
    return whole + (LEAST * len(frames.molecules) if alone else 0.0)


def fit_seconds(choice: AlgorithmChoice, atoms: float | None, cores: int) -> float | None:
    """Return the seconds of a fit to frames of so many atoms together; None where nothing tells."""
    overrides, limits = list(choice.set), (choice.max_time, choice.max_epochs)
    return training_seconds(choice.algorithm, choice.used_preset, overrides, limits, atoms, cores)


def training_seconds(
    algorithm: str, preset: str, overrides: list[str], limits: Limits, atoms: float | None, cores: int
) -> float | None:  # fmt: skip
    """Return the seconds of a training by its limits, time and epochs; those of the preset where neither is given."""
    max_time, max_epochs = limits
    if max_time is None and max_epochs is None:
        known = load_preset(algorithm, preset, overrides, None)
        max_time, max_epochs = known.max_time, known.max_epochs
    speed, by_epochs = preset_speed(algorithm, preset), None
    if max_epochs and atoms and speed:
        by_epochs = max_epochs * TRAINING * atoms / 1e3 / (speed * cores)
    ends = [seconds for seconds in (max_time, by_epochs) if seconds is not None]
    return START["fit"] + min(ends) if ends else None


def dynamics_seconds(algorithm: str, preset: str, atoms: float, steps: float, ranks: int) -> float | None:
    """Return the seconds of molecular dynamics with a potential of a preset."""
    speed = preset_speed(algorithm, preset)
    return None if speed is None else atoms * steps / 1e3 / (speed * ranks)


def atoms_of_molecules(liquid: str) -> tuple[float, ...]:
    """Return the number of atoms of each molecule of a liquid such as ``EC:4,EMC:8``."""
    return tuple(float(len(kind.symbols)) for kind, count in parse_liquid(liquid) for _ in range(count))

"""The settings of active learning: typed, checked, each with its unit; `read_settings` reads them from learn.yaml."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from decant.algorithms.presets import load_preset, located_preset
from decant.configurations.sampling import require_known
from decant.foundation.errors import InputError
from decant.foundation.files import located, read_yaml, require_file
from decant.foundation.settings import (
    count,
    files,
    key,
    length_ps,
    mapping,
    nested,
    number,
    options,
    positive,
    read_mapping,
    seconds,
    share,
    text,
)  # fmt: skip
from decant.labels.registry import WITH_PATH, labeler
from decant.molecules.composition import with_counts
from decant.molecules.contacts import IMPOSSIBLE
from decant.molecules.liquid import liquid_text, parse_liquid
from decant.potentials.potential import require_precision
from decant.selection.descriptors import MACE, require_descriptors


def deviations(value: Any) -> tuple[float, float]:
    """Return the two thresholds of the force deviation."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise InputError(f"expected [lower, upper] in eV/A, not {value!r}")
    lower, upper = positive(value[0]), positive(value[1])
    if lower >= upper:
        raise InputError(f"expected the lower threshold below the upper one, not {value!r}")
    return lower, upper


@dataclass(frozen=True)
class State:
    """A state that is explored by molecular dynamics.

    Attributes
    ----------
    liquid
        Composition, for example ``EC:2,EMC:4``; in the file also a ratio, with `molecules`, `by`, `salt` and its
        `molality` or `molarity`.
    temperature
        K.
    length
        Length of the run, ps; in the file with its unit, as in ``2ps``.
    pressure
        bar; None keeps the volume constant.
    copies
        How many times the composition goes into the box.
    density
        Density of the packed start, g/cm3; None for that of the pure solvents, mixed without change of volume.
    timestep
        fs.
    """

    liquid: str = key(liquid_text)
    temperature: float = key(positive)
    length: float = key(length_ps)
    pressure: float | None = key(number, None)
    copies: int = key(count(1), 1)
    density: float | None = key(positive, None)
    timestep: float = key(positive, 0.5)

    def __str__(self) -> str:
        pressure = "constant volume" if self.pressure is None else f"{self.pressure:g} bar"
        return f"{self.liquid} x{self.copies}, {self.temperature:g} K, {pressure}"


@dataclass(frozen=True)
class Plausible:
    """What a candidate must be like to be worth a label.

    Attributes
    ----------
    longest_bond
        Largest length of a bond, in sums of covalent radii. A hot C-H passes 1.2.
    shortest_contact
        Least distance between atoms of different molecules, in shares of `decant.molecules.contacts.contact_lengths`.
    energy
        Largest change of the driver's potential energy from the start of the run, eV per atom. A harmonic liquid takes
        up 3/2 kT, 0.08 eV per atom at 600 K.
    """

    longest_bond: float = key(positive, 1.35)
    shortest_contact: float = key(positive, IMPOSSIBLE)
    energy: float = key(positive, 0.3)


@dataclass(frozen=True)
class Stop:
    """When active learning ends: all goals that are given are reached, or one budget is used up.

    Attributes
    ----------
    accurate
        Goal: share of the explored frames below the lower deviation.
    stable
        Goal: time that the run of every state lasts before a guard stops it, ps; in the file with its unit.
    generations
        Budget: committees that are trained. The last one collects no frames, since none would learn from them.
    frames
        Budget: labelled frames of all generations.
    time
        Budget: seconds of all steps; in the file with its unit, as in ``2h``. A step that runs is never cut off.
    """

    accurate: float | None = key(share, None)
    stable: float | None = key(length_ps, None)
    generations: int = key(count(1), 5)
    frames: int | None = key(count(1), None)
    time: float | None = key(seconds, None)


PLAUSIBLE, STOP = Plausible(), Stop()


def states(value: Any) -> tuple[State, ...]:
    """Return the states of a list of mappings; a list as any of their values gives each of them."""
    if not isinstance(value, list) or not value:
        raise InputError("expected a list of states, each with liquid, temperature and length")
    found = []
    for position, entry in enumerate(value, start=1):
        several = (
            {name: item for name, item in entry.items() if isinstance(item, list)} if isinstance(entry, dict) else {}
        )
        for choice in itertools.product(*several.values()):
            one = {**entry, **dict(zip(several, choice, strict=True))} if several else entry
            where = f"state {position}"
            found.append(read_mapping(State, with_counts(one, where), where))
    return tuple(found)


@dataclass(frozen=True)
class LearnSettings:
    """Everything that ``learn.yaml`` says.

    Attributes
    ----------
    algorithm
        mace, deepmd, or one that an installed package adds.
    initial
        Files of labelled frames to start from.
    states
        States to explore.
    deviation
        Lower and upper threshold of the largest deviation of a force in a frame, eV/angstrom: below, the frame is
        accurate; from the upper on, it failed; between, it is a candidate.
    method
        Reference method, as ``decant label --method`` takes it.
    method_settings
        Settings of the method; None for its defaults.
    committee
        Number of members, which differ in their seed.
    preset, set, max_time, max_epochs
        As for ``decant fit``, for each member; ``set`` is a mapping; ``max_time`` is in seconds, in the file with unit.
    precision
        As for ``decant export``; None for the default.
    plausible
        Filters of the candidates.
    select
        Candidates that are labelled in each generation, chosen for diversity.
    descriptor
        What measures diversity: see `decant.selection.descriptors`.
    stop
        When to end.
    seed
        Seed of everything.
    ranks, threads
        MPI ranks and OpenMP threads of the molecular dynamics.
    jobs
        Processes that label; 0 for every core.
    """

    algorithm: str = key(text)
    initial: tuple[str, ...] = key(files)
    states: tuple[State, ...] = key(states)
    deviation: tuple[float, float] = key(deviations)
    method: str = key(text, "gfn2-xtb")
    method_settings: dict[str, Any] | None = key(mapping, None)
    committee: int = key(count(2), 3)
    preset: str = key(text, "small")
    set: tuple[str, ...] = key(options, ())
    max_time: float | None = key(seconds, None)
    max_epochs: int | None = key(count(1), None)
    precision: str | None = key(text, None)
    plausible: Plausible = key(nested(Plausible), PLAUSIBLE)
    select: int = key(count(1), 50)
    descriptor: str = key(text, "soap")
    stop: Stop = key(nested(Stop), STOP)
    seed: int = key(count(0), 1)
    ranks: int = key(count(1), 1)
    threads: int = key(count(1), 1)
    jobs: int = key(count(0), 0)

    def __post_init__(self) -> None:
        shortest = min(state.length for state in self.states)
        if self.stop.stable is not None and self.stop.stable > shortest:
            raise InputError(f"stop: stable: {self.stop.stable:g} ps is longer than the {shortest:g} ps of a state")


def read_settings(path: Path) -> LearnSettings:
    """Read learn.yaml; relative paths in it count from the folder of the file and come back absolute.

    Raises
    ------
    InputError
        If a key or a value is wrong, or an algorithm, method, preset, descriptor or initial file does not exist.
    """
    given, base = read_mapping(LearnSettings, read_yaml(path), str(path)), Path(path).resolve().parent
    settings = replace(
        given,
        initial=tuple(str(require_file(base / name, "labelled frames, for 'initial'")) for name in given.initial),
        method=located(given.method, base, WITH_PATH),
        preset=located_preset(given.preset, base),
        descriptor=located(given.descriptor, base, (MACE,)),
    )
    try:
        check_names(settings)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return settings


def check_names(settings: LearnSettings) -> None:
    """Raise `InputError` if there is no such algorithm, preset, precision, method, setting of these, or descriptor.

    Or if a fit would have no end, or the method does not know a molecule of a state.

    Later than before the first fit such a mistake could not be mended: the settings of what was begun stay.
    """
    from decant.algorithms.registry import algorithm

    method = algorithm(settings.algorithm)
    preset = load_preset(settings.algorithm, settings.preset, list(settings.set), method.known_settings())
    preset.require_limit(settings.max_time, settings.max_epochs)
    if not method.committees:
        raise InputError(f"`algorithm` {settings.algorithm}: its pair style takes one model, not a committee")
    require_precision(settings.precision)
    labeler(settings.method, settings.method_settings)
    require_known(settings.method, [kind for state in settings.states for kind, _ in parse_liquid(state.liquid)])
    require_descriptors(settings.descriptor)

"""The settings of active learning: typed, checked, each with its unit; `read_settings` reads them from learn.yaml."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from decant.errors import InputError, nearest
from decant.files import read_yaml

Kind = TypeVar("Kind")


def positive(value: Any) -> float:
    """Return a positive finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < np.inf:
        raise InputError(f"expected a positive number, not {value!r}")
    return float(value)


def number(value: Any) -> float:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise InputError(f"expected a number, not {value!r}")
    return float(value)


def share(value: Any) -> float:
    """Return a number above 0 and up to 1."""
    if positive(value) > 1:
        raise InputError(f"expected a share from 0 to 1, not {value!r}")
    return float(value)


def count(least: int) -> Callable[[Any], int]:
    """Return a reader of whole numbers from `least` on."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InputError(f"expected a whole number from {least} on, not {value!r}")
        return value

    return read


def length_ps(value: Any) -> float:
    """Return ps from a text such as ``2ps``."""
    from decant.protocol import parse_length

    return parse_length(str(value))


def seconds(value: Any) -> float:
    """Return seconds from a text such as ``30min``."""
    from decant.algorithms.presets import duration

    return duration(str(value))


def text(value: Any) -> str:
    """Return a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise InputError(f"expected a text, not {value!r}")
    return value


def composition(value: Any) -> str:
    """Return a composition such as ``EC:2,EMC:4`` after a check of its molecules."""
    from decant.molecules import parse_liquid

    parse_liquid(text(value))
    return str(value)


def deviations(value: Any) -> tuple[float, float]:
    """Return the two thresholds of the force deviation."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise InputError(f"expected [lower, upper] in eV/A, not {value!r}")
    lower, upper = positive(value[0]), positive(value[1])
    if lower >= upper:
        raise InputError(f"expected the lower threshold below the upper one, not {value!r}")
    return lower, upper


def options(value: Any) -> tuple[str, ...]:
    """Return ``key=value`` settings from a mapping, as ``decant fit --set`` takes them."""
    if not isinstance(value, dict):
        raise InputError(f"expected a mapping of settings to values, not {value!r}")
    return tuple(f"{key}={item}" for key, item in value.items())


def files(value: Any) -> tuple[str, ...]:
    """Return paths from one or a list."""
    paths = [value] if isinstance(value, str) else value
    if not isinstance(paths, list) or not paths or not all(isinstance(path, str) for path in paths):
        raise InputError(f"expected a file or a list of files, not {value!r}")
    return tuple(paths)


def key(read: Callable[[Any], Any], default: Any = MISSING) -> Any:
    """Return a field of settings that is read by `read`; without a default it must be given."""
    return field(default=default, metadata={"read": read})


@dataclass(frozen=True)
class State:
    """A state that is explored by molecular dynamics.

    Attributes
    ----------
    liquid
        Composition, for example ``EC:2,EMC:4``.
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

    liquid: str = key(composition)
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
        Least distance between atoms of different molecules, in sums of van der Waals radii.
    energy
        Largest change of the driver's potential energy from the start of the run, eV per atom. A harmonic liquid takes
        up 3/2 kT, 0.08 eV per atom at 600 K.
    """

    longest_bond: float = key(positive, 1.35)
    shortest_contact: float = key(positive, 0.5)
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
    """Return the states of a list of mappings; a list as liquid, temperature, pressure or copies gives each of them."""
    if not isinstance(value, list) or not value:
        raise InputError("expected a list of states, each with liquid, temperature and length")
    found = []
    for position, entry in enumerate(value, start=1):
        several = {name: item for name, item in entry.items() if isinstance(item, list)} if _is_mapping(entry) else {}
        for choice in itertools.product(*several.values()):
            one = {**entry, **dict(zip(several, choice, strict=True))} if several else entry
            found.append(read_mapping(State, one, f"state {position}"))
    return tuple(found)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict)


def nested(kind: type[Kind]) -> Callable[[Any], Kind]:
    """Return a reader of a mapping into `kind`."""
    return lambda value: read_mapping(kind, value, "")


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
        What measures diversity: see `decant.descriptors`.
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
    committee: int = key(count(2), 3)
    preset: str = key(text, "small")
    set: tuple[str, ...] = key(options, ())
    max_time: float | None = key(seconds, None)
    max_epochs: int | None = key(count(1), None)
    precision: str | None = key(text, None)
    plausible: Plausible = key(nested(Plausible), PLAUSIBLE)  # noqa: RUF009  (frozen)
    select: int = key(count(1), 50)
    descriptor: str = key(text, "soap")
    stop: Stop = key(nested(Stop), STOP)  # noqa: RUF009  (frozen)
    seed: int = key(count(0), 1)
    ranks: int = key(count(1), 1)
    threads: int = key(count(1), 1)
    jobs: int = key(count(0), 0)

    def __post_init__(self) -> None:
        shortest = min(state.length for state in self.states)
        if self.stop.stable is not None and self.stop.stable > shortest:
            raise InputError(f"stop: stable: {self.stop.stable:g} ps is longer than the {shortest:g} ps of a state")


def read_mapping(kind: type[Kind], values: Any, where: str) -> Kind:
    """Return the settings of a mapping.

    Parameters
    ----------
    kind
        A dataclass whose fields were made by `key`.
    values
        The mapping.
    where
        File or section, for messages.

    Raises
    ------
    InputError
        If a key is unknown (the nearest one is suggested), missing, or its value is not what it should be.
    """
    start = f"{where}: " if where else ""
    known = {entry.name: entry for entry in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(values, dict):
        raise InputError(f"{start}expected a mapping with the keys {', '.join(known)}")
    for name in values:
        if name not in known:
            raise InputError(f"{start}unknown key '{name}'{nearest(str(name), known)}; expected {', '.join(known)}")
    for name, entry in known.items():
        if entry.default is MISSING and name not in values:
            raise InputError(f"{start}the key '{name}' is missing")
    read = {}
    for name, value in values.items():
        try:
            read[name] = known[name].metadata["read"](value)
        except InputError as error:
            raise InputError(f"{start}{name}: {error}") from error
    try:
        return kind(**read)
    except InputError as error:
        raise InputError(f"{start}{error}") from error


def read_settings(path: Path) -> LearnSettings:
    """Read learn.yaml; relative paths in it count from the folder of the file.

    Raises
    ------
    InputError
        If a key or a value is wrong, or an algorithm, method, preset or initial file does not exist.
    """
    from decant.algorithms.base import algorithm
    from decant.algorithms.presets import load_preset
    from decant.files import require_file
    from decant.labels.base import labeler

    values = read_yaml(path)
    settings = read_mapping(LearnSettings, values, str(path))
    base = Path(path).parent
    found = [str(require_file(base / name, "labelled frames, for 'initial'")) for name in settings.initial]
    try:
        method = algorithm(settings.algorithm)
        load_preset(settings.algorithm, settings.preset, list(settings.set), method.known_settings())
        labeler(settings.method)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return read_mapping(LearnSettings, {**values, "initial": found}, str(path))

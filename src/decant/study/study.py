"""A study: data sets x algorithms x seeds x liquids x temperatures x replicas, as one YAML file says it.

Everything a study makes lies in its folder under the names that the cells here give; whoever reads a study's folder
finds files through them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from decant.foundation.errors import InputError, nearest
from decant.foundation.files import read_yaml
from decant.foundation.settings import (
    Kind,
    count,
    key,
    length_ps,
    number,
    options,
    positive,
    read_mapping,
    seconds,
    text,
)  # fmt: skip
from decant.molecules.liquid import liquid_text
from decant.study.cells import TEST, ZERO, FitCell, RunCell, data_folder, fit_cell, test_frames
from decant.study.resources import Resources, chosen, table

__all__ = [
    "CHANGES", "EXPERIMENT", "STRATEGIES", "TEST", "ZERO", "AlgorithmChoice", "DataSet", "FitCell", "RunCell",
    "Simulation", "Study", "data_folder", "fit_cell", "read_study", "study_values", "test_frames",
]  # fmt: skip

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
CHANGES = ("none", "shape", "chemistry")
"""What makes a liquid new to a potential: nothing, the shape of its molecules, or their functional group."""
STRATEGIES = ("zero-shot", "naive", "replay")
"""What is done with a pretrained model."""
EXPERIMENT = "experiment"
"""The reference that the table of solvents has."""


def names(value: Any) -> tuple[str, ...]:
    """Return names from one or a list."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not found or not all(isinstance(item, str) for item in found):
        raise InputError(f"expected a name or a list of names, not {value!r}")
    return tuple(found)


def several(read: Callable[[Any], Kind]) -> Callable[[Any], tuple[Kind, ...]]:
    """Return a reader of one value or a list of them."""

    def read_all(value: Any) -> tuple[Kind, ...]:
        found = tuple(read(item) for item in (value if isinstance(value, list) else [value]))
        if not found or len(set(found)) < len(found):
            raise InputError(f"expected different values, not {value!r}")
        return found

    return read_all


def named(kind: type[Kind]) -> Callable[[Any], dict[str, Kind]]:
    """Return a reader of a mapping of names, which become folders, to mappings into `kind`."""

    def read(value: Any) -> dict[str, Kind]:
        if not isinstance(value, dict) or not value:
            raise InputError("expected a mapping of names to settings")
        for name in value:
            if not isinstance(name, str) or not NAME.fullmatch(name):
                raise InputError(f"'{name}' is no name; letters, digits and _ . + - make one")
        return {name: read_mapping(kind, settings, name) for name, settings in value.items()}

    return read


def entries(value: Any) -> tuple[dict[str, Any], ...]:
    """Return the entries of a recipe file."""
    if not isinstance(value, list) or not value or not all(isinstance(entry, dict) for entry in value):
        raise InputError("expected a list of recipes, as decant build takes them")
    return tuple(value)


def mapping(value: Any) -> dict[str, Any]:
    """Return a mapping as it is."""
    if not isinstance(value, dict):
        raise InputError(f"expected a mapping, not {value!r}")
    return value


def reference(value: Any) -> str | dict[str, Any]:
    """Return the text or the mapping of a reference."""
    if not isinstance(value, str | dict) or not value:
        raise InputError(f"expected experiment, DATA/ALGORITHM or a mapping with density_g_cm3, not {value!r}")
    return value


def truth(value: Any) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise InputError(f"expected true or false, not {value!r}")
    return value


@dataclass(frozen=True)
class DataSet:
    """A data set: exactly one of the first five says where its frames come from.

    Attributes
    ----------
    recipes
        Entries of a recipe file; the frames are labelled by the study's method.
    labelled
        A labelled file in decant's form; its path counts from the folder of the study file.
    join
        Names of data sets whose frames are put together.
    part_of
        Name of the data set of which `frames` frames are taken; smaller parts lie inside larger ones.
    learn
        Settings of active learning as in learn.yaml, without ``initial`` and ``method``; the frames of `start` and
        those that it collected.
    frames
        Number of frames of a part.
    start
        Name of the data set that active learning starts from.
    kind
        What the set is to the report: for example "simple", "human-designed", "automatic", "learning curve".
    against
        Name of the fitted data set that the report holds it against; None for the one that it extends.
    fit
        Whether potentials are fitted to it; False for one that is only part of others.
    """

    recipes: tuple[dict[str, Any], ...] | None = key(entries, None)
    labelled: str | None = key(text, None)
    join: tuple[str, ...] | None = key(names, None)
    part_of: str | None = key(text, None)
    learn: dict[str, Any] | None = key(mapping, None)
    frames: int | None = key(count(1), None)
    start: str | None = key(text, None)
    kind: str = key(text, "")
    against: str | None = key(text, None)
    fit: bool = key(truth, True)

    def __post_init__(self) -> None:
        sources = ("recipes", "labelled", "join", "part_of", "learn")
        given = [name for name in sources if getattr(self, name) is not None]
        if len(given) != 1:
            raise InputError(f"expected exactly one of {', '.join(sources)}, not {' and '.join(given) or 'none'}")
        for source, other in (("part_of", "frames"), ("learn", "start")):
            if (getattr(self, source) is None) != (getattr(self, other) is None):
                raise InputError(f"'{source}' and '{other}' belong together")

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the data sets that it is made of."""
        return self.join or tuple(name for name in (self.part_of, self.start) if name)


@dataclass(frozen=True)
class AlgorithmChoice:
    """A way to get a potential from a data set.

    Attributes
    ----------
    algorithm
        mace, deepmd, or one that an installed package adds.
    preset, set, max_time, max_epochs
        As for ``decant fit``; a preset may be a YAML file, whose path counts from the folder of the study file.
    precision, elements
        As for ``decant export``; `elements` where a published model knows many.
    pretrained
        A published model by name, a model file or directory of ``decant fit`` (its path counts from the folder of the
        study file), or ``DATA/ALGORITHM/SEED`` of this study; None trains from scratch.
    strategy
        zero-shot (as it is: no data set, one seed), naive or replay.
    replay
        What a replay replays: a data set of this study, or a labelled file.
    data
        Data sets that it is fitted to; None for all.
    """

    algorithm: str = key(text)
    preset: str | None = key(text, None)
    set: tuple[str, ...] = key(options, ())
    max_time: float | None = key(seconds, None)
    max_epochs: int | None = key(count(1), None)
    precision: str | None = key(text, None)
    elements: str | None = key(text, None)
    pretrained: str | None = key(text, None)
    strategy: str | None = key(text, None)
    replay: str | None = key(text, None)
    data: tuple[str, ...] | None = key(names, None)

    def __post_init__(self) -> None:
        if (self.pretrained is None) != (self.strategy is None):
            raise InputError("'pretrained' and 'strategy' belong together")
        if self.strategy not in (None, *STRATEGIES):
            hint = nearest(str(self.strategy), STRATEGIES)
            raise InputError(f"strategy: expected {', '.join(STRATEGIES)}, not '{self.strategy}'{hint}")
        if (self.strategy == "replay") != (self.replay is not None):
            raise InputError("'strategy: replay' and 'replay', the frames to replay, belong together")
        if self.strategy == "zero-shot":
            for name in ("data", "preset", "set", "max_time", "max_epochs"):
                if getattr(self, name):
                    raise InputError(f"'{name}' has no meaning for a model as it is (strategy: zero-shot)")

    @property
    def used_preset(self) -> str:
        """The preset, or the one that ``decant fit`` takes by itself."""
        return self.preset or ("finetune" if self.pretrained else "small")


@dataclass(frozen=True)
class Simulation:
    """A liquid that potentials are run on.

    Attributes
    ----------
    liquid, copies, temperature, pressure, length, equilibration, density, timestep
        As for ``decant simulate``: K, bar, ps, g/cm3, fs; each temperature is a cell of its own.
    replicas
        Runs that differ in their seed.
    change
        What makes it new to the potentials: none, shape or chemistry.
    data, algorithms
        Names of those whose potentials run it; None for all.
    reference
        What the score compares with: ``experiment`` (the table of solvents, a neat solvent only), a mapping with
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
    change: str = key(text, "none")
    data: tuple[str, ...] | None = key(names, None)
    algorithms: tuple[str, ...] | None = key(names, None)
    reference: str | dict[str, Any] = key(reference, EXPERIMENT)

    def __post_init__(self) -> None:
        if self.change not in CHANGES:
            raise InputError(
                f"change: expected {', '.join(CHANGES)}, not '{self.change}'{nearest(self.change, CHANGES)}"
            )


@dataclass(frozen=True)
class Study:
    """Everything that a study file says.

    Attributes
    ----------
    title
        One line for the report.
    method
        Reference method of the labels, as ``decant label --method`` takes it.
    data, algorithms, simulations
        What is varied, by name.
    test
        Recipes of the frames that no fit sees; the errors of every fit are measured on them.
    seeds
        Seeds of the fits.
    seed
        Seed of the data sets and of the first replica.
    ranks
        MPI ranks of each simulation.
    cores
        Cores of each fit and each labelling.
    resources
        What each kind of jobs asks of the machine, by ``KIND`` or ``KIND/ALGORITHM``, where that is not the default of
        `decant.study.resources`; its cores and ranks come before `cores` and `ranks`.
    """

    title: str = key(text)
    data: dict[str, DataSet] = key(named(DataSet))
    test: tuple[dict[str, Any], ...] = key(entries)
    algorithms: dict[str, AlgorithmChoice] = key(named(AlgorithmChoice))
    simulations: dict[str, Simulation] = key(named(Simulation))
    method: str = key(text, "gfn2-xtb")
    seeds: tuple[int, ...] = key(several(count(0)), (1,))
    seed: int = key(count(0), 1)
    ranks: int = key(count(1), 2)
    cores: int = key(count(1), 2)
    resources: dict[str, Resources] | None = key(table, None)

    def __post_init__(self) -> None:
        for name in (ZERO, TEST):
            if name in self.data:
                raise InputError(f"data: '{name}' is no name of a data set, since it stands for something else")
        for name, data in self.data.items():
            _require_known("data", data.needs, self.data, f"data: {name}")
            if data.against:
                others = [other for other in self.data if other != name]
                _require_known("data", [data.against], others, f"data: {name}: against")
        for name, choice in self.algorithms.items():
            _require_known("data", choice.data or (), self.data, f"algorithms: {name}")
        for name, simulation in self.simulations.items():
            where = f"simulations: {name}"
            _require_known("data", simulation.data or (), (*self.data, ZERO), where)
            _require_known("algorithms", simulation.algorithms or (), self.algorithms, where)
        for name in self.resources or ():
            if "/" in name:
                _require_known("algorithms", [name.partition("/")[2]], self.algorithms, f"resources: {name}")
        _require_no_circle(self.data)

    def cores_of(self, kind: str, algorithm: str | None = None) -> int:
        """Return the cores of a fit, a labelling or an active learning."""
        return chosen(self.resources or {}, kind, algorithm).cores or self.cores

    def simulation_ranks(self, algorithm: str) -> int:
        """Return the MPI ranks of each simulation with potentials of an algorithm."""
        return chosen(self.resources or {}, "simulate", algorithm).ranks or self.ranks

    def fits(self) -> Iterator[FitCell]:
        """Yield every potential of the study: the fits, and pretrained models as they are."""
        for algorithm, choice in self.algorithms.items():
            if choice.strategy == "zero-shot":
                yield FitCell(ZERO, algorithm, self.seeds[0])
                continue
            for data in choice.data or self.fitted():
                for seed in self.seeds:
                    yield FitCell(data, algorithm, seed)

    def fitted(self) -> list[str]:
        """Return the names of the data sets that potentials are fitted to unless an algorithm names its own."""
        return [name for name, data in self.data.items() if data.fit]

    def runs(self) -> Iterator[RunCell]:
        """Yield every simulation of the study."""
        for fit in self.fits():
            for name, simulation in self.simulations.items():
                chosen = simulation.data is None or fit.data in simulation.data
                if chosen and (simulation.algorithms is None or fit.algorithm in simulation.algorithms):
                    for temperature in simulation.temperature:
                        for replica in range(1, simulation.replicas + 1):
                            yield RunCell(fit, name, temperature, replica)

    def starts_from(self, algorithm: str) -> FitCell | None:
        """Return the potential of this study that an algorithm starts from, if there is one."""
        return fit_cell(self.algorithms[algorithm].pretrained or "", self.data, self.algorithms)

    def reference_runs(self, run: RunCell) -> list[RunCell] | None:
        """Return the runs that a run is compared with where its reference is ``DATA/ALGORITHM``, else None.

        A run of that level itself is compared with the others of it, never with itself; the list may be empty.
        """
        named = self.simulations[run.simulation].reference
        if not isinstance(named, str) or named == EXPERIMENT:
            return None
        return [
            other
            for other in self.runs()
            if f"{other.fit.data}/{other.fit.algorithm}" == named and other != run
            and (other.simulation, other.temperature) == (run.simulation, run.temperature)
        ]  # fmt: skip


def _require_known(kind: str, wanted: Iterable[str], known: Collection[str], where: str) -> None:
    """Raise `InputError` if a name that `where` gives is not one of a kind."""
    for name in wanted:
        if name not in known:
            raise InputError(
                f"{where}: there is no '{name}' in {kind}{nearest(name, known)}; known: {', '.join(known)}"
            )


def _require_no_circle(data: Mapping[str, DataSet]) -> None:
    """Raise `InputError` if a data set is made of itself."""

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise InputError(f"data: {' -> '.join((*above, name))}: a data set cannot be made of itself")
        for needed in data[name].needs:
            visit(needed, (*above, name))

    for name in data:
        visit(name, ())


def read_study(path: Path) -> Study:
    """Read a study file; relative paths in it count from its folder and come back absolute.

    Raises
    ------
    InputError
        If a key is unknown (the nearest one is suggested) or missing, or a value is not what it should be. Whether
        what it names exists is the matter of `decant.study.checks.check_study`.
    """
    return read_mapping(Study, study_values(path), str(path))


def study_values(path: Path) -> dict[str, Any]:
    """Return the content of a study file with absolute paths, as a study's folder keeps it."""
    from decant.study.paths import with_absolute_paths

    values = read_yaml(path)
    read_mapping(Study, values, str(path))
    return with_absolute_paths(values, Path(path).resolve().parent)

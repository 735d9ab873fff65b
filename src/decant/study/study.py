"""A study: data sets x algorithms x seeds x liquids x temperatures x replicas, as one YAML file says it.

Everything a study makes lies in its folder under the names that `decant.study.cells` gives; whoever reads a study's
folder finds files through them.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from decant.foundation.errors import InputError, nearest
from decant.foundation.settings import count, key, mapping, read_mapping, text
from decant.study.algorithm_choice import AlgorithmChoice
from decant.study.cells import TEST, ZERO, FitCell, RunCell, fit_cell
from decant.study.data_sets.base import DataSet
from decant.study.data_sets.learned import Learned
from decant.study.data_sets.recipes import FromRecipes
from decant.study.data_sets.registry import TestSet, read_data_set, read_test_set
from decant.study.readers import named, several
from decant.study.resources import Resources, chosen, table
from decant.study.simulation import EXPERIMENT, Simulation, read_simulation


@dataclass(frozen=True)
class Study:
    """Everything that a study file says.

    Attributes
    ----------
    title
        One line for the report.
    method
        Reference method of the labels, as ``decant label --method`` takes it.
    method_settings
        Settings of the method; None for its defaults.
    labelled_by
        What made the labels of a study whose frames are all of labelled files, in words for the report.
    data, algorithms, simulations
        What is varied, by name.
    test
        The frames that no fit sees, of recipes or of a labelled file; the errors of every fit are measured on them.
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
    data: dict[str, DataSet] = key(named(read_data_set))
    test: TestSet = key(read_test_set)
    algorithms: dict[str, AlgorithmChoice] = key(named(functools.partial(read_mapping, AlgorithmChoice)))
    simulations: dict[str, Simulation] = key(named(read_simulation))
    method: str = key(text, "gfn2-xtb")
    method_settings: dict[str, Any] | None = key(mapping, None)
    labelled_by: str = key(text, "")
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
        if self.labelled_by and self.makes_labels:
            raise InputError(
                f"labelled_by: {self.method} labels frames of this study, so that its labelled files must be of that "
                "level, too; leave it out, or take all frames from labelled files"
            )

    @property
    def method_in_words(self) -> str:
        """The reference method with its settings."""
        settings = ", ".join(f"{name} {value}" for name, value in (self.method_settings or {}).items())
        return f"{self.method} ({settings})" if settings else self.method

    @property
    def level(self) -> str:
        """What made the labels, in words: the reference method, unless all of them are of files."""
        return self.method_in_words if self.makes_labels else self.labelled_by or "what made the labelled files"

    @property
    def makes_labels(self) -> bool:
        """Whether its method labels any frame; otherwise all of them are in labelled files."""
        return any(isinstance(data, FromRecipes | Learned) for data in (*self.data.values(), self.test))

    def cores_of(self, kind: str, algorithm: str | None = None) -> int:
        """Return the cores of a fit, a labelling or an active learning."""
        return chosen(self.resources or {}, kind, algorithm).cores or self.cores

    def simulation_ranks(self, algorithm: str) -> int:
        """Return the MPI ranks of each simulation with potentials of an algorithm; one where Python computes."""
        otherwise = 1 if self.algorithms[algorithm].in_python else self.ranks
        return chosen(self.resources or {}, "simulate", algorithm).ranks or otherwise

    def fits(self) -> Iterator[FitCell]:
        """Yield every potential of the study: the fits, and as they are pretrained models and the reference method."""
        for algorithm, choice in self.algorithms.items():
            if not choice.is_fitted:
                yield FitCell(ZERO, algorithm, self.seeds[0])
                continue
            for data in choice.data or self.fitted():
                for seed in self.seeds:
                    yield FitCell(data, algorithm, seed)

    def is_method(self, fit: FitCell) -> bool:
        """Say whether what stands for a potential is the reference method itself."""
        return self.algorithms[fit.algorithm].is_method

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
                        for replica in range(1, self.replicas(fit.algorithm, name) + 1):
                            yield RunCell(fit, name, temperature, replica)

    def replicas(self, algorithm: str, simulation: str) -> int:
        """Return how many runs a potential of an algorithm gets of each temperature of a simulation."""
        return self.algorithms[algorithm].replicas or self.simulations[simulation].replicas

    def starts_from(self, algorithm: str) -> FitCell | None:
        """Return the potential of this study that an algorithm starts from, if there is one."""
        return fit_cell(self.algorithms[algorithm].pretrained or "", self.data, self.algorithms)

    def reference_runs(self, run: RunCell) -> list[RunCell] | None:
        """Return the runs that a run is compared with where its reference is ``DATA/ALGORITHM``, else None.

        A run of that level itself is compared with the others of it, never with itself; the list may be empty.
        """
        pair = self.reference_pair(run.simulation)
        if pair is None:
            return None
        return [
            other
            for other in self.runs()
            if (other.fit.data, other.fit.algorithm) == pair and other != run
            and (other.simulation, other.temperature) == (run.simulation, run.temperature)
        ]  # fmt: skip

    def reference_pair(self, simulation: str) -> tuple[str, str] | None:
        """Return the data set and the algorithm whose runs are the reference of a simulation, None for other ones."""
        named = self.simulations[simulation].reference
        if not isinstance(named, str) or named == EXPERIMENT:
            return None
        data, _, algorithm = named.rpartition("/")
        return data, algorithm


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

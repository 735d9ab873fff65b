"""The jobs of a study: which command makes which file, and which others must be done before.

A command is one that a person can repeat by hand in the study's folder; every path in it counts from there.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from decant.study.cells import (
    HERE,
    TEST,
    ZERO,
    FitCell,
    RunCell,
    data_folder,
    labelled,
    reference_input,
    test_frames,
)  # fmt: skip
from decant.study.cost import FORCE_FIELD_SPEED, START, atoms_of_molecules, dynamics_seconds, fit_seconds
from decant.study.resources import Request, request
from decant.study.simulation import EXPERIMENT, Simulation
from decant.study.step import Step
from decant.study.study import Study


@dataclass(frozen=True)
class Job(Request):
    """One command, and what it asks of the machine.

    Attributes
    ----------
    kind
        The verb.
    cell
        What it is about: a data set, `TEST`, or the name of a `FitCell` or a `RunCell`.
    inputs
        Names of the jobs whose outputs it reads.
    output
        The file or folder it makes.
    command
        The words of the command line.
    seconds
        What it will take by the estimate of `decant.study.cost`; None where that cannot tell.
    """

    kind: str
    cell: str
    inputs: tuple[str, ...]
    output: str
    command: tuple[str, ...]
    seconds: float | None

    @property
    def name(self) -> str:
        """Its name: ``jobs/NAME.done``, ``.log`` and ``.tsv`` are its marker, its output and its wall time."""
        return f"{self.kind}/{self.cell}"

    @property
    def shell(self) -> str:
        """The command line."""
        return shlex.join(self.command)

    def record(self) -> dict[str, Any]:
        """Return what ``jobs.json`` says of it."""
        return {"name": self.name, **asdict(self)}


def study_inputs(study: Study) -> dict[Path, Any]:
    """Return the content of the files that the commands read beside what other commands made, by path."""
    files: dict[Path, Any] = study.test.inputs(study, TEST)
    for name, data in study.data.items():
        files |= data.inputs(study, name)
    for name, simulation in study.simulations.items():
        if isinstance(simulation.reference, dict):
            files[reference_input(name)] = simulation.reference
    return files


def study_jobs(study: Study) -> list[Job]:
    """Return every job of a study, each after those that it needs."""
    needed = {fit.data for fit in study.fits()} | {
        choice.replay for choice in study.algorithms.values() if choice.replay in study.data
    }
    steps = study.test.steps(study, TEST)
    for name in _in_order(study):
        steps += study.data[name].steps(study, name)
        if name in needed:
            steps.append(_split(study, name))
    jobs = [_job(study, step) for step in steps]
    fits = [fit for fit in study.fits() if not study.is_method(fit)]
    for fit in fits:  # those that others start from come first, since a start is never started from another itself
        if study.starts_from(fit.algorithm) is None:
            jobs += [_job(study, step, fit) for step in _fit_steps(study, fit)]
    for fit in fits:
        if study.starts_from(fit.algorithm) is not None:
            jobs += [_job(study, step, fit) for step in _fit_steps(study, fit)]
    runs = list(study.runs())
    for run in runs:
        jobs += [_job(study, step, run.fit) for step in _run_steps(study, run)]
    return [*jobs, *(_job(study, score, run.fit) for run in runs for score in _score(study, run))]


# data sets


def _in_order(study: Study) -> list[str]:
    """Return the data sets, each after those that it is made of."""
    ordered: list[str] = []

    def add(name: str) -> None:
        for needed in study.data[name].needs:
            add(needed)
        if name not in ordered:
            ordered.append(name)

    for name in study.data:
        add(name)
    return ordered


def _split(study: Study, name: str) -> Step:
    output = data_folder(HERE, name) / "split"
    words = ("split", labelled(name), "-o", output, "--fractions", "0.9,0.1,0", "--seed", study.seed)
    needs = (f"{study.data[name].maker}/{name}", f"{study.test.maker}/{TEST}")
    return Step("split", name, needs, output, (*words, "--without", test_frames(HERE)), START["split"])


# potentials


def _fit_steps(study: Study, fit: FitCell) -> Iterator[Step]:
    """Yield the commands that make a potential and measure its errors."""
    choice, start = study.algorithms[fit.algorithm], study.starts_from(fit.algorithm)
    model: object = fit.model(HERE)
    needs = [f"fit/{start.name}"] if start else []
    if fit.data == ZERO:
        model = start.model(HERE) if start else choice.pretrained
    else:
        yield _fit(study, fit, needs)
        needs = [f"fit/{fit.name}"]
    words: list[object] = ["export", model, "-o", fit.potential(HERE)]
    words += [*_option("--precision", choice.precision), *_option("--elements", choice.elements)]
    words += _option("--head", choice.head) if fit.data == ZERO else []
    yield Step("export", fit.name, tuple(needs), fit.potential(HERE), tuple(words), START["export"])
    words = ["evaluate", fit.potential(HERE), test_frames(HERE), "-o", fit.errors(HERE)]
    words += ["--predictions", fit.errors(HERE).with_suffix(".extxyz")]
    needs = [f"export/{fit.name}", f"{study.test.maker}/{TEST}"]
    yield Step("evaluate", fit.name, tuple(needs), fit.errors(HERE), tuple(words), START["evaluate"])


def _fit(study: Study, fit: FitCell, needs: list[str]) -> Step:
    choice, start = study.algorithms[fit.algorithm], study.starts_from(fit.algorithm)
    needs = [f"split/{fit.data}", *needs]
    words: list[object] = ["fit", choice.algorithm, data_folder(HERE, fit.data) / "split", "-o", fit.model(HERE)]
    words += ["--preset", choice.used_preset, "--seed", fit.seed]
    for setting in choice.set:
        words += ["--set", setting]
    words += [*_option("--max-time", choice.max_time and f"{choice.max_time:g}s")]
    words += [*_option("--max-epochs", choice.max_epochs)]
    if choice.pretrained:
        words += ["--pretrained", start.model(HERE) if start else choice.pretrained]
        words += ["--strategy", choice.strategy, *_option("--head", choice.head)]
    if choice.replay in study.data:
        needs.append(f"split/{choice.replay}")
        words += ["--replay", data_folder(HERE, choice.replay) / "split"]
    elif choice.replay:
        words += ["--replay", choice.replay]
    seconds = fit_seconds(choice, study.data[fit.data].atoms(study), study.cores_of("fit", fit.algorithm))
    return Step("fit", fit.name, tuple(needs), fit.model(HERE), tuple(words), seconds)


# simulations


def _run_steps(study: Study, run: RunCell) -> Iterator[Step]:
    """Yield the commands that run a liquid and measure it."""
    simulation, output = study.simulations[run.simulation], run.run(HERE)
    words: list[object] = ["simulate", *_forces(study, run), "--liquid", simulation.liquid]
    words += ["--copies", simulation.copies, "--temperature", f"{run.temperature:g}"]
    words += ["--pressure", f"{simulation.pressure:g}", "--length", f"{simulation.length:g}ps"]
    words += [*_option("--equilibration", simulation.equilibration and f"{simulation.equilibration:g}ps")]
    words += [*_option("--density", simulation.density), "--timestep", f"{simulation.timestep:g}"]
    # the same replica of every potential starts from the same packing
    words += ["--seed", study.seed + run.replica - 1]
    seconds = _simulate_seconds(study, simulation, run.fit.algorithm)
    asked = _request(study, "simulate", run.fit, seconds)
    words += ["--ranks", asked.ranks, *_option("--threads", asked.cores_a_rank > 1 and asked.cores_a_rank)]
    words += [*_option("--gpus", asked.gpus), "-o", output]
    needs = () if study.is_method(run.fit) else (f"export/{run.fit.name}",)
    yield Step("simulate", run.name, needs, output, tuple(words), seconds)
    needs, measured = (f"simulate/{run.name}",), output / "observables.yaml"
    yield Step("analyze", run.name, needs, measured, ("analyze", output), START["analyze"])


def _forces(study: Study, run: RunCell) -> tuple[object, ...]:
    """Return the words that say what a run is of: a potential, or the reference method as the labels have it."""
    if not study.is_method(run.fit):
        return (run.fit.potential(HERE),)
    settings = study.method_settings or {}
    return ("--method", study.method, *_option("--ion-charge-scale", settings.get("ion_charge_scale")))


def _score(study: Study, run: RunCell) -> Iterator[Step]:
    """Yield the command that scores a run; none for the only run of a reference level: nothing is there to compare."""
    named, others = study.simulations[run.simulation].reference, study.reference_runs(run)
    if others is not None and not others:
        return
    references: list[object] = [other.run(HERE) for other in others or ()]
    if others is None:
        references = [EXPERIMENT if named == EXPERIMENT else reference_input(run.simulation)]
    words: list[object] = ["score", run.run(HERE)]
    for reference in references:
        words += ["--reference", reference]
    needs = tuple(f"analyze/{one.name}" for one in (run, *(others or ())))
    yield Step("score", run.name, needs, run.score(HERE), (*words, "-o", run.score(HERE)), START["score"])


def _option(name: str, value: object) -> tuple[object, ...]:
    return (name, value) if value else ()


def _job(study: Study, step: Step, fit: FitCell | None = None) -> Job:
    """Return the job of a command; `fit` is the potential that it is about."""
    asked = asdict(_request(study, step.kind, fit, step.seconds))
    return Job(
        **asked, kind=step.kind, cell=step.cell, inputs=step.needs, output=str(step.output),
        command=("decant", *map(str, step.words)), seconds=step.seconds,
    )  # fmt: skip


def _request(study: Study, kind: str, fit: FitCell | None, seconds: float | None) -> Request:
    """Return what a job asks of the machine; `fit` is the potential that it is about."""
    cores = study.cores if kind in ("label", "learn", "fit") else 1
    ranks = study.simulation_ranks(fit.algorithm) if kind == "simulate" and fit else 1
    return request(study.resources or {}, kind, fit.algorithm if fit else None, cores, ranks, seconds)


def _simulate_seconds(study: Study, simulation: Simulation, algorithm: str) -> float | None:
    """Return the seconds of one simulation that no guard stops, with a potential of an algorithm of the study."""
    start = study.starts_from(algorithm)  # decides the architecture
    choice = study.algorithms[start.algorithm if start else algorithm]
    equilibration = simulation.length / 4 if simulation.equilibration is None else simulation.equilibration
    steps = (simulation.length + equilibration) / (simulation.timestep / 1e3)
    atoms = simulation.copies * sum(atoms_of_molecules(simulation.liquid))
    ranks = study.simulation_ranks(algorithm)
    if choice.is_method:
        return START["simulate"] + atoms * steps / 1e3 / (FORCE_FIELD_SPEED * ranks)
    dynamics = dynamics_seconds(choice.algorithm, choice.used_preset, atoms, steps, ranks)
    return None if dynamics is None else START["simulate"] + dynamics

"""The jobs of a study: which command makes which file, and which others must be done before.

A command is one that a person can repeat by hand in the study's folder; every path in it counts from there.
"""

from __future__ import annotations

import shlex
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from decant.study.cost import (
    START,
    build_seconds,
    fit_seconds,
    label_seconds,
    learn_seconds,
    simulate_seconds,
)  # fmt: skip
from decant.study.resources import Request, request
from decant.study.study import EXPERIMENT, TEST, ZERO, FitCell, RunCell, Study, data_folder, test_frames

HERE = Path()
"""The study's folder, in which every command runs."""
INPUTS = HERE / "inputs"
"""Where the files lie that are written from the study file before anything runs."""


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
    files: dict[Path, Any] = {_recipes(TEST): list(study.test)}
    for name, data in study.data.items():
        if data.recipes:
            files[_recipes(name)] = list(data.recipes)
        elif data.learn is not None:
            initial = Path("..") / ".." / _labelled(str(data.start))
            own = {"initial": [str(initial)], "method": study.method}
            files[_recipes(name)] = {"jobs": study.cores_of("learn"), **data.learn, **own}
    for name, simulation in study.simulations.items():
        if isinstance(simulation.reference, dict):
            files[_reference(name)] = simulation.reference
    return files


def study_jobs(study: Study) -> list[Job]:
    """Return every job of a study, each after those that it needs."""
    needed = {fit.data for fit in study.fits()} | {
        choice.replay for choice in study.algorithms.values() if choice.replay in study.data
    }
    jobs = [_build(study, TEST), _label(study, TEST)]
    for name in _in_order(study):
        jobs += _data_jobs(study, name)
        if name in needed:
            jobs.append(_split(study, name))
    fits = list(study.fits())
    for fit in fits:  # those that others start from come first, since a start is never started from another itself
        if study.starts_from(fit.algorithm) is None:
            jobs += _fit_jobs(study, fit)
    for fit in fits:
        if study.starts_from(fit.algorithm) is not None:
            jobs += _fit_jobs(study, fit)
    runs = list(study.runs())
    for run in runs:
        jobs += _run_jobs(study, run)
    return [*jobs, *(score for run in runs for score in _score(study, run))]


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


def _data_jobs(study: Study, name: str) -> list[Job]:
    data = study.data[name]
    output = _labelled(name)
    words: list[object]
    if data.recipes:
        return [_build(study, name), _label(study, name)]
    if data.learn is not None:
        words = ["learn", _recipes(name), "-o", data_folder(HERE, name)]
        needs, seconds = [_labels(study, str(data.start))], learn_seconds(study, data)
        return [_job(study, "learn", name, needs, output, words, seconds)]
    if data.labelled:
        return [_short(study, "select", name, [], output, ["select", data.labelled, "--random", "-o", output])]
    sources = data.join or (str(data.part_of),)
    words = ["select", *map(_labelled, sources), "--random", "--seed", study.seed, "-o", output]
    if data.frames:
        words += ["-n", data.frames]
    return [_short(study, "select", name, [_labels(study, source) for source in sources], output, words)]


def _build(study: Study, name: str) -> Job:
    entries = study.test if name == TEST else study.data[name].recipes or ()
    output = _folder(name) / "configurations.extxyz"
    words: list[object] = ["build", _recipes(name), "-o", output, "--seed", _seed(study, name)]
    return _job(study, "build", name, [], output, words, build_seconds(entries))


def _label(study: Study, name: str) -> Job:
    entries = study.test if name == TEST else study.data[name].recipes or ()
    output = _labelled(name)
    words: list[object] = ["label", _folder(name) / "configurations.extxyz", "-o", output]
    cores = study.cores_of("label")
    words += ["--method", study.method, "--jobs", cores]
    if name == TEST:
        words += ["--molecules"]
    seconds = label_seconds(entries, study.method, cores, molecules=name == TEST)
    return _job(study, "label", name, [f"build/{name}"], output, words, seconds)


def _split(study: Study, name: str) -> Job:
    output = data_folder(HERE, name) / "split"
    words: list[object] = ["split", _labelled(name), "-o", output, "--fractions", "0.9,0.1,0", "--seed", study.seed]
    words += ["--without", test_frames(HERE)]
    return _short(study, "split", name, [_labels(study, name), f"label/{TEST}"], output, words)


def _labels(study: Study, name: str) -> str:
    """Return the name of the job that makes the labelled file of a data set."""
    data = study.data[name]
    kind = "label" if data.recipes else "learn" if data.learn is not None else "select"
    return f"{kind}/{name}"


def _seed(study: Study, name: str) -> int:
    """Return a seed of the configurations of a set, so that sets made by the same recipe differ."""
    return study.seed + 1000 * (zlib.crc32(name.encode()) % 100_000)


def _folder(name: str) -> Path:
    return HERE / TEST if name == TEST else data_folder(HERE, name)


def _labelled(name: str) -> Path:
    return _folder(name) / "labelled.extxyz"


def _recipes(name: str) -> Path:
    return INPUTS / "data" / f"{name}.yaml"


def _reference(simulation: str) -> Path:
    return INPUTS / "references" / f"{simulation}.yaml"


# potentials


def _fit_jobs(study: Study, fit: FitCell) -> Iterator[Job]:
    """Yield the jobs that make a potential and measure its errors."""
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
    yield _short(study, "export", fit.name, needs, fit.potential(HERE), words, fit)
    words = ["evaluate", fit.potential(HERE), test_frames(HERE), "-o", fit.errors(HERE)]
    words += ["--predictions", fit.errors(HERE).with_suffix(".extxyz")]
    yield _short(study, "evaluate", fit.name, [f"export/{fit.name}", f"label/{TEST}"], fit.errors(HERE), words, fit)


def _fit(study: Study, fit: FitCell, needs: list[str]) -> Job:
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
        words += ["--strategy", choice.strategy]
    if choice.replay in study.data:
        needs.append(f"split/{choice.replay}")
        words += ["--replay", data_folder(HERE, choice.replay) / "split"]
    elif choice.replay:
        words += ["--replay", choice.replay]
    return _job(study, "fit", fit.name, needs, fit.model(HERE), words, fit_seconds(choice), fit)


# simulations


def _run_jobs(study: Study, run: RunCell) -> Iterator[Job]:
    """Yield the jobs that run a liquid and measure it."""
    simulation, output = study.simulations[run.simulation], run.run(HERE)
    words: list[object] = ["simulate", run.fit.potential(HERE), "--liquid", simulation.liquid]
    words += ["--copies", simulation.copies, "--temperature", f"{run.temperature:g}"]
    words += ["--pressure", f"{simulation.pressure:g}", "--length", f"{simulation.length:g}ps"]
    words += [*_option("--equilibration", simulation.equilibration and f"{simulation.equilibration:g}ps")]
    words += [*_option("--density", simulation.density), "--timestep", f"{simulation.timestep:g}"]
    # the same replica of every potential starts from the same packing
    words += ["--seed", study.seed + run.replica - 1]
    seconds = simulate_seconds(study, simulation, run.fit.algorithm)
    asked = _request(study, "simulate", run.fit, seconds)
    words += ["--ranks", asked.ranks, *_option("--threads", asked.cores_a_rank > 1 and asked.cores_a_rank)]
    words += [*_option("--gpus", asked.gpus), "-o", output]
    yield _job(study, "simulate", run.name, [f"export/{run.fit.name}"], output, words, seconds, run.fit)
    needs, measured = [f"simulate/{run.name}"], output / "observables.yaml"
    yield _short(study, "analyze", run.name, needs, measured, ["analyze", output], run.fit)


def _score(study: Study, run: RunCell) -> Iterator[Job]:
    """Yield the job that scores a run; none for the only run of a reference level: nothing is there to compare."""
    named, others = study.simulations[run.simulation].reference, study.reference_runs(run)
    if others is not None and not others:
        return
    references: list[object] = [other.run(HERE) for other in others or ()]
    if others is None:
        references = [EXPERIMENT if named == EXPERIMENT else _reference(run.simulation)]
    words: list[object] = ["score", run.run(HERE)]
    for reference in references:
        words += ["--reference", reference]
    needs = [f"analyze/{one.name}" for one in (run, *(others or ()))]
    yield _short(study, "score", run.name, needs, run.score(HERE), [*words, "-o", run.score(HERE)], run.fit)


def _option(name: str, value: object) -> tuple[object, ...]:
    return (name, value) if value else ()


def _job(
    study: Study, kind: str, cell: str, inputs: list[str], output: Path, words: Sequence[object],
    seconds: float | None, fit: FitCell | None = None,
) -> Job:  # fmt: skip
    asked = asdict(_request(study, kind, fit, seconds))
    command = ("decant", *map(str, words))
    return Job(
        **asked, kind=kind, cell=cell, inputs=tuple(inputs), output=str(output), command=command, seconds=seconds
    )


def _short(
    study: Study, kind: str, cell: str, inputs: list[str], output: Path, words: Sequence[object],
    fit: FitCell | None = None,
) -> Job:  # fmt: skip
    """Return a job that takes hardly longer than its start."""
    return _job(study, kind, cell, inputs, output, words, START[kind], fit)


def _request(study: Study, kind: str, fit: FitCell | None, seconds: float | None) -> Request:
    """Return what a job asks of the machine; `fit` is the potential that it is about."""
    cores = study.cores if kind in ("label", "learn", "fit") else 1
    ranks = study.ranks if kind == "simulate" else 1
    return request(study.resources or {}, kind, fit.algorithm if fit else None, cores, ranks, seconds)

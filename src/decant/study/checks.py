"""What a study names exists and fits together: everything that can be known to be wrong before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from decant.algorithms.base import Algorithm, Part
from decant.algorithms.presets import load_preset
from decant.analysis.reference_values import KEYS
from decant.configurations.sampling import require_known
from decant.foundation.errors import InputError, nearest, warn
from decant.labels.registry import labeler
from decant.molecules.liquid import parse_liquid
from decant.potentials.export import require_as_it_is
from decant.potentials.potential import Potential, require_precision
from decant.potentials.ready import ready
from decant.potentials.source import open_model
from decant.simulation.force_field import require_method
from decant.simulation.protocol import warn_of_charge
from decant.study.algorithm_choice import AlgorithmChoice
from decant.study.cells import TEST
from decant.study.data_sets.recipes import FromRecipes
from decant.study.novelty import changes_told
from decant.study.readers import section
from decant.study.simulation import EXPERIMENT, Simulation
from decant.study.study import Study


def check_study(study: Study) -> None:
    """Check a study against what is installed and what lies on the disk.

    Raises
    ------
    InputError
        If an algorithm, preset, setting, method, recipe, parameter, solvent, pretrained model, file or reference does
        not exist or does not go with the others; the message names the section.

    What contradicts itself but spoils nothing is warned about.
    """
    _check_sections(study)
    if study.makes_labels or any(choice.is_method for choice in study.algorithms.values()):
        with section("method"):
            labeler(study.method, study.method_settings)
    with section("test"):
        study.test.check(study)
    for name, data in study.data.items():
        with section(f"data: {name}"):
            data.check(study)
    for name, choice in study.algorithms.items():
        with section(f"algorithms: {name}"):
            _check_algorithm(study, name, choice)
    for name, simulation in study.simulations.items():
        with section(f"simulations: {name}"):
            _check_simulation(study, name, simulation)
    for name, simulation in study.simulations.items():
        _check_change(study, name, simulation)
    _check_drivers(study)


def _check_sections(study: Study) -> None:
    """Require an algorithm and a simulation, and data for what is fitted."""
    for section_name, entries in (("algorithms", study.algorithms), ("simulations", study.simulations)):
        if not entries:
            raise InputError(f"{section_name}: is empty; give one at least, its settings under a name")
    for name, choice in study.algorithms.items():
        if choice.is_fitted and not choice.data and not study.fitted():
            advice = "leave out 'fit: false' of one" if study.data else "give one (zero-shot and method need none)"
            raise InputError(f"data: has no set that {name} of 'algorithms' is fitted to; {advice}")


def _check_drivers(study: Study) -> None:
    """Warn where a recipe samples by the study's method with other settings than its labels will have."""
    sets = {TEST: study.test, **study.data}
    made = {name: data.recipes for name, data in sets.items() if isinstance(data, FromRecipes)}
    for name, entries in made.items():
        for parameters in (entry.get("parameters") or {} for entry in entries):
            settings = parameters.get("driver_settings") or {}
            if parameters.get("driver") == study.method and settings != (study.method_settings or {}):
                warn(
                    f"{name}: its driver {study.method} has driver_settings {settings}, its labels have"
                    f" method_settings {study.method_settings or {}}"
                )
                break


def _check_algorithm(study: Study, name: str, choice: AlgorithmChoice) -> None:
    from decant.algorithms.registry import algorithm

    if choice.is_method:
        require_method(study.method)
        return
    method = algorithm(choice.algorithm)
    if method.in_python and (ranks := study.simulation_ranks(name)) != 1:
        raise InputError(
            f"{choice.algorithm} computes forces in Python, on one rank, and 'resources' give {ranks} to its"
            f" simulations; add simulate/{name}: {{ranks: 1}}"
        )
    if choice.is_fitted:
        preset = load_preset(choice.algorithm, choice.used_preset, list(choice.set), method.known_settings())
        preset.require_limit(choice.max_time, choice.max_epochs)
    require_precision(choice.precision)
    if choice.pretrained:
        with section("pretrained"):
            _check_pretrained(study, name, choice, method)
    if choice.replay and choice.replay not in study.data and not Path(choice.replay).exists():
        hint = nearest(choice.replay, study.data)
        raise InputError(f"replay: '{choice.replay}' is neither a data set of this study nor a file{hint}")


def _check_pretrained(study: Study, name: str, choice: AlgorithmChoice, method: Algorithm) -> None:
    """Require a fit of this study, a path, a ready potential or a published model, of the same algorithm."""
    start, fits = study.starts_from(name), list(study.fits())
    strategies = method.strategies
    if choice.strategy not in ("zero-shot", *strategies):
        raise InputError(f"{choice.algorithm} knows no strategy '{choice.strategy}', only {', '.join(strategies)}")
    own = [name for name, path in ready().items() if Potential.open(path).algorithm == choice.algorithm]
    published = (*method.published, *own)
    if start is None:
        if not Path(str(choice.pretrained)).exists() and choice.pretrained not in published:
            hint = nearest(str(choice.pretrained), [*(fit.name for fit in fits), *published])
            raise InputError(
                f"'{choice.pretrained}' is no fit of this study (DATA/ALGORITHM/SEED), no file or folder, no "
                f"published model of {choice.algorithm}{' or ready potential' if own else ''}{hint}"
            )
        if choice.pretrained not in method.published or Path(str(choice.pretrained)).exists():  # not downloaded for it
            _check_model(choice, method)
        return
    if start not in fits:
        raise InputError(f"this study makes no fit {start.name}{nearest(start.name, [fit.name for fit in fits])}")
    other = study.algorithms[start.algorithm]
    if other.algorithm != choice.algorithm:
        raise InputError(f"{start.name} is a {other.algorithm}; a {choice.algorithm} cannot start from it")
    if choice.head is not None:
        raise InputError("head: a fit of this study has no others; leave out 'head'")
    if other.pretrained:
        raise InputError(f"{start.name} starts from another model itself; name that one, or a fit from scratch")


def _check_model(choice: AlgorithmChoice, method: Algorithm) -> None:
    """Require a model or a potential of the algorithm, which can be taken as the choice wants it."""
    path = Path(str(choice.pretrained))
    source = open_model(path)
    if source.algorithm.name != method.name:
        raise InputError(f"{path}: is a {source.algorithm.name} model; a {method.name} cannot start from it")
    if choice.is_fitted:
        method.start(source.model)
        return
    if source.model.is_dir():
        elements = tuple(word.strip() for word in choice.elements.split(",")) if choice.elements else None
        require_as_it_is(Potential.open(source.model), choice.precision, Part(elements, choice.head))
    method.require_usable(source.model)


def _check_simulation(study: Study, name: str, simulation: Simulation) -> None:
    runs = [run for run in study.runs() if run.simulation == name]
    if not runs:
        raise InputError("no potential runs it; check its data and algorithms")
    liquid = parse_liquid(simulation.liquid)
    warn_of_charge(simulation.liquid, liquid)
    if any(study.algorithms[run.fit.algorithm].is_method for run in runs):
        require_known(study.method, [kind for kind, _ in liquid])
    with section("reference"):
        _check_reference(study, name, simulation.reference)


def _check_change(study: Study, name: str, simulation: Simulation) -> None:
    """Warn of a declared change that the functional groups contradict for every potential that runs the liquid."""
    told = changes_told(study, name)
    if simulation.change and told and simulation.change not in told:
        warn(
            f"simulations: {name}: change: '{simulation.change}' contradicts the functional groups of "
            f"{simulation.liquid} and of what its potentials are trained on, which tell '{told[0]}'; leave 'change' "
            "out to take that"
        )


def _check_reference(study: Study, name: str, reference: str | dict[str, Any]) -> None:
    if isinstance(reference, dict):
        for word in reference:
            if word not in KEYS:
                expected = ", ".join(KEYS)
                raise InputError(f"unknown key '{word}'{nearest(str(word), KEYS)}; expected {expected}")
        return
    known = {f"{run.fit.data}/{run.fit.algorithm}" for run in study.runs() if run.simulation == name}
    if reference != EXPERIMENT and reference not in known:
        options = [EXPERIMENT, *sorted(known)]
        raise InputError(
            f"'{reference}' is neither {EXPERIMENT} nor a DATA/ALGORITHM that runs this liquid"
            f"{nearest(reference, options)}; known: {', '.join(options)}"
        )

"""What makes the liquids of a study new to its potentials, told from the functional groups of their molecules."""

from __future__ import annotations

from collections.abc import Collection

from decant.molecules.functional_groups import change
from decant.molecules.liquid import parse_liquid
from decant.molecules.molecule import Molecule
from decant.study.cells import ZERO, FitCell
from decant.study.simulation import CHANGES
from decant.study.study import Study


def changes(study: Study) -> dict[str, str]:
    """Return what makes each liquid new to its potentials, by the name of the simulation: one of `CHANGES`.

    As the study declares it; else the least that the functional groups of what the potentials are trained on tell, and
    nothing where these are not known.
    """
    return {
        name: simulation.change or next(iter(changes_told(study, name)), CHANGES[0])
        for name, simulation in study.simulations.items()
    }


def changes_told(study: Study, simulation: str) -> tuple[str, ...]:
    """Return what makes a liquid new to the potentials that run it, by their training data.

    Parameters
    ----------
    study
        The study.
    simulation
        Name of the simulation.

    Returns
    -------
    tuple of str
        Those of `CHANGES` that hold for one of the potentials or more, the least first; empty if the molecules that
        one of them was trained on are not known.
    """
    liquid = [kind for kind, _ in parse_liquid(study.simulations[simulation].liquid)]
    runs = [run for run in study.runs() if run.simulation == simulation and not study.is_method(run.fit)]
    fits = {(run.fit.data, run.fit.algorithm): run.fit for run in runs}
    trained = [molecules_trained_on(study, fit) for fit in fits.values()]
    if None in trained:
        return ()
    found = {change(liquid, molecules) for molecules in set(trained) if molecules is not None}
    return tuple(one for one in CHANGES if one in found)


def molecules_trained_on(study: Study, fit: FitCell) -> frozenset[Molecule] | None:
    """Return the molecules that a potential has seen; None where the study does not tell."""
    choice, start = study.algorithms[fit.algorithm], study.starts_from(fit.algorithm)
    if choice.pretrained and start is None:
        return None
    names = {fit.data, choice.replay or ZERO, start.data if start else ZERO} - {ZERO}
    if not names <= study.data.keys():
        return None  # a file is replayed
    found: set[Molecule] = set()
    for name in names:
        molecules = study.data[name].molecules(study)
        if molecules is None:
            return None
        found |= molecules
    return frozenset(found)


def unseen(study: Study) -> list[str]:
    """Return a line for each species and each element of a liquid that a potential which runs it was not trained on.

    A potential is named by its data set, a pretrained model as it is by its algorithm.
    """
    lines = []
    for name, simulation in study.simulations.items():
        liquid = [kind for kind, _ in parse_liquid(simulation.liquid)]
        runs = [run for run in study.runs() if run.simulation == name and not study.is_method(run.fit)]
        fits = {run.fit.algorithm if run.fit.data == ZERO else run.fit.data: run.fit for run in runs}
        trained = {data: molecules_trained_on(study, fit) for data, fit in fits.items()}
        known = {data: molecules for data, molecules in trained.items() if molecules is not None}
        identities = {data: {one.identity for one in molecules} for data, molecules in known.items()}
        for kind in liquid:
            if without := [data for data, seen in identities.items() if kind.identity not in seen]:
                lines.append(f"{name}: {kind.name} is in {_none_of(without, known)}")
        for element in sorted({symbol for kind in liquid for symbol in kind.symbols}):
            held = {data: {symbol for kind in kinds for symbol in kind.symbols} for data, kinds in known.items()}
            if without := [data for data, symbols in held.items() if element not in symbols]:
                lines.append(f"{name}: the element {element} is in {_none_of(without, known)}; such runs are refused")
    return lines


def _none_of(without: Collection[str], known: Collection[str]) -> str:
    return "no data set" if len(without) == len(known) else f"none of {', '.join(without)}"

"""Whether a potential can be trusted with a liquid: a folder with samples, labels, errors, runs and the verdict."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from decant.force_field.cache import parameters_of
from decant.foundation.directories import require_own, require_same, wait_until_free
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml, write_yaml
from decant.foundation.locks import locked
from decant.labels.base import Labeler, settings_text
from decant.lammps.command import command
from decant.lammps.model_deviation import cut_last_line, read_model_deviation
from decant.molecules.functional_groups import change
from decant.molecules.liquid import composition_name
from decant.molecules.molecule import Molecule
from decant.potentials.committee import DEVIATION
from decant.potentials.potential import Potential
from decant.potentials.training_data import TrainingData
from decant.simulation.caveats import new_groups, not_for
from decant.simulation.force_field import METHODS
from decant.simulation.protocol import Protocol, potential_hash, require_known
from decant.simulation.python_forces import require_feasible
from decant.simulation.run import Run
from decant.simulation.segment import Resources
from decant.simulation.simulate import simulate
from decant.verdict.collision import first_collision_ps
from decant.verdict.sample import Composition, composition, evaluated, pressure_error_kbar, recipes, sample, with_counts
from decant.verdict.verdict import COLLIDED, Measured, Verdict, judge, word
from decant.verdict.words import sentence

SETTINGS, VERDICT = "trust.yaml", "verdict.yaml"
LIQUID, HOME, RUN = "liquid", "home", "run"
"""Folders of the liquid in question and of the home liquid, and that of the dynamics in each."""

PATIENCE = 120.0
"""Seconds to wait for the LAMMPS of a killed call, which ends when it prints its next row."""


@dataclass(frozen=True)
class Budget:
    """How much work the verdict is worth.

    Attributes
    ----------
    configurations
        Molecules alone that are labelled for each liquid, and boxes; of pairs there are twice as many.
    atoms
        About how many atoms the dynamics has.
    length_ps
        Its length, ps; a quarter of it is equilibration before.
    """

    configurations: int = 8
    atoms: int = 200
    length_ps: float = 0.5


@dataclass(frozen=True)
class Conditions:
    """Temperature (K), pressure (bar) and random seed of samples and dynamics."""

    temperature: float = 298.0
    pressure: float = 1.0
    seed: int = 1


def home_liquid(training: TrainingData, given: str | None) -> str:
    """Return the home liquid by mole ratio.

    It is the given one, else what most boxes of the training data hold, else equal parts of its molecules; without all
    ions where some are known by their formulas alone, of which nothing can be built.

    Raises
    ------
    InputError
        If nobody tells.
    """
    if given:
        return with_counts(given)
    charged = {one.name for one in training.molecules or () if one.charge} if training.formulas else set()
    left_out = charged | set(training.formulas)
    parts = [part for part in (training.liquid or "").split(",") if part.rpartition(":")[0] not in left_out]
    if any(parts):
        return ",".join(parts)
    named = [one.smiles for one in training.molecules or () if one.name not in left_out]
    if named:
        return with_counts(",".join(named))
    raise InputError(
        "the card of the potential does not tell which liquid it was trained on; give one that it is known to be good"
        " for with `home`, such as EC:1,EMC:2"
    )


def trust(
    potential: Path,
    liquid: str,
    output: Path,
    method: Labeler,
    home: str | None = None,
    conditions: Conditions = Conditions(),
    budget: Budget = Budget(),
    ranks: int = 1,
    jobs: int = 1,
) -> dict[str, Any]:
    """Judge a potential on a liquid beside its home liquid; the same call continues an interrupted one.

    Parameters
    ----------
    potential
        Exported potential.
    liquid
        By mole ratio; a name alone is a pure liquid.
    output
        Folder, made if missing.
    method
        Reference method, that of the training data; see `decant.verdict.level.level`.
    home
        Home liquid by mole ratio; None for that of the card.
    conditions, budget
        Of samples and dynamics.
    ranks
        MPI ranks of the dynamics.
    jobs
        Processes that label.

    Returns
    -------
    dict
        The content of ``verdict.yaml``, and ``seconds`` that this call took.

    Raises
    ------
    InputError
        If the potential does not know an element, a setting makes no sense, or the folder holds something else.
    ProgramFailed
        If LAMMPS failed; the same call goes on.
    """
    opened, began = Potential.open(potential), time.monotonic()
    training = TrainingData.of(opened.card)
    liquids = {LIQUID: with_counts(liquid), HOME: home_liquid(training, home)}
    boxes = {name: composition(text, budget.atoms) for name, text in liquids.items()}
    # nothing is begun, or written, that cannot be ended
    wanted = {name: recipes(text, budget.configurations, conditions.temperature) for name, text in liquids.items()}
    protocols = {
        name: Protocol(
            opened.path, composition_name(box), temperature=conditions.temperature, pressure=conditions.pressure,
            length_ps=budget.length_ps, seed=conditions.seed,
        )
        for name, box in boxes.items()
    }  # fmt: skip
    for name, box in boxes.items():
        require_known(liquids[name], box, opened)
        _require_feasible(protocols[name], box, opened, method, ranks)
    asked = {
        "potential_sha256": potential_hash(opened.path), **liquids, "method": method.name,
        "method_settings": settings_text(method.settings), **asdict(conditions), **asdict(budget),
    }  # fmt: skip
    output = Path(output)
    require_own(output, SETTINGS, "a folder of 'decant trust'")
    with locked(output, "judging"):
        if (output / SETTINGS).is_file():
            require_same(output, read_yaml(output / SETTINGS), asked)
        write_yaml(output / SETTINGS, asked)
        measured = {}
        for name in liquids:
            folder = output / name
            sample(wanted[name], method, folder, conditions.seed, jobs)
            errors = evaluated(opened.path, folder)
            wait_until_free(folder / RUN, PATIENCE)
            cut_last_line(folder / RUN / DEVIATION)
            measured[name] = measure(errors, folder, simulate(protocols[name], folder / RUN, ranks))
        result = _result(opened, liquids, [kind for kind, _ in boxes[LIQUID]], method, measured, training)
        write_yaml(output / VERDICT, result)
    return {**result, "seconds": round(time.monotonic() - began, 1)}


def _require_feasible(protocol: Protocol, box: Composition, potential: Potential, method: Labeler, ranks: int) -> None:
    """Refuse what the dynamics of a box could not be, and molecules that a force field of the labels does not know."""
    command([], ranks)
    require_feasible(potential, protocol, sum(kind.charge * count for kind, count in box), Resources(ranks))
    if method.name in METHODS:
        for kind, _ in box:
            parameters_of(kind.smiles)


def measure(errors: dict[str, dict[str, Any]], folder: Path, run: Run) -> Measured:
    """Return what the samples and the dynamics of one liquid say.

    Parameters
    ----------
    errors
        As `decant.verdict.sample.evaluated` returns them.
    folder
        Where the samples lie.
    run
        The dynamics, at its end.
    """
    alone, box = errors["molecule"], errors["box"]["force_meV_per_A"]
    status, description = run.status, run.description
    asked = description.equilibration_ps + description.production_ps
    stopped = f"{status['guard']}: {status['message']}" if status["state"] == "stopped" else ""
    lasted = max(0.0, description.stopped_ps(status)) if stopped else asked
    collided = first_collision_ps(run)
    if collided is not None and description.equilibration_ps + collided < lasted:
        stopped, lasted = COLLIDED, description.equilibration_ps + collided
    rows = {phase: run.thermo(phase).get("density_g_cm3", np.zeros(0)) for phase in ("equilibration", "production")}
    densities = np.concatenate(list(rows.values()))
    deviation = run.path / DEVIATION
    devi = read_model_deviation(deviation)["max_devi_f"] if deviation.is_file() else np.zeros(0)
    return Measured(
        molecule=alone["force_meV_per_A"]["total"]["ratio"],
        pair=_rigid(errors["pair"]["force_meV_per_A"]),
        translation=box["translational"]["ratio"],
        rotation=box["rotational"]["ratio"],
        pressure_kbar=pressure_error_kbar(folder / "box-predicted.extxyz"),
        asked_ps=asked,
        lasted_ps=lasted,
        stopped=stopped,
        density_start_g_cm3=description.start_density_g_cm3,
        density_end_g_cm3=float(densities[-max(1, len(densities) // 5) :].mean()) if len(densities) else None,
        offset_meV_per_atom=alone["energy_meV_per_atom"]["mean_error"],
        energy_meV_per_atom=alone["energy_meV_per_atom"]["rmse_within"],
        deviation_eV_per_A=float(devi.mean()) if len(devi) else None,
    )


def _rigid(forces: dict[str, dict[str, float]]) -> float | None:
    """Return the error of the forces that move and turn whole molecules over the reference."""
    error, reference = (
        np.hypot(forces["translational"][key], forces["rotational"][key]) for key in ("rmse", "reference_rms")
    )
    return float(error / reference) if reference > 0 else None


def _result(
    potential: Potential, liquids: dict[str, str], kinds: list[Molecule], method: Labeler,
    measured: dict[str, Measured], training: TrainingData,
) -> dict[str, Any]:  # fmt: skip
    """Return the content of ``verdict.yaml``; `kinds` are the molecules of the liquid in question."""
    verdict: Verdict = judge(measured[LIQUID], measured[HOME])
    result = {
        "potential": str(potential.path),
        **liquids,
        "method": method.name,
        "method_version": method.version,
        "verdict": word(verdict.grade),
        "parts": {part: word(grade) for part, grade in verdict.parts.items()},
        "home_verdict": word(verdict.home),
        "change": None if training.molecules is None else change(kinds, training.molecules),
        "new_molecules": [one.name for one in training.new(kinds)],
        "new_groups": new_groups(kinds, training),
        "measured": {name: asdict(one) for name, one in measured.items()},
        "not_for": not_for(potential),
    }
    return {"sentence": sentence(verdict, measured[LIQUID], measured[HOME], result), **result}

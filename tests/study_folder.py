"""A study's folder as a finished or half-finished study leaves it; its numbers are made up for tests."""

from __future__ import annotations

import functools
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from ase import Atoms

from decant.analysis.analyze import OBSERVABLES, plain
from decant.analysis.averages import average
from decant.analysis.diffusion import fit_window, mean_slope
from decant.data.decomposition import labelled_parts
from decant.data.frames import write_frames
from decant.data.prediction import Prediction
from decant.foundation.files import write_yaml
from decant.foundation.tables import write_csv
from decant.foundation.units import A2_PS_TO_1E5_CM2_S
from decant.molecules.liquid import parse_liquid
from decant.molecules.solvents import molecule
from decant.potentials.fit_errors import fit_errors, molecular_errors
from decant.scoring.score import score
from decant.study.cells import FitCell, RunCell, data_folder, test_frames
from decant.study.study import Study
from decant.study.study_file import read_study
from tests.descriptions import described

STUDY: dict[str, Any] = {
    "title": "Transfer of carbonate data (made-up numbers)",
    "method": "gfn2-xtb",
    "seeds": [1, 2],
    "data": {
        "liquid": {"recipes": [{"recipe": "liquid"}], "kind": "simple"},
        "clusters": {"recipes": [{"recipe": "cluster"}], "kind": "simple"},
        "scan": {"recipes": [{"recipe": "volume_scan"}], "fit": False},
        "liquid+scan": {"join": ["liquid", "scan"], "kind": "human-designed"},
        "by-mace": {"learn": {"algorithm": "mace"}, "start": "liquid", "kind": "automatic"},
        "liquid-20": {"part_of": "liquid", "frames": 20, "kind": "learning curve"},
    },
    "test": [{"recipe": "liquid"}],
    "algorithms": {
        "mace": {"algorithm": "mace"},
        "deepmd": {"algorithm": "deepmd"},
        "ready": {"algorithm": "mace", "pretrained": "ready.model", "strategy": "zero-shot"},
        "tuned": {"algorithm": "mace", "pretrained": "ready.model", "strategy": "naive",
                  "data": ["liquid", "liquid-20"]},
    },
    "simulations": {
        "emc": {"liquid": "EMC:8", "temperature": [298, 303], "length": "4ps", "equilibration": "1ps"},
        "dec": {"liquid": "DEC:8", "temperature": 298, "length": "4ps", "equilibration": "1ps", "change": "shape",
                "data": ["liquid", "none"]},
        "acetone": {"liquid": "ACE:8", "temperature": 298, "length": "4ps", "equilibration": "1ps",
                    "change": "chemistry", "data": ["liquid", "none"]},
        "fec": {"liquid": "FEC:8", "temperature": 298, "length": "4ps", "equilibration": "1ps", "change": "chemistry",
                "data": ["liquid"], "algorithms": ["mace", "deepmd"]},
    },
}  # fmt: skip
FRAMES = {"liquid": 60, "clusters": 60, "scan": 30, "liquid+scan": 90, "by-mace": 80, "liquid-20": 20}
QUALITY = {
    ("liquid", "mace"): 0.90, ("clusters", "mace"): 0.55, ("liquid+scan", "mace"): 0.97, ("by-mace", "mace"): 0.96,
    ("liquid-20", "mace"): 0.75, ("liquid", "deepmd"): 0.60, ("clusters", "deepmd"): 0.30,
    ("liquid+scan", "deepmd"): 0.85, ("by-mace", "deepmd"): 0.61, ("liquid-20", "deepmd"): 0.35,
    ("none", "ready"): 0.50, ("liquid", "tuned"): 0.93, ("liquid-20", "tuned"): 0.88,
}  # fmt: skip
"""How good the made-up potentials are: 1 hits every reference."""
DENSITY = {"emc": 1.006, "dec": 0.970, "acetone": 0.7845, "fec": 1.45}
DIFFUSION = 1.825
ENDED = "ended 2026-01-02T03:04:05+00:00 with exit code 2"
REFUSAL = "--liquid FEC:8: FEC has the element F; the potential knows only H, C, O"


def write_study(folder: Path, part: str = "all") -> Path:
    """Write a study's folder: ``all`` of it, ``begun`` (data and fits of one set) or ``empty`` (the file alone)."""
    folder.mkdir(parents=True, exist_ok=True)
    write_yaml(folder / "study.yaml", STUDY)
    if part == "empty":
        return folder
    study = read_study(folder / "study.yaml")
    write_frames(test_frames(folder), labelled_frames())
    for name in study.data if part == "all" else ("liquid",):
        frames = [frame for _ in range(-(-FRAMES[name] // 10)) for frame in labelled_frames()][: FRAMES[name]]
        write_frames(data_folder(folder, name) / "labelled.extxyz", frames)
    fits = [fit for fit in study.fits() if part == "all" or fit.data == "liquid"]
    for fit in fits:
        write_fit(folder, fit)
    runs = [run for run in study.runs() if run.fit in fits]
    for run in runs:
        if part == "all" and run.simulation != "fec":
            write_run(folder, study, run)
    write_jobs(folder, fits, runs)
    return folder


@functools.cache
def labelled_frames() -> list[Atoms]:
    """Return ten frames of two molecules with labels and their intramolecular part, as ``decant label`` writes them."""
    random, single, frames = np.random.default_rng(7), molecule("EMC").embed(1), []
    for number in range(10):
        pair = single + single
        pair.positions[len(single) :] += (8.0, 0.0, 0.0)
        pair.set_array("mol_id", np.repeat([0, 1], len(single)))
        pair.info |= {
            "recipe": ("liquid", "dimer", "monomer")[number % 3], "group": str(number), "label_seconds": 2.5,
            "REF_energy": -900.0 + random.normal(0, 0.3), "REF_intra_energy": -899.5 + random.normal(0, 0.3),
        }  # fmt: skip
        intra = random.normal(0, 1.5, (len(pair), 3))
        pair.set_array("REF_intra_forces", intra)
        pair.set_array("REF_forces", intra + random.normal(0, 0.12, (len(pair), 3)))
        frames.append(pair)
    return frames


def chance(name: str) -> np.random.Generator:
    """Return numbers that are random, and the same for the same name."""
    return np.random.default_rng(list(name.encode()))


def write_fit(folder: Path, fit: FitCell) -> None:
    """Write fit.yaml, the errors on the test set, and the predictions behind them."""
    random, wrong = chance(fit.name), 1.15 - QUALITY[fit.data, fit.algorithm]
    if fit.data != "none":
        frames = {"train": round(0.9 * FRAMES[fit.data]), "valid": round(0.1 * FRAMES[fit.data])}
        write_yaml(
            fit.model(folder) / "fit.yaml",
            {
                "state": "finished", "algorithm": fit.algorithm, "seed": fit.seed, "last_session_s": 120.0,
                "data": {"frames": frames}, "versions": {"python": "3.11.7", "decant-mlip": "0.1.0"},
            },
        )  # fmt: skip
    predicted, whole, intra = [], [], []
    for frame in labelled_frames():
        inside, between = labelled_parts(frame)
        # within molecules the made-up errors have nothing to do with the quality, between them all
        own = inside.forces + random.normal(0, 0.08, inside.forces.shape)
        other = between.forces + random.normal(0, 0.1 * wrong, inside.forces.shape)
        intra.append(Prediction(inside.energy + random.normal(0, 0.1), own, None))
        whole.append(Prediction(intra[-1].energy + between.energy + random.normal(0, 0.2 * wrong), own + other, None))
        copy = frame.copy()
        copy.info |= {"energy": whole[-1].energy, "intra_energy": intra[-1].energy}
        copy.set_array("forces", whole[-1].forces)
        copy.set_array("intra_forces", intra[-1].forces)
        predicted.append(copy)
    errors = fit_errors(labelled_frames(), whole)
    errors["molecular"] = molecular_errors(labelled_frames(), whole, intra)
    write_yaml(fit.errors(folder), plain({"data": {"name": "test"}, **errors}))
    write_frames(fit.errors(folder).with_suffix(".extxyz"), predicted)


def write_run(folder: Path, study: Study, cell: RunCell) -> None:
    """Write a run as simulate and analyze leave it, and score it."""
    random, simulation = chance(cell.name), study.simulations[cell.simulation]
    path, liquid = cell.run(folder), parse_liquid(simulation.liquid)
    quality = QUALITY[cell.fit.data, cell.fit.algorithm] - (0.5 if cell.simulation == "acetone" else 0.0)
    conditions = {
        "potential": f"potentials/{cell.fit.name}", "liquid": simulation.liquid, "copies": 1, "ensemble": "npt",
        "temperature_K": cell.temperature, "pressure_bar": 1.0, "length_ps": 4.0, "timestep_fs": 0.5,
    }  # fmt: skip
    atoms = sum(count * len(kind.symbols) for kind, count in liquid)
    steps = {"production_steps": 8000, "equilibration_steps": 2000}
    density = DENSITY[cell.simulation]
    described(
        **{**conditions, "potential": Path(conditions["potential"])}, **steps, atoms=atoms, ranks=2,
        species=tuple((kind.name, count) for kind, count in liquid), start_density_g_cm3=density,
    ).write(path / "run.yaml")  # fmt: skip
    summary: dict[str, Any] = {"run": path.name, "status": {"state": "completed"}, "conditions": conditions}
    lasts = quality + random.normal(0, 0.04) > 0.45
    if lasts:
        summary["status"] |= {"katom_step_per_s": 5.0, "ns_per_day": 0.2}
        time = np.arange(0.0, 4.0, 0.01)
        offset = 1.0 + (1.0 - quality) * 0.2 + random.normal(0, 0.004)
        summary["density"] = average(time, density * (offset + random.normal(0, 0.01, len(time))), "g/cm3").summary()
        summary |= tables(path, liquid[0][0].name, quality, random)
    else:
        when = round(4.0 * max(quality, 0.05) + random.normal(0, 0.05), 3)
        summary["status"] = {"state": "stopped", "guard": "bond", "phase": "production", "time_ps": when, "step": 1}
        summary["production"] = {"not_available": "too short"}
    write_yaml(path / "status.yaml", summary["status"])
    write_yaml(path / OBSERVABLES, plain(summary))
    score(path)


def tables(path: Path, species: str, quality: float, random: np.random.Generator) -> dict[str, Any]:
    """Write rdf.csv and msd.csv, and return their entries in the summary."""
    r = np.arange(0.05, 8.0, 0.1)
    wave = np.exp(-((r - 4.5) ** 2)) + 1.0 / (1.0 + np.exp(-4.0 * (r - 3.8)))
    rdf = {f"{species}-{species}": ("centre of mass", wave), "O(=C)-H": ("site", np.roll(wave, -15))}
    write_csv(path / "rdf.csv", {"r_A": r, **{f"g {name}": g * (0.9 + 0.1 * quality) for name, (_, g) in rdf.items()}})
    lag = np.arange(0.0, 4.0, 0.04)
    slopes = 0.6 * DIFFUSION * (0.4 + 0.6 * quality) * random.normal(1.0, 0.1, 8)
    msd = slopes * lag[:, None] + 0.3 * (1.0 - np.exp(-5.0 * lag[:, None]))
    inside = fit_window(lag)
    value, uncertainty = mean_slope(np.polyfit(lag[inside], msd[inside], 1)[0] / 6.0 * A2_PS_TO_1E5_CM2_S)
    log_slope = float(np.polyfit(np.log(lag[inside]), np.log(msd.mean(axis=1)[inside]), 1)[0])
    write_csv(path / "msd.csv", {"lag_ps": lag, f"msd_A2 {species}": msd.mean(axis=1)})
    entry = {
        "diffusion_1e-5_cm2_s": value, "uncertainty_1e-5_cm2_s": uncertainty, "log_log_slope": log_slope,
        "fit_window_ps": [float(lag[inside[0]]), float(lag[inside[-1]])],
    }  # fmt: skip
    return {"rdf": {name: {"kind": kind} for name, (kind, _) in rdf.items()}, "diffusion": {species: entry}}


def write_jobs(folder: Path, fits: list[FitCell], runs: list[RunCell]) -> None:
    """Write jobs.json and what the jobs leave behind; runs of a liquid with fluorine are refused."""
    entries = [job("fit", fit.name, [], 2) for fit in fits if fit.data != "none"]
    entries += [job("simulate", run.name, [f"fit/{run.fit.name}"], 2) for run in runs]
    entries += [job("score", run.name, [f"simulate/{run.name}"]) for run in runs]
    (folder / "jobs.json").write_text(json.dumps(entries))
    refused = {run.name: run.fit.name for run in runs if run.simulation == "fec"}
    for entry in entries:
        file = str(folder / "jobs" / entry["name"])
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        if entry["cell"] not in refused:
            Path(f"{file}.done").touch()
            Path(f"{file}.tsv").write_text("s\th:m:s\n90.0\t0:01:30\n")
        elif entry["kind"] == "simulate":
            # by half of them the reason is told with its code, by the others as versions did that had no codes
            end = f"{ENDED}, reason unknown-element\n" if entry["cell"].split("/")[2] == "1" else ""
            Path(f"{file}.log").write_text(f"simulate: 0 steps\ndecant: error: {REFUSAL}\n{end}")


def job(kind: str, cell: str, inputs: list[str], cores: int = 1) -> dict[str, Any]:
    """Return an entry of jobs.json."""
    return {
        "name": f"{kind}/{cell}",
        "kind": kind,
        "cell": cell,
        "inputs": inputs,
        "cores": cores,
        "seconds": 60.0,
    }


def without_runs(folder: Path, data: str) -> None:
    """Take the runs of a data set away again."""
    shutil.rmtree(folder / "runs" / data)


def as_yaml(path: Path) -> dict[str, Any]:
    """Return the content of a file."""
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))

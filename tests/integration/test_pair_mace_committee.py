"""A committee in one run: its first model drives, and its deviations are those of pair_style deepmd's file."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from decant.algorithms.mace.export.weights import write_model
from decant.algorithms.mace.random import random_mace
from decant.foundation.errors import InputError
from decant.lammps.command import command, environment
from decant.lammps.data import write_data
from decant.lammps.model_deviation import read_model_deviation
from tests.integration.test_pair_mace import liquid
from tests.lammps_runs import ELEMENTS, Evaluation, evaluate, run_lmp

SMALL: dict[str, Any] = {"hidden": "8x0e+8x1o", "l_max": 2, "correlation": 2}
WRITTEN = 1e-6
"""Relative rounding of the numbers in the file, which have seven digits."""

MEMBERS = {
    "a": {**SMALL, "seed": 1},
    "b": {**SMALL, "seed": 2},
    "wider": {"hidden": "5x0e", "l_max": 1, "correlation": 1, "layers": 3, "r_max": 4.6, "seed": 3},
}


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Model files; the last one has another architecture and a longer cutoff."""
    folder = tmp_path_factory.mktemp("members")
    for name, settings in MEMBERS.items():
        write_model(random_mace(**settings), folder / f"{name}.safetensors")
    return {name: folder / f"{name}.safetensors" for name in MEMBERS}


@pytest.fixture(scope="module")
def opinions(members: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> list[Evaluation]:
    """What each member says of the liquid when it runs alone."""
    folder = tmp_path_factory.mktemp("alone")
    return [evaluate(folder, liquid(), members[name], 1) for name in MEMBERS]


def run_committee(folder: Path, files: list[Path], keywords: str, ranks: int, commands: str = "run 0\n") -> str:
    """Run the liquid on a committee and return what LAMMPS printed."""
    write_data(folder / "system.data", liquid(), ELEMENTS)
    script = (
        "units metal\natom_style molecular\nnewton on\nread_data system.data\nneighbor 1.0 bin\n"
        f"pair_style mace {' '.join(map(str, files))} {keywords}\npair_coeff * * H C O\n"
        "timestep 0.0001\nfix 1 all nve\nthermo_modify format float %.16g\n"
        "dump d all custom 1 forces.dump id fx fy fz\ndump_modify d sort id format float %.16g\n"
    )
    done = run_lmp(folder, script + commands, ranks, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def last_forces(folder: Path) -> np.ndarray:
    """Return the forces of the last step that ``run_committee`` dumped, in LAMMPS's frame."""
    lines = (folder / "forces.dump").read_text().splitlines()[-len(liquid()) :]
    return np.array([line.split()[1:] for line in lines], dtype=float)


def spread(values: np.ndarray) -> np.ndarray:
    return np.sqrt(((values - values.mean(axis=0)) ** 2).mean(axis=0))


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_the_file_holds_the_spread_of_what_the_members_say_alone(
    tmp_path: Path, members: dict[str, Path], opinions: list[Evaluation], ranks: int
) -> None:
    run_committee(tmp_path, list(members.values()), "out_file md.out out_freq 1 atomic energy", ranks)
    found = read_model_deviation(tmp_path / "md.out")

    forces = np.linalg.norm(spread(np.array([opinion.forces for opinion in opinions])), axis=1)
    virials = spread(np.array([opinion.virial for opinion in opinions])) / len(forces)
    energies = spread(np.array([opinion.energy for opinion in opinions])) / len(forces)
    assert found["step"].tolist() == [0]
    assert found["atm_devi_f"][0] == pytest.approx(forces, rel=WRITTEN)
    for name, statistic in {"max": np.max, "min": np.min, "avg": np.mean}.items():
        assert found[f"{name}_devi_f"][0] == pytest.approx(statistic(forces), rel=WRITTEN)
    # LAMMPS's unit of pressure, through which the reference comes, is rounded to six digits
    assert found["max_devi_v"][0] == pytest.approx(virials.max(), rel=1e-5)
    assert found["min_devi_v"][0] == pytest.approx(virials.min(), rel=1e-4)
    assert found["avg_devi_v"][0] == pytest.approx(np.sqrt((virials**2).mean()), rel=1e-5)
    assert found["devi_e"][0] == pytest.approx(energies, rel=WRITTEN)


def test_relative_deviations_are_divided_by_the_mean_and_the_level(
    tmp_path: Path, members: dict[str, Path], opinions: list[Evaluation]
) -> None:
    run_committee(tmp_path, list(members.values()), "relative 0.5 relative_v 0.25 out_freq 1 atomic", ranks=2)
    found = read_model_deviation(tmp_path / "model_devi.out")

    forces = np.array([opinion.forces for opinion in opinions])
    virials = np.array([opinion.virial for opinion in opinions]) / forces.shape[1]
    of_atoms = np.linalg.norm(spread(forces), axis=1) / (np.linalg.norm(forces.mean(axis=0), axis=1) + 0.5)
    of_virial = spread(virials) / (np.abs(virials.mean(axis=0)) + 0.25)
    assert found["atm_devi_f"][0] == pytest.approx(of_atoms, rel=WRITTEN)
    assert found["max_devi_f"][0] == pytest.approx(of_atoms.max(), rel=WRITTEN)
    assert found["max_devi_v"][0] == pytest.approx(of_virial.max(), rel=1e-5)


def test_the_first_model_drives_to_the_last_bit(tmp_path: Path, members: dict[str, Path]) -> None:
    run_committee(tmp_path, [members["a"]], "", ranks=2, commands="run 5\n")
    alone = last_forces(tmp_path)
    run_committee(tmp_path, [members["a"], members["b"]], "out_freq 2", ranks=2, commands="run 5\n")
    assert np.array_equal(last_forces(tmp_path), alone)
    # a longer cutoff brings the neighbors in another order
    run_committee(tmp_path, [members["a"], members["wider"]], "out_freq 2", ranks=2, commands="run 5\n")
    assert last_forces(tmp_path) == pytest.approx(alone, abs=1e-9)


def test_a_model_agrees_with_itself_in_another_file(tmp_path: Path, members: dict[str, Path]) -> None:
    run_committee(tmp_path, [members["a"], members["a"]], "out_freq 1 energy", ranks=2)
    found = read_model_deviation(tmp_path / "model_devi.out")
    assert all(np.all(values == 0) for values in found.values())


def test_one_and_two_ranks_write_the_same_file(tmp_path: Path, members: dict[str, Path]) -> None:
    texts = []
    for ranks in (1, 2):
        run_committee(tmp_path, list(members.values()), f"out_file {ranks}.out out_freq 2 atomic", ranks, "run 6\n")
        texts.append(read_model_deviation(tmp_path / f"{ranks}.out"))
    assert texts[0]["step"].tolist() == [0, 2, 4, 6]
    for name, values in texts[0].items():
        assert texts[1][name] == pytest.approx(values, rel=2e-6)


def test_the_other_members_are_evaluated_only_where_a_row_is_written(tmp_path: Path, members: dict[str, Path]) -> None:
    run_committee(tmp_path, [members["a"], members["b"]], "out_freq 3", ranks=1, commands="run 7\nrun 2\n")
    text = (tmp_path / "model_devi.out").read_text()
    assert [line.split()[0] for line in text.splitlines()[1:]] == ["0", "3", "6", "9"]
    assert read_model_deviation(tmp_path / "model_devi.out")["step"].tolist() == [0, 3, 6, 9]
    run_committee(tmp_path, [members["a"], members["b"]], "out_freq 0 out_file never.out", ranks=1)
    assert not (tmp_path / "never.out").exists()


def test_a_run_that_starts_later_appends_its_rows(tmp_path: Path, members: dict[str, Path]) -> None:
    pair = [members["a"], members["b"]]
    run_committee(tmp_path, pair, "out_freq 2", 1, "run 4\n")
    run_committee(tmp_path, pair, "out_freq 2", 1, "reset_timestep 4\nrun 4\n")
    lines = (tmp_path / "model_devi.out").read_text().splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["0", "2", "4", "4", "6", "8"]
    assert read_model_deviation(tmp_path / "model_devi.out")["step"].tolist() == [0, 2, 4, 6, 8]
    run_committee(tmp_path, pair, "out_freq 2", 1, "run 2\n")
    assert read_model_deviation(tmp_path / "model_devi.out")["step"].tolist() == [0, 2]


def write_louder(model: Path, path: Path, factor: float) -> None:
    """Write a Deep Potential whose forces are those of another one times a factor."""
    import deepmd.pt  # noqa: F401  its operators, of which the file is made
    import torch

    louder = torch.jit.load(str(model))
    last = [
        weights for name, weights in louder.named_parameters() if re.search(r"fitting_net.*layers\.2\.matrix", name)
    ]
    assert last, "the energy of an atom is linear in what its third layer multiplies"
    with torch.no_grad():
        for weights in last:
            weights.mul_(factor)
    louder.save(str(path))


@pytest.mark.parametrize("keyword", ["", "atomic"])
def test_the_same_reader_serves_pair_style_deepmd(tmp_path: Path, deepmd_potential: Path, keyword: str) -> None:
    atoms = liquid()
    write_data(tmp_path / "system.data", atoms, ELEMENTS)
    model = deepmd_potential / "model.pth"
    write_louder(model, tmp_path / "louder.pth", 1.2)
    (tmp_path / "in.deepmd").write_text(
        "units metal\natom_style molecular\nread_data system.data\n"
        f"pair_style deepmd {model} louder.pth out_file md.out out_freq 2 {keyword}\npair_coeff * * H C O\n"
        "timestep 0.0001\nfix 1 all nve\ndump d all custom 2 forces.dump id fx fy fz\n"
        "dump_modify d sort id format float %.16g\nrun 4\nrun 2\n"
    )
    words = command(["-in", "in.deepmd", "-log", "none"], 1)
    done = subprocess.run(
        words, cwd=tmp_path, env=environment("deepmd"), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    found = read_model_deviation(tmp_path / "md.out")
    lengths = np.linalg.norm(last_forces(tmp_path), axis=1)  # mean 1.1, deviation 0.1
    assert found["step"].tolist() == [0, 2, 4, 6]
    assert found["max_devi_f"][-1] == pytest.approx(0.1 * lengths.max(), rel=WRITTEN)
    assert found["avg_devi_f"][-1] == pytest.approx(0.1 * lengths.mean(), rel=WRITTEN)
    assert ("atm_devi_f" in found) == (keyword == "atomic")
    if keyword:
        assert found["atm_devi_f"][-1] == pytest.approx(0.1 * lengths, rel=WRITTEN)


def test_the_columns_are_laid_out_as_by_pair_style_deepmd(tmp_path: Path, members: dict[str, Path]) -> None:
    run_committee(tmp_path, [members["a"], members["b"]], "out_freq 1 atomic", ranks=1)
    header, row = (tmp_path / "model_devi.out").read_text().splitlines()
    assert header == (
        "#       step         max_devi_v         min_devi_v         avg_devi_v"
        "         max_devi_f         min_devi_f         avg_devi_f      atm_devi_f(N)"
    )
    assert len(row) == 12 + 19 * (6 + len(liquid()))
    assert row[:12] == "           0"


DAMAGES = {
    "no head": (lambda text: text.split("\n", 1)[1], "line 1"),
    "another file": (lambda text: "# step energy\n0 1.0\n", "line 1"),
    "a lost number": (lambda text: text.replace(text.splitlines()[2].split()[3], "", 1), "line 3"),
    "a word": (lambda text: text.replace(text.splitlines()[2].split()[3], "three", 1), "line 3"),
    "two rows in one": (
        lambda text: "\n".join(text.splitlines()[:2]) + "".join(text.splitlines()[2:]) + "\n",
        "line 2",
    ),
}


@pytest.mark.parametrize(("damage", "line"), DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_is_named_with_its_line(
    tmp_path: Path, members: dict[str, Path], damage: Callable[[str], str], line: str
) -> None:
    run_committee(tmp_path, [members["a"], members["b"]], "out_file md.out out_freq 1", ranks=1, commands="run 3\n")
    path = tmp_path / "md.out"
    path.write_text(damage(path.read_text()))
    with pytest.raises(InputError, match=f"md.out, {line}"):
        read_model_deviation(path)


def test_a_row_cut_off_by_a_kill_is_left_out(tmp_path: Path, members: dict[str, Path]) -> None:
    run_committee(tmp_path, [members["a"], members["b"]], "out_file md.out out_freq 1", ranks=1, commands="run 3\n")
    path = tmp_path / "md.out"
    path.write_text(path.read_text()[:-30])
    assert read_model_deviation(path)["step"].tolist() == [0, 1, 2]


MISTAKES = {
    "keywords for one model": ("{a} out_freq 10", "* * H C O", "out_freq needs two model files or more"),
    "a keyword without its value": ("{a} {b} out_file", "* * H C O", "out_file needs a value"),
    "a negative frequency": ("{a} {b} out_freq -1", "* * H C O", "out_freq -1"),
    "a word for a number": ("{a} {b} relative much", "* * H C O", "much"),
    "an unknown keyword": ("{a} {b} out_freq 10 atomwise", "* * H C O", "unknown keyword 'atomwise'"),
    "a misspelt first keyword": ("{a} {b} outfreq", "* * H C O", "cannot read the model file outfreq"),
    "a model file named twice over": ("{a} {b}", "* * {a} H C O", "pair_style names the model files"),
    "a file that cannot be written": ("{a} {b} out_file no/such/folder", "* * H C O", "no/such/folder"),
    "a member that lacks an element": ("{a} {hydrocarbon}", "* * H C O", "does not know the element O"),
}


@pytest.mark.parametrize(("style", "coefficients", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_in_the_lines_ends_both_ranks_with_one_clear_error(
    tmp_path: Path, members: dict[str, Path], style: str, coefficients: str, message: str
) -> None:
    write_model(random_mace(elements=(1, 6), **SMALL), tmp_path / "hydrocarbon.safetensors")
    names = {**members, "hydrocarbon": tmp_path / "hydrocarbon.safetensors"}
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    done = run_lmp(
        tmp_path,
        "units metal\natom_style molecular\nread_data system.data\n"
        f"pair_style mace {style.format(**names)}\npair_coeff {coefficients.format(**names)}\nrun 0\n",
        ranks=2,
        timeout=300,
    )
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "ERROR" in said
    assert message in said, said

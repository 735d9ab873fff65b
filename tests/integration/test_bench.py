"""`decant bench` runs the real LAMMPS over sizes and ranks, and finds out where the time and the memory go."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from ase import Atoms

from decant.algorithms.mace.random import random_mace
from decant.data.frames import write_frames
from decant.foundation.files import read_yaml
from decant.lammps.command import command, environment
from decant.lammps.data import write_data
from decant.lammps.inputs import inputs_directory
from decant.lammps.launch import launch, variables
from decant.molecules.liquid import parse_liquid
from decant.molecules.packing import pack
from tests.conftest import REPOSITORY
from tests.integration.conftest import run_decant
from tests.opencl import opencl_variables

SHORT = ("--steps", "3", "--repeats", "2")
LIQUID = "EC:1,EMC:2"
KERNELS = {"edge_list", "forces", "sources 2", "wait 2", "exchange 2"} | {
    f"{kernel} {layer}"
    for kernel in ("edges_forward", "edges_reverse", "mix", "product_forward", "product_reverse", "update", "readout")
    for layer in (1, 2)
}


@pytest.fixture(scope="module")
def potential(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported MACE with random weights."""
    folder = tmp_path_factory.mktemp("random potential")  # with a blank
    torch.save(random_mace(hidden="8x0e+8x1o", l_max=2, correlation=2), folder / "random.model")
    run_decant("export", folder / "random.model", "-o", folder / "random", "--precision", "single")
    return folder / "random"


@pytest.fixture(scope="module")
def liquid() -> Atoms:
    return pack(parse_liquid(LIQUID), 1.0, seed=1)


def test_sizes_and_ranks_are_measured_with_kernels_and_memory(potential: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["--liquid", LIQUID, "--atoms", "40,160,150", "--ranks", "1,2", "--oversubscribe", *SHORT]
    done = run_decant("bench", potential, *options, "-o", out)
    results = read_yaml(out / "bench.yaml")["results"]
    assert [(one["atoms"], one["ranks"]) for one in results] == [(40, 1), (40, 2), (160, 1), (160, 2)]
    for one in results:
        assert one["steps"] == 3 and len(one["runs_katom_step_per_s"]) == 2
        assert one["peak_MB_per_rank"] >= one["fixed_MB_per_rank"] > 1
        assert one["katom_step_per_s_lowest"] <= one["katom_step_per_s"] <= one["katom_step_per_s_highest"]
        assert sum(one["shares"].values()) == pytest.approx(1.0, abs=0.01)
        assert set(one["shares"]) >= KERNELS
        assert one["shares"]["pair, rest"] >= 0, "kernels do not overlap"
        assert one["neighbours_per_atom"] == pytest.approx(4 / 3 * 3.1416 * 4.0**3 * 0.0813, rel=0.15)
    assert (out / "bench.png").is_file() and (out / "bench.csv").is_file()
    assert "katom-step/s" in done.stdout and "edges_reverse 2" in done.stdout


def test_a_device_is_measured_and_told(potential: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in opencl_variables(tmp_path / "opencl").items():
        monkeypatch.setenv(name, value)
    environment.cache_clear()
    try:
        options = ["--liquid", LIQUID, "--atoms", "40", "--ranks", "1", "--steps", "3", "--repeats", "1"]
        done = run_decant("bench", potential, *options, "--device", "opencl", "-o", tmp_path / "out")
        (result,) = read_yaml(tmp_path / "out" / "bench.yaml")["results"]
        assert result["device"] == "opencl" and " on opencl, " in done.stdout
        assert set(result["shares"]) >= KERNELS
        refused = run_decant("bench", potential, *options, "--device", "gpu", expect=1).stderr
        assert "unknown device 'gpu'; expected cpu, cuda, cuda:1, opencl" in refused
    finally:
        environment.cache_clear()


def test_timers_are_silent_unless_asked_for(potential: Path, liquid: Atoms, tmp_path: Path) -> None:
    write_data(tmp_path / "system.data", liquid, ("H", "C", "O"))
    (tmp_path / "potential").symlink_to(potential)
    arguments = ["-in", str(inputs_directory() / "in.bench"), *variables({"potential": "potential", "steps": 3})]
    for more, told in (({}, False), ({"DECANT_TIMERS": "1"}, True)):
        outcome = launch(arguments, 1, tmp_path, plugin="mace", more_environment=more)
        assert outcome.code == 0, outcome.reason()
        assert ("pair_style mace timers" in (tmp_path / "log.lammps").read_text()) is told


def test_timers_of_the_first_rank_are_those_of_all(potential: Path, liquid: Atoms, tmp_path: Path) -> None:
    write_data(tmp_path / "system.data", liquid, ("H", "C", "O"))
    (tmp_path / "potential").symlink_to(potential)
    values = variables({"potential": "potential", "steps": 3})
    mpirun, _, _, *lmp = command(["-in", str(inputs_directory() / "in.bench"), "-log", "log.lammps", *values], 1)
    # ranks that wait for each other by what each finds in its environment would wait for ever
    words = [mpirun, "-np", "1", "-env", "DECANT_TIMERS", "1", *lmp, ":", "-np", "1", *lmp]
    done = subprocess.run(
        words, cwd=tmp_path, env=environment("mace"), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "  wait             2 " in (tmp_path / "log.lammps").read_text()


def test_every_atom_stays_near_its_place_whatever_the_potential(potential: Path, liquid: Atoms, tmp_path: Path) -> None:
    write_data(tmp_path / "system.data", liquid, ("H", "C", "O"))
    (tmp_path / "potential").symlink_to(potential)
    watch = "compute d all displace/atom\ncompute far all reduce max c_d[4]\nthermo_style custom step c_far\n"
    script = (inputs_directory() / "in.bench").read_text().replace("velocity all", watch + "velocity all")
    (tmp_path / "in.far").write_text(script)
    arguments = ["-in", "in.far", *variables({"potential": "potential", "steps": 100})]
    outcome = launch(arguments, 1, tmp_path, plugin="mace")
    assert outcome.code == 0, outcome.reason()
    assert outcome.last_row["step"] == 102
    assert 0.05 < outcome.last_row["c_far"] < 0.7, "angstrom; free hydrogen would have flown 2 by now"


def test_the_box_can_come_from_a_file(potential: Path, liquid: Atoms, tmp_path: Path) -> None:
    write_data(tmp_path / "system.data", liquid, ("H", "C", "O"))
    smaller = liquid[:10]
    smaller.info["group"] = "a"
    write_frames(tmp_path / "frames.extxyz", [smaller, liquid])
    for name in ("system.data", "frames.extxyz"):
        run_decant(
            "bench",
            potential,
            "--system",
            tmp_path / name,
            "--atoms",
            "80",
            "--ranks",
            "1",
            *SHORT,
            "-o",
            tmp_path / "o",
        )
        content = read_yaml(tmp_path / "o" / "bench.yaml")
        assert [one["atoms"] for one in content["results"]] == [80]
        assert name in content["conditions"]["system"]


@pytest.mark.parametrize("name", ["mace", "deepmd"])
def test_both_algorithms_are_measured(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    fitted = request.getfixturevalue(f"{name}_potential")
    run_decant("bench", fitted, "--liquid", LIQUID, "--atoms", "40", "--ranks", "1", *SHORT, "-o", tmp_path)
    shares = read_yaml(tmp_path / "bench.yaml")["results"][0]["shares"]
    assert ("Pair" in shares) is (name == "deepmd")
    assert sum(shares.values()) == pytest.approx(1.0, abs=0.01)


BAD = {
    "no number": (("--atoms", "many"), "--atoms many: expected positive whole numbers"),
    "no rank": (("--ranks", "0"), "--ranks 0: expected positive whole numbers"),
    "an unknown element": (("--liquid", "CSC:2"), "element S: the potential knows only H, C, O"),
    "no such system": (("--system", "nowhere.data"), "nowhere.data: no such file; expected a LAMMPS data file"),
    "another data file": (
        ("--system", "wrong.data"),
        "wrong.data: expected a LAMMPS data file of atom_style",
    ),
    "a gas": (("--system", "gas.xyz"), "gas.xyz: last frame: expected a liquid, periodic in all directions"),
}


@pytest.mark.parametrize(("options", "message"), BAD.values(), ids=BAD.keys())
def test_a_mistake_is_one_clear_line(
    options: tuple[str, ...], message: str, potential: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wrong.data").write_text("a file\n\n3 atoms\n2 atom types\n")
    Path("gas.xyz").write_text("1\n\nH 0 0 0\n")
    done = run_decant("bench", potential, *options, *SHORT, expect=2)
    assert message in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_run_that_fails_says_which_and_why(potential: Path, tmp_path: Path) -> None:
    atoms = Atoms("HHO", positions=[[1, 1, 1], [1, 1, 1.01], [3, 3, 3]], cell=[9, 9, 9], pbc=True)
    write_data(tmp_path / "overlap.data", atoms, ("H", "C", "O"))
    words = ("bench", potential, "--system", tmp_path / "overlap.data", "--atoms", "3", "--ranks", "1", *SHORT)
    said = run_decant(*words, expect=1).stderr
    assert re.search(r"random, 3 atoms, 1 ranks x 1 threads: LAMMPS failed: .*angstrom apart", said)


def test_one_command_tells_what_ranks_lose_and_what_the_machine_does(tmp_path: Path) -> None:
    script, output = REPOSITORY / "benchmarks" / "ranks.py", tmp_path / "ranks.csv"
    options = ["--models=A", "--atoms=160", "--ranks=2", "--steps=1", "--repeats=2", "-o", output]
    done = subprocess.run([sys.executable, script, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    _, first, second = output.read_text().splitlines()
    for line in (first, second):
        name, *speeds = line.split(",")
        assert name == "A float" and len(speeds) == 3 and all(float(speed) > 0 for speed in speeds)
    assert "ranks/runs, %" in done.stdout and "A float" in done.stdout


def test_one_command_makes_the_table_of_models(tmp_path: Path) -> None:
    script = REPOSITORY / "benchmarks" / "mace_table.py"
    options = ["--models=A", "--precisions=float", "--atoms=160", "--ranks=1", "--steps=1", "--repeats=1"]
    done = subprocess.run(
        [sys.executable, script, *options, "-o", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    table = (tmp_path / "table.txt").read_text()
    assert "A float" in table and "64x0e" in table and "cores" in table.splitlines()[0]
    assert read_yaml(tmp_path / "bench.yaml")["results"][0]["atoms"] == 160

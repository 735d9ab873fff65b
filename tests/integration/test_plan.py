"""`decant plan` from a real bench, from a real run, and from what it measures itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from decant.foundation.files import read_yaml, write_yaml
from decant.planning.cards import CARDS
from tests.integration.conftest import run_decant

JOB = ("--atoms", "1e6", "--length", "1ns", "--cores", "64")


@pytest.fixture(scope="module")
def bench(mace_potential: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("bench")
    run_decant(
        *("bench", mace_potential, "--liquid", "CO:10", "--atoms", "60,240", "--ranks", "1,2"),
        *("--steps", "20", "--repeats", "1", "-o", output),
    )
    # what others took of the cores meanwhile decides which speeds a plan uses: here nothing
    content = read_yaml(output / "bench.yaml")
    for result in content["results"]:
        result["others_busy_cores"] = 0.0
    write_yaml(output / "bench.yaml", content)
    return output


def test_a_bench_becomes_a_plan_with_memory_and_the_density_of_its_liquid(mace_potential: Path, bench: Path) -> None:
    said = run_decant("plan", mace_potential, *JOB, "--bench", bench, "--json").stdout
    forecast = json.loads(said)
    assert forecast["job"]["ranks"] == 64
    assert 0 < forecast["ns_per_day"][0] <= forecast["ns_per_day"][1]
    assert forecast["MB_per_rank"][0] > 10
    assert len(forecast["measured"]) == 2  # both sizes on two ranks; one rank left the machine half idle
    assert not [line for line in forecast["assumed"] if "cubic angstrom" in line]
    more = json.loads(run_decant("plan", mace_potential, *JOB[2:], "--atoms", "2e6", "--bench", bench, "--json").stdout)
    assert more["ns_per_day"][1] < forecast["ns_per_day"][1]
    assert more["MB_per_rank"][1] > forecast["MB_per_rank"][1]


def test_a_run_gives_its_speed(mace_potential: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run_decant(
        *("simulate", mace_potential, "--liquid", "CO:10", "--ensemble", "nvt", "--temperature", "30"),
        *("--length", "0.02ps", "--ranks", "2", "-o", run),
    )
    done = run_decant("plan", mace_potential, *JOB, "--run", run)
    assert "60 atoms on 2 ranks x 1 threads: " in done.stdout and "give --bench" in done.stdout


def test_without_numbers_it_measures(mace_potential: Path) -> None:
    done = run_decant("plan", mace_potential, *JOB, "--liquid", "CO:10")
    assert "measured now on this machine" in done.stdout and "core-hours" in done.stdout


def test_a_card_that_is_not_at_hand_is_counted_beside_the_aims(mace_potential: Path) -> None:
    counted = {card: json.loads(run_decant("plan", mace_potential, "--gpu", card, "--json").stdout) for card in CARDS}
    h100, a100, h200 = (counted[card] for card in ("h100", "a100", "h200"))
    assert h100["kernels"] == a100["kernels"] and h100["kernels"][1]["name"] == "edges_forward 1"
    assert 0 < h100["us_per_atom_step"][0] < h100["us_per_atom_step"][1] < a100["us_per_atom_step"][1]
    assert h100["us_per_atom_step"][0] > sum(h100["us_per_atom"])
    assert h200["atoms_that_fit"] == pytest.approx(h100["atoms_that_fit"] * 141 / 80, rel=0.1)
    assert h100["memory_kB"] < h100["aim_memory_kB"]
    few = json.loads(run_decant("plan", mace_potential, "--gpu", "h100", "--atoms", "160", "--json").stdout)
    assert few["us_per_atom_step"][0] > 10 * h100["us_per_atom_step"][0], "starting kernels takes the time of few atoms"
    said = run_decant("plan", mace_potential, "--gpu", "h100").stdout
    for word in (
        "NVIDIA H100 SXM: 80 GB at 3.35 TB/s",
        "atoms fit",
        "edges_reverse 2, by source",
        "not yet held against",
    ):
        assert word in said
    refused = run_decant("plan", mace_potential, "--gpu", "h1000", expect=2).stderr
    assert "--gpu h1000 (did you mean 'h100'?): expected a100, h100, h200" in refused
    unmeasured = run_decant("plan", mace_potential, *JOB[:4], "--gpus", "4", expect=2).stderr
    assert "--gpus: no speed on a GPU was measured; run 'decant bench'" in unmeasured
    assert "--atoms and --length" in run_decant("plan", mace_potential, expect=2).stderr

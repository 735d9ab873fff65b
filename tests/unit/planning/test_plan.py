"""Planning a large run from measured numbers: ranges that add up, and plain words on what is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from decant.foundation.errors import InputError
from decant.foundation.files import write_yaml
from decant.planning.measurements import Measured, from_bench
from decant.planning.plan import Job, as_text, fullest, plan
from decant.planning.scaling import Liquid, Work
from decant.potentials.potential import Potential

MACE = {"hidden_irreps": "16x0e+16x1o", "num_interactions": 2}
JOB = Job(atoms=1_000_000, length_ps=10_000.0, cores=128)
BENCH = [
    Measured(640, 2, 1, 3.0, 3.3, "bench.yaml", 2, peak_MB=60.0, fixed_MB=50.0, kB_per_atom=31.0, density_A3=0.08),
    Measured(2560, 2, 1, 3.6, 3.8, "bench.yaml", 2, peak_MB=85.0, fixed_MB=50.0, kB_per_atom=27.0, density_A3=0.08),
    Measured(2560, 1, 1, 2.0, 2.1, "bench.yaml", 2, peak_MB=99.0, fixed_MB=50.0, kB_per_atom=19.0, density_A3=0.08),
]


@pytest.fixture
def mace() -> Potential:
    return Potential(Path("potentials/a"), {"algorithm": "mace", "cutoff_A": 5.0, "architecture": MACE})


@pytest.fixture
def deepmd() -> Potential:
    card = {"algorithm": "deepmd", "cutoff_A": 6.0, "architecture": {"descriptor": {"rcut": 6.0}}}
    return Potential(Path("potentials/d"), card)


def test_every_pair_is_a_range_and_the_cost_is_cores_times_time(mace: Potential) -> None:
    forecast = plan(mace, JOB, BENCH)
    for low, high in (forecast.ns_per_day, forecast.days, forecast.cost_hours, forecast.MB_per_rank or (1, 0)):
        assert 0 < low <= high
    for days, speed, cost in zip(forecast.days, reversed(forecast.ns_per_day), forecast.cost_hours, strict=True):
        assert days == pytest.approx(10.0 / speed)
        assert cost == pytest.approx(days * 24 * 128)


def test_large_costs_are_written_out(mace: Potential) -> None:
    for length_ps in (100.0, 1_000.0, 10_000.0, 1e6):
        assert "e+" not in as_text(plan(mace, replace(JOB, length_ps=length_ps), BENCH))


def test_a_measured_run_is_forecast_as_measured(mace: Potential) -> None:
    forecast = plan(mace, Job(2560, 1000.0, cores=2), BENCH)
    per_ns = 0.5e-6 * 86400 * 1000 / 2560  # ns/day of one katom-step/s
    low, high = forecast.ns_per_day
    assert low <= 3.6 * per_ns * 1.001 and high == pytest.approx(3.8 * per_ns, rel=1e-3)
    assert forecast.MB_per_rank == pytest.approx((85.0, 85.0), rel=0.06)


def test_a_small_size_that_ran_unevenly_widens_the_range_and_does_not_turn_it_over(mace: Potential) -> None:
    even = plan(mace, Job(20480, 1000.0, cores=2), BENCH[:2]).ns_per_day
    small = replace(BENCH[0], slow=2.0, fast=3.7)  # from its fastest run, ghosts look cheap and own atoms dear
    low, high = plan(mace, Job(20480, 1000.0, cores=2), [small, BENCH[1]]).ns_per_day
    assert low < even[0] < even[1] < high


def test_more_atoms_are_slower_and_speed_times_atoms_stays_for_many(mace: Potential) -> None:
    speeds = [plan(mace, replace(JOB, atoms=n), BENCH).ns_per_day for n in (10**5, 10**6, 10**10, 10**11)]
    for end in (0, 1):
        assert all(speeds[k][end] > speeds[k + 1][end] for k in range(3))
        assert speeds[2][end] == pytest.approx(10 * speeds[3][end], rel=0.02)


def test_the_timestep_sets_the_length_of_a_day_and_not_its_steps(mace: Potential) -> None:
    half, whole = (plan(mace, replace(JOB, timestep_fs=step), BENCH) for step in (0.5, 1.0))
    assert whole.ns_per_day == pytest.approx([2 * speed for speed in half.ns_per_day])


def test_memory_adds_up_from_a_fixed_part_and_the_atoms_of_a_rank(mace: Potential) -> None:
    points = [replace(point, peak_MB=Work(0.01, 0.004, 40.0)(point.own, Liquid(0.08, 6.0))) for point in BENCH]
    forecast = plan(mace, JOB, points)
    expected = Work(0.01, 0.004, 40.0)(JOB.atoms / 128, Liquid(0.08, 6.0))
    assert forecast.MB_per_rank is not None
    assert any(end == pytest.approx(expected, rel=0.02) for end in forecast.MB_per_rank)
    larger = plan(mace, replace(JOB, cores=64), points)
    assert larger.MB_per_rank is not None and larger.MB_per_rank[1] > forecast.MB_per_rank[1]


def test_measurements_of_the_full_machine_count_where_they_have_two_sizes() -> None:
    assert fullest(BENCH) == BENCH[:2]
    assert fullest(BENCH[1:]) == BENCH[1:]


def test_what_was_assumed_is_told(mace: Potential) -> None:
    here = plan(mace, Job(2560, 1000.0, cores=2), BENCH)
    assert not [line for line in here.assumed if "network" in line or "rested" in line]
    away = plan(mace, JOB, [replace(BENCH[2], atoms=1280, density_A3=None)])
    for word in ("network", "rested", "one size", "0.1 atoms in a cubic angstrom", "far from"):
        assert any(word in line for line in away.assumed), word
    text = as_text(away)
    assert "core-hours" in text and "assumed:" in text and "1280 atoms on 1 ranks" in text


def test_a_run_tells_no_memory(mace: Potential) -> None:
    point = Measured(2560, 2, 1, 3.6, 3.6, "runs/a")
    forecast = plan(mace, JOB, [point])
    assert forecast.MB_per_rank is None
    assert "give --bench" in as_text(forecast)


def test_gpus_need_a_measurement_with_a_rank_on_each(deepmd: Potential) -> None:
    job = replace(JOB, gpus=64)
    with pytest.raises(InputError, match="`gpus`: no speed on a GPU was measured; run 'decant bench'"):
        plan(deepmd, job, BENCH)
    with pytest.raises(InputError, match="no speed on a GPU"):
        plan(deepmd, job, [replace(point, gpus=1, ranks=2) for point in BENCH])
    forecast = plan(deepmd, job, [replace(point, gpus=1, ranks=1) for point in BENCH])
    assert forecast.job.ranks == 64
    assert forecast.cost_hours[0] == pytest.approx(forecast.days[0] * 24 * 64)
    assert "GPU-hours" in as_text(forecast)


def test_a_mace_is_planned_for_gpus_from_what_it_did_on_them_and_for_cores_from_the_rest(mace: Potential) -> None:
    on_cores = [replace(point, gpus=1, ranks=1, device="cpu") for point in BENCH]
    with pytest.raises(InputError, match="a MACE takes --device cuda there"):
        plan(mace, replace(JOB, gpus=4), on_cores)
    on_cards = [replace(point, slow=100.0, fast=110.0, device="cuda") for point in on_cores]
    there = replace(JOB, gpus=4)
    assert plan(mace, there, [*on_cores, *on_cards]) == plan(mace, there, on_cards)
    assert plan(mace, JOB, [*on_cores, *on_cards]) == plan(mace, JOB, on_cores)


def test_senseless_jobs_are_refused_by_name(mace: Potential) -> None:
    with pytest.raises(InputError, match="`cores` 2 with `threads` 4: less than one rank"):
        plan(mace, replace(JOB, cores=2, threads=4), BENCH)
    with pytest.raises(InputError, match="`atoms` 100: fewer than the 128 ranks"):
        plan(mace, replace(JOB, atoms=100), BENCH)
    with pytest.raises(InputError, match="`threads` 2: measured were only 1 threads"):
        plan(mace, replace(JOB, threads=2), BENCH)


def test_speeds_from_which_others_took_a_core_are_not_planned_with(
    mace: Potential, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    same = {"potential": "a", "threads": 1, "peak_MB_per_rank": 60.0, "fixed_MB_per_rank": 50.0, "kB_per_atom": 30.0}
    slow, fast = "katom_step_per_s_lowest", "katom_step_per_s_highest"
    one = {**same, "atoms": 160, "ranks": 1, slow: 9.0, fast: 10.0, "others_busy_cores": 0.9}
    two = {**same, "atoms": 160, "ranks": 2, slow: 4.0, fast: 6.0, "others_busy_cores": 0.9}
    write_yaml(tmp_path / "bench.yaml", {"machine": {"cores": 2}, "results": [one, two]})
    assert [point.ranks for point in from_bench(tmp_path, mace)] == [1]
    assert "1 of 2 speeds are not used: other processes kept up to 0.9 of 2 cores busy" in caplog.text
    write_yaml(tmp_path / "bench.yaml", {"machine": {"cores": 2}, "results": [two]})
    assert [point.ranks for point in from_bench(tmp_path, mace)] == [2]
    assert "the speeds are too low" in caplog.text


def test_a_bench_of_other_potentials_is_refused_by_name(mace: Potential, tmp_path: Path) -> None:
    result = {"potential": "b", "atoms": 160, "ranks": 1, "threads": 1}
    write_yaml(tmp_path / "bench.yaml", {"machine": {"cores": 2}, "results": [result]})
    with pytest.raises(InputError, match="has no measurement of 'a', only of b"):
        from_bench(tmp_path, mace)
    write_yaml(tmp_path / "other.yaml", {"results": "none"})
    with pytest.raises(InputError, match=r"other\.yaml: expected the bench\.yaml of 'decant bench'"):
        from_bench(tmp_path / "other.yaml", mace)


@pytest.mark.parametrize("wrong", [{"timestep_fs": 0.0}, {"timestep_fs": -0.5}, {"threads": 0}])
def test_a_job_without_time_or_threads_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"`{next(iter(wrong))}`: expected a "):
        replace(JOB, **wrong)


def test_a_potential_that_python_computes_is_planned_on_its_one_rank() -> None:
    python = Potential(Path("potentials/p"), {"algorithm": "ase", "cutoff_A": 5.0, "in_python": True})
    with pytest.raises(InputError, match=r"`cores` 128 with `threads` 1: .* in Python, on one rank"):
        plan(python, JOB, BENCH)
    alone = [replace(point, ranks=1) for point in BENCH[:2]]
    assert plan(python, replace(JOB, atoms=1000, cores=1), alone).job.ranks == 1

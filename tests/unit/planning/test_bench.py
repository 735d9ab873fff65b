"""A bench: what is measured, how its numbers are derived, and what it writes."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from decant.foundation.errors import InputError
from decant.foundation.machine import available_cores, describe_cpu
from decant.lammps.timing import Timing, read_timing
from decant.planning import bench as module
from decant.planning.bench import Bench, Case, Plan, Result, bench, copies_along
from decant.planning.bench_report import as_text, efficiency, write

LOG = """
info memory out log
Maximum resident set size: 40 Mbyte
run 2
Loop time of 0.5 on 2 procs for 2 steps with 320 atoms

pair_style mace timers: kernel, layer, seconds (sum over threads, mean over ranks)
  edge_list        1 0.100000

MPI task timing breakdown:
Section |  min time  |  avg time  |  max time  |%varavg| %total
---------------------------------------------------------------
Pair    | 0.4        | 0.4        | 0.4        |   0.0 | 80.00

run 40
Loop time of 2 on 2 procs for 40 steps with 320 atoms

Performance: 1.302 ns/day, 18.439 hours/ns, 20.0 timesteps/s, 6.4 katom-step/s
49.4% CPU use with 2 MPI tasks x 1 OpenMP threads

pair_style mace timers: kernel, layer, seconds (sum over threads, mean over ranks)
  edge_list        1 0.004447
  edges_reverse    1 0.317677
  edges_reverse    2 0.500000

MPI task timing breakdown:
Section |  min time  |  avg time  |  max time  |%varavg| %total
---------------------------------------------------------------
Pair    | 1.5        | 1.6        | 1.7        |   0.0 | 80.00
Neigh   | 0.00072251 | 0.1        | 0.00072251 |   0.0 |  5.00
Comm    | 0          | 0          | 0          |   0.0 |  0.00
Other   |            | 0.3        |            |       | 15.00

Nlocal:            160 ave         160 max         160 min
Maximum resident set size: 41.57 Mbyte
"""


def write_log(folder: Path, text: str) -> Path:
    path = folder / "bench.log"
    path.write_text(text)
    return path


def timing(loop_s: float = 2.0, steps: int = 40, atoms: int = 320, peak: float = 60.0, **more) -> Timing:
    return Timing(loop_s, steps, atoms, 1, peak_MB=(40.0, peak), **more)


def result(ranks: int = 1, threads: int = 1, loops: tuple[float, ...] = (2.0, 2.5, 1.0), atoms: int = 320) -> Result:
    case = Case("mace-a", "mace", Path("p"), (2, 1, 1), atoms, ranks, threads)
    kernels = {"edge_list": 0.2, "mix 1": 1.0}
    profile = timing(kernels=kernels, sections={"Pair": 1.5, "Comm": 0.4, "Other": 0.1})
    return Result(case, 30.5, profile, [timing(loop, atoms=atoms) for loop in loops])


@given(st.integers(1, 3000))
def test_the_box_is_repeated_exactly_as_often_as_asked_for(factor):
    assert math.prod(copies_along(factor)) == factor


@pytest.mark.parametrize(("factor", "expected"), [(1, (1, 1, 1)), (8, (2, 2, 2)), (125, (5, 5, 5)), (12, (3, 2, 2))])
def test_copies_make_the_box_as_cubic_as_they_can(factor, expected):
    assert copies_along(factor) == expected


def test_the_last_run_of_a_log_is_read(tmp_path):
    read = read_timing(write_log(tmp_path, LOG))
    assert (read.loop_s, read.steps, read.atoms, read.ranks) == (2.0, 40, 320, 2)
    assert read.katom_step_per_s == pytest.approx(6.4)
    assert read.sections == {"Pair": 1.6, "Neigh": 0.1, "Comm": 0.0, "Other": 0.3}
    assert read.kernels == {"edge_list": 0.004447, "edges_reverse 1": 0.317677, "edges_reverse 2": 0.5}
    assert read.peak_MB == pytest.approx((40 * 1.048576, 41.57 * 1.048576))


def test_a_log_without_timers_has_no_kernels_and_one_without_a_run_no_timing(tmp_path):
    plain = "\n".join(line for line in LOG.splitlines() if "timers" not in line and not line.startswith("  "))
    assert read_timing(write_log(tmp_path, plain)).kernels == {}
    assert read_timing(write_log(tmp_path, LOG.partition("Loop time")[0])) is None


def test_speed_is_the_median_and_ns_per_day_is_for_the_time_step():
    one = result()
    assert one.speed == pytest.approx(6.4)
    assert sorted(one.speeds) == pytest.approx([5.12, 6.4, 12.8])
    # 20 steps a second, each of 0.5 fs
    assert one.ns_per_day(0.5) == pytest.approx(20 * 0.5e-6 * 86400)


def test_memory_per_atom_is_what_comes_on_top_over_the_atoms_of_a_rank():
    assert result().fixed_MB == 40.0
    assert result().peak_MB == 60.0
    assert result().kB_per_atom == pytest.approx(20_000 / 320)
    assert result(ranks=2).kB_per_atom == pytest.approx(20_000 / 160)


@pytest.mark.parametrize("threads", [1, 2])
def test_shares_of_time_add_up_to_all_threads(threads):
    shares = result(threads=threads).shares
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["mix 1"] == pytest.approx(0.5 / threads)
    assert shares["Comm"] == pytest.approx(0.2)
    assert "Pair" not in shares


def test_a_pair_style_without_timers_has_one_share():
    one = result()
    one.profile = timing(sections={"Pair": 1.5, "Comm": 0.5})
    assert one.shares == pytest.approx({"Pair": 0.75, "Comm": 0.25})


def test_efficiency_is_relative_to_one_rank_with_one_thread():
    results = [result(), result(ranks=2, loops=(1.25,)), result(atoms=640, ranks=2)]
    done = Bench(Plan((Path("p"),)), {}, results, [])
    assert efficiency(done, results[0]) == pytest.approx(1.0)
    assert efficiency(done, results[1]) == pytest.approx(0.8)
    assert efficiency(done, results[2]) is None


def test_the_efficiency_of_the_fastest_runs_is_not_that_of_what_was_disturbed():
    results = [result(loops=(2.0, 2.0, 2.4)), result(ranks=2, loops=(1.0, 1.25, 1.5))]
    done = Bench(Plan((Path("p"),)), {}, results, [])
    assert efficiency(done, results[1]) == pytest.approx(0.8)
    assert efficiency(done, results[1], max) == pytest.approx(1.0)


def test_a_timed_run_lasts_about_ten_seconds_between_neighbor_lists():
    assert module._steps(timing(loop_s=1.0, steps=20)) == 200
    assert module._steps(timing(loop_s=1000.0, steps=20)) == 20
    assert module._steps(timing(loop_s=1e-3, steps=20)) == 2000


def test_more_ranks_and_threads_than_cores_are_left_out_with_a_note():
    cores = available_cores()
    plan = Plan((), ranks=(1, cores), threads=(1, 2))
    found, skipped = module._combinations(plan)
    assert (cores, 2) not in found and (1, 1) in found
    assert f"{cores} ranks x 2 threads: more than the {cores} cores" in skipped[-1]
    everything, none = module._combinations(Plan((), ranks=(1, cores), threads=(1, 2), oversubscribe=True))
    assert (cores, 2) in everything and not none
    with pytest.raises(InputError, match="`oversubscribe`"):
        bench(Plan((), ranks=(cores,), threads=(2,)))


def test_the_cpu_is_named_with_its_widest_instructions():
    text = "processor : 0\nvendor_id : X\ncpu family : 25\nmodel : 17\nmodel name : Some CPU\nflags : fpu avx avx2\n"
    assert describe_cpu(text) == ("Some CPU (family 25, model 17)", "AVX2")
    assert describe_cpu(text.replace("avx2", "avx2 avx512f"))[1] == "AVX-512"
    assert describe_cpu("") == ("unknown", "none known")


MACHINE = {"cpu": "Some CPU", "cores": 2, "simd": "AVX2", "memory_GB": 8, "system": "Linux", "load_before": 0.1}


def test_files_hold_every_configuration_and_name_the_machine(tmp_path):
    results = [result(), result(ranks=2, loops=(1.25, 1.3, 1.2)), result(atoms=640), result(atoms=640, ranks=2)]
    done = Bench(Plan((Path("p"),)), MACHINE, results, ["2 ranks x 2 threads: more than the 2 cores"])
    write(done, tmp_path / "out")
    content = yaml.safe_load((tmp_path / "out" / "bench.yaml").read_text())
    assert content["machine"] == MACHINE
    assert content["conditions"]["timestep_fs"] == 0.5
    assert [one["katom_step_per_s"] for one in content["results"]] == pytest.approx([6.4, 10.24, 12.8, 12.8])
    assert content["results"][1]["efficiency"] == pytest.approx(0.8)
    with (tmp_path / "out" / "bench.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["atoms"], row["ranks"]) for row in rows] == [("320", "1"), ("320", "2"), ("640", "1"), ("640", "2")]
    assert float(rows[0]["share mix 1"]) == pytest.approx(0.5)
    assert (tmp_path / "out" / "bench.png").read_bytes().startswith(b"\x89PNG")
    text = as_text(done)
    assert "Some CPU, 2 cores, AVX2" in text and "timestep 0.5 fs" in text
    assert "left out: 2 ranks x 2 threads" in text


def test_results_from_which_others_took_a_core_are_named():
    quiet, busy = result(), result(ranks=2)
    quiet.runs = [replace(run, others_busy_cores=0.8) for run in quiet.runs]
    busy.runs = [replace(run, others_busy_cores=0.8) for run in busy.runs]
    lines = as_text(Bench(Plan(()), MACHINE, [quiet, busy], [])).splitlines()
    (line,) = [line for line in lines if line.startswith("busy: ")]
    assert "up to 0.8 of the 2 cores busy" in line
    assert "2 ranks x 1 threads" in line and "1 ranks" not in line


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="is a file; give a folder to `output`"):
        write(Bench(Plan(()), MACHINE, [result()], []), tmp_path / "out")
    with pytest.raises(InputError, match="out: is a file where a folder is needed"):
        write(Bench(Plan(()), MACHINE, [result()], []), tmp_path / "out" / "below")


@pytest.mark.parametrize("wrong", [{"repeats": 0}, {"steps": -1}, {"timestep_fs": 0.0}, {"temperature_K": -300.0}])
def test_what_cannot_be_measured_is_refused_before_anything_runs(wrong):
    with pytest.raises(InputError, match=f"`{next(iter(wrong))}`: expected a "):
        Plan((), **wrong)

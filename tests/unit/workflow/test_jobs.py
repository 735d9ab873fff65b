"""A study is a graph of commands: each after what it needs, every path in the study's folder, the cost told before."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from decant.foundation.errors import OUT_OF_TIME
from decant.foundation.locks import locked
from decant.foundation.progress import span
from decant.study.cells import ZERO
from decant.study.cost import START
from decant.study.resources import FLOOR, KINDS, MARGIN, UNKNOWN
from decant.study.study import Study
from decant.study.study_file import read_study
from decant.workflow.jobs import Job, study_inputs, study_jobs
from decant.workflow.matrix import cost_table, graph, matrix
from decant.workflow.outcome import State, outcome, state, summary
from tests.unit.study.test_study import SMALLEST, XTB, changed, written


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return read_study(written(tmp_path, SMALLEST))


@pytest.fixture
def jobs(study: Study) -> dict[str, Job]:
    return {job.name: job for job in study_jobs(study)}


def test_every_job_comes_after_those_that_it_needs_and_has_a_name_of_its_own(study: Study) -> None:
    seen: set[str] = set()
    for job in study_jobs(study):
        assert set(job.inputs) <= seen, job.name
        assert job.name not in seen and job.kind in KINDS
        seen.add(job.name)


def test_what_a_command_reads_is_made_by_a_job_that_it_waits_for_or_written_beforehand(study: Study) -> None:
    made: dict[str, set[str]] = {}
    before = {str(path) for path in study_inputs(study)}
    jobs = study_jobs(study)
    for job in jobs:
        upstream = set(job.inputs).union(*(made[name] for name in job.inputs))
        made[job.name] = upstream
        outputs = {other.output for other in jobs if other.name in upstream} | {job.output}
        for word in job.command:
            if word.startswith(("data/", "models/", "potentials/", "runs/", "test/")):
                assert any(word.startswith(output) or output.startswith(word) for output in outputs), (job.name, word)
            if word.startswith("inputs/"):
                assert word in before


def test_only_sets_that_are_fitted_are_split_and_never_hold_a_test_frame(jobs: dict[str, Job]) -> None:
    assert {job.cell for job in jobs.values() if job.kind == "split"} == {"liquid", "two", "active"}
    command = jobs["split/two"].command
    assert command[command.index("--without") + 1] == "test/labelled.extxyz"


def test_sets_of_the_same_recipe_have_different_seeds_and_a_part_is_chosen_by_the_seed_of_the_study(
    jobs: dict[str, Job],
) -> None:
    assert jobs["build/test"].command[-1] != jobs["build/liquid"].command[-1]
    assert jobs["select/two"].command[1:] == (
        "select", "data/liquid/labelled.extxyz", "--random", "--seed", "1", "-o", "data/two/labelled.extxyz", "-n", "2",
    )  # fmt: skip


def test_replicas_differ_in_their_seed_and_potentials_share_it(jobs: dict[str, Job]) -> None:
    seeds: dict[str, set[str]] = {}
    for job in jobs.values():
        if job.kind == "simulate":
            seeds.setdefault(job.cell[-1], set()).add(job.command[job.command.index("--seed") + 1])
    assert seeds == {"1": {"1"}, "2": {"2"}}


def test_a_pretrained_model_of_the_study_is_waited_for(jobs: dict[str, Job]) -> None:
    assert jobs["fit/two/tuned/2"].inputs == ("split/two", "fit/liquid/dp/1")
    command = " ".join(jobs["fit/two/tuned/2"].command)
    assert "--pretrained models/liquid/dp/1 --strategy naive" in command
    zero = jobs[f"export/{ZERO}/zero/1"]
    assert zero.inputs == ("fit/liquid/dp/1",) and zero.command[2] == "models/liquid/dp/1"
    assert f"fit/{ZERO}/zero/1" not in jobs


def test_the_head_of_a_published_model_is_exported_as_it_is_or_fitted_from(tmp_path: Path) -> None:
    head = {"algorithm": "deepmd", "pretrained": "DPA-3.1-3M", "head": "Domains_Drug"}
    choices = {
        "algorithms__zero": {**head, "strategy": "zero-shot"},
        "algorithms__tuned": {**head, "preset": "quick", "strategy": "naive", "data": "two"},
    }
    study = read_study(written(tmp_path, changed(**choices)))
    jobs = {job.name: job.command for job in study_jobs(study)}
    for name in (f"export/{ZERO}/zero/1", "fit/two/tuned/1"):
        assert " ".join(jobs[name]).endswith("--head Domains_Drug")
    assert "--head" not in jobs["export/two/tuned/1"], "what is fitted from it has one task"


def test_replayed_frames_are_those_of_a_data_set(tmp_path: Path) -> None:
    tuned = {**SMALLEST["algorithms"]["tuned"], "strategy": "replay", "replay": "liquid"}  # type: ignore[index]
    study = read_study(written(tmp_path, changed(algorithms__tuned=tuned)))
    job = next(job for job in study_jobs(study) if job.name == "fit/two/tuned/1")
    assert "split/liquid" in job.inputs and job.command[-2:] == ("--replay", "data/liquid/split")


def test_a_score_waits_for_all_runs_of_the_reference(jobs: dict[str, Job]) -> None:
    job = jobs["score/two/dp/1/ec/300K/1"]
    assert job.command.count("--reference") == 4 and len(job.inputs) == 5
    assert jobs["score/two/dp/1/dmc/300K/1"].command[3:5] == ("--reference", "experiment")


def test_the_only_run_of_a_reference_level_has_no_score(tmp_path: Path) -> None:
    study = read_study(written(tmp_path, changed(seeds=[1], simulations__ec__replicas=1)))
    names = {job.name for job in study_jobs(study)}
    assert "score/liquid/dp/1/ec/300K/1" not in names and "analyze/liquid/dp/1/ec/300K/1" in names
    assert "score/two/dp/1/ec/300K/1" in names


def test_a_reference_of_values_becomes_a_file(tmp_path: Path) -> None:
    values = {"density_g_cm3": 1.2, "source": "a book"}
    study = read_study(written(tmp_path, changed(simulations__ec__reference=values)))
    path = Path("inputs/references/ec.yaml")
    assert study_inputs(study)[path] == values
    assert str(path) in next(job for job in study_jobs(study) if job.name.startswith("score/two/dp/1/ec")).command


def test_active_learning_starts_from_the_labelled_file_of_its_start(study: Study) -> None:
    folder = Path("inputs/data")
    settings = study_inputs(study)[folder / "active.yaml"]
    assert Path(folder, settings["initial"][0]).resolve() == Path("data/two/labelled.extxyz").resolve()
    assert settings["method"] == study.method


def test_every_job_asks_for_what_its_work_needs(jobs: dict[str, Job], study: Study) -> None:
    for job in jobs.values():
        assert job.ranks >= 1 and job.cores % job.ranks == 0 and job.gpus == 0 and job.memory_MB >= 1000
        least = UNKNOWN if job.seconds is None else max(FLOOR, MARGIN * job.seconds / 60)
        assert least <= job.minutes < least + 1
    simulate, fit = jobs["simulate/two/dp/1/ec/300K/1"], jobs["fit/two/dp/1"]
    assert (simulate.ranks, simulate.cores) == (study.ranks, study.ranks) and (fit.ranks, fit.cores) == (1, study.cores)


def test_the_table_of_resources_decides_and_the_entry_of_an_algorithm_comes_before_that_of_all(tmp_path: Path) -> None:
    table = {
        "simulate": {"ranks": 4, "cores": 2, "time": "90s"},
        "fit": {"memory": "4GB", "partition": "long"},
        "fit/tuned": {"gpus": 1, "memory": "1.5GB"},
        "label": {"cores": 8},
    }
    jobs = {job.name: job for job in study_jobs(read_study(written(tmp_path, changed(resources=table))))}
    run = jobs["simulate/two/dp/1/ec/300K/1"]
    assert (run.ranks, run.cores, run.minutes, run.memory_MB) == (4, 8, 2, 8000)
    assert "--ranks 4 --threads 2" in run.shell and "--gpus" not in run.shell
    assert (jobs["fit/two/dp/1"].memory_MB, jobs["fit/two/dp/1"].gpus) == (4000, 0)
    tuned = jobs["fit/two/tuned/1"]
    assert (tuned.memory_MB, tuned.gpus, tuned.partition) == (1500, 1, "long")
    assert jobs["label/test"].cores == 8 and "--jobs 8" in jobs["label/test"].shell


def test_settings_of_the_method_are_those_of_labels_of_active_learning_and_of_its_own_runs(tmp_path: Path) -> None:
    openff = {"method": "openff", "method_settings": {"ion_charge_scale": 0.8}}
    study = read_study(written(tmp_path, changed(**openff, algorithms__truth={"algorithm": "method"})))
    jobs = {job.name: job for job in study_jobs(study)}
    assert "--method openff" in jobs["label/test"].shell and "--set ion_charge_scale=0.8" in jobs["label/test"].shell
    assert "--method openff --ion-charge-scale 0.8" in jobs["simulate/none/truth/1/ec/300K/1"].shell
    assert "--ion-charge-scale" not in jobs["simulate/two/dp/1/ec/300K/1"].shell
    (learned,) = study.data["active"].inputs(study, "active").values()
    assert learned["method"] == "openff" and learned["method_settings"] == {"ion_charge_scale": 0.8}
    assert matrix(study).splitlines()[2] == "data sets: 4, labelled with openff (ion_charge_scale 0.8)"


def test_more_ranks_make_a_simulation_cheaper_by_the_estimate(tmp_path: Path, jobs: dict[str, Job]) -> None:
    more = read_study(written(tmp_path, changed(resources={"simulate": {"ranks": 8}})))
    name = "simulate/two/dp/1/ec/300K/1"
    seconds = next(job.seconds for job in study_jobs(more) if job.name == name)
    assert seconds is not None and jobs[name].seconds is not None and seconds < jobs[name].seconds


def test_the_cost_is_told_by_kind_and_says_what_it_leaves_out(study: Study, tmp_path: Path) -> None:
    jobs = study_jobs(study)
    table = cost_table(jobs, 2)
    total = sum((job.seconds or 0) * job.cores for job in jobs) / 2
    assert f" {span(total)}" in table.splitlines()[-1]
    assert [line.split()[0] for line in table.splitlines()[1:-1]] == list(KINDS)
    unknown = read_study(written(tmp_path, changed(method="mopac")))
    table = cost_table(study_jobs(unknown), 2)
    assert "not counted, since nothing tells what they take: label/test and 2 more" in table


def test_a_fit_that_only_epochs_limit_costs_what_its_frames_do(tmp_path: Path) -> None:
    def seconds(epochs: int, data: str) -> float:
        study = read_study(written(tmp_path, changed(algorithms__dp__max_epochs=epochs)))
        return next(job.seconds for job in study_jobs(study) if job.name == f"fit/{data}/dp/1") or 0.0

    start = START["fit"]
    assert seconds(200, "two") - start == pytest.approx(2 * (seconds(100, "two") - start))
    assert seconds(100, "liquid") - start == pytest.approx(2 * (seconds(100, "two") - start)), "4 frames and 2"


def test_longer_runs_and_larger_boxes_cost_more(tmp_path: Path) -> None:
    def simulation(**changes: object) -> float:
        study = read_study(written(tmp_path, changed(**changes)))
        return sum(job.seconds or 0.0 for job in study_jobs(study) if job.kind == "simulate")

    assert simulation(simulations__ec__length="2ps") > simulation()
    assert simulation(simulations__ec__copies=2) > simulation()


def test_the_speed_of_a_preset_of_ones_own_counts(tmp_path: Path) -> None:
    def simulation(speed: str) -> float | None:
        preset = tmp_path / f"mine{speed.removeprefix('speed: ')}.yaml"
        preset.write_text(f"max_time: 1min\n{speed}\n")
        study = read_study(written(tmp_path, changed(algorithms__dp__preset=str(preset))))
        return next(job.seconds for job in study_jobs(study) if job.name == "simulate/two/dp/1/ec/300K/1")

    slow, fast = simulation("speed: 1"), simulation("speed: 100")
    assert slow is not None and fast is not None and slow > fast
    assert simulation("") is None


def test_the_matrix_names_every_data_set_algorithm_and_liquid(study: Study) -> None:
    text = matrix(study)
    for name in (*study.data, *study.algorithms, *study.simulations):
        assert f"  {name} " in text
    assert "potentials: 9" in text and "collected by deepmd from two" in text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder in which one job is done, one failed with a reason, one was killed, and the others wait."""
    for name, log in {
        "build/test": None, "label/test": "label: 1/4\ndecant: error: no label\n", "build/liquid": "Killed\n",
    }.items():  # fmt: skip
        path = tmp_path / "jobs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if log is None:
            path.with_name(f"{path.name}.done").touch()
        else:
            path.with_name(f"{path.name}.log").write_text(log)
    return tmp_path


def test_how_a_job_stands_is_told_by_its_marker_and_its_log(jobs: dict[str, Job], folder: Path) -> None:
    assert state(folder, jobs["build/test"]) is State.DONE
    assert state(folder, jobs["label/test"]) is State.FAILED
    assert state(folder, jobs["build/liquid"]) is State.INTERRUPTED
    assert state(folder, jobs["label/liquid"]) is State.WAITING


def test_between_its_end_and_its_marker_a_job_runs_as_long_as_the_run_goes_on(
    jobs: dict[str, Job], folder: Path
) -> None:
    log = folder / "jobs" / "build" / "liquid.log"
    log.write_text("started 2026-01-02T03:04:05+00:00 on here\nended 2026-01-02T03:04:09+00:00 with exit code 0\n")
    assert state(folder, jobs["build/liquid"]) is State.INTERRUPTED
    with locked(folder):
        assert state(folder, jobs["build/liquid"]) is State.RUNNING


def test_the_summary_tells_reasons_with_the_end_of_the_log_and_what_could_not_run_because_of_them(
    jobs: dict[str, Job], folder: Path
) -> None:
    result = outcome(folder, list(jobs.values()))
    assert result.done == ("build/test",)
    assert {name: one.reason for name, one in result.failed.items()} == {
        "label/test": "no label", "build/liquid": "ended without saying why; its last words: Killed",
    }  # fmt: skip
    assert result.stopped["fit/two/dp/1"] == "build/liquid" and not result.left
    text = summary(result)
    assert f"done: 1 of {len(jobs)} jobs" in text
    assert (
        "failed: label/test: no label\n  its log, jobs/label/test.log, ends with\n"
        "    label: 1/4\n    decant: error: no label\n" in text
    )
    assert f"not run because of build/liquid: {len(jobs) - 3} jobs" in text


def test_jobs_that_failed_alike_are_told_once(jobs: dict[str, Job], folder: Path) -> None:
    for name in ("build/test", "label/test", "build/liquid"):
        (folder / "jobs" / f"{name}.log").write_text("decant: error: no packmol\n")
    (folder / "jobs" / "build" / "test.done").unlink()
    text = summary(outcome(folder, list(jobs.values())))
    assert "failed: build/test and 1 more: no packmol" in text and "failed: label/test: no packmol" in text


def test_the_graph_tells_what_each_kind_waits_for_and_what_is_left_of_it(study: Study) -> None:
    jobs = study_jobs(study)
    left = {job.name for job in jobs if job.kind != "build"}
    lines = {line.split()[0]: line for line in graph(jobs, left, 2).splitlines()[2:]}
    assert list(lines) == [*KINDS, "all"]
    assert lines["build"].split()[1:3] == ["2", "0"] and lines["build"].endswith("nothing")
    assert lines["fit"].endswith("1 split, 0-1 fit")  # a tuned one needs a fit as well
    assert lines["score"].endswith("1-5 analyze")
    cost = sum((job.seconds or 0) * job.cores for job in jobs if job.name in left) / 2
    assert span(cost) in lines["all"]


def test_a_simulation_that_is_out_of_time_waits_for_the_next_call_and_is_no_failure(
    jobs: dict[str, Job], tmp_path: Path
) -> None:
    name = "simulate/two/dp/1/ec/300K/1"
    log = tmp_path / "jobs" / f"{name}.log"
    log.parent.mkdir(parents=True)
    log.write_text(
        "started 2026-01-02T03:04:05+00:00 on here\nruns/a: out of time at step 8 of 9; the same command continues it\n"
        f"ended 2026-01-02T03:04:09+00:00 with exit code {OUT_OF_TIME}\n"
    )
    assert state(tmp_path, jobs[name]) is State.WAITING
    result = outcome(tmp_path, list(jobs.values()))
    assert result.out_of_time == (name,) and not result.failed and not result.stopped
    assert f"not done yet: {len(jobs)} jobs, 1 of them out of time; the same command continues" in summary(result)


def test_a_job_that_slurm_ended_is_told_with_its_words(jobs: dict[str, Job], folder: Path) -> None:
    output = folder / "slurm" / "rule_build" / "liquid" / "7.log"
    output.parent.mkdir(parents=True)
    output.write_text("slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-11-25T04:45:12 DUE TO TIME LIMIT ***\n")
    reason = outcome(folder, list(jobs.values())).failed["build/liquid"].reason
    assert reason.endswith("Killed | Slurm ended its job 7 due to time limit; see slurm/rule_build/liquid/7.log")


def test_a_name_with_dots_keeps_its_own_marker(study: Study, tmp_path: Path) -> None:
    job = next(job for job in study_jobs(study) if job.kind == "fit")
    dotted = replace(job, cell="liquid/v1.5/1")
    path = tmp_path / "jobs" / f"{dotted.name}.done"
    path.parent.mkdir(parents=True)
    path.touch()
    assert state(tmp_path, dotted) is State.DONE


def test_jobs_are_plain_records(jobs: dict[str, Job]) -> None:
    record = json.loads(json.dumps(jobs["fit/two/dp/1"].record()))
    assert record["name"] == "fit/two/dp/1" and record["cell"] == "two/dp/1"
    assert record["command"][:3] == ["decant", "fit", "deepmd"]


def test_a_calculator_as_it_is_runs_on_one_rank_beside_potentials_on_several(tmp_path: Path) -> None:
    content = changed(algorithms__zero=XTB, ranks=4)
    jobs = {job.name: job for job in study_jobs(read_study(written(tmp_path, content)))}
    assert "fit/none/zero/1" not in jobs
    export = jobs["export/none/zero/1"]
    assert export.inputs == ()
    assert export.shell == "decant export gfn2-xtb -o potentials/none/zero/1 --elements H,C,O"
    theirs = jobs["simulate/none/zero/1/ec/300K/1"]
    ours = jobs["simulate/liquid/dp/1/ec/300K/1"]
    assert (theirs.ranks, theirs.cores, ours.ranks) == (1, 1, 4)
    assert "--ranks 1 " in theirs.shell and "--ranks 4 " in ours.shell
    assert {"evaluate/none/zero/1", "analyze/none/zero/1/ec/300K/1", "score/none/zero/1/ec/300K/1"} <= jobs.keys()


def test_the_reference_method_runs_without_a_potential_and_its_runs_are_the_truth_of_the_others(tmp_path: Path) -> None:
    truth = {"algorithms__zero": {"algorithm": "method"}, "simulations__ec__reference": "none/zero"}
    study = read_study(written(tmp_path, changed(method="openff", ranks=2, **truth)))
    jobs = {job.name: job for job in study_jobs(study)}
    run = jobs["simulate/none/zero/1/ec/300K/1"]
    assert run.inputs == () and run.ranks == 2
    assert run.command[:4] == ("decant", "simulate", "--method", "openff")
    assert not [name for name in jobs if name.startswith(("fit/none", "export/none", "evaluate/none"))]
    score = jobs["score/liquid/dp/1/ec/300K/1"]
    assert score.shell.count("--reference runs/none/zero/1/ec/300K/") == 2, "both replicas"
    assert "score/none/zero/1/ec/300K/1" in jobs, "a replica of the truth tells how well it agrees with itself"

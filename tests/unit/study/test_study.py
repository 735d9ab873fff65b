"""A study file is read strictly, and everything that it names is checked before anything runs."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from decant.data.frames import write_frames
from decant.foundation.errors import InputError
from decant.potentials.ready import take
from decant.study.cells import FitCell
from decant.study.checks import check_study
from decant.study.study_file import read_study, study_values
from decant.testing.frames import methanol_frames
from decant.workflow.jobs import study_inputs, study_jobs
from decant.workflow.matrix import matrix

LIQUID = {"recipe": "liquid", "count": 4, "parameters": {"liquid": "EC:2,EMC:4", "density": 1.1}}
SMALLEST = {
    "title": "A study",
    "test": [LIQUID],
    "data": {
        "liquid": {"recipes": [LIQUID, {"recipe": "atom", "parameters": {"elements": "H,C,O"}}]},
        "two": {"part_of": "liquid", "frames": 2},
        "both": {"join": ["liquid", "two"], "fit": False},
        "active": {
            "start": "two",
            "learn": {
                "algorithm": "deepmd", "preset": "quick", "deviation": [0.1, 1.0],
                "states": [{"liquid": "EC:1", "temperature": 300, "length": "1ps"}],
            },
        },
    },
    "algorithms": {
        "dp": {"algorithm": "deepmd", "preset": "quick"},
        "tuned": {
            "algorithm": "deepmd", "preset": "quick", "pretrained": "liquid/dp/1", "strategy": "naive", "data": "two",
        },
        "zero": {"algorithm": "deepmd", "pretrained": "liquid/dp/1", "strategy": "zero-shot"},
    },
    "simulations": {
        "ec": {"liquid": "EC:4", "temperature": [300, 350], "length": "1ps", "replicas": 2, "reference": "liquid/dp"},
        "dmc": {"liquid": "DMC:4", "temperature": 300, "length": "1ps", "change": "shape", "data": ["none", "two"]},
    },
    "seeds": [1, 2],
}  # fmt: skip
XTB = {"algorithm": "ase", "pretrained": "gfn2-xtb", "elements": "H,C,O", "strategy": "zero-shot"}


def written(folder: Path, content: dict[str, Any]) -> Path:
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def changed(**changes: Any) -> dict[str, Any]:
    """Return the smallest study with some values changed; the keys are paths with two underscores."""
    content = copy.deepcopy(SMALLEST)
    for path, value in changes.items():
        *parents, last = path.split("__")
        target: Any = content
        for parent in parents:
            target = target[parent]
        target[last] = value
    return content


def test_it_expands_to_its_fits_and_runs(tmp_path: Path) -> None:
    study = read_study(written(tmp_path, SMALLEST))
    check_study(study)
    fits = list(study.fits())
    assert len(fits) == 3 * 2 + 1 * 2 + 1  # sets that are fitted x seeds, tuned x seeds, as it is
    assert FitCell("none", "zero", 1) in fits and FitCell("both", "dp", 1) not in fits
    runs = list(study.runs())
    assert len(runs) == len(fits) * 2 * 2 + len([fit for fit in fits if fit.data in ("none", "two")])
    assert len({run.name for run in runs}) == len(runs)


def test_a_run_of_the_reference_level_is_compared_with_the_others_of_that_level(tmp_path: Path) -> None:
    study = read_study(written(tmp_path, SMALLEST))
    for run in study.runs():
        others = study.reference_runs(run)
        if run.simulation == "dmc":
            assert others is None
            continue
        assert others is not None and run not in others
        own = (run.fit.data, run.fit.algorithm) == ("liquid", "dp")
        assert len(others) == (3 if own else 4)  # two seeds with two replicas at one temperature
        assert {other.temperature for other in others} == {run.temperature}


def test_an_algorithm_may_have_its_own_number_of_replicas(tmp_path: Path) -> None:
    study = read_study(written(tmp_path, changed(algorithms__zero__replicas=5)))
    check_study(study)
    counts = {
        (name, simulation): max(
            run.replica for run in study.runs() if (run.fit.algorithm, run.simulation) == (name, simulation)
        )
        for name in ("dp", "zero")
        for simulation in ("ec", "dmc")
    }
    assert counts == {("dp", "ec"): 2, ("dp", "dmc"): 1, ("zero", "ec"): 5, ("zero", "dmc"): 5}
    assert "x 2-5 replicas" in matrix(study)


def test_the_reference_method_may_have_more_replicas_and_nothing_else(tmp_path: Path) -> None:
    study = read_study(written(tmp_path, changed(algorithms__truth={"algorithm": "method", "replicas": 3})))
    assert len([run for run in study.runs() if run.fit.algorithm == "truth" and run.simulation == "dmc"]) == 3
    with pytest.raises(InputError, match="'preset' has no meaning for the reference method itself"):
        read_study(written(tmp_path, changed(algorithms__truth={"algorithm": "method", "preset": "small"})))


def test_relative_paths_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    write_frames(tmp_path / "own.extxyz", methanol_frames(1, seed=1))
    content = changed(data__two={"labelled": "own.extxyz"}, algorithms__zero__pretrained="own.extxyz")
    content["data"]["liquid"]["recipes"].append({"recipe": "import", "parameters": {"file": "own.extxyz"}})
    (tmp_path / "runs" / "a").mkdir(parents=True)
    content["test"] = [LIQUID, {"recipe": "run", "parameters": {"run": "runs/a"}}]
    study = read_study(written(tmp_path, content))
    assert study.test.recipes[-1]["parameters"]["run"] == str(tmp_path / "runs" / "a")
    assert study.data["two"].labelled == study.algorithms["zero"].pretrained == str(tmp_path / "own.extxyz")
    assert study.data["liquid"].recipes is not None
    assert study.data["liquid"].recipes[-1]["parameters"]["file"] == str(tmp_path / "own.extxyz")
    assert study.algorithms["tuned"].pretrained == "liquid/dp/1"


def test_a_study_of_labelled_files_needs_no_method_and_tests_on_one_of_them(tmp_path: Path) -> None:
    for name in ("own", "test"):
        write_frames(tmp_path / f"{name}.extxyz", methanol_frames(2, seed=1))
    data = {"all": {"labelled": "own.extxyz"}, "half": {"part_of": "all", "frames": 1}}
    content = changed(test={"labelled": "test.extxyz"}, data=data, simulations__ec__reference="experiment")
    content |= {"method": "cp2k:none-such", "algorithms": {"dp": SMALLEST["algorithms"]["dp"]}}
    del content["simulations"]["dmc"]
    study = read_study(written(tmp_path, content))
    check_study(study)
    jobs = {job.name: job for job in study_jobs(study)}
    assert str(tmp_path / "test.extxyz") in jobs["select/test"].command
    assert {"select/test", "select/all"} <= set(jobs["split/all"].inputs)
    assert "select/test" in jobs["evaluate/half/dp/1"].inputs
    assert not any(name.startswith(("label", "build")) for name in jobs)
    assert study_inputs(study) == {}
    assert "labelled with what made the labelled files" in matrix(study)
    assert "labelled with PBE-D3\n" in matrix(read_study(written(tmp_path, content | {"labelled_by": "PBE-D3"})))
    assert study_values(tmp_path / "study.yaml")["test"] == {"labelled": str(tmp_path / "test.extxyz")}
    for wrong in ({"labelled": "test.extxyz", "fit": False}, {"join": ["all"]}, "test.extxyz", []):
        with pytest.raises(InputError, match="test: expected a list of recipes"):
            read_study(written(tmp_path, changed(test=wrong)))
    (tmp_path / "test.extxyz").unlink()
    with pytest.raises(InputError, match=r"test: .*test\.extxyz"):
        check_study(study)


def test_a_fit_may_start_from_a_ready_potential_by_its_name(tmp_path: Path) -> None:
    tuned = {"algorithm": "mace", "preset": "finetune", "pretrained": "ec-emc-dft", "strategy": "naive"}
    check_study(read_study(written(tmp_path, changed(algorithms__tuned=tuned))))
    tuned["pretrained"] = "ec-emc-df"
    with pytest.raises(InputError, match=r"no published model of mace or ready potential \(did you mean 'ec-emc-dft'"):
        check_study(read_study(written(tmp_path, changed(algorithms__tuned=tuned))))


def zero_shot(**choice: Any) -> dict[str, Any]:
    """Return the study of one potential as it is, without data."""
    content = changed(data={}, algorithms={"ready": {"algorithm": "mace", "strategy": "zero-shot", **choice}})
    del content["simulations"]["dmc"], content["simulations"]["ec"]["reference"]
    return content


def test_a_potential_is_taken_as_it_is_and_needs_no_data(tmp_path: Path) -> None:
    for name in ("mine", "ec-emc-mace"):
        if name == "mine":
            take("ec-emc-mace", tmp_path / name)
        study = read_study(written(tmp_path, zero_shot(pretrained=name, precision="single", elements="H, C, O")))
        check_study(study)
        assert "data sets: 0" in matrix(study)
        jobs = {job.name: job.command for job in study_jobs(study)}
        model = str(tmp_path / name) if name == "mine" else name
        assert jobs["export/none/ready/1"][:5] == ("decant", "export", model, "-o", "potentials/none/ready/1")


def test_a_pretrained_model_that_the_algorithm_cannot_take_is_told_beforehand(tmp_path: Path) -> None:
    mace, deepmd = (take(f"ec-emc-{name}", tmp_path / name).path for name in ("mace", "deepmd"))
    (tmp_path / "empty").mkdir()
    shutil.copy(deepmd / "model.pth", tmp_path / "lone.pth")
    tuned = {"algorithm": "deepmd", "strategy": "naive", "preset": "quick", "data": "liquid"}
    wrong = [
        (zero_shot(pretrained=str(mace / "reference.safetensors")), "is a part of a potential; give the whole"),
        (zero_shot(pretrained="lone.pth"), "lone.pth: is a deepmd model; a mace cannot start from it"),
        (zero_shot(pretrained="deepmd"), "deepmd: is a deepmd model; a mace cannot start from it"),
        (zero_shot(pretrained="empty"), "empty: no fit.yaml or card.yaml in it"),
        (zero_shot(pretrained="mace", precision="double"), "to be taken as it is: leave out `precision`"),
        (zero_shot(pretrained="mace", elements="H,C"), "to be taken as it is: leave out `elements`"),
        (zero_shot(pretrained="mace", head="pbe"), "to be taken as it is: leave out `head`"),
        (changed(algorithms__tuned={**tuned, "pretrained": "deepmd"}), "holds a frozen model, from which no training"),
    ]
    for content, said in wrong:
        with pytest.raises(InputError) as raised:
            check_study(read_study(written(tmp_path, content)))
        assert str(raised.value).startswith("algorithms: ") and said in str(raised.value)


def test_a_recipe_that_samples_with_other_settings_than_its_labels_is_told(tmp_path: Path, parameter_cache, caplog):
    driven = {**LIQUID, "parameters": {**LIQUID["parameters"], "driver": "openff"}}
    scaled = {**LIQUID, "parameters": {**driven["parameters"], "driver_settings": {"ion_charge_scale": 0.8}}}
    content = changed(method="openff", method_settings={"ion_charge_scale": 0.8}, test=[scaled, driven, driven])
    check_study(read_study(written(tmp_path, content)))
    told = [record.getMessage() for record in caplog.records if "driver_settings" in record.getMessage()]
    assert told == [
        "test: its driver openff has driver_settings {}, its labels have method_settings {'ion_charge_scale': 0.8}"
    ]


def test_a_word_stays_a_word_beside_a_folder_of_its_name_and_each_of_a_committee_is_found(tmp_path: Path) -> None:
    for name in ("gfn2-xtb", "quick", "one", "two"):
        (tmp_path / name).mkdir()
    active = {"recipe": "active", "parameters": {"committee": "one, two", "states": [], "deviation": [0.1, 0.5]}}
    content = changed(method="gfn2-xtb", algorithms__dp__preset="quick")
    content["data"]["liquid"]["recipes"] += [active, {**LIQUID, "parameters": {"driver": "gfn2-xtb"}}]
    study = read_study(written(tmp_path, content))
    assert study.method == "gfn2-xtb" and study.algorithms["dp"].preset == "quick"
    assert study.data["liquid"].recipes is not None
    first, second = (entry["parameters"] for entry in study.data["liquid"].recipes[-2:])
    assert first["committee"] == [str(tmp_path / "one"), str(tmp_path / "two")]
    assert second["driver"] == "gfn2-xtb"


EC = {"liquid": "EC:4", "temperature": 300, "length": "1ps"}
DP = {"dp": SMALLEST["algorithms"]["dp"]}
SPARE = {"a": {"recipes": [LIQUID], "fit": False}}
WRONG = [
    ({"data__liquid": {"recipe": [LIQUID]}}, "unknown key 'recipe' (did you mean 'recipes'?)"),
    ({"data__both__fit": "no"}, "expected true or false, not 'no'"),
    ({"data__both__join": ["liquid", "tow"]}, "there is no 'tow' in data (did you mean 'two'?)"),
    ({"data__both__against": "tow"}, "data: both: against: there is no 'tow' in data (did you mean 'two'?)"),
    ({"data__both__join": ["both"]}, "both -> both: a data set cannot be made of itself"),
    ({"data__test": {"labelled": "x"}}, "'test' is no name of a data set"),
    ({"data__two": {"part_of": "liquid", "frames": 9}}, "liquid has 4 frames, 9 are asked for"),
    ({"data__two": {"labelled": "nowhere.extxyz"}}, "nowhere.extxyz: no such file"),
    ({"data__active__learn__preset": "quik"}, "no preset 'quik' for deepmd (did you mean 'quick'?)"),
    ({"data__active__learn__method": "gfn2-xtb"}, "'method' comes from the study"),
    ({"data__active__learn__method_settings": {"accuracy": 1}}, "'method_settings' comes from the study"),
    ({"labelled_by": "PBE-D3"}, "labelled_by: gfn2-xtb labels frames of this study"),
    ({"method_settings": {"accurac": 1}}, "no setting 'accurac' (did you mean 'accuracy'?)"),
    ({"method_settings": 1}, "method_settings: expected a mapping of names to values, not 1"),
    ({"method": "gfn3-xtb"}, "unknown method 'gfn3-xtb' (did you mean 'gfn"),
    ({"test": [{"recipe": "liqid"}]}, "unknown recipe 'liqid' (did you mean 'liquid'?)"),
    ({"test": [{**LIQUID, "parameters": {"liquid": "ECC:4", "density": 1}}]}, "unknown solvent 'ECC'"),
    ({"test": [{**LIQUID, "parameters": {"liquid": "EC:4", "dnsity": 1}}]}, "no parameter 'dnsity' (did you mean"),
    ({"algorithms__dp__algorithm": "depmd"}, "unknown algorithm 'depmd' (did you mean 'deepmd'?)"),
    ({"algorithms__dp__set": {"modl.x": 1}}, "has no setting 'modl' (did you mean 'model'?)"),
    ({"algorithms__dp__precision": "singel"}, "expected double or single, not 'singel'"),
    ({"algorithms__tuned__strategy": "naiv"}, "not 'naiv' (did you mean 'naive'?)"),
    ({"algorithms__tuned__strategy": "replay"}, "belong together"),
    ({"algorithms__tuned__pretrained": "liquid/dp/3"}, "makes no fit liquid/dp/3 (did you mean 'liquid/dp/"),
    ({"algorithms__tuned__pretrained": "liqid/dp/1"}, "is no fit of this study (DATA/ALGORITHM/SEED), no file"),
    ({"algorithms__tuned__head": "Drug"}, "head: a fit of this study has no others; leave out 'head'"),
    ({"algorithms__dp__head": "Drug"}, "'head' is one of a pretrained model: name that as 'pretrained'"),
    ({"algorithms__tuned__pretrained": "two/tuned/1"}, "starts from another model itself"),
    ({"algorithms__zero": {"algorithm": "ase"}}, "ase: has no fit; what it runs is taken as it is: decant export"),
    ({"algorithms__zero": {**XTB, "pretrained": "gfn3-xtb"}}, "no published model of ase (did you mean 'gfn"),
    ({"algorithms__zero": XTB, "resources": {"simulate": {"ranks": 4}}}, "add simulate/zero: {ranks: 1}"),
    ({"algorithms__zero__data": ["two"]}, "'data' has no meaning for a model as it is"),
    (
        {"algorithms__zero": {"algorithm": "method", "preset": "quick"}},
        "'preset' has no meaning for the reference method",
    ),
    ({"algorithms__zero": {"algorithm": "method"}}, "`method` gfn2-xtb: expected openff, which LAMMPS computes itself"),
    ({"simulations__ec__reference": "liquid/pd"}, "'liquid/pd' is neither experiment nor a DATA/ALGORITHM that runs"),
    ({"simulations__ec__reference": {"density": 1.0}}, "unknown key 'density' (did you mean 'density_g_cm3'?)"),
    ({"simulations__ec__algorithms": ["dpp"]}, "there is no 'dpp' in algorithms (did you mean 'dp'?)"),
    ({"simulations__ec__change": "shap"}, "not 'shap' (did you mean 'shape'?)"),
    ({"simulations__ec__salt": "LiPF6"}, "give its `molality` (mol/kg of solvent) or its `molarity`"),
    ({"simulations__ec__liquid": "EC"}, "expected NAME:COUNT"),
    ({"resources": {"fitt": {"cores": 2}}}, "no 'fitt' is a kind of jobs (did you mean 'fit'?)"),
    ({"resources": {"fit": {"core": 2}}}, "unknown key 'core' (did you mean 'cores'?)"),
    ({"resources": {"fit": {"memory": "4"}}}, "expected an amount of memory such as 800MB or 4GB, not '4'"),
    ({"resources": {"fit": {"time": "soon"}}}, "'soon' is not a duration"),
    ({"resources": {"fit": {"ranks": 4}}}, "'ranks' has a meaning for simulate only"),
    ({"resources": {"label/dp": {"cores": 4}}}, "no 'label' has jobs of an algorithm"),
    ({"resources": {"fit/tund": {"gpus": 1}}}, "there is no 'tund' in algorithms (did you mean 'tuned'?)"),
    (
        {"data": {}, "simulations": {"ec": EC}, "algorithms": DP},
        "data: has no set that dp of 'algorithms' is fitted to; ",
    ),
    ({"data": SPARE, "simulations": {"ec": EC}, "algorithms": DP}, "is fitted to; leave out 'fit: false' of one"),
    ({"algorithms": {}, "simulations": {"ec": EC}}, "algorithms: is empty; give one at least"),
    ({"simulations": {}}, "simulations: is empty; give one at least"),
    ({"simulations": []}, "simulations: expected a mapping of names to settings"),
    ({"sedes": [1]}, "unknown key 'sedes' (did you mean 'seeds'?)"),
]


@pytest.mark.parametrize(("changes", "said"), WRONG, ids=[said[:40] for _, said in WRONG])
def test_what_is_wrong_is_told_in_one_line(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        check_study(read_study(written(tmp_path, changed(**changes))))
    message = str(raised.value)
    assert said in message and "\n" not in message


def test_a_calculator_whose_code_nobody_trusts_is_refused_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "emt.yaml").write_text("method: ase:ase.calculators.emt.EMT\nelements: [H, C, O]\n")
    study = read_study(written(tmp_path, changed(algorithms__zero={**XTB, "pretrained": "emt.yaml"})))
    monkeypatch.delenv("DECANT_TRUSTED_CALCULATORS", raising=False)
    with pytest.raises(
        InputError, match=r"algorithms: zero: pretrained: .*export DECANT_TRUSTED_CALCULATORS="
    ) as raised:
        check_study(study)
    monkeypatch.setenv("DECANT_TRUSTED_CALCULATORS", str(raised.value).rpartition("=")[2])
    check_study(study)

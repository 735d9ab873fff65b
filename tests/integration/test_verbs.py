"""The pipeline from Python: each verb is a function; what it returns has numbers, text and a table for notebooks."""

from __future__ import annotations

from pathlib import Path

import pytest

import decant
from decant.watching.look import look
from tests.integration.conftest import run_decant

RECIPES = [
    {"recipe": "cluster", "count": 6, "parameters": {"molecules": "EC", "size": 1, "temperature": 300}},
    {"recipe": "monomer", "count": 4, "parameters": {"molecule": "EMC", "temperature": 300}},
]


def test_data_are_made_in_python(tmp_path: Path) -> None:
    built = decant.build(RECIPES, tmp_path / "built.extxyz", seed=3)
    assert [len(sizes) for _, sizes in built.sizes] == [6, 4] and len(built.frames) == 10
    labelled = decant.label(built.path, tmp_path / "labelled.extxyz", jobs=1)
    assert sorted(labelled.added) == ["C", "H", "O"] and len(labelled.frames) == 13 and not labelled.failures
    divided = decant.split(labelled.path, tmp_path / "data", fractions=(0.6, 0.2, 0.2))
    assert sum(map(len, divided.parts.values())) == 13
    inspected = decant.inspect(divided.folder, output=tmp_path / "inspected")
    assert (
        inspected.found.leaks == [] and "<table>" in inspected._repr_html_() and "image/png" in inspected._repr_html_()
    )
    chosen = decant.select(labelled.path, tmp_path / "chosen.extxyz", count=3)
    assert len(chosen.frames) == 3 + 3 and "chosen: 3 frames" in str(chosen)


def test_a_model_becomes_a_potential_in_python(mace_model: Path, tiny_dataset: Path, tmp_path: Path) -> None:
    made = decant.export(mace_model, tmp_path / "potential", good_for=["methanol"])
    assert made.is_new and made.potential.card["use"]["good_for"] == ["methanol"]
    assert not decant.export(mace_model, tmp_path / "potential", good_for=["methanol"]).is_new
    errors = decant.evaluate(made.potential.path, tiny_dataset / "test.extxyz", limit=2)
    assert errors.force_meV_per_A["total"] == errors["force_meV_per_A"]["total"]["rmse"] > 0
    assert "meV/atom" in errors._repr_html_()
    checked = decant.check(made.potential.path, ranks=1)
    assert checked.passed and str(checked).endswith("PASS")


def test_a_run_is_measured_in_python_and_says_what_the_command_says(tmp_path: Path) -> None:
    potential = decant.ready("ec-emc-mace", tmp_path / "mace")
    run = decant.simulate(
        tmp_path / "run", potential.path, liquid="EC:2,EMC:4", pressure=3000.0, length="60fs", equilibration="20fs",
        dump_every="5fs", thermo_every="1fs",
    )  # fmt: skip
    assert run.status["state"] == "completed"
    seen = look(run.path)
    assert (seen.state, seen.share) == ("completed", 1.0) and len(seen.curves) == 4
    measured = decant.analyze(run)
    assert measured.density and measured.density.unit == "g/cm3" and 0.5 < measured.density.value < 2.0
    assert measured.run.path == run.path and measured["density"]["value"] == measured.density.value
    assert str(measured) == run_decant("analyze", run.path).stdout.rstrip("\n")
    assert measured._repr_html_().count("<img") == len(measured.pictures()) > 1
    scored = decant.score(run)
    assert scored.parts["stability"] == 1.0 and scored["score"] == scored.value
    compared = decant.compare([run.path], tmp_path / "summary")
    assert (compared.folder / "summary.html").is_file() and compared.rows()[1][0] == "run"


def test_a_mistake_is_an_input_error_that_names_the_argument(tmp_path: Path) -> None:
    with pytest.raises(decant.InputError, match="`salt` are of a `liquid`, and none is given"):
        decant.simulate(tmp_path / "run", tmp_path / "none", salt="LiPF6", molality=1.0)
    with pytest.raises(decant.InputError, match="`random` is by chance alone; of the other choices only `count`"):
        decant.select(tmp_path / "x.extxyz", tmp_path / "y.extxyz", random=True, min_distance=0.1)
    told = run_decant(
        "select", tmp_path / "x.extxyz", "-o", tmp_path / "y", "--random", "--min-distance", "0.1", expect=2
    )
    assert "--random is by chance alone; of the other choices only -n and --known go with it" in told.stderr
    assert not any(tmp_path.iterdir())

"""Exported potentials: what is in them, that they are what was fitted, and that damage is noticed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from decant.algorithms.mace.random import DENSITY, random_mace
from decant.algorithms.mace.reference import FORMAT
from decant.data.frames import read_frames
from decant.data.prediction import predict
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml
from decant.potentials.potential import Potential
from decant.potentials.source import open_source
from tests.integration.conftest import run_decant

BOTH = pytest.mark.parametrize("name", ["mace", "deepmd"])


@BOTH
def test_a_card_tells_what_the_potential_is(name: str, request: pytest.FixtureRequest) -> None:
    potential = Potential.open(request.getfixturevalue(f"{name}_potential"))
    card = potential.card
    assert (potential.algorithm, potential.elements, potential.precision) == (name, ["H", "C", "O"], "double")
    assert potential.cutoff == {"mace": 4.0, "deepmd": 4.5}[name]
    assert card["data"]["frames"]["train"] == 12
    assert card["data"]["density_g_cm3"][0] >= 0.5
    assert len(card["data"]["sha256"]) == 64
    assert card["fit"]["preset"] == "quick" and card["fit"]["versions"]["torch"]
    assert card["test_errors"]["force_meV_per_A"]["total"]["rmse"] > 0.0
    assert set(card["files"]) == {p.name for p in potential.path.iterdir()} - {"card.yaml"}


@BOTH
def test_the_potential_is_the_model_that_was_fitted(
    name: str, tiny_dataset: Path, request: pytest.FixtureRequest
) -> None:
    frames = read_frames(tiny_dataset / "test.extxyz")
    source = open_source(request.getfixturevalue(f"{name}_model"))
    expected = predict(source.algorithm.model_calculator(source.model), frames)
    found = predict(Potential.open(request.getfixturevalue(f"{name}_potential")).reference_calculator(), frames)
    for one, other in zip(found, expected, strict=True):
        assert one.energy == pytest.approx(other.energy, abs=1e-9)
        np.testing.assert_allclose(one.forces, other.forces, rtol=0, atol=1e-12)
        assert (one.virial is None) == (other.virial is None)
        if one.virial is not None and other.virial is not None:
            np.testing.assert_allclose(one.virial, other.virial, rtol=0, atol=1e-10)


@BOTH
def test_exporting_again_changes_nothing(name: str, request: pytest.FixtureRequest) -> None:
    model, potential = (request.getfixturevalue(f"{name}_{what}") for what in ("model", "potential"))
    before = (potential / "card.yaml").read_bytes()
    assert "is up to date" in run_decant("export", model, "-o", potential).stdout
    assert (potential / "card.yaml").read_bytes() == before


def test_a_card_repeats_what_its_maker_says_about_its_use(deepmd_model: Path, tmp_path: Path) -> None:
    said = ("--good-for", "methanol at 300 K", "--not-for", "water", "--not-for", "10 GPa")
    run_decant("export", deepmd_model, "-o", tmp_path / "p", *said)
    card = Potential.open(tmp_path / "p").card
    assert card["use"] == {"good_for": ["methanol at 300 K"], "not_for": ["water", "10 GPa"]}
    assert "is up to date" in run_decant("export", deepmd_model, "-o", tmp_path / "p", *said).stdout
    assert "written" in run_decant("export", deepmd_model, "-o", tmp_path / "p").stdout
    assert Potential.open(tmp_path / "p").card["use"] is None


@BOTH
@pytest.mark.parametrize("damage", ["cut", "flipped", "gone"])
def test_a_damaged_model_file_is_noticed(
    name: str, damage: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "p"
    shutil.copytree(request.getfixturevalue(f"{name}_potential"), path)
    model = path / {"mace": "model.safetensors", "deepmd": "model.pth"}[name]
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    if damage == "gone":
        model.unlink()
    else:
        model.write_bytes(bytes(content[: len(content) // 2]) if damage == "cut" else bytes(content))
    done = run_decant("check", path, "unread.extxyz", expect=2)
    assert model.name in done.stderr and ("missing" if damage == "gone" else "corrupted") in done.stderr


def test_bare_model_files_are_exported(
    mace_model: Path, deepmd_model: Path, deepmd_earlier_potential: Path, tmp_path: Path
) -> None:
    run_decant("export", mace_model / "model.model", "-o", tmp_path / "mace", "--precision", "single")
    run_decant("export", deepmd_model / "model.pth", "-o", tmp_path / "dp")
    for path in (tmp_path / "mace", tmp_path / "dp", deepmd_earlier_potential):
        card = Potential.open(path).card
        assert card["elements"] == ["H", "C", "O"] and card["data"] is None
    assert "pair_style mace float" in (tmp_path / "mace" / "pair.lammps").read_text()


def test_the_old_potential_stays_when_an_export_fails(mace_potential: Path, tmp_path: Path) -> None:
    path = tmp_path / "p"
    shutil.copytree(mace_potential, path)
    bad = tmp_path / "bad.model"
    bad.write_bytes(b"this is no model")
    assert "bad.model: not a readable torch model" in run_decant("export", bad, "-o", path, expect=2).stderr
    assert Potential.open(path).card == Potential.open(mace_potential).card
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.model", "p"]


def test_something_else_is_never_replaced(mace_model: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    assert "is no potential" in run_decant("export", mace_model, "-o", tmp_path, expect=2).stderr
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_an_unfinished_fit_is_not_exported(mace_model: Path, tmp_path: Path) -> None:
    model = tmp_path / "m"
    shutil.copytree(mace_model, model, ignore=shutil.ignore_patterns("work"))
    record = read_yaml(model / "fit.yaml")
    (model / "fit.yaml").write_text((model / "fit.yaml").read_text().replace("state: finished", "state: running"))
    assert record["state"] == "finished"
    assert "not finished" in run_decant("export", model, "-o", tmp_path / "p", expect=2).stderr


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"kind": "MACE"},
        {"hidden": "8x0e", "layers": 1, "correlation": 2},
        {"layers": 3, "l_max": 2, "elements": (1, 8)},
        {"first": "RealAgnosticInteractionBlock", "later": "RealAgnosticInteractionBlock"},
        {**DENSITY, "l_max": 2, "correlation": [2, 1]},
        {"radial_type": "gaussian", "num_bessel": 20, "distance_transform": "Soft", "l_max": 2, "correlation": 2},
        {"pair_repulsion": True, "kind": "MACE", "l_max": 1, "correlation": 2},
    ],
    ids=[
        "default",
        "plain MACE",
        "one layer",
        "three layers",
        "non-residual",
        "density",
        "Gaussian basis",
        "repulsion",
    ],
)
def test_a_mace_is_rebuilt_from_safetensors_exactly(options: dict[str, object], tmp_path: Path) -> None:
    import torch
    from ase import Atoms
    from mace.calculators import MACECalculator

    from decant.algorithms.mace.model_file import load_trusted
    from decant.algorithms.mace.reference import read_reference, write_reference

    model = random_mace(**{"hidden": "8x0e+8x1o", **options})  # type: ignore[arg-type]
    torch.save(model, tmp_path / "some.model")
    write_reference(load_trusted(tmp_path / "some.model"), tmp_path / "reference.safetensors")
    assert b"pickle" not in (tmp_path / "reference.safetensors").read_bytes()
    rebuilt = read_reference(tmp_path / "reference.safetensors")
    random = np.random.default_rng(0)
    atoms = Atoms("HOHHOH", positions=random.uniform(0, 5, (6, 3)), cell=[5, 5.5, 6], pbc=True)
    (one,), (other,) = (
        predict(MACECalculator(models=[m], device="cpu", default_dtype="float64"), [atoms]) for m in (model, rebuilt)
    )
    assert one.energy == pytest.approx(other.energy, rel=1e-13)
    np.testing.assert_allclose(one.forces, other.forces, rtol=0, atol=1e-12)
    assert one.virial is not None and other.virial is not None
    np.testing.assert_allclose(one.virial, other.virial, rtol=0, atol=1e-12)


def test_a_mace_of_an_older_version_is_rebuilt_and_a_foreign_one_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    from decant.algorithms.mace.reference import read_reference, write_reference

    old = random_mace(hidden="8x0e", l_max=1, correlation=2)
    for product in old.products:
        for contraction in product.symmetric_contractions.contractions:
            for name in [name for name in contraction._buffers if name.endswith("_zeroed")]:
                delattr(contraction, name)  # mace-torch of 2023 had no such marks
    path = tmp_path / "reference.safetensors"
    description = write_reference(old, path)
    read_reference(path)
    weights = load_file(path)
    header = {"format": FORMAT, "model": json.dumps(description)}
    save_file({name: value for name, value in weights.items() if "linear_up" not in name}, path, metadata=header)
    with pytest.raises(InputError, match=r"does not fit this version of mace-torch: .*linear_up.* is not in both"):
        read_reference(path)
    save_file({**weights, "r_max": weights["r_max"].expand(3).clone()}, path, metadata=header)
    with pytest.raises(InputError, match="does not fit this version of mace-torch"):
        read_reference(path)


def test_a_deep_potential_is_exported_for_some_of_its_elements_and_has_no_head(
    deepmd_model: Path, tmp_path: Path
) -> None:
    run_decant("export", deepmd_model, "-o", tmp_path / "p", "--elements", "H")
    assert read_yaml(tmp_path / "p" / "card.yaml")["elements"] == ["H"]
    done = run_decant("export", deepmd_model, "-o", tmp_path / "q", "--head", "water", expect=2)
    assert "--head" in done.stderr and not (tmp_path / "q").exists()

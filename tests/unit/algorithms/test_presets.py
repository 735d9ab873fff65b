"""Presets are found, complete, understood by the programs they are for, and overridden as asked."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from decant.algorithms.presets import apply_override, load_preset, preset_names, preset_path, preset_speed
from decant.algorithms.registry import algorithm, known_algorithms
from decant.foundation.errors import InputError
from decant.foundation.settings import options
from decant.foundation.units import duration

COMMON = ["finetune", "paper", "quick", "small"]
OWN = {"mace": ["medium"], "deepmd": ["dpa1", "dpa2", "dpa3"]}
"""Presets of one algorithm alone: what a CPU trains in an hour; the descriptors after se_e2_a."""


def test_both_algorithms_have_presets_of_the_same_names_besides_those_of_their_own() -> None:
    assert set(OWN) <= set(known_algorithms())
    for name, own in OWN.items():
        assert preset_names(name) == sorted(COMMON + own)


@pytest.mark.parametrize(("name", "preset"), [(name, preset) for name, own in OWN.items() for preset in COMMON + own])
def test_a_preset_says_what_it_costs_and_is_good_for_and_is_understood(name: str, preset: str) -> None:
    content = yaml.safe_load(preset_path(name, preset).read_text())
    assert len(content["about"]) > 20 and len(content["cost"]) > 10
    loaded = load_preset(name, preset, [], algorithm(name).known_settings())
    assert loaded.max_time or loaded.max_epochs
    assert preset_speed(name, preset) == content["speed"] > 0


def test_the_speed_of_a_preset_is_its_own_or_not_known(tmp_path: Path) -> None:
    told, silent, wrong = (tmp_path / f"{name}.yaml" for name in ("told", "silent", "wrong"))
    told.write_text("max_epochs: 2\nspeed: 7\n")
    silent.write_text("max_epochs: 2\n")
    wrong.write_text("max_epochs: 2\nspeed: fast\n")
    assert preset_speed("mace", str(told)) == 7.0
    assert preset_speed("mace", str(silent)) is None and preset_speed("mace", "nobody's") is None
    with pytest.raises(InputError, match=r"wrong\.yaml: speed: expected a positive number, not 'fast'"):
        load_preset("mace", str(wrong), [], None)


def test_an_override_reaches_into_groups_and_is_read_as_yaml() -> None:
    settings = load_preset("deepmd", "quick", ["model.descriptor.rcut=7", "loss.new=[1, 2]"], None).settings
    assert settings["model"]["descriptor"]["rcut"] == 7
    assert settings["model"]["descriptor"]["type"] == "se_e2_a"
    assert settings["loss"]["new"] == [1, 2]


@pytest.mark.parametrize(("text", "value"), [("1e-3", 1e-3), ("1E5", 1e5), ("2", 2), ("true", True), ("auto", "auto")])
def test_a_number_in_an_override_is_a_number(text: str, value: object) -> None:
    settings: dict[str, object] = {}
    apply_override(settings, f"lr={text}")
    assert settings == {"lr": value} and type(settings["lr"]) is type(value)


def test_a_mapping_of_settings_says_none_as_yaml_does() -> None:
    settings: dict[str, object] = {"clip_grad": 10}
    for override in options({"clip_grad": None, "lr": 1e-5, "stage": {"on": False}}):
        apply_override(settings, override)
    assert settings == {"clip_grad": None, "lr": 1e-5, "stage": {"on": False}}


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("r_mux=5", ["r_mux", "did you mean 'r_max'?"]),
        ("r_max", ["expected key=value"]),
        ("r_max.deeper=1", ["'r_max' is a value"]),
        ("seed=3", ["no setting 'seed'"]),
    ],
)
def test_an_override_that_is_not_understood_is_refused(override: str, words: list[str]) -> None:
    with pytest.raises(InputError) as error:
        load_preset("mace", "quick", [override], algorithm("mace").known_settings())
    for word in words:
        assert word in str(error.value)


def test_a_file_of_ones_own_serves_as_preset(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("max_epochs: 7\nsettings: {r_max: 3.5}\n")
    preset = load_preset("mace", str(path), [], {"r_max"})
    assert (preset.max_epochs, preset.max_time, preset.settings) == (7, None, {"r_max": 3.5})
    path.write_text("max_epoch: 7\n")
    with pytest.raises(InputError, match=r"unknown key 'max_epoch' \(did you mean 'max_epochs'\?\)"):
        load_preset("mace", str(path), [], None)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("max_epochs: ten", "max_epochs: expected a whole number from 1 on, not 'ten'"),
        ("max_epochs: 0", "max_epochs: expected a whole number from 1 on, not 0"),
        ("max_epochs: 2.7", "max_epochs: expected a whole number from 1 on, not 2.7"),
        ("max_time: soon", "max_time: 'soon' is not a duration"),
    ],
)
def test_a_limit_of_a_preset_that_is_none_is_refused_and_its_file_named(line: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"{line}\n")
    with pytest.raises(InputError) as refused:
        load_preset("mace", str(path), [], None)
    assert str(refused.value).startswith(f"{path}: {said}")


def test_an_unknown_preset_or_algorithm_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no preset 'smal' for mace \(did you mean 'small'\?\)"):
        preset_path("mace", "smal")
    with pytest.raises(InputError, match="known are: ase, deepmd, mace"):
        algorithm("snap")


@given(st.floats(0.1, 1e5), st.sampled_from([("s", 1.0), ("min", 60.0), ("h", 3600.0), ("", 1.0)]))
def test_a_duration_is_its_number_times_its_unit(number: float, unit: tuple[str, float]) -> None:
    assert duration(f"{number!r}{unit[0]}") == pytest.approx(number * unit[1])


@pytest.mark.parametrize("text", ["", "soon", "-3min", "0s", "5parsec", "1.2.3s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a duration"):
        duration(text)

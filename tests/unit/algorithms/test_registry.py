"""Algorithms of installed packages are found by entry points, and told apart from what is broken."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

from decant.algorithms.presets import load_preset, preset_names
from decant.algorithms.registry import GROUP, algorithm, known_algorithms
from decant.foundation.errors import InputError
from decant.potentials.committee import write_committee
from decant.potentials.source import open_source
from tests.unit.algorithms.test_base import Least


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch):
    """Return a function that names something as an algorithm of an installed package."""

    def named(name: str, thing: object) -> None:
        module = ModuleType("somebody")
        module.thing = thing  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "somebody", module)
        entries = metadata.EntryPoints([metadata.EntryPoint(name, "somebody:thing", GROUP)])
        monkeypatch.setattr(metadata, "entry_points", lambda group: entries.select(group=group))
        algorithm.cache_clear()

    yield named
    algorithm.cache_clear()


def test_an_algorithm_of_a_package_is_known_by_name_and_by_the_suffix_of_its_models(install, tmp_path: Path) -> None:
    install("least", Least)
    (tmp_path / "some.least").write_text("H O")
    assert known_algorithms() == ["ase", "deepmd", "least", "mace"]
    source = open_source(tmp_path / "some.least")
    assert isinstance(source.algorithm, Least) and source.elements == ["H", "O"]


def test_it_brings_presets_of_its_own(install, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text("max_epochs: 3\nsettings: {cutoff: 4}\n")
    install("least", type("WithPresets", (Least,), {"presets": tmp_path}))
    assert preset_names("least") == ["small"]
    assert load_preset("least", "small", ["cutoff=5"], None).settings == {"cutoff": 5}
    with pytest.raises(InputError, match=r"no preset 'smal' for least \(did you mean 'small'\?\)"):
        load_preset("least", "smal", [], None)


def test_one_without_presets_says_that_a_file_is_needed(install) -> None:
    install("least", Least)
    with pytest.raises(InputError, match=r"no preset 'small' for least; known are: none; give a file, NAME\.yaml"):
        load_preset("least", "small", [], None)


def broken() -> None:
    raise ImportError("libfoo.so: cannot open shared object file")


@pytest.mark.parametrize(
    ("thing", "answer"),
    [
        (broken, r"algorithm 'other' \(somebody:thing\) cannot be loaded: libfoo\.so"),
        (dict, "algorithm 'other': somebody:thing is no decant.algorithms.base.Algorithm of this name"),
        (Least, "algorithm 'other': somebody:thing is no decant.algorithms.base.Algorithm of this name"),
    ],
)
def test_what_is_no_algorithm_is_told_in_one_line(thing: object, answer: str, install) -> None:
    install("other", thing)
    with pytest.raises(InputError, match=answer):
        algorithm("other")


def test_a_committee_of_an_algorithm_whose_pair_style_takes_one_model_is_refused(install, tmp_path: Path) -> None:
    from decant.potentials.export import export

    install("least", Least)
    (tmp_path / "some.least").write_text("H O")
    members = [export(tmp_path / "some.least", tmp_path / name)[0].path for name in "ab"]
    with pytest.raises(InputError, match="the pair style of least takes one model, not a committee"):
        write_committee(members, tmp_path / "committee")

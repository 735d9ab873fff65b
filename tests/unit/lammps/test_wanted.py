"""LAMMPS starts with Deep Potential's plugin, and so with torch, only where its files speak of it."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from decant.lammps.command import IN_PYTHON, PYTHON_FIX
from decant.lammps.wanted import plugin_of, wanted_plugin
from tests.conftest import REPOSITORY

MODELS = REPOSITORY / "models"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "pair.lammps").write_text("pair_style deepmd graph.pth\n")
    (tmp_path / "mace").mkdir()
    (tmp_path / "mace" / "pair.lammps").write_text("pair_style mace\n")
    path = tmp_path / "in.run"
    path.write_text(
        f'variable folder index {tmp_path}\nvariable potential index ${{folder}}/mace\n'
        'include "${potential}/pair.lammps"  # or deepmd\nrun 1\n'
    )  # fmt: skip
    return path


def test_a_script_of_mace_needs_our_plugin_only(script: Path) -> None:
    assert wanted_plugin(["-in", str(script)]) == "mace"


def test_a_potential_whose_forces_python_computes_needs_python_in_the_place_of_lmp(script: Path) -> None:
    (script.parent / "mace" / "pair.lammps").write_text(
        f"pair_style zero 6\nfix {PYTHON_FIX} all external pf/callback 1 1\n"
    )
    assert wanted_plugin(["-in", str(script)]) == IN_PYTHON


def test_a_potential_given_on_the_command_line_counts_before_that_of_the_script(script: Path) -> None:
    assert wanted_plugin(["-i", str(script), "-var", "potential", str(script.parent / "deep")]) is None


@pytest.mark.parametrize(
    ("lines", "needed"),
    [
        ("variable p index mace deep\ninclude ${p}/pair.lammps\nnext p\njump SELF\n", None),
        ("variable p getenv POTENTIAL\ninclude ${p}/pair.lammps\n", None),
        ('if "${p} == mace" then "include mace/pair.lammps" else "include deep/pair.lammps"\n', None),
        ('include mace/pair.lammps\nif "${observe} == yes" then "include observe.lammps"\n', "mace"),
    ],
)  # fmt: skip
def test_a_potential_that_only_the_run_tells_may_be_any(script: Path, lines: str, needed: str | None) -> None:
    script.write_text(lines)
    assert wanted_plugin(["-in", script.name], script.parent) == needed


def test_a_loop_over_potentials_of_the_command_line_is_seen(script: Path) -> None:
    script.write_text("variable p index mace\ninclude ${p}/pair.lammps\n")
    assert wanted_plugin(["-var", "p", "mace", "-in", script.name], script.parent) == "mace"
    assert wanted_plugin(["-var", "p", "mace", "deep", "-in", script.name], script.parent) is None


def test_a_style_named_in_the_script_itself_is_seen(script: Path) -> None:
    script.write_text("pair_style hybrid/overlay mace deepmd graph.pth\n")
    assert wanted_plugin(["-in", str(script)]) is None


@pytest.mark.parametrize(("potential", "needed"), [("mace", "mace"), ("deep", None)])
def test_of_an_algorithm_without_a_plugin_the_files_in_the_folder_of_the_run_tell(
    script: Path, potential: str, needed: str | None
) -> None:
    arguments = ["-in", script.name, "-var", "potential", potential]
    assert plugin_of("lj", arguments, script.parent) == needed
    assert plugin_of("deepmd", arguments, script.parent) == "deepmd", "it has one"


def test_files_that_include_each_other_are_read_once(script: Path) -> None:
    script.write_text(f"include {script}\n")
    assert wanted_plugin(["-in", str(script)]) == "mace"


def test_a_plugin_of_others_may_have_any_style(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = metadata.EntryPoint("other", "package:folder", "lammps.plugins")
    monkeypatch.setattr(metadata, "entry_points", lambda group: [other])
    assert wanted_plugin(["-in", str(script)]) is None


def test_commands_from_standard_input_may_ask_for_anything() -> None:
    assert wanted_plugin(["-log", "none"]) is None


@pytest.mark.parametrize(("name", "plugin"), [("ec-emc-mace", "mace"), ("ec-emc-deepmd", None)])
def test_our_own_scripts_are_understood(name: str, plugin: str | None) -> None:
    given = ["-in", str(MODELS / "in.ec-emc"), "-var", "models", str(MODELS), "-var", "potential", str(MODELS / name)]
    assert wanted_plugin(given) == plugin

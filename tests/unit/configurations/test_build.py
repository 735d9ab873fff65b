import pytest

from decant.configurations.build import build, entry_key
from decant.foundation.errors import InputError

FAST = {"hessian": "mmff94", "conformers": 1}
ATOM = {"recipe": "atom", "parameters": {"elements": "H,O"}}
WATER = {"recipe": "monomer", "count": 2, "parameters": {"molecule": "WATER", **FAST}}
FAILING = {"recipe": "monomer", "count": 1, "parameters": {"molecule": "EC", "box": 2.0, **FAST}}


def run(output, *entries, seed=1):
    return [recipe for recipe, _ in build(list(entries), output, seed)]


def test_what_was_finished_before_a_build_broke_off_is_taken_up(tmp_path):
    output = tmp_path / "out.extxyz"
    with pytest.raises(InputError, match="box 2"):
        run(output, ATOM, WATER, FAILING)
    (first, second) = sorted((tmp_path / "out.extxyz.entries").iterdir(), key=lambda file: file.stat().st_size)
    assert not output.exists()
    # a mark in a finished entry shows that it is taken up, not made anew
    second.write_text(second.read_text().replace("recipe=monomer", "recipe=monomer mark=T"))
    run(output, ATOM, WATER)
    assert output.read_text().count("mark=T") == 2 and not first.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out.extxyz"]


def test_an_interrupted_build_gives_the_same_file_as_one_that_ran_through(tmp_path):
    broken, whole = tmp_path / "broken.extxyz", tmp_path / "whole.extxyz"
    with pytest.raises(InputError):
        run(broken, ATOM, WATER, FAILING)
    assert run(broken, ATOM, WATER) == run(whole, ATOM, WATER) == ["atom", "monomer"]
    assert broken.read_text() == whole.read_text()


def test_another_seed_or_parameter_does_not_take_up_what_was_made_with_the_first(tmp_path):
    output, other = tmp_path / "out.extxyz", tmp_path / "other.extxyz"
    with pytest.raises(InputError):
        run(output, WATER, FAILING)
    run(output, WATER, seed=2)
    run(other, WATER, seed=2)
    assert output.read_text() == other.read_text()


def test_an_entry_is_another_one_once_any_file_that_it_names_is(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
    named = [[str(one), str(other)], f"{one}, {other}", f"mace:{other}", f"potential:{other}"]
    entries = [{"recipe": "active", "parameters": {"any": value}} for value in named]
    before = [entry_key(entry, 0, 1) for entry in entries]
    assert before == [entry_key(entry, 0, 1) for entry in entries]
    (other / "model.json").write_text("{}")
    assert all(key != entry_key(entry, 0, 1) for key, entry in zip(before, entries, strict=True))

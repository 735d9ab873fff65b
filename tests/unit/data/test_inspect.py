"""Inspecting a set that is made for it."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from typer.testing import CliRunner

from decant.cli.main import application
from decant.data.frames import write_frames
from decant.data.inspect import as_text, inspect, nearest_distance, read_parts, remarks, table
from decant.data.inspect_plot import groups
from decant.data.inspection import QUANTITIES
from decant.data.isolated import ISOLATED
from decant.foundation.errors import InputError

E0 = {"O": -100.0, "H": -10.0}


def isolated(symbol: str) -> Atoms:
    atoms = Atoms(symbol, info={"config_type": ISOLATED, "REF_energy": E0[symbol]})
    atoms.set_array("mol_id", np.zeros(1, dtype=int))
    return atoms


def waters(count: int, seed: int, recipe: str, energy: float | None = -0.5) -> Atoms:
    """Return a row of water molecules, 3 angstrom apart; with an energy per atom from isolated atoms, and forces."""
    random = np.random.default_rng(seed)
    atoms = Atoms()
    for number in range(count):
        one = molecule("H2O")
        one.positions += random.normal(scale=0.03, size=(3, 3))
        one.positions[:, 2] += 3.0 * number
        atoms += one
    atoms.set_array("mol_id", np.repeat(np.arange(count), 3))
    atoms.info |= {"recipe": recipe, "group": f"{recipe}-{seed}", "temperature": 300.0 + seed}
    if energy is not None:
        atoms.info["REF_energy"] = count * (3 * energy + E0["O"] + 2 * E0["H"])
        atoms.set_array("REF_forces", np.full((3 * count, 3), 2.0))
    return atoms


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder of a split with one frame twice in train and one of valid in train, moved, of the same group."""
    train = [waters(1, seed, "monomer") for seed in range(4)] + [waters(3, seed, "cluster", -0.6) for seed in range(3)]
    copy = train[1].copy()
    copy.positions += 2.0
    train.append(copy)
    leak = train[5].copy()
    leak.positions = leak.positions[:, [1, 2, 0]]
    write_frames(tmp_path / "train.extxyz", [isolated("O"), isolated("H"), *train])
    write_frames(tmp_path / "valid.extxyz", [waters(3, 9, "cluster"), leak])
    return tmp_path


def test_counts_and_ranges_are_right(made: Path) -> None:
    names, units, *rows = table(inspect(read_parts(made)))
    assert len(names) == len(units) == len(rows[0])
    cells = {tuple(row[:2]): dict(zip(names, row, strict=True)) for row in rows}
    assert set(cells) == {("train", "monomer"), ("train", "cluster"), ("valid", "cluster")}
    monomer = cells["train", "monomer"]
    assert (monomer["frames"], monomer["atoms"], monomer["density"], monomer["nearest"]) == ("5", "3", "–", "–")
    assert (monomer["temperature"], monomer["energy"]) == ("300 to 303", "-0.5")
    assert (monomer["force rms"], monomer["force max"]) == ("2", "3.464")
    assert (cells["train", "cluster"]["energy"], cells["valid", "cluster"]["energy"]) == ("-0.6", "-0.6 to -0.5")


def test_duplicates_and_leaks_are_found(made: Path) -> None:
    found = inspect(read_parts(made))
    assert (found.duplicates, found.leaks, found.shared_groups) == ([(1, 7)], [(5, 9)], ["cluster-1"])
    text = as_text(found)
    assert "duplicates, of the geometry of another frame of their part: 1 (train 7 = train 1)" in text
    assert "leaks, of the geometry of a frame of another part: 1 (valid 1 = train 5)" in text
    assert "compositions: WATER:1 (5); WATER:3 (5)" in text


def test_a_file_is_compared_with_another(made: Path) -> None:
    found = inspect(read_parts(made / "valid.extxyz", [made / "train.extxyz"]))
    assert found.part[:3] == ["valid", "valid", "train"]
    assert found.leaks == [(1, 7)]


def test_a_step_of_a_trajectory_in_another_part_leaks() -> None:
    train = [waters(8, seed, "import") for seed in (1, 2)]
    step, copy, other = train[1].copy(), train[0].copy(), waters(8, 3, "import")
    other.positions *= 1.1
    step.positions += 0.02 * np.random.default_rng(0).standard_normal((24, 3))
    found = inspect({"train": train, "test": [other, step, copy]})
    assert [j for _, j in found.leaks] == [3, 4]
    text = as_text(found)
    assert "leaks, of the geometry of a frame of another part: 1 (test 2 = train 0)" in text
    assert "leaks, a small step from a frame of another part: 1 (test 1 ~ train 0)" in text


def test_data_without_labels_are_described_without_energies(tmp_path: Path) -> None:
    frames = [waters(2, seed, "cluster", None) for seed in range(3)]
    found = inspect({"bare": frames})
    assert np.isnan(found.numbers["energy_eV_per_atom"]).all()
    assert "3 of 3 frames have no energy" in remarks(found)
    assert "–" in table(found)[2]


def test_energies_are_total_where_an_element_has_no_isolated_atom(made: Path) -> None:
    found = inspect({"valid": read_parts(made)["valid"]})
    assert found.numbers["energy_eV_per_atom"][0] == pytest.approx(-0.5 - 40.0)
    assert any("not the isolated atom of every element" in line for line in remarks(found))
    # sets of two methods side by side have two energies of one atom, and neither is taken for all
    other = isolated("H")
    other.info["REF_energy"] -= 3.0
    two = inspect({**read_parts(made), "other": [other, waters(1, 20, "monomer")]})
    assert two.isolated == {} and two.numbers["energy_eV_per_atom"][0] == pytest.approx(-0.5 - 40.0)


def test_the_nearest_molecules_are_found_across_the_boundary() -> None:
    atoms = Atoms("OO", [[0, 0, 0.5], [0, 0, 9.0]], cell=[10, 10, 10], pbc=True)
    atoms.set_array("mol_id", np.array([0, 1]))
    assert nearest_distance(atoms) == pytest.approx(1.5)
    atoms.pbc = False
    assert nearest_distance(atoms) == pytest.approx(8.5)


def test_the_page_is_complete_in_itself_and_the_table_beside_it_has_every_frame(made: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(application(), ["inspect", str(made), "-o", str(tmp_path / "page")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "page" / "inspect.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "page" / "inspect.html").read_text(encoding="utf-8")
    assert page.count("<svg ") >= 8 and 'name="viewport"' in page and "src=" not in page.replace('src="data:', "")
    assert "valid 1 = train 5" in page
    with (tmp_path / "page" / "frames.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 10 and set(QUANTITIES) < set(rows[0])
    twins = [row for row in rows if row["frame"] in ("train 1", "train 7")]
    assert twins[0]["component_1"][:6] == twins[1]["component_1"][:6]
    assert rows[0]["density_g_cm3"] == ""


def test_one_frame_without_labels_makes_a_page_too(tmp_path: Path) -> None:
    write_frames(tmp_path / "one.extxyz", [waters(1, 0, "monomer", None)])
    done = CliRunner().invoke(application(), ["inspect", str(tmp_path / "one.extxyz"), "-o", str(tmp_path / "page")])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "page" / "inspect.html").read_text(encoding="utf-8")
    titles = re.findall("<h3>(.*?)</h3>", page)
    assert "Size of a frame" in titles and "Energy" not in titles, "what no frame has is not drawn"


def test_parts_and_recipes_share_no_colour(made: Path) -> None:
    found = inspect(read_parts(made))
    recipes, rest = groups(found, np.zeros((len(found.frames), 2)), np.zeros(2))
    assert len({key.colour for key in recipes.legend}) == 2
    assert [sketch.title for sketch in rest.sketches] == ["Compositions", "Coverage of train", "Coverage of valid"]
    assert rest.legend == [], "a part is black before the others in grey"


def test_what_cannot_be_inspected_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_parts(tmp_path / "none.extxyz")
    with pytest.raises(InputError, match=r"no train, valid or test\.extxyz in it"):
        read_parts(tmp_path)
    (tmp_path / "train.extxyz").write_text("")
    with pytest.raises(InputError, match=r"train\.extxyz: empty"):
        read_parts(tmp_path)
    write_frames(tmp_path / "train.extxyz", [isolated("O")])
    with pytest.raises(InputError, match="no frame other than isolated atoms"):
        read_parts(tmp_path)

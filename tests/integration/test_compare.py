"""Comparison of analysed runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from decant.analysis.analyze import measure, write_results
from decant.analysis.compare import as_text, compare, make_names_unique, table, write_html
from decant.analysis.entry import Entry, read_entry, read_references
from decant.analysis.summary_plot import groups
from decant.foundation.errors import InputError
from decant.foundation.sketches import write_sheet
from decant.simulation.protocol import potential_hash
from tests.unit.universes import thermo_of, tumbling_carbonates

NUMBERS = {"rmse": 12.5, "mae": 9.0, "reference_rms": 30.0, "ratio": 0.4}
CARD = {
    "test_errors": {
        "force_meV_per_A": {part: NUMBERS for part in ("total", "translational", "rotational", "vibrational")}
    }
}


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs a and b, analysed, and the potential of a; b was stopped."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "potential-a").mkdir()
    (folder / "potential-a" / "card.yaml").write_text(yaml.safe_dump(CARD))
    for seed, name in enumerate("ab"):
        conditions = {"ensemble": "npt", "temperature_K": 298.0, "potential": str(folder / f"potential-{name}")}
        measured = measure(tumbling_carbonates(8, 80, seed), thermo_of(80, seed), "npt", 298.0)
        status = {"state": "completed"} if name == "a" else {"state": "stopped", "guard": "density", "time_ps": 7.9}
        measured.summary = {"run": name, "status": status, "conditions": conditions, **measured.summary}
        measured.summary["performance"] = {"katom_step_per_s": 1.25, "ns_per_day": 0.5}
        write_results(folder / name, measured)
    return folder


def test_a_row_a_run_with_errors_from_the_card(analysed: Path) -> None:
    names, units, row, stopped = table([read_entry(analysed / "a"), read_entry(analysed / "b")])
    assert len(names) == len(units) == len(row) == len(stopped)
    cells = dict(zip(names, row, strict=True))
    assert cells["run"] == "a"
    assert cells["potential"] == "potential-a"
    assert cells["status"] == "completed"
    assert cells["F rot"] == "12.5"
    assert cells["density"].startswith("1.")
    assert "±" in cells["D DMC"]
    assert dict(zip(names, stopped, strict=True))["status"] == "stopped: density"
    assert dict(zip(names, stopped, strict=True))["F"] == "–"  # its potential is gone


def test_an_electrolyte_is_compared_by_conductivity_and_transference_too(tmp_path: Path) -> None:
    lab = tmp_path / "lab.csv"
    lab.write_text("name,conductivity_mS_cm,conductivity_uncertainty_mS_cm,cation_transference\nlab,11.36,0.6,0.35\n")
    charges = {"einstein": {"value": 5.0, "uncertainty": 1.0}, "note": "too short"}
    motion = {"cation_transference": {"solvent": {"value": 0.4, "uncertainty": 0.1}}}
    rows = table([Entry("a", {"conductivity": charges, "onsager": motion}), *read_references(lab)])
    found = [[row[rows[0].index(name)] for row in rows] for name in ("conductivity", "t+")]
    assert found[0] == ["conductivity", "mS/cm", "5.0 ± 1.0 *", "11.4 ± 0.6"]
    assert found[1] == ["t+", "", "0.40 ± 0.10", "0.35"]
    assert "conductivity" not in table([Entry("a", {})])[0]


def test_the_link_in_the_run_leads_to_the_card_whatever_the_working_directory(analysed: Path, tmp_path: Path) -> None:
    run = tmp_path / "b"
    shutil.copytree(analysed / "b", run)
    assert not read_entry(run).force_errors()  # the potential that it names is gone
    (run / "potential").symlink_to(analysed / "potential-a")
    assert read_entry(run).force_errors()["total"] == NUMBERS


def test_the_page_is_complete_in_itself(analysed: Path, tmp_path: Path) -> None:
    reference = tmp_path / "reference.csv"
    reference.write_text("name,density_g_cm3,diffusion_DMC_1e-5_cm2_s\nlab <1999>,1.07,\n")
    entries = compare([analysed / "a", analysed / "b"], tmp_path / "out", reference=reference)
    assert (tmp_path / "out" / "summary.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "out" / "summary.html").read_text(encoding="utf-8")
    assert page.count("<svg ") >= 4 and 'name="viewport"' in page
    assert "lab &lt;1999&gt;" in page
    assert "b: stopped by guard &#39;density&#39; at 7.9 ps" in page
    assert "src=" not in page.replace('src="data:', "")
    assert "lab <1999>" in as_text(entries)


def test_a_legend_stands_beside_the_pictures_and_covers_no_curve(analysed: Path, tmp_path: Path) -> None:
    compare([analysed / "a", analysed / "b"], tmp_path)
    page = (tmp_path / "summary.html").read_text(encoding="utf-8")
    legend = page.split('<ul class="legend">')[1].split("</ul>")[0]
    assert ">a</li>" in legend and ">b</li>" in legend and "stopped</li>" in legend
    assert "legend_" not in page, "matplotlib draws none"


def test_many_runs_come_in_groups_whose_colours_do_not_repeat(analysed: Path) -> None:
    runs = [read_entry(analysed / "a") for _ in range(9)]
    for number, run in enumerate(runs):
        run.name = f"run {number}"
    found = groups(runs)
    assert [key.name for group in found for key in group.legend if key.name.startswith("run")] == [
        run.name for run in runs
    ]
    for group in found:
        colours = [key.colour for key in group.legend if key.name.startswith("run")]
        assert len(set(colours)) == len(colours) <= 6


def test_runs_without_errors_have_no_empty_picture_of_them(analysed: Path) -> None:
    (group,) = groups([read_entry(analysed / "b")])
    assert not [sketch for sketch in group.sketches if "error" in sketch.title]


def test_a_run_without_anything_to_draw_has_a_page_that_says_so(tmp_path: Path) -> None:
    early = [Entry("early", {"status": {"state": "stopped", "guard": "bond"}})]
    assert groups(early) == []
    write_sheet(tmp_path / "summary.png", [])
    write_html(tmp_path / "summary.html", early, [])
    assert (tmp_path / "summary.png").is_file()
    page = (tmp_path / "summary.html").read_text(encoding="utf-8")
    assert "stopped: bond" in page and "nothing to draw" in page
    assert page.count("<table") == 1, "of errors and speed nothing is known"


def test_runs_of_one_name_are_told_apart(analysed: Path, tmp_path: Path) -> None:
    entries = compare([analysed / "a", analysed / "a"], tmp_path)
    assert [entry.name for entry in entries] == [str(analysed / "a"), f"{analysed / 'a'} (2)"], "given twice"
    entries = [Entry(name, {}) for name in "aab"]
    make_names_unique(entries, [tmp_path / "one" / "a", tmp_path / "other" / "a", tmp_path / "b"])
    assert [entry.name for entry in entries] == ["one/a", "other/a", "b"], "what they share tells nothing"


def test_what_is_missing_is_named(analysed: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run: decant analyze"):
        compare([tmp_path], tmp_path)
    with pytest.raises(InputError, match="1 potentials for 2 runs"):
        compare([analysed / "a", analysed / "b"], tmp_path, potentials=[analysed / "potential-a"])
    bad = tmp_path / "bad.csv"
    bad.write_text("name,density_g_cm3\nx,heavy\n")
    with pytest.raises(InputError, match=r"bad\.csv: line 2: density_g_cm3: expected a number, not 'heavy'"):
        compare([analysed / "a"], tmp_path, reference=bad)


def test_what_runs_do_not_have_in_common_is_told() -> None:
    def entry(name: str, data: str = "1", **conditions: object) -> Entry:
        return Entry(name, {"conditions": conditions}, {**CARD["test_errors"], "data": {"sha256": data}})

    alike = {"liquid": "EC:2", "ensemble": "npt", "temperature_K": 298.0, "pressure_bar": 1.0}
    assert not as_text([entry("a", **alike), entry("b", **alike)]).count("\n* ")
    other = entry("b", "2", **{**alike, "liquid": "EC:1,EMC:1", "ensemble": "nvt", "pressure_bar": None})
    text = as_text([entry("a", **alike), other, Entry("lab", {}, is_reference=True)])
    assert "* other liquid: a EC:2; b EC:1,EMC:1\n" in text and "* other pressure: a 1.0 bar; b none bar\n" in text
    assert "temperature:" not in text and "* errors of forces are on other test sets: a, b" in text


def test_errors_are_those_of_the_potential_that_ran(analysed: Path, tmp_path: Path) -> None:
    run, potential = tmp_path / "a", tmp_path / "potential"
    shutil.copytree(analysed / "a", run)
    shutil.copytree(analysed / "potential-a", potential)
    (potential / "pair.lammps").write_text("pair_style mace\n")
    (run / "run.yaml").write_text(f"potential_sha256: {potential_hash(potential)}\n")
    assert read_entry(run, potential).force_errors()["total"] == NUMBERS
    with pytest.raises(InputError, match=r"a: is a run of another potential \(.*potential-a\) than"):
        read_entry(run, analysed / "potential-a")
    assert not read_entry(run).force_errors(), "the one that it names is not the one that ran"


def test_an_analysis_leaves_nothing_of_an_earlier_one(tmp_path: Path) -> None:
    measured = measure(tumbling_carbonates(8, 80, 1), thermo_of(80, 1), "npt", 298.0)
    write_results(tmp_path, measured)
    assert {"msd.csv", "msd.png", "rdf.csv"} <= {path.name for path in tmp_path.iterdir()}
    (tmp_path / "dump.xyz").touch()
    measured.diffusions, measured.rdfs, measured.sites = [], [], []
    write_results(tmp_path, measured)
    assert not {"msd.csv", "msd.png", "rdf.csv", "rdf.png"} & {path.name for path in tmp_path.iterdir()}
    assert (tmp_path / "dump.xyz").exists() and (tmp_path / "observables.yaml").exists()

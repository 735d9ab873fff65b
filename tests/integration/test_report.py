"""The report of a study's folder: what stands in it, and what is said where something is missing."""

from __future__ import annotations

import copy
import csv
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from decant.foundation.errors import InputError
from decant.foundation.looks import MOST
from decant.foundation.page import Figure, Table
from decant.foundation.svg import inline
from decant.foundation.tables import number
from decant.reporting import density, diffusion, matrix, structure, unseen
from decant.reporting.collect import collect, read_parity
from decant.reporting.cost import cost_of
from decant.reporting.parity import kinds
from decant.reporting.records import Results
from decant.reporting.report import report
from decant.reporting.stability import bar_of
from decant.reporting.structure import mean_curve
from decant.reporting.transfer import compared
from tests.study_folder import DENSITY, as_yaml, write_study


@pytest.fixture(scope="module")
def study(reported_study: Path) -> Path:
    return reported_study


@pytest.fixture(scope="module")
def results(study: Path) -> Results:
    return collect(study)


@pytest.fixture(scope="module")
def page(study: Path) -> str:
    return (study / "report.html").read_text(encoding="utf-8")


def rows(study: Path, name: str) -> list[dict[str, str]]:
    with (study / "report" / f"{name}.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def section(page: str, name: str) -> str:
    return page.split(f'<section id="{name}">')[1].split("</section>")[0]


def test_the_page_needs_nothing_beside_it(page: str) -> None:
    assert "<script" not in page
    loaded = re.findall(r'(?:src|href)="([^"#]+)"', page) + re.findall(r"url\((?!#)([^)]+)\)", page)
    assert all(link.startswith(("report/", "data:,")) for link in loaded), loaded


def test_every_link_to_numbers_leads_to_a_file(page: str, study: Path) -> None:
    links = re.findall(r'href="(report/[^"]+)"', page)
    assert len(links) > 15
    assert {f"report/{file.name}" for file in (study / "report").iterdir()} == set(links)


def test_every_plot_has_numbers_words_and_a_caption(page: str) -> None:
    plots = re.findall(r'<figure class="plot">.*?</figure>', page, flags=re.DOTALL)
    assert len(plots) >= 10
    for plot in plots:
        assert 'class="csv"' in plot
        assert len(re.findall(r"<svg ", plot)) == len(re.findall(r'<svg role="img" aria-label="[^"]{10,}"', plot)) > 0
        assert len(re.findall(r"<figcaption>([^<]*)", plot)[0]) > 60


def test_names_inside_pictures_differ(page: str) -> None:
    names = re.findall(r'\bid="([^"]+)"', page)
    assert len(names) == len(set(names))
    referred = re.findall(r'href="#([^"]+)"', page) + re.findall(r"url\(#([^)]+)\)", page)
    assert set(referred) <= set(names)


def test_names_of_a_picture_are_renamed_where_they_are_used() -> None:
    svg = '<?xml?><svg width="1"><metadata>x</metadata><path id="a"/><use xlink:href="#a" clip-path="url(#a)"/></svg>'
    once, other = inline(svg, "one"), inline(svg, "other")
    name = re.findall(r'id="([^"]+)"', once)[0]
    assert f'href="#{name}"' in once
    assert f"url(#{name})" in once
    assert "metadata" not in once
    assert name not in other


def test_the_page_opens_with_findings_and_has_contents(page: str) -> None:
    sections = re.findall(r'<section id="([^"]+)"', page)
    assert sections[0] == "findings" and sections[-1] == "next"
    assert re.findall(r'<li><a href="#([^"]+)"', page) == sections
    assert "“liquid+scan” scores highest" in section(page, "findings")


def test_the_page_opens_with_three_sentences_and_what_a_score_is(page: str) -> None:
    opening = page.split("<nav")[0]
    studied, decided, undecided = re.findall(r"<p>(.*?)</p>", opening.split('class="lead"')[1].split("</div>")[0])
    assert studied.startswith("Studied: 5 data sets for 4 algorithms")
    assert decided.startswith("Decided (") and "“liquid+scan” serves deepmd best" in decided
    assert undecided.startswith("Not decided (") and "whether “liquid+scan” serves mace better" in undecided
    assert "Score: from 0 to 1" in opening and "density is 5 % off" in opening


def test_decided_findings_stand_before_undecided_ones(page: str) -> None:
    findings = section(page, "findings")
    assert re.findall(r"<h3[^>]*>(.*?)</h3>", findings) == ["Decided", "Likely, not decided", "Not decided"]
    decided, rest = findings.split("Likely, not decided")
    assert "not decided (" not in decided.split("<ul>")[1] and "likely" not in decided.split("<ul>")[1]
    assert "not decided (" in rest


def test_errors_are_one_chart_and_the_parity_plots_are_folded_away(page: str, study: Path) -> None:
    shown, folded = section(page, "parity").split("<details>")
    assert shown.count("<svg ") == 1
    assert folded.count("<svg ") == 26 and "(26 plots)" in folded
    errors = {(row["data"], row["algorithm"], row["motion"]): row for row in rows(study, "force_errors")}
    assert {motion for _, _, motion in errors} == {"translational", "rotational", "vibrational"}
    own = [as_yaml(study / "errors" / "liquid" / "mace" / f"{seed}.yaml") for seed in (1, 2)]
    values = [one["force_meV_per_A"]["rotational"]["rmse"] for one in own]
    assert float(errors["liquid", "mace", "rotational"]["rmse_meV_per_A"]) == pytest.approx(np.mean(values))
    assert float(errors["liquid", "mace", "rotational"]["uncertainty_meV_per_A"]) > 0


def test_every_error_on_the_test_set_is_told_as_its_mean_over_seeds(page: str, study: Path) -> None:
    shown, _ = section(page, "parity").split("<svg ", 1)
    told = {(row["data"], row["algorithm"], row["error"]): row for row in rows(study, "test_errors")}
    own = [as_yaml(study / "errors" / "clusters" / "deepmd" / f"{seed}.yaml") for seed in (1, 2)]
    values = [one["energy_meV_per_atom"]["rmse"] for one in own]
    energy = told["clusters", "deepmd", "energy"]
    assert float(energy["value"]) == pytest.approx(np.mean(values))
    assert number(float(energy["value"]), float(energy["uncertainty"])) in shown.replace("\u00a0", " ")
    assert {row["unit"] for row in told.values()} <= {"meV/atom", "meV/A", "bar"}
    assert len({name for *_, name in told}) > 6


def test_a_test_set_of_many_recipes_shares_the_last_colour_among_the_rarest(results: Results) -> None:
    fit = next(fit for fit in results.fits if fit.parity)
    assert fit.parity is not None
    count = len(fit.parity.recipe)
    recipes = np.array([f"recipe {min(number % 40, 9)}" for number in range(count)])
    found = kinds([replace(fit, parity=replace(fit.parity, recipe=recipes))])
    assert len(found) == 10 and len(set(found.values())) == MOST
    assert found["recipe 9"] == "recipe 9", "the most common has its own"


def test_one_temperature_is_a_number_and_several_are_a_plot(study: Path, results: Results) -> None:
    several = density.section(results)
    assert {row["temperature_K"] for row in several.blocks[0].data.rows} == {298, 303}  # type: ignore[union-attr]
    assert all("ready" not in panel.title for panel in several.blocks[0].panels), "it has one"  # type: ignore[union-attr]
    simulations = {**results.study.simulations, "emc": replace(results.study.simulations["emc"], temperature=(298.0,))}
    one = replace(
        results,
        study=replace(results.study, simulations=simulations),
        runs=[run for run in results.runs if run.cell.temperature == 298],
    )
    (table,) = density.section(one).blocks
    assert isinstance(table, Table)
    cells = {row[0]: row for row in table.rows}
    assert cells["ready, as it is"][1] == "emc, 298 K" and "±" in str(cells["liquid · mace"][2])
    assert re.fullmatch(r"[+−]\d+\.\d %", str(cells["liquid · mace"][4]))


@pytest.mark.parametrize("part", [density, structure, diffusion, unseen])
def test_more_data_sets_than_colours_come_in_further_figures(
    part: ModuleType, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decant.foundation.looks.MOST", 3)
    few = replace(results, runs=[run for run in results.runs if run.cell.fit.algorithm == "mace"])
    figures = [block for block in part.section(few).blocks if isinstance(block, Figure)]
    assert len(figures) >= 2
    assert len({one.data.name for one in figures if one.data}) == len(figures), "each has its numbers"
    for one in figures:
        assert one.panels
        colours = [key.colour for key in one.legend]
        assert len(set(colours)) == len(colours) <= 4, "three, and the reference"


def test_there_is_no_table_without_rows(results: Results) -> None:
    without = copy.deepcopy(results)
    for run in without.runs:
        if run.score:
            run.score["parts"]["density"] |= {"value": None, "not_available": "no reference"}
    tables = [block for block in matrix.section(without).blocks if isinstance(block, Table)]
    assert len(tables) == 2 and all(table.rows for table in tables), "the parts of a score are nowhere known"


def test_long_texts_of_tables_are_notes_below_them(page: str) -> None:
    liquids = section(page, "matrix")
    assert "refused ¹" in liquids
    assert re.search(r'<ol class="notes"><li>--liquid FEC:8: FEC has the element F', liquids)
    cells = re.findall(r"<td[^>]*>(.*?)</td>", page)
    assert max(len(re.sub("<[^>]+>", "", cell)) for cell in cells) < 100


def test_the_matrix_shows_scores_with_uncertainties(page: str, study: Path) -> None:
    cells = {(row["data"], row["algorithm"]): row for row in rows(study, "matrix")}
    good, poor = cells["liquid+scan", "mace"], cells["clusters", "deepmd"]
    assert float(good["score"]) > 0.8 > 0.4 > float(poor["score"])
    assert float(good["uncertainty"]) > 0
    assert good["scored_runs"] == good["runs"] == "4", "two seeds, two temperatures"
    assert ("liquid", "ready") not in cells
    assert re.search(r"0\.\d+\xa0±\xa00\.\d+", section(page, "matrix"))


def test_a_refused_liquid_is_shown_with_its_reason(page: str, study: Path) -> None:
    assert "refused" in section(page, "matrix")
    assert "FEC has the element F; the potential knows only H, C, O" in section(page, "failures")
    failures = rows(study, "failures")
    assert {row["step"] for row in failures} == {"simulate"}
    assert all("knows only H, C, O" in row["reason"] for row in failures)
    assert "4 refused" in section(page, "findings"), "two with a code in their log, two of a version without codes"
    assert section(page, "failures").count(">refused ¹<") == 4


def test_sets_are_held_against_what_they_extend(study: Path, results: Results) -> None:
    sets = compared(results)
    assert sets == {"clusters": "liquid", "liquid+scan": "liquid", "by-mace": "liquid"}
    gains = {(row["data"], row["algorithm"]): float(row["gain"]) for row in rows(study, "transfer")}
    assert gains["liquid+scan", "deepmd"] > 0.05
    assert gains["clusters", "mace"] < -0.05


def test_a_set_is_held_against_the_one_that_the_study_names(results: Results) -> None:
    data = {**results.study.data, "liquid+scan": replace(results.study.data["liquid+scan"], against="clusters")}
    named = replace(results, study=replace(results.study, data=data))
    assert compared(named) == {"clusters": "liquid", "liquid+scan": "clusters", "by-mace": "liquid"}


def test_density_stands_beside_its_reference_and_source(page: str, study: Path) -> None:
    densities = rows(study, "density")
    reference = [row for row in densities if row["data"] == "reference"]
    assert {float(row["density_g_cm3"]) for row in reference} == {1.0061, 1.0001}, "as measured at 298 and 303 K"
    assert {row["temperature_K"] for row in densities} == {"298.0", "303.0"}
    assert "doi:10.1016/j.xcrp.2022.101047" in section(page, "density")
    best = [
        float(row["density_g_cm3"]) for row in densities if row["data"] == "liquid+scan" and row["algorithm"] == "mace"
    ]
    assert best == pytest.approx([DENSITY["emc"]] * 2, rel=0.02)


def test_displacements_come_with_window_and_slope(page: str, study: Path) -> None:
    one = rows(study, "diffusion")[0]
    assert float(one["window_begin_ps"]) < float(one["window_end_ps"])
    assert float(one["log_log_slope"]) == pytest.approx(1.0, abs=0.3)
    assert float(one["uncertainty_1e-5_cm2_s"]) > 0
    assert "log slope" in section(page, "diffusion")


def test_timelines_tell_what_ended_a_run(page: str, study: Path) -> None:
    ends = rows(study, "stability")
    stopped = [row for row in ends if row["ended_by"] == "guard 'bond'"]
    assert stopped
    assert all(float(row["reached_ps"]) < float(row["asked_ps"]) for row in stopped)
    assert all(row["reached_ps"] == row["asked_ps"] for row in ends if row["ended_by"] == "completed")
    times = [row[name] for row in ends for name in ("begin_ps", "reached_ps", "asked_ps")]
    assert all(len(time.partition(".")[2]) <= 6 and time != "-0.0" for time in times)
    assert "guard 'bond'" in section(page, "stability")


def test_unseen_liquids_are_ordered_by_what_changed(study: Path) -> None:
    changes = [row["change"] for row in rows(study, "unseen") if row["algorithm"] == "mace"]
    order = ["none", "shape", "chemistry"]
    assert changes == sorted(changes, key=order.index)


def test_a_liquid_without_a_reference_for_its_density_is_not_set_beside_scores(results: Results) -> None:
    without = copy.deepcopy(results)
    for run in without.runs:
        if run.cell.simulation == "acetone" and run.score:
            run.score["parts"]["density"] |= {"value": None, "not_available": "no reference"}
    block = next(block for block in unseen.section(without).blocks if isinstance(block, Figure))
    rows = {(row["simulation"], row["data"]): row for row in block.data.rows if row["algorithm"] == "mace"}
    assert rows["acetone", "liquid"]["score"] is None
    assert 0.0 < float(str(rows["acetone", "liquid"]["stability"])) < 1.0
    assert rows["dec", "liquid"]["score"] is not None
    drawn = "".join(one.svg for one in block.panels)
    assert "not scored: no density to judge by; stability" in drawn


def test_the_error_between_molecules_predicts_and_that_within_does_not(study: Path) -> None:
    verdicts = {row["error"]: row["verdict"] for row in rows(study, "predictors")}
    assert verdicts["force, intermolecular"] == "predicts"
    assert verdicts["force, intramolecular"] == "does not predict"


def test_cost_is_in_core_minutes(results: Results) -> None:
    cost = cost_of(results, ("liquid", "mace"))
    assert cost.labels == pytest.approx(60 * 2.5 / 60)
    assert cost.training == pytest.approx(90.0 * 2 / 60), "as the workflow measured it, on 2 cores"
    assert cost.dynamics == pytest.approx(90.0 * 2 / 60)
    assert cost.collecting is None


def test_the_run_card_has_versions_and_whole_hashes(study: Path) -> None:
    card = {row["entry"]: row["value"] for row in rows(study, "run_card")}
    assert card["decant-mlip"] == "0.1.0"
    assert len(card["SHA-256 of study.yaml"]) == len(card["SHA-256 of data set liquid"]) == 64


def test_parity_has_the_parts_apart(study: Path) -> None:
    parity = read_parity(study / "errors" / "liquid" / "mace" / "1.extxyz")
    assert set(parity.parts) == {"intramolecular", "intermolecular"}
    reference, predicted = parity.parts["intermolecular"]
    assert reference.shape == predicted.shape == parity.recipe.shape
    assert np.sqrt(np.mean((reference - predicted) ** 2)) < 0.1
    assert set(parity.recipe) == {"liquid", "dimer", "monomer"}


def test_a_mean_structure_reaches_as_far_as_the_smallest_box(results: Results) -> None:
    from dataclasses import replace

    run = next(run for run in results.runs if run.rdf)
    short = replace(run, rdf={name: column[:40] for name, column in run.rdf.items()})
    curve = mean_curve([run, short], "EMC-EMC")
    assert curve is not None
    r, g, error = curve
    assert r[-1] == pytest.approx(3.95)
    assert g == pytest.approx(run.rdf["g EMC-EMC"][:40])
    assert error == pytest.approx(np.zeros(40))


def test_a_run_that_goes_on_has_no_bar(results: Results) -> None:
    from dataclasses import replace

    run = next(run for run in results.runs if run.score)
    assert bar_of(run) is not None
    assert bar_of(replace(run, status={"state": "running"})) is None


@pytest.mark.parametrize("part", ["empty", "begun"])
def test_an_unfinished_study_has_a_report_that_says_what_is_missing(part: str, tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", part)
    page = report(folder, tmp_path / "so-far.html").read_text(encoding="utf-8")
    assert f"0 of {len(collect(folder).runs)} runs have a score" in section(page, "findings")
    assert "No run has a score yet" in section(page, "matrix")
    assert "No run has begun yet" in section(page, "stability")
    assert "runs have no score yet" in section(page, "failures")
    assert (tmp_path / "so-far" / "run_card.csv").is_file()
    assert ("predictions of the test set" in section(page, "parity")) == (part == "empty")


def test_text_of_a_study_is_text_on_the_page(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", "empty")
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    (folder / "study.yaml").write_text(text.replace("Transfer of", "<script>alert(1)</script> & of"), encoding="utf-8")
    page = report(folder).read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; of" in page


def test_a_folder_that_is_no_study_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no study\.yaml; expected the folder of a study"):
        report(tmp_path)
    with pytest.raises(InputError, match="no such directory"):
        report(tmp_path / "nowhere")


def test_a_damaged_list_of_jobs_is_one_clear_line(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", "empty")
    (folder / "jobs.json").write_text('[{"name": "fit/a"}]')
    with pytest.raises(InputError, match="not a list of jobs"):
        report(folder)


def test_the_verb_wants_a_name_of_a_page(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", "empty")
    decant = [sys.executable, "-c", "from decant.cli.main import main; main()", "report", str(folder)]
    done = subprocess.run([*decant, "-o", str(tmp_path / "page.txt")], capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "expected a name that ends in .html" in done.stderr
    assert done.stderr.count("\n") == 1

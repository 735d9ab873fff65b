"""Scores of analysed runs, and the verb."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from decant.cli.main import main
from decant.foundation.errors import InputError
from decant.scoring.score import as_text, score
from tests.unit.scored_runs import diffusion_entry, write_run

STOPPED_EARLY = {"state": "stopped", "guard": "bond", "time_ps": -0.25, "message": "a bond stretched"}


def score_with(folder: Path, **settings: Any) -> dict[str, Any]:
    return score(write_run(folder, **settings))


def test_a_run_that_equals_the_reference_within_its_noise_scores_near_1(tmp_path: Path) -> None:
    result = score_with(tmp_path / "a", density=0.788)
    assert 0.98 < result["score"] <= 1.0
    assert result["score"] - 2.0 * result["uncertainty"] < 1.0
    assert result["complete"]
    assert result["over"] == ["stability", "density", "diffusion"]
    assert "range" not in result
    assert result["parts"]["density"]["run_over_reference"] == pytest.approx(0.788 / 0.7863, rel=1e-5)
    assert yaml.safe_load((tmp_path / "a" / "score.yaml").read_text()) == result


def test_stopped_in_the_equilibration_it_scores_by_its_stability_alone(tmp_path: Path) -> None:
    result = score_with(tmp_path / "a", density=None, status=STOPPED_EARLY)
    assert result["score"] == pytest.approx(0.1 / 3.0, rel=1e-5)
    assert result["uncertainty"] is None
    assert result["complete"], "the other parts are known to be 0"
    assert "did not last" in result["parts"]["density"]["counts_0"]
    assert "stopped by guard 'bond'" in as_text(result)


def test_an_electrolyte_has_conductivity_and_transference_beside_its_score(tmp_path: Path) -> None:
    run = write_run(
        tmp_path / "a", density=1.16, liquid="EC:31,EMC:61,Li+:9,PF6-:9", temperature_K=313.15, diffusion={}
    )
    summary = yaml.safe_load((run / "observables.yaml").read_text())
    summary["conductivity"] = {"einstein": {"value": 5.0, "uncertainty": 1.0}}
    summary["onsager"] = {"cation_transference": {"solvent": {"value": 0.4, "uncertainty": 0.1}}, "note": "too short"}
    (run / "observables.yaml").write_text(yaml.safe_dump(summary))
    result = score(run)
    assert result["over"] == ["stability", "density"] and result["score"] == pytest.approx(1.0)
    assert result["beside"]["conductivity"] == {
        "run_mS_cm": 5.0, "run_uncertainty_mS_cm": 1.0, "reference_mS_cm": 11.36, "reference_uncertainty_mS_cm": 0.568,
    }  # fmt: skip
    assert result["beside"]["transference"]["not_available"] == "too short"
    assert result["beside"]["transference"]["reference"] == 0.35
    text = as_text(result)
    assert "(conductivity)" in text and "mS/cm" in text and "note: transference: too short" in text
    assert "beside" not in score_with(tmp_path / "b")


def test_what_must_be_known_of_the_density_is_told_and_starred(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", density=0.948, error=None)
    summary = yaml.safe_load((run / "observables.yaml").read_text())
    summary["density"]["note"] = "too short for an uncertainty"
    (run / "observables.yaml").write_text(yaml.safe_dump(summary))
    result = score(run)
    assert "density: too short for an uncertainty" in result["notes"]
    assert "0.95 ± 0.03 *" in as_text(result)


def test_a_starred_diffusion_leaves_the_part_out_and_marks_the_score(tmp_path: Path) -> None:
    starred = {"MEOH": diffusion_entry(0.2, note="log-log slope 0.5")}
    result = score_with(tmp_path / "a", density=0.7863, diffusion=starred)
    assert result["parts"]["diffusion"]["value"] is None
    assert not result["complete"]
    assert result["over"] == ["stability", "density"]
    assert result["score"] == pytest.approx(1.0)
    assert result["range"] == pytest.approx([2.0 / 3.0, 1.0])
    assert "diffusion: MEOH: log-log slope 0.5" in result["notes"]
    assert "with all parts it would be 0.667 to 1" in as_text(result)


def test_a_starred_diffusion_of_a_run_that_did_not_last_counts_0(tmp_path: Path) -> None:
    starred = {"MEOH": diffusion_entry(0.2, note="log-log slope 0.5")}
    stopped = {**STOPPED_EARLY, "time_ps": 0.5}
    result = score_with(tmp_path / "a", density=0.7863, diffusion=starred, status=stopped)
    assert result["parts"]["diffusion"]["value"] == 0.0
    assert result["score"] == pytest.approx(0.4 * (1.0 + 1.0 + 0.0) / 3.0, rel=1e-4)


def test_evaporation_without_a_guard_lowers_the_stability(tmp_path: Path) -> None:
    result = score_with(tmp_path / "a", density=0.3, trace=[0.79] * 5 + [0.3] * 6)
    assert result["parts"]["stability"]["value"] == pytest.approx(0.5)
    assert result["parts"]["density"]["value"] < 0.01
    assert "note: stability: the density left that of the liquid" in as_text(result)


def test_a_run_whose_density_nobody_knows_is_not_scored(tmp_path: Path) -> None:
    result = score_with(tmp_path / "a", liquid="VC:16")
    assert result["score"] is result["interval"] is None
    assert "stability 1, not scored" in as_text(result)
    assert "\nscore" not in as_text(result)
    assert result["over"] == ["stability"]
    assert result["range"] == pytest.approx([1.0 / 3.0, 1.0])


def test_a_mixture_averages_over_its_species(tmp_path: Path) -> None:
    reference = tmp_path / "reference.yaml"
    reference.write_text(yaml.safe_dump({"diffusion_1e-5_cm2_s": {"EC": 1.0, "EMC": 1.0}}))
    found = {"EC": diffusion_entry(1.0), "EMC": diffusion_entry(2.0)}
    run = write_run(tmp_path / "a", liquid="EC:1,EMC:2", diffusion=found)
    result = score(run, [str(reference)], tmp_path / "elsewhere.yaml")
    assert result["parts"]["diffusion"]["value"] == pytest.approx((1.0 + 0.5) / 2.0)
    assert (tmp_path / "elsewhere.yaml").is_file()
    assert not (run / "score.yaml").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"status": {"state": "running"}}, "was analysed while running"),
        ({"ensemble": "nvt"}, "needs a run at constant pressure"),
    ],
)
def test_a_run_that_cannot_be_scored_is_refused(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        score_with(tmp_path / "a", **settings)
    assert not (tmp_path / "a" / "score.yaml").exists()


def run_verb(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Call the console script with arguments; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["decant", "score", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def test_the_verb_prints_the_parts_and_answers_mistakes_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(write_run(tmp_path / "a"))
    assert run_verb(monkeypatch, run) == 0
    printed = capsys.readouterr().out
    assert "stability" in printed
    assert "g/cm3" in printed
    for arguments, message in (
        ([str(tmp_path / "b")], "no such directory"),
        ([run, "--reference", "nowhere"], "no such file or directory"),
    ):
        assert run_verb(monkeypatch, *arguments) == 2
        said = capsys.readouterr().err
        assert said.startswith("decant: error: ")
        assert message in said
        assert said.count("\n") == 1

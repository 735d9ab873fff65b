"""Scores of real LAMMPS runs of a small liquid."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from decant.analysis.analyze import analyze
from decant.scoring.score import combine, score
from tests.integration.test_analyze import EQUILIBRATION, EVERY, FRAMES, simulate


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A completed run at constant pressure, analysed."""
    folder = simulate(tmp_path_factory.mktemp("score") / "npt", "npt")
    spec = yaml.safe_load((folder / "run.yaml").read_text())
    spec |= {"pressure_bar": 1.0, "production_steps": FRAMES * EVERY, "start_density_g_cm3": 0.63}
    spec |= {"liquid": "[C-]#[O+]:64"}
    (folder / "run.yaml").write_text(yaml.safe_dump(spec))
    (folder / "status.yaml").write_text("state: completed\n")
    analyze(folder)
    return folder


def test_a_copy_of_a_run_is_as_good_as_its_reference(run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "copy")
    result = score(copy, [str(run)])
    stability = result["parts"]["stability"]
    assert stability["asked_ps"] == pytest.approx((EQUILIBRATION + FRAMES * EVERY) * 5e-4)
    assert stability["value"] == 1.0
    assert result["parts"]["density"]["value"] == 1.0
    assert result["parts"]["density"]["uncertainty"] > 0
    assert result["score"] == 1.0
    assert combine([result, result])["score"] == 1.0


def test_its_density_against_a_file_is_that_of_the_thermo_output(run: Path, tmp_path: Path) -> None:
    measured = yaml.safe_load((run / "observables.yaml").read_text())["density"]["value"]
    reference = tmp_path / "reference.yaml"
    reference.write_text(yaml.safe_dump({"density_g_cm3": measured * 1.05, "source": "made for this test"}))
    result = score(run, [str(reference)], tmp_path / "score.yaml")
    assert result["parts"]["density"]["value"] == pytest.approx(0.5, abs=1e-3)
    assert result["over"] == ["stability", "density"]

"""The potentials that come with decant run by their one command, plain ``lmp`` under ``mpirun``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from decant.potentials.potential import Potential
from decant.simulation.run import Run
from tests.integration.conftest import run_decant

MODELS = Path(__file__).resolve().parents[2] / "models"


@pytest.mark.parametrize("name", ["ec-emc-dft", "ec-emc-mace", "ec-emc-deepmd"])
def test_a_ready_potential_runs_by_its_one_command_and_says_what_it_is_for(name: str, tmp_path: Path) -> None:
    card = Potential.open(MODELS / name).card
    assert card["use"]["good_for"] and card["use"]["not_for"] and card["check"] and card["test_errors"]
    folder = Path(sys.executable).parent
    words = [folder / "mpirun", "-np", "2", folder / "lmp", "-in", MODELS / "in.ec-emc", "-var", "models", MODELS]
    words += ["-var", "potential", MODELS / name, "-var", "equilibration", "20", "-var", "steps", "20"]
    words += ["-var", "dump_every", "10", "-var", "minimise_steps", "5"]
    done = subprocess.run([str(word) for word in words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Production complete at step 40" in done.stdout, done.stdout[-2000:] + done.stderr


def test_the_potential_of_twelve_solvents_runs_a_mixture_of_those_it_has_seen_and_says_so_of_others(
    tmp_path: Path,
) -> None:
    potential = MODELS / "solvents"
    card = Potential.open(potential).card
    assert len(card["data"]["species"]) == 12 and card["use"]["good_for"] and card["check"]["passed"]
    words = ("simulate", potential, "--ensemble", "nvt", "--equilibration", "0.01ps", "--length", "0.02ps", "-o")
    seen = run_decant(*words, tmp_path / "seen", "--liquid", "PC:2,ACN:4,FEC:2")
    assert Run.open(tmp_path / "seen").status["state"] == "completed"
    assert "was not trained on" not in seen.stderr
    new = run_decant(*words, tmp_path / "new", "--liquid", "ACE:6")
    assert "was not trained on ACE" in new.stderr

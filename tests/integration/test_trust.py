"""`decant trust` from the ready MACE to a verdict, its continuation, and what a fit writes for it onto its card."""

from __future__ import annotations

from pathlib import Path

from decant.foundation.files import read_yaml
from decant.potentials.committee import write_committee
from decant.potentials.potential import Potential
from decant.potentials.training_data import TrainingData
from decant.verdict.level import level
from tests.conftest import REPOSITORY
from tests.integration.conftest import run_decant

READY = REPOSITORY / "models" / "ec-emc-mace"
TINY = ("--configurations", 2, "--atoms", 18, "--length", "5fs", "--jobs", 1)


def test_the_verdict_on_a_solvent_stands_on_labels_and_a_run_and_is_continued(tmp_path: Path) -> None:
    committee = write_committee([READY, READY], tmp_path / "committee").path
    command = ("trust", committee, "--liquid", "MEOH", "--home", "ACE", *TINY, "-o", tmp_path / "out")
    done = run_decant(*command)
    verdict = read_yaml(tmp_path / "out" / "verdict.yaml")
    assert verdict["sentence"] in done.stdout and "not for: Other solvents" in done.stdout
    assert (verdict["method"], verdict["change"], verdict["new_groups"]) == ("gfn2-xtb", "chemistry", ["alcohol"])
    liquid = verdict["measured"]["liquid"]
    assert all(value > 0 for key, value in liquid.items() if key in ("molecule", "pair", "translation", "rotation"))
    assert abs(liquid["pressure_kbar"]) > 0 and liquid["deviation_eV_per_A"] == 0  # of a committee of twins
    # a potential of carbonates knows nothing of the O-H bond
    assert verdict["verdict"] == verdict["parts"]["molecule"] == "wrong"
    # killed before the last of it: what is there stays, the rest is made again
    labels = (tmp_path / "out" / "liquid" / "labels.journal").stat().st_mtime_ns
    for name in ("verdict.yaml", "home/box.yaml"):
        (tmp_path / "out" / name).unlink()
    run_decant(*command)
    again = read_yaml(tmp_path / "out" / "verdict.yaml")
    assert {**again, "seconds": 0} == {**verdict, "seconds": 0}
    assert (tmp_path / "out" / "liquid" / "labels.journal").stat().st_mtime_ns == labels
    assert "give the same settings to continue it" in run_decant(*command, "--seed", 2, expect=2).stderr


def test_a_liquid_with_an_unknown_element_is_refused_before_any_work(tmp_path: Path) -> None:
    done = run_decant("trust", READY, "--liquid", "ACN", "-o", tmp_path / "out", expect=2)
    assert "ACN has the element N" in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_card_of_a_fit_tells_molecules_liquids_and_level(mace_potential: Path) -> None:
    training = TrainingData.of(Potential.open(mace_potential).card)
    assert [one.name for one in training.molecules] == ["MEOH"]
    assert training.liquid.startswith("MEOH:")
    assert level(training, None if training.labels else "gfn1-xtb").name == "gfn1-xtb"


def test_a_run_warns_of_molecules_that_were_not_trained_on(tmp_path: Path) -> None:
    words = ("--copies", 2, "--length", "2fs", "--equilibration", "1fs", "-o", tmp_path / "run")
    done = run_decant("simulate", READY, "--liquid", "ACE:1", *words)
    assert "--liquid: " in done.stderr and "was not trained on ACE, only on EMC, EC" in done.stderr
    assert "is not for: Other solvents" in done.stderr

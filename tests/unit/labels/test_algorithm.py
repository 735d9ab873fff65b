"""A reference method is run as it is: what describes it, and whose code runs without a word."""

from __future__ import annotations

from pathlib import Path

import pytest
from ase import Atoms
from ase.build import molecule

from decant.algorithms.base import Part
from decant.algorithms.registry import algorithm
from decant.data.prediction import ask
from decant.foundation.errors import InputError
from decant.labels.algorithm import TRUSTED, Description
from decant.labels.registry import labeler
from decant.potentials.export import export
from decant.potentials.fit import FitRequest, fit
from decant.potentials.potential import Potential
from decant.potentials.source import open_source

EMT = "method: ase:ase.calculators.emt.EMT\nelements: [H, C, O]\n"


@pytest.fixture
def emt(tmp_path: Path) -> Path:
    path = tmp_path / "emt.yaml"
    path.write_text(EMT)
    return path


@pytest.mark.parametrize(
    "text, told",
    [
        ("settings: {}", "the key 'method' is missing"),
        ("methods: gfn2-xtb", r"unknown key 'methods' \(did you mean 'method'\?\)"),
        ("method: gfn2-xtb\nelements: [H, Q]", "elements: expected chemical symbols"),
        ("method: gfn2-xtb\nsettings: tight", "settings: expected a mapping"),
        ("method: gfn2-xtb\ncharge: 0.5", "charge: expected a whole number"),
        ("method: openff", "decant simulate --method openff"),
        ("method: potential:potentials/mace-a", "is a potential already"),
        ("method: gfn3-xtb\nelements: [H]", r"unknown method 'gfn3-xtb' \(did you mean"),
        ("method: gfn2-xtb\nelements: [H]\nsettings: {accurac: 1}", r"did you mean 'accuracy'\?"),
        ("method: ase:no.such.Calculator\nelements: [H]", "pip install no"),
        ("method: gfn2-xtb", "knows many elements; give `elements`"),
    ],
)
def test_what_describes_no_calculator_is_refused(tmp_path: Path, text: str, told: str):
    path = tmp_path / "some.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=told):
        export(path, tmp_path / "potential")
    assert list(tmp_path.iterdir()) == [path]


def test_a_head_and_elements_that_it_has_not_are_refused(emt: Path, tmp_path: Path):
    for part, told in ((Part(head="mp"), "`head` mp"), (Part(elements=("H", "Li")), "knows no Li")):
        with pytest.raises(InputError, match=told):
            export(emt, tmp_path / "potential", part=part)


def test_a_method_of_a_name_that_decant_knows_is_exported_by_that_name(tmp_path: Path):
    potential, _ = export(Path("gfn1-xtb"), tmp_path / "xtb", part=Part(elements=("H", "O"), charge=-1))
    assert (potential.algorithm, potential.elements, potential.in_python) == ("ase", ["H", "O"], True)
    assert potential.card["virial"] is True
    assert potential.card["architecture"]["method"] == "gfn1-xtb" and potential.card["architecture"]["charge"] == -1
    assert "fix python_forces all external" in potential.pair_lines.read_text()
    hydroxide = Atoms("OH", positions=[[0, 0, 0], [0, 0, 0.96]])
    stated = hydroxide.copy()
    stated.info |= {"charge": -1, "spin": 1}
    expected = labeler("gfn1-xtb").label(stated)
    assert ask(potential.calculator(), hydroxide).energy == pytest.approx(expected.energy, abs=1e-9)


def test_a_frame_in_the_same_place_with_another_charge_is_computed_anew(tmp_path: Path):
    calculator = export(Path("gfn1-xtb"), tmp_path / "xtb", part=Part(elements=("H", "O")))[0].calculator()
    water, ion = molecule("H2O"), molecule("H2O")
    ion.info |= {"charge": 1, "spin": 2}
    energies = [ask(calculator, atoms).energy for atoms in (water, ion, water)]
    assert energies[1] - energies[0] > 5.0  # some 12 eV of ionization
    assert energies[2] == energies[0]
    with pytest.raises(InputError, match="does not know C"):
        ask(calculator, molecule("CO"))


def test_code_of_somebody_elses_folder_runs_only_where_the_user_says_so(
    emt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.delenv(TRUSTED, raising=False)
    mark = Description.read(emt).fingerprint
    potential, _ = export(emt, tmp_path / "potential")  # to name the description itself is such a word
    assert f"export {TRUSTED}={mark}" in caplog.text
    handed_over = Potential.open(potential.path)
    with pytest.raises(InputError, match=rf"runs ase:ase.calculators.emt.EMT, .*export {TRUSTED}={mark}"):
        handed_over.calculator()
    with pytest.raises(InputError, match=mark):
        labeler(f"potential:{potential.path}").label(molecule("H2O"))
    monkeypatch.setenv(TRUSTED, f"0123456789abcdef, {mark}")
    water = molecule("H2O")
    assert ask(handed_over.calculator(), water).energy == labeler("ase:ase.calculators.emt.EMT").label(water).energy


def test_the_word_is_given_for_these_settings_alone(emt: Path):
    first = Description.read(emt).fingerprint
    emt.write_text(EMT + "settings: {asap_cutoff: true}\n")
    assert Description.read(emt).fingerprint != first
    emt.write_text(EMT.replace("[H, C, O]", "H, O") + "cutoff: 5\n")
    assert Description.read(emt).fingerprint == first


def test_a_bare_description_is_a_source(emt: Path):
    assert open_source(emt).elements == ["H", "C", "O"]
    assert ask(open_source(emt).reference_calculator(), molecule("H2O")).forces.shape == (3, 3)


def test_it_has_no_fit(tmp_path: Path):
    assert not algorithm("ase").fits and algorithm("mace").fits
    with pytest.raises(InputError, match="`algorithm` ase: has no fit; what it runs is taken as it is"):
        fit(FitRequest("ase", tmp_path, tmp_path / "model"))

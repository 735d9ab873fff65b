"""What a score compares with, and what it refuses to compare with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from decant.analysis.entry import read_references
from decant.foundation.errors import InputError
from decant.molecules.measurements import Measurement, citation, measured
from decant.scoring.quantity import Quantity
from decant.scoring.reference import experiment, read_reference
from tests.unit.scored_runs import diffusion_entry, write_run


def conditions(liquid: str = "MEOH:16", temperature: float = 298.0, pressure: float = 1.0) -> dict[str, Any]:
    return {"liquid": liquid, "temperature_K": temperature, "pressure_bar": pressure}


def from_content(folder: Path, content: dict[str, Any], **settings: Any) -> Any:
    file = folder / "reference.yaml"
    file.write_text(yaml.safe_dump(content))
    return read_reference([str(file)], folder / "run", conditions(**settings))


def test_a_score_and_a_comparison_read_the_same_file_in_either_form(tmp_path: Path) -> None:
    content = {
        "name": "lab", "density_g_cm3": 0.79, "density_uncertainty_g_cm3": 0.01, "diffusion_1e-5_cm2_s": {"MEOH": 2.4},
        "temperature_K": 298.0, "source": "a paper",
    }  # fmt: skip
    table, mapping = tmp_path / "lab.csv", tmp_path / "lab.yaml"
    table.write_text(
        "name,density_g_cm3,density_uncertainty_g_cm3,diffusion_MEOH_1e-5_cm2_s,temperature_K,source,ours\n"
        "lab,0.79,0.01,2.4,298,a paper,seen\n"
    )
    mapping.write_text(yaml.safe_dump(content))
    found = [read_reference([str(file)], tmp_path / "run", conditions()) for file in (table, mapping)]
    assert found[0].density == found[1].density
    assert found[0].diffusion == found[1].diffusion
    beside = [read_references(file) for file in (table, mapping)]
    assert beside[0] == beside[1]
    assert beside[0][0].diffusion()["MEOH"]["diffusion_1e-5_cm2_s"] == 2.4
    table.write_text(table.read_text() + "other,0.8,,,,,\n")
    with pytest.raises(InputError, match=r"lab\.csv: has 2 rows; a score takes one"):
        read_reference([str(table)], tmp_path / "run", conditions())


def test_experiment_is_what_was_measured_with_its_source() -> None:
    found = experiment(conditions())
    density, diffusion = (measured({"MEOH": 1.0}, what, 298.0) for what in ("density", "diffusion"))
    assert isinstance(density, Measurement)
    assert isinstance(diffusion, Measurement)
    assert found.density is not None
    assert found.density.value == density.density
    assert found.diffusion["MEOH"].value == diffusion.diffusion["MEOH"]
    assert citation(density.source) in found.source
    assert citation(diffusion.source) in found.source
    assert not found.missing
    assert not found.notes
    assert not found.periodic


def test_experiment_knows_a_solvent_that_is_given_as_smiles() -> None:
    named, written = experiment(conditions()), experiment(conditions("OC:10"))
    assert written.density == named.density
    assert written.diffusion == {"OC": named.diffusion["MEOH"]}


def test_experiment_knows_a_mixture_and_its_composition() -> None:
    found = experiment(conditions("EC:4,EMC:8"))
    assert found.density == Quantity(1.0948, pytest.approx(0.0055, abs=1e-4))
    assert "density of EC 0.336 + EMC 0.664 (mole fractions) at 298.15 K: A. A. Wang" in found.source
    assert not found.notes
    assert found.missing == {"diffusion": "decant knows no experimental diffusion of EC + EMC"}


def test_experiment_of_a_mixture_between_two_is_interpolated_and_says_so() -> None:
    found = experiment(conditions("EC:1,EMC:1"))
    assert found.density is not None
    assert 1.0948 < found.density.value < 1.1573
    assert found.notes == [
        "density is interpolated linearly in the mole fraction of EC, between measurements at 0.336 and 0.542"
    ]


def test_experiment_at_another_temperature_is_noted_then_less_certain_then_refused() -> None:
    near, far, farther = (experiment(conditions(temperature=kelvin)) for kelvin in (298.15, 304.0, 320.0))
    assert near.density is not None
    assert far.density is not None
    assert (far.density.uncertainty or 0) > (near.density.uncertainty or 0)
    assert "5.85 K from the temperature" in far.notes[0]
    assert farther.density is None
    assert "21.9 K from the temperature of the run" in farther.missing["density"]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"liquid": "EC:1,DMC:2"}, "of EC + DMC"),
        ({"liquid": "VC:8"}, "of VC"),
        ({"pressure": 3000.0}, "measured at 1 bar, the run is at 3000 bar"),
    ],
)
def test_what_experiment_does_not_know_is_said(settings: dict[str, Any], reason: str) -> None:
    found = experiment(conditions(**settings))
    assert found.density is None
    assert not found.diffusion
    assert reason in found.missing["density"]
    assert reason in found.missing["diffusion"]


def test_a_mixture_outside_what_was_measured_is_not_known() -> None:
    found = experiment(conditions("EC:4,EMC:1"))
    assert found.density is None
    assert "for mole fractions of EC from 0 to 0.734, not for 0.8" in found.missing["density"]


def test_a_file_gives_values_by_species_with_their_uncertainty(tmp_path: Path) -> None:
    content = {
        "density_g_cm3": 1.1, "density_uncertainty_g_cm3": 0.01, "source": "PBE-D3",
        "diffusion_1e-5_cm2_s": {"EC": 0.5, "EMC": 0.8}, "diffusion_uncertainty_1e-5_cm2_s": {"EC": 0.1},
    }  # fmt: skip
    found = from_content(tmp_path, content, liquid="EC:1,EMC:2", pressure=3000.0)
    assert found.density == Quantity(1.1, 0.01)
    assert found.diffusion == {"EC": Quantity(0.5, 0.1), "EMC": Quantity(0.8, pytest.approx(0.04))}
    assert found.source == "PBE-D3"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"densty_g_cm3": 1.0}, "did you mean 'density_g_cm3'"),
        ({"source": "none"}, "expected at least one of density_g_cm3, diffusion_1e-5_cm2_s, conductivity_mS_cm"),
        ({"density_g_cm3": "dense"}, "density_g_cm3: expected a positive number"),
        ({"density_g_cm3": 1.0, "density_uncertainty_g_cm3": -1.0}, "expected a number from 0 on"),
        ({"diffusion_1e-5_cm2_s": 1.0}, "expected a mapping of species"),
        ({"diffusion_1e-5_cm2_s": {"MEOHH": 1.0}}, "'MEOHH' is not in the run .did you mean 'MEOH'"),
    ],
)
def test_a_wrong_file_is_answered_with_one_line(tmp_path: Path, content: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        from_content(tmp_path, content)
    assert "reference.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_runs_are_pooled_in_any_order_and_their_spread_is_the_uncertainty(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / f"{k}", 1.0 + 0.02 * k, 0.001, {"MEOH": diffusion_entry(1.0 + 0.1 * k)}) for k in range(3)
    ]
    found = read_reference([str(run) for run in runs], tmp_path / "run", conditions())
    assert found.density is not None
    assert found.density.value == pytest.approx(1.02)
    assert found.density.uncertainty == pytest.approx(1.32 * 0.02 / 3**0.5, rel=0.01)
    assert found.diffusion["MEOH"].value == pytest.approx(1.1)
    assert found.periodic
    other = read_reference([str(run) for run in reversed(runs)], tmp_path / "run", conditions())
    assert other.density == found.density


def test_a_starred_diffusion_of_a_reference_run_does_not_count(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", diffusion={"MEOH": diffusion_entry(2.0, note="log-log slope 0.5")})
    found = read_reference([str(run)], tmp_path / "run", conditions())
    assert not found.diffusion
    assert found.missing["diffusion"] == "MEOH: log-log slope 0.5"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"status": {"state": "stopped", "guard": "nan", "time_ps": 1.0}}, "must be a completed run"),
        ({"liquid": "ETOH:16"}, "is of ETOH:16; expected MEOH:16"),
        ({"temperature_K": 350.0}, "has temperature_K 350; expected 298"),
        ({"pressure_bar": 3000.0}, "has pressure_bar 3000; expected 1"),
        ({"ensemble": "nvt"}, "needs constant pressure"),
    ],
)
def test_a_reference_run_of_something_else_is_refused(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    run = write_run(tmp_path / "a", **settings)
    with pytest.raises(InputError, match=message):
        read_reference([str(run)], tmp_path / "run", conditions())


def test_a_run_is_not_its_own_reference(tmp_path: Path) -> None:
    own, other = write_run(tmp_path / "own", 0.9), write_run(tmp_path / "other", 1.0)
    found = read_reference([str(own), str(other)], own, conditions())
    assert found.density == Quantity(1.0, 0.002)
    with pytest.raises(InputError, match="is the run to be scored itself"):
        read_reference([str(own)], own, conditions())


def test_a_name_that_is_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'experiment'"):
        read_reference(["experimnt"], tmp_path, conditions())
    with pytest.raises(InputError, match="experiment: goes alone; expected"):
        read_reference(["experiment", str(tmp_path)], tmp_path, conditions())


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("lab.yaml", "density_g_cm3: 1.2 g/cm3\n", r"lab\.yaml: density_g_cm3: expected a positive number"),
        ("lab.yaml", "diffusion_1e-5_cm2_s: 1.1\n", r"diffusion_1e-5_cm2_s: expected a mapping of species"),
        ("lab.csv", "name,density_g_cm3\nlab,nan\n", r"lab\.csv: line 2: density_g_cm3: expected a positive number"),
        ("lab.csv", "name,diffusion_EC_1e-5_cm2_s\nlab,-1\n", r"line 2: diffusion_EC_1e-5_cm2_s: expected a positive"),
        ("lab.csv", "name,diffusion_1e-5_cm2_s\nlab,1.1\n", r"of which species\? Write diffusion_EC_1e-5_cm2_s"),
    ],
)
def test_a_slip_in_a_file_of_values_is_one_line_for_both(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        read_references(tmp_path / name)
    with pytest.raises(InputError, match=message):
        read_reference([str(tmp_path / name)], tmp_path / "run", conditions())


def test_a_table_of_a_spreadsheet_is_read(tmp_path: Path) -> None:
    (tmp_path / "lab.csv").write_text("\ufeffname,density_g_cm3\nlab,0.79\n", encoding="utf-8")
    assert read_references(tmp_path / "lab.csv")[0].name == "lab"


LIPF6 = "EC:31,EMC:61,Li+:9,PF6-:9"


def test_experiment_knows_an_electrolyte_with_its_sources() -> None:
    found = experiment(conditions(LIPF6, temperature=313.15))
    assert found.conductivity == Quantity(11.36, pytest.approx(0.568))
    assert found.transference == Quantity(0.35, 0.05)
    assert found.density == Quantity(1.16, 0.01)
    assert "conductivity at 0.992 mol/kg and 313.15 K: J. Landesfeind" in found.source
    assert found.missing == {"diffusion": "decant knows no experimental diffusion of electrolytes"}
    far = experiment(conditions(LIPF6, temperature=350.0))
    assert far.conductivity is None and "26.9 K from the temperature of the run" in far.missing["conductivity"]


def test_a_file_may_have_values_of_an_electrolyte(tmp_path: Path) -> None:
    found = from_content(
        tmp_path, {"density_g_cm3": 1.2, "conductivity_mS_cm": 9.0, "cation_transference": -0.1}, liquid=LIPF6
    )
    assert found.conductivity == Quantity(9.0, pytest.approx(0.45))
    assert found.transference == Quantity(-0.1, 0.05)
    alone = from_content(tmp_path, {"conductivity_mS_cm": 9.0}, liquid=LIPF6)
    assert alone.conductivity == found.conductivity and {"density", "diffusion"} <= alone.missing.keys()

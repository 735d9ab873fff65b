"""Measured electrolytes: each value has a source, two papers agree, and nothing is extrapolated."""

from __future__ import annotations

import re

import pytest

from decant.molecules.electrolyte import Solution, electrolyte
from decant.molecules.electrolyte_measurements import (
    ElectrolyteMeasurement,
    dissolved_salt,
    electrolyte_measurements,
    measured_electrolyte,
)
from decant.molecules.liquid import parse_liquid
from decant.molecules.measurements import sources
from decant.molecules.salts import salt
from decant.molecules.solvents import solvent_table

MOLAR = "EC:310,EMC:612,Li+:90,PF6-:90"  # 3:7 by mass, 0.991 mol/kg


def measured(text: str, what: str, kelvin: float = 298.15) -> ElectrolyteMeasurement:
    found = measured_electrolyte(parse_liquid(text), what, kelvin)
    assert isinstance(found, ElectrolyteMeasurement), found
    return found


def test_an_electrolyte_is_known_however_its_molecules_are_written() -> None:
    by_smiles = "C1COC(=O)O1:310,CCOC(=O)OC:612,[Li+]:90,F[P-](F)(F)(F)(F)F:90"
    assert measured(by_smiles, "conductivity") == measured(MOLAR, "conductivity")


def test_every_value_has_a_source_and_is_one_that_a_liquid_can_have() -> None:
    assert len(electrolyte_measurements()) >= 30
    for one in electrolyte_measurements():
        assert one.source in sources(), one
        assert salt(one.salt) and one.solvents.keys() <= solvent_table().keys(), one
        assert sum(one.solvents.values()) == pytest.approx(1.0), one
        assert one.conductivity is not None and 1 < one.conductivity < 20, one
        assert one.transference is None or -0.5 < one.transference < 0.5, one
        assert one.density is None or 1.0 < one.density < 1.4, one


def test_two_papers_agree_on_the_conductivity_at_room_temperature() -> None:
    by_source = {
        source: [one for one in electrolyte_measurements() if one.source == source and one.temperature_K == 298.15]
        for source in ("Landesfeind2019", "Nyman2008")
    }
    for one, other in zip(*by_source.values(), strict=True):
        assert one.molality == other.molality
        assert one.conductivity == pytest.approx(other.conductivity, rel=0.06)


def test_the_molality_of_a_box_is_that_it_was_made_with() -> None:
    box = electrolyte("EC:3,EMC:7", Solution("mass", "LiPF6", molality=1.0), molecules=5000)
    found = dissolved_salt(box.composition)
    assert found is not None
    fractions, name, molality = found
    assert name == "LiPF6" and molality == pytest.approx(1.0, rel=0.01)
    assert fractions["EC"] == pytest.approx(0.3363, abs=0.001)
    assert dissolved_salt(parse_liquid("EC:3,Li+:2,PF6-:1")) is None, "not neutral"
    twice = dissolved_salt(parse_liquid("EC:100,EMC:612,EC:210,Li+:50,PF6-:90,Li+:40"))
    assert twice == dissolved_salt(parse_liquid(MOLAR)), "a molecule may stand there twice"
    magnesium = dissolved_salt(parse_liquid("EC:3,Mg2+:1,TFSI-:2"))
    assert magnesium == ({"EC": 1.0}, "Mg(TFSI)2", pytest.approx(1000 / (3 * 88.062), rel=1e-3))


@pytest.mark.parametrize("molecules", [56, 110, 250])
def test_a_small_box_of_a_ratio_by_mass_is_the_mixture_that_was_measured(molecules: int) -> None:
    box = electrolyte("EC:3,EMC:7", Solution("mass", "LiPF6", molality=1.0), molecules=molecules)
    assert isinstance(measured_electrolyte(box.composition, "density", 313.15), ElectrolyteMeasurement), box
    other = electrolyte("EC:35,EMC:65", Solution("mass", "LiPF6", molality=1.0), molecules=molecules)
    assert isinstance(measured_electrolyte(other.composition, "density", 313.15), str), "another ratio"


def test_a_measured_molality_is_taken_as_it_is_and_one_between_two_is_interpolated() -> None:
    assert measured(MOLAR, "conductivity").between is None
    assert measured(MOLAR, "conductivity").conductivity in (9.13, 9.49)
    half = "EC:310,EMC:612,Li+:65,PF6-:65"
    found = measured(half, "transference", 313.0)
    assert found.temperature_K == 313.15 and found.between == (0.482, 0.992)
    assert 0.35 < (found.transference or 0) < 0.42


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("EC:310,EMC:612,Li+:1,PF6-:1", "from 0.462 to 2.14 mol/kg, not for 0.011"),
        ("EC:612,EMC:310,Li+:90,PF6-:90", "no experimental conductivity of LiPF6 in EC 0.664"),
        ("EC:310,EMC:612,Na+:90,PF6-:90", "no experimental conductivity of NaPF6"),
        ("EC:9,Li+:1", r"no experimental conductivity of EC \+ Li\+"),
    ],
)
def test_what_was_not_measured_is_said(text: str, reason: str) -> None:
    found = measured_electrolyte(parse_liquid(text), "conductivity", 298.15)
    assert isinstance(found, str) and re.search(reason, found), found

import ase.units
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decant.data.label_units import KINDS, LabelUnits, likely_units, unit_value
from decant.foundation.errors import InputError


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("eV", "energy", 1.0), ("Hartree", "energy", 27.211386), ("kcal/mol", "energy", 0.0433641),
        ("meV", "energy", 1e-3),
        ("kcal per mol", "energy", 0.0433641), ("Hartree/Bohr", "forces", 51.42207), ("ha/bohr", "forces", 51.42207),
        ("eV/Å", "forces", 1.0), ("kcal/mol/A", "forces", 0.0433641), ("kJ/mol/nm", "forces", 1.0364e-3),
        ("kbar", "stress", 1 / 1602.1766), ("GPa", "stress", 1 / 160.21766), ("bar", "stress", 1 / 1.6021766e6),
        ("eV/Ang^3", "stress", 1.0), ("Hartree/Bohr**3", "stress", 183.631), ("Bohr", "length", 0.529177),
        ("nm", "length", 10),
    ],
)  # fmt: skip
def test_a_unit_has_the_size_that_ase_gives_it(text, kind, value):
    assert unit_value(text, kind) == pytest.approx(value, rel=1e-4)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("Hartre", "energy", r"unknown unit 'Hartre' \(did you mean 'Hartree'\?\); expected for example eV, Hartree"),
        ("GPa", "energy", "`energy_unit` 'GPa': no unit of energy"),
        ("eV", "forces", "`forces_unit` 'eV': no unit of forces; expected for example eV/Ang, Hartree/Bohr"),
        ("eV/Ang", "stress", "no unit of stress"),
    ],
)
def test_what_is_no_unit_of_a_label_is_refused(text, kind, message):
    with pytest.raises(InputError, match=message):
        unit_value(text, kind)
    with pytest.raises(InputError, match=message):
        LabelUnits(**{f"{kind}_unit": text})


def test_a_sign_is_one_or_minus_one():
    assert LabelUnits(stress_unit="kbar", stress_sign=-1).factor("stress") == pytest.approx(-ase.units.GPa / 10)
    assert LabelUnits(forces_sign=-1).factor("forces") == -1 and LabelUnits().factor("virial") == 1
    with pytest.raises(InputError, match="`stress_sign` 2: expected 1 or -1"):
        LabelUnits(stress_sign=2)


@given(kind=st.sampled_from(sorted(KINDS)), place=st.integers(0, 4), blur=st.floats(0.75, 1.3))
def test_the_unit_of_a_number_is_found_from_its_size(kind, place, blur):
    name = KINDS[kind][3][place % len(KINDS[kind][3])]
    assert name in likely_units(kind, blur / unit_value(name, kind))

"""A unit that a file states beside its numbers is never passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decant.data.import_ import import_frames
from decant.data.keys import LabelKeys
from decant.data.label_units import LabelUnits, unit_value
from decant.foundation.errors import InputError

ROWS = "\nO 0 0 0 0.1 0 0\nH 0.96 0 0 -0.1 0.2 0\nH -0.24 0.93 0 0 -0.2 0\n"


def written(folder: Path, *comments: str) -> Path:
    """A file of one molecule of water for each comment, each a little larger."""
    frames = [f"3\nProperties=species:S:1:pos:R:3:forces:R:3 {text}{ROWS}" for text in comments]
    frames = [frame.replace("0.93", f"{0.93 + 0.02 * place}") for place, frame in enumerate(frames)]
    (folder / "source.xyz").write_text("".join(frames))
    return folder / "source.xyz"


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("energy=-76.4 energy_unit=Hartree", "energy_unit says Hartree: give `energy_unit` Hartree"),
        ("energy=-76.4 Hartree", "the comment says Hartree: give `energy_unit` Hartree"),
        ("energy=-76.4 units=Hartree", "units says Hartree: give `energy_unit` Hartree"),
        ("energy=-1 units=real", "`energy_unit` kcal/mol.*; units says kcal/mol/Ang: give `forces_unit` kcal/mol/Ang"),
        ('energy=-1 force_units="Hartree/Bohr"', "force_units says Hartree/Bohr: give `forces_unit` Hartree/Bohr"),
        (
            "energy=-4.8 energy_unit=eV/atom",
            "energy_unit says eV/atom: name energies per atom as such, energy_per_atom",
        ),
        ("energy=-1 positions_unit=Bohr", "positions_unit says Bohr: give `length_unit` Bohr"),
    ],
)
def test_a_unit_that_is_stated_is_asked_for(tmp_path, said, asked):
    with pytest.raises(InputError, match=asked) as caught:
        import_frames(written(tmp_path, said))
    assert "\n" not in str(caught.value)


def test_units_of_several_frames_are_one(tmp_path):
    with pytest.raises(InputError, match=r"several units \(energy_unit eV, energy_unit Hartree\)"):
        import_frames(written(tmp_path, "energy=-2078.9 energy_unit=eV", "energy=-76.4 energy_unit=Hartree"))


@pytest.mark.parametrize(
    "said",
    [
        "energy_unit=eV",
        "eV",
        "units=metal",
        "units=eV",
        "energy_unit=electronvolt",
        "dipole_unit=Debye",
        "T",
        "stress_unit=kbar",
    ],
)  # fmt: skip
def test_the_units_of_the_house_and_those_of_what_is_not_taken_are_no_matter(tmp_path, caplog, said):
    assert len(import_frames(written(tmp_path, f"energy=-14.5 {said}")).frames) == 1
    assert not [record for record in caplog.records if "unit" in record.getMessage()]


def test_a_unit_that_nobody_knows_is_told(tmp_path, caplog):
    import_frames(written(tmp_path, "energy=-14.5 energy_unit=foe"))
    assert "energy_unit says 'foe', which is no unit that is known: taken as eV" in caplog.text


@given(unit=st.sampled_from(["Hartree", "kcal/mol", "Rydberg", "kJ/mol"]))
def test_a_stated_unit_that_the_caller_repeats_is_converted(tmp_path_factory, unit):
    path = written(tmp_path_factory.mktemp("said"), f"energy={-400 / unit_value(unit, 'energy')} energy_unit={unit}")
    (atoms,) = import_frames(path, units=LabelUnits(energy_unit=unit)).frames
    assert atoms.info["REF_energy"] == pytest.approx(-400)


def test_energies_that_are_named_as_those_of_an_atom_may_have_such_a_unit(tmp_path):
    path = written(tmp_path, "energy_per_atom=-5.0 energy_unit=eV/atom")
    (atoms,) = import_frames(path, LabelKeys(energy_key="energy_per_atom")).frames
    assert atoms.info["REF_energy"] == pytest.approx(-15.0)

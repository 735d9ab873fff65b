import pytest

from decant.foundation.errors import InputError
from decant.molecules.solvents import molecule, solvent_table, solvents


def test_every_named_solvent_has_a_structure_and_a_class():
    assert len(solvents()) >= 24
    for solvent in solvents():
        assert solvent.symbols and solvent_table()[solvent.name]["class"]


def test_a_smiles_string_is_a_molecule_too():
    assert molecule("CCCO").formula == "C3H8O"


def test_an_unknown_solvent_names_the_nearest_one():
    with pytest.raises(InputError, match=r"unknown solvent 'EMCC' \(did you mean 'EMC'\?\)"):
        molecule("EMCC")


def test_the_named_solvents_cover_the_classes_of_electrolytes_and_common_solvents():
    classes = " ".join(entry["class"] for entry in solvent_table().values())
    for word in (
        "carbonate", "ester", "lactone", "ether", "ketone", "alcohol", "nitrile", "sulfone", "amide", "acid", "water"
    ):  # fmt: skip
        assert word in classes

import pytest

from decant.foundation.errors import InputError
from decant.molecules.solvents import mixture, molecule, parse_liquid, rotatable_bonds, solvent_table, solvents


def test_every_named_solvent_has_a_structure_and_a_class():
    assert len(solvents()) >= 24
    for solvent in solvents():
        assert solvent.symbols and solvent_table()[solvent.name]["class"]


def test_every_density_names_its_temperature_and_source():
    for name, entry in solvent_table().items():
        if "density_g_cm3" in entry:
            assert 0.5 < entry["density_g_cm3"] < 2 and entry["temperature_K"] > 250 and entry["source"], name


def test_ethylene_carbonate_has_its_formula_and_mass():
    ec = molecule("ec")
    assert (ec.name, ec.formula, len(ec.bonds)) == ("EC", "C3H4O3", 10)
    assert ec.molar_mass == pytest.approx(88.06, abs=0.01)


def test_a_smiles_string_is_a_molecule_too():
    assert molecule("CCCO").formula == "C3H8O"


def test_embedding_is_repeatable_and_its_atoms_follow_the_symbols():
    emc = molecule("EMC")
    first, again = emc.embed(5), emc.embed(5)
    assert (first.positions == again.positions).all()
    assert tuple(first.get_chemical_symbols()) == emc.symbols


def test_an_unknown_solvent_names_the_nearest_one():
    with pytest.raises(InputError, match=r"unknown solvent 'EMCC' \(did you mean 'EMC'\?\)"):
        molecule("EMCC")


@pytest.mark.parametrize("text", ["EC", "EC:", "EC:0", "EC:-1", "EC:1.5", "EC:4;EMC:8", "", "EC:4,,EMC:8"])
def test_a_malformed_composition_is_refused(text):
    with pytest.raises(InputError, match=r"liquid|unknown solvent"):
        parse_liquid(text)


def test_a_composition_keeps_its_order():
    assert [(solvent.name, count) for solvent, count in parse_liquid("EMC:8, EC:4")] == [("EMC", 8), ("EC", 4)]


def test_the_named_solvents_cover_the_classes_of_electrolytes_and_common_solvents():
    classes = " ".join(entry["class"] for entry in solvent_table().values())
    for word in (
        "carbonate", "ester", "lactone", "ether", "ketone", "alcohol", "nitrile", "sulfone", "amide", "acid", "water"
    ):  # fmt: skip
        assert word in classes


def test_every_diffusion_coefficient_names_its_temperature_and_source():
    found = [entry for entry in solvent_table().values() if "diffusion_1e-5_cm2_s" in entry]
    assert len(found) >= 4
    for entry in found:
        assert 0.1 < entry["diffusion_1e-5_cm2_s"] < 10
        assert entry["diffusion_temperature_K"] > 250 and entry["diffusion_source"]


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [
        ("EC:3,EMC:7", {"molecules": 10}, [3, 7]),
        ("EC:3,EMC:7", {"molecules": 12}, [4, 8]),
        ("EC:0.3,EMC:0.7", {"molecules": 20}, [6, 14]),
        ("EC:1,EMC:2", {"atoms": 160}, [4, 8]),
        ("EC:2,EMC:4", {}, [2, 4]),
    ],
)
def test_a_mole_ratio_is_scaled_to_the_size_of_a_box(text, size, expected):
    assert [count for _, count in mixture(text, **size)] == expected


@pytest.mark.parametrize(
    ("text", "size", "message"),
    [
        ("EC:1,EMC:99", {"molecules": 5}, "has none of some kind"),
        ("EC:1,EMC", {"molecules": 5}, "expected NAME:SHARE"),
        ("EC:1", {"molecules": 5, "atoms": 50}, "not both"),
        ("EC:0.5", {}, "expected NAME:COUNT"),
    ],
)
def test_a_mixture_that_makes_no_sense_is_refused(text, size, message):
    with pytest.raises(InputError, match=message):
        mixture(text, **size)


def test_rotatable_bonds_are_single_and_in_no_ring():
    assert rotatable_bonds("C1COC(=O)O1") == []
    assert len(rotatable_bonds("COCCOC")) == 5

import pytest

from decant.errors import InputError
from decant.molecules import molecule, parse_liquid, solvent_table, solvents


def test_every_named_solvent_has_a_structure_and_a_class():
    assert len(solvents()) >= 12
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

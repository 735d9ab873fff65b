import pytest

from decant.molecules.molecule import rotatable_bonds
from decant.molecules.solvents import molecule


def test_ethylene_carbonate_has_its_formula_and_mass():
    ec = molecule("ec")
    assert (ec.name, ec.formula, len(ec.bonds)) == ("EC", "C3H4O3", 10)
    assert ec.molar_mass == pytest.approx(88.06, abs=0.01)


def test_embedding_is_repeatable_and_its_atoms_follow_the_symbols():
    emc = molecule("EMC")
    first, again = emc.embed(5), emc.embed(5)
    assert (first.positions == again.positions).all()
    assert tuple(first.get_chemical_symbols()) == emc.symbols


def test_rotatable_bonds_are_single_and_in_no_ring():
    assert rotatable_bonds("C1COC(=O)O1") == []
    assert len(rotatable_bonds("COCCOC")) == 5

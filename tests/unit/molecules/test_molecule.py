import itertools

import numpy as np
import pytest

from decant.molecules.ions import ions
from decant.molecules.molecule import rotatable_bonds
from decant.molecules.solvents import molecule, solvents
from decant.molecules.topology import bonds


def test_ethylene_carbonate_has_its_formula_and_mass():
    ec = molecule("ec")
    assert (ec.name, ec.formula, len(ec.bonds)) == ("EC", "C3H4O3", 10)
    assert ec.molar_mass == pytest.approx(88.06, abs=0.01)


def test_embedding_is_repeatable_and_its_atoms_follow_the_symbols():
    emc = molecule("EMC")
    first, again = emc.embed(5), emc.embed(5)
    assert (first.positions == again.positions).all()
    assert tuple(first.get_chemical_symbols()) == emc.symbols


CROWDED = [molecule(smiles) for smiles in ("FP(F)(F)(F)F", "FS(F)(F)(F)(F)c1ccccc1", "Cl[P-](Cl)(Cl)(Cl)(Cl)Cl")]


@pytest.mark.parametrize("kind", [*solvents(), *ions(), *CROWDED], ids=lambda kind: kind.name)
def test_a_first_geometry_has_the_bonds_of_the_molecule_and_no_others(kind):
    assert np.array_equal(bonds(kind.embed(1)), kind.bonds)


@pytest.mark.parametrize("name", ["PF6-", "AsF6-", "SbF6-", "FS(F)(F)(F)(F)F"])
def test_six_neighbours_stand_about_an_atom_as_an_octahedron(name):
    kind = molecule(name)
    for seed in range(3):
        atoms = kind.embed(seed)
        (centre,) = (index for index, symbol in enumerate(kind.symbols) if symbol != "F")
        others = [index for index in range(7) if index != centre]
        angles = sorted(atoms.get_angle(i, centre, j) for i, j in itertools.combinations(others, 2))
        assert angles[:12] == pytest.approx([90] * 12, abs=25) and angles[12:] == pytest.approx([180] * 3, abs=25)


def test_rotatable_bonds_are_single_and_in_no_ring():
    assert rotatable_bonds("C1COC(=O)O1") == []
    assert len(rotatable_bonds("COCCOC")) == 5

import numpy as np
import pytest
from ase import Atoms
from ase.data import atomic_numbers
from hypothesis import given
from hypothesis import strategies as st

from decant.molecules.charge import ElectronState, describe_molecules, described_molecules, recognized, state_of
from decant.molecules.ions import ions
from decant.molecules.molecule import Molecule
from decant.molecules.solvents import molecule, solvents


def graph(kind, order=None):
    """Return symbols and bonds of a molecule, its atoms in another order if asked for."""
    order = np.arange(len(kind.symbols)) if order is None else np.asarray(order)
    place = np.argsort(order)
    edges = sorted((min(place[i], place[j]), max(place[i], place[j])) for i, j in kind.bonds.tolist())
    return tuple(kind.symbols[index] for index in order), tuple((int(i), int(j)) for i, j in edges)


@pytest.mark.parametrize(
    ("smiles", "charge", "unpaired"),
    [
        ("[Li+]", 1, 0), ("[Mg+2]", 2, 0), ("[Cl-]", -1, 0), ("F[P-](F)(F)(F)(F)F", -1, 0), ("CCOC(=O)OC", 0, 0),
        ("C[N+](=O)[O-]", 0, 0), ("[CH3]", 0, 1), ("[O]N=O", 0, 1), ("[Li]", 0, 1), ("O=O", 0, 2), ("[O][O]", 0, 2),
        ("[Cu+2]", 2, 1), ("C1CO[C-]([O])O1", -1, 1), ("CCn1cc[n+](C)c1", 1, 0),
    ],
)  # fmt: skip
def test_charge_and_unpaired_electrons_are_those_of_the_smiles(smiles, charge, unpaired):
    kind = Molecule(smiles, smiles)
    assert (kind.charge, kind.unpaired) == (charge, unpaired)


def test_solvents_are_neutral_and_ions_are_found_by_their_names():
    assert {(kind.charge, kind.unpaired) for kind in solvents()} == {(0, 0)}
    assert (molecule("Li+").charge, molecule("PF6-").charge, molecule("Zn2+").charge) == (1, -1, 2)


@pytest.mark.parametrize("ion", ions(), ids=lambda ion: ion.name)
def test_an_ion_is_recognized_by_its_graph_in_any_order_of_its_atoms(ion):
    order = np.random.default_rng(0).permutation(len(ion.symbols))
    assert recognized(*graph(ion, order)) == (ion.name, ElectronState(ion.charge))
    assert ion.charge != 0 and ion.unpaired == 0


@pytest.mark.parametrize(
    ("smiles", "charge"),
    [
        ("C1COC(=O)O1", 0), ("COP(=O)(OC)OC", 0), ("C[N+](=O)[O-]", 0), ("FS(F)(F)(F)(F)F", 0), ("[Ar]", 0),
        ("CCn1cc[n+](C)c1", 1), ("CCCC[n+]1ccccc1", 1), ("C[N+]1(CCC)CCCC1", 1), ("C[NH3+]", 1),
        ("N#C[B-](C#N)(C#N)C#N", -1), ("CCCC[P+](CCCC)(CCCC)CCCC", 1), ("CCCCS(=O)(=O)[O-]", -1),
        ("O=S(=O)(C(F)(F)C(F)(F)F)[N-]S(=O)(=O)C(F)(F)C(F)(F)F", -1), ("O=P(OCC)(OCC)OCC", 0), ("CP(C)C", 0),
    ],
)  # fmt: skip
def test_what_has_one_sound_lewis_structure_is_known_without_a_name(smiles, charge):
    assert recognized(*graph(Molecule(smiles, smiles)))[1] == ElectronState(charge)


@pytest.mark.parametrize("smiles", ["[OH]", "[OH-]", "[CH3]", "[CH2]O", "[N]=O", "[O]N=O", "[Cu]", "CO[Li]", "[CH2]"])
def test_what_may_be_a_radical_or_an_ion_is_not_guessed(smiles):
    assert recognized(*graph(Molecule(smiles, smiles)))[1] is None


KINDS = [molecule(name) for name in ("Li+", "Mg2+", "PF6-", "EC", "WATER", "[CH3]", "[O][O]")]


@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=12), st.data())
def test_charge_is_additive_and_always_goes_with_the_multiplicity(kinds, data):
    """Any part of a liquid and the rest add up to the whole, and electrons and multiplicity fit in each."""
    cut = data.draw(st.integers(0, len(kinds)))
    assert state_of(kinds[:cut]) + state_of(kinds[cut:]) == state_of(kinds)
    atoms = Atoms([symbol for kind in kinds for symbol in kind.symbols])
    describe_molecules(atoms, kinds)
    assert described_molecules(atoms) == kinds
    electrons = sum(atomic_numbers[symbol] for kind in kinds for symbol in kind.symbols) - atoms.info["charge"]
    assert (electrons - (atoms.info["spin"] - 1)) % 2 == 0

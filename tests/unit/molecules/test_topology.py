import numpy as np
import pytest
from ase import Atoms, build
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.molecules.liquid import parse_liquid
from decant.molecules.packing import pack
from decant.molecules.solvents import molecule
from decant.molecules.species import composition, species_names
from decant.molecules.topology import bonds, formula, molecule_ids, pair_distances, shortest_height, unwrap


@pytest.fixture(scope="module")
def box():
    return pack(parse_liquid("EC:2,EMC:4"), 1.1, seed=1)


def test_the_bonds_of_an_embedded_molecule_are_those_of_its_smiles():
    for name in ("EC", "EMC", "VC", "FEC", "ACN", "DMSO"):
        solvent = molecule(name)
        assert np.array_equal(bonds(solvent.embed(1)), solvent.bonds)


def test_molecules_are_found_across_the_boundaries_of_a_wrapped_box(box):
    wrapped = box.copy()
    wrapped.wrap()
    pairs = bonds(wrapped)
    ids = molecule_ids(len(wrapped), pairs)
    assert np.array_equal(ids, box.arrays["mol_id"])
    assert species_names(wrapped, ids, pairs) == ["EC"] * 2 + ["EMC"] * 4


def test_unwrapping_restores_bond_lengths_without_periodicity(box):
    wrapped = box.copy()
    wrapped.positions += [3.0, -1.0, 5.0]
    wrapped.wrap()
    pairs = bonds(wrapped)
    whole = unwrap(wrapped, pairs)
    lengths = np.linalg.norm(whole[pairs[:, 0]] - whole[pairs[:, 1]], axis=1)
    expected = np.linalg.norm(box.positions[pairs[:, 0]] - box.positions[pairs[:, 1]], axis=1)
    assert np.allclose(lengths, expected)
    fractions = (whole - wrapped.positions) @ np.linalg.inv(wrapped.cell.array)
    assert np.allclose(fractions, np.round(fractions))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.floats(-0.9, 0.9))
def test_fast_and_general_bond_search_agree_in_skewed_cells(seed, shear):
    random = np.random.default_rng(seed)
    cell = np.array([[9.0, 0, 0], [shear * 9, 9, 0], [shear * 4, -shear * 3, 8]])
    atoms = Atoms("C12H12O6", cell=cell, pbc=True, scaled_positions=random.random((30, 3)))
    fast = {tuple(pair) for pair in bonds(atoms)}
    repeated = atoms.repeat((3, 3, 3))  # the middle copy sees all its neighbours without any periodicity
    repeated.pbc = False
    middle = slice(13 * 30, 14 * 30)
    slow = {
        tuple(sorted((int(i) % 30, int(j) % 30)))
        for i, j in bonds(repeated)
        if (middle.start <= i < middle.stop or middle.start <= j < middle.stop) and i % 30 != j % 30
    }
    assert fast == slow


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(15)))
def test_a_species_is_named_whatever_the_order_of_its_atoms(order):
    emc = molecule("EMC").embed(3)[list(order)]
    pairs = bonds(emc)
    assert species_names(emc, molecule_ids(15, pairs), pairs) == ["EMC"]


def test_an_isomer_of_a_solvent_is_not_taken_for_it():
    ester = molecule("COC(=O)COC").embed(1)  # C4H8O3 like EMC
    pairs = bonds(ester)
    assert species_names(ester, molecule_ids(len(ester), pairs), pairs) == ["C4H8O3"]


def test_molecules_without_bonds_are_single_atoms():
    assert molecule_ids(3, np.zeros((0, 2), dtype=int)).tolist() == [0, 1, 2]


def test_formulas_follow_hill_and_compositions_are_sorted():
    assert formula(["O", "H", "C", "H"]) == "CH2O"
    assert formula(["O", "H", "H"]) == "H2O"
    assert composition(["EMC", "EC", "EMC"]) == "EC:1,EMC:2"


def test_a_molecule_across_the_boundary_of_a_slab_is_one_with_and_without_a_third_vector():
    water = build.molecule("H2O")
    for third in (0.0, 30.0):
        slab = Atoms(water.numbers, positions=water.positions, cell=[10, 10, third], pbc=[True, True, False])
        slab.translate([9.9, 0.1, 0.0])
        slab.wrap(pbc=[True, True, False])
        assert len(bonds(slab)) == 2
        assert pair_distances(slab) == pytest.approx(pair_distances(water))
        assert shortest_height(slab) == pytest.approx(10.0)

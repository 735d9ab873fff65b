"""The SMILES of a molecular graph: that of every solvent, none of what broke or fused."""

from __future__ import annotations

import pytest

from decant.molecules.ions import ions
from decant.molecules.molecule import Molecule
from decant.molecules.smiles import smiles
from decant.molecules.solvents import solvents


def graph(molecule: Molecule) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    return molecule.symbols, tuple((int(i), int(j)) for i, j in molecule.bonds)


@pytest.mark.parametrize("solvent", [one for one in solvents() if one.name != "DMSO"], ids=lambda one: one.name)
def test_bonds_alone_give_back_a_solvent(solvent: Molecule) -> None:
    found = smiles(*graph(solvent))
    assert found and Molecule("", found).identity == solvent.identity


def test_an_anion_is_found() -> None:
    assert smiles(*graph(Molecule("", "CC(=O)[O-]"))) == "CC(=O)[O-]"


@pytest.mark.parametrize("ion", [one for one in ions() if len(one.symbols) > 1], ids=lambda one: one.name)
def test_a_named_ion_is_found_with_its_charge(ion: Molecule) -> None:
    found = smiles(*graph(ion))
    assert found and Molecule("", found).identity == ion.identity
    assert Molecule("", found).charge == ion.charge


def test_a_broken_and_a_fused_molecule_have_none() -> None:
    symbols, bonds = graph(Molecule("", "COC"))
    assert smiles(symbols, bonds[:-1]) is None  # a hydrogen on its own
    assert smiles(symbols, (*bonds, (3, 4))) is None  # hydrogens that touch
    assert smiles(("H",), ()) is None

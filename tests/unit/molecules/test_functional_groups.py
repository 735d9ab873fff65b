"""Functional groups of molecules, and what makes a liquid new."""

from __future__ import annotations

import pytest

from decant.molecules.functional_groups import change, functional_groups
from decant.molecules.molecule import Molecule
from decant.molecules.solvents import molecule, solvent_table

BY_CLASS = {
    "cyclic carbonate": {"carbonate"},
    "linear carbonate": {"carbonate"},
    "fluorinated cyclic carbonate": {"carbonate", "fluoride"},
    "lactone": {"ester"},
    "ester": {"ester"},
    "ether": {"ether"},
    "cyclic ether": {"ether"},
    "nitrile": {"nitrile"},
    "sulfoxide": {"sulfoxide"},
    "sulfone": {"sulfone"},
    "water": {"water"},
    "alcohol": {"alcohol"},
    "ketone": {"ketone"},
    "amide": {"amide"},
    "lactam": {"amide"},
    "acid": {"acid"},
}


@pytest.mark.parametrize("name", solvent_table())
def test_the_groups_of_a_named_solvent_are_those_of_its_class(name: str) -> None:
    expected = BY_CLASS[solvent_table()[name]["class"]] | ({"alkene"} if name == "VC" else set())
    assert functional_groups(molecule(name)) == expected


@pytest.mark.parametrize(
    ("smiles", "groups"),
    [
        ("CCCCCC", {"alkane"}),
        ("c1ccccc1", {"aromatic ring"}),
        ("CC(=O)OC(C)=O", {"anhydride"}),
        ("OCC(=O)OC", {"alcohol", "ester"}),
        ("COCC#N", {"ether", "nitrile"}),
        ("CC=O", {"aldehyde"}),
        ("C[N+](=O)[O-]", {"nitro"}),
        ("CN(C)C", {"amine"}),
        ("COP(=O)(OC)OC", {"phosphate"}),
        ("C[Si](C)(C)C", {"Si"}),
    ],
)
def test_other_molecules_are_told_apart(smiles: str, groups: set[str]) -> None:
    assert functional_groups(Molecule(smiles, smiles)) == groups


@pytest.mark.parametrize(
    ("liquid", "known", "expected"),
    [
        ("EMC", "EMC", "none"),
        ("COC(=O)OCC", "EMC", "none"),
        ("DMC", "EMC", "shape"),
        ("PC", "EMC", "shape"),
        ("GBL", "EA", "shape"),
        ("IPA", "NPROH", "shape"),
        ("DOL", "DME", "shape"),
        ("VC", "EC", "chemistry"),
        ("FEC", "EC", "chemistry"),
        ("EA", "EMC", "chemistry"),
        ("DME", "EMC", "chemistry"),
        ("ACE", "EA", "chemistry"),
        ("ACOH", "ETOH", "chemistry"),
        ("CCCCCC", "EMC", "chemistry"),
    ],
)
def test_a_new_liquid_changes_shape_or_chemistry(liquid: str, known: str, expected: str) -> None:
    assert change([molecule(liquid)], [molecule(known)]) == expected


def test_the_molecule_that_changes_most_decides_for_a_mixture() -> None:
    known = [molecule("EC"), molecule("EMC")]
    assert change(known, known) == "none"
    assert change([molecule("EC"), molecule("DMC")], known) == "shape"
    assert change([molecule("DMC"), molecule("ACN")], known) == "chemistry"

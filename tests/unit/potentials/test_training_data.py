"""What a card says of the training data: molecules, liquids, labels; and what is new to the potential."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from decant.molecules.molecule import Molecule
from decant.molecules.packing import pack
from decant.molecules.solvents import molecule
from decant.potentials.training_data import EXAMINED, TrainingData, describe_molecules
from decant.simulation.start import connectivity


def box(**counts: int) -> Atoms:
    liquid = [(molecule(name), count) for name, count in counts.items()]
    atoms = pack(liquid, 0.9, 1)
    atoms.set_array("mol_id", connectivity(liquid)[1])
    atoms.info |= {"label_method": "gfn2-xtb", "label_version": "tblite 0.5", "label_settings": "accuracy=0.1"}
    return atoms


def alone(kind: Molecule) -> Atoms:
    atoms = kind.embed(1)
    atoms.set_array("mol_id", np.zeros(len(atoms), dtype=int))
    return atoms


def test_molecules_and_liquids_are_counted_the_commonest_first() -> None:
    told = describe_molecules([box(EC=1, DME=3), box(EC=1, DME=3), box(DME=2)])
    assert told["species"] == [{"name": "DME", "smiles": "COCCOC"}, {"name": "EC", "smiles": "O=C1OCCO1"}]
    assert told["liquids"] == {"DME:3,EC:1": 2, "DME:2": 1}
    assert told["labels"] == [{"method": "gfn2-xtb", "version": "tblite 0.5", "settings": "accuracy=0.1", "frames": 3}]


def test_many_frames_alike_are_counted_and_not_all_examined() -> None:
    one, other = box(EC=2), box(DME=2)
    told = describe_molecules([one] * (3 * EXAMINED) + [other])
    assert told["liquids"] == {"EC:2": 3 * EXAMINED, "DME:2": 1}
    assert [entry["name"] for entry in told["species"]] == ["EC", "DME"]


def test_an_unnamed_molecule_is_known_by_its_smiles_and_a_broken_one_is_none() -> None:
    ether = alone(Molecule("", "CCCOC"))
    torn = alone(molecule("DME"))
    torn.positions[-1] += 5.0
    told = describe_molecules([ether, torn])
    assert told["species"] == [{"name": "CCCOC", "smiles": "CCCOC"}]
    assert told["liquids"] == {} and told["labels"] == []


def test_a_salt_is_known_by_the_smiles_of_its_anion_and_the_formula_of_its_metal() -> None:
    phosphorus = np.array([[0, 0, 0], *(1.6 * np.vstack([np.eye(3), -np.eye(3)])), [6, 6, 6]])
    salt = Atoms("PF6Li", positions=phosphorus)
    salt.set_array("mol_id", np.repeat([0, 1], [7, 1]))
    training = TrainingData.of({"data": describe_molecules([alone(molecule("DME")), salt])})
    assert training.formulas == ("Li",)
    assert training.molecules == (molecule("DME"), Molecule("PF6-", "F[P-](F)(F)(F)(F)F"))
    assert training.new([Molecule("PF6", "F[P-](F)(F)(F)(F)F"), molecule("EC")]) == [molecule("EC")]
    assert TrainingData.of({"data": {"species": training.species}}) == TrainingData(
        training.molecules, training.formulas, None, ()
    )


def test_what_was_not_trained_on_is_new_however_it_is_written() -> None:
    training = TrainingData.of({"data": describe_molecules([box(EC=1, EMC=2)])})
    assert training.liquid == "EC:1,EMC:2"
    known = [molecule("EC"), Molecule("x", "COC(=O)OCC")]
    assert training.new([*known, molecule("DME")]) == [molecule("DME")]


def test_a_card_of_an_earlier_version_and_a_bare_model_open_and_nothing_is_new_to_them() -> None:
    for card in ({}, {"data": None, "fit": None}, {"data": {"name": "split", "elements": ["H"]}}):
        training = TrainingData.of(card)
        assert (training.molecules, training.formulas, training.liquid, training.labels) == (None, (), None, ())
        assert training.new([molecule("DME")]) == []


def test_a_tuned_potential_has_seen_what_it_started_from() -> None:
    species = describe_molecules([box(EC=2)])
    told = {
        "data": species,
        "fit": {"pretrained": {"name": "a", "species": describe_molecules([box(DME=2)])["species"]}},
    }
    assert TrainingData.of(told).new([molecule("DME")]) == []
    unknown = {"data": species, "fit": {"pretrained": {"name": "a published model"}}}
    assert TrainingData.of(unknown).molecules is None

"""What is said before a run: new molecules and their new groups, and what the card is not for."""

from __future__ import annotations

from pathlib import Path

from decant.potentials.potential import Potential
from decant.simulation.caveats import caveats

CARD = {
    "data": {"species": [{"name": "EC", "smiles": "C1COC(=O)O1"}, {"name": "EMC", "smiles": "CCOC(=O)OC"}]},
    "use": {"good_for": [], "not_for": ["Surfaces."]},
}


def told(liquid: str, card: dict[str, object]) -> list[str]:
    return caveats(Potential(Path("potentials/a"), card), liquid)


def test_a_molecule_that_was_not_trained_on_is_named_with_its_new_groups() -> None:
    first, second = told("EC:1,DME:2", CARD)
    assert "was not trained on DME, only on EC, EMC, which have no ether; 'decant trust'" in first
    assert second == "potentials/a is not for: Surfaces."
    assert "only on EC, EMC; 'decant trust'" in told("DMC:2", CARD)[0]


def test_a_liquid_of_the_training_data_is_told_only_what_the_card_is_not_for() -> None:
    assert told("EC:1,EMC:2", CARD) == ["potentials/a is not for: Surfaces."]
    assert told("DME:2", {}) == []

"""The level of theory of a potential: that of the card, to the last setting, or asked for."""

from __future__ import annotations

import pytest

from decant.foundation.errors import InputError
from decant.labels.base import settings_text
from decant.labels.registry import labeler
from decant.potentials.training_data import TrainingData
from decant.verdict.level import level


def trained(*labels: dict[str, object]) -> TrainingData:
    return TrainingData.of({"data": {"labels": list(labels)}})


@pytest.mark.parametrize(
    ("name", "settings"),
    [("gfn2-xtb", {}), ("gfn1-xtb", {"accuracy": 0.01}), ("ase:ase.calculators.lj.LennardJones", {"sigma": 3.4})],
)
def test_the_method_of_the_card_is_had_again_with_its_settings(name: str, settings: dict[str, float]) -> None:
    method = labeler(name, settings)
    found = level(trained({"method": name, "settings": settings_text(method.settings)}), None)
    assert (found.name, found.settings) == (method.name, method.settings)


def test_a_card_without_settings_means_the_usual_ones() -> None:
    assert level(trained({"method": "gfn2-xtb"}), None).settings == labeler("gfn2-xtb").settings


@pytest.mark.parametrize(
    "labels",
    [
        [],
        [{"method": "gfn2-xtb"}, {"method": "gfn1-xtb"}],
        [{"method": "a-method-of-others"}],
        [{"method": "gfn2-xtb", "settings": "accuracy=0.1,of_the_future=3"}],
    ],
)
def test_what_the_card_does_not_tell_is_asked_for(labels: list[dict[str, object]]) -> None:
    with pytest.raises(InputError, match="give the reference method of its training data with `method`"):
        level(trained(*labels), None)
    assert level(trained(*labels), "gfn1-xtb").name == "gfn1-xtb"

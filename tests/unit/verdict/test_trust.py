"""The home liquid: the given one, that of the card, or asked for; and what is refused before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from decant.foundation.errors import InputError
from decant.labels.registry import labeler
from decant.potentials.training_data import TrainingData
from decant.verdict.trust import Budget, Conditions, home_liquid, trust
from tests.conftest import REPOSITORY

SPECIES = [{"name": "EC", "smiles": "C1COC(=O)O1"}, {"name": "DME", "smiles": "COCCOC"}]

PF6 = {"name": "PF6-", "smiles": "F[P-](F)(F)(F)(F)F"}
EMIM = {"name": "CCn1cc[n+](C)c1", "smiles": "CCn1cc[n+](C)c1"}


@pytest.mark.parametrize(
    ("data", "given", "home"),
    [
        ({"species": SPECIES, "liquids": {"DME:2,EC:1": 9, "EC:4": 1}}, None, "DME:2,EC:1"),
        ({"species": SPECIES, "liquids": {"DME:2,EC:1": 9}}, "EC", "EC:1"),
        ({"species": SPECIES, "liquids": {}}, None, "C1COC(=O)O1:1,COCCOC:1"),
        ({"species": [*SPECIES, {"name": "F6P"}, {"name": "Li"}], "liquids": {"DME:8,F6P:1,Li:1": 9}}, None, "DME:8"),
        ({"species": [*SPECIES, PF6, {"name": "Li"}], "liquids": {"DME:8,Li:1,PF6-:1": 9}}, None, "DME:8"),
        ({"species": [*SPECIES, PF6, {"name": "Li"}], "liquids": {}}, None, "C1COC(=O)O1:1,COCCOC:1"),
        ({"species": [EMIM, PF6], "liquids": {"CCn1cc[n+](C)c1:4,PF6-:4": 9}}, None, "CCn1cc[n+](C)c1:4,PF6-:4"),
    ],
)
def test_the_home_liquid_is_what_was_trained_on(data: dict[str, object], given: str | None, home: str) -> None:
    assert home_liquid(TrainingData.of({"data": data}), given) == home


def test_a_card_that_tells_no_liquid_asks_for_one() -> None:
    with pytest.raises(InputError, match="give one that it is known to be good for with `home`"):
        home_liquid(TrainingData.of({}), None)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ranks": 0}, "`ranks` 0: expected 1 to"),
        ({"ranks": 10**6}, "`ranks` 1000000: expected 1 to"),
        ({"conditions": Conditions(pressure=float("nan"))}, "`pressure` nan: expected a number of bar"),
        ({"conditions": Conditions(temperature=-5.0)}, r"`temperature` -5\.0: expected a positive number"),
        ({"budget": Budget(length_ps=1e-4)}, "shorter than one time step"),
        ({"liquid": "ACN"}, "ACN has the element N"),
    ],
)
def test_what_the_dynamics_would_refuse_is_refused_before_anything_is_written(
    tmp_path: Path, wrong: dict[str, Any], message: str
) -> None:
    ready, method = REPOSITORY / "models" / "ec-emc-mace", labeler("gfn2-xtb")
    with pytest.raises(InputError, match=message):
        trust(ready, output=tmp_path / "out", method=method, **{"liquid": "EC", **wrong})
    assert not list(tmp_path.iterdir())

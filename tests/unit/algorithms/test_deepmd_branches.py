"""A head means a branch of a checkpoint of several tasks; what a model needs besides atoms is fixed or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ase import Atoms

from decant.algorithms.deepmd.branches import RANDOM, branch_model, branch_to_take, observed
from decant.algorithms.deepmd.checkpoint import is_dpa4
from decant.algorithms.deepmd.inputs import charge_and_spin, charge_and_spin_of, require_atoms_alone
from decant.foundation.errors import InputError

FILE = Path("DPA.pt")


def branch(aliases: list[str] | None = None, seen: list[str] | None = None) -> dict[str, Any]:
    model: dict[str, Any] = {"type_map": ["H", "C", "O"], "fitting_net": {"dim_case_embd": 2, "neuron": [4]}}
    return model | {"model_branch_alias": aliases or [], "info": {"observed_type": seen} if seen else {}}


SEVERAL = {"model_dict": {"Omat24": branch(["Materials", "Default"]), "Domains_Drug": branch(seen=["O", "H"])}}
ONE = {"model_dict": {"Omat24": branch()}}


@pytest.mark.parametrize(
    ("params", "head", "taken"),
    [
        (SEVERAL, "Omat24", "Omat24"),
        (SEVERAL, "materials", "Omat24"),
        (SEVERAL, "domains_drug", "Domains_Drug"),
        (SEVERAL, RANDOM, RANDOM),
        (ONE, None, "Omat24"),
        (branch(), None, None),
        (branch(), RANDOM, RANDOM),
    ],
)
def test_a_head_is_the_name_or_an_alias_of_a_branch(params: Any, head: str | None, taken: str | None) -> None:
    assert branch_to_take(FILE, params, head, fit=True) == taken


@pytest.mark.parametrize(
    ("params", "head", "fit", "said"),
    [
        (SEVERAL, None, False, r"2 branches: name one as `head` \(Omat24 \(Materials, Default\), Domains_Drug\)$"),
        (SEVERAL, None, True, "Domains_Drug, or RANDOM for one that begins anew"),
        (SEVERAL, "Domains_Drugs", False, r"no such branch \(did you mean 'Domains_Drug'\?\); it has: Omat24"),
        (SEVERAL, RANDOM, False, "no such branch"),
        (branch(), "Omat24", True, "`head` Omat24: DPA.pt is of one task and has no branches"),
    ],
)
def test_a_head_that_is_no_branch_is_told_in_one_line(params: Any, head: str | None, fit: bool, said: str) -> None:
    with pytest.raises(InputError, match=said):
        branch_to_take(FILE, params, head, fit)


def test_a_branch_is_a_model_of_one_task_and_a_new_one_is_not_told_apart_from_others() -> None:
    drug, new = branch_model(SEVERAL, "Domains_Drug"), branch_model(SEVERAL, RANDOM)
    assert drug["fitting_net"]["dim_case_embd"] == 2 and "model_branch_alias" not in drug
    assert new["fitting_net"] == {"dim_case_embd": 0, "neuron": [4], "numb_fparam": 0, "numb_aparam": 0}
    assert SEVERAL["model_dict"]["Omat24"]["fitting_net"]["dim_case_embd"] == 2, "the checkpoint stays as it is"
    assert observed(drug) == ["H", "O"] and observed(new) == ["H", "C", "O"]


@pytest.mark.parametrize(
    ("model", "is_one"),
    [({"type": "DPA4"}, True), ({"descriptor": {"type": "SeZM"}}, True), ({"descriptor": {"type": "dpa3"}}, False)],
)
def test_a_dpa4_is_known(model: dict[str, Any], is_one: bool) -> None:
    assert is_dpa4(model) is is_one


def test_charge_and_spin_are_those_given_or_of_the_model_or_none() -> None:
    charged: dict[str, Any] = {"descriptor": {"add_chg_spin_ebd": True}}
    assert charge_and_spin(charged, None, None) == [0, 1] and charge_and_spin(charged, -1, 2) == [-1, 2]
    charged["descriptor"]["default_chg_spin"] = [1.0, 2.0]
    assert charge_and_spin(charged, None, None) == [1, 2]
    assert charge_and_spin({"descriptor": {}}, None, None) is None
    with pytest.raises(InputError, match="`spin` 3: the model knows no total spin"):
        charge_and_spin({"descriptor": {}}, None, 3)
    neutral, anion = Atoms("H2"), Atoms("OH")
    anion.info["charge"] = -1
    assert charge_and_spin_of([neutral], "m") == [0, 1] and charge_and_spin_of([anion], "m") == [-1, 1]
    with pytest.raises(InputError, match=r"m: a fit of it takes one .* have -1 and 1, \+0 and 1"):
        charge_and_spin_of([neutral, anion], "m")


@pytest.mark.parametrize("fitting", [{"numb_fparam": 2}, {"numb_aparam": 1, "default_fparam": [1.0]}])
def test_parameters_that_each_frame_would_need_are_refused(fitting: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"DPA\.pt: must be given parameters of each frame"):
        require_atoms_alone(FILE, {"fitting_net": fitting})
    require_atoms_alone(FILE, {"fitting_net": {"numb_fparam": 2, "default_fparam": [0.0, 1.0]}})

"""What a text names to run beside a model, and the LAMMPS lines of it."""

from __future__ import annotations

import pytest
from ase import Atoms

from decant.data.frames import taken_off
from decant.foundation.errors import InputError
from decant.potentials.additions import addition, additions, overlaid
from decant.potentials.dispersion import Dispersion

MODEL = ["pair_style mace double", "pair_coeff * * ${potential}/model.safetensors H C"]


def test_a_name_says_functional_damping_and_cutoffs_and_its_whole_form_makes_the_same_again() -> None:
    assert addition("d3:pbe") == Dispersion("pbe", "bj", 12.0, 9.0)
    assert addition("d3:PBE:zero:15:10").pair_style == "dispersion/d3 original pbe 15 10"
    assert addition("d3:B3-LYP:bjm").pair_style == "dispersion/d3 bjm b3-lyp 12 9"
    assert addition("d3:bp86:zero:8").name == "d3:bp:zero:8:8"  # coordination numbers never reach further than pairs
    for text in ("d3:pbe", "d3:tpss:zero:15:10", "zbl:0.8:1.20", "pair_style lj/cut 10.0 ; pair_coeff * *  0.001 3.0"):
        assert addition(addition(text).name) == addition(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("d3:pbee", "no parameters of a functional 'pbee' with damping bj (did you mean 'pbe'?)"),
        ("d3:scan", "no parameters of a functional 'scan'"),
        ("d3:pbe:bjj", "no damping function 'bjj' (did you mean 'bj'?); expected zero, bj, zerom, bjm"),
        ("d3:hse06:bjm", "no parameters of a functional 'hse06' with damping bjm"),
        ("d3:pbe:bj:9:12", "of coordination numbers up to that of pairs"),
        ("d3:pbe:bj:60", "expected cutoffs of pairs up to 50 A"),
        ("d3:pbe:bj:far", "expected d3:FUNCTIONAL"),
        ("d3:pbe:bj:nan", "expected cutoffs of pairs up to 50 A"),
        ("zbl:1.2:0.8", "0 < INNER < OUTER"),
        ("zbl:1", "0 < INNER < OUTER"),
        ("zbl:1:inf", "0 < INNER < OUTER"),
        (";", "expected a pair style and its coefficients"),
        ("lj/cut 10.0", "a pair style of LAMMPS with its coefficients"),
        ("lj/cut 10.0;", "expected a pair style and its coefficients"),
        ("hybrid lj/cut 10.0; * * 1 1", "expected one pair style"),
    ],
)
def test_what_names_nothing_is_told(text: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        addition(text)
    assert said in str(error.value)


def test_elements_without_parameters_are_named() -> None:
    with pytest.raises(InputError, match="D3 has no parameters of Am"):
        addition("d3:pbe").pair_coeffs(["H", "Am"])
    assert addition("d3:pbe").pair_coeffs(["Pu", "H"]) == ["* * Pu H"]


def test_two_of_one_pair_style_and_the_models_own_are_refused() -> None:
    assert len(additions(["d3:pbe", "d3:pbe:bj"])) == 1
    with pytest.raises(InputError, match="both are dispersion/d3; keep one of them"):
        additions(["d3:pbe", "d3:blyp"])
    with pytest.raises(InputError, match="mace is the pair style of the model itself"):
        overlaid(MODEL, additions(["mace double; * * x"]), ["H", "C"])


def test_the_lines_are_one_overlay_and_make_room_in_lists_only_where_a_cutoff_needs_it() -> None:
    assert overlaid(MODEL, [], ["H", "C"]) == MODEL
    assert overlaid(MODEL, additions(["d3:pbe", "zbl:0.8:1.2"]), ["H", "C"]) == [
        "pair_style hybrid/overlay mace double dispersion/d3 bj pbe 12 9 zbl 0.8 1.2",
        "pair_coeff * * mace ${potential}/model.safetensors H C",
        "pair_coeff * * dispersion/d3 H C",
        "pair_coeff 1 1 zbl 1 1",
        "pair_coeff 1 2 zbl 1 6",
        "pair_coeff 2 2 zbl 6 6",
    ]
    assert overlaid(MODEL, additions(["d3:pbe:bj:20"]), ["H", "C"])[-1] == "neigh_modify one 7000 page 140000"


def test_frames_that_belong_together_are_minus_the_same() -> None:
    frames = [Atoms("H2", info={"label_minus": "d3:pbe:bj:12:9"}), Atoms("H", info={"config_type": "IsolatedAtom"})]
    assert taken_off(frames) == "d3:pbe:bj:12:9"
    assert taken_off([Atoms("H2")]) is None
    with pytest.raises(InputError, match="minus d3:pbe:bj:12:9 in frame 0, minus nothing in frame 2"):
        taken_off([*frames, Atoms("H2")])

import json

import numpy as np
import pytest
from ase import Atoms

from decant.labels.ase_charge import told
from decant.labels.base import LabelError
from decant.labels.registry import labeler

ION = Atoms("OH", [[0, 0, 0], [0, 0, 0.97]], info={"charge": -1, "spin": 1})
TRIPLET = Atoms("O2", [[0, 0, 0], [0, 0, 1.2]], info={"charge": 0, "spin": 3})


class Takes:
    """A calculator that takes any of the words that are in use."""

    def __init__(self, charge=0, mult=1):
        pass


def test_a_neutral_frame_changes_nothing_whatever_the_calculator():
    frame = Atoms("H2", info={"charge": 0, "spin": 1})
    assert told("some.Calculator", dict, '{"a": 1}', "", frame) == ('{"a": 1}', frame)


@pytest.mark.parametrize(
    ("path", "maker", "way", "settings"),
    [
        ("own.Takes", Takes, "", {"charge": 1, "mult": 2}),
        ("ase.calculators.orca.ORCA", lambda **_: None, "", {"charge": 1}),
        ("ase.calculators.dftb.Dftb", lambda **_: None, "", {"Hamiltonian_Charge": 1}),
        ("own.Other", lambda **_: None, "q,two_s_plus_1", {"q": 1}),
        ("own.Unknown", lambda **_: None, "", {"charge": 1, "multiplicity": 2}),
        ("own.Other", lambda **_: None, "info", {"charge": 1, "a": "b"}),
    ],
)
def test_a_charge_that_is_set_is_not_that_of_a_neutral_frame(path, maker, way, settings):
    names = {"charge": 0, "Hamiltonian_Charge": 0, "q": 0, "a": "b"}
    neutral, atom = Atoms("H2", info={"charge": 0, "spin": 1}), Atoms("O", info={"config_type": "IsolatedAtom"})
    for frame, spin in ((neutral, 1), (atom, 3), (Atoms("O"), 3), (Atoms("H", cell=[20] * 3, pbc=True), 2)):
        found = json.loads(told(path, maker, json.dumps(settings), way, frame)[0])
        assert settings.keys() <= found.keys()
        assert found == {key: names.get(key, spin) for key in found}
    silent = Atoms("H2")
    assert told(path, maker, json.dumps(settings), way, silent) == (json.dumps(settings), silent)
    assert told(path, maker, json.dumps(settings), "none", neutral)[0] == json.dumps(settings)


def test_a_multiplicity_that_a_calculator_cannot_take_is_refused():
    dftb = "ase.calculators.dftb.Dftb"
    with pytest.raises(LabelError, match=r"multiplicity 3: ase:.*Dftb does not take it .* charge_by to Hamiltonian_Ch"):
        told(dftb, lambda **_: None, "{}", "", TRIPLET)
    assert json.loads(told(dftb, lambda **_: None, "{}", "Hamiltonian_Charge", TRIPLET)[0]) == {"Hamiltonian_Charge": 0}
    atom = Atoms("O", info={"config_type": "IsolatedAtom", "spin": 3})
    assert json.loads(told(dftb, lambda **_: None, "{}", "", atom)[0]) == {"Hamiltonian_Charge": 0}


@pytest.mark.parametrize(
    ("path", "maker", "way", "expected"),
    [
        ("own.Takes", Takes, "", {"charge": -1, "mult": 1}),
        ("ase.calculators.orca.ORCA", lambda **_: None, "", {"charge": -1, "mult": 1}),
        ("ase.calculators.dftb.Dftb", lambda **_: None, "", {"Hamiltonian_Charge": -1}),
        ("own.Other", lambda **_: None, "q,two_s_plus_1", {"q": -1, "two_s_plus_1": 1}),
    ],
)
def test_keywords_of_a_calculator_take_charge_and_multiplicity(path, maker, way, expected):
    assert json.loads(told(path, maker, "{}", way, ION)[0]) == expected


def test_others_take_them_from_the_frame():
    arguments, frame = told("mace.calculators.MACECalculator", lambda **_: None, "{}", "", ION)
    assert arguments == "{}" and frame.info == ION.info
    frame = told("xtb.ase.calculator.XTB", lambda **_: None, "{}", "", ION)[1]
    assert frame.get_initial_charges().sum() == pytest.approx(-1)
    frame = told("own.Other", lambda **_: None, "{}", "info", TRIPLET)[1]
    assert frame.get_initial_magnetic_moments().sum() == pytest.approx(2)


def test_a_calculator_that_does_not_show_how_it_takes_a_charge_is_asked_for_it():
    method = labeler("ase:ase.calculators.emt.EMT")
    with pytest.raises(LabelError, match=r"charge -1, multiplicity 1: decant does not know how ase:.*EMT takes them"):
        method.label(ION)
    ignoring = labeler("ase:ase.calculators.emt.EMT", {"charge_by": "none"})
    assert np.isfinite(ignoring.label(ION).energy)
    assert ignoring.settings == {"charge_by": "none"}

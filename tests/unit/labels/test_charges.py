import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from decant.data.charges import bare
from decant.data.decomposition import molecules_alone
from decant.foundation.errors import InputError
from decant.labels.charges import settings_for, state_for, with_charges
from decant.labels.cp2k import CP2K
from decant.labels.journal import label_key
from decant.labels.registry import labeler
from decant.labels.tblite import TBLite
from decant.molecules.charge import describe_molecules
from decant.molecules.solvents import molecule
from tests.integration.test_label import waters

METHOD = TBLite("gfn2-xtb")


def solvated(ion="[Li+]", **info):
    """Return an ion 2 angstrom above a water molecule, as a frame that says nothing of its charge."""
    frame = molecule("WATER").embed(1)
    symbols = molecule(ion).symbols
    frame += Atoms(symbols, positions=frame.positions[0] + [[0, 0, 2.5 + number] for number in range(len(symbols))])
    frame.set_array("mol_id", np.array([0, 0, 0, *(1 for _ in symbols)]))
    frame.info = info
    return frame


def test_each_frame_of_a_mixed_file_gets_the_charge_of_its_own_molecules():
    frames, wrong = with_charges([solvated(), waters(2), solvated("[Mg+2]"), solvated("[Cl-]")], METHOD, keep=False)
    assert not wrong
    assert [(atoms.info["charge"], atoms.info["spin"]) for atoms in frames] == [(1, 1), (0, 1), (2, 1), (-1, 1)]


def test_a_charge_that_differs_from_that_of_the_molecules_is_not_labelled_unless_kept():
    frames = [waters(1), solvated(charge=0, spin=2)]
    wrong = with_charges(frames, METHOD, keep=False)[1]
    assert wrong == {1: "charge 0 ('charge') differs from that of its molecules, +1 (Li+)"}
    kept, wrong = with_charges(frames, METHOD, keep=True)
    assert not wrong and (kept[1].info["charge"], kept[1].info["spin"]) == (0, 2)
    wrong = with_charges([solvated(charge=1, spin=2)], METHOD, keep=False)[1]
    assert wrong == {0: "charge +1 leaves 12 electrons, which multiplicity 2 does not allow"}


@pytest.mark.parametrize(
    "method",
    [
        TBLite("gfn2-xtb", charge=0.0), CP2K("cp2k:own", "", "CP2K", charge=0),
        labeler("ase:tblite.ase.TBLite", {"charge": 0}),
    ],
    ids=lambda method: method.name,
)  # fmt: skip
def test_one_charge_for_a_whole_file_is_refused_where_a_frame_has_another(method):
    with pytest.raises(InputError, match=r"frame 1 has charge 1, and .* is set to 0"):
        with_charges([waters(1), solvated()], method, keep=False)
    assert with_charges([waters(1)], method, keep=False)[0][0].info["charge"] == 0


def test_a_fraction_of_a_charge_is_no_setting():
    with pytest.raises(InputError, match=r"charge 0.5: expected a whole number"):
        labeler("gfn2-xtb", {"charge": 0.5})
    with pytest.raises(InputError, match=r"charge 0.5: expected a whole number"):
        with_charges([waters(1)], labeler("ase:tblite.ase.TBLite", {"charge": 0.5}), keep=False)


def test_frames_that_are_left_out_anyway_are_not_looked_at(caplog):
    odd = solvated("[OH]")
    assert with_charges([odd], METHOD, keep=False, skip={0})[1] == {} and not caplog.records


def test_a_setting_speaks_for_frames_of_which_no_charge_is_known(caplog):
    copper = bulk("Cu", cubic=True)
    copper.set_array("mol_id", np.zeros(4, dtype=int))
    (frame,) = with_charges([copper], TBLite("gfn2-xtb", charge=2.0, unpaired=2), keep=False)[0]
    assert (frame.info["charge"], frame.info["spin"]) == (2, 3)
    assert not caplog.records
    (frame,) = with_charges([copper], METHOD, keep=False)[0]
    assert "charge" not in frame.info
    assert "1 frames state no charge, and that of Cu4 is not known: labelled as neutral" in caplog.text


def test_what_may_be_an_ion_is_not_labelled_as_neutral():
    hydroxyl, beside = solvated("[OH]"), solvated("[Li+]")
    beside += Atoms("CHH", positions=[[0, 0, 8], [0.9, 0, 8.6], [-0.9, 0, 8.6]])  # of no sound Lewis structure
    beside.set_array("mol_id", np.array([0, 0, 0, 1, 2, 2, 2]))
    touching = solvated("[Li+]") + Atoms("Li", positions=[[2.5, 0, 2.5]])
    touching.set_array("mol_id", np.array([0, 0, 0, 1, 2]))
    wrong = with_charges([hydroxyl, beside, touching], METHOD, keep=False)[1]
    assert "that of Li is not known, metal or ions" in wrong[2]
    assert "that of HO is not known, with an odd number of electrons: give it a `charge`" in wrong[0]
    assert "that of CH2 is not known, beside Li+" in wrong[1]
    frames, wrong = with_charges([hydroxyl], TBLite("gfn2-xtb", charge=-1.0), keep=False)
    assert not wrong and frames[0].info["charge"] == -1


def test_an_isolated_atom_is_neutral_whatever_is_set():
    oxygen = Atoms("O", info={"config_type": "IsolatedAtom", "charge": 0, "spin": 3})
    oxygen.set_array("mol_id", np.zeros(1, dtype=int))
    assert state_for(oxygen) is None and state_for(Atoms("O")) is None
    assert not with_charges([oxygen], TBLite("gfn2-xtb", charge=1.0), keep=False)[1]
    assert state_for(Atoms("Li", info={"charge": 1, "spin": 1})) == (1, 1)
    boxed = Atoms("O", cell=[20] * 3, pbc=True)
    assert state_for(boxed, 1, 2) == state_for(boxed) == (0, 1)
    assert settings_for(oxygen, TBLite("gfn2-xtb", charge=1.0)) == METHOD.settings
    assert label_key(oxygen, TBLite("gfn2-xtb", charge=1.0)) == label_key(oxygen, METHOD)
    neutral = labeler("ase:tblite.ase.TBLite", {"verbosity": 0})
    cation = labeler("ase:tblite.ase.TBLite", {"verbosity": 0, "charge": 1, "multiplicity": 1})
    lithium = Atoms("Li", info={"config_type": "IsolatedAtom", "charge": 0, "spin": 2})
    expected = neutral.label(lithium).energy
    for frame in (lithium, bare(lithium), Atoms("Li", cell=[20] * 3, pbc=True)):
        assert cation.label(frame).energy == pytest.approx(expected, abs=1e-3)
    assert cation.label(Atoms("Li", info={"charge": 1, "spin": 1})).energy > expected + 3


def test_a_neutral_molecule_alone_is_not_computed_with_the_charge_that_is_set():
    water = molecule("WATER").embed(1)
    expected = labeler("ase:tblite.ase.TBLite", {"verbosity": 0}).label(water).energy
    cation = labeler("ase:tblite.ase.TBLite", {"verbosity": 0, "charge": 1})
    assert cation.label(water).energy > expected + 5  # it says nothing: what is set is meant for it
    frames, wrong = with_charges([solvated()], cation, keep=False)
    assert not wrong
    alone = molecules_alone(frames[0])
    assert [part.info["charge"] for part in alone] == [0, 1]
    assert cation.label(alone[0]).energy == pytest.approx(expected, abs=1e-6)


def test_unpaired_electrons_are_as_few_as_possible_where_nothing_is_said():
    assert state_for(Atoms("OH")) == (0, 2)
    assert state_for(Atoms("OH", info={"charge": -1})) == (-1, 1)
    assert state_for(Atoms("O2", info={"charge": 0, "spin": 3})) == (0, 3)


def test_settings_told_with_a_label_are_those_of_its_frame():
    frame = solvated(charge=1, spin=1)
    assert settings_for(frame, METHOD) == {**METHOD.settings, "charge": 1.0}
    assert settings_for(frame, labeler("ase:ase.calculators.emt.EMT")) == {"charge": 1}
    triplet = Atoms("O2", info={"charge": 0, "spin": 3})
    assert settings_for(triplet, METHOD)["unpaired"] == 2
    assert settings_for(triplet, CP2K("cp2k:own", "", "CP2K"))["multiplicity"] == 3


def test_labels_of_neutral_frames_are_found_in_journals_of_earlier_versions():
    """The keys of version 0.1."""
    frame, oxygen = waters(1), Atoms("O", info={"config_type": "IsolatedAtom", "charge": 0, "spin": 3})
    describe_molecules(frame, [molecule("WATER")])
    emt = labeler("ase:ase.calculators.emt.EMT")
    assert label_key(frame, METHOD) == "be339112fcdbadbc2a76d1fe159042ee"
    assert label_key(oxygen, METHOD) == "003f0fdb4d348998aededa44c0cb53bc"
    assert label_key(frame, CP2K("cp2k:x", "template", "CP2K 1")) == "10497db6d1933ac650b5810eb1a80b2a"
    assert label_key(oxygen, CP2K("cp2k:x", "template", "CP2K 1")) == "2cd4966c42210ad567627159befefe92"
    assert (label_key(frame, emt), label_key(oxygen, emt)) == (
        "35bb348cdcc21cb9d341c0abc9c29b6f",
        "313037677148620ca3e0c15519d03573",
    )


@pytest.mark.parametrize("name", ["gfn2-xtb", "ase:ase.calculators.emt.EMT"])
def test_a_label_of_one_charge_or_spin_is_not_that_of_another(name):
    method, states = labeler(name), [(0, 1), (1, 1), (-1, 1), (0, 3), (2, 1)]
    keys = {label_key(solvated(charge=charge, spin=spin), method) for charge, spin in states}
    assert len(keys) == len(states)


def test_cp2k_is_told_the_charge_and_multiplicity_of_each_frame(tmp_path):
    method = CP2K("cp2k:own", "", "CP2K")
    for frame, lines in (
        (solvated(charge=1, spin=1), ("CHARGE 1", "MULTIPLICITY 1", "UKS F")),
        (Atoms("O2", info={"charge": 0, "spin": 3}), ("CHARGE 0", "MULTIPLICITY 3", "UKS T")),
        (Atoms("OH"), ("CHARGE 0", "MULTIPLICITY 2", "UKS T")),
        (Atoms("Li", info={"charge": 1, "spin": 1}), ("CHARGE 1", "MULTIPLICITY 1", "UKS F")),
        (Atoms("O"), ("CHARGE 0", "MULTIPLICITY 3", "UKS T")),
    ):
        method._write(tmp_path, frame)
        written = (tmp_path / "label.inp").read_text().splitlines()
        assert {f"@SET {line}" for line in lines} <= set(written)

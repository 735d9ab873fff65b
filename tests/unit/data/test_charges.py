import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.db import connect

from decant.data.charges import bare, charges_held, complete_charges, has_ions, mixed_charges, molecule_states
from decant.data.decomposition import molecules_alone
from decant.data.frames import read_frames, write_frames
from decant.data.import_ import import_frames
from decant.foundation.errors import InputError
from decant.molecules.charge import ElectronState, describe_molecules
from decant.molecules.solvents import molecule
from decant.molecules.species import species_names


def salt(*names, seed=1):
    """Return molecules in a row, 5 angstrom between their centres."""
    frame = Atoms()
    for number, name in enumerate(names):
        part = molecule(name).embed(seed)
        part.positions += [5.0 * number, 0, 0] - part.positions.mean(axis=0)
        part.set_array("mol_id", np.full(len(part), number))
        frame += part
    return frame


def labelled(*names, seed=1, **info):
    """Return such a frame with made-up labels under ASE's names, as somebody else would write it."""
    frame = salt(*names, seed=seed)
    del frame.arrays["mol_id"]
    frame.info = {"dft_energy": -10.0, **info}
    frame.set_array("dft_forces", np.full((len(frame), 3), 0.1))
    return frame


@pytest.fixture
def imported(tmp_path):
    def write(*frames, **options):
        ase.io.write(tmp_path / "source.extxyz", frames, format="extxyz")
        return import_frames(tmp_path / "source.extxyz", **options)

    return write


def test_the_charge_of_a_salt_follows_from_its_molecules_and_is_told(imported):
    result = imported(labelled("Li+", "EC"), labelled("Li+", "EC", "BF4-"), labelled("Mg2+", "ACN"))
    assert [atoms.info["charge"] for atoms in result.frames] == [1, 0, 2]
    assert {atoms.info["spin"] for atoms in result.frames} == {1}
    assert "+1 from the molecules: Li+ in 1 frame" in result.report["charge"]
    assert "+2 from the molecules: Mg2+ in 1 frame" in result.report["charge"]


def test_ions_have_their_names_in_what_an_import_tells(imported):
    report = imported(labelled("Li+", "EC", "PF6-"), labelled("Cl-", "WATER", "Mg2+")).report
    assert report["compositions"] == {"EC:1,Li+:1,PF6-:1": 1, "Cl-:1,Mg2+:1,WATER:1": 1}
    lithium = bulk("Li", cubic=True)
    assert species_names(lithium, np.arange(2), np.zeros((0, 2), dtype=int)) == ["Li", "Li"]


@pytest.mark.parametrize("key", ["charge", "total_charge", "REF_charge", "net_charge"])
def test_a_stated_charge_that_differs_from_that_of_the_molecules_is_refused(imported, key):
    with pytest.raises(InputError, match=rf"charge 0 \('{key}'\) differs from that of its molecules, \+1 \(Li\+\)"):
        imported(labelled("Li+", "EC", **{key: 0}))
    (atoms,) = imported(labelled("Li+", "EC", **{key: 1})).frames
    assert (atoms.info["charge"], atoms.info["spin"]) == (1, 1)


def test_frames_of_other_charges_are_refused_one_by_one(imported):
    result = imported(*(labelled("Li+", "EC", seed=seed, charge=seed - 1) for seed in (1, 2, 3)))
    assert [atoms.info["charge"] for atoms in result.frames] == [1]
    assert [reject.index for reject in result.rejects] == [0, 2]


def test_an_ionized_state_is_kept_if_asked(imported):
    frame = labelled("EC", charge=-1, spin=2)
    with pytest.raises(InputError, match=r"charge -1 \('charge'\) differs from that of its molecules, 0 \(EC\)"):
        imported(frame)
    (atoms,) = imported(frame, keep_charges=True).frames
    assert (atoms.info["charge"], atoms.info["spin"]) == (-1, 2)


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        ({"charge": 1, "multiplicity": 2}, r"charge \+1 leaves 48 electrons, which multiplicity 2 does not allow"),
        ({"charge": 0, "spin": 1}, "differs"),
        ({"charge": 1, "total_charge": 0}, r"disagree: 1 \('charge'\) and 0 \('total_charge'\)"),
    ],
)
def test_a_charge_without_a_meaning_is_refused_in_one_line(imported, info, reason):
    with pytest.raises(InputError, match=reason) as caught:
        imported(labelled("Li+", "EC", **info))
    assert "\n" not in str(caught.value)


def test_odd_electrons_do_not_go_with_multiplicity_1(imported):
    with pytest.raises(InputError, match="charge 0 leaves 9 electrons, which multiplicity 1 does not allow"):
        imported(labelled("[CH3]", charge=0, spin=1))
    (atoms,) = imported(labelled("[CH3]", charge=0, spin=2)).frames
    assert (atoms.info["charge"], atoms.info["spin"]) == (0, 2)


def test_what_cannot_be_known_is_not_guessed_but_said(imported):
    result = imported(labelled("[OH-]", "WATER"), labelled("[OH-]", "WATER", seed=2, charge=-1))
    assert ["charge" in atoms.info for atoms in result.frames] == [False, True]
    assert result.frames[1].info["charge"] == -1 and "spin" not in result.frames[1].info
    assert "not known of HO in 1 frame" in result.report["charge"]


def test_a_metal_is_no_heap_of_ions():
    lithium = bulk("Li", cubic=True) * (2, 2, 2)
    lithium.set_array("mol_id", np.arange(len(lithium)))
    cell = bulk("Li")
    cell.set_array("mol_id", np.zeros(1, dtype=int))
    complete_charges([lithium, cell])
    assert "charge" not in lithium.info and "charge" not in cell.info


def test_an_ion_alone_is_no_isolated_atom(imported):
    frames = imported(labelled("Li+", charge=1), labelled("Li+", charge=0), labelled("EC")).frames
    assert [atoms.info.get("config_type") for atoms in frames] == [None, "IsolatedAtom", None]
    assert [atoms.info["charge"] for atoms in frames] == [1, 0, 0]
    assert frames[1].info["spin"] == 2
    with pytest.raises(InputError, match=r"isolated atom with charge \+1"):
        imported(labelled("Li+", charge=1, config_type="IsolatedAtom"))


def test_an_ase_database_states_charges_beside_its_frames(tmp_path):
    from ase.calculators.singlepoint import SinglePointCalculator

    with connect(tmp_path / "frames.db") as table:
        for way in ({"key_value_pairs": {"total_charge": 1}}, {"data": {"charge": 1, "spin": 1}}, {}):
            frame = salt("Li+", "EC", seed=len(table) + 1)
            frame.calc = SinglePointCalculator(frame, energy=-1.0, forces=np.zeros((len(frame), 3)))
            table.write(frame, **way)
    frames = import_frames(tmp_path / "frames.db").frames
    assert [(atoms.info["charge"], atoms.info["spin"]) for atoms in frames] == [(1, 1)] * 3


def test_charges_come_back_from_a_file_in_the_house_form(imported, tmp_path):
    write_frames(tmp_path / "house.extxyz", imported(labelled("Li+", "EC"), labelled("[CH3]", charge=0, spin=2)).frames)
    again = import_frames(tmp_path / "house.extxyz").frames
    assert [(atoms.info["charge"], atoms.info["spin"]) for atoms in again] == [(1, 1), (0, 2)]
    assert charges_held(again) == "+1 (1), 0 with spin 2 (1)"


def test_molecules_named_by_a_frame_go_before_what_their_bonds_look_like(tmp_path):
    frame = salt("EC")
    describe_molecules(frame, [molecule("C1CO[C-]([O])O1")])  # the radical anion, of the same graph
    frame.info["REF_energy"] = -1.0
    frame.set_array("REF_forces", np.zeros((len(frame), 3)))
    assert molecule_states(frame) == [ElectronState(-1, 1)]
    write_frames(tmp_path / "anion.extxyz", [frame])
    (atoms,) = import_frames(tmp_path / "anion.extxyz").frames
    assert (atoms.info["charge"], atoms.info["spin"]) == (-1, 2)
    frame.info["molecules"] = "EC:2"  # not what it holds: its bonds speak then
    assert molecule_states(frame) == [ElectronState(0)]


def test_molecules_alone_have_their_own_charges_also_where_a_salt_is_one_molecule():
    frame = salt("Li+", "EC", "BF4-", "[CH3]")
    assert [part.info.get("charge") for part in molecules_alone(frame)] == [1, 0, -1, None]
    describe_molecules(frame, [molecule(name) for name in ("Li+", "EC", "BF4-", "[CH3]")])
    assert [part.info["charge"] for part in molecules_alone(frame)] == [1, 0, -1, 0]
    assert [part.info["spin"] for part in molecules_alone(frame)] == [1, 1, 1, 2]
    pair = salt("Li+", "BF4-")
    pair.set_array("mol_id", np.full(len(pair), 7))
    assert molecule_states(pair) == [ElectronState(0)]


def test_what_decides_a_label_is_geometry_charge_and_spin(tmp_path):
    frame = salt("Li+", "EC")
    frame.info = {"charge": 1, "spin": 1, "group": "a", "REF_energy": 3.0}
    assert bare(frame).info == {"charge": 1, "spin": 1} and set(bare(frame).arrays) == {"numbers", "positions"}
    assert bare(Atoms("O", info={"charge": 0, "spin": 3, "config_type": "IsolatedAtom"})).info == {}
    write_frames(tmp_path / "a.extxyz", [frame])
    assert read_frames(tmp_path / "a.extxyz", labelled=False)[0].info["charge"] == 1


def test_one_composition_with_two_charges_is_told_with_both_frames() -> None:
    def frame(symbols: str, charge: int | None) -> Atoms:
        info = {} if charge is None else {"charge": charge}
        return Atoms(symbols, positions=np.arange(3 * len(Atoms(symbols))).reshape(-1, 3), info=info)

    neutral, cation = frame("LiOH2", 0), frame("OH2Li", 1)
    assert mixed_charges([neutral, frame("OH2", 0), cation]) == "H2LiO has charge 0 in frame 0 and +1 in frame 2"
    alone = Atoms("Li", info={"config_type": "IsolatedAtom", "charge": 0})
    assert not mixed_charges([alone, frame("Li", 1), cation, frame("Li2OH2", 2), frame("LiOH2", None)])


def test_ions_are_known_by_charge_by_names_and_by_metals() -> None:
    named = salt("NH4+", "[Cl-]")
    assert not has_ions(named)  # neutral, and nothing says what it holds
    describe_molecules(named, [molecule("NH4+"), molecule("[Cl-]")])
    liquid = salt("EC", "EC")
    describe_molecules(liquid, [molecule("EC")] * 2)
    assert has_ions(named) and not has_ions(liquid)
    assert has_ions(salt("Li+", "BF4-"))
    liquid.info["charge"] = -1
    assert has_ions(liquid)

import ase.io
import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.data.frames import density, evenly, isolated_energies, read_frames, write_frames
from decant.data.import_ import import_frames
from decant.foundation.errors import InputError

finite = st.floats(-1e4, 1e4, allow_nan=False)


def frame(energy=-1.5, **info):
    atoms = Atoms("OH2", positions=[[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]], cell=[[8, 0, 0], [1, 9, 0], [2, 3, 7]])
    atoms.pbc = True
    atoms.set_array("mol_id", np.zeros(3, dtype=int))
    atoms.set_array("REF_forces", np.arange(9.0).reshape(3, 3) / 7)
    atoms.info |= {"REF_energy": energy, "group": "a b=c", "recipe": "import", **info}
    return atoms


@settings(max_examples=30, deadline=None)
@given(energy=finite, virial=st.lists(finite, min_size=6, max_size=6))
def test_a_frame_survives_writing_and_reading(tmp_path_factory, energy, virial):
    path = tmp_path_factory.mktemp("house") / "a.extxyz"
    xx, yy, zz, yz, xz, xy = virial
    matrix = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    write_frames(path, [frame(energy, REF_virial=matrix)])
    (back,) = read_frames(path)
    original = frame()
    assert back.info["REF_energy"] == energy
    assert np.array_equal(back.info["REF_virial"], matrix)
    assert np.allclose(back.cell, original.cell) and back.pbc.all()
    assert np.allclose(back.positions, original.positions, atol=1e-8)
    assert np.allclose(back.arrays["REF_forces"], original.arrays["REF_forces"], atol=1e-8)
    assert back.info["group"] == "a b=c"


def test_ase_reads_the_house_form_with_the_same_cell_and_labels(tmp_path):
    write_frames(tmp_path / "a.extxyz", [frame(REF_virial=np.diag([1.0, 2.0, 3.0]))])
    atoms = ase.io.read(tmp_path / "a.extxyz")
    assert np.allclose(atoms.cell, frame().cell)
    assert atoms.info["REF_energy"] == -1.5
    assert np.allclose(np.reshape(atoms.info["REF_virial"], (3, 3)), np.diag([1.0, 2.0, 3.0]))
    assert np.allclose(atoms.arrays["REF_forces"], frame().arrays["REF_forces"], atol=1e-8)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda a: a.info.pop("REF_energy"), "frame 1: no finite REF_energy"),
        (lambda a: a.info.update(REF_energy=np.nan), "frame 1: no finite REF_energy"),
        (lambda a: a.arrays.pop("REF_forces"), r"frame 1: REF_forces must be finite, of shape \(3, 3\)"),
        (lambda a: a.info.update(charge="plus"), "frame 1: charge 'plus' is no whole number"),
        (lambda a: a.info.update(spin=1.5), "frame 1: spin '1.5' is no whole number"),
        (lambda a: a.arrays.pop("mol_id"), "frame 1: no column mol_id.*decant import"),
        (lambda a: a.positions.__setitem__((0, 0), np.nan), "frame 1: positions are not finite"),
    ],
)
def test_a_file_that_is_not_in_the_house_form_is_refused_with_its_frame(tmp_path, spoil, message):
    bad = frame()
    spoil(bad)
    write_frames(tmp_path / "a.extxyz", [frame(), bad])
    with pytest.raises(InputError, match=message):
        read_frames(tmp_path / "a.extxyz")


def test_configurations_need_no_labels(tmp_path):
    atoms = frame()
    del atoms.info["REF_energy"], atoms.arrays["REF_forces"]
    write_frames(tmp_path / "a.extxyz", [atoms])
    assert len(read_frames(tmp_path / "a.extxyz", labelled=False)) == 1


def water_dimer():
    one, other = frame(), frame()
    other.positions += [3.0, 0.5, 0.0]
    both = one + other
    both.info.clear()
    return Atoms(both.get_chemical_symbols(), both.positions, cell=both.cell, pbc=True)


def test_frames_of_others_without_labels_get_the_molecules_that_an_import_would_find(tmp_path, caplog):
    ase.io.write(tmp_path / "a.extxyz", [water_dimer(), water_dimer()], format="extxyz")
    frames = read_frames(tmp_path / "a.extxyz", labelled=False)
    found = import_frames(tmp_path / "a.extxyz", labelled=False).frames
    for atoms, other in zip(frames, found, strict=True):
        assert atoms.arrays["mol_id"].tolist() == other.arrays["mol_id"].tolist() == [0, 0, 0, 1, 1, 1]
    told = [record.getMessage() for record in caplog.records if "mol_id" in record.getMessage()]
    path = tmp_path / "a.extxyz"
    assert told == [f"{path}: no column mol_id: molecules were found by distances, as 'decant import' does"]
    caplog.clear()
    write_frames(path, frames)
    assert len(read_frames(path, labelled=False)) == 2 and not caplog.records


def test_frames_whose_molecules_cannot_be_found_are_kept_and_told(tmp_path, caplog):
    torn, fused = water_dimer(), Atoms("H9", positions=np.arange(27.0).reshape(9, 3) / 1000)
    torn.positions[1] += [0.0, 0.0, -3.0]
    lone = Atoms("Ar", positions=[[1.0, 2.0, 3.0]], info={"config_type": "IsolatedAtom"})
    write_frames(tmp_path / "a.extxyz", [frame(), torn, fused, lone])
    frames = read_frames(tmp_path / "a.extxyz", labelled=False)
    assert [len(np.unique(atoms.arrays["mol_id"])) for atoms in frames] == [1, 3, 1, 1]
    assert "no column mol_id in 3 frames: " in caplog.text
    assert "in 1 frames they are none that are known (the first: frame 1: " in caplog.text


def test_nothing_is_left_of_a_file_whose_writing_fails(tmp_path):
    with pytest.raises(AttributeError):
        write_frames(tmp_path / "a.extxyz", [frame(), None])
    assert list(tmp_path.iterdir()) == []


def test_the_density_of_a_box_of_water_is_that_of_water():
    edge = (18.015 / 0.602214076 / 1.0) ** (1 / 3)  # one molecule in the volume it has at 1 g/cm3
    water = Atoms("OH2", positions=np.zeros((3, 3)), cell=[edge] * 3, pbc=True)
    assert density(water) == pytest.approx(1.0, abs=1e-4)
    water.pbc = False
    assert density(water) is None


def test_a_periodic_frame_without_the_vectors_of_its_cell_is_named(tmp_path):
    frames = [frame(), frame()]
    frames[1].cell[2] = 0.0
    write_frames(tmp_path / "a.extxyz", frames)
    with pytest.raises(InputError, match=r"a\.extxyz: frame 1: periodic, but the cell has no volume"):
        read_frames(tmp_path / "a.extxyz")
    frames[1].pbc = [True, True, False]
    write_frames(tmp_path / "a.extxyz", frames)
    assert read_frames(tmp_path / "a.extxyz")[1].pbc.tolist() == [True, True, False]


def test_an_element_has_one_isolated_energy_or_the_frames_are_named():
    def atom(symbol, energy):
        return Atoms(symbol, info={"config_type": "IsolatedAtom", "REF_energy": energy})

    frames = [atom("H", -13.6), frame(), atom("O", -430.0), atom("H", -13.6001)]
    assert isolated_energies(frames) == {"H": -13.6, "O": -430.0}
    with pytest.raises(
        InputError, match=r"the isolated atom H has -13.600000 eV in frame 0 and -12.500000 eV in frame 4"
    ):
        isolated_energies([*frames, atom("H", -12.5)])


def test_frames_are_taken_evenly_up_to_a_limit_that_takes_one_at_least():
    assert evenly(5, 3) == [0, 2, 4] and evenly(5, 1) == [0]
    assert evenly(3, None) == evenly(3, 7) == [0, 1, 2]
    for limit in (0, -1):
        with pytest.raises(InputError, match=f"`limit`: expected a whole number from 1 on, not {limit}"):
            evenly(5, limit)

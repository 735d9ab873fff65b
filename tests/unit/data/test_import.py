import csv
import re

import numpy as np
import pytest

from decant.data.import_ import import_frames, write_rejects
from decant.data.keys import LabelKeys
from decant.data.reactions import find_molecules as found
from decant.foundation.errors import InputError
from tests import springs

WATER = np.array([[0.0, 0.0, 0.0], [0.96, 0.0, 0.0], [-0.24, 0.93, 0.0]])
SYMBOLS = ("O", "H", "H")


def water(
    comment='energy=-14.0 pbc="F F F"', properties="species:S:1:pos:R:3:forces:R:3", forces=None, positions=WATER,
    symbols=SYMBOLS,
):  # fmt: skip
    forces = np.array([[0.1, 0.0, 0.0], [-0.1, 0.2, 0.0], [0.0, -0.2, 0.0]]) if forces is None else np.asarray(forces)
    rows = [
        " ".join([symbol, *map(str, position), *map(str, force)])
        for symbol, position, force in zip(symbols, positions, forces, strict=True)
    ]
    return "\n".join([str(len(rows)), f"Properties={properties} {comment}", *rows]) + "\n"


def shifted(index):
    """Another geometry of the same molecule."""
    return WATER + np.array([[0, 0, 0], [0.01 * index, 0, 0], [0, 0, 0.02 * index]])


@pytest.fixture
def put(tmp_path):
    def write(*frames):
        path = tmp_path / "source.extxyz"
        path.write_text("".join(frames))
        return path

    return write


def test_a_slab_needs_no_third_cell_vector_and_a_box_does(put):
    lattice = 'energy=-14.0 Lattice="10 0 0 0 10 0 0 0 0"'
    (atoms,) = import_frames(put(water(f'{lattice} pbc="T T F" stress="1 2 3 0 0 0"'))).frames
    assert atoms.pbc.tolist() == [True, True, False]
    assert "REF_virial" not in atoms.info, "the volume of a slab is a matter of taste"
    with pytest.raises(InputError, match="periodic, but the cell has no volume"):
        import_frames(put(water(f'{lattice} pbc="T T T"')))


@pytest.mark.parametrize(
    ("energy", "forces"),
    [
        ("energy", "forces"), ("free_energy", "force"), ("REF_energy", "REF_forces"), ("dft_energy", "dft_forces"),
        ("energy_xtb", "forces_xtb"), ("energy_b3lyp", "forces_b3lyp"),
    ],
)  # fmt: skip
def test_labels_are_found_under_the_names_that_others_give_them(put, energy, forces):
    path = put(water(f"{energy}=-14.0", f"species:S:1:pos:R:3:{forces}:R:3"))
    (atoms,) = import_frames(path).frames
    assert atoms.info["REF_energy"] == -14.0
    assert atoms.arrays["REF_forces"][1].tolist() == [-0.1, 0.2, 0.0]


def test_reference_labels_win_over_those_of_a_calculator(put):
    both = "species:S:1:pos:R:3:REF_forces:R:3:forces:R:3"
    forces = np.array([[0.1, 0.0, 0.0, 9, 9, 9], [-0.1, 0.2, 0.0, 9, 9, 9], [0.0, -0.2, 0.0, 9, 9, 9]])
    (atoms,) = import_frames(put(water("energy=1.0 REF_energy=-14.0", both, forces))).frames
    assert atoms.info["REF_energy"] == -14.0 and atoms.arrays["REF_forces"][1].tolist() == [-0.1, 0.2, 0.0]


def test_several_possible_energies_ask_for_a_choice(put):
    path = put(water("energy_a=1.0 energy_b=2.0"))
    with pytest.raises(InputError, match="energy: energy_a, energy_b; choose with `energy_key`"):
        import_frames(path)
    assert import_frames(path, LabelKeys("energy_b", "")).frames[0].info["REF_energy"] == 2.0


CELL = 'Lattice="10 0 0 0 10 0 0 0 10" pbc="T T T" energy=-14.0'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('virial="1 2 3 2 4 5 3 5 6"', [[1, 2, 3], [2, 4, 5], [3, 5, 6]]),
        ('REF_virials="1 2 3 2 4 5 3 5 6"', [[1, 2, 3], [2, 4, 5], [3, 5, 6]]),
        ('stress="1e-3 2e-3 3e-3 2e-3 4e-3 5e-3 3e-3 5e-3 6e-3"', [[-1, -2, -3], [-2, -4, -5], [-3, -5, -6]]),
        ('stress="1e-3 2e-3 3e-3 4e-3 5e-3 6e-3"', [[-1, -6, -5], [-6, -2, -4], [-5, -4, -3]]),
    ],
)
def test_virial_and_stress_are_taken_to_the_house_virial(put, text, expected):
    (atoms,) = import_frames(put(water(f"{CELL} {text}"))).frames
    assert np.allclose(atoms.info["REF_virial"], expected)


@pytest.mark.parametrize(
    "stress",
    ["0.01 0.004 0 0 0.01 0 0 0 0.01", "0.01 0 0 0.004 0.01 0.002 0 0 0.01", "0.01 0.0025 0 0.0035 0.01 0 0 0 0.01"],
)
def test_a_triangle_of_a_stress_is_left_out_however_small_its_unit_makes_it(put, stress):
    bad = water(f'energy=-14.0 Lattice="10 0 0 0 10 0 0 0 10" stress="{stress}"')
    with pytest.raises(InputError, match=r"stress is not symmetric: .* differ by 0.00\d; give all nine numbers"):
        import_frames(put(bad))


@pytest.mark.parametrize(
    ("stress", "shear"),
    [
        ("0.01 0.002 0 0.00201 0.01 0 0 0 0.01", 0.002005),
        ("0.002 0.001 0 0.002 0.001 0 0 0 0.001", 0.0015),
        ("1e-8 3e-7 0 0 1e-8 0 0 0 0", 1.5e-7),
    ],
    ids=["noise", "few digits", "no stress"],
)
def test_a_stress_is_symmetric_but_for_noise_and_its_last_digit(put, stress, shear):
    (atoms,) = import_frames(put(water(f'energy=-14.0 Lattice="10 0 0 0 10 0 0 0 10" stress="{stress}"'))).frames
    assert atoms.info["REF_virial"][0, 1] == atoms.info["REF_virial"][1, 0] == pytest.approx(-1000 * shear)


def test_labels_of_one_geometry_that_contradict_each_other_are_told(put, caplog):
    import_frames(put(water("energy=-14"), water("energy=-14.01", positions=WATER + 3.0)))
    assert "one geometry" not in caplog.text
    import_frames(put(water("energy=-14"), water("energy=-15.5", positions=WATER + 3.0)))
    assert "frames 0 and 1 have one geometry, but energies that differ by 0.5 eV per atom" in caplog.text


@pytest.mark.parametrize("wrong", ["a cell in nm", "a cell half as long", "fractional", "fractional, no cell"])
def test_atoms_that_cannot_be_where_they_are_leave_their_frame_out_at_once(tmp_path, monkeypatch, wrong):
    frames = springs.liquid(4)
    odd = frames[1]
    if wrong.startswith("fractional"):
        odd.positions = odd.get_scaled_positions()
        odd.pbc = "no cell" not in wrong
    else:
        odd.set_cell(odd.cell * {"a cell in nm": 0.1, "a cell half as long": 0.5}[wrong])
    looked_for = []
    monkeypatch.setattr(
        "decant.data.import_.find_molecules", lambda some, *rest: looked_for.append(len(some)) or found(some, *rest)
    )
    result = import_frames(springs.write(tmp_path / "odd.extxyz", frames))
    assert looked_for == [3], "molecules are looked for in the others only"
    assert [reject.index for reject in result.rejects] == [1]
    assert "is the cell in another unit than the positions, or are these fractional?" in result.rejects[0].reason


def test_an_ase_calculator_result_comes_through(tmp_path):
    import ase.io
    from ase import Atoms
    from ase.calculators.emt import EMT

    atoms = Atoms(
        "Cu4", cell=[3.7, 3.6, 3.8], pbc=True, scaled_positions=[[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    )
    atoms.calc = EMT()
    atoms.get_potential_energy(), atoms.get_stress()
    ase.io.write(tmp_path / "cu.extxyz", atoms)
    (frame,) = import_frames(tmp_path / "cu.extxyz").frames
    assert frame.info["REF_energy"] == pytest.approx(atoms.get_potential_energy(), abs=1e-6)
    assert np.allclose(frame.arrays["REF_forces"], atoms.get_forces(), atol=1e-6)
    assert np.allclose(frame.info["REF_virial"], -atoms.get_stress(voigt=False) * atoms.get_volume(), atol=1e-5)


def test_a_single_atom_without_forces_is_an_isolated_atom(put):
    result = import_frames(put("1\nenergy=-13.6\nH 0 0 0\n", water()))
    assert result.frames[0].info["config_type"] == "IsolatedAtom"
    assert result.report["isolated_atoms"] == {"H": -13.6}
    assert result.report["frames"] == 1


@pytest.mark.parametrize("labelled", [True, False])
def test_an_atom_that_is_said_to_be_isolated_is_so_with_and_without_labels(put, labelled):
    atoms = [f"1\nenergy=-13.6 config_type=IsolatedAtom\n{symbol} 0 0 0\n" for symbol in ("H", "Li")]
    result = import_frames(put(*atoms, water()), labelled=labelled)
    assert [one.info.get("config_type") for one in result.frames] == ["IsolatedAtom", "IsolatedAtom", None]
    assert [(one.info["charge"], one.info["spin"]) for one in result.frames] == [(0, 2), (0, 2), (0, 1)]
    assert not result.rejects


def test_a_word_where_a_database_has_its_pairs_is_a_value_like_any_other(put):
    (atoms,) = import_frames(put(water("energy=-14.0 key_value_pairs=none data=set_1"))).frames
    assert atoms.info["REF_energy"] == -14.0


def test_a_single_atom_far_from_its_images_is_isolated_though_it_has_forces(put):
    lone = (
        '1\nProperties=species:S:1:pos:R:3:forces:R:3 energy=-13.6 Lattice="{0} 0 0 0 {0} 0 0 0 {0}"\nH 0 0 0 0 0 0\n'
    )
    frames = import_frames(put(lone.format(20), lone.format(2.5), water()), keep_broken=True).frames
    assert [atoms.info.get("config_type") for atoms in frames] == ["IsolatedAtom", None, None]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (water("pbc=F"), "no energy"),
        (water("energy=nan"), "energy is not finite"),
        (water("energy=oops"), "energy is not 1 numbers"),
        (
            water(properties="species:S:1:pos:R:3:forces:R:2"),
            r"have shape \(3, 2\) instead of \(3, 3\)",
        ),
        (water(properties="species:S:1:pos:R:3:other:R:3"), "no forces"),
        (water(forces=[[np.nan, 0, 0], [0, 0, 0], [0, 0, 0]]), "forces of atom 0 are not finite"),
        (water(forces=[[0, 0, 0], [0, 900, 0], [0, 0, 0]]), "absurd force 900.0 eV/A on atom 1"),
        (water(positions=WATER * np.nan), "positions are not finite"),
        (water(symbols=("Qq", "H", "H")), "unknown element 'Qq'"),
        (water(properties="species:S:1:pos:R:3:forces:R:4"), "atom 0 has 7 values; Properties asks for 8"),
        (
            water(positions=WATER * np.array([[1], [1], [2.5]])),
            r"found H, 2.40 A from the rest \(H2 to O0\)",
        ),
    ],
)
def test_an_unusable_frame_is_left_out_with_its_index_and_reason(put, tmp_path, bad, reason):
    good = [water(positions=shifted(k)) for k in range(3)]
    result = import_frames(put(*good[:2], bad, good[2]))
    assert len(result.frames) == 3
    (reject,) = result.rejects
    assert (reject.index, reject.line) == (2, 11)
    assert re.search(reason, reject.reason)
    write_rejects(tmp_path / "rejects.csv", result.rejects)
    with (tmp_path / "rejects.csv").open(newline="") as stream:
        assert list(csv.DictReader(stream)) == [{"index": "2", "line": "11", "reason": reject.reason}]


def test_a_file_cut_within_its_last_frame_loses_that_frame_only(put):
    text = water() + water(positions=shifted(1))
    result = import_frames(put("\n".join(text.splitlines()[:-1])))
    assert len(result.frames) == 1
    assert result.rejects[0].reason == "the file ends after 2 of 3 atoms"


def test_a_broken_molecule_is_kept_if_asked(put):
    path = put(water(positions=WATER * np.array([[1], [1], [2.5]])))
    with pytest.raises(InputError, match="no usable frame of 1; frame 0: broken molecule"):
        import_frames(path)
    assert import_frames(path, keep_broken=True).frames[0].arrays["mol_id"].tolist() == [0, 0, 1]


def test_molecules_named_by_the_file_are_checked_against_the_bonds(put):
    properties = "species:S:1:pos:R:3:forces:R:3:molID:I:1"
    lines = water(properties=properties).splitlines()
    given = "\n".join([*lines[:2], *(f"{line} 7" for line in lines[2:])]) + "\n"
    far = given.replace("-0.24 0.93", "-0.24 2.93")
    result = import_frames(put(given, far))
    assert result.frames[0].arrays["mol_id"].tolist() == [0, 0, 0]
    assert "broken molecule" in result.rejects[0].reason


def test_copies_and_frames_of_one_trajectory_share_a_group(put):
    path = put(
        water("energy=1 traj=7"),
        water("energy=1 traj=7", positions=shifted(3)),
        water("energy=1", positions=shifted(5)),
        water("energy=1", positions=shifted(5) + 3.0),
        water("energy=1", positions=shifted(8)),
    )
    groups = [atoms.info["group"] for atoms in import_frames(path).frames]
    assert groups[0] == groups[1]
    assert groups[2] == groups[3]
    assert len(set(groups)) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello\nworld\n", "line 1: expected the number of atoms"),
        ("", "empty"),
        ("3\n\nO 0 0 0\nH 0.96 0 0\nH -0.24 0.93 0\n", "no energy in any frame"),
        (water(symbols=("Qq", "H", "H")), "no frame can be read; frame 0: unknown element 'Qq'"),
        (water(properties="species:S:1:pos:R:3:forces:R:2"), "no usable frame of 1; frame 0: forces"),
        (water(forces=np.full((3, 3), np.nan)), "no usable frame of 1; frame 0: forces of atom 0 are not finite"),
    ],
)
def test_a_file_with_nothing_to_use_is_an_input_error(put, text, message):
    with pytest.raises(InputError, match=message) as caught:
        import_frames(put(text))
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_binary_file_are_input_errors(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        import_frames(tmp_path / "none.extxyz")
    (tmp_path / "binary").write_bytes(b"\x89PNG\xff\xfe\x00")
    with pytest.raises(InputError, match="not text"):
        import_frames(tmp_path / "binary")


def test_an_atom_with_images_near_it_is_a_crystal_with_or_without_forces(put):
    cell = 'Lattice="0 2 2 2 0 2 2 2 0" pbc="T T T"'
    bare = f"1\n{cell} energy=-3.7\nAl 0 0 0\n"
    whole = f"1\nProperties=species:S:1:pos:R:3:forces:R:3 {cell} energy=-3.7\nAl 0 0 0 0 0 0\n"
    result = import_frames(put(bare, whole.replace("2", "2.1")))
    told = "no forces (key 'forces'); of an isolated atom in a small cell say config_type=IsolatedAtom"
    assert [reject.reason for reject in result.rejects] == [told]
    assert result.report["isolated_atoms"] == {} and result.report["frames"] == 1
    assert import_frames(put(bare.replace("energy", "config_type=IsolatedAtom energy"), water())).report["frames"] == 1
    lone = import_frames(put("1\nenergy=-3.7\nAl 0 0 0\n", water()))
    assert lone.report["isolated_atoms"] == {"Al": -3.7}


def test_one_molecule_for_all_atoms_is_a_placeholder_where_there_are_several(tmp_path, caplog):
    frames = springs.liquid(3)
    for atoms in frames:
        atoms.set_array("mol_id", np.ones(len(atoms), int))
    result = import_frames(springs.write(tmp_path / "a.extxyz", frames))
    assert [atoms.arrays["mol_id"].max() for atoms in result.frames] == [7, 7, 7]
    assert "all atoms of each frame are said to be one molecule, which they are not" in caplog.text


@pytest.mark.parametrize("missing", ["None", "nan", '""'])
def test_a_charge_that_is_missing_is_none_stated(put, missing):
    (atoms,) = import_frames(put(water(f"energy=-14.0 charge={missing} spin={missing}"))).frames
    assert (atoms.info["charge"], atoms.info["spin"]) == (0, 1)

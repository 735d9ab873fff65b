"""DeePMD folders of every layout, under any name and through links, come with their own elements and labels."""

import dpdata
import h5py
import numpy as np
import pytest

from decant.data.import_ import import_frames
from decant.foundation.errors import InputError

SHAPES = {
    "water": (["O", "H", "H"], [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]]),
    "sulphide": (["S", "H", "H"], [[0, 0, 0], [1.34, 0, 0], [-0.05, 1.34, 0]]),
    "ammonia": (["N", "H", "H", "H"], [[0, 0, 0.12], [0.94, 0, -0.27], [-0.47, 0.81, -0.27], [-0.47, -0.81, -0.27]]),
}


def system(name, boxed=True, count=2):
    symbols, positions = SHAPES[name]
    names = list(dict.fromkeys(symbols))
    random = np.random.default_rng(len(name))
    data = {
        "atom_names": names, "atom_numbs": [symbols.count(one) for one in names],
        "atom_types": np.array([names.index(one) for one in symbols]), "orig": np.zeros(3),
        "cells": np.array([np.eye(3) * 12.0 * boxed] * count),
        "coords": np.array(positions) + random.normal(scale=0.01, size=(count, len(symbols), 3)),
        "energies": np.array([-100.0 * len(name) - k for k in range(count)]),
        "forces": random.normal(scale=0.1, size=(count, len(symbols), 3)),
    }  # fmt: skip
    if boxed:
        data["virials"] = np.array([np.eye(3) * k for k in range(count)])
    else:
        data["nopbc"] = True
    return dpdata.LabeledSystem(data=data)


def found(path):
    return {
        atoms.get_chemical_formula(): (atoms.info["REF_energy"], atoms)
        for atoms in sorted(import_frames(path).frames, key=lambda atoms: -atoms.info["REF_energy"])
    }


@pytest.mark.parametrize("padding", [None, 4])
def test_mixed_types_are_the_elements_that_each_frame_says(tmp_path, padding):
    names = ["water", "sulphide", "ammonia"]
    systems = dpdata.MultiSystems(*[system(name) for name in names])
    systems.to_deepmd_npy_mixed(str(tmp_path / "mixed"), **({"atom_numb_pad": padding} if padding else {}))
    frames = found(tmp_path / "mixed")
    assert set(frames) == {"H2O", "H2S", "H3N"}
    for formula, name in zip(("H2O", "H2S", "H3N"), names, strict=True):
        source, (energy, atoms) = system(name).data, frames[formula]
        assert energy == pytest.approx(source["energies"][1])
        order = np.argsort(atoms.numbers)[::-1] if atoms.symbols[0] == "H" else slice(None)
        assert np.allclose(atoms.arrays["REF_forces"][order], source["forces"][1], atol=1e-6)
        assert np.allclose(atoms.positions[order], source["coords"][1], atol=1e-5)
        assert np.allclose(atoms.info["REF_virial"], np.eye(3))


@pytest.mark.parametrize("layout", ["deepmd/npy", "deepmd/raw"])
def test_a_system_without_periodicity_stays_so(tmp_path, layout):
    system("water", boxed=False).to(layout, str(tmp_path / "free"))
    (energy, atoms) = found(tmp_path / "free")["H2O"]
    assert not atoms.pbc.any() and energy == -501.0 and "REF_virial" not in atoms.info


@pytest.mark.parametrize("layout", ["deepmd/hdf5", "deepmd/hdf5/mixed"])
def test_systems_in_an_hdf5_file_are_read_as_those_in_folders(tmp_path, layout):
    dpdata.MultiSystems(system("water"), system("ammonia")).to(layout, str(tmp_path / "all.hdf5"))
    frames = found(tmp_path / "all.hdf5")
    assert set(frames) == {"H2O", "H3N"} and frames["H2O"][0] == pytest.approx(-501.0)
    (tmp_path / "all").write_bytes((tmp_path / "all.hdf5").read_bytes())  # told by how it begins
    assert set(found(tmp_path / "all")) == {"H2O", "H3N"}
    with h5py.File(tmp_path / "all.hdf5", "a") as file:
        for group in list(file):
            del file[group]["type_map.raw"]
    with pytest.raises(InputError, match=r"all.hdf5#/.*: no type_map.raw says which elements"):
        import_frames(tmp_path / "all.hdf5")


def test_types_that_are_only_numbers_ask_for_their_elements(tmp_path):
    system("water").to("deepmd/npy", str(tmp_path / "set"))
    (tmp_path / "set" / "type_map.raw").unlink()
    with pytest.raises(InputError, match=r"set: no type_map.raw says which elements the types 0 to 1 are; write one"):
        import_frames(tmp_path)
    (tmp_path / "set" / "type_map.raw").write_text("O\n")
    with pytest.raises(InputError, match=r"set: type_map.raw names 1 elements, but the types go to 1"):
        import_frames(tmp_path)
    (tmp_path / "set" / "type_map.raw").write_text("OW\nHW\n")
    with pytest.raises(InputError, match=r"type_map.raw: 'OW' is no element"):
        import_frames(tmp_path)
    (tmp_path / "set" / "type_map.raw").write_text("O\nH\n")
    assert set(found(tmp_path)) == {"H2O"}


@pytest.mark.parametrize("layout", ["deepmd/npy", "deepmd/raw"])
def test_every_system_is_read_once_whatever_its_folder_is_called(tmp_path, layout):
    names = {"run[1]": "water", "run1": "ammonia", "a * b?": "sulphide"}
    for folder, name in names.items():
        system(name).to(layout, str(tmp_path / "plain"))
        (tmp_path / "plain").rename(tmp_path / folder)
    result = import_frames(tmp_path)
    formulas = sorted(atoms.get_chemical_formula() for atoms in result.frames)
    assert formulas == ["H2O", "H2O", "H2S", "H2S", "H3N", "H3N"]
    assert {a.info["group"].split(":")[1] for a in result.frames if len(a) == 4} == {"run1"}
    assert len(import_frames(tmp_path / "run[1]").frames) == 2


def test_systems_are_found_through_links_and_once(tmp_path):
    system("water").to("deepmd/npy", str(tmp_path / "elsewhere" / "water"))
    system("ammonia").to("deepmd/npy", str(tmp_path / "data" / "ammonia"))
    (tmp_path / "data" / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "data" / "again").symlink_to(tmp_path / "data" / "ammonia", target_is_directory=True)
    (tmp_path / "data" / "ammonia" / "up").symlink_to(tmp_path / "data", target_is_directory=True)
    result = import_frames(tmp_path / "data")
    assert sorted(atoms.get_chemical_formula() for atoms in result.frames) == ["H2O", "H2O", "H3N", "H3N"]


def test_frames_with_dummy_atoms_are_left_out(tmp_path):
    system("water").to("deepmd/npy", str(tmp_path / "dummy"))
    system("ammonia").to("deepmd/npy", str(tmp_path / "plain"))
    (tmp_path / "dummy" / "type_map.raw").write_text("O\nX\n")
    result = import_frames(tmp_path)
    assert [atoms.get_chemical_formula() for atoms in result.frames] == ["H3N", "H3N"]
    assert [one.reason for one in result.rejects] == ["atoms of no element (X): dummy or ghost atoms"] * 2


def test_names_of_types_that_no_atom_has_do_not_matter(tmp_path):
    system("water").to("deepmd/npy", str(tmp_path))
    (tmp_path / "type_map.raw").write_text("O\nH\nX\nOW\n")
    assert set(found(tmp_path)) == {"H2O"}


def test_each_frame_has_the_labels_of_its_set(tmp_path):
    system("water", count=4).to("deepmd/npy", str(tmp_path), set_size=2)
    (tmp_path / "set.000" / "virial.npy").unlink()
    (tmp_path / "set.001" / "energy.npy").rename(tmp_path / "set.001" / "energy.old")
    result = import_frames(tmp_path)
    assert result.indices == [0, 1] and [one.reason for one in result.rejects] == ["no energy (key 'energy')"] * 2
    (tmp_path / "set.001" / "energy.old").rename(tmp_path / "set.001" / "energy.npy")
    assert ["REF_virial" in atoms.info for atoms in import_frames(tmp_path).frames] == [False, False, True, True]


def test_what_a_set_lacks_is_told_with_what_to_do(tmp_path):
    system("water", count=4).to("deepmd/npy", str(tmp_path), set_size=2)
    (tmp_path / "set.001" / "box.npy").unlink()
    with pytest.raises(InputError, match=r"set.001: no box.npy: .* say so by an empty file 'nopbc' beside type.raw"):
        import_frames(tmp_path)
    (tmp_path / "nopbc").touch()
    assert not any(atoms.pbc.any() for atoms in import_frames(tmp_path).frames)
    np.save(tmp_path / "set.000" / "force.npy", np.zeros((2, 6)))
    with pytest.raises(InputError, match=r"set.000: force.npy has 12 numbers; 2 frames of 3 atoms have 18"):
        import_frames(tmp_path)
    (tmp_path / "set.000" / "coord.npy").unlink()
    with pytest.raises(InputError, match=r"set.000: no coord.npy: the positions of its frames are missing"):
        import_frames(tmp_path)

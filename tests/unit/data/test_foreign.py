import bz2
import gzip
import lzma
import sys

import dpdata
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.db import connect
from ase.io import write
from ase.units import Bohr, Hartree

from decant.configurations.base import build_entry
from decant.data.import_ import import_frames
from decant.data.keys import LabelKeys
from decant.data.label_units import LabelUnits
from decant.foundation.errors import InputError
from decant.foundation.extras import absence
from decant.molecules.solvents import molecule
from tests.vasprun import VASPRUN, calculation


def frames(count=3):
    """Periodic boxes of one molecule of methanol, shaken, with labels that tell them apart."""
    random = np.random.default_rng(0)
    made = []
    for index in range(count):
        atoms = molecule("MEOH").embed(1)
        atoms.positions += random.normal(scale=0.03, size=(len(atoms), 3)) + 5
        atoms.set_cell([12, 12, 12])
        atoms.pbc = True
        forces, stress = random.normal(size=(len(atoms), 3)), random.normal(scale=0.01, size=6)
        atoms.calc = SinglePointCalculator(atoms, energy=-10.0 - index, forces=forces, stress=stress)
        made.append(atoms)
    return made


@pytest.fixture
def database(tmp_path):
    with connect(tmp_path / "frames.db") as table:
        for atoms in frames():
            table.write(atoms)
    return tmp_path / "frames.db"


def same(found, made):
    assert len(found) == len(made)
    for atoms, source in zip(found, made, strict=True):
        assert atoms.info["REF_energy"] == pytest.approx(source.get_potential_energy())
        assert np.allclose(atoms.arrays["REF_forces"], source.get_forces())
        assert np.allclose(atoms.positions, source.positions) and np.allclose(atoms.cell.array, source.cell.array)
        expected = -source.get_stress(voigt=False) * source.get_volume()
        assert np.allclose(atoms.info["REF_virial"], expected)


def test_tables_of_an_ase_database_hold_labels_and_facts_like_any_other(tmp_path):
    made = frames()
    with connect(tmp_path / "tables.db") as table:
        for index, atoms in enumerate(made):
            bare, forces = Atoms(atoms.numbers, positions=atoms.positions), atoms.get_forces()
            facts = {"group": "run", "temperature": 300.0, "converged": index != 1}
            data = {"dft_forces": forces, "notes": [[1], [1, 2], 3, 4, 5, 6]}
            table.write(bare, dft_energy=atoms.get_potential_energy(), data=data, **facts)
    result = import_frames(tmp_path / "tables.db")
    assert result.indices == [0, 2] and result.rejects[0].reason == "not converged (converged=False)"
    first = result.frames[0]
    assert first.info["REF_energy"] == -10.0 and np.allclose(first.arrays["REF_forces"], made[0].get_forces())
    assert first.info["group"] == "tables:run" and first.info["temperature"] == 300.0


def test_levels_of_a_database_and_of_its_calculator_are_a_question(tmp_path):
    with connect(tmp_path / "two.db") as table:
        for atoms in frames():
            forces = 0.5 * atoms.get_forces()
            table.write(atoms, dft_energy=atoms.get_potential_energy() + 1.0, data={"dft_forces": forces})
    with pytest.raises(InputError, match=r"several levels of theory: energy, forces; dft_energy, dft_forces"):
        import_frames(tmp_path / "two.db")


def test_an_ase_database_is_imported_with_its_labels(database):
    same(import_frames(database).frames, frames())


def test_an_ase_trajectory_is_imported_with_its_labels(tmp_path):
    write(tmp_path / "run.traj", frames())
    same(import_frames(tmp_path / "run.traj").frames, frames())


def test_deepmd_folders_are_imported_with_their_labels_at_any_depth(tmp_path):
    made = frames()
    system = dpdata.LabeledSystem(data={
        "atom_names": ["C", "O", "H"], "atom_numbs": [1, 1, 4], "atom_types": np.array([0, 1, 2, 2, 2, 2]),
        "orig": np.zeros(3), "cells": np.array([a.cell.array for a in made]),
        "coords": np.array([a.positions for a in made]),
        "energies": np.array([a.get_potential_energy() for a in made]),
        "forces": np.array([a.get_forces() for a in made]),
        "virials": np.array([-a.get_stress(voigt=False) * a.get_volume() for a in made]),
    })  # fmt: skip
    system.to("deepmd/npy", str(tmp_path / "data" / "methanol"))
    same(import_frames(tmp_path / "data").frames, made)


STRESS = '  <varray name="stress"><v>16.021766 0 0</v><v>0 0 0</v><v>0 0 0</v></varray>\n'


def test_a_vasprun_xml_is_imported_with_its_labels(tmp_path):
    (tmp_path / "vasprun.xml").write_text(VASPRUN.format(nelm=60) + calculation(0, [-14.5], STRESS) + "</modeling>\n")
    (atoms,) = import_frames(tmp_path / "vasprun.xml").frames
    assert atoms.info["REF_energy"] == -14.5 and atoms.arrays["REF_forces"][1].tolist() == [-0.5, 0.25, 0]
    # VASP's 16 kB are +0.01 eV/A^3 of virial by volume
    assert atoms.info["REF_virial"][0, 0] == pytest.approx(10.0, rel=1e-5)


def test_the_recipe_import_takes_configurations_without_their_labels_unless_asked(database):
    def build(**parameters):
        entry = {"recipe": "import", "count": 2, "parameters": {"file": str(database), **parameters}}
        return build_entry(entry, 0, 1)

    bare, full = build(), build(labels=True)
    assert not any("REF_energy" in atoms.info for atoms in bare)
    assert all("REF_energy" in atoms.info and "REF_forces" in atoms.arrays for atoms in full)
    assert {atoms.info["recipe"] for atoms in bare} == {"import"}
    assert all(atoms.info["parent"].startswith("frames.db-") for atoms in bare)
    with pytest.raises(InputError, match="has 3 usable frames, fewer than the count of 4"):
        build_entry({"recipe": "import", "count": 4, "parameters": {"file": str(database)}}, 0, 1)


def test_what_is_no_data_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"no type.raw in it or below"):
        import_frames(tmp_path)
    (tmp_path / "broken.db").write_text("nothing")
    with pytest.raises(InputError, match=r"broken.db: cannot be read"):
        import_frames(tmp_path / "broken.db")


def test_a_lone_frame_without_a_label_is_no_data_for_import(tmp_path):
    write(tmp_path / "run.traj", [Atoms("H2O", positions=[[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]])])
    with pytest.raises(InputError, match="no energy in any frame"):
        import_frames(tmp_path / "run.traj")


@pytest.mark.parametrize(
    ("name", "head", "what"),
    [
        ("job.out", "\n        * O   R   C   A *\n", "an output of ORCA"),
        ("job.log", " Entering Gaussian System, Link 0=g16\n", "an output of Gaussian"),
        ("pw.out", "     Program PWSCF v.7.2 starts on\n", "an output of Quantum ESPRESSO"),
        ("run.lammpstrj", "ITEM: TIMESTEP\n0\n", "a dump of LAMMPS"),
    ],
)
def test_files_of_programs_that_are_not_read_are_called_by_their_names(tmp_path, name, head, what):
    (tmp_path / name).write_text(head)
    with pytest.raises(InputError, match=rf"{name}: {what}, which is not read here; write its frames as extended XYZ"):
        import_frames(tmp_path / name)


@pytest.mark.parametrize("name", ["md.trj", "frames", "run@300K.traj", "t[1].traj"])
def test_an_ase_trajectory_is_one_under_any_name(tmp_path, name):
    write(tmp_path / "plain.traj", frames())
    (tmp_path / "plain.traj").rename(tmp_path / name)
    same(import_frames(tmp_path / name).frames, frames())


def test_an_ase_database_is_one_under_any_name_and_in_json(tmp_path, database):
    with connect(tmp_path / "frames.json") as table:
        for atoms in frames():
            table.write(atoms)
    same(import_frames(tmp_path / "frames.json").frames, frames())
    (tmp_path / "frames.json.gz").write_bytes(gzip.compress((tmp_path / "frames.json").read_bytes()))
    same(import_frames(tmp_path / "frames.json.gz").frames, frames())
    (tmp_path / "frames.json").rename(tmp_path / "other")
    same(import_frames(tmp_path / "other").frames, frames())
    database.rename(tmp_path / "frames.sqlite")
    same(import_frames(tmp_path / "frames.sqlite").frames, frames())


SCHNET = {"_property_unit_dict": {"U0": "Hartree", "forces": "Hartree/Bohr"}, "_distance_unit": "Ang"}


@pytest.mark.parametrize(
    ("metadata", "asked"),
    [
        (SCHNET, "energy_unit says Hartree: give `energy_unit` Hartree.*forces_unit says Hartree/Bohr"),
        ({"_property_unit_dict": {"U0": "Ha", "gap": "eV"}}, "energy_unit says Ha or eV: give `energy_unit`, the one"),
        (
            {"_property_unit_dict": {"U0": "eV"}, "_distance_unit": "Bohr"},
            "distance_unit says Bohr: give `length_unit`",
        ),
        ({"units": {"energy": "kcal/mol"}}, "energy_unit says kcal/mol"),
        ({"energy_unit": "Hartree"}, "energy_unit says Hartree"),
        ({"key_descriptions": {"dft_energy": ("", "", "Hartree")}}, "energy_unit says Hartree"),
    ],
)
def test_units_in_the_metadata_of_a_database_are_asked_for(tmp_path, caplog, metadata, asked):
    keys = LabelKeys(energy_key="U0", forces_key="forces")
    with connect(tmp_path / "schnet.db") as table:
        table.metadata = metadata
        for atoms in frames():
            energy, forces = atoms.get_potential_energy() / Hartree, atoms.get_forces() * Bohr / Hartree
            labels = {"U0": np.array([energy]), "forces": forces}
            table.write(Atoms(atoms.numbers, positions=atoms.positions), data=labels)
    if asked:
        with pytest.raises(InputError, match=asked):
            import_frames(tmp_path / "schnet.db", keys)
    said = LabelUnits(energy_unit="Hartree", forces_unit="Hartree/Bohr", length_unit="Ang")
    found = import_frames(tmp_path / "schnet.db", keys, units=said).frames
    assert [atoms.info["REF_energy"] for atoms in found] == pytest.approx([-10.0, -11.0, -12.0])
    assert np.allclose(found[0].arrays["REF_forces"], frames()[0].get_forces())
    assert not caplog.records


def test_units_of_several_properties_are_asked_for_where_none_has_the_name_of_a_label(tmp_path):
    with connect(tmp_path / "qm9.db") as table:
        table.metadata = {"_property_unit_dict": {"U0": "Ha", "gap": "eV"}}
        for atoms in frames():
            labels = {"U0": np.array([atoms.get_potential_energy()]), "forces": atoms.get_forces()}
            table.write(Atoms(atoms.numbers, positions=atoms.positions), data=labels)
    keys = LabelKeys(energy_key="U0", forces_key="forces")
    with pytest.raises(InputError, match="energy_unit says Ha or eV: give `energy_unit`"):
        import_frames(tmp_path / "qm9.db", keys)
    assert len(import_frames(tmp_path / "qm9.db", keys, units=LabelUnits(energy_unit="eV")).frames) == 3


@pytest.mark.parametrize(("suffix", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)])
@pytest.mark.parametrize("name", ["job.out", "OUTCAR", "vasprun.xml", "table.json"])
@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_compressed_file_is_told_in_one_line(tmp_path, suffix, pack, name, damage):
    data = bytearray(pack(np.random.default_rng(0).bytes(3000).hex().encode()))
    if damage == "flipped":
        data[len(data) // 2] ^= 255
    path = tmp_path / f"{name}.{suffix}"
    path.write_bytes(data if damage == "flipped" else data[: len(data) // 2])
    with pytest.raises(InputError, match=rf"{name}.{suffix}: cannot be (unpacked|read)") as caught:
        import_frames(path)
    assert "\n" not in str(caught.value)


def test_frames_with_dummy_atoms_are_left_out(tmp_path):
    made = frames()
    made[1].symbols[0] = "X"
    write(tmp_path / "run.traj", made)
    result = import_frames(tmp_path / "run.traj")
    assert result.indices == [0, 2] and result.rejects[0].reason == "atoms of no element (X): dummy or ghost atoms"


def test_another_length_beside_that_of_positions_is_no_matter(tmp_path):
    with connect(tmp_path / "radius.db") as table:
        table.metadata = {"_distance_unit": "Ang", "_property_unit_dict": {"energy": "eV", "radius": "Bohr"}}
        for atoms in frames():
            table.write(atoms)
    same(import_frames(tmp_path / "radius.db").frames, frames())


def test_a_reader_whose_package_is_not_installed_asks_for_it(tmp_path, monkeypatch):
    (tmp_path / "systems.hdf5").write_bytes(b"\x89HDF\r\n\x1a\n")
    monkeypatch.setitem(sys.modules, "h5py", None)  # as Python finds a package that is not there
    with pytest.raises(ModuleNotFoundError) as missing:
        import_frames(tmp_path / "systems.hdf5")
    assert "this needs h5py" in str(absence(missing.value))

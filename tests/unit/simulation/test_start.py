"""Starts of runs: what is taken over from another run, and copies of its box at its own and at another density."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.geometry import find_mic
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.foundation.errors import InputError, ProgramFailed
from decant.lammps.data import read_configuration, write_data
from decant.lammps.launch import Outcome
from decant.lammps.restart import MAGIC, TIMESTEP
from decant.potentials.potential import PAIR
from decant.simulation.protocol import Protocol, potential_hash
from decant.simulation.run import Run
from decant.simulation.simulate import _continued, link_potential
from decant.simulation.start import (
    Start,
    from_here,
    is_start,
    last_configuration,
    replicated,
    rescaled,
    source,
)
from tests.descriptions import described

COUNTS = [3, 2]
BONDS = np.array([[0, 1], [2, 3], [4, 5], [6, 7], [7, 8], [9, 10], [10, 11]])


def box(seed: int, tilt: float = 0.0) -> Start:
    """Three carbon monoxides and two dioxides, whole, some across the box."""
    random = np.random.default_rng(seed)
    cell = np.array([[8.0, 0, 0], [tilt, 9.0, 0], [tilt, -tilt, 10.0]])
    shapes = [np.array([[0, 0, 0], [1.1, 0, 0]])] * 3 + [np.array([[-1.2, 0, 0], [0, 0, 0], [1.2, 0, 0]])] * 2
    positions = np.concatenate([shape + random.uniform(0, 1, 3) @ cell for shape in shapes])
    atoms = Atoms("COCOCOOCOOCO", positions, cell=cell, pbc=True)
    atoms.set_array("mol_id", np.repeat(np.arange(5), [2, 2, 2, 3, 3]))
    return Start(atoms, BONDS)


def lengths(start: Start) -> np.ndarray:
    """Return the lengths of the bonds as they lie, without the minimum image."""
    return np.linalg.norm(start.atoms.positions[start.bonds[:, 1]] - start.atoms.positions[start.bonds[:, 0]], axis=1)


@settings(max_examples=20, deadline=None)
@given(st.tuples(*[st.integers(1, 3)] * 3), st.integers(0, 99), st.sampled_from([0.0, 1.5]))
def test_copies_have_the_same_density_and_molecules_and_their_species_stand_together(copies, seed, tilt):
    one = box(seed, tilt)
    many, number = replicated(one, copies), int(np.prod(copies))
    assert many.density_g_cm3 == pytest.approx(one.density_g_cm3)
    assert np.sort(lengths(many)) == pytest.approx(np.sort(np.tile(lengths(one), number)))
    mol_id = many.atoms.arrays["mol_id"]
    assert np.bincount(mol_id).tolist() == [2] * 3 * number + [3] * 2 * number
    assert np.all(np.diff(mol_id) >= 0)
    assert np.all(mol_id[many.bonds[:, 0]] == mol_id[many.bonds[:, 1]])
    # every copy sits where the first does, but for whole cell vectors of the small box
    for kind in "CO":
        small = one.atoms.positions[one.atoms.symbols == kind]
        for position in many.atoms.positions[many.atoms.symbols == kind]:
            assert find_mic(small - position, one.atoms.cell)[1].min() == pytest.approx(0.0, abs=1e-9)


def test_another_density_moves_molecules_and_keeps_their_shape():
    one = box(4, tilt=1.0)
    other = rescaled(one, 2.0 * one.density_g_cm3)
    assert other.density_g_cm3 == pytest.approx(2.0 * one.density_g_cm3)
    assert lengths(other) == pytest.approx(lengths(one))


def test_the_centre_of_a_molecule_is_the_atom_nearest_to_its_centre_of_mass():
    assert box(2).centre_atoms(COUNTS) == [1, 1]


@pytest.mark.parametrize("tilt", [0.0, 1.5])
def test_a_configuration_is_read_as_it_was_written(tmp_path, tilt):
    one = box(7, tilt)
    write_data(tmp_path / "data", one.atoms, ["C", "O"], one.bonds)
    text = (tmp_path / "data").read_text().split("\n")
    first = text.index("Atoms # molecular") + 2
    # as LAMMPS writes it: in any order, and with images
    rows = [f"{row} 0 1 0" for row in text[first : first + 12]][::-1]
    (tmp_path / "data").write_text("\n".join([*text[:first], *rows, *text[first + 12 :]]))
    atoms, bonds = read_configuration(tmp_path / "data", ["C", "O"])
    assert atoms.get_chemical_symbols() == one.atoms.get_chemical_symbols()
    assert atoms.positions == pytest.approx(one.atoms.positions + np.array(one.atoms.cell)[1])
    assert np.array(atoms.cell) == pytest.approx(np.array(one.atoms.cell))
    assert atoms.arrays["mol_id"].tolist() == one.atoms.arrays["mol_id"].tolist()
    assert bonds.tolist() == BONDS.tolist()


def potential(folder: Path, line: str) -> Path:
    """Write the lines of a potential, which make its hash."""
    folder.mkdir(parents=True)
    (folder / PAIR).write_text(line)
    return folder


def run_of(folder: Path, model: Path, **changes: object) -> Path:
    """Write a run in its production, linked to a potential that it names as it was called from another folder."""
    folder.mkdir(parents=True)
    described(potential=Path("models/pot"), potential_sha256=potential_hash(model), **changes).write(
        folder / "run.yaml"
    )
    (folder / "status.yaml").write_text("state: completed\n")
    (folder / "restart.end").write_bytes(MAGIC + bytes(8) + struct.pack("<iq", TIMESTEP, 5000) + MAGIC)
    link_potential(folder, model)
    return folder


def taken(start: Path) -> dict[str, object]:
    return source(start, (1, 1, 1))


def test_a_start_brings_the_potential_that_it_was_made_with_and_no_other_of_its_name(tmp_path, monkeypatch):
    own, other = (potential(tmp_path / project / "models" / "pot", project) for project in ("a", "b"))
    run_of(tmp_path / "a" / "run", own)
    monkeypatch.chdir(tmp_path / "a")
    assert taken(Path("run"))["potential"] == Path("models/pot"), "as it was named, where the name still tells"
    monkeypatch.chdir(tmp_path / "b")
    assert taken(Path("../a/run"))["potential"] == own != other
    (tmp_path / "a" / "run" / "potential").unlink()
    assert taken(Path("../a/run"))["potential"] is None
    monkeypatch.chdir(tmp_path / "a")
    assert taken(Path("run"))["potential"] == Path("models/pot"), "its hash says that it is"


def test_a_start_without_its_potential_says_so_unless_another_is_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = potential(tmp_path / "models" / "pot", "one")
    run = run_of(tmp_path / "run", model)
    (model / PAIR).write_text("two")
    changed = (
        r"run: the potential that it was made with is missing \(.*run/potential is another one by now\); give a pot"
    )
    with pytest.raises(InputError, match=changed):
        Protocol(**taken(run), start=run)
    shutil.rmtree(model)
    gone = r"\(neither .*run/potential nor models/pot is there\); give a potential beside `start`"
    with pytest.raises(InputError, match=gone):
        Protocol(**taken(run), start=run)
    assert Protocol(**{**taken(run), "potential": tmp_path / "given"}, start=run).liquid == "MEOH:16"
    assert Protocol(**{**taken(run), "method": "openff"}, start=run).method == "openff"


def test_a_run_that_was_copied_without_its_potential_is_read_with_any_pair_style(tmp_path, monkeypatch):
    model = potential(tmp_path / "pot", "one")
    (model / "card.yaml").write_text("algorithm: mace\n")
    run = run_of(tmp_path / "run", model)
    plugins = []

    def launch(*_, plugin, **__):
        plugins.append(plugin)
        return Outcome(code=1)

    monkeypatch.setattr("decant.simulation.start.launch", launch)
    for _ in range(2):
        with pytest.raises(ProgramFailed, match="LAMMPS cannot read this restart file"):
            last_configuration(Run.open(run))
        shutil.rmtree(model, ignore_errors=True)
    assert plugins == ["mace", None]


def test_a_start_is_the_same_run_by_whatever_path_and_another_of_its_name_is_not(tmp_path, monkeypatch):
    model = potential(tmp_path / "pot", "one")
    for place in ("a/small", "b/small"):
        run_of(tmp_path / place, model)
    recorded = from_here(tmp_path / "a" / "small", tmp_path / "a" / "large")
    large = run_of(tmp_path / "a" / "large", model, start=Path("small"), from_here=recorded)
    monkeypatch.chdir(tmp_path / "b")
    assert all(is_start(Run.open(large), path) for path in (Path("../a/small"), tmp_path / "a" / "small"))
    assert not is_start(Run.open(large), Path("small"))
    run = Run.open(large)
    assert _continued(run, described(**{**vars(run.description), "start": Path("../a/small")})) is run
    told = r"large: was made from the run small \(.*a/small\), not from small \(.*b/small\); give the same `start`"
    with pytest.raises(InputError, match=told):
        _continued(run, run.description)
    (tmp_path / "a").rename(tmp_path / "b" / "moved")
    assert is_start(Run.open(Path("moved/large")), Path("moved/small"))
    shutil.rmtree("moved/small")
    assert is_start(Run.open(Path("moved/large")), Path("small")), "nothing but the name tells"


def test_a_run_of_an_earlier_version_goes_on_where_it_did_and_from_other_folders(tmp_path, monkeypatch):
    model = potential(tmp_path / "pot", "one")
    for place in ("a/small", "a/in/small", "b/small"):
        run_of(tmp_path / place, model)
    large = Run.open(run_of(tmp_path / "a" / "runs" / "large", model, start=Path("small")))
    monkeypatch.chdir(tmp_path / "a" / "in")
    assert is_start(large, Path("../small")) and is_start(large, tmp_path / "a" / "small")
    assert is_start(large, Path("small")) and not is_start(large, tmp_path / "b" / "small")
    named = Run.open(run_of(tmp_path / "a" / "named", model, start=tmp_path / "a" / "small"))
    assert is_start(named, Path("../small")) and not is_start(named, Path("small"))
    assert not is_start(Run.open(tmp_path / "b" / "small"), Path("small")), "it has a packed start"

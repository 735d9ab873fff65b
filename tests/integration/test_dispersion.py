"""D3 and pair styles beside a potential: LAMMPS and Python say the same, cards and labels tell of it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import molecule

from decant import Potential
from decant.algorithms.mace.random import random_mace
from decant.data.decomposition import labelled_parts
from decant.data.frames import read_frames, write_frames
from decant.data.isolated import is_isolated
from decant.data.prediction import ask
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml, write_yaml
from decant.labels.subtract import subtracted
from decant.potentials.additions import addition
from decant.potentials.committee import write_committee
from decant.potentials.dispersion import _FUNCTIONALS, dispersion
from decant.potentials.evaluate import evaluate
from decant.potentials.pair_styles import PairStyleCalculator
from decant.potentials.single_point import single_point
from tests.integration.conftest import run_decant

pytest.importorskip("dftd3", reason="the extra 'dispersion' is not installed")
ELEMENTS = ["H", "C", "O"]
FORCE = 1e-6  # eV/angstrom; the two programs have Hartree and Bohr to six digits


def pair_of_ethanols() -> Atoms:
    atoms = molecule("CH3CH2OH")
    other = atoms.copy()
    other.translate([3.5, 1.0, 0.3])
    atoms += other
    atoms.arrays["mol_id"] = np.repeat([1, 2], len(other))
    return atoms


def cells() -> list[Atoms]:
    """Return a skewed cell smaller than the cutoff, its mirror image, atoms far outside of it, a slab and a wire."""
    skewed = pair_of_ethanols()
    skewed.set_cell([[8.3, 0, 0], [1.1, 7.7, 0], [0.4, 0.6, 7.1]])
    skewed.pbc = True
    mirrored, outside, slab, wire = (skewed.copy() for _ in range(4))
    mirrored.set_cell(-skewed.cell.array)
    outside.positions[:4] += 3 * skewed.cell[0] - 5 * skewed.cell[2]
    slab.pbc, wire.pbc = [True, True, False], [False, False, True]
    return [pair_of_ethanols(), skewed, mirrored, outside, slab, wire]


def test_both_programs_have_the_same_parameters_of_every_functional() -> None:
    atoms, compared = pair_of_ethanols(), 0
    for damping, words in _FUNCTIONALS.items():
        for word in words.split():
            one = dispersion(f"d3:{word}:{damping}")
            lammps = PairStyleCalculator(one.name, one.pair_style, one.pair_coeffs(ELEMENTS), ELEMENTS)
            said, expected = ask(one.calculator(ELEMENTS), atoms), ask(lammps, atoms)
            assert said.energy == pytest.approx(expected.energy, rel=3e-6), one.name
            assert np.abs(said.forces - expected.forces).max() < FORCE, one.name
            compared += abs(said.energy) > 0.01
    assert compared > 100


def test_both_agree_in_cells_of_every_kind() -> None:
    one = dispersion("d3:pbe:bj:12:9")
    lammps = PairStyleCalculator(one.name, one.pair_style, one.pair_coeffs(ELEMENTS), ELEMENTS)
    for atoms in cells():
        said, expected = ask(one.calculator(ELEMENTS), atoms), ask(lammps, atoms)
        assert said.energy == pytest.approx(expected.energy, rel=3e-6)
        assert np.abs(said.forces - expected.forces).max() < FORCE
        assert (said.virial is None) == (expected.virial is None) == (not atoms.pbc.all())
        if expected.virial is not None:
            assert np.abs(said.virial - expected.virial).max() < 1e-5 * np.abs(expected.virial).max()


@pytest.fixture(scope="module")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dispersion") / "random.model"
    torch.save(random_mace(hidden="8x0e", l_max=1, correlation=2), path)
    return path


@pytest.fixture(scope="module")
def dispersive(random_model: Path) -> Path:
    """A potential with dispersion, nuclear repulsion and a pair style by lines of one's own."""
    words = ["--with", "d3:pbe:zero", "--with", "zbl:0.8:1.6", "--with", "lj/cut 10.0; * * 0.001 3.0"]
    run_decant("export", random_model, "-o", random_model.parent / "potential", *words)
    return random_model.parent / "potential"


def test_lammps_agrees_with_model_and_additions_on_any_number_of_ranks(dispersive: Path, tmp_path: Path) -> None:
    frames = [cells()[0], cells()[1]]
    for atoms in frames:
        atoms.info |= {"recipe": "pair", "group": "pair"}
    write_frames(tmp_path / "frames.extxyz", frames)
    done = run_decant("check", dispersive, tmp_path / "frames.extxyz", "--ranks", "1,2,4")
    assert done.stdout.endswith("PASS\n")
    assert read_yaml(dispersive / "card.yaml")["check"]["passed"]


def test_the_card_the_calculator_and_the_command_tell_of_them(dispersive: Path, random_model: Path) -> None:
    potential, names = Potential.open(dispersive), ["d3:pbe:zero:12:9", "zbl:0.8:1.6", "lj/cut 10.0; * * 0.001 3.0"]
    assert potential.card["with"] == names
    atoms = cells()[1]
    whole, model = ask(potential.calculator(), atoms), ask(potential.model_calculator(), atoms)
    parts = [ask(addition(name).calculator(potential.elements), atoms) for name in names]
    assert whole.energy - model.energy == pytest.approx(sum(part.energy for part in parts))
    assert np.abs(whole.forces - model.forces - sum(part.forces for part in parts)).max() < 1e-9
    words = [word for name in names for word in ("--with", name)]
    assert f"is up to date: mace, H C O, cutoff 4 A, double precision, with {names[0]}" in (
        run_decant("export", random_model, "-o", dispersive, *words).stdout
    )


def test_a_committee_runs_them_once_and_its_members_share_them(
    dispersive: Path, random_model: Path, tmp_path: Path
) -> None:
    committee = write_committee([dispersive, dispersive], tmp_path / "committee")
    atoms = cells()[1]
    (said,), (expected,) = (single_point(one, [atoms], 1) for one in (committee, Potential.open(dispersive)))
    assert said.energy == pytest.approx(expected.energy, abs=1e-9)
    run_decant("export", random_model, "-o", tmp_path / "bare")
    with pytest.raises(InputError, match="with None, but"):
        write_committee([dispersive, tmp_path / "bare"], tmp_path / "mixed")


def test_lines_that_lammps_does_not_take_are_refused_at_export(random_model: Path, tmp_path: Path) -> None:
    done = run_decant("export", random_model, "-o", tmp_path / "none", "--with", "coul/cut 10.0; * *", expect=2)
    assert (
        "'coul/cut 10.0; * *' beside the potential: LAMMPS: Pair style coul/cut requires atom attribute q"
        in done.stderr
    )
    assert not (tmp_path / "none").exists()


@pytest.fixture(scope="module")
def labels(tiny_dataset: Path) -> list[Atoms]:
    return read_frames(tiny_dataset / "train.extxyz")


def test_labels_minus_dispersion_are_recorded_and_the_molecules_part_with_them(labels: list[Atoms]) -> None:
    taken = addition("d3:pbe")
    boxes = [atoms for atoms in labels if not is_isolated(atoms)][:2]
    for atoms in boxes:  # a made-up intramolecular part
        atoms.info["REF_intra_energy"], atoms.arrays["REF_intra_forces"] = 1.0, np.zeros((len(atoms), 3))
    for old, new in zip(boxes, subtracted(boxes, taken), strict=True):
        part = ask(taken.calculator(ELEMENTS), old)
        assert old.info["REF_energy"] - new.info["REF_energy"] == pytest.approx(part.energy) != 0
        assert np.abs(old.arrays["REF_forces"] - new.arrays["REF_forces"] - part.forces).max() < 1e-12
        assert ("REF_virial" in old.info) == ("REF_virial" in new.info) == bool(old.pbc.all())
        if old.pbc.all():
            assert np.abs(old.info["REF_virial"] - new.info["REF_virial"] - part.virial).max() < 1e-12
        else:  # one molecule: all of its dispersion is its own
            assert labelled_parts(new)[0].energy == pytest.approx(1.0 - part.energy)
        assert new.info["label_minus"] == "d3:pbe:bj:12:9" and "label_minus" not in old.info


def test_the_command_takes_it_off_the_labels_of_a_file_once(tiny_dataset: Path, tmp_path: Path) -> None:
    source, output = tiny_dataset / "test.extxyz", tmp_path / "minus.extxyz"
    done = run_decant("label", source, "-o", output, "--subtract", "d3:pbe")
    assert "labels of 4 frames minus d3:pbe:bj:12:9" in done.stdout
    again = run_decant("label", output, "-o", tmp_path / "twice.extxyz", "--subtract", "d3:pbe", expect=2)
    assert "frame 0: d3:pbe:bj:12:9 is taken off its labels already" in again.stderr
    imported = tmp_path / "imported.extxyz"
    run_decant("import", output, "-o", imported)
    assert {atoms.info["label_minus"] for atoms in read_frames(imported)} == {"d3:pbe:bj:12:9"}
    for anew in ("new", "short"):  # labels of a method replace those of the file and what was taken off them
        words = ["--subtract", "d3:pbe"] if anew == "short" else []
        run_decant("label", output, "-o", tmp_path / anew, "--method", "gfn1-xtb", "--jobs", 1, "--no-atoms", *words)
    whole, short = (read_frames(tmp_path / name)[0] for name in ("new", "short"))
    assert "label_minus" not in whole.info and short.info["label_minus"] == "d3:pbe:bj:12:9"
    assert short.info["REF_energy"] > whole.info["REF_energy"]


@pytest.fixture(scope="module")
def short_ranged(mace_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fit whose record says that its labels are minus dispersion."""
    folder = tmp_path_factory.mktemp("short") / "fit"
    shutil.copytree(mace_model, folder)
    record = read_yaml(folder / "fit.yaml")
    record["data"] = {**record["data"], "minus": "d3:pbe:bj:12:9"}
    write_yaml(folder / "fit.yaml", record)
    return folder


def test_a_potential_gets_what_its_labels_are_without(short_ranged: Path, tiny_dataset: Path, tmp_path: Path) -> None:
    potential = tmp_path / "potential"
    assert "with d3:pbe:bj:12:9" in run_decant("export", short_ranged, "-o", potential).stdout
    other = run_decant("export", short_ranged, "-o", tmp_path / "other", "--with", "d3:pbe:zero", expect=2)
    assert "its labels are minus d3:pbe:bj:12:9: --with d3:pbe:bj:12:9, the default, adds that" in other.stderr
    run_decant("export", short_ranged, "-o", tmp_path / "bare", "--with", "none")
    assert Potential.open(tmp_path / "bare").additions == []
    whole, minus = tiny_dataset / "test.extxyz", tmp_path / "minus.extxyz"
    write_frames(minus, subtracted(read_frames(whole), addition("d3:pbe")))
    errors = [
        evaluate(target, data, output=tmp_path / "errors.yaml")["force_meV_per_A"]["total"]["rmse"]
        for target in (potential, tmp_path / "bare", short_ranged)
        for data in (whole, minus)
    ]
    assert errors == pytest.approx([errors[0]] * 6, rel=1e-4)
    write_frames(minus, subtracted(read_frames(whole), addition("d3:pbe:zero")))
    with pytest.raises(InputError, match="its labels are minus d3:pbe:zero:12:9"):
        evaluate(potential, minus, output=tmp_path / "errors.yaml")


def test_a_model_of_labels_with_dispersion_does_not_get_it_twice(mace_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "fit"
    shutil.copytree(mace_model, folder)
    record = read_yaml(folder / "fit.yaml")
    record["data"] = {**record["data"], "labels": [{"method": "cp2k:pbe-d3", "frames": 9}]}
    write_yaml(folder / "fit.yaml", record)
    done = run_decant("export", folder, "-o", tmp_path / "potential", "--with", "d3:pbe", expect=2)
    assert "its labels are of cp2k:pbe-d3, which has dispersion already" in done.stderr


def test_a_fit_refuses_a_set_of_which_a_part_is_minus_dispersion(tiny_dataset: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_dataset, tmp_path / "data")
    frames = read_frames(tiny_dataset / "valid.extxyz")
    write_frames(tmp_path / "data" / "valid.extxyz", subtracted(frames, addition("d3:pbe")))
    done = run_decant("fit", "mace", tmp_path / "data", "-o", tmp_path / "fit", expect=2)
    assert "minus nothing in frame 0, minus d3:pbe:bj:12:9 in frame 12" in done.stderr


def test_without_its_package_one_line_says_what_to_install(
    tiny_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dftd3", None)  # as Python finds a package that is not there
    monkeypatch.setitem(sys.modules, "dftd3.ase", None)
    words = ("label", tiny_dataset / "test.extxyz", "-o", tmp_path / "minus.extxyz", "--subtract", "d3:pbe")
    last = run_decant(*words, expect=2).stderr.splitlines()[-1]
    assert last.endswith("this needs dftd3, which is not installed; run: pip install 'decant-mlip[dispersion]'")

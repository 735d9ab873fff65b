import multiprocessing
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from ase import Atoms

from decant.dataset import read_frames, write_frames
from decant.errors import InputError
from decant.import_frames import import_frames
from decant.label import label_frames
from decant.label_journal import label_key, read_journal
from decant.labels.base import labeler
from decant.labels.tblite import TBLite

METHOD = TBLite("gfn2-xtb")


def waters(count, spacing=3.0):
    """Return a row of water molecules, slightly irregular."""
    molecule = np.array([[0.0, 0.0, 0.0], [0.96, 0.0, 0.0], [-0.24, 0.93, 0.0]])
    random = np.random.default_rng(count)
    positions = np.concatenate([molecule + np.array([0, 0, spacing * k]) for k in range(count)])
    atoms = Atoms("OHH" * count, positions=positions + 0.02 * random.standard_normal((3 * count, 3)))
    atoms.set_array("mol_id", np.repeat(np.arange(count), 3))
    return atoms


def test_published_gfn2_labels_of_clusters_are_reproduced(shared_data):
    frames = import_frames(shared_data / "solvent-clusters-xtb" / "train-200.extxyz", keep_broken=True).frames
    for atoms in [*frames[:3], *frames[3::20]]:
        answer = METHOD.label(atoms)
        assert answer.energy == pytest.approx(atoms.info["REF_energy"], abs=2e-4)
        assert np.allclose(answer.forces, atoms.arrays["REF_forces"], atol=1e-3)
        assert answer.virial is None


def test_forces_and_virial_of_a_periodic_cell_are_derivatives_of_the_energy():
    atoms = waters(2)
    atoms.set_cell([[7.0, 0, 0], [0.5, 7.5, 0], [0.3, -0.4, 6.5]])
    atoms.pbc = True
    method = TBLite("gfn2-xtb", accuracy=0.01)
    answer = method.label(atoms)
    step = 1e-3
    for i, j in ((0, 0), (1, 1), (0, 2)):
        energies = []
        for sign in (1, -1):
            strain = np.zeros((3, 3))
            strain[i, j] += sign * step / 2
            strain[j, i] += sign * step / 2
            strained = atoms.copy()
            strained.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
            energies.append(method.label(strained).energy)
        assert answer.virial[i, j] == pytest.approx(-(energies[0] - energies[1]) / (2 * step), abs=2e-3)
    moved = [atoms.copy() for _ in range(2)]
    moved[0].positions[4, 1] += step
    moved[1].positions[4, 1] -= step
    slope = (method.label(moved[0]).energy - method.label(moved[1]).energy) / (2 * step)
    assert answer.forces[4, 1] == pytest.approx(-slope, abs=1e-3)


def test_labels_land_in_the_house_form_and_failures_are_told_apart(tmp_path):
    cell = waters(1)
    cell.set_cell([8.0] * 3)
    cell.pbc = True
    beyond = Atoms("Pu2", positions=[[0, 0, 0], [0, 0, 3]])  # GFN2-xTB ends at radon
    beyond.set_array("mol_id", np.zeros(2, dtype=int))
    result = label_frames([waters(2), beyond, cell], METHOD, tmp_path / "journal", jobs=2)
    assert [index for index, _ in result.failures] == [1]
    assert [("REF_virial" in atoms.info) for atoms in result.frames] == [False, True]
    write_frames(tmp_path / "labelled.extxyz", result.frames)
    assert len(read_frames(tmp_path / "labelled.extxyz")) == 2


def test_what_a_journal_holds_is_not_computed_again_whatever_the_order(tmp_path):
    frames = [waters(count) for count in (1, 2, 3)]
    label_frames(frames[:2], METHOD, tmp_path / "journal")
    before = (tmp_path / "journal").read_text().splitlines()
    result = label_frames(frames[::-1], METHOD, tmp_path / "journal")
    after = (tmp_path / "journal").read_text().splitlines()
    assert after[:2] == before and len(after) == 3
    assert [len(atoms) for atoms in result.frames] == [9, 6, 3]


def test_another_method_shares_nothing_with_a_journal():
    assert label_key(waters(1), METHOD) != label_key(waters(1), TBLite("gfn1-xtb"))


def test_a_line_cut_off_by_a_kill_is_dropped(tmp_path):
    journal = tmp_path / "journal"
    label_frames([waters(1), waters(2)], METHOD, journal)
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-20])
    assert len(read_journal(journal)) == 1
    label_frames([waters(1), waters(2)], METHOD, journal)
    assert sorted(journal.read_bytes().splitlines()) == sorted(whole.splitlines())


def test_a_file_that_is_no_journal_is_refused(tmp_path):
    (tmp_path / "journal").write_text("something else\n")
    with pytest.raises(InputError, match="line 1: not a label record"):
        label_frames([waters(1)], METHOD, tmp_path / "journal")


def test_a_killed_run_continues_and_gives_the_same_labels(tmp_path):
    frames = [waters(count, spacing) for count in (8, 9, 10, 11) for spacing in (2.8, 3.0, 3.2, 3.4)]
    write_frames(tmp_path / "configurations.extxyz", frames)
    command = [
        sys.executable, "-c", "from decant.cli.main import main; main()", "label", "configurations.extxyz",
        "-o", "labelled.extxyz", "--jobs", "1",
    ]  # fmt: skip
    run = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, start_new_session=True)
    journal = tmp_path / "labelled.extxyz.journal"
    end = time.monotonic() + 60
    while not (journal.is_file() and journal.stat().st_size > 0) and time.monotonic() < end:
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert not (tmp_path / "labelled.extxyz").exists()
    done = journal.read_bytes().count(b"\n")
    assert 0 < done < len(frames)
    subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    labelled = read_frames(tmp_path / "labelled.extxyz")
    assert len(labelled) == len(frames)
    last = METHOD.label(frames[-1])
    assert labelled[-1].info["REF_energy"] == pytest.approx(last.energy, abs=1e-6)
    assert not multiprocessing.active_children()


def test_an_unknown_method_names_the_known_ones():
    with pytest.raises(InputError, match=r"unknown method 'gfn2-tb' \(did you mean 'gfn2-xtb'\?\)"):
        labeler("gfn2-tb")

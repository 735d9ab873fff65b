import numpy as np
import pytest
from ase import Atoms

from decant.configurations.monomer import missing_atoms
from decant.data.decomposition import labelled_parts, molecules_alone
from decant.data.frames import read_frames, write_frames
from decant.data.import_ import import_frames
from decant.data.isolated import is_isolated
from decant.foundation.errors import InputError
from decant.labels.journal import label_key, read_journal
from decant.labels.label import label_frames
from decant.labels.registry import labeler
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
    energy, force = 0.0, 0.0
    for atoms in [*frames[:3], *frames[3::10]]:
        answer = METHOD.label(atoms)
        energy = max(energy, abs(answer.energy - atoms.info["REF_energy"]))
        force = max(force, np.abs(answer.forces - atoms.arrays["REF_forces"]).max())
        assert answer.virial is None
    print(f"largest differences from published labels: {1e3 * energy:.3f} meV, {1e3 * force:.3f} meV/A")
    assert energy < 2.5e-4 and force < 1e-3  # eV and eV/angstrom


def test_labels_of_another_method_that_a_frame_had_are_gone(tmp_path):
    atoms = waters(1)
    atoms.info |= {"recipe": "a", "group": "a", "REF_energy": 1.0, "REF_virial": np.eye(3), "REF_intra_energy": 1.0}
    atoms.info |= {"REF_intra_virial": np.eye(3), "label_minus": "d3:pbe:bj:12:9"}
    atoms.arrays["REF_intra_forces"] = np.zeros((3, 3))
    (frame,) = label_frames([atoms], METHOD, tmp_path / "journal").frames
    assert {key for key in [*frame.info, *frame.arrays] if key.startswith("REF_")} == {"REF_energy", "REF_forces"}
    assert "label_minus" not in frame.info and "REF_virial" in atoms.info


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
    before = read_journal(journal)
    journal.write_bytes(whole[:-20])
    assert len(read_journal(journal)) == 1
    label_frames([waters(1), waters(2)], METHOD, journal)
    after = read_journal(journal)
    assert {key: record["energy"] for key, record in after.items()} == {k: r["energy"] for k, r in before.items()}
    assert journal.read_bytes().count(b"\n") == 2


def test_a_file_that_is_no_journal_is_refused(tmp_path):
    (tmp_path / "journal").write_text("something else\n")
    with pytest.raises(InputError, match="line 1: not a label record"):
        label_frames([waters(1)], METHOD, tmp_path / "journal")


def test_a_configuration_that_occurs_twice_is_computed_once(tmp_path):
    result = label_frames([waters(2), waters(1), waters(2)], METHOD, tmp_path / "journal")
    assert (tmp_path / "journal").read_bytes().count(b"\n") == 2
    assert result.frames[0].info["REF_energy"] == result.frames[2].info["REF_energy"]


def test_method_version_and_settings_are_stored_with_each_label(tmp_path):
    method = labeler("gfn1-xtb", {"accuracy": 1, "temperature": 500})
    (frame,) = label_frames([waters(1)], method, tmp_path / "journal").frames
    write_frames(tmp_path / "labelled.extxyz", [frame])
    (frame,) = read_frames(tmp_path / "labelled.extxyz")
    assert frame.info["label_method"] == "gfn1-xtb"
    assert frame.info["label_version"].startswith("tblite ")
    assert "accuracy=1.0" in frame.info["label_settings"] and "temperature=500.0" in frame.info["label_settings"]
    assert frame.info["label_seconds"] > 0


def torn():
    atoms = waters(2)
    atoms.positions[5] += [0, 1.5, 0]
    return atoms


def fused():
    atoms = waters(2)
    atoms.positions[3] = atoms.positions[1] + [0.95, 0, 0]
    atoms.positions[4:] = atoms.positions[3] + [[0.5, 0.8, 0], [0.5, -0.8, 0]]
    return atoms


def test_unfit_frames_are_left_out_with_the_reason(tmp_path):
    squeezed = waters(1)
    squeezed.positions[1] = [0.6, 0, 0]
    result = label_frames([torn(), waters(1), fused(), squeezed], METHOD, tmp_path / "journal", max_force=20.0)
    reasons = dict(result.failures)
    assert list(reasons) == [0, 2, 3]
    assert "broken molecule: found H" in reasons[0]
    assert "fused molecules: H1 of molecule 0 is bonded to O3 of 1, 0.95 A" in reasons[2]
    assert "absurd force" in reasons[3] and "limit 20" in reasons[3]
    assert (tmp_path / "journal").read_bytes().count(b"\n") == 2  # what is broken is not computed
    kept = label_frames([torn(), squeezed], METHOD, tmp_path / "journal", max_force=1e3, keep_broken=True)
    assert len(kept.frames) == 2


def test_no_self_consistency_is_a_reason_and_can_be_tried_again(tmp_path):
    method = labeler("gfn2-xtb", {"iterations": 2})
    for retry, lines in ((False, 1), (False, 1), (True, 2)):
        result = label_frames([waters(1)], method, tmp_path / "journal", retry=retry)
        assert result.failures == [(0, "SCF not converged in 2 cycles")]
        assert (tmp_path / "journal").read_bytes().count(b"\n") == lines


def test_the_parts_of_a_label_add_up_and_a_lone_molecule_is_all_intramolecular(tmp_path):
    cell = waters(2)
    cell.set_cell([8.0] * 3)
    cell.pbc = True
    cell.positions += [7.8, 0, 0]  # across the boundary
    cell.wrap()
    pair, lone = label_frames([cell, waters(1)], METHOD, tmp_path / "journal", molecules=True).frames
    intra, inter = labelled_parts(lone)
    assert (inter.energy, np.abs(inter.forces).max()) == (0.0, 0.0)
    intra, inter = labelled_parts(pair)
    whole = [METHOD.label(part) for part in molecules_alone(pair)]
    assert intra.energy == pytest.approx(sum(part.energy for part in whole), abs=1e-9)
    assert np.allclose(intra.forces + inter.forces, pair.arrays["REF_forces"])
    assert -0.5 < inter.energy < 0.5 and abs(inter.energy) > 1e-4
    assert inter.virial.shape == (3, 3)


def test_a_charge_for_a_whole_file_that_is_not_that_of_its_frames_is_refused(tmp_path):
    with pytest.raises(InputError, match="frame 0 has charge 0, and gfn2-xtb is set to 1"):
        label_frames([waters(2)], labeler("gfn2-xtb", {"charge": 1}), tmp_path / "journal", molecules=True)


def test_molecules_of_which_none_carries_the_charge_of_their_frame_are_not_labelled_alone(tmp_path):
    anion = waters(2)
    anion.info = {"charge": -1, "spin": 2}
    result = label_frames([anion], METHOD, tmp_path / "journal", molecules=True, keep_charges=True)
    assert result.failures == [
        (0, "molecules alone: their charges, as far as they are known, are 0 together, and the frame's is -1")
    ]
    assert len(label_frames([anion], METHOD, tmp_path / "journal", keep_charges=True).frames) == 1


def test_atoms_of_elements_that_have_none_are_added():
    alone = Atoms("H", info={"config_type": "IsolatedAtom"})
    alone.set_array("mol_id", np.zeros(1, dtype=int))
    assert [str(atoms.symbols) for atoms in missing_atoms([waters(1)])] == ["H", "O"]
    assert [str(atoms.symbols) for atoms in missing_atoms([alone, waters(1)])] == ["O"]
    assert all(is_isolated(atoms) and atoms.info["recipe"] == "atom" for atoms in missing_atoms([waters(1)]))


def test_an_unknown_method_names_the_known_ones():
    with pytest.raises(InputError, match=r"unknown method 'gfn2-tb' \(did you mean 'gfn2-xtb'\?\)"):
        labeler("gfn2-tb")

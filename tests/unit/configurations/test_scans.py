"""Recipes whose frames differ in one thing only: torsion, dimer, volume-scan, rigid-moves; and clusters cut out."""

import functools

import numpy as np
import pytest
from ase.geometry import find_mic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from decant.configurations.base import build_entry
from decant.configurations.rigid import apart, centres_of_mass
from decant.configurations.rigid_moves import moved
from decant.configurations.torsion import rotors
from decant.configurations.volume_scan import scaled
from decant.foundation.errors import InputError
from decant.molecules.geometry import duplicates
from decant.molecules.solvents import molecule
from decant.molecules.species import species_names
from decant.molecules.topology import bonds

FAST = {"hessian": "mmff94", "conformers": 1}
BOX = {"liquid": "EC:1,EMC:2", "molecules": 3, "density": 0.8, **FAST}


def build(recipe, count, seed=1, **parameters):
    return build_entry({"recipe": recipe, "count": count, "parameters": parameters}, 0, seed)


@functools.cache
def box():
    (atoms,) = build("liquid", 1, **BOX)
    return atoms


def intramolecular(atoms):
    """Distances of all pairs of atoms of one molecule, as they stand in the box."""
    ids = atoms.arrays["mol_id"]
    first, second = np.triu_indices(len(atoms), 1)
    same = ids[first] == ids[second]
    return np.linalg.norm(atoms.positions[first[same]] - atoms.positions[second[same]], axis=1)


EXAMPLES = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@EXAMPLES
@given(st.floats(0.01, 1.4))
def test_scaling_a_box_changes_its_density_and_no_distance_within_a_molecule(factor):
    atoms = scaled(box(), factor)
    assert np.allclose(intramolecular(atoms), intramolecular(box()), rtol=0, atol=1e-12)
    assert atoms.info["density_g_cm3"] == pytest.approx(factor * box().info["density_g_cm3"])
    # centres of mass keep their place in the cell
    fractions = [centres_of_mass(a) @ np.linalg.inv(a.cell.array) for a in (atoms, box())]
    assert np.allclose(*fractions, atol=1e-10)


@EXAMPLES
@given(st.integers(0, 10**6), st.floats(0, 3), st.floats(0, 180))
def test_rigid_moves_change_no_distance_within_a_molecule_and_keep_molecules_apart(seed, step, angle):
    atoms = moved(box(), [0, step], [0, angle], 1.5, np.random.default_rng(seed))
    assert np.allclose(intramolecular(atoms), intramolecular(box()), rtol=0, atol=1e-12)
    assert np.array_equal(atoms.cell.array, box().cell.array)
    ids = atoms.arrays["mol_id"]
    first, second = np.nonzero(ids[:, None] < ids[None, :])
    distances = find_mic(atoms.positions[first] - atoms.positions[second], atoms.cell, atoms.pbc)[1]
    assert distances.min() >= 1.5


def test_rigid_moves_translate_and_rotate_every_molecule_as_far_as_asked():
    atoms = moved(box(), 0.2, 10.0, 1.0, np.random.default_rng(0))
    steps = np.linalg.norm(centres_of_mass(atoms) - centres_of_mass(box()), axis=1)
    assert np.allclose(steps, 0.2)
    turned = atoms.positions - centres_of_mass(atoms)[atoms.arrays["mol_id"]]
    before = box().positions - centres_of_mass(box())[box().arrays["mol_id"]]
    assert (np.abs(turned - before).max(axis=1) > 1e-3).mean() > 0.9


def test_a_volume_scan_spans_vapour_to_compressed_liquid_in_one_group_with_its_start_as_parent():
    frames = build("volume-scan", 10, steps=5, span=[0.05, 1.2], **BOX)
    assert len({atoms.info["group"] for atoms in frames}) == 2
    assert len({atoms.info["parent"] for atoms in frames}) == 2
    values = [atoms.info["density_g_cm3"] / 0.8 for atoms in frames[:5]]
    assert values == pytest.approx([0.05, 0.3375, 0.625, 0.9125, 1.2])
    assert all(apart(atoms) for atoms in frames)


def test_the_compressed_end_of_a_volume_scan_stops_where_molecules_would_touch():
    frames = build("volume-scan", 4, steps=4, span=[0.1, 4.0], **BOX)
    assert all(apart(atoms) for atoms in frames)
    assert 0.8 < frames[-1].info["density_g_cm3"] < 3.1


def test_what_is_made_of_one_box_shares_a_group_whatever_the_entry():
    made = [build(name, 1, **BOX)[0] for name in ("liquid", "volume-scan", "rigid-moves")]
    inside = [atoms.get_distance(0, 1, mic=True) for atoms in made]
    assert inside == pytest.approx([inside[0]] * 3), "molecules that are the same in all"
    made += build("cluster-cut", 1, size=2, cuts=2, **BOX)
    assert len({atoms.info["group"] for atoms in made}) == 1
    (other,) = build("liquid", 1, **{**BOX, "liquid": "EMC:1"})
    assert other.info["group"] != made[0].info["group"]


def test_rigid_moves_of_one_box_share_a_group():
    frames = build("rigid-moves", 4, moves=2, **BOX)
    assert [atoms.info["group"][-1] for atoms in frames] == ["0", "0", "1", "1"]
    assert not np.allclose(frames[0].positions, frames[1].positions)


def test_rotors_are_the_single_bonds_outside_rings_with_atoms_on_both_sides():
    assert rotors(molecule("EC")) == [] and rotors(molecule("ACN")) == []
    found = rotors(molecule("EMC"))  # CH3-CH2, CH2-O, O-C, C-O, O-CH3
    assert len(found) == 5
    assert [rotor.turn for rotor in found].count(120.0) == 2
    assert all(2 * len(rotor.moving) <= len(molecule("EMC").symbols) for rotor in found)


def test_a_rotor_scan_turns_one_torsion_and_leaves_both_sides_rigid():
    frames = build("torsion", 12, molecule="DME", steps=12, **FAST)
    start = frames[0]
    for atoms in frames:
        assert np.array_equal(bonds(atoms), molecule("DME").bonds)
        (first, second) = (int(name[1:]) for name in atoms.info["rotor"].split("-"))
        rotor = next(rotor for rotor in rotors(molecule("DME")) if rotor.axis == (first, second))
        for side in (rotor.moving, np.setdiff1d(np.arange(len(atoms)), rotor.moving)):
            pair = [a.get_all_distances()[np.ix_(side, side)] for a in (atoms, start)]
            assert atoms.info["group"] != start.info["group"] or np.allclose(*pair)
    angles = [atoms.info["angle_degree"] for atoms in frames if atoms.info["group"] == start.info["group"]]
    assert angles[0] == 0 and np.allclose(np.diff(angles) % (120 / 12), 0)


def test_scans_go_through_all_rotors_in_turn():
    frames = build("torsion", 10, molecule="EMC", steps=2, **FAST)
    assert len({atoms.info["rotor"] for atoms in frames}) == 5


@pytest.mark.parametrize("molecule", ["EMC", "DMC", "MEOH"])
def test_scans_of_a_relaxed_molecule_do_not_repeat_themselves(molecule):
    frames = build("torsion", 40, molecule=molecule, steps=12, **FAST)
    assert len(frames) == 40
    assert not duplicates(frames)


def test_an_approach_curve_runs_from_the_repulsive_wall_to_well_apart():
    frames = build("dimer", 12, molecules="EC,EMC", steps=4, **FAST)
    assert len({atoms.info["group"] for atoms in frames}) == 3
    kinds = [sorted(species_names(a, a.arrays["mol_id"], bonds(a))) for a in frames[::4]]
    assert kinds == [["EC", "EC"], ["EC", "EMC"], ["EMC", "EMC"]]
    for curve in (frames[:4], frames[4:8], frames[8:]):
        shortest = []
        for atoms in curve:
            ids = atoms.arrays["mol_id"]
            shortest.append(atoms.get_all_distances()[ids[:, None] != ids[None, :]].min())
            assert np.allclose(intramolecular(atoms), intramolecular(curve[0]))
        assert np.all(np.diff(shortest) > 0) and shortest[0] < 2.2 and shortest[-1] > 4
        assert apart(curve[0])


def test_cut_clusters_are_whole_molecules_as_near_as_they_are_in_the_box():
    frames = build("cluster-cut", 4, size=2, cuts=2, **BOX)
    assert len({atoms.info["group"] for atoms in frames}) == 2
    for atoms in frames:
        assert not atoms.pbc.any() and apart(atoms)
        assert set(species_names(atoms, atoms.arrays["mol_id"], bonds(atoms))) <= {"EC", "EMC"}
        assert np.linalg.norm(np.diff(centres_of_mass(atoms), axis=0)) < 8


@pytest.mark.parametrize(
    ("recipe", "parameters", "message"),
    [
        ("torsion", {"molecule": "EC"}, "'EC': has no rotatable bond"),
        ("torsion", {"molecule": "EMC", "steps": 1}, "steps 1: expected a whole number from 2"),
        ("torsion", {"molecule": "C1CC"}, "unknown solvent 'C1CC'"),
        ("dimer", {"molecules": "EC", "contact": [2, 1]}, "contact: expected"),
        ("dimer", {"molecules": "WATER", "contact": [0.2, 1], **FAST}, "contact 0.2: molecules so close look bonded"),
        ("volume-scan", {**BOX, "span": 2}, "span: expected"),
        ("volume-scan", {**BOX, "density": 9}, "too dense, the molecules do not fit"),
        ("rigid-moves", {**BOX, "translation": "far"}, "translation: expected a number"),
        ("cluster-cut", {**BOX, "size": 9}, "a box of 3 molecules is too small"),
        ("mixture-grid", {"solvents": "EC,VC", "molecules": 4}, "no density is known of VC"),
        ("mixture-grid", {"solvents": "EC,EMC"}, "give the size of the boxes"),
        ("hot", {"liquid": "EC:2", "density": 1.0, "driver": "gfn2"}, "unknown method 'gfn2'"),
    ],
)
def test_a_scan_that_makes_no_sense_is_refused(recipe, parameters, message):
    with pytest.raises(InputError, match=message):
        build(recipe, 2, **parameters)


def test_an_ion_pair_is_pulled_apart_with_the_solvents_of_each_side() -> None:
    frames = build("ion-pair", 6, salt="LiCl", solvents="EC,EMC", shell=3, between=[0, 1], steps=6, pull=[0, 5], **FAST)
    first, last = frames[0], frames[-1]
    assert len({atoms.info["group"] for atoms in frames}) == 1
    assert {atoms.info["charge"] for atoms in frames} == {0}, "the frames of a curve have one charge"
    assert first.info["molecules"].startswith("Li+:1")
    steps = last.positions - first.positions
    moved = np.linalg.norm(steps, axis=1) > 0
    lithium, chlorine = (int(np.flatnonzero(first.symbols == symbol)[0]) for symbol in ("Li", "Cl"))
    assert moved[chlorine] and not moved[lithium]
    assert np.allclose(steps[moved], steps[chlorine]) and np.linalg.norm(steps[chlorine]) == pytest.approx(5)
    axis = first.positions[chlorine] - first.positions[lithium]
    assert np.dot(steps[chlorine], axis) == pytest.approx(5 * np.linalg.norm(axis))
    for number in range(first.arrays["mol_id"].max() + 1):
        own = moved[first.arrays["mol_id"] == number]
        assert own.all() or not own.any(), "a molecule goes with one ion"
    assert all(apart(atoms) for atoms in frames)


def test_a_separated_pair_has_a_solvent_between_that_stays_with_the_cation() -> None:
    (atoms, *_) = build("ion-pair", 4, salt="LiCl", solvents="EC", between=1, steps=4, **FAST)
    ids = atoms.arrays["mol_id"]
    nearest = [atoms.get_distances(0, np.flatnonzero(ids == number)).min() for number in (1, 2)]
    assert nearest[0] < 3.0 < nearest[1], "EC touches the lithium ion, chloride does not"
    (contact, *_) = build("ion-pair", 4, salt="LiCl", steps=4, **FAST)
    assert len(contact) == 2 and contact.get_distance(0, 1) < 2.7


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"salt": "LiFOO"}, "unknown salt 'LiFOO'"),
        ({"salt": "LiCl", "shell": 2}, "of which solvents"),
        ({"salt": "LiCl", "solvents": "Li+", "shell": 2}, "expected neutral molecules"),
        ({"salt": "LiCl", "pull": [3, 1]}, "pull: expected"),
        ({"salt": "LiCl", "steps": 1}, "steps 1"),
        ({"salt": "LiCl", "solvents": "EC", "shell": -1}, "shell: expected a positive whole number"),
    ],
)
def test_an_ion_pair_that_cannot_be_is_one_line(parameters, reason) -> None:
    with pytest.raises(InputError, match=reason):
        build("ion-pair", 2, **parameters, **FAST)

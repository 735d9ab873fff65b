import itertools

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.molecules.geometry import (
    NEAR,
    correlated,
    correlated_across,
    distinct,
    duplicates,
    environments,
    fingerprint,
    merge,
)
from decant.molecules.topology import pair_distances


def liquid(seed, count=30, pbc=True):
    random = np.random.default_rng(seed)
    return Atoms(
        f"C{count // 3}H{count // 3}O{count // 3}",
        cell=[9, 10, 11],
        pbc=pbc,
        scaled_positions=random.random((count, 3)),
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), shift=st.tuples(*[st.floats(-20, 20)] * 3))
def test_the_fingerprint_ignores_origin_wrapping_and_order(seed, shift):
    atoms = liquid(seed)
    moved = atoms[np.random.default_rng(seed + 1).permutation(len(atoms))]
    moved.positions += shift
    moved.wrap()
    assert np.allclose(fingerprint(atoms), fingerprint(moved), atol=1e-6)


def test_only_copies_are_duplicates():
    frames = [liquid(1), liquid(2), liquid(1), liquid(1, pbc=False)]
    frames[2].positions += 4.0
    assert duplicates(frames) == [(0, 2)]


def test_copies_are_found_whatever_the_digits_of_their_cells():
    frames = [liquid(1), liquid(1)]
    frames[0].set_cell([9.0, 10.0, 11.000555])  # the volumes lie on either side of a tenth
    frames[1].set_cell([9.0, 10.0, 11.000556])
    assert duplicates(frames) == [(0, 1)]


def test_volumes_of_one_atom_a_cell_are_different_geometries():
    assert duplicates([bulk("Al", "fcc", a=length) for length in np.linspace(3.8, 4.3, 8)]) == []
    assert duplicates([bulk("Al", crystal, a=4.0) for crystal in ("fcc", "bcc", "sc")]) == []


def test_cells_of_one_molecule_are_different_geometries_by_their_size_and_by_how_it_stands():
    frames = [molecule("CO2", cell=[edge, edge, 6.0], pbc=True) for edge in (3.6, 4.0, 4.5, 5.0, 6.0, 8.0)]
    turned = frames[3].copy()
    turned.rotate(40, "x")
    assert duplicates([*frames, turned]) == []


@pytest.mark.parametrize("name", ["fcc", "rocksalt", "diamond"])
def test_a_crystal_is_the_same_in_another_cell_of_its_lattice_wherever_its_origin(name):
    atoms = bulk("NaCl" if name == "rocksalt" else "Si", name, a=5.6)
    frames = [atoms.copy() for _ in range(4)]
    frames[1].set_cell([[1, 0, 0], [1, 1, 0], [0, 2, 1]] @ atoms.cell.array)
    frames[2].positions += [0.3, 1.7, -9.1]
    frames[2].wrap()
    frames[3].rotate(33, [1, 2, 3], rotate_cell=True)
    assert len(duplicates(frames)) == 6 and len(distinct(frames)) == 1


def test_the_order_of_elements_on_a_lattice_makes_a_geometry():
    cell = bulk("Cu", "fcc", a=3.8, cubic=True).repeat((2, 1, 1))
    layered, mixed = cell.copy(), cell.copy()
    layered.numbers[layered.positions[:, 0] > 3.7] = 79
    mixed.numbers[mixed.positions[:, 2] > 1.0] = 79
    assert duplicates([layered, mixed]) == []


@pytest.mark.parametrize("pbc", [(True, True, False), (False, False, True)])
def test_a_slab_and_a_wire_are_known_by_their_periodic_directions(pbc):
    frames = [liquid(1, pbc=pbc) for _ in range(4)]
    frames[1].set_cell([9, 10, 60] if pbc[0] else [40, 50, 11])  # the others mean nothing
    frames[2].rotate(70, "z", rotate_cell=True)
    frames[3].set_cell([9, 10.3, 11.3])
    assert duplicates(frames) == [(0, 1), (0, 2), (1, 2)]


@pytest.mark.parametrize("pbc", [True, False])
def test_one_atom_that_moved_tells_two_large_boxes_apart(pbc):
    random = np.random.default_rng(1)
    atoms = Atoms(cell=[18, 18, 18], pbc=pbc)
    for place in np.ndindex(4, 4, 4):
        one = molecule("CH3OH")
        one.rotate(random.uniform(0, 360), random.standard_normal(3))
        one.positions += 4.5 * np.array(place) + random.normal(scale=0.03, size=(6, 3))
        atoms += one
    frames = [atoms.copy() for _ in range(13)]
    for index in range(12):
        frames[index].positions[index] += [0.1, 0, 0]
    assert duplicates(frames) == []


def test_shuffled_turned_and_rewrapped_copies_of_a_box_are_duplicates():
    frames = [liquid(1, 90) for _ in range(4)]
    frames[1] = frames[1][np.random.default_rng(0).permutation(90)]
    frames[2].rotate(90, "z", rotate_cell=True)
    frames[3].positions += [20.0, -3.0, 5.0]
    frames[3].wrap()
    assert len(duplicates(frames)) == 6


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), pbc=st.booleans(), count=st.sampled_from([3, 12, 30]))
def test_what_atoms_see_changes_by_no_more_than_distances_do(seed, pbc, count):
    # so that the sampled distances of a fingerprint miss no copy
    atoms = liquid(seed, count, pbc)
    moved = atoms.copy()
    moved.positions += np.random.default_rng(seed).uniform(-1, 1, (count, 3)) * 1e-3 / np.sqrt(3)
    assert np.abs(environments(atoms, 16) - environments(moved, 16)).max() <= 2e-3


def test_a_small_step_of_a_trajectory_is_correlated_and_a_large_one_is_not():
    frames = [liquid(1) for _ in range(3)]
    random = np.random.default_rng(0)
    frames[1].positions += 0.02 * random.standard_normal((30, 3))
    frames[2].positions += 1.0 * random.standard_normal((30, 3))
    assert correlated(frames) == [(0, 1)]


def trajectory(count, atoms, seed=0, step=0.03):
    random = np.random.default_rng(seed)
    frames = [atoms.copy() for _ in range(count)]
    for before, after in itertools.pairwise(frames):
        after.positions[:] = before.positions + step * random.standard_normal((len(atoms), 3))
    return frames


def test_trajectories_are_found_in_any_order_and_between_other_frames():
    frames = [*trajectory(30, liquid(1)), *trajectory(30, liquid(2), 5), *(liquid(seed) for seed in range(10, 40))]
    order = np.random.default_rng(3).permutation(len(frames))
    groups = merge([f"frame-{index}" for index in order], correlated([frames[index] for index in order]))
    origin = {}
    for index, group in zip(order, groups, strict=True):
        origin.setdefault(group, set()).add(int(index))
    assert sorted(map(sorted, origin.values()))[:2] == [list(range(30)), list(range(30, 60))]
    assert len(origin) == 32


@pytest.mark.parametrize("count", [21, 48, 60, 150])
def test_correlated_frames_are_those_that_a_comparison_of_all_finds(count):
    random = np.random.default_rng(count)
    frames = [liquid(1, count) for _ in range(60)]
    for atoms in frames:
        atoms.positions += random.uniform(0.02, 0.09) * random.standard_normal((count, 3))
    distances = [pair_distances(atoms) for atoms in frames]
    changes = {(i, j): np.sqrt(np.mean((distances[i] - distances[j]) ** 2)) for j in range(60) for i in range(j)}
    near = [pair for pair, change in changes.items() if change < NEAR]
    assert 0 < len(near) < len(changes)
    labels = [str(index) for index in range(60)]
    assert set(correlated(frames)) <= set(near) and merge(labels, correlated(frames)) == merge(labels, near)
    parts = [str(index % 3) for index in range(60)]
    first = {j: i for i, j in sorted(near, reverse=True) if parts[i] != parts[j]}
    assert correlated_across(frames, parts) == sorted((i, j) for j, i in first.items())


def test_other_atoms_another_order_and_small_molecules_are_not_correlated():
    one = liquid(1)
    other = one[np.random.default_rng(0).permutation(30)]
    changed = one.copy()
    changed.numbers[0] = 7
    assert correlated([one, other, changed]) == []
    assert correlated(trajectory(5, liquid(1, 18))) == []


def test_single_molecules_that_a_recipe_has_drawn_are_not_correlated():
    drawn = [
        Atoms(atoms, info={"recipe": recipe}) for recipe in ("monomer", "import") for atoms in trajectory(3, liquid(1))
    ]
    for atoms in drawn:
        atoms.set_array("mol_id", np.zeros(30, dtype=int))
    assert {index for pair in correlated(drawn) for index in pair} == {3, 4, 5}
    drawn[0].arrays["mol_id"][20:] = 1
    assert {index for pair in correlated(drawn) for index in pair} == {0, 3, 4, 5}, "two molecules are another matter"


def test_merging_follows_chains():
    assert merge(["a", "b", "c", "d", "b"], [(0, 1), (4, 2)]) == ["a", "a", "a", "d", "a"]

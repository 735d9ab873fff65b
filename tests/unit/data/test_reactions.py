"""Hot frames are kept, reacted ones are named, whether the molecules are named solvents or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.data import covalent_radii

from decant.data.import_ import import_frames
from decant.data.reactions import find_molecules
from decant.molecules.ions import ions
from decant.molecules.molecule import Molecule
from decant.molecules.solvents import molecule
from tests.conftest import REPOSITORY

HOT_CLUSTERS = REPOSITORY.parent / "shared" / "data" / "solvent-clusters-xtb" / "train-200.extxyz"


def frames(name: str, count: int) -> list[Atoms]:
    made = []
    for seed in range(1, count + 1):
        atoms = molecule(name).embed(seed)
        atoms.positions += np.random.default_rng(seed).normal(scale=0.02, size=(len(atoms), 3))
        made.append(atoms)
    return made


def with_hydrogen_at(atoms: Atoms, length: float) -> Atoms:
    """Return a copy whose last hydrogen is so far from its carbon, angstrom."""
    result = atoms.copy()
    end = len(atoms) - 1
    base = int(np.argsort(atoms.get_distances(end, range(end)))[0])
    direction = atoms.positions[end] - atoms.positions[base]
    result.positions[end] = atoms.positions[base] + length * direction / np.linalg.norm(direction)
    return result


# dimethyl sulfate is no solvent of the table
@pytest.mark.parametrize("name", ["EMC", "COS(=O)(=O)OC"])
def test_a_hot_frame_is_kept_and_a_reacted_one_is_named(name: str) -> None:
    cold = frames(name, 5)
    found = find_molecules([*cold, with_hydrogen_at(cold[0], 1.5), with_hydrogen_at(cold[0], 3.0)], [None] * 7)
    assert [bool(one.reacted) for one in found] == [False] * 6 + [True]
    assert found[-1].reacted.startswith("broken molecule: found H, ")
    assert all(one.mol_id.max() == 0 for one in found[:-1]) and found[-1].mol_id.max() == 1


@pytest.mark.parametrize("ion", [one for one in ions() if len(one.symbols) > 2], ids=lambda one: one.name)
def test_a_stretched_ion_is_whole_and_a_torn_one_is_not(ion: Molecule) -> None:
    atoms = ion.embed(1)
    degree = np.bincount(ion.bonds.ravel())
    inner, outer = next((i, j) if degree[j] == 1 else (j, i) for i, j in ion.bonds.tolist() if 1 in degree[[i, j]])
    radii = covalent_radii[atoms.numbers[[inner, outer]]].sum()
    stretched, torn = atoms.copy(), atoms.copy()
    stretched.set_distance(inner, outer, 1.3 * radii, fix=0)
    torn.set_distance(inner, outer, 2.5 * radii, fix=0)
    (alone,) = find_molecules([stretched], [None])
    assert not alone.reacted and alone.mol_id.max() == 0
    assert [bool(one.reacted) for one in find_molecules([atoms, stretched, torn], [None] * 3)] == [False, False, True]


def test_a_carbonate_that_lets_go_of_both_methyl_groups_is_no_carbonate_ion() -> None:
    atoms = molecule("DMC").embed(1)
    lengths = {pair: atoms.get_distance(*pair) for pair in map(tuple, molecule("DMC").bonds.tolist())}
    ends = [pair for pair in lengths if sorted(atoms.symbols[list(pair)]) == ["C", "O"] and lengths[pair] > 1.38]
    assert len(ends) == 2
    for one, other in ends:  # a methyl group and its oxygen
        carbon, oxygen = sorted((one, other), key=lambda index: str(atoms.symbols[index]))
        group = [carbon, *(j for i, j in lengths if i == carbon and atoms.symbols[j] == "H")]
        way = atoms.positions[carbon] - atoms.positions[oxygen]
        atoms.positions[group] += way * (1.74 / np.linalg.norm(way) - 1)
    (found,) = find_molecules([atoms], [None])
    assert not found.reacted and found.mol_id.max() == 0


def test_molecules_that_the_file_names_stand_and_are_looked_at(tmp_path: Path) -> None:
    pair = frames("EMC", 2)
    pair[1].positions += [8.0, 0, 0]
    both = pair[0] + pair[1]
    ids = np.repeat([7, 3], len(pair[0]))
    whole, torn = find_molecules([both, with_hydrogen_at(both, 4.0)], [ids, ids])
    assert whole.mol_id.tolist() == torn.mol_id.tolist() == np.repeat([0, 1], len(pair[0])).tolist()
    assert not whole.reacted and torn.reacted.startswith("broken molecule: found H, ")


@pytest.mark.skipif(not HOT_CLUSTERS.is_file(), reason=f"{HOT_CLUSTERS} is not there")
def test_of_a_public_set_of_hot_clusters_only_the_two_reactions_are_left_out() -> None:
    result = import_frames(HOT_CLUSTERS)
    # in both a hydrogen of a methyl group is nearer to an oxygen than to its carbon
    assert [reject.index for reject in result.rejects] == [56, 191]
    assert len(import_frames(HOT_CLUSTERS, keep_broken=True).frames) == 203

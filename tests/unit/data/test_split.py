from collections import Counter

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.data.split import PARTS, split_frames
from decant.foundation.errors import InputError


def frame(group, seed, temperature=300.0):
    atoms = Atoms("C2H2O", positions=np.random.default_rng(seed).random((5, 3)) * 6)
    atoms.info |= {"group": group, "recipe": "import", "temperature": temperature, "number": seed}
    return atoms


def atom(symbol):
    atoms = Atoms(symbol, positions=[[0, 0, 0]])
    atoms.info |= {"config_type": "IsolatedAtom", "group": symbol, "number": -1}
    return atoms


@settings(max_examples=60, deadline=None)
@given(
    groups=st.lists(st.integers(0, 12), min_size=8, max_size=60),
    temperatures=st.lists(st.sampled_from([300.0, 500.0]), min_size=60, max_size=60),
    seed=st.integers(0, 1000),
)
def test_no_group_is_divided_and_every_frame_is_in_one_part(groups, temperatures, seed):
    frames = [frame(f"g{g}", k, t) for k, (g, t) in enumerate(zip(groups, temperatures[: len(groups)], strict=True))]
    if len(set(groups)) < 3:
        with pytest.raises(InputError, match="groups of frames cannot fill"):
            split_frames(frames, seed=seed)
        return
    parts = split_frames(frames, seed=seed)
    assert sorted(a.info["number"] for part in parts.values() for a in part) == list(range(len(frames)))
    where = {name: {a.info["group"] for a in parts[name]} for name in PARTS}
    assert not where["train"] & where["valid"] and not where["train"] & where["test"]
    assert not where["valid"] & where["test"]
    assert all(parts.values())


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_copy_of_a_frame_never_ends_up_in_another_part(seed):
    frames = [frame(f"g{k}", k) for k in range(20)]
    random = np.random.default_rng(seed)
    moved = frames[3].copy()
    moved.info = {"group": "other", "number": 99}
    moved.positions += [5.0, -2.0, 1.0]
    moved = moved[random.permutation(5)]
    parts = split_frames([*frames, moved], seed=seed)
    (holder,) = [name for name, members in parts.items() if any(a.info["number"] == 99 for a in members)]
    assert any(a.info["number"] == 3 for a in parts[holder])


def chain(count, seed, recipe, molecules):
    """Return frames of 24 atoms in groups of their own that each lie a small step from the one before."""
    random = np.random.default_rng(seed)
    positions, frames = 9 * random.random((24, 3)), []
    for number in range(count):
        positions = positions + 0.03 * random.standard_normal((24, 3))
        atoms = Atoms("C8H16", positions=positions)
        atoms.set_array("mol_id", np.arange(24) * molecules // 24)
        atoms.info |= {"group": f"{recipe}-{seed}-{number}", "recipe": recipe, "number": number}
        frames.append(atoms)
    return frames


@pytest.mark.parametrize("recipe", ["import", "liquid"])
def test_steps_of_trajectories_that_are_interleaved_stay_together(recipe):
    chains = [chain(8, seed, recipe, 4) for seed in range(6)]
    order = {id(atoms): number for number, steps in enumerate(chains) for atoms in steps}
    parts = split_frames([atoms for steps in zip(*chains, strict=True) for atoms in steps], (0.6, 0.2, 0.2))
    assert all(parts.values())
    held = [{order[id(atoms)] for atoms in part} for part in parts.values()]
    assert sum(map(len, held)) == 6


def test_a_stiff_molecule_of_a_recipe_can_be_divided():
    parts = split_frames(chain(20, 0, "monomer", 1))
    assert [len(parts[name]) for name in PARTS] == [16, 2, 2]


def test_each_part_sees_each_temperature_in_proportion():
    frames = [frame(f"g{k}", k, temperature) for k, temperature in enumerate([300.0] * 40 + [600.0] * 20)]
    parts = split_frames(frames, (0.8, 0.1, 0.1))
    counts = {name: Counter(a.info["temperature"] for a in members) for name, members in parts.items()}
    assert counts["train"] == {300.0: 32, 600.0: 16}
    assert counts["valid"] == counts["test"] == {300.0: 4, 600.0: 2}


def test_isolated_atoms_all_go_into_train():
    parts = split_frames([atom("H"), *[frame(f"g{k}", k) for k in range(10)], atom("O")])
    assert [a.get_chemical_symbols()[0] for a in parts["train"][:2]] == ["H", "O"]
    assert not any(len(a) == 1 for name in ("valid", "test") for a in parts[name])


def test_the_same_seed_gives_the_same_parts_and_another_seed_others():
    frames = [frame(f"g{k}", k) for k in range(30)]
    numbers = [[a.info["number"] for a in split_frames(frames, seed=seed)["test"]] for seed in (1, 1, 2)]
    assert numbers[0] == numbers[1] != numbers[2]


@pytest.mark.parametrize("fractions", [(0.8, 0.1, 0.2), (0.0, 0.5, 0.5), (1.1, -0.1, 0.0)])
def test_fractions_that_are_not_shares_are_refused(fractions):
    with pytest.raises(InputError, match="add up to 1"):
        split_frames([frame(f"g{k}", k) for k in range(9)], fractions)


def test_a_part_with_share_zero_stays_empty():
    parts = split_frames([frame(f"g{k}", k) for k in range(10)], (0.9, 0.1, 0.0))
    assert (len(parts["train"]), len(parts["valid"]), len(parts["test"])) == (9, 1, 0)


def test_a_solid_whose_frames_are_all_near_each_other_is_split_by_its_own_groups_and_told(caplog):
    solid, random = bulk("Cu", cubic=True).repeat(2), np.random.default_rng(0)
    frames = []
    for number in range(20):
        atoms = solid.copy()
        atoms.positions += random.normal(scale=0.06, size=atoms.positions.shape)
        atoms.info |= {"group": f"rattled-{number}", "recipe": "import", "temperature": 300.0}
        frames.append(atoms)
    parts = split_frames(frames, [0.8, 0.1, 0.1])
    assert [len(parts[name]) for name in PARTS] == [16, 2, 2]
    assert "frames of 20 groups are all a small step apart" in caplog.text

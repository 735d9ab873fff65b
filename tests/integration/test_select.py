"""`decant select` with real potentials, a real label's cost, and real data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from decant.algorithms.mace.random import random_mace
from decant.data.frames import read_frames, write_frames
from decant.data.isolated import is_isolated
from decant.foundation.errors import InputError
from decant.potentials.export import export
from decant.potentials.potential import Potential
from decant.selection.descriptors import descriptors
from decant.selection.deviation import DEVIATION, force_deviation
from decant.testing.frames import isolated_atoms, methanol_frames
from tests.integration.conftest import run_decant


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "all.extxyz"
    write_frames(path, [*isolated_atoms(), *methanol_frames(8, seed=1)])
    return path


@pytest.fixture(scope="module")
def committee(tmp_path_factory: pytest.TempPathFactory) -> list[Potential]:
    import torch

    folder = tmp_path_factory.mktemp("committee")
    for seed in (1, 2):
        torch.save(random_mace(hidden="4x0e", l_max=1, correlation=2, seed=seed), folder / f"{seed}.model")
    return [export(folder / f"{seed}.model", folder / f"mace-{seed}")[0] for seed in (1, 2)]


def test_chosen_frames_are_written_in_order_after_the_isolated_atoms(data: Path, tmp_path: Path) -> None:
    done = run_decant("select", data, "-n", 3, "-o", tmp_path / "three.extxyz")
    assert "chosen: 3 frames" in done.stdout
    three = read_frames(tmp_path / "three.extxyz")
    assert [is_isolated(atoms) for atoms in three] == [True] * 3 + [False] * 3
    run_decant("select", data, "-n", 5, "--known", tmp_path / "three.extxyz", "-o", tmp_path / "more.extxyz")
    groups = {atoms.info["group"] for atoms in three[3:]}
    more = [atoms.info["group"] for atoms in read_frames(tmp_path / "more.extxyz")[3:]]
    assert len(more) == 5 and not groups & set(more)


def test_a_committee_of_potentials_decides_what_may_be_chosen(
    data: Path, committee: list[Potential], tmp_path: Path
) -> None:
    frames = [atoms for atoms in read_frames(data) if not is_isolated(atoms)]
    forces = [[member.calculator().get_forces(atoms.copy()) for member in committee] for atoms in frames]
    expected = np.array([force_deviation(np.array(pair)).max() for pair in forces])
    limit = float(np.median(expected))
    members = [word for member in committee for word in ("--potential", member.path)]
    run_decant("select", data, "-n", 8, *members, "--min-deviation", limit, "-o", tmp_path / "chosen.extxyz")
    chosen = read_frames(tmp_path / "chosen.extxyz")[3:]
    assert sorted(atoms.info[DEVIATION] for atoms in chosen) == pytest.approx(sorted(expected[expected >= limit]))
    # two members lie half their difference from their mean, each
    assert force_deviation(np.array(forces[0])) == pytest.approx(
        np.linalg.norm(np.diff(forces[0], axis=0)[0], axis=1) / 2
    )


def test_the_node_features_of_a_mace_describe_frames_whatever_their_orientation(
    data: Path, committee: list[Potential], tmp_path: Path
) -> None:
    atoms = read_frames(data)[4]
    turned = atoms.copy()
    turned.rotate(37, (1, 2, 3), rotate_cell=True)
    one, other = descriptors([atoms, turned], f"mace:{committee[0].path}")
    assert np.linalg.norm(one - other) < 1e-6
    with pytest.raises(InputError, match="does not know N"):
        atoms.numbers[0] = 7
        descriptors([atoms], f"mace:{committee[0].path}")
    kind = f"mace:{committee[0].path}"
    run_decant("select", data, "-n", 2, "--descriptors", kind, "-o", tmp_path / "two.extxyz")
    assert len(read_frames(tmp_path / "two.extxyz")) == 5


def test_a_budget_in_seconds_is_held_by_labels_timed_here(data: Path, tmp_path: Path) -> None:
    budget = ("--seconds", 0.5, "--method", "gfn1-xtb")
    done = run_decant("select", data, *budget, "-o", tmp_path / "cheap.extxyz")
    told = float(done.stdout.split("labels of these: about ")[1].split()[0])
    assert 0 < told <= 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-n", 9), "-n 9: the data hold only 8 frames"),
        (("-n", 2, "--min-deviation", 0.1), "frame 3 of those read: no max_devi_f"),
        (("-n", 2, "--descriptors", "sope"), "did you mean 'soap'"),
        (("-n", 2, "--potential", "nowhere"), "one potential has no deviation"),
        (("-n", 2, "--method", "gfn1-xtb"), "which only --seconds asks for"),
        (("--seconds", 10), "no frame tells what a label costs"),
        ((), "give -n, --seconds or --min-distance"),
    ],
)
def test_a_selection_that_cannot_be_made_says_why(
    data: Path, tmp_path: Path, arguments: tuple[object, ...], message: str
) -> None:
    done = run_decant("select", data, *arguments, "-o", tmp_path / "none.extxyz", expect=2)
    assert message in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "none.extxyz").exists()


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.extxyz").write_text("")
    assert "empty.extxyz: empty" in run_decant("select", tmp_path / "empty.extxyz", "-n", 1, "-o", "x", expect=2).stderr

"""What two fits must share to start from the same, and how replayed frames are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from decant.algorithms.base import Pretrained
from decant.data.frames import write_frames
from decant.data.isolated import ISOLATED
from decant.foundation.errors import InputError
from decant.potentials.pretrained import _read_replay, describe, identity


def hydrogen(number: int) -> Atoms:
    """Return a labelled molecule, or an isolated atom for number 0."""
    atoms = Atoms("H2", positions=[[0.0, 0.0, 0.0], [0.0, 0.0, 0.74]]) if number else Atoms("H")
    atoms.set_array("mol_id", np.zeros(len(atoms), dtype=int))
    atoms.set_array("REF_forces", np.zeros((len(atoms), 3)))
    atoms.info.update(REF_energy=float(number), group=f"g{number}", recipe="monomer")
    if not number:
        atoms.info["config_type"] = ISOLATED
    return atoms


def test_every_tenth_frame_of_a_replayed_file_is_for_the_validation(tmp_path: Path) -> None:
    write_frames(tmp_path / "r.extxyz", [hydrogen(number) for number in range(22)])
    train, valid = _read_replay(tmp_path / "r.extxyz")
    assert [frame.info["REF_energy"] for frame in valid] == [1.0, 11.0, 21.0], "the isolated atom is left out"
    assert len(train) == 18


def test_a_replayed_split_keeps_its_sets(tmp_path: Path) -> None:
    write_frames(tmp_path / "train.extxyz", [hydrogen(number) for number in range(4)])
    write_frames(tmp_path / "valid.extxyz", [hydrogen(7)])
    train, valid = _read_replay(tmp_path)
    assert (len(train), len(valid)) == (3, 1)


def test_too_few_frames_to_replay_are_refused(tmp_path: Path) -> None:
    write_frames(tmp_path / "r.extxyz", [hydrogen(0), hydrogen(1)])
    with pytest.raises(InputError, match="too few frames to replay"):
        _read_replay(tmp_path / "r.extxyz")


def test_starts_are_the_same_by_content_and_strategy_not_by_name(tmp_path: Path) -> None:
    for name, content in (("a", b"one"), ("b", b"one"), ("c", b"two")):
        (tmp_path / name).write_bytes(content)
        (tmp_path / f"{name}.extxyz").write_bytes(content)

    def start(name: str, strategy: str = "naive", replay: str | None = None) -> list[str] | None:
        pretrained = Pretrained(name, tmp_path / name, ["H"], strategy)
        return identity(describe(pretrained, tmp_path / replay if replay else None))

    assert start("a") == start("b")
    assert start("a", "replay", "a.extxyz") == start("a", "replay", "b.extxyz")
    different = [start("a"), start("c"), start("a", "replay", "a.extxyz"), start("a", "replay", "c.extxyz"), None]
    assert all(one != other for i, one in enumerate(different) for other in different[:i])
    assert identity(None) is None

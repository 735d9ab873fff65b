"""Dividing a data set into training, validation and test parts without dividing a group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

from decant.data.frames import write_frames
from decant.data.isolated import is_isolated
from decant.foundation.errors import InputError, warn
from decant.molecules import geometry

PARTS = ("train", "valid", "test")


def split_frames(
    frames: Sequence[Atoms], fractions: Sequence[float] = (0.8, 0.1, 0.1), seed: int = 0
) -> dict[str, list[Atoms]]:
    """Divide frames into train, valid and test.

    Frames of one group stay together, and so do frames of equal geometry and steps of one trajectory, whatever their
    groups say. Isolated atoms all go into train. Each combination of atoms, temperature and recipe is divided in the
    same proportions as far as its groups allow.

    Parameters
    ----------
    frames
        Frames in the house form.
    fractions
        Shares of train, valid and test; they add up to one.
    seed
        Random seed; the same seed gives the same parts.

    Returns
    -------
    dict
        ``train``, ``valid`` and ``test``, each a list of frames in their original order; every frame is in one part.

    Raises
    ------
    InputError
        If the fractions do not add up to one, or there are fewer groups than parts.
    """
    shares = np.array(fractions, dtype=float)
    if len(shares) != len(PARTS) or (shares < 0).any() or abs(shares.sum() - 1) > 1e-6 or shares[0] == 0:
        raise InputError(f"fractions {fractions}: expected three shares of train, valid and test that add up to 1")
    bulk = [atoms for atoms in frames if not is_isolated(atoms)]
    wanted = int((shares > 0).sum())
    groups = _groups(bulk, wanted)
    if len(groups) < wanted:
        raise InputError(f"{len(groups)} groups of frames cannot fill {wanted} parts; add data or drop a part")
    part_of = _assign(bulk, groups, shares, np.random.default_rng(seed))
    parts: dict[str, list[Atoms]] = {name: [] for name in PARTS}
    parts["train"] += [atoms for atoms in frames if is_isolated(atoms)]
    for atoms, part in zip(bulk, part_of, strict=True):
        parts[PARTS[part]].append(atoms)
    return parts


def _groups(frames: list[Atoms], wanted: int) -> list[list[int]]:
    """Return the indices of the frames of each group, with groups that share a geometry or a trajectory merged.

    Of a cold solid or one stiff molecule all frames are near each other: where so few groups would be left, those that
    the frames state stand, which is told.
    """
    labels = [str(atoms.info.get("group", f"frame-{index}")) for index, atoms in enumerate(frames)]
    copies = geometry.duplicates(frames)
    merged, stated = geometry.merge(labels, copies + geometry.correlated(frames)), geometry.merge(labels, copies)
    if len(set(merged)) < wanted <= len(set(stated)):
        warn(
            f"frames of {len(set(stated))} groups are all a small step apart, as of a solid or one stiff molecule: "
            "split by these groups, so that what valid and test say is of frames much like those of train"
        )
        merged = stated
    members = defaultdict(list)
    for index, label in enumerate(merged):
        frames[index].info["group"] = label
        members[label].append(index)
    return list(members.values())


def _assign(frames: list[Atoms], groups: list[list[int]], shares: np.ndarray, random: np.random.Generator) -> list[int]:
    """Return the part of each frame.

    Within a stratum each group goes to the part that lacks most frames; what one stratum could not balance is
    carried to the next, so that many small strata come out in proportion too.
    """
    strata = defaultdict(list)
    for group in groups:
        strata[_stratum(frames[group[0]])].append(group)
    part_of = [0] * len(frames)
    lacking = np.zeros(len(shares))
    for key in sorted(strata, key=str):
        members = strata[key]
        lacking += shares * sum(len(group) for group in members)
        for index in random.permutation(len(members)):
            part = int(np.argmax(lacking + 1e-9 * random.random(len(shares))))
            lacking[part] -= len(members[index])
            for frame in members[index]:
                part_of[frame] = part
    _fill_empty(groups, part_of, shares)
    return part_of


def _stratum(atoms: Atoms) -> tuple[object, ...]:
    return (str(atoms.symbols.formula.format("hill")), atoms.info.get("temperature"), atoms.info.get("recipe"))


def _fill_empty(groups: list[list[int]], part_of: list[int], shares: np.ndarray) -> None:
    """Give a part that came out empty the smallest group of the part with most groups."""
    for part in np.flatnonzero(shares > 0):
        if int(part) in part_of:
            continue
        held = [sum(part_of[group[0]] == other for group in groups) for other in range(len(shares))]
        donor = int(np.argmax(held))
        smallest = min((group for group in groups if part_of[group[0]] == donor), key=len)
        for frame in smallest:
            part_of[frame] = int(part)


def write_split(folder: Path, parts: dict[str, list[Atoms]]) -> None:
    """Write one file a part, ``train.extxyz`` and so on; an empty part removes the file of an earlier split."""
    for name, frames in parts.items():
        path = Path(folder) / f"{name}.extxyz"
        if frames:
            write_frames(path, frames)
        else:
            path.unlink(missing_ok=True)

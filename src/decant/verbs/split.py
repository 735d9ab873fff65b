"""Train, valid and test parts that share no group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ase import Atoms

from decant.data.frames import read_frames
from decant.data.isolated import is_isolated
from decant.data.split import split_frames, write_split
from decant.foundation.shown import Shown
from decant.selection.select import without as apart_from
from decant.verbs.arguments import Location, Locations, checked, paths


@dataclass(frozen=True, repr=False)
class Divided(Shown):
    """Data in parts that share no group.

    Attributes
    ----------
    folder
        Where ``train.extxyz``, ``valid.extxyz`` and ``test.extxyz`` are.
    parts
        Their frames by name.
    left_out
        How many frames repeat one of `apart`.
    apart
        Files kept for tests.
    """

    folder: Path
    parts: Mapping[str, list[Atoms]]
    left_out: int
    apart: list[Path]

    def text(self) -> str:
        """Return what `decant split` prints."""
        lines = []
        for name, frames in self.parts.items():
            bulk = [atoms for atoms in frames if not is_isolated(atoms)]
            groups = len({atoms.info["group"] for atoms in bulk})
            alone = len(frames) - len(bulk)
            extra = f" and {alone} isolated atom{'s' * (alone > 1)}" if alone else ""
            lines.append(f"{name + ':':6s} {len(bulk)} frames in {groups} groups{extra}")
        if self.apart:
            lines.append(f"left out: {self.left_out} frames that repeat one of {', '.join(map(str, self.apart))}")
        return "\n".join([*lines, f"written: {self.folder}"])


@checked()
def split(
    sources: Locations,
    output: Location,
    *,
    fractions: Sequence[float] = (0.8, 0.1, 0.1),
    seed: int = 0,
    without: Locations | None = None,
) -> Divided:
    """Divide labelled data into train, valid and test; a group of related frames is never divided.

    Parameters
    ----------
    sources, output
        Labelled data in decant's form, and the folder to write.
    fractions
        Shares of train, valid and test.
    seed
        Random seed.
    without
        Data kept for tests: frames that repeat one of its geometries are left out.

    Raises
    ------
    InputError
        If the data do not suffice for the parts.
    """
    read = [atoms for source in paths(sources) for atoms in read_frames(source)]
    apart = paths(without)
    kept = apart_from(read, [atoms for path in apart for atoms in read_frames(path)]) if apart else read
    parts = split_frames(kept, fractions, seed)
    write_split(Path(output), parts)
    return Divided(Path(output), parts, len(read) - len(kept), apart)

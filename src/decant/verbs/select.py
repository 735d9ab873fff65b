"""The frames of a set that tell most."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ase import Atoms

from decant.data.frames import read_frames, write_frames
from decant.data.isolated import is_isolated
from decant.foundation.errors import InputError
from decant.foundation.files import output_file
from decant.foundation.shown import Shown
from decant.labels.cost import time_labels
from decant.labels.registry import labeler
from decant.selection.deviation import add_deviations
from decant.selection.select import Selection, Wanted, one_of_each_element, report_lines, select_randomly
from decant.selection.select import select as chosen_of
from decant.verbs.arguments import Location, Locations, checked, paths


@dataclass(frozen=True, repr=False)
class Selected(Shown):
    """Frames that were chosen.

    Attributes
    ----------
    path
        The file.
    selection
        Which, how far apart, and what was left out.
    wanted
        What was asked for.
    read
        Numbers of frames and of isolated atoms that were read, and of known frames.
    """

    path: Path
    selection: Selection
    wanted: Wanted
    read: tuple[int, int, int]

    @property
    def frames(self) -> list[Atoms]:
        """The chosen frames, and an isolated atom of each element."""
        return read_frames(self.path, labelled=False)

    def text(self) -> str:
        """Return what `decant select` prints."""
        frames, atoms, known = self.read
        counts = f"read: {frames} frames and {atoms} isolated atoms; {known} known frames"
        return "\n".join([counts, *report_lines(self.selection, self.wanted), f"written: {self.path}"])


@checked()
def select(
    sources: Locations,
    output: Location,
    *,
    count: int | None = None,
    seconds: float | None = None,
    method: str = "",
    known: Locations | None = None,
    descriptors: str = "soap",
    min_distance: float = 0.0,
    min_deviation: float | None = None,
    max_deviation: float | None = None,
    potential: Locations | None = None,
    random: bool = False,
    seed: int = 0,
) -> Selected:
    """Choose frames that are far from what is known and from each other.

    Parameters
    ----------
    sources, output
        Data in decant's form, and the file to write, frames in the order chosen.
    count, seconds
        Most frames, and most seconds that labelling them may take on one core.
    method
        Reference method that labels a few frames for `seconds`; else known times are used.
    known
        Data that count as chosen already.
    descriptors
        ``soap``, or ``mace:PATH``.
    min_distance
        Least distance of descriptors between two frames chosen, 0 to 2.
    min_deviation, max_deviation
        Limits of the force deviation, eV/angstrom.
    potential
        Committee whose force deviation is computed; two or more.
    random, seed
        Whether the choice is by chance.

    Raises
    ------
    InputError
        If options exclude each other, or a file is wrong.
    """
    if random and (seconds or min_distance or potential or min_deviation or max_deviation):
        raise InputError("`random` is by chance alone; of the other choices only `count` and `known` go with it")
    if method and seconds is None:
        raise InputError("`method` tells the cost of labels, which only `seconds` asks for")
    output_file(output, [*paths(sources), *paths(known)])
    frames = [atoms for source in paths(sources) for atoms in read_frames(source, labelled=False)]
    before = [atoms for path in paths(known) for atoms in read_frames(path, labelled=False) if not is_isolated(atoms)]
    if potential:
        add_deviations(frames, paths(potential))
    bulk = [atoms for atoms in frames if not is_isolated(atoms)]
    timed = time_labels(bulk, labeler(method)) if method and bulk else []
    wanted = Wanted(count, seconds, min_distance, min_deviation, max_deviation, descriptors)
    found = select_randomly(frames, count, seed, before) if random else chosen_of(frames, wanted, before, timed)
    isolated = one_of_each_element([atoms for atoms in frames if is_isolated(atoms)])
    write_frames(Path(output), [*isolated, *(frames[index] for index in found.chosen)])
    return Selected(Path(output), found, wanted, (len(bulk), len(isolated), len(before)))

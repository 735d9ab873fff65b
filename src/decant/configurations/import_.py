"""Recipe `import`: frames of others, among those of other recipes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ase import Atoms

from decant.configurations.groups import flat
from decant.data.import_ import import_frames
from decant.data.keys import LabelKeys
from decant.data.label_units import LabelUnits
from decant.data.limits import Limits
from decant.foundation.errors import InputError


class ImportRecipe:
    """Frames of others: extended XYZ, DeePMD folders, ASE databases and trajectories, VASP and CP2K outputs.

    Good for taking up configurations that somebody has already found, to label them by the method of the rest of the
    set. To keep the labels of a file, `decant import` is the shorter way.
    """

    name = "import"

    @flat
    def build(
        self,
        count: int,
        seed: int,
        file: str,
        labels: bool = False,
        limits: Limits = Limits(),
        keys: LabelKeys = LabelKeys(),
        units: LabelUnits = LabelUnits(),
    ) -> list[Atoms]:
        """Return `count` frames, drawn at random and in the order of the file.

        Parameters
        ----------
        count, seed
            How many, and the random seed.
        file
            File or folder to read, relative to the working directory.
        labels
            Keep the labels of the file; otherwise they are left out, since configurations of one set need labels of one
            method, which `decant label` gives them.
        limits
            Of the labels, if they are kept.
        keys, units
            Where the labels are in the file, and in which units; that of lengths counts without labels, too.
        """
        found = import_frames(Path(file), keys, limits, labelled=labels, units=units)
        if len(found.frames) < count:
            raise InputError(f"{file}: has {len(found.frames)} usable frames, fewer than the count of {count}")
        chosen = np.sort(np.random.default_rng(seed).choice(len(found.frames), count, replace=False))
        frames = [found.frames[index] for index in chosen]
        for index, atoms in zip(chosen, frames, strict=True):
            atoms.info["parent"] = f"{Path(file).name}-{found.indices[index]}"
        return frames

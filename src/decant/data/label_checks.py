"""All that checks of positions, forces, energies and virials find of a set of labelled frames, told at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

from decant.data.energies import check_atomization, check_sizes, check_thermal_energies
from decant.data.extxyz import RawFrame
from decant.data.frames import isolated_energies
from decant.data.isolated import is_isolated
from decant.data.keys import FoundKeys
from decant.data.label_names import STRESS, VIRIAL
from decant.data.label_units import LabelUnits, likely_units, unit_value
from decant.data.misfits import SAMPLE, Finding, Sample, is_near, samples
from decant.data.neighbors import check_neighbors
from decant.data.reactions import Molecules
from decant.data.stiffness import bond_stiffness, check_forces, check_lengths
from decant.data.virials import check_virials
from decant.foundation.errors import InputError, warn
from decant.molecules.species import composition, species_names


def check_positions(path: Path, frames: Sequence[Atoms], units: LabelUnits) -> None:
    """Raise `InputError` if the positions are not in angstrom; only warn where the caller has said their unit."""
    finding = check_lengths(frames)
    _tell(path, [finding] if finding else [], units)


def check_labels(
    path: Path,
    frames: Sequence[Atoms],
    molecules: Sequence[Molecules],
    sources: Sequence[RawFrame],
    keys: FoundKeys,
    units: LabelUnits,
) -> None:
    """Hold labels against the frames and each other.

    Parameters
    ----------
    path
        The file, for messages.
    frames, molecules, sources
        Labelled frames in the house form, their molecules, and the frames as they were read.
    keys
        Where the labels come from.
    units
        What the caller says of units: that is taken at the word, with a warning if it does not fit.

    Raises
    ------
    InputError
        If a label does not fit and the caller has said nothing of its unit; one line with all that was found. If two
        isolated atoms of one element have different energies.
    """
    try:
        isolated = isolated_energies(frames, [source.index for source in sources])
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    places = [place for place, atoms in enumerate(frames) if not is_isolated(atoms)]
    kinds = [VIRIAL if set(keys.virial) & set(sources[place].info) else STRESS for place in places]
    bulk = [frames[place] for place in places]
    numbers = [sources[place].index for place in places]
    made = samples(bulk, [molecules[place] for place in places], numbers, kinds)
    _tell(path, find_misfits(bulk, made, isolated), units)


def find_misfits(frames: Sequence[Atoms], made: Sequence[Sample], isolated: Mapping[str, float]) -> list[Finding]:
    """Return what does not fit, one finding of each label.

    Parameters
    ----------
    frames
        Labelled frames in the order of their file, without isolated atoms.
    made
        Those of them that `samples` chose.
    isolated
        Energies of isolated atoms, eV.
    """
    names = [composition(species_names(one.atoms, one.mol_id, one.bonds)) for one in made]
    stiffness = bond_stiffness(made)
    forces = check_forces(stiffness, made)
    scale = _correction(stiffness.ratio) if forces and not np.isnan(stiffness.ratio) else 1.0
    kind = VIRIAL if any(one.kind == VIRIAL for one in made) else STRESS
    found: dict[str, Finding] = {}
    for finding in (
        forces,
        check_virials(made, VIRIAL, scale),
        check_virials(made, STRESS, scale),
        check_atomization(made, isolated),
        check_sizes(made),
        *check_neighbors(frames[:SAMPLE], kind, scale, not np.isnan(stiffness.ratio)),
        check_thermal_energies(made, names, stiffness, scale),
    ):
        if finding:
            found.setdefault(finding.kind, finding)
    return list(found.values())


def _correction(ratio: float) -> float:
    """Return what takes forces of a wrong unit or sign to eV/angstrom: by the nearest unit, or as found."""
    if is_near(ratio, 2.0):  # then only some frames are wrong
        return 1.0
    units = likely_units("forces", abs(ratio))
    return float(np.copysign(unit_value(units[0], "forces"), ratio)) if units else 1 / ratio


def _tell(path: Path, findings: Sequence[Finding], units: LabelUnits) -> None:
    said = [one for one in findings if one.wants and all(units.is_said(one.kind, want) for want in one.wants)]
    unsaid = [one for one in findings if one not in said]
    if unsaid:
        word = " (a unit or sign that is said is taken at the word)" if any(one.wants for one in unsaid) else ""
        raise InputError(f"{path}: {'; '.join(one.text for one in unsaid)}{word}")
    for one in said:
        warn(f"{path}: taken as said, but {one.text}")

"""All that `decant.data.consistency` and `decant.data.neighbors` find of a set of labelled frames, told at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

from decant.data import consistency
from decant.data.consistency import Finding
from decant.data.frames import is_isolated
from decant.data.keys import FoundKeys
from decant.data.label_units import LabelUnits, likely_units, unit_value
from decant.data.neighbors import check_neighbors
from decant.data.reactions import Molecules
from decant.foundation.errors import InputError, warn
from decant.molecules.species import composition, species_names


def check_positions(path: Path, frames: Sequence[Atoms], units: LabelUnits) -> None:
    """Raise `InputError` if the positions are not in angstrom; only warn where the caller has said their unit."""
    finding = consistency.check_lengths(frames)
    _tell(path, [finding] if finding else [], units)


def check_labels(
    path: Path, frames: Sequence[Atoms], molecules: Sequence[Molecules], keys: FoundKeys, units: LabelUnits
) -> None:
    """Hold labels against the frames and each other.

    Parameters
    ----------
    path
        The file, for messages.
    frames, molecules
        Labelled frames in the house form, and their molecules.
    keys
        Where the labels come from.
    units
        What the caller says of units: that is taken at the word, with a warning if it does not fit.

    Raises
    ------
    InputError
        If a label does not fit and the caller has said nothing of its unit; one line with all that was found.
    """
    isolated = {a.get_chemical_symbols()[0]: float(a.info["REF_energy"]) for a in frames if is_isolated(a)}
    places = [place for place, atoms in enumerate(frames) if not is_isolated(atoms)]
    _tell(
        path, _findings([frames[i] for i in places], [molecules[i] for i in places], isolated, bool(keys.virial)), units
    )


def _findings(
    frames: Sequence[Atoms], molecules: Sequence[Molecules], isolated: Mapping[str, float], virial: bool
) -> list[Finding]:
    made = consistency.samples(frames, molecules)
    names = [composition(species_names(one.atoms, one.mol_id, one.bonds)) for one in made]
    stiffness, kind = consistency.bond_stiffness(made), "virial" if virial else "stress"
    forces = consistency.check_forces(stiffness)
    scale = _correction(stiffness.ratio) if forces else 1.0
    found = [forces, consistency.check_virials(made, kind, scale), consistency.check_atomization(made, isolated)]
    kinds = {one.kind for one in found if one}
    for finding in [
        consistency.check_sizes(made),
        *check_neighbors(frames[: consistency.SAMPLE], kind, scale, not np.isnan(stiffness.ratio)),
        consistency.check_thermal_energies(made, names, stiffness, scale),
    ]:
        if finding and finding.kind not in kinds:  # one word on each label
            found.append(finding)
            kinds.add(finding.kind)
    return [one for one in found if one]


def _correction(ratio: float) -> float:
    """Return what takes forces of a wrong unit or sign to eV/angstrom: by the nearest unit, or as found."""
    units = likely_units("forces", abs(ratio))
    return float(np.copysign(unit_value(units[0], "forces"), ratio)) if units else 1 / ratio


def _tell(path: Path, findings: Sequence[Finding], units: LabelUnits) -> None:
    said = [one.text for one in findings if all(units.is_said(one.kind, want) for want in one.wants)]
    unsaid = [one.text for one in findings if one.text not in said]
    if unsaid:
        raise InputError(f"{path}: {'; '.join(unsaid)}")
    for text in said:
        warn(f"{path}: taken as said, but {text}")

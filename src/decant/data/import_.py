"""Taking frames of any origin into the house form, and saying of each that is left out why."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from decant.data.charges import charge_of, charges_told, spin_of, take_charges
from decant.data.extxyz import FrameError, RawFrame, read_raw
from decant.data.foreign import is_foreign, read_foreign
from decant.data.frames import MINUS, density, isolated_energies
from decant.data.isolated import ISOLATED, is_isolated
from decant.data.keys import FoundKeys, LabelKeys, check_units, find_keys
from decant.data.label_checks import check_labels, check_positions
from decant.data.label_units import LabelUnits
from decant.data.label_values import check_converged, energy_of, forces_of, virial_of
from decant.data.limits import Limits, beyond, crowded, energy_differences, pressure_GPa
from decant.data.placeholders import drop_zero_virials, held, zeros
from decant.data.reactions import Molecules, find_molecules
from decant.data.stated_charge import stated_by_program
from decant.data.stated_level import tell_levels
from decant.data.stated_units import check_stated_units
from decant.foundation.errors import InputError, warn
from decant.foundation.files import write_beside
from decant.molecules import geometry
from decant.molecules.periodicity import has_cell
from decant.molecules.species import composition, species_names
from decant.molecules.topology import BOND_SCALE, shortest_height

LONELY = 8.0
"""An atom whose images are further away than this (angstrom) is isolated; no crystal has one atom in such a cell."""
MANY = (5, 0.25)
"""If more frames than this, and this share, would be left out for their energy, these are no failed calculations."""
COPIES_AGREE = (0.01, 0.5)
"""Labels of one geometry may differ by this, eV per atom and eV/angstrom: other settings of one method do."""
MOLECULE_KEYS = ("mol_id", "molID", "mol_ID", "molecule_id")
GROUP_KEYS = ("group", "trajectory", "traj", "traj_id", "parent")


@dataclass(frozen=True)
class Reject:
    """A frame left out: its position in the file, its line if it was read from one, and the reason."""

    index: int
    line: int | None
    reason: str


@dataclass(frozen=True)
class ImportResult:
    """What an import found.

    Attributes
    ----------
    frames
        Usable frames in the house form.
    rejects
        Frames left out.
    report
        What the file holds: see `summary`.
    indices
        Position of each usable frame in the file.
    """

    frames: list[Atoms]
    rejects: list[Reject]
    report: dict[str, Any]
    indices: list[int]


def import_frames(
    path: Path,
    keys: LabelKeys | None = None,
    limits: Limits | None = None,
    bond_scale: float = BOND_SCALE,
    keep_broken: bool = False,
    keep_charges: bool = False,
    labelled: bool = True,
    units: LabelUnits | None = None,
) -> ImportResult:
    """Read frames of any origin: extended XYZ, and what `read_foreign` reads.

    Parameters
    ----------
    path
        The file. Energies in eV, forces in eV/angstrom, stress in eV/angstrom^3 with ASE's sign, virial in eV, if
        `units` says nothing else.
    keys
        Names of the labels, where they are not to be guessed.
    limits
        Largest force, pressure and difference of energy that are accepted.
    bond_scale
        Largest length of a bond in units of the sum of covalent radii.
    keep_broken
        Keep frames whose molecules have reacted.
    keep_charges
        Keep frames whose charge differs from that of their molecules.
    labelled
        Whether to take the labels, too; without, the file needs none.
    units
        Units and signs of the file, where they are not those of the house.

    Raises
    ------
    InputError
        If the file is missing, of no known format, has no energy in any frame, several statements of one fact that
        disagree, labels that fit the frames or each other in another unit only, energies of which many are off the
        others, or no usable frame.
    """
    path, units = Path(path), units or LabelUnits()
    raw = read_foreign(path) if is_foreign(path) else read_raw(path)
    program = stated_by_program(path) if is_foreign(path) else {}
    for frame in raw:
        frame.info = {**program, **frame.info}
    mapping = find_keys(path, raw, keys) if labelled else None
    if mapping:
        check_units(path, mapping, units)
        tell_levels(path, raw)
    check_stated_units(path, raw, mapping, units)
    frames, sources, rejects = _read_frames(path, raw, mapping, units)
    given = [_given_molecules(frame) for frame in sources]
    limits = limits or Limits()
    reasons = [beyond(atoms, limits) if mapping else "" for atoms in frames]
    if mapping and 2 * sum(map(bool, reasons)) > len(frames):  # then it is not the frames that are at fault
        check_labels(path, frames, find_molecules(frames, given, bond_scale), sources, mapping, units)
    if mapping:
        reasons = [why or held(*pair) for why, *pair in zip(reasons, frames, sources, strict=True)]
    rejects += _rejects(reasons, sources)
    frames, sources, given = _without(reasons, frames, sources, given)
    found = _find_molecules(path, frames, given, bond_scale)
    for atoms, molecules in zip(frames, found, strict=True):
        atoms.set_array("mol_id", molecules.mol_id)
    wrong, charges = take_charges(frames, sources, [molecules.bonds for molecules in found], keep_charges)
    reasons = [("" if keep_broken else one.reacted) or other for one, other in zip(found, wrong, strict=True)]
    rejects += _rejects(reasons, sources)
    frames, sources, found, charges = _without(reasons, frames, sources, found, charges)
    if mapping:
        check_labels(path, frames, found, sources, mapping, units)
        reasons = _odd_energies(path, frames, sources, limits)
        rejects += _rejects(reasons, sources)
        frames, sources, found, charges = _without(reasons, frames, sources, found, charges)
    rejects.sort(key=lambda reject: reject.index)
    if not frames:
        raise InputError(f"{path}: no usable frame of {len(raw)}; frame {rejects[0].index}: {rejects[0].reason}")
    copies = geometry.duplicates(frames)
    if mapping:
        _tell_contradictions(path, frames, sources, copies)
    pairs = copies + geometry.correlated(frames)
    for atoms, group in zip(frames, geometry.merge([a.info["group"] for a in frames], pairs), strict=True):
        atoms.info["group"] = group
    indices = [frame.index for frame in sources]
    report: dict[str, Any] = {}
    if mapping:
        report = {"file": str(path), **mapping.report(), **summary(frames, found)}
    report["charge"] = charges_told(charges)
    return ImportResult(frames, rejects, report, indices)


def _read_frames(
    path: Path, raw: Sequence[RawFrame], keys: FoundKeys | None, units: LabelUnits
) -> tuple[list[Atoms], list[RawFrame], list[Reject]]:
    """Return the frames that can be read in the house form, each as it was read, and those left out."""
    rejects: list[Reject] = []
    frames: list[Atoms] = []
    sources: list[RawFrame] = []
    for frame in raw:
        try:
            frames.append(_house(frame, keys, path.stem, units))
            sources.append(frame)
        except FrameError as error:
            rejects.append(Reject(frame.index, frame.line, str(error)))
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
    check_positions(path, frames, units)
    reasons = [crowded(atoms) for atoms in frames]
    rejects += _rejects(reasons, sources)
    frames, sources = _without(reasons, frames, sources)
    if keys:
        drop_zero_virials(path, frames)
        reasons = zeros(path, frames)
        rejects += _rejects(reasons, sources)
        frames, sources = _without(reasons, frames, sources)
    return frames, sources, rejects


def _rejects(reasons: Sequence[str], sources: Sequence[RawFrame]) -> list[Reject]:
    return [Reject(one.index, one.line, why) for one, why in zip(sources, reasons, strict=True) if why]


def _without(reasons: Sequence[str], *lists: list[Any]) -> list[list[Any]]:
    """Return lists without what there is a reason against."""
    return [[item for item, why in zip(items, reasons, strict=True) if not why] for items in lists]


def _odd_energies(path: Path, frames: Sequence[Atoms], sources: Sequence[RawFrame], limits: Limits) -> list[str]:
    """Say of each frame whether its energy is off those of the others; an empty string where it is not.

    Raises
    ------
    InputError
        If these are many: then the file has two kinds of energies, and which of them is right it does not say.
    """
    differences = energy_differences(frames)
    odd = abs(differences) > limits.energy_limit
    many = sum(not is_isolated(atoms) for atoms in frames)
    if odd.sum() > max(MANY[0], MANY[1] * many) or 2 * odd.sum() > many > 2:
        first = int(np.flatnonzero(odd)[0])
        raise InputError(
            f"{path}: energies of {odd.sum()} of {many} frames (the first: frame {sources[first].index}, "
            f"{differences[first]:.4g} eV per atom) are off what their elements and the other frames say (limit "
            f"{limits.energy_limit:g}): of several units, methods or zeros of energy? Import each kind "
            "by itself with its `energy_unit`, take frames of failed calculations out, or raise `energy_limit`"
        )
    return [
        f"absurd energy: {difference:.4g} eV per atom off the other frames (limit {limits.energy_limit:g})"
        if wrong
        else ""
        for difference, wrong in zip(differences, odd, strict=True)
    ]


def _tell_contradictions(
    path: Path, frames: Sequence[Atoms], sources: Sequence[RawFrame], copies: Sequence[tuple[int, int]]
) -> None:
    """Warn of the first two frames of one geometry whose labels differ by more than the noise of a calculation."""
    told = []
    for i, j in copies:
        one, other = frames[i], frames[j]
        if (charge_of(one), spin_of(one)) != (charge_of(other), spin_of(other)):
            continue
        energy = abs(one.info["REF_energy"] - other.info["REF_energy"]) / len(one)
        # a copy may be turned and have its atoms in another order: sizes of forces do not change by that
        sizes = [np.sort(np.linalg.norm(atoms.arrays["REF_forces"], axis=1)) for atoms in (one, other)]
        force = float(abs(sizes[0] - sizes[1]).max())
        if energy > COPIES_AGREE[0] or force > COPIES_AGREE[1]:
            told.append(
                f"frames {sources[i].index} and {sources[j].index} have one geometry, but energies that differ by "
                f"{energy:.3g} eV per atom and forces by {force:.3g} eV/A"
            )
    if told:
        warn(f"{path}: {told[0]}" + f" (and {len(told) - 1} other pairs)" * (len(told) > 1) + ": keep one of them")


def _house(frame: RawFrame, keys: FoundKeys | None, stem: str, units: LabelUnits) -> Atoms:
    """Return one frame in the house form but for its molecules, with labels if their keys are given."""
    if frame.error:
        raise FrameError(frame.error)
    atoms = frame.atoms
    if units.length_unit:
        atoms.set_cell(atoms.cell.array * units.factor("length"))
        atoms.positions *= units.factor("length")
    if not np.isfinite(atoms.positions).all():
        raise FrameError("positions are not finite (NaN or infinite)")
    if not has_cell(atoms):
        raise FrameError('periodic, but the cell has no volume; of a cluster say pbc="F F F"')
    if len(atoms) == 1 and frame.info.get("config_type") == ISOLATED:
        atoms.info["config_type"] = ISOLATED
    if keys is not None:
        _take_labels(atoms, frame, keys, units)
    _describe(atoms, frame, stem)
    return atoms


def _take_labels(atoms: Atoms, frame: RawFrame, keys: FoundKeys, units: LabelUnits) -> None:
    check_converged(frame)
    atoms.info["REF_energy"] = energy_of(frame, keys, units)
    # forces of a lone atom are zero and no reason to fit to it; with images near it is a crystal
    if len(atoms) == 1 and (is_isolated(atoms) or shortest_height(atoms) > LONELY):
        atoms.info["config_type"] = ISOLATED
        atoms.set_array("REF_forces", np.zeros((1, 3)))
    else:
        atoms.set_array("REF_forces", forces_of(frame, keys, units))
        virial = virial_of(frame, keys, units)
        if virial is not None:
            atoms.info["REF_virial"] = virial


def _describe(atoms: Atoms, frame: RawFrame, stem: str) -> None:
    """Add recipe, group and, where known, temperature and density."""
    atoms.info["recipe"] = str(frame.info.get("recipe", "import"))
    group = next((frame.info[key] for key in GROUP_KEYS if key in frame.info), None)
    atoms.info["group"] = f"{stem}-{frame.index}" if group is None else f"{stem}:{group}"
    if MINUS in frame.info:
        atoms.info[MINUS] = str(frame.info[MINUS])
    temperature = frame.info.get("temperature", frame.info.get("temperature_K"))
    if isinstance(temperature, (int, float, np.number)) and np.isfinite(temperature):
        atoms.info["temperature"] = float(temperature)
    value = density(atoms)
    if value is not None and not is_isolated(atoms):
        atoms.info["density_g_cm3"] = value


def _given_molecules(frame: RawFrame) -> np.ndarray | None:
    """Return the molecule of each atom if the file says it."""
    said = (frame.arrays[key] for key in MOLECULE_KEYS if key in frame.arrays)
    return next((values for values in said if values.ndim == 1), None)


def _find_molecules(
    path: Path, frames: Sequence[Atoms], given: Sequence[np.ndarray | None], bond_scale: float
) -> list[Molecules]:
    """Return the molecules of frames, by what the file says unless it only fills its place: one for all atoms."""
    found = find_molecules(frames, given, bond_scale)
    if all(ids is not None and len(np.unique(ids)) == 1 for ids in given) and 2 * sum(
        bool(one.reacted) for one in found
    ) > len(found):
        warn(f"{path}: all atoms of each frame are said to be one molecule, which they are not: found by distances")
        return find_molecules(frames, [None] * len(frames), bond_scale)
    return found


def summary(frames: list[Atoms], molecules: list[Molecules]) -> dict[str, Any]:
    """Return what a set of frames holds: counts, elements, compositions, ranges of density, temperature and labels."""
    bulk, isolated = [atoms for atoms in frames if not is_isolated(atoms)], isolated_energies(frames)
    names = Counter(
        composition(species_names(atoms, found.mol_id, found.bonds))
        for atoms, found in zip(frames, molecules, strict=True)
        if not is_isolated(atoms)
    )
    forces = [atoms.arrays["REF_forces"].ravel() for atoms in bulk]
    largest = [float(np.linalg.norm(atoms.arrays["REF_forces"], axis=1).max()) for atoms in bulk]
    return {
        "frames": len(bulk),
        "isolated_atoms": isolated,
        "elements": sorted({symbol for atoms in frames for symbol in atoms.get_chemical_symbols()}),
        "atoms_per_frame": _range([len(atoms) for atoms in bulk]),
        "compositions": dict(names.most_common()),
        "periodic": sum(bool(atoms.pbc.all()) for atoms in bulk),
        "with_virial": sum("REF_virial" in atoms.info for atoms in bulk),
        "density_g_cm3": _range([a.info["density_g_cm3"] for a in bulk if "density_g_cm3" in a.info]),
        "temperature_K": _range([a.info["temperature"] for a in bulk if "temperature" in a.info]),
        **_energies(bulk, isolated),
        "pressure_GPa": _range([pressure for atoms in bulk if (pressure := pressure_GPa(atoms)) is not None]),
        "largest_force_eV_A": _range(largest),
        "force_rms_eV_A": float(np.sqrt(np.mean(np.concatenate(forces) ** 2))) if forces else None,
        "groups": len({atoms.info["group"] for atoms in bulk}),
    }


def _energies(frames: Sequence[Atoms], isolated: dict[str, float]) -> dict[str, Any]:
    """Return the range of energies of atomization, or of total energies where an isolated atom is missing."""
    known = {symbol for atoms in frames for symbol in atoms.symbols} <= set(isolated)
    name = "atomization_eV_per_atom" if known else "energy_eV_per_atom"
    of_atoms = [sum(isolated[symbol] for symbol in atoms.symbols) if known else 0.0 for atoms in frames]
    energies = [atoms.info["REF_energy"] for atoms in frames]
    values = zip(of_atoms, energies, frames, strict=True)
    return {name: _range([(free - energy if known else energy) / len(atoms) for free, energy, atoms in values])}


def _range(values: list[float]) -> list[float] | None:
    return [float(min(values)), float(max(values))] if values else None


def write_rejects(path: Path, rejects: list[Reject]) -> None:
    """Write the frames left out as CSV with the columns index, line, reason."""
    with write_beside(Path(path)) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["index", "line", "reason"])
        table.writerows([reject.index, reject.line, reject.reason] for reject in rejects)

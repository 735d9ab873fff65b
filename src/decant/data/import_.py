"""Taking frames of any origin into the house form, and saying of each that is left out why."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from decant.data.charges import charges_told, take_charges
from decant.data.extxyz import FrameError, RawFrame, read_raw
from decant.data.foreign import is_foreign, read_foreign
from decant.data.frames import ISOLATED, density, is_isolated
from decant.data.keys import LabelKeys, energy_of, find_keys, forces_of, virial_of
from decant.data.reactions import Molecules, find_molecules
from decant.data.stated_charge import stated_by_program
from decant.foundation.errors import InputError
from decant.foundation.files import write_beside
from decant.molecules import geometry
from decant.molecules.periodicity import has_cell
from decant.molecules.species import composition, species_names
from decant.molecules.topology import BOND_SCALE, shortest_height

FORCE_LIMIT = 50.0
"""Forces above this (eV/angstrom) are taken for a failed calculation; hot liquids at 1200 K stay below 20."""
LONELY = 8.0
"""An atom whose images are further away than this (angstrom) is isolated; no crystal has one atom in such a cell."""
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
    force_limit: float = FORCE_LIMIT,
    bond_scale: float = BOND_SCALE,
    keep_broken: bool = False,
    keep_charges: bool = False,
    labelled: bool = True,
) -> ImportResult:
    """Read frames of any origin: extended XYZ, and what `read_foreign` reads.

    Parameters
    ----------
    path
        The file. Energies in eV, forces in eV/angstrom, stress in eV/angstrom^3 with ASE's sign, virial in eV.
    keys
        Names of the labels, where they are not to be guessed.
    force_limit
        Largest force on an atom that is accepted, eV/angstrom.
    bond_scale
        Largest length of a bond in units of the sum of covalent radii.
    keep_broken
        Keep frames whose molecules have reacted.
    keep_charges
        Keep frames whose charge differs from that of their molecules.
    labelled
        Whether to take the labels, too; without, the file needs none.

    Raises
    ------
    InputError
        If the file is missing, of no known format, has no energy in any frame, or no usable frame.
    """
    path = Path(path)
    raw = read_foreign(path) if is_foreign(path) else read_raw(path)
    program = stated_by_program(path) if is_foreign(path) else {}
    for frame in raw:
        frame.info = {**program, **frame.info}
    mapping = find_keys(path, raw, keys) if labelled else None
    rejects: list[Reject] = []
    frames: list[Atoms] = []
    sources: list[RawFrame] = []
    for frame in raw:
        try:
            frames.append(_house(frame, mapping, path.stem, force_limit))
            sources.append(frame)
        except FrameError as error:
            rejects.append(Reject(frame.index, frame.line, str(error)))
    found = find_molecules(frames, [_given_molecules(frame) for frame in sources], bond_scale)
    for atoms, molecules in zip(frames, found, strict=True):
        atoms.set_array("mol_id", molecules.mol_id)
    wrong, charges = take_charges(frames, sources, [molecules.bonds for molecules in found], keep_charges)
    reasons = [("" if keep_broken else one.reacted) or other for one, other in zip(found, wrong, strict=True)]
    kept = [index for index, reason in enumerate(reasons) if not reason]
    lost = sorted(set(range(len(frames))) - set(kept))
    rejects += [Reject(sources[index].index, sources[index].line, reasons[index]) for index in lost]
    frames = [frames[index] for index in kept]
    sources = [sources[index] for index in kept]
    found = [found[index] for index in kept]
    rejects.sort(key=lambda reject: reject.index)
    if not frames:
        raise InputError(f"{path}: no usable frame of {len(raw)}; frame {rejects[0].index}: {rejects[0].reason}")
    pairs = geometry.duplicates(frames) + geometry.correlated(frames)
    for atoms, group in zip(frames, geometry.merge([a.info["group"] for a in frames], pairs), strict=True):
        atoms.info["group"] = group
    report = {"file": str(path), "keys": mapping.describe(), **summary(frames, found)} if mapping else {}
    report["charge"] = charges_told([charges[index] for index in kept])
    return ImportResult(frames, rejects, report, [frame.index for frame in sources])


def _house(frame: RawFrame, keys: LabelKeys | None, stem: str, force_limit: float) -> Atoms:
    """Return one frame in the house form but for its molecules, with labels if their keys are given."""
    if frame.error:
        raise FrameError(frame.error)
    atoms = frame.atoms
    if not np.isfinite(atoms.positions).all():
        raise FrameError("positions are not finite (NaN or infinite)")
    if not has_cell(atoms):
        raise FrameError("periodic, but the cell has no volume")
    if keys is not None:
        _take_labels(atoms, frame, keys, force_limit)
    _describe(atoms, frame, stem)
    return atoms


def _take_labels(atoms: Atoms, frame: RawFrame, keys: LabelKeys, force_limit: float) -> None:
    atoms.info["REF_energy"] = energy_of(frame, keys)
    if len(atoms) == 1 and (
        frame.info.get("config_type") == ISOLATED
        or keys.forces not in frame.arrays
        or shortest_height(atoms) > LONELY  # forces of a lone atom are zero and no reason to fit to it
    ):
        atoms.info["config_type"] = ISOLATED
        atoms.set_array("REF_forces", np.zeros((1, 3)))
    else:
        forces = forces_of(frame, keys)
        largest = np.linalg.norm(forces, axis=1)
        if largest.max() > force_limit:
            atom = int(largest.argmax())
            raise FrameError(f"absurd force {largest[atom]:.1f} eV/A on atom {atom} (limit {force_limit:g})")
        atoms.set_array("REF_forces", forces)
        virial = virial_of(frame, keys)
        if virial is not None:
            atoms.info["REF_virial"] = virial


def _describe(atoms: Atoms, frame: RawFrame, stem: str) -> None:
    """Add recipe, group and, where known, temperature and density."""
    atoms.info["recipe"] = str(frame.info.get("recipe", "import"))
    group = next((frame.info[key] for key in GROUP_KEYS if key in frame.info), None)
    atoms.info["group"] = f"{stem}-{frame.index}" if group is None else f"{stem}:{group}"
    temperature = frame.info.get("temperature", frame.info.get("temperature_K"))
    if isinstance(temperature, (int, float, np.number)) and np.isfinite(temperature):
        atoms.info["temperature"] = float(temperature)
    value = density(atoms)
    if value is not None and not is_isolated(atoms):
        atoms.info["density_g_cm3"] = value


def _given_molecules(frame: RawFrame) -> np.ndarray | None:
    """Return the molecule of each atom if the file says it."""
    return next((frame.arrays[key] for key in MOLECULE_KEYS if key in frame.arrays), None)


def summary(frames: list[Atoms], molecules: list[Molecules]) -> dict[str, Any]:
    """Return what a set of frames holds: counts, elements, compositions, ranges of density, temperature and force."""
    bulk = [atoms for atoms in frames if not is_isolated(atoms)]
    names = Counter(
        composition(species_names(atoms, found.mol_id, found.bonds))
        for atoms, found in zip(frames, molecules, strict=True)
        if not is_isolated(atoms)
    )
    forces = [atoms.arrays["REF_forces"].ravel() for atoms in bulk]
    return {
        "frames": len(bulk),
        "isolated_atoms": {a.get_chemical_symbols()[0]: a.info["REF_energy"] for a in frames if is_isolated(a)},
        "elements": sorted({symbol for atoms in frames for symbol in atoms.get_chemical_symbols()}),
        "atoms_per_frame": _range([len(atoms) for atoms in bulk]),
        "compositions": dict(names.most_common()),
        "periodic": sum(bool(atoms.pbc.all()) for atoms in bulk),
        "with_virial": sum("REF_virial" in atoms.info for atoms in bulk),
        "density_g_cm3": _range([a.info["density_g_cm3"] for a in bulk if "density_g_cm3" in a.info]),
        "temperature_K": _range([a.info["temperature"] for a in bulk if "temperature" in a.info]),
        "force_rms_eV_A": float(np.sqrt(np.mean(np.concatenate(forces) ** 2))) if forces else None,
        "groups": len({atoms.info["group"] for atoms in bulk}),
    }


def _range(values: list[float]) -> list[float] | None:
    return [float(min(values)), float(max(values))] if values else None


def write_rejects(path: Path, rejects: list[Reject]) -> None:
    """Write the frames left out as CSV with the columns index, line, reason."""
    with write_beside(Path(path)) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["index", "line", "reason"])
        table.writerows([reject.index, reject.line, reject.reason] for reject in rejects)

"""Data files in the house form: configurations with or without labels, checked when read, written as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from decant.data.extxyz import RawFrame, read_raw
from decant.foundation.errors import InputError
from decant.foundation.files import write_beside
from decant.foundation.units import U_A3_TO_G_CM3

ISOLATED = "IsolatedAtom"
"""Value of ``config_type`` of a frame that holds one isolated atom, as MACE expects it."""


def is_isolated(atoms: Atoms) -> bool:
    """Say whether the frame is an isolated atom, which gives the energy of an element and nothing else."""
    return atoms.info.get("config_type") == ISOLATED


def density(atoms: Atoms) -> float | None:
    """Return the mass density of a fully periodic frame, g/cm3, or None."""
    if not atoms.pbc.all():
        return None
    return float(atoms.get_masses().sum() / abs(atoms.cell.volume) * U_A3_TO_G_CM3)


def read_frames(path: Path, labelled: bool = True) -> list[Atoms]:
    """Read a file in the house form.

    Parameters
    ----------
    path
        Extended XYZ file.
    labelled
        Whether every frame must carry REF_energy and (but for isolated atoms) REF_forces.

    Returns
    -------
    list of ase.Atoms
        ``info["REF_virial"]``, where present, has shape (3, 3), eV; ``arrays["REF_forces"]`` (atoms, 3), eV/angstrom;
        ``arrays["mol_id"]`` (atoms,).

    Raises
    ------
    InputError
        If the file or any of its frames is not in the house form; `import_frames` takes other files.
    """
    return [_house_frame(Path(path), raw, labelled) for raw in read_raw(path)]


def _house_frame(path: Path, raw: RawFrame, labelled: bool) -> Atoms:
    def wrong(reason: str) -> InputError:
        return InputError(f"{path}: frame {raw.index}: {reason}")

    if raw.error:
        raise wrong(raw.error)
    atoms = raw.atoms
    atoms.info.update({key: _plain(value) for key, value in raw.info.items()})
    for key, values in raw.arrays.items():
        atoms.set_array(key, values)
    if not np.isfinite(atoms.positions).all():
        raise wrong("positions are not finite (NaN or infinite)")
    if "mol_id" not in atoms.arrays:
        raise wrong("no column mol_id; is the file in decant's form? Run 'decant import' on it first")
    for key in {"REF_virial", "REF_intra_virial"} & set(atoms.info):
        if np.size(atoms.info[key]) != 9:
            raise wrong(f"{key} must be 9 numbers")
        atoms.info[key] = np.asarray(atoms.info[key], dtype=float).reshape(3, 3)
    if labelled:
        if not np.isfinite(atoms.info.get("REF_energy", np.nan)):
            raise wrong("no finite REF_energy; run 'decant import' or 'decant label' first")
        forces = atoms.arrays.get("REF_forces", np.zeros((1, 3)) if is_isolated(atoms) else np.zeros(0))
        if forces.shape != (len(atoms), 3) or not np.isfinite(forces).all():
            raise wrong(f"REF_forces must be finite, of shape ({len(atoms)}, 3)")
        if not np.isfinite(atoms.info.get("REF_virial", np.zeros(9))).all():
            raise wrong("REF_virial is not finite")
    return atoms


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def write_frames(path: Path, frames: Sequence[Atoms]) -> None:
    """Write frames in the house form, whole or not at all.

    Numbers per frame are written in full; positions and forces keep 8 decimals.
    """
    with write_beside(Path(path)) as temporary:
        temporary.write_text("".join(format_frame(atoms) for atoms in frames), encoding="utf-8")


def format_frame(atoms: Atoms) -> str:
    """Return the text of one frame in extended XYZ."""
    columns = [(key, values) for key, values in atoms.arrays.items() if key not in ("numbers", "positions")]
    properties = "species:S:1:pos:R:3"
    blocks = [np.array(atoms.get_chemical_symbols()), *_formatted(atoms.positions)]
    for key, values in columns:
        kind = {"i": "I", "u": "I", "f": "R", "b": "L"}.get(values.dtype.kind, "S")
        properties += f":{key}:{kind}:{1 if values.ndim == 1 else values.shape[1]}"
        blocks += _formatted(values)
    head = [f"Properties={properties}", 'pbc="{}"'.format(" ".join("T" if x else "F" for x in atoms.pbc))]
    if atoms.cell.any():
        head.insert(0, 'Lattice="{}"'.format(" ".join(f"{x:.10f}" for x in atoms.cell.array.ravel())))
    head += [f"{key}={_text(value)}" for key, value in atoms.info.items()]
    rows = ["  ".join(row) for row in zip(*blocks, strict=True)]
    return "\n".join([str(len(atoms)), " ".join(head), *rows]) + "\n"


def _formatted(values: np.ndarray) -> list[np.ndarray]:
    """Return the columns of an array as text."""
    table = values.reshape(len(values), -1)
    style = "%16.8f" if values.dtype.kind == "f" else "%s"
    return [np.char.mod(style, table[:, column]) for column in range(table.shape[1])]


def _text(value: Any) -> str:
    """Return a value of the comment line; text with spaces, quotes or equals signs is quoted."""
    value = _plain(value)
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, np.ndarray):
        return '"{}"'.format(" ".join(_text(x) for x in value.ravel().tolist()))
    text = str(value)
    if text and not any(character in text for character in " \t\"'=,[]{}()"):
        return text
    return '"{}"'.format(text.replace('"', "'"))

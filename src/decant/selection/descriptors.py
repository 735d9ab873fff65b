"""Configurations as points: one row of rotation-invariant numbers a frame, so that alike frames lie close together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from decant.foundation.errors import InputError, nearest
from decant.foundation.progress import track
from decant.potentials.potential import CARD, Potential
from decant.potentials.source import Source, open_source

MACE = "mace:"
KINDS = ("soap", f"{MACE}PATH")
SOAP = {
    "r_cut": 5.0,  # angstrom; the first shell around an atom of a small molecule, and its own molecule
    "n_max": 6,
    "l_max": 4,
    "sigma": 0.5,  # angstrom
    "compression": {"mode": "mu1nu1"},  # length grows with the number of elements, not with its square
}
"""Settings of dscribe's SOAP: 180 numbers for each element of the set, about 6 ms for a box of 160 atoms."""


def descriptors(frames: Sequence[Atoms], kind: str = "soap") -> np.ndarray:
    """Describe each frame by the mean of its atoms' descriptors, scaled to length one.

    A row does not change when a frame is rotated, moved or mirrored or its atoms are reordered, nor when its cell is
    repeated. The distance of two rows is the one that the normalised average kernel of De, Bartók, Csányi and Ceriotti
    (Phys. Chem. Chem. Phys. 18, 13754, 2016) defines; it lies between 0 and 2 and has no unit. Rows are computed
    one by one, so the memory in use is that of the result.

    Parameters
    ----------
    frames
        Configurations, periodic or not, of any elements.
    kind
        ``"soap"``: SOAP by dscribe for the elements that occur, with the settings `SOAP`. ``"mace:PATH"``: the
        invariant node features of all layers of a MACE; PATH is an exported potential, whose loading executes no code,
        or a directory of ``decant fit`` or a bare ``.model`` file, which is unpickled and must be trusted.

    Returns
    -------
    numpy.ndarray
        Shape (frames, features). With SOAP, columns of elements that two frames both lack are zero in both: rows
        of one call can be compared, those of different calls only if the same elements occurred.

    Raises
    ------
    InputError
        If there is no frame, the kind is unknown, or the MACE cannot be loaded or lacks an element.
    """
    if not frames:
        raise InputError("no frame to describe")
    describe = _describer(frames, kind)
    rows = [
        _unit(describe(atoms)) for atoms in track(frames, f"describe ({kind.split(':')[0]})", len(frames), "frames")
    ]
    return np.array(rows)


def _unit(row: np.ndarray) -> np.ndarray:
    """Scale to length one; the zero row of an atom that sees nothing stays zero."""
    length = float(np.linalg.norm(row))
    return row / length if length > 0 else row


def require_descriptors(kind: str) -> None:
    """Refuse descriptors that there are not, before work is done that ends with them.

    Raises
    ------
    InputError
        If the kind is unknown, or its MACE is none.
    """
    path = kind.removeprefix(MACE)
    if kind.startswith(MACE) and path:
        _opened(Path(path))
    elif kind != "soap":
        hint = nearest(kind.partition(":")[0], ("soap", "mace"))
        raise InputError(f"unknown descriptors '{kind}'{hint}; known: {', '.join(KINDS)}")


def _describer(frames: Sequence[Atoms], kind: str) -> Callable[[Atoms], np.ndarray]:
    require_descriptors(kind)
    if kind == "soap":
        return _soap(sorted({int(number) for atoms in frames for number in atoms.numbers}))
    elements = {symbol for atoms in frames for symbol in atoms.get_chemical_symbols()}
    return _mace(Path(kind.removeprefix(MACE)), elements)


def _soap(numbers: list[int]) -> Callable[[Atoms], np.ndarray]:
    from dscribe.descriptors import SOAP as DscribeSoap

    of = {periodic: DscribeSoap(species=numbers, periodic=periodic, average="outer", **SOAP) for periodic in (0, 1)}

    def describe(atoms: Atoms) -> np.ndarray:
        periodic = bool(atoms.pbc.any())
        bare = Atoms(atoms.numbers, positions=atoms.positions, pbc=atoms.pbc)
        if periodic:  # where a direction is not periodic its vector only gives the cell a volume
            bare.cell = atoms.cell.complete()
        return np.asarray(of[periodic].create(bare), dtype=float)

    return describe


def _mace(path: Path, elements: set[str]) -> Callable[[Atoms], np.ndarray]:
    calculator, known = _mace_calculator(path)
    unknown = sorted(elements - set(known))
    if unknown:
        raise InputError(f"{path}: does not know {', '.join(unknown)}; describe with soap, or with another MACE")

    def describe(atoms: Atoms) -> np.ndarray:
        return np.asarray(calculator.get_descriptors(atoms), dtype=float).mean(axis=0)

    return describe


def _mace_calculator(path: Path) -> tuple[Any, list[str]]:
    """Return MACE's own calculator of a potential or of a fitted model, and the elements that it knows."""
    model = _opened(path)
    own = model.model_reference if isinstance(model, Potential) else model.reference_calculator
    return own(), model.elements


def _opened(path: Path) -> Potential | Source:
    """Return a MACE that was exported or fitted."""
    model = Potential.open(path) if (path / CARD).is_file() else open_source(path)
    name = model.algorithm if isinstance(model, Potential) else model.algorithm.name
    if name != "mace":
        raise InputError(f"{path}: was fitted with {name}; 'mace:PATH' takes the node features of a MACE")
    return model

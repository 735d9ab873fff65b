"""Periodic boxes of molecules, packed without overlap by packmol."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

from decant.foundation.errors import InputError
from decant.foundation.units import U_A3_TO_G_CM3
from decant.molecules.liquid import composition_name
from decant.molecules.molecule import Molecule
from decant.molecules.topology import is_coordinating

ATTEMPTS = 10
FAILURES = 2
AROUND_CATIONS = 2.6
"""Least distance of a cation of one atom from other atoms in a box that a run starts from, angstrom: where solvents
and anions have it on every side, and farther from carbon, hydrogen and other cations than potentials know well."""
FULLEST = 0.64  # random close packing of spheres; Scott and Kilgour, J. Phys. D 1969, 2, 863
CONFORMERS = 4


def pack(
    liquid: list[tuple[Molecule, int]],
    density_g_cm3: float,
    seed: int,
    tolerance: float = 2.0,
) -> Atoms:
    """Pack a liquid into a cubic periodic box at a given density, as a start of runs: cations of one atom have room.

    Parameters
    ----------
    liquid
        Molecules and their counts, as `parse_liquid` returns them; the atoms come in this order, molecules whole.
    density_g_cm3
        Mass density of the box, g/cm3.
    seed
        Random seed.
    tolerance
        Least distance of atoms of different molecules, angstrom.

    Returns
    -------
    ase.Atoms
        With ``arrays["mol_id"]`` and ``info["liquid"]`` such as ``"EC:4,EMC:8"``.

    Raises
    ------
    InputError
        If the molecules do not fit.
    """
    conformers = {
        solvent: [solvent.embed(seed * CONFORMERS + k + 1) for k in range(min(count, CONFORMERS))]
        for solvent, count in liquid
    }
    molecules = [conformers[solvent][k % len(conformers[solvent])] for solvent, count in liquid for k in range(count)]
    name = composition_name(liquid)
    return pack_molecules(molecules, name, density_g_cm3, seed, tolerance, max(tolerance, AROUND_CATIONS))


def pack_molecules(
    molecules: Sequence[Atoms], name: str, density_g_cm3: float, seed: int, tolerance: float = 2.0,
    around_cations: float = 0.0,
) -> Atoms:  # fmt: skip
    """Pack given molecules, each in its own geometry, into a cubic periodic box.

    Parameters
    ----------
    molecules
        One geometry for each molecule.
    name
        Composition, for ``info["liquid"]`` and messages.
    density_g_cm3, seed, tolerance
        As for `pack`.
    around_cations
        Least distance of a metal ion from atoms of other molecules, angstrom, where it is larger than the tolerance.

    Returns
    -------
    ase.Atoms
        Positions in angstrom, molecules whole and in the given order.

    Raises
    ------
    InputError
        If the molecules do not fit.
    """
    if not 0 < density_g_cm3 < np.inf:
        raise InputError(f"density {density_g_cm3}: expected a positive number of g/cm3")
    masses = sum(float(molecule.get_masses().sum()) for molecule in molecules)
    edge = (masses * U_A3_TO_G_CM3 / density_g_cm3) ** (1 / 3)
    too_dense = InputError(
        f"{name} at {density_g_cm3:g} g/cm3: too dense, the molecules do not fit a box of {edge:.1f} A "
        f"at a tolerance of {tolerance:g} A; lower the density or the tolerance"
    )
    if _filled(molecules, edge, tolerance) > FULLEST:
        raise too_dense
    radii = [_radius(molecule, tolerance, around_cations) for molecule in molecules]
    failures = 0
    for attempt in range(ATTEMPTS):
        positions = _packmol(molecules, edge, seed + 7919 * attempt + 1, tolerance, radii)
        if positions is None:
            failures += 1
            if failures == FAILURES:
                break
            continue
        atoms = Atoms([s for molecule in molecules for s in molecule.get_chemical_symbols()], positions=positions)
        atoms.set_cell([edge] * 3)
        atoms.pbc = True
        atoms.set_array("mol_id", np.repeat(np.arange(len(molecules)), [len(molecule) for molecule in molecules]))
        atoms.info["liquid"] = name
        # packmol does not see that a molecule touches its own image, as it may in a small box
        if closest_distance(atoms, tolerance) > 0.9 * tolerance:
            return atoms
    raise too_dense


def closest_distance(atoms: Atoms, cutoff: float) -> float:
    """Return the shortest distance between atoms of different molecules or images, angstrom; `cutoff` if none is below.

    Molecules have to be whole (not wrapped) in `atoms`.
    """
    from ase.neighborlist import neighbor_list

    first, second, distances, shifts = neighbor_list("ijdS", atoms, cutoff)
    ids = atoms.arrays["mol_id"]
    apart = (ids[first] != ids[second]) | shifts.any(axis=1)
    return float(distances[apart].min(initial=cutoff))


def _radius(molecule: Atoms, tolerance: float, around_cations: float) -> float:
    """Return the radius of the atoms of a molecule for packmol, angstrom: two of them add up to a distance."""
    is_cation = len(molecule) == 1 and bool(is_coordinating(molecule.numbers)[0])
    return max(tolerance / 2, around_cations - tolerance / 2) if is_cation else tolerance / 2


def _filled(molecules: Sequence[Atoms], edge: float, tolerance: float) -> float:
    """Return the share of the box inside spheres of radius tolerance / 2 around the atoms, on a grid."""
    volume = 0.0
    known: dict[str, float] = {}
    for molecule in molecules:
        kind = str(molecule.symbols)
        if kind not in known:
            known[kind] = _volume(molecule.positions, tolerance / 2)
        volume += known[kind]
    return volume / edge**3


def _volume(positions: np.ndarray, radius: float, step: float = 0.25) -> float:
    axes = [
        np.arange(low - radius, high + radius, step)
        for low, high in zip(positions.min(0), positions.max(0), strict=True)
    ]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    nearest = np.min([((grid - position) ** 2).sum(axis=1) for position in positions], axis=0)
    return float((nearest < radius**2).sum() * step**3)


def _packmol(
    molecules: Sequence[Atoms], edge: float, seed: int, tolerance: float, radii: Sequence[float]
) -> np.ndarray | None:
    """Run packmol; return the positions, shape (atoms, 3), or None if it found no packing."""
    with tempfile.TemporaryDirectory(prefix="packmol-") as folder:
        lines = [
            f"tolerance {tolerance}", "filetype xyz", "output packed.xyz", f"seed {seed % 2**31}",
            f"pbc {edge:.8f} {edge:.8f} {edge:.8f}", "nloop 25",
        ]  # fmt: skip
        for number, molecule in enumerate(molecules):
            Path(folder, f"{number}.xyz").write_text(_xyz(molecule), encoding="utf-8")
            own = [f"  radius {radii[number]}"] if radii[number] > tolerance / 2 else []
            lines += [f"structure {number}.xyz", "  number 1", *own, "end structure"]
        script = Path(folder, "packmol.inp")  # packmol rewinds its input, which a pipe cannot do
        script.write_text("\n".join(lines) + "\n", encoding="utf-8")
        try:
            with script.open(encoding="utf-8") as stream:
                run = subprocess.run(
                    [_program()],
                    stdin=stream,
                    cwd=folder,
                    capture_output=True,
                    check=False,
                    timeout=60 + 0.5 * len(molecules),
                )
        except subprocess.TimeoutExpired:
            return None
        output = Path(folder, "packed.xyz")
        if run.returncode != 0 or not output.is_file():
            return None
        rows = output.read_text(encoding="utf-8").splitlines()[2:]
    positions = np.array([row.split()[1:4] for row in rows], dtype=float)
    expected = sum(len(molecule) for molecule in molecules)
    return positions if positions.shape == (expected, 3) else None


def _xyz(molecule: Atoms) -> str:
    centred = molecule.positions - molecule.positions.mean(axis=0)
    rows = [
        f"{symbol} {x:.8f} {y:.8f} {z:.8f}"
        for symbol, (x, y, z) in zip(molecule.get_chemical_symbols(), centred, strict=True)
    ]
    return "\n".join([str(len(molecule)), "", *rows]) + "\n"


def _program() -> str:
    beside = Path(sys.prefix) / "bin" / "packmol"
    found = str(beside) if beside.is_file() else shutil.which("packmol")
    if not found:
        raise InputError("packmol is not installed; run: pip install packmol")
    return found

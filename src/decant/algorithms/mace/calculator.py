"""An ASE calculator of an exported MACE potential on the C++ evaluator of ``pair_style mace``, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.data import atomic_numbers
from ase.stress import full_3x3_to_voigt_6_stress

from decant.algorithms.mace.compiled import Evaluator
from decant.foundation.errors import InputError, ProgramFailed
from decant.foundation.files import require_file
from decant.molecules.neighbors import find_edges


class CompiledMACE(Calculator):
    """Energy, forces and stress of a MACE potential, computed by compiled code on a CPU or a GPU.

    Units and signs are ASE's: eV, eV/angstrom, stress in eV/angstrom^3 (positive under tension). ``energies`` contain
    the energies of the isolated atoms. The sum of ``stresses`` over atoms is the stress. Stresses need a cell of three
    vectors.

    Parameters
    ----------
    model
        ``model.safetensors`` of an exported potential.
    elements
        Chemical symbols that will occur; None for all that the model knows. Fewer elements take less memory.
    precision
        Arithmetic, ``"double"`` or ``"single"``; None for the one chosen at export.
    device
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"opencl"``; None for that of the environment variable ``DECANT_DEVICE``,
        else the CPU.

    Raises
    ------
    InputError
        At construction, if the file is no such model, is damaged or does not know an element, or if the device cannot
        be had; at evaluation, if a
        configuration has an element that is not among `elements`, atoms on top of each other, or numbers that are none.
    ProgramFailed
        If the device fails during an evaluation, or has no memory left for it.

    Examples
    --------
    >>> atoms.calc = CompiledMACE("potentials/mace-a/model.safetensors")  # doctest: +SKIP
    >>> atoms.get_potential_energy()  # doctest: +SKIP
    """

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "energies", "forces", "stress", "stresses"]

    def __init__(
        self,
        model: Path,
        elements: Sequence[str] | None = None,
        precision: str | None = None,
        device: str | None = None,
    ) -> None:
        super().__init__()
        self.model = require_file(Path(model), "model.safetensors of a potential written by 'decant export'")
        self._asked_device = device
        try:
            self._evaluator = Evaluator(str(model), list(elements or ()), precision or "", device or "")
        except (RuntimeError, ValueError) as error:
            raise InputError(str(error)) from error
        self._index = np.full(len(atomic_numbers), -1, dtype=np.int32)  # element index by atomic number
        self._index[[atomic_numbers[symbol] for symbol in self.elements]] = np.arange(len(self.elements))

    def __reduce__(self) -> tuple[type, tuple[Path, list[str], str, str | None]]:
        """Let copies and other processes load the file again; the compiled object itself cannot be pickled."""
        return type(self), (self.model, self.elements, self.precision, self._asked_device)

    @property
    def elements(self) -> list[str]:
        """Chemical symbols that may occur."""
        return self._evaluator.elements

    @property
    def precision(self) -> str:
        """Arithmetic: ``"double"`` or ``"single"``."""
        return self._evaluator.precision

    @property
    def device(self) -> str:
        """What computes: the CPU, or the name of a device with its driver."""
        return self._evaluator.device

    @property
    def cutoff(self) -> float:
        """Distance up to which an atom sees another one directly, angstrom."""
        return self._evaluator.r_max

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = tuple(all_changes),
    ) -> None:
        """Compute all properties of `atoms`; called by ASE."""
        super().calculate(atoms, list(properties), list(system_changes))
        edges = find_edges(self.atoms, self.cutoff, self._evaluator.shortest_distance)
        indices = self._element_indices(self.atoms)
        try:
            energies, forces, virials = self._evaluator.evaluate(
                indices, edges.owner, edges.source, edges.vector, *self._space(self.atoms)
            )
        except RuntimeError as error:
            raise ProgramFailed(f"{self.model}: {error}") from error
        energy = float(energies.sum())
        self.results = {"energy": energy, "free_energy": energy, "energies": energies, "forces": forces}
        if self.atoms.cell.rank == 3:
            stresses = full_3x3_to_voigt_6_stress(-virials / self.atoms.get_volume())
            self.results.update(stress=stresses.sum(axis=0), stresses=stresses)

    def _space(self, atoms: Atoms) -> tuple[np.ndarray, np.ndarray | None]:
        """Return positions and, with periodicity, the cell, which latent charges see."""
        if self._evaluator.latent_charges and atoms.pbc.any() and not atoms.pbc.all():
            raise InputError(
                f"{self.model}: a model with latent charges sums their field over a box that is periodic in all three"
                f" directions or in none, not in {int(atoms.pbc.sum())}; give a slab a cell with a gap, and set pbc"
            )
        positions = np.ascontiguousarray(atoms.positions, dtype=float)
        return positions, np.ascontiguousarray(atoms.cell.array, dtype=float) if atoms.pbc.all() else None

    def _element_indices(self, atoms: Atoms) -> np.ndarray:
        """Return the element index of each atom."""
        indices = self._index[atoms.numbers]
        unknown = sorted({symbol for symbol, index in zip(atoms.symbols, indices, strict=True) if index < 0})
        if unknown:
            raise InputError(f"{self.model}: does not know {', '.join(unknown)}; it knows: {' '.join(self.elements)}")
        return indices

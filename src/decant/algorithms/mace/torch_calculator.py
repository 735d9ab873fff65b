"""MACE's own calculator, which is right for slabs and wires in any orientation, too."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ase.calculators.calculator import all_changes
from ase.data import chemical_symbols
from mace.calculators import MACECalculator

from decant.data.prediction import require_known
from decant.molecules.periodicity import with_gap

if TYPE_CHECKING:
    from ase import Atoms


class TorchMACE(MACECalculator):
    """`mace.calculators.MACECalculator`, given partly periodic frames in a cell of three vectors.

    For a direction without periodicity mace-torch takes a vector along x, y or z, which may lie in the plane of the
    periodic ones.

    Attributes
    ----------
    totals
        Total charge and spin of every frame, which go before its own; empty to take those.
    """

    totals: Mapping[str, int] = MappingProxyType({})

    def calculate(self, atoms: Atoms, properties: Any = None, system_changes: Any = all_changes) -> None:
        """Compute all properties of `atoms`; called by ASE.

        Raises
        ------
        InputError
            If an atom's element is not one of the model's.
        """
        require_known(atoms, [chemical_symbols[number] for number in self.z_table.zs])
        given = with_gap(atoms, self.r_max)
        if self.totals:
            given = given.copy()
            given.info.update(self.totals)
        super().calculate(given, properties, system_changes)

    def get_descriptors(self, atoms: Atoms, *arguments: Any, **options: Any) -> Any:
        """Return the features of the atoms."""
        return super().get_descriptors(with_gap(atoms, self.r_max), *arguments, **options)

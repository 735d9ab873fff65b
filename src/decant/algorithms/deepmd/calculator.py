"""DeePMD-kit's calculator, which is right for slabs, wires and left-handed cells, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ase.calculators.calculator import all_changes
from deepmd.calculator import DP

from decant.data.prediction import require_known
from decant.molecules.periodicity import right_handed, with_gap

if TYPE_CHECKING:
    from ase import Atoms


class DeepPotentialCalculator(DP):
    """`deepmd.calculator.DP`, given every frame that has a cell in a right-handed one of three vectors."""

    def calculate(self, atoms: Atoms, properties: Any = ("energy",), system_changes: Any = all_changes) -> None:
        """Compute all properties of `atoms`; called by ASE.

        Raises
        ------
        InputError
            If an atom's element is not one of the model's.
        """
        require_known(atoms, list(self.type_dict))
        super().calculate(right_handed(with_gap(atoms, self.dp.get_rcut())), list(properties), system_changes)

r"""Energy, forces and virial split into what each molecule has alone and what molecules do together.

The intramolecular part is the sum over molecules, each taken out of the configuration as it is, made whole, and put
into the vacuum; the intermolecular part is the rest, so the two add up exactly.

The virial of a molecule alone: under a homogeneous strain :math:`r_i \to (1 + \epsilon) r_i` its energy changes by
:math:`\partial E / \partial \epsilon_{ab} = -\sum_i f_{ia} r_{ib}`, and the house virial is minus that (it is
-stress * volume, and stress the strain derivative per volume), so :math:`W_{ab} = \sum_i f_{ia} r_{ib}`. The forces of
a lone molecule sum to zero, so the origin does not matter; they have no torque either, so it is symmetric.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms

from decant.data.charges import molecule_states
from decant.data.prediction import Prediction, predict
from decant.molecules.charge import CHARGE, SPIN
from decant.molecules.topology import whole_positions

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator


def molecules_alone(atoms: Atoms) -> list[Atoms]:
    """Return each molecule of ``mol_id``, whole and in the vacuum, in ascending order of its number.

    Each carries its charge and spin where they are known.
    """
    mol_id = atoms.arrays["mol_id"]
    whole = whole_positions(atoms, mol_id)
    parts = []
    for label, state in zip(np.unique(mol_id), molecule_states(atoms), strict=True):
        parts.append(Atoms(atoms.numbers[mol_id == label], positions=whole[mol_id == label]))
        if state is not None:
            parts[-1].info = {CHARGE: state.charge, SPIN: state.spin}
    return parts


def intramolecular(atoms: Atoms, molecules: Sequence[Atoms], alone: Sequence[Prediction]) -> Prediction:
    """Return the intramolecular part of a configuration.

    Parameters
    ----------
    atoms
        The configuration, with ``arrays["mol_id"]``.
    molecules
        What `molecules_alone` returns.
    alone
        Energy and forces of each.

    Returns
    -------
    Prediction
        Energy in eV, forces in eV/angstrom, shape (atoms, 3), in the order of `atoms`; virial in eV, shape (3, 3).
    """
    mol_id = atoms.arrays["mol_id"]
    forces, virial = np.zeros((len(atoms), 3)), np.zeros((3, 3))
    for label, molecule, answer in zip(np.unique(mol_id), molecules, alone, strict=True):
        forces[mol_id == label] = answer.forces
        virial += answer.forces.T @ (molecule.positions - molecule.positions.mean(axis=0))
    return Prediction(float(sum(answer.energy for answer in alone)), forces, (virial + virial.T) / 2)


def less(whole: Prediction, part: Prediction) -> Prediction:
    """Return what is left of a whole without a part; the virial is None where one of them has none."""
    virial = None if whole.virial is None or part.virial is None else whole.virial - part.virial
    return Prediction(whole.energy - part.energy, whole.forces - part.forces, virial)


LABELLED, PREDICTED = "REF_", ""
"""What the keys of labels and those of predictions begin with."""


def is_decomposed(atoms: Atoms, prefix: str = LABELLED) -> bool:
    """Say whether a frame carries the intramolecular part of its labels, or of its predictions."""
    return f"{prefix}intra_energy" in atoms.info and f"{prefix}intra_forces" in atoms.arrays


def labelled_parts(atoms: Atoms, prefix: str = LABELLED) -> tuple[Prediction, Prediction]:
    """Return the intramolecular and the intermolecular part of the labels of a frame, or of its predictions."""
    whole, intra = (
        Prediction(atoms.info[f"{start}energy"], atoms.arrays[f"{start}forces"], atoms.info.get(f"{start}virial"))
        for start in (prefix, f"{prefix}intra_")
    )
    return intra, less(whole, intra)


def predict_intramolecular(calculator: Calculator, frames: Sequence[Atoms]) -> list[Prediction]:
    """Return the intramolecular part of what an ASE calculator says of each frame: of its molecules, each alone."""
    molecules = [molecules_alone(frame) for frame in frames]
    alone = iter(predict(calculator, [molecule for parts in molecules for molecule in parts], "evaluate molecules"))
    return [
        intramolecular(frame, parts, [next(alone) for _ in parts])
        for frame, parts in zip(frames, molecules, strict=True)
    ]

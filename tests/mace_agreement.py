"""Holds `pair_style mace` to mace-torch's own calculator on a configuration with every distance in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ase
import numpy as np
import pytest
from ase.build import molecule

from decant.algorithms.mace.export.weights import write_model
from decant.data.prediction import Prediction
from tests.lammps_runs import evaluate


def liquid(seed: int = 0, side: float = 9.0) -> ase.Atoms:
    """A few molecules of H, C and O thrown into a periodic box: not physical, but every distance occurs."""
    generator = np.random.default_rng(seed)
    atoms = ase.Atoms(cell=np.eye(3) * side, pbc=True)
    for name in ("CH3OH", "H2CO", "CO2", "CH3OCH3", "H2O", "CH4") * 2:
        part = molecule(name)
        for _ in range(500):
            part.euler_rotate(*generator.uniform(0, 360, 3))
            part.positions += generator.uniform(0, side, 3) - part.get_center_of_mass()
            both = atoms + part
            distances = both.get_all_distances(mic=True)[: len(atoms), len(atoms) :]
            if len(atoms) == 0 or distances.min() > 1.1:
                atoms = both
                break
    return atoms


def reference(
    model: Any, atoms: ase.Atoms, head: str | None = None, totals: Mapping[str, int] | None = None
) -> Prediction:
    """Return what mace-torch says in double precision."""
    from mace.calculators import MACECalculator

    copy = atoms.copy()
    copy.info.update(totals or {})
    copy.calc = MACECalculator(models=[model], device="cpu", default_dtype="float64", head=head)
    virial = -copy.get_stress(voigt=False) * copy.get_volume() if copy.pbc.all() else None
    return Prediction(copy.get_potential_energy(), copy.get_forces(), virial)


def agree(
    folder: Path,
    model: Any,
    atoms: ase.Atoms,
    ranks: tuple[int, ...] = (1, 2),
    elements: Sequence[str] | None = None,
    head: str | None = None,
    totals: Mapping[str, int] | None = None,
    expected: Prediction | None = None,
) -> None:
    """Compare LAMMPS with mace-torch, or with what is `expected`, on one configuration and several rank counts."""
    path = folder / "model.safetensors"
    write_model(model, path, elements=elements, head=head, totals=totals)
    expected = expected or reference(model, atoms, head, totals)
    for count in ranks:
        found = evaluate(folder, atoms, path, count)
        assert abs(found.energy - expected.energy) / len(atoms) < 1e-6
        assert np.abs(found.forces - expected.forces).max() < min(1e-5, 1e-6 * np.abs(expected.forces).max() + 1e-9)
        assert found.atom_energies.sum() == pytest.approx(found.energy, abs=1e-9 * abs(found.energy))
        if expected.virial is not None:
            scale = np.abs(expected.virial).max()
            assert np.abs(found.virial - expected.virial).max() / scale < 1e-5
            assert np.abs(found.atom_virial_sum - found.virial).max() / scale < 1e-6

"""Other packages find the same in the same trajectory; none is part of decant, and one that is missing is skipped."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from decant.analysis.diffusion import mean_square_displacement
from decant.analysis.frames import alone
from decant.analysis.solvation import CationShells
from tests.unit.analysis.test_solvation import shells


def test_shells_are_those_of_solvation_analysis() -> None:
    solute = pytest.importorskip("solvation_analysis.solute", reason="pip install solvation-analysis plotly")
    around = [["EC", "EC", "EMC", "PF6-"], ["EC", "EMC", "EMC", "EMC"], ["EC", "EC", "PF6-", "PF6-"], ["EC"] * 4]
    made = shells(around)
    ours = alone(made, CationShells(made))[0]
    made.add_TopologyAttr("names", made.atoms.elements)
    made.add_TopologyAttr("resids", np.arange(1, len(made.residues) + 1))
    made.add_TopologyAttr("types", made.atoms.elements)
    solvents = {name: made.select_atoms(f"resname {name}") for name in ("EC", "EMC", "PF6-")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = solute.Solute.from_atoms(
            made.select_atoms("resname Li+"), solvents, radii=dict.fromkeys(solvents, ours.cutoff_A)
        )
        theirs.run()
    for name, value in theirs.coordination.coordination_numbers.items():
        assert ours.counts["molecules"][name].mean() == pytest.approx(value)
    paired = 1 - ours.pairing["separated"].mean()
    assert theirs.pairing.solvent_pairing["PF6-"] == pytest.approx(paired)


def test_displacements_are_those_of_tidynamics() -> None:
    tidynamics = pytest.importorskip("tidynamics", reason="pip install tidynamics")
    paths = np.cumsum(np.random.default_rng(1).normal(size=(200, 4, 3)), axis=0)
    for molecule in range(4):
        np.testing.assert_allclose(
            mean_square_displacement(paths)[:, molecule], tidynamics.msd(paths[:, molecule]), atol=1e-8
        )

"""Bond integrity on molecules that are stretched on purpose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from MDAnalysis import Universe

from decant.analysis.bonds import BondIntegrity
from decant.analysis.frames import alone
from decant.foundation.errors import InputError
from tests.unit.universes import random_walkers, universe


def diatomics(lengths: np.ndarray) -> Universe:
    """CO molecules in a row, whose bond lengths (frames, molecules) are given; the box cuts through one of them."""
    frames, molecules = lengths.shape
    positions = np.zeros((frames, molecules, 2, 3))
    positions[..., 1] = np.arange(molecules)[None, :, None] * 3.0
    positions[:, :, 1, 0] = lengths
    positions[:, 0, 1, 0] -= 30.0  # the same molecule through the periodic boundary
    elements, residues = ["C", "O"] * molecules, np.repeat(np.arange(molecules), 2).tolist()
    bonds = np.arange(2 * molecules).reshape(-1, 2)
    shape = (frames, 2 * molecules, 3)
    return universe(
        positions.reshape(shape), elements, residues, ["CO"] * molecules, np.array(30.0), bonds=bonds, dt=0.5
    )


def measure(made: Universe) -> dict[str, Any]:
    return alone(made, BondIntegrity(made))


def test_molecules_at_rest_are_whole() -> None:
    result = measure(diatomics(np.full((4, 5), 1.13)))
    assert result["intact_fraction"] == 1.0
    assert result["largest_stretch"] == pytest.approx(0.0, abs=1e-5)
    assert result["first_broken_ps"] is None


def test_a_breaking_bond_is_named_and_timed() -> None:
    lengths = np.full((6, 5), 1.0)
    lengths[2, 1] = 1.3  # stretched, not broken
    lengths[4:, 3] = [1.6, 4.0]
    result = measure(diatomics(lengths))
    assert result["intact_fraction"] == pytest.approx(1 - 3 / 30)
    assert result["intact_fraction_last_frame"] == pytest.approx(4 / 5)
    assert (result["first_broken_ps"], result["first_broken_bond"]) == (2.0, "C7-O8 in CO 4")
    assert (result["largest_stretch"], result["largest_stretch_time_ps"]) == (pytest.approx(3.0), 2.5)


def test_a_run_without_bonds_says_so() -> None:
    with pytest.raises(InputError, match="no bonds"):
        BondIntegrity(random_walkers(4, 3, 0.1, 1.0, 0))

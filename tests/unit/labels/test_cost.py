"""What labels cost."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st

from decant.foundation.errors import InputError
from decant.labels.cost import SECONDS, label_costs


def chain(atoms: int, seconds: float | None = None, periodic: bool = False) -> Atoms:
    info = {} if seconds is None else {SECONDS: seconds}
    return Atoms(numbers=[1] * atoms, pbc=periodic, info=info)


@given(exponent=st.floats(1.0, 4.0), factor=st.floats(1e-6, 1e-2))
def test_a_power_of_the_size_is_found_for_periodic_frames_and_others_apart(exponent: float, factor: float) -> None:
    measured = [chain(n, factor * n**exponent) for n in (10, 20, 40)]
    measured += [chain(n, 50 * factor * n**2, periodic=True) for n in (30, 60)]
    costs = label_costs([chain(80), chain(15, periodic=True)], measured)
    assert costs == pytest.approx([factor * 80**exponent, 50 * factor * 15**2])


def test_one_size_is_scaled_by_its_cube_and_a_time_of_its_own_is_kept() -> None:
    assert label_costs([chain(20), chain(20, 5.0)], [chain(10, 2.0)]) == pytest.approx([16.0, 5.0])


def test_what_was_never_measured_has_no_cost() -> None:
    with pytest.raises(InputError, match="no frame tells what a label costs"):
        label_costs([chain(3)], [chain(4)])
    assert np.isfinite(label_costs([chain(3, periodic=True)], [chain(4, 1.0)])).all()

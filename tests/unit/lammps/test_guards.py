"""Guards and what LAMMPS says when one fires."""

from __future__ import annotations

import pytest

from decant.lammps.guards import Limits, read_abort, read_error, read_halt
from decant.molecules.contacts import IMPOSSIBLE


def test_a_halt_is_read_with_its_step_and_value():
    stop = read_halt("Fix halt condition for fix-id guard_temperature met on step 110 with value 1287.05\n")
    assert (stop.guard, stop.step, stop.value) == ("temperature", 110, 1287.05)


@pytest.mark.parametrize(
    ("change", "guard"),
    [
        ({}, None),
        ({"temperature_K": 1e9}, "temperature"),
        ({"temperature_K": float("nan")}, "nan"),
        ({"density_g_cm3": 0.2}, "density"),
        ({"density_g_cm3": 2.5}, "density"),
        ({"longest_bond_A": 3.0}, "bond"),
    ],
)
def test_a_row_beyond_a_limit_tells_the_guard_where_lammps_ended_without_a_word(change, guard):
    row = {"step": 7.0, "temperature_K": 310.0, "density_g_cm3": 1.1, "longest_bond_A": 1.6, **change}
    stop = Limits.around(300.0, 1.1, 1.6, 0.8).passed(row)
    assert (stop and (stop.guard, stop.step)) == (guard and (guard, 7))
    assert Limits.around(300.0, 1.1, 1.6, 0.8).passed({}) is None


@pytest.mark.parametrize("side", ["low", "high"])
def test_both_density_limits_are_one_guard(side):
    stop = read_halt(f"Fix halt condition for fix-id guard_density_{side} met on step 20 with value 0.3")
    assert stop.guard == "density"


def test_the_nan_guard_has_no_value():
    assert read_halt("Fix halt condition for fix-id guard_nan met on step 20 with value 1").value is None


@pytest.mark.parametrize(
    ("line", "guard"),
    [
        ("ERROR: Lost atoms: original 216 current 215 (src/src/thermo.cpp:494)", "lost_atoms"),
        ("ERROR on proc 0: Bond atoms 3 7 missing on proc 0 at step 90 (src/src/ntopo_bond_all.cpp:60)", "bond"),
        ("ERROR: Non-numeric pressure - simulation unstable (src/src/fix_nh.cpp:1056)", "nan"),
        ("ERROR: Non-numeric atom coords - simulation unstable (src/src/domain.cpp:570)", "nan"),
        ("ERROR on proc 1: pair_style mace: atoms 27 and 35 are 0.0633 angstrom apart (pair_mace.cpp:90)", "overlap"),
        ("ERROR: pair_style mace: atom 7 has the non-numeric position (inf, 1.5, 2) (pair_mace.cpp:90)", "nan"),
        ("ERROR on proc 1: Out of range atoms - cannot compute PPPM (src/pppm.cpp:1)", "lost_atoms"),
    ],
)
def test_an_abort_of_an_unstable_system_is_a_guard(line, guard):
    stop = read_abort(read_error(line), last_step=80)
    assert (stop.guard, stop.step) == (guard, 80)
    assert ".cpp" not in stop.message


def test_another_error_is_not_a_guard():
    error = read_error("ERROR: Unrecognized pair style 'mace' (src/src/force.cpp:275)")
    assert error == "Unrecognized pair style 'mace'"
    assert read_abort(error, 0) is None


def test_limits_leave_room_around_a_liquid():
    limits = Limits.around(temperature=298.0, density=1.1, longest_bond=1.53, closest_contact=0.9)
    assert limits.max_temperature_K > 2 * 298.0
    assert limits.min_density_g_cm3 < 0.6 < 1.6 < limits.max_density_g_cm3
    assert 2.0 < limits.max_bond_A < 2.5
    assert limits.min_contact == IMPOSSIBLE
    assert set(limits.variables()) == {"max_temperature", "min_density", "max_density", "max_bond", "min_contact"}


def test_a_packed_start_may_be_nearer_than_a_liquid_is():
    assert 0.4 < Limits.around(298.0, 1.1, 1.53, closest_contact=0.51).min_contact < 0.51 * 0.9

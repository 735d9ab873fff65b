"""The scaling model: fits find what made the numbers, and forecasts behave as a decomposed domain must."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decant.planning.scaling import CPU, GPU, Liquid, Network, Point, Work, fit, imbalance, network_s, step_s

LIQUID = Liquid(density_A3=0.08, reach_A=6.0, layers=2, features=64)
costs = st.floats(1e-7, 1e-2)
shares = st.floats(0.0, 1.0)


@given(costs, shares)
def test_a_fit_finds_the_work_that_made_the_measurements(cost: float, share: float) -> None:
    made = Work(per_atom=cost, per_ghost=share * cost)
    found = fit([Point(own, made(own, LIQUID)) for own in (50.0, 300.0, 2000.0)], LIQUID)
    for own in (50.0, 1000.0, 1e6):
        assert found(own, LIQUID) == pytest.approx(made(own, LIQUID), rel=1e-6)


@given(st.floats(1.0, 1e3), costs, shares)
def test_a_fit_of_memory_finds_the_fixed_part_too(constant: float, cost: float, share: float) -> None:
    made = Work(per_atom=cost, per_ghost=share * cost, constant=constant)
    points = [Point(own, made(own, LIQUID)) for own in (50.0, 300.0, 2000.0, 1e4)]
    found = fit(points, LIQUID, constant=True)
    for point in points:
        assert found(point.own, LIQUID) == pytest.approx(point.value, rel=1e-4)


@given(st.lists(st.tuples(st.floats(10, 1e5), st.floats(1e-4, 1e2)), min_size=1, max_size=6), st.booleans())
def test_whatever_was_measured_nothing_costs_less_than_nothing_and_no_ghost_more_than_an_atom(
    numbers: list[tuple[float, float]], constant: bool
) -> None:
    found = fit([Point(own, value) for own, value in numbers], LIQUID, constant)
    assert found.constant >= 0
    assert 0 <= found.per_ghost <= found.per_atom


def test_with_one_size_the_work_is_all_on_the_own_atoms() -> None:
    assert fit([Point(100.0, 1.0), Point(100.0, 3.0)], LIQUID) == Work(per_atom=0.02, per_ghost=0.0)


def test_ghosts_fill_the_shell_around_the_cube() -> None:
    own = 0.08 * 10.0**3
    assert LIQUID.edge_A(own) == pytest.approx(10.0)
    assert LIQUID.ghosts(own) == pytest.approx(0.08 * (22.0**3 - 10.0**3))


def test_layers_of_message_passing_cost_exchanges_and_bytes() -> None:
    plain = Liquid(density_A3=0.08, reach_A=6.0)
    assert (plain.exchanges, LIQUID.exchanges) == (2, 4)
    assert (plain.bytes_per_ghost, LIQUID.bytes_per_ghost) == (48.0, 48.0 + 2 * 8 * 64)


@pytest.mark.parametrize("network", [*CPU, *GPU])
def test_more_atoms_are_slower_and_more_ranks_faster_but_dearer(network: Network) -> None:
    work = Work(per_atom=1e-4, per_ghost=1e-5)

    def seconds(atoms: float, ranks: int) -> float:
        return step_s(work, atoms, ranks, LIQUID, network, several_machines=True, idle=True)

    for less, more in itertools.pairwise((1e4, 3e4, 1e5, 1e7)):
        assert seconds(less, 64) < seconds(more, 64)
    for few, many in itertools.pairwise((64, 128, 1024)):
        assert seconds(1e6, many) < seconds(1e6, few)
        assert seconds(1e6, many) * many > seconds(1e6, few) * few


@pytest.mark.parametrize("network", [*CPU, *GPU])
def test_for_many_atoms_of_a_rank_time_is_proportional_to_them(network: Network) -> None:
    work = Work(per_atom=1e-4, per_ghost=1e-5)
    one, ten = (step_s(work, atoms, 64, LIQUID, network, True, True) for atoms in (1e10, 1e11))
    assert ten == pytest.approx(10 * one, rel=0.02)


@given(st.floats(1, 1e7), st.integers(1, 10_000))
def test_the_fullest_rank_has_no_less_than_the_mean(own: float, ranks: int) -> None:
    assert imbalance(own, ranks, 0.0) == 1.0 <= imbalance(own, ranks, 1.0)
    assert imbalance(own, 1, 1.0) == 1.0


@given(st.floats(1, 1e7), st.integers(2, 10_000))
def test_the_worse_network_takes_longer(own: float, ranks: int) -> None:
    for best, worst in (CPU, GPU):
        assert 0 < network_s(own, ranks, LIQUID, best) < network_s(own, ranks, LIQUID, worst)

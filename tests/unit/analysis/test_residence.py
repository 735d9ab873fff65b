"""How long contacts last where that is known: exchange at a rate, and contacts written down by hand."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.analysis.residence import bridged, counted, residence, survival
from decant.foundation.errors import InputError


def exchanging(pairs: int, frames: int, interval: float, residence_ps: float, seed: int) -> np.ndarray:
    """Contacts that end, and begin, at a rate of one over the residence time; shape (frames, pairs)."""
    random = np.random.default_rng(seed)
    switches = random.random((frames, pairs)) < (1 - np.exp(-2 * interval / residence_ps)) / 2
    return np.cumsum(np.vstack([random.integers(0, 2, pairs)[None], switches[1:]]), axis=0) % 2 == 1


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), interval=st.sampled_from([0.2, 1.0, 4.0]))
def test_exchange_at_a_rate_has_its_residence_time_however_seldom_it_is_looked_at(seed: int, interval: float) -> None:
    random = np.random.default_rng(seed)
    frames, pairs, known = 900, 40, 20.0
    ends = random.random((frames, pairs)) < 1 - np.exp(-interval / known)
    # a contact that ends is followed by another pair's: column k of the contacts is the k-th of each chain
    number = np.cumsum(np.vstack([np.zeros((1, pairs), bool), ends[1:]]), axis=0)
    present = number[:, :, None] == np.arange(number.max() + 1)
    found = residence("EC", [present.reshape(frames, -1)], interval * np.arange(frames), 0.0)
    assert found.value is not None and found.uncertainty is not None and not found.note
    assert abs(found.value - known) < 5 * found.uncertainty
    assert found.duration is not None and found.duration_uncertainty is not None
    assert abs(found.duration - known) < 5 * found.duration_uncertainty
    lag = int(known / interval)
    assert found.survival[lag] == pytest.approx(np.exp(-lag * interval / known), abs=4 / found.ends**0.5)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), frames=st.integers(2, 30))
def test_survival_is_what_counting_gives(seed: int, frames: int) -> None:
    present = exchanging(6, frames, 1.0, 3.0, seed)
    found = survival(*counted(present))
    for lag in range(frames):
        kept = sum(present[start : start + lag + 1].all(axis=0).sum() for start in range(frames - lag))
        origins = present[: frames - lag].sum()
        assert np.isnan(found[lag]) if origins == 0 else found[lag] == pytest.approx(kept / origins)
    known = found[np.isfinite(found)]
    assert not len(known) or (known[0] == 1 and (known >= 0).all() and (known <= 1).all())


def test_survival_agrees_with_that_of_mdanalysis_where_the_number_of_contacts_is_constant() -> None:
    from MDAnalysis.lib.correlations import autocorrelation

    random = np.random.default_rng(1)
    partner = np.cumsum(random.random((300, 5)) < 0.05, axis=0)  # each of five ions always has one
    present = (partner[:, :, None] == np.arange(partner.max() + 1)).reshape(300, -1)
    _, theirs, _ = autocorrelation([set(np.flatnonzero(row).tolist()) for row in present], 40)
    np.testing.assert_allclose(survival(*counted(present))[:41], theirs, atol=1e-12)


def test_a_short_break_is_none_and_a_long_one_is() -> None:
    present = np.array([[1, 1, 0, 1, 1, 0, 0, 0, 1, 0]], dtype=bool).T
    assert bridged(present, 2)[:, 0].tolist() == [True] * 5 + [False] * 3 + [True, False]
    assert bridged(present, 3)[:, 0].tolist() == [True] * 9 + [False]
    assert residence("EC", [present], np.arange(10.0), 2.0).ends == 2


def test_short_visits_make_contacts_short_and_leave_those_that_stay() -> None:
    staying = np.zeros((401, 12), dtype=bool)
    for column in range(12):
        staying[column * 15 : column * 15 + 200, column] = True
    visits = np.zeros((401, 120), dtype=bool)
    visits[np.arange(120) * 3 + 5, np.arange(120)] = True
    found = residence("EC", [staying, visits], np.arange(401.0), 0.0)
    assert found.duration == pytest.approx((12 * 200 + 120) / 132, rel=0.05)
    assert found.value is not None and found.value > 5 * found.duration


def test_a_run_in_which_most_contacts_outlast_half_of_it_has_no_residence_time() -> None:
    present = np.ones((101, 40), dtype=bool)
    present[90:, :12] = False
    found = residence("EC", [present], np.arange(101.0))
    assert found.value is None and found.duration is not None
    assert re.search(r"\d+% are left after 50 ps, half of the run: too short a run", found.note)


def test_contacts_that_never_end_have_a_bound_and_no_value() -> None:
    found = residence("PF6-", [np.ones((31, 2), dtype=bool)], np.arange(31.0))
    assert found.value is None and found.summary()["contacts_ended"] == 0
    assert "longer than 20 ps at 95 %" in found.note
    assert not residence("EMC", [], np.arange(31.0)).note, "none came near: nothing to say"
    few = np.ones((31, 2), dtype=bool)
    few[20:, 0] = False
    assert "only 1 contacts ended" in residence("EC", [few], np.arange(31.0)).note
    with pytest.raises(InputError, match="evenly spaced"):
        residence("EC", [few], np.geomspace(1, 9, 31))


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), interval=st.sampled_from([0.5, 1.0, 2.5, 10.0]))
def test_looking_seldom_makes_no_ends_of_short_breaks_but_a_note(seed: int, interval: float) -> None:
    random = np.random.default_rng(seed)
    frames, pairs, known = 3000, 12, 200.0
    ends = random.random((frames, pairs)) < 1 - np.exp(-interval / known)
    number = np.cumsum(np.vstack([np.zeros((1, pairs), bool), ends[1:]]), axis=0)
    present = [number[:, column, None] == np.arange(number[:, column].max() + 1) for column in range(pairs)]
    present = [one & (random.random(one.shape) > 0.03) for one in present]  # outside the shell for less than a frame
    found = residence("EC", present, interval * np.arange(frames))
    assert found.value is not None and found.uncertainty is not None
    assert abs(found.value - known) < 5 * found.uncertainty + 0.08 * known
    assert bool(found.too_coarse) == (interval > 1) and not found.too_short

"""Features of payments look backwards only, and agree with a slow reading of their definitions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.payment.features import Payments, handbook, of_habits, of_outcomes
from fanzha.detection.payment.order import DAY, ByKey, runs, typical


def payments(size: int, seed: int) -> Payments:
    rng = np.random.default_rng(seed)
    at = np.sort(rng.integers(0, 40 * 86_400, size)).astype(np.float64)
    outcome = rng.choice([0.0, 1.0, np.nan], size, p=[0.7, 0.2, 0.1])
    amount = rng.uniform(1, 100, size).round(2)
    return Payments(at, rng.integers(0, 5, size), rng.integers(0, 4, size), amount, outcome)


def every(rows: Payments, lag: float) -> dict[str, np.ndarray]:
    steady = np.full(rows.at.size, lag)
    expected = np.clip(rows.amount / 120, 0, 1)
    found = {f"habits {k}": v for k, v in of_habits(rows).items()}
    found |= {f"outcomes {k}": v for k, v in of_outcomes(rows, steady, expected).items()}
    return found | {f"book {k}": v for k, v in handbook(rows, steady, feedback=True).items()}


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 80), st.integers(0, 1000), st.floats(0.1, 0.9))
def test_what_comes_later_changes_nothing(size: int, seed: int, share: float) -> None:
    rows = payments(size, seed)
    kept = max(int(size * share), 1)
    before = Payments(*(getattr(rows, n)[:kept] for n in Payments.__dataclass_fields__))
    whole, part = every(rows, 7 * DAY), every(before, 7 * DAY)
    for name, values in part.items():
        np.testing.assert_allclose(whole[name][:kept], values, rtol=1e-6, atol=1e-6, err_msg=name)


@settings(max_examples=15, deadline=None)
@given(st.integers(5, 80), st.integers(0, 1000))
def test_outcomes_count_once_they_are_known_and_not_before(size: int, seed: int) -> None:
    rows = payments(size, seed)
    # Whatever happened in the last week is not known yet at the last payment.
    unknown = rows.at > rows.at[-1] - 7 * DAY
    flipped = replace(rows, outcome=np.where(unknown, 1.0 - rows.outcome, rows.outcome))
    one, other = every(rows, 7 * DAY), every(flipped, 7 * DAY)
    for name, values in one.items():
        if not name.startswith("habits"):
            np.testing.assert_allclose(values[-1], other[name][-1], atol=1e-9, err_msg=name)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(0, 1000), st.floats(0.0, 20.0))
def test_windows_agree_with_counting(size: int, seed: int, days: float) -> None:
    rows = payments(size, seed)
    by = ByKey.of(rows.customer, rows.at)
    sums = by.sums(rows.amount, by.until(days * DAY), by.until(0.0))
    for i in range(size):
        same = (rows.customer[:i] == rows.customer[i]) & (rows.at[:i] > rows.at[i] - days * DAY)
        if days == 0.0:
            same[:] = False
        assert sums[i] == pytest.approx(rows.amount[:i][same].sum(), abs=1e-6)


def test_the_typical_amount_is_the_median_of_the_last_256() -> None:
    rng = np.random.default_rng(3)
    key = rng.integers(0, 2, 900)
    amount = rng.integers(1, 50, 900).astype(np.float64)
    middle, _ = typical(ByKey.of(key, np.arange(900.0)), amount)
    for i in range(900):
        past = amount[:i][key[:i] == key[i]][-256:]
        assert (np.isnan(middle[i]) and not past.size) or middle[i] == np.median(past)


def test_runs_of_marked_payments() -> None:
    at = np.arange(6.0) * DAY
    by = ByKey.of(np.zeros(6, dtype=np.int64), at)
    found = runs(by, np.array([0, 1, 1, np.nan, 0, 1.0]), np.ones(6), 14 * DAY)
    assert found.length.tolist() == [0, 1, 2, 2, 0, 1]
    assert found.begun[1:4].tolist() == [DAY] * 3
    assert found.before[2] == 0.0
    assert found.clear.tolist() == [1, 0, 0, 0, 1, 0]
    assert found.burst_length.tolist() == [0, 1, 2, 2, 2, 3]

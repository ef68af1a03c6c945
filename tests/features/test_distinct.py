"""The sketch of a distinct: within its stated error, forgetting, and saying when it is full."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fanzha.features.declare import Distinct, Window
from fanzha.features.live import FeatureSet

HOUR = 3_600_000


def window(buckets: int) -> Window:
    return Window(
        "w", "s", key=("key",), over="1h", step="10m", lateness="5m",
        features=(Distinct("different", of="other", buckets=buckets),), keys_max=1000,
    )  # fmt: skip


def rows(key: int, others: np.ndarray, at: int) -> dict[str, np.ndarray]:
    n = len(others)
    return {
        "at": np.full(n, at, np.int64),
        "key": np.full(n, key, np.uint64),
        "other": others.astype(np.uint64),
    }


@pytest.mark.parametrize("buckets", [32, 64, 256])
@pytest.mark.parametrize("load", [0.5, 1.0, 2.0, 3.0])
def test_the_error_is_the_one_stated(buckets: int, load: float) -> None:
    rng = np.random.default_rng(11)
    true = int(load * buckets)
    found = FeatureSet([window(buckets)])
    errors = []
    for key in range(1, 301):
        others = rng.integers(1, 2**64, true, dtype=np.uint64)
        value = found.update("s", rows(key, others, 10**12))["different"][-1]
        errors.append((value - true) / true)
    theory = math.sqrt(buckets * (math.exp(load) - load - 1)) / true
    spread = float(np.sqrt(np.mean(np.square(errors))))
    # Three hundred keys. Theory is for many buckets: few of them, nearly all hit, do worse.
    assert spread < 1.4 * theory
    assert abs(np.mean(errors)) < 0.5 * theory
    if buckets == 64:
        assert spread < {0.5: 0.12, 1.0: 0.12, 2.0: 0.17, 3.0: 0.25}[load]


def test_similar_keys_do_not_crowd() -> None:
    # Telephone numbers in a row, as a dialler calls them.
    found = FeatureSet([window(64)])
    errors = []
    for key in range(1, 101):
        value = found.update("s", rows(key, np.arange(64) + key * 1000, 10**12))["different"][-1]
        errors.append((value - 64) / 64)
    assert np.sqrt(np.mean(np.square(errors))) < 0.13


def test_what_leaves_the_window_is_forgotten() -> None:
    found = FeatureSet([window(64)])
    found.update("s", rows(1, np.arange(1, 30), 10**12))
    still = found.update("s", rows(1, np.array([1]), 10**12 + HOUR - 1200_000))["different"][0]
    assert still > 20
    # Seen again in between, so it is kept; the rest goes.
    later = found.update("s", rows(1, np.array([0]), 10**12 + HOUR))["different"][0]
    assert later == 1
    gone = found.update("s", rows(1, np.array([77]), 10**12 + 3 * HOUR))["different"][0]
    assert gone == 1


def test_a_hub_is_capped_and_says_so() -> None:
    told = FeatureSet([window(64)]).update("s", rows(1, np.arange(1, 5001), 10**12))
    assert told["w_truncated"][-1]
    assert not told["w_truncated"][100]
    assert told["different"][-1] >= 3 * 64
    assert np.isfinite(told["different"]).all()

"""The kernel against the oracle: exact where the feature is exact, the sketch bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.features.live import FeatureSet
from tests.features.streams import Columns, check, cut, random_stream, run, streams, window

CUTS = st.lists(st.integers(1, 239), max_size=4)


@settings(max_examples=150, deadline=None)
@given(streams(), CUTS)
def test_any_stream_cut_anyhow(data: Columns, cuts: list[int]) -> None:
    w = window()
    found = FeatureSet([w])
    check(run(found, data, cuts), data, w, found.counters()["w"].late)


@settings(max_examples=60, deadline=None)
@given(
    streams(),
    st.sampled_from(
        [
            {"over": "5m", "step": "5m", "lateness": "5m", "forget": "5m", "calendar": True},
            {"over": "254s", "step": "1s", "lateness": "100s", "forget": "300s"},
            {"over": "2h", "step": "5m", "lateness": "2h", "forget": "30d"},
            {"over": "7ms", "step": "1ms", "lateness": "1ms", "forget": "1h"},
        ]
    ),
)
def test_any_stream_through_other_windows(data: Columns, terms: dict[str, str]) -> None:
    w = window(**terms)
    found = FeatureSet([w])
    check(run(found, data, []), data, w, found.counters()["w"].late)


@settings(max_examples=40, deadline=None)
@given(streams(), st.integers(0, 239), st.integers(0, 239))
def test_a_snapshot_in_the_middle_changes_nothing(data: Columns, one: int, two: int) -> None:
    n = len(data["at"])
    first, second = sorted((min(one, n), min(two, n)))
    whole = FeatureSet([window()])
    want = run(whole, data, [])
    found = FeatureSet([window()])
    parts = []
    for start, stop in ((0, first), (first, second), (second, n)):
        parts.append(found.update("s", cut(data, start, stop)))
        heir = FeatureSet([window()])
        heir.restore(found.snapshot())
        found = heir
    for name in want:
        np.testing.assert_array_equal(want[name], np.concatenate([p[name] for p in parts]))
    assert found.counters() == whole.counters()


@pytest.mark.parametrize(("seed", "keys", "hub"), [(7, 800, 0.3), (8, 5, 0.6), (9, 4000, 0.0)])
def test_a_long_stream(seed: int, keys: int, hub: float) -> None:
    data = random_stream(seed, 4000, keys, hub)
    w = window()
    found = FeatureSet([w])
    check(run(found, data, [17, 64, 900, 3000]), data, w, found.counters()["w"].late)

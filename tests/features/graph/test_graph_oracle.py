"""The kernel against the oracle: equal where no cap cut the answer, a lower bound where one did."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.features.graph.live import GraphSet
from tests.features.graph.streams import Columns, check, cut, random_stream, run, streams, window

CUTS = st.lists(st.integers(1, 179), max_size=4)


@settings(max_examples=120, deadline=None)
@given(streams(), CUTS)
def test_any_stream_cut_anyhow_within_the_caps(data: Columns, cuts: list[int]) -> None:
    w = window(cap=256)
    found = GraphSet(w)
    told = run(found, data, cuts)
    check(told, data, w)
    assert not told["graph_truncated"].any()
    assert found.counters().late == np.count_nonzero(told["late"])


@settings(max_examples=150, deadline=None)
@given(
    streams(),
    CUTS,
    st.sampled_from(
        [
            {"cap": 2, "scatter_steps": 6, "cycle_steps": 2},
            {"cap": 4, "scatter_steps": 20, "cycle_steps": 12},
            {"cap": 8, "scatter_steps": 70, "cycle_steps": 40, "cycle_max": 4},
            {"cap": 16, "scatter_steps": 60, "windows": ("90m",), "over": "30m"},
            {"cap": 16, "windows": ("20m", "40m"), "over": "2h", "residence": "1ms"},
            {"cap": 64, "edges_max": 24},
        ]
    ),
)
def test_any_stream_beyond_the_caps(data: Columns, cuts: list[int], terms: dict[str, int]) -> None:
    w = window(**terms)
    found = GraphSet(w)
    check(run(found, data, cuts), data, w)
    assert found.counters().most_steps <= w.steps_bound


@settings(max_examples=40, deadline=None)
@given(streams(), st.integers(0, 179), st.integers(0, 179))
def test_a_snapshot_in_the_middle_changes_nothing(data: Columns, one: int, two: int) -> None:
    n = len(data["at"])
    first, second = sorted((min(one, n), min(two, n)))
    w = window(cap=8)
    whole = GraphSet(w)
    want = run(whole, data, [])
    found = GraphSet(w)
    parts = []
    for start, stop in ((0, first), (first, second), (second, n)):
        parts.append(found.update(cut(data, start, stop)))
        heir = GraphSet(w)
        heir.restore(found.snapshot())
        found = heir
    for name in want:
        np.testing.assert_array_equal(want[name], np.concatenate([p[name] for p in parts]))
    assert found.counters() == whole.counters()
    assert found.sizes() == whole.sizes()


@pytest.mark.parametrize(
    ("seed", "accounts", "hubs", "terms"),
    [
        (1, 400, 0.0, {}),
        (2, 12, 0.0, {"cap": 64}),
        (3, 60, 0.6, {"cap": 16, "cycle_steps": 200, "scatter_steps": 90}),
        (4, 60, 0.6, {"cap": 256, "windows": ("10m", "30m")}),
    ],
)
def test_a_long_stream(seed: int, accounts: int, hubs: float, terms: dict[str, int]) -> None:
    data = random_stream(seed, 300, accounts, hubs)
    w = window(**terms)
    found = GraphSet(w)
    cuts = check(run(found, data, [17, 64, 200]), data, w)
    assert found.counters().most_steps <= w.steps_bound
    assert cuts < 300 * len(found.names)

"""A graph never fills for good, frees what is silent, says what it dropped, and bounds its work."""

from __future__ import annotations

import numpy as np
import pytest

from fanzha.errors import Misconfigured
from fanzha.features.graph.declare import GraphWindow, Pattern
from fanzha.features.graph.live import GraphSet
from tests.features.graph.streams import Columns, check, random_stream, run, window

HOUR = 3_600_000
BEGIN = 10**12


def transfers(payers: np.ndarray, payees: np.ndarray, at: int | np.ndarray) -> Columns:
    n = len(payers)
    return {
        "at": np.broadcast_to(np.asarray(at, np.int64), (n,)).copy(),
        "payer_key": payers.astype(np.uint64),
        "payee_key": payees.astype(np.uint64),
        "amount": np.ones(n, np.int64),
    }


def test_a_full_graph_refuses_new_accounts_says_so_and_keeps_the_old() -> None:
    found = GraphSet(window(keys_max=1000))
    many = np.arange(1, 601)
    told = found.update(transfers(many, many + 10_000, BEGIN))
    assert np.isnan(told["payer_out_n_30m"]).tolist() == [False] * 500 + [True] * 100
    assert found.counters().refused == 100
    again = found.update(transfers(many[:500], many[:500] + 10_000, BEGIN + 1000))
    assert (again["pair_n_30m"] == 2).all()
    assert found.sizes()[0] == 1000


def test_silent_accounts_make_room_and_their_edges_too() -> None:
    found = GraphSet(window(keys_max=2000, edges_max=8000))
    rng = np.random.default_rng(5)
    for day in range(20):
        keys = day * 10_000 + rng.integers(1, 800, 2000)
        told = found.update(transfers(keys, keys[::-1] + 1000, BEGIN + day * 24 * HOUR))
        assert not np.isnan(told["payer_out_n_30m"]).any()
    counters = found.counters()
    assert counters.refused == 0
    assert counters.dropped == 0
    assert counters.expired > 10_000
    assert found.sizes()[1] <= 8000


def test_where_memory_is_used_up_edges_are_dropped_counted_and_marked() -> None:
    w = window(edges_max=100, cap=64)
    data = random_stream(6, 250, 40)
    found = GraphSet(w)
    told = run(found, data, [100])
    assert check(told, data, w) > 0
    assert found.counters().dropped > 0
    assert found.sizes()[1] <= 100


def test_a_row_reused_by_another_account_brings_nothing_with_it() -> None:
    found = GraphSet(window(keys_max=2))
    found.update(transfers(np.array([1]), np.array([2]), BEGIN))
    later = found.update(transfers(np.array([3]), np.array([4]), BEGIN + 5 * HOUR))
    assert later["payer_out_n_90m"].tolist() == [1.0]
    back = found.update(transfers(np.array([4]), np.array([3]), BEGIN + 5 * HOUR + 1))
    assert back["cycle_length"].tolist() == [2.0]
    assert back["payer_fan_in_90m"].tolist() == [1.0]
    assert not back["graph_truncated"].any()


@pytest.mark.parametrize("shape", ["star", "two hubs", "complete"])
def test_the_work_for_a_transfer_is_bounded_on_hostile_graphs(shape: str) -> None:
    n = 6000
    rng = np.random.default_rng(7)
    if shape == "star":
        one, other = np.ones(n), rng.integers(2, 5000, n)
        payers = np.where(rng.random(n) < 0.5, one, other)
        payees = np.where(payers == 1, rng.integers(2, 5000, n), 1)
    elif shape == "two hubs":
        # Everybody was paid by 1 and pays 2: every transfer closes a scatter-gather, seen whole.
        payers = np.where(np.arange(n) % 2, np.arange(n) // 2 + 10, 1)
        payees = np.where(np.arange(n) % 2, 2, np.arange(n) // 2 + 10)
    else:
        payers, payees = rng.integers(1, 80, n), rng.integers(1, 80, n)
    # Times fall within the lateness, so that every edge is put in at the far end of its run.
    at = BEGIN - np.arange(n) % 400_000
    w = GraphWindow("graph", cap=64, scatter_steps=1000, cycle_steps=500, keys_max=10_000)
    found = GraphSet(w)
    told = found.update(transfers(payers, payees, at))
    assert found.counters().most_steps <= w.steps_bound
    assert told["graph_truncated"].any()
    assert np.nanmax(told["payer_out_n_7d"]) <= 64


def test_a_hub_says_that_it_was_cut_and_its_small_neighbours_do_not() -> None:
    n = 1000
    found = GraphSet(GraphWindow("graph", cap=64, patterns=()))
    told = found.update(transfers(np.arange(2, n + 2), np.ones(n), BEGIN + np.arange(n)))
    assert told["payee_fan_in_24h"][63] == 64
    assert not told["payee_24h_truncated"][63]
    assert told["payee_fan_in_24h"][64] == 64
    assert told["payee_24h_truncated"][64]
    assert not told["payer_24h_truncated"].any()
    assert not told["pair_24h_truncated"].any()
    later = found.update(transfers(np.array([2]), np.array([1]), BEGIN + 8 * 24 * HOUR))
    assert later["payee_fan_in_7d"].tolist() == [1.0]
    assert not later["graph_truncated"].any()


def test_a_snapshot_fits_only_what_it_was_made_of() -> None:
    found = GraphSet(window())
    found.update(transfers(np.arange(1, 300), np.arange(2, 301), BEGIN))
    state = found.snapshot()
    with pytest.raises(Misconfigured):
        GraphSet(window(cap=32)).restore(state)
    with pytest.raises(Misconfigured):
        found.restore(state)
    fresh = GraphSet(window())
    with pytest.raises(Misconfigured):
        fresh.restore({**state, "edges": state["edges"][:-1]})
    other = GraphSet(window(patterns=()))
    other.restore(state)
    assert other.sizes() == found.sizes()
    fresh.restore(state)
    assert fresh.sizes() == found.sizes()


@pytest.mark.parametrize(
    "terms",
    [
        {"windows": ()},
        {"windows": ("7d", "24h")},
        {"windows": ("1h", "2h", "3h")},
        {"windows": ("1h", "60m")},
        {"windows": ("1x",)},
        {"over": "90d", "forget": "7d"},
        {"windows": ("401d",)},
        {"lateness": "25h"},
        {"cap": 48},
        {"cap": 2048},
        {"scatter_steps": 0},
        {"cycle_max": 7},
        {"cycle_max": 1},
        {"cycle_steps": 0},
        {"keys_max": 2**28},
        {"edges_max": 0},
    ],
)
def test_a_declaration_that_does_not_fit_together_is_refused(terms: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        GraphWindow("graph", **terms)  # type: ignore[arg-type]


def test_only_the_patterns_declared_are_told() -> None:
    data = random_stream(8, 200, 20)
    whole = run(GraphSet(window()), data, [])
    for pattern in Pattern:
        told = run(GraphSet(window(patterns=(pattern,))), data, [])
        for name in set(told) - {"graph_truncated"}:
            np.testing.assert_array_equal(told[name], whole[name], err_msg=name)
        assert f"{pattern}_truncated" in told
    assert GraphSet(window(patterns=())).update(data).keys() < whole.keys()


def test_an_empty_batch_is_told_nothing() -> None:
    none = np.empty(0, np.int64)
    told = GraphSet(window()).update(transfers(none, none, 0))
    assert all(len(column) == 0 for column in told.values())

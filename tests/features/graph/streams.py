"""Streams of transfers, tame and hostile, and how they are run and compared."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from fanzha.features.graph.declare import GraphWindow
from fanzha.features.graph.live import GraphSet
from tests.features.graph import oracle

MINUTE = 60_000
Columns = dict[str, np.ndarray]


def window(**more: Any) -> GraphWindow:
    """Every pattern over two short windows; caps beyond what the streams reach."""
    terms: dict[str, Any] = {
        "windows": ("30m", "90m"),
        "residence": "20m",
        "lateness": "7m",
        "keys_max": 1000,
        "edges_max": 100_000,
        "cycle_steps": 60_000,
        "scatter_steps": 60_000,
    }
    return GraphWindow("graph", **(terms | more))


STEPS = st.one_of(
    st.sampled_from([0, 0, 1, MINUTE]),
    st.integers(0, 6 * MINUTE),
    st.integers(-9 * MINUTE, 0),
    # To the ends of windows, and clocks that jump by days, and back.
    st.sampled_from([30 * MINUTE, 30 * MINUTE - 1, 90 * MINUTE, 90 * MINUTE + 1, -7 * MINUTE]),
    st.sampled_from([3 * 1440 * MINUTE, -3 * 1440 * MINUTE]),
)
CALM = st.one_of(st.just(0), st.integers(0, 3 * MINUTE), st.integers(-6 * MINUTE, 0))
FEN = st.one_of(st.integers(0, 9), st.integers(-5, 10**7), st.just(2**52 - 1))


@st.composite
def streams(draw: st.DrawFn, most: int = 90) -> Columns:
    """Few accounts, so that everything meets; sometimes a hub; equal times, late rows, repeats."""
    accounts = draw(st.sampled_from([2, 3, 5, 9]))
    keys = st.one_of(
        st.integers(1, accounts),
        st.sampled_from([1, 1, 2]) if draw(st.booleans()) else st.integers(1, accounts),
        st.sampled_from([0, 1, 2**63, 2**64 - 1]),
    )
    steps = CALM if draw(st.booleans()) else STEPS
    counted = st.sampled_from([True, True, True, True, False])
    rows = draw(st.lists(st.tuples(steps, keys, keys, FEN, counted), min_size=1, max_size=most))
    if draw(st.booleans()):
        rows = [row for row in rows for _ in range(2)]
    return columns(rows, draw(st.sampled_from([0, 10**12, -(10**12), 2**43 - 10**9])))


def columns(rows: list[tuple[int, int, int, int, bool]], begin: int) -> Columns:
    step, payer, payee, fen, counted = zip(*rows, strict=True)
    return {
        "at": np.cumsum(np.array(step, np.int64)) + begin,
        "payer_key": np.array(payer, np.uint64),
        "payee_key": np.array(payee, np.uint64),
        "amount": np.array(fen, np.int64),
        "counted": np.array(counted, bool),
    }


def random_stream(seed: int, n: int, accounts: int, hubs: float = 0.0) -> Columns:
    """A long stream; a share of the transfers goes to or from one of two hubs."""
    rng = np.random.default_rng(seed)
    payer, payee = rng.integers(1, accounts, n), rng.integers(1, accounts, n)
    at_hub = rng.random(n) < hubs
    payer = np.where(at_hub & (rng.random(n) < 0.5), rng.integers(1, 3, n), payer)
    payee = np.where(at_hub & (rng.random(n) < 0.5), rng.integers(1, 3, n), payee)
    return {
        "at": np.cumsum(rng.integers(-20_000, 30_000, n)) + 10**12,
        "payer_key": payer.astype(np.uint64),
        "payee_key": payee.astype(np.uint64),
        "amount": rng.integers(0, 10**6, n),
        "counted": rng.random(n) < 0.95,
    }


def cut(data: Columns, start: int, stop: int) -> Columns:
    return {name: array[start:stop] for name, array in data.items()}


def run(found: GraphSet, data: Columns, cuts: list[int]) -> Columns:
    """The stream in batches that end at `cuts`."""
    n = len(data["at"])
    edges = sorted({0, n, *(c for c in cuts if c < n)})
    parts = [found.update(cut(data, a, b)) for a, b in itertools.pairwise(edges)]
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def check(told: Columns, data: Columns, w: GraphWindow) -> int:
    """Compare with the oracle, row by row: equal where nothing was cut, else a lower bound (the
    shares apart, and a cycle may be longer or missed). Gives how many answers were cut."""
    names = ("at", "payer_key", "payee_key", "amount", "counted")
    wanted = oracle.features(list(zip(*(data[name].tolist() for name in names), strict=True)), w)
    cuts = 0
    for meaning in GraphSet(w).meanings:
        name, tolerance = meaning.name, 1e-12 if meaning.unit in ("seconds", "0–1") else 0.0
        cut_by = told[meaning.cut_by]
        for i, row in enumerate(wanted):
            have, want = float(told[name][i]), row[name]
            where = f"row {i}, {name}: {have}, wanted {want}"
            if not cut_by[i]:
                same = math.isclose(have, want, rel_tol=tolerance)
                assert same or (math.isnan(have) and math.isnan(want)), where
                continue
            cuts += 1
            if math.isnan(have):
                continue
            if name == "cycle_length":
                assert have == 0 or (want and have >= want), where
            elif meaning.unit in ("transfers", "fen", "accounts"):
                assert have <= want, where
    assert told["late"].tolist() == [row["late"] for row in wanted]
    return cuts

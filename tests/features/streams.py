"""Streams to try the kernel on, tame and hostile, and how they are run and compared."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from fanzha.features.declare import (
    Changes,
    Count,
    Distinct,
    Last,
    Max,
    Mean,
    Min,
    Share,
    Since,
    Std,
    Sum,
    Window,
)
from fanzha.features.live import FeatureSet
from tests.features import oracle

MINUTE = 60_000
BUCKETS = 32
BELOW = 2.5
Columns = dict[str, np.ndarray]


def window(**more: Any) -> Window:
    """Every kind of feature over half an hour in panes of five minutes."""
    terms = {"over": "30m", "step": "5m", "forget": "40m", "lateness": "7m", "keys_max": 20_000}
    return Window(
        name="w",
        stream="s",
        key=("key",),
        where="allowed",
        features=(
            Count("n"),
            Count("n_flag", where="flag"),
            Count("n_value", of="value"),
            Sum("total", of="value"),
            Mean("mean", of="value"),
            Share("share", of="value", below=BELOW),
            Max("greatest", of="value"),
            Min("least", of="value", narrow=True),
            Max("greatest_flag", of="value", where="flag", narrow=True),
            Std("spread", of="value"),
            Distinct("different", of="other", buckets=BUCKETS),
            Changes("changes", of="place"),
            Since("since"),
            Since("since_flag", where="flag"),
            Last("newest", of="value"),
        ),
        **(terms | more),
    )


KEYS = st.sampled_from([0, 1, 2, 3, 2**63, 2**64 - 1])
STEPS = st.one_of(
    st.integers(0, 3 * MINUTE),
    st.integers(-9 * MINUTE, 0),
    st.sampled_from([0, 5 * MINUTE, 30 * MINUTE, 40 * MINUTE, 40 * MINUTE + 1, 90 * MINUTE]),
    # Clocks that jump by days, and back.
    st.sampled_from([3 * 1440 * MINUTE, -3 * 1440 * MINUTE, -47 * MINUTE, -48 * MINUTE]),
)
BEGINS = st.sampled_from([0, 10**12, -(10**12), 5 * MINUTE - 1, -(30 * MINUTE)])
ROWS = st.lists(
    st.tuples(
        KEYS,
        STEPS,
        st.sampled_from([True, True, True, False]),
        st.booleans(),
        st.one_of(st.none(), st.integers(-40, 40).map(lambda quarter: quarter / 4)),
        st.integers(0, 60),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=120,
)
"""key, step in time (ms), allowed, flag, value, other, place"""


@st.composite
def streams(draw: st.DrawFn) -> Columns:
    """Short streams: late rows, equal times, repeats, few keys, jumps, panes below nought."""
    rows = draw(ROWS)
    if draw(st.booleans()):
        rows = [row for row in rows for _ in range(2)]
    return columns(rows, draw(BEGINS))


def columns(rows: list[tuple[Any, ...]], begin: int) -> Columns:
    key, step, allowed, flag, value, other, place = zip(*rows, strict=True)
    return {
        "at": np.cumsum(np.array(step, np.int64)) + begin,
        "key": np.array(key, np.uint64),
        "allowed": np.array(allowed, bool),
        "flag": np.array(flag, bool),
        "value": np.array([math.nan if v is None else v for v in value], np.float64),
        "other": np.array(other, np.uint64),
        "place": np.array(place, np.uint64),
    }


def random_stream(seed: int, n: int, keys: int, hub: float = 0.3) -> Columns:
    """A long stream: one key takes the share `hub`, the rest is spread over `keys`."""
    rng = np.random.default_rng(seed)
    return {
        "at": np.cumsum(rng.integers(-30_000, 40_000, n)) + 10**12,
        "key": np.where(rng.random(n) < hub, 1, rng.integers(0, keys, n)).astype(np.uint64),
        "allowed": rng.random(n) < 0.9,
        "flag": rng.random(n) < 0.4,
        "value": np.where(rng.random(n) < 0.1, math.nan, rng.integers(-40, 40, n) / 4),
        "other": rng.integers(0, 60, n).astype(np.uint64),
        "place": rng.integers(0, 4, n).astype(np.uint64),
    }


def cut(data: Columns, start: int, stop: int) -> Columns:
    return {name: array[start:stop] for name, array in data.items()}


def run(found: FeatureSet, data: Columns, cuts: list[int]) -> Columns:
    """The stream in batches that end at `cuts`."""
    n = len(data["at"])
    edges = sorted({0, n, *(c for c in cuts if c < n)})
    parts = [found.update("s", cut(data, a, b)) for a, b in itertools.pairwise(edges)]
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def bucket(value: int) -> int:
    """Bucket of a distinct's value: SplitMix64's finaliser, the high half scaled down."""
    mask = 2**64 - 1
    x = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
    x ^= x >> 31
    return ((x >> 32) * BUCKETS) >> 32


def linear_count(hit: int) -> float:
    """Linear counting over the test's buckets."""
    return round(BUCKETS * math.log(BUCKETS / max(BUCKETS - hit, 0.5)))


EXACT = (
    "n", "n_flag", "n_value", "total", "greatest", "least", "greatest_flag", "changes", "since",
    "since_flag", "newest",
)  # fmt: skip


def check(told: Columns, data: Columns, w: Window, late: int) -> None:
    """Compare with the oracle, row by row and feature by feature."""
    n = len(data["at"])
    value = pa.array(data["value"], mask=np.isnan(data["value"]))
    stream = pa.table(
        {"idx": np.arange(n), "ts": data["at"], "value": value}
        | {name: data[name] for name in ("key", "allowed", "flag", "other", "place")}
    )
    want = oracle.features(
        stream,
        step=w.step_ms,
        panes=w.panes,
        lateness=w.lateness_ms,
        forget=w.forget_ms,
        below=BELOW,
    )
    rows = np.array(want["idx"], np.int64)
    for name in EXACT:
        wanted = np.array([math.nan if v is None else v for v in want[name]], np.float64)
        np.testing.assert_array_equal(told[name][rows], wanted, err_msg=name)
    for name in ("mean", "share"):
        wanted = np.array([math.nan if v is None else v for v in want[name]], np.float64)
        np.testing.assert_allclose(told[name][rows], wanted, rtol=1e-12, err_msg=name)
    spread = np.array([math.nan if v is None else v for v in want["spread"]], np.float64)
    np.testing.assert_allclose(told["spread"][rows], spread, atol=1e-6)
    hits = [len({bucket(v) for v in others or ()}) for others in want["others"]]
    assert told["different"][rows].tolist() == [linear_count(hit) for hit in hits]
    assert told["w_truncated"][rows].tolist() == [hit == BUCKETS for hit in hits]
    for row in np.flatnonzero(data["key"] == 0):
        assert all(math.isnan(told[f.name][row]) for f in w.features)
    assert late == sum(want["late"])

"""Streams to try the kernel on, tame and hostile, and how they are run and compared."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from fanzha.features.declare import (
    GAP,
    Changes,
    Count,
    Distinct,
    Feature,
    Last,
    Max,
    Mean,
    Min,
    Share,
    Since,
    Std,
    Sum,
    Trail,
    Window,
)
from fanzha.features.live import FeatureSet
from tests.features import oracle

MINUTE = 60_000
BUCKETS = 32
BELOW = 2.5
SHORT = 60.001
WAY = 3
Columns = dict[str, np.ndarray]


def window(suffix: str = "", **more: Any) -> Window:
    """Every kind of feature over half an hour in panes of five minutes."""
    terms: dict[str, Any] = {"name": "w", "features": every_kind(suffix)}
    terms |= {"over": "30m", "step": "5m", "forget": "40m", "lateness": "7m", "keys_max": 20_000}
    return Window(
        stream="s",
        key=("key",),
        where="allowed",
        **(terms | more),
    )


def every_kind(suffix: str = "") -> tuple[Feature, ...]:
    """One of each, and more where conditions or sorts of lanes differ."""
    return tuple(
        replace(f, name=f.name + suffix)
        for f in (
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
            Trail("way", of="place", length=WAY),
            Count("gaps", of=GAP),
            Sum("gap_total", of=GAP),
            Mean("gap_mean", of=GAP),
            Max("gap_most", of=GAP),
            Min("gap_least", of=GAP),
            Share("gap_short", of=GAP, below=SHORT),
            Std("gap_spread", of=GAP),
            Max("gap_flag_most", of=GAP, where="flag"),
            Mean("gap_flag_mean", of=GAP, where="flag"),
        )
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
    "since_flag", "newest", "gaps", "gap_most", "gap_least", "gap_flag_most",
)  # fmt: skip
CLOSE = {
    "mean": 0, "share": 0, "gap_total": 1e-6, "gap_mean": 1e-6, "gap_short": 0,
    "gap_flag_mean": 1e-6, "spread": 1e-6, "gap_spread": 0.05,
}  # fmt: skip
"""How far sums of floats may be off: roots of what is left of squares of days are coarse."""


def check(told: Columns, data: Columns, w: Window, late: int, suffix: str = "") -> None:
    """Compare with the oracle, row by row, the features that the window has."""
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
        short=SHORT,
        before=w.before,
    )
    rows = np.array(want["idx"], np.int64)
    names = {f.name.removesuffix(suffix): f.name for f in w.features}
    mine = {name: told[full][rows] for name, full in names.items()}
    for name in [*EXACT, *CLOSE]:
        if name in mine:
            wanted = np.array([math.nan if v is None else v for v in want[name]], np.float64)
            off = CLOSE.get(name)
            if off is None:
                np.testing.assert_array_equal(mine[name], wanted, err_msg=name)
            else:
                np.testing.assert_allclose(mine[name], wanted, 1e-9, off, err_msg=name)
    if "different" in mine:
        hits = [len({bucket(v) for v in others or ()}) for others in want["others"]]
        assert mine["different"].tolist() == [linear_count(hit) for hit in hits]
        assert told[f"{w.name}_truncated"][rows].tolist() == [hit == BUCKETS for hit in hits]
    if "way" in mine:
        check_ways(mine["way"], want["places"])
    for row in np.flatnonzero(data["key"] == 0):
        assert all(math.isnan(told[f.name][row]) for f in w.features)
    assert late == sum(want["late"])


def check_ways(told: np.ndarray, places: list[list[int | None] | None]) -> None:
    """The same number for the same way, another for another, none where it is short."""
    numbers: dict[tuple[int, ...], float] = {}
    for number, seen in zip(told.tolist(), places, strict=True):
        way = [place for place, _ in itertools.groupby(p for p in seen or () if p is not None)]
        if len(way) < WAY:
            assert math.isnan(number)
        else:
            assert numbers.setdefault(tuple(way[-WAY:]), number) == number
            assert number == int(number)
            assert 0 < number < 2**53
    assert len(set(numbers.values())) == len(numbers)

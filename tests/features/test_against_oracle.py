"""The kernel against the oracle: exact where the feature is exact, within the bound where not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.features.declare import (
    Changes,
    Count,
    Distinct,
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
Row = tuple[int, int, bool, int, int]
"""key, step in time (ms, may be negative), counted, value, other"""


def window(**more: Any) -> Window:
    settings_ = {"over": "30m", "step": "5m", "forget": "40m", "lateness": "7m", **more}
    return Window(
        name="w",
        stream="s",
        key=("key",),
        where="counted",
        features=(
            Count("n"),
            Sum("total", of="value"),
            Mean("mean", of="value"),
            Share("share", of="value", below=5.0),
            Max("greatest", of="value"),
            Min("least", of="value", narrow=True),
            Distinct("different", of="other"),
            Changes("changes", of="other"),
            Since("since"),
            Std("spread", of="value"),
        ),
        **settings_,
    )


def columns(rows: list[Row]) -> dict[str, np.ndarray]:
    at = np.cumsum([r[1] for r in rows]) + 1_000_000_000
    return {
        "at": at.astype(np.int64),
        "key": np.array([r[0] for r in rows], np.uint64),
        "counted": np.array([r[2] for r in rows], bool),
        "value": np.array([r[3] for r in rows], np.float64),
        "other": np.array([r[4] for r in rows], np.uint64),
    }


def cut(data: dict[str, np.ndarray], start: int, stop: int) -> dict[str, np.ndarray]:
    return {name: array[start:stop] for name, array in data.items()}


def run(found: FeatureSet, data: dict[str, np.ndarray], cuts: list[int]) -> dict[str, np.ndarray]:
    edges = sorted({0, len(data["at"]), *cuts})
    parts = [found.update("s", cut(data, a, b)) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def check(told: dict[str, np.ndarray], data: dict[str, np.ndarray], w: Window) -> None:
    n = len(data["at"])
    stream = pa.table(
        {
            "idx": np.arange(n),
            "key": data["key"],
            "at": data["at"],
            "counted": data["counted"],
            "value": data["value"],
            "other": data["other"],
        }
    )
    want = oracle.features(
        stream, step=w.step_ms, panes=w.panes, lateness=w.lateness_ms, forget=w.forget_ms, below=5.0
    )
    for place, idx in enumerate(want["idx"]):

        def told_of(name: str, idx: int = idx) -> float | None:
            value = float(told[name][idx])
            return None if math.isnan(value) else value

        count = want["n"][place]
        assert told_of("n") == count
        assert told_of("total") == want["total"][place]
        assert told_of("greatest") == want["greatest"][place]
        assert told_of("least") == want["least"][place]
        assert told_of("changes") == want["changes"][place]
        since = want["since"][place]
        assert told_of("since") == (None if since is None else since / 1000)
        if count:
            assert told_of("mean") == pytest.approx(want["total"][place] / count)
            assert told_of("share") == pytest.approx(want["below"][place] / count)
        else:
            assert told_of("mean") is None
            assert told_of("share") is None
        if count >= 2:
            assert told_of("spread") == pytest.approx(want["spread"][place], abs=1e-6)
        # Up to a dozen values over 64 buckets: a collision or two at most is to be expected.
        different = want["different"][place]
        assert abs((told_of("different") or 0) - different) <= max(2, 0.35 * different)
    nulls = data["key"] == 0
    assert np.isnan(told["n"][nulls]).all()


ROWS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.one_of(
            st.integers(0, 3 * MINUTE),
            st.integers(-9 * MINUTE, 0),
            st.sampled_from([0, 5 * MINUTE, 30 * MINUTE, 41 * MINUTE, 90 * MINUTE]),
        ),
        st.booleans(),
        st.integers(0, 12),
        st.integers(1, 9),
    ),
    min_size=1,
    max_size=120,
)


@settings(max_examples=120, deadline=None)
@given(ROWS, st.lists(st.integers(1, 119), max_size=4))
def test_any_stream_cut_anyhow(rows: list[Row], cuts: list[int]) -> None:
    data = columns(rows)
    w = window()
    told = run(FeatureSet([w]), data, [c for c in cuts if c < len(rows)])
    check(told, data, w)


@settings(max_examples=30, deadline=None)
@given(ROWS, st.integers(1, 119))
def test_a_snapshot_in_the_middle_changes_nothing(rows: list[Row], where: int) -> None:
    data = columns(rows)
    where = min(where, len(rows))
    whole = run(FeatureSet([window()]), data, [])
    first = FeatureSet([window()])
    head = first.update("s", cut(data, 0, where))
    second = FeatureSet([window()])
    second.restore(first.snapshot())
    tail = second.update("s", cut(data, where, len(rows)))
    for name in whole:
        np.testing.assert_array_equal(whole[name], np.concatenate([head[name], tail[name]]))


def random_rows(seed: int, n: int, keys: int) -> list[Row]:
    rng = np.random.default_rng(seed)
    gaps = rng.integers(-30_000, 40_000, n)
    hub = rng.random(n) < 0.3
    key = np.where(hub, 1, rng.integers(0, keys, n))
    return [
        (int(k), int(g), bool(c), int(v), int(o))
        for k, g, c, v, o in zip(
            key,
            gaps,
            rng.random(n) < 0.9,
            rng.integers(0, 12, n),
            rng.integers(1, 9, n),
            strict=True,
        )
    ]


def test_a_long_stream_with_a_hub_and_many_keys() -> None:
    data = columns(random_rows(7, 6000, 800))
    w = window()
    check(run(FeatureSet([w]), data, [17, 900, 4000]), data, w)


def test_many_segments_grow_and_every_key_stays_findable() -> None:
    n = 60_000
    rng = np.random.default_rng(3)
    keys = rng.integers(1, 2**63, n, dtype=np.uint64)
    w = window(keys_max=100_000)
    found = FeatureSet([w])
    data = columns([(1, 1, True, 1, 1)] * n) | {"key": keys}
    found.update("s", data)
    again = found.update("s", data | {"at": data["at"][-1:].repeat(n)})
    assert (again["n"] == 2).all()
    assert found.sizes()["w"][0] == n


def test_a_full_table_refuses_new_keys_says_so_and_keeps_the_old() -> None:
    w = window(keys_max=5000)
    found = FeatureSet([w])
    n = 8000
    data = columns([(1, 1, True, 1, 1)] * n)
    data["key"] = np.arange(1, n + 1, dtype=np.uint64)
    told = found.update("s", data)
    assert np.isnan(told["n"]).sum() == 3000
    assert found.counters()["w"].refused == 3000
    data["at"] = data["at"] + 1000
    assert (found.update("s", data)["n"][:5000] == 2).all()


def test_silent_keys_make_room() -> None:
    w = window(keys_max=5000)
    found = FeatureSet([w])
    data = columns([(1, 1, True, 1, 1)] * 5000)
    for round_ in range(4):
        data["key"] = np.arange(1, 5001, dtype=np.uint64) + np.uint64(round_ * 10_000)
        data["at"] = data["at"] + 3 * 3_600_000
        told = found.update("s", data)
        # One pass of the sweep runs behind each batch, so the next one finds room.
        found.update("s", columns([(0, 0, True, 1, 1)] * 5000) | {"at": data["at"] + 3_000_000})
        assert np.isnan(told["n"]).sum() == 0
    assert found.counters()["w"].expired >= 15_000


@pytest.mark.parametrize("buckets", [64, 256])
def test_distinct_stays_within_its_bound_and_forgets(buckets: int) -> None:
    w = Window(
        name="w",
        stream="s",
        key=("key",),
        over="1h",
        step="10m",
        lateness="5m",
        features=(Distinct("different", of="other", buckets=buckets),),
    )
    rng = np.random.default_rng(11)
    errors = []
    for key in range(1, 201):
        true = int(rng.integers(1, 2 * buckets))
        others = rng.integers(1, 2**63, true, dtype=np.uint64)
        found = FeatureSet([w])
        data = {
            "at": np.full(true, 1_000_000_000, np.int64),
            "key": np.full(true, key, np.uint64),
            "other": others,
        }
        value = found.update("s", data)["different"][-1]
        errors.append((value - true) / true)
        later = {k: v[:1] for k, v in data.items()} | {"at": np.array([1_000_000_000 + 3_600_000])}
        assert found.update("s", later)["different"][0] == 1
    # Linear counting at up to two values a bucket: standard error below 14 % (64) and 7 % (256).
    assert np.sqrt(np.mean(np.square(errors))) < (0.14 if buckets == 64 else 0.07)


def test_beyond_the_sketch_it_says_truncated() -> None:
    w = Window(
        name="w",
        stream="s",
        key=("key",),
        over="1h",
        step="10m",
        lateness="5m",
        features=(Distinct("different", of="other"),),
    )
    n = 5000
    told = FeatureSet([w]).update(
        "s",
        {
            "at": np.full(n, 10**9, np.int64),
            "key": np.full(n, 1, np.uint64),
            "other": np.arange(1, n + 1, dtype=np.uint64),
        },
    )
    assert told["w_truncated"][-1]
    assert not told["w_truncated"][0]

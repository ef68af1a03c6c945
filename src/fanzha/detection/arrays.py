"""Columns of an admitted batch as the arrays that windows are fed with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from fanzha.values.keys import key64

__all__ = ["Array", "Bools", "Columns", "Floats", "Keys", "among", "both_sides", "equals", "floats",
           "frame_of", "instants", "keys_of", "known", "known_all", "text_keys", "truths", "twice",
           "within_hours"]  # fmt: skip

_CHINA_MS = 8 * 3_600_000
_FEW = 64
"""Rows that are looked at one by one: asking an engine takes longer."""

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Keys = npt.NDArray[np.uint64]
Columns = dict[str, Array]


def frame_of(batch: pa.RecordBatch) -> pl.DataFrame:
    """An admitted batch with kinds as plain texts, which conditions compare."""
    columns = [
        column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        for column in batch.columns
    ]
    return pl.DataFrame(pa.RecordBatch.from_arrays(columns, names=batch.schema.names))


def each_once(frame: pl.DataFrame) -> pl.DataFrame:
    """Each event of a whole file once, in an order that does not depend on how the rows came."""
    return frame.unique(["source", "event_id"], keep="first").sort("at", "source", "event_id")


def keys_of(frame: pl.DataFrame, column: str) -> Keys:
    """A key column of the door's; zeros (no identifier) where the sender has none."""
    if column not in frame.columns:
        return np.zeros(frame.height, dtype=np.uint64)
    return frame[column].to_numpy()


def text_keys(frame: pl.DataFrame, column: str, kind: str | None = None) -> Keys:
    """Keys of a text column that is no identifier of the door's: a device, a trunk, a place; 0
    where the sender has none. `kind` keeps apart equal texts of different meaning."""
    keys = np.zeros(frame.height, dtype=np.uint64)
    if column not in frame.columns or frame[column].null_count() == frame.height:
        return keys
    named = frame[column].to_arrow().dictionary_encode()
    spoken = [key64(kind or column, name) for name in named.dictionary.to_pylist()]
    there = named.indices.is_valid().to_numpy(zero_copy_only=False)
    keys[there] = np.array(spoken, np.uint64)[named.indices.drop_null().to_numpy()]
    return keys


def instants(frame: pl.DataFrame) -> npt.NDArray[np.int64]:
    """`at` in ms UTC."""
    return frame["at"].to_numpy().view(np.int64)


def floats(frame: pl.DataFrame, column: str, absent: float = 0.0) -> Floats:
    """A number column, with `absent` where the sender has none."""
    if column not in frame.columns:
        return np.full(frame.height, absent)
    values = frame[column].to_numpy().astype(np.float64)
    if np.isnan(absent):
        return values
    values[np.isnan(values)] = absent
    return values


def equals(frame: pl.DataFrame, column: str, value: str) -> Bools:
    """Rows where a text column that has no nulls is this value."""
    return (frame[column] == value).to_numpy()


def among(frame: pl.DataFrame, column: str, *values: str | bool | None) -> Bools:
    """Rows where a column is one of these; null is no, unless None is among them. An absent column
    is all null."""
    if column not in frame.columns:
        return np.full(frame.height, None in values)
    here = frame[column]
    if frame.height <= _FEW:
        return np.fromiter((value in values for value in here.to_list()), np.bool_, frame.height)
    wanted = here.is_in([v for v in values if v is not None]).fill_null(value=None in values)
    return wanted.to_numpy()


def truths(frame: pl.DataFrame, *conditions: pl.Expr) -> list[Bools]:
    """Conditions row by row, worked out at once; null is no."""
    named = [c.fill_null(value=False).alias(str(k)) for k, c in enumerate(conditions)]
    return [column.to_numpy() for column in frame.select(named)]


def known(name: str, values: Floats, mask: Bools | None = None) -> pl.Series:
    """A feature column: null where it is NaN, and where the mask says it cannot be known."""
    if mask is not None:
        values = np.where(mask, values, np.nan)
    return pl.Series(name, values, nan_to_null=True)


def known_all(told: Mapping[str, Floats]) -> list[pl.Series]:
    """Many feature columns at once: null where they are NaN."""
    columns = [pa.array(values, from_pandas=True) for values in told.values()]
    return pl.DataFrame(pa.RecordBatch.from_arrays(columns, names=list(told))).get_columns()


def both_sides(first: Array, second: Array) -> Array:
    """Interleave: row i becomes rows 2i (first side) and 2i + 1 (second side)."""
    out = np.empty(2 * len(first), dtype=first.dtype)
    out[0::2], out[1::2] = first, second
    return out


def twice(values: Array) -> Array:
    """Each value for both sides."""
    return np.repeat(values, 2)


def within_hours(at: npt.NDArray[np.int64], first: int, last: int) -> Bools:
    """Whether instants lie between two hours of Chinese time; the span may pass midnight."""
    hour = (at + _CHINA_MS) // 3_600_000 % 24
    after, before = hour >= first, hour < last
    found: Bools = after & before if first < last else after | before
    return found

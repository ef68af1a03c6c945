"""Columns of an admitted batch as the arrays that windows are fed with."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["Array", "Bools", "Columns", "Keys", "both_sides", "floats", "instants", "keys_of",
           "twice"]  # fmt: skip

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Keys = npt.NDArray[np.uint64]
Columns = dict[str, Array]


def keys_of(frame: pl.DataFrame, column: str) -> Keys:
    """A key column; zeros (no identifier) where the sender has none."""
    if column not in frame.columns:
        return np.zeros(frame.height, dtype=np.uint64)
    return frame[column].fill_null(0).to_numpy().astype(np.uint64, copy=False)


def instants(frame: pl.DataFrame) -> npt.NDArray[np.int64]:
    """`at` in ms UTC."""
    return frame["at"].to_physical().to_numpy().astype(np.int64, copy=False)


def floats(frame: pl.DataFrame, column: str, absent: float = 0.0) -> npt.NDArray[np.float64]:
    """A number column, with `absent` where the sender has none."""
    if column not in frame.columns:
        return np.full(frame.height, absent)
    return frame[column].cast(pl.Float64).fill_null(absent).to_numpy()


def both_sides(first: Array, second: Array) -> Array:
    """Interleave: row i becomes rows 2i (first side) and 2i + 1 (second side)."""
    out = np.empty(2 * len(first), dtype=first.dtype)
    out[0::2], out[1::2] = first, second
    return out


def twice(values: Array) -> Array:
    """Each value for both sides."""
    return np.repeat(values, 2)

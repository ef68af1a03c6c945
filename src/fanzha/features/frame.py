"""A batch's columns: conditions and numbers, each worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.features.lanes import Mask, Value

Columns = Mapping[str, npt.NDArray[Any]]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Keys = npt.NDArray[np.uint64]

AT_BOUND = 2**61
"""Instants beyond ± this many ms are taken as the bound, so that no difference overflows."""
VALUE_BOUND = 2**53
"""Values times their scale beyond ± this are taken as the bound: below it a float is exact."""


class Frame:
    """One batch: `at` is int64 ms; keys are uint64; others numbers or booleans; NaN is null."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._holds: dict[str | None, Bools] = {}
        self._panes: dict[int, Ints] = {}
        self._places: dict[tuple[int, int], Ints] = {}
        self._there: dict[tuple[str, bool], Bools] = {}
        self._masks: dict[Mask | frozenset[Mask], Bools] = {}
        self._values: dict[Value, Ints | Floats] = {}
        self.at: Ints = np.clip(np.asarray(columns["at"], np.int64), -AT_BOUND, AT_BOUND)
        self.watermark: Ints = self.at
        if "watermark" in columns:
            self.watermark = np.clip(np.asarray(columns["watermark"]), -AT_BOUND, AT_BOUND)

    def panes(self, step: int, panes: int) -> tuple[Ints, Ints]:
        """Each row's pane, and its place in a ring of so many."""
        if step not in self._panes:
            self._panes[step] = self.at // step
        if (step, panes) not in self._places:
            self._places[step, panes] = self._panes[step] % panes
        return self._panes[step], self._places[step, panes]

    def holds(self, where: str | None) -> Bools:
        """Rows where a SQL boolean holds; null is no."""
        if where not in self._holds:
            column = self._columns.get(where) if where is not None else None
            if where is None:
                found = np.ones(len(self.at), np.bool_)
            elif column is not None and column.dtype == np.bool_:
                found = column
            else:
                truth, names = _condition(where)
                frame = pl.DataFrame({n: self._columns[n] for n in names}, nan_to_null=True)
                # A condition on no column is one value for all rows.
                found = np.broadcast_to(frame.select(w=truth)["w"].to_numpy(), self.at.shape)
            self._holds[where] = found
        return self._holds[where]

    def mask(self, mask: Mask | frozenset[Mask]) -> Bools:
        """Rows that a mask, or one of several, lets count."""
        if mask not in self._masks:
            self._masks[mask] = self._mask(mask)
        return self._masks[mask]

    def _mask(self, mask: Mask | frozenset[Mask]) -> Bools:
        if isinstance(mask, frozenset):
            rows = np.zeros(len(self.at), np.bool_)
            for one in mask:
                rows |= self.mask(one)
            return rows
        allowed, where, of, is_key, below = mask
        if below is not None:
            with np.errstate(invalid="ignore"):
                return self.mask(mask._replace(below=None)) & (self._columns[str(of)] < below)
        if allowed is not None and where is not None:
            return self.holds(allowed) & self.mask(mask._replace(allowed=None))
        rows = self.holds(where if allowed is None else allowed)
        if of is None:
            return rows
        there = self._is_there(of, is_key)
        return there if allowed is None and where is None else rows & there

    def _is_there(self, name: str, is_key: bool) -> Bools:
        if (name, is_key) not in self._there:
            column = self._columns[name]
            there: Bools
            if is_key:
                there = column != 0
            elif column.dtype.kind == "f":
                there = np.isfinite(column)
            else:
                there = np.ones(len(column), np.bool_)
            self._there[name, is_key] = there
        return self._there[name, is_key]

    def value(self, value: Value) -> Ints | Floats:
        """A column as the kernel takes it; what is not there is of no meaning."""
        if value not in self._values:
            self._values[value] = self._value(value)
        return self._values[value]

    def _value(self, value: Value) -> Ints | Floats:
        if value.is_key:
            return self.key(value.of).view(np.int64)
        column = self._columns[value.of]
        if not value.scale:
            there = self._is_there(value.of, False)
            reals = np.clip(np.asarray(column, np.float64), -VALUE_BOUND, VALUE_BOUND)
            return np.where(there, reals, 0.0)
        if column.dtype.kind == "f":
            scaled = column * float(value.scale)
            np.clip(scaled, -VALUE_BOUND, VALUE_BOUND, out=scaled)
            np.rint(scaled, out=scaled)
            with np.errstate(invalid="ignore"):
                return scaled.astype(np.int64)  # what is NaN has no mask
        bound = VALUE_BOUND // value.scale
        if column.dtype == np.uint64:
            column = np.minimum(column, np.uint64(bound))
        whole: Ints = np.clip(column.astype(np.int64), -bound, bound) * value.scale
        return whole

    def key(self, name: str) -> Keys:
        """A key column."""
        return np.ascontiguousarray(self._columns[name], np.uint64)

    def keys(self, names: tuple[str, ...]) -> Keys:
        """One key from one or several columns; 0 where any of them is 0."""
        keys = self.key(names[0])
        for name in names[1:]:
            other = self.key(name)
            none = (keys == 0) | (other == 0)
            both = _mix(keys * np.uint64(0x9E3779B97F4A7C15) + _mix(other))
            keys = np.where(none, np.uint64(0), np.maximum(both, np.uint64(1)))
        return keys


@lru_cache(maxsize=1024)
def _condition(where: str) -> tuple[pl.Expr, list[str]]:
    """A SQL boolean, null made no, and the columns it names."""
    truth = pl.sql_expr(where)
    return truth.fill_null(False), truth.meta.root_names()


def _mix(x: Keys) -> Keys:
    """SplitMix64's finaliser."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Keys = x ^ (x >> np.uint64(31))
    return mixed

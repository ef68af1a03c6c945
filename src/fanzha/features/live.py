"""Declared windows at work: batches of columns in, one number a feature and row out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.errors import Misconfigured
from fanzha.features.declare import Feature, Kind, Window
from fanzha.features.kernel.rows import LOWEST, LOWEST_NARROW, NULL_KEY, REFUSED, TRUNCATED
from fanzha.features.layout import Layout
from fanzha.features.table import Counters, KeyedTable, Lanes

Columns = Mapping[str, npt.NDArray[Any]]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class FeatureSet:
    """All windows of one detector, by stream. Deterministic, and blind to batch boundaries."""

    def __init__(self, windows: Iterable[Window]) -> None:
        self._tables = [_Table(window) for window in windows]
        names = [f.name for t in self._tables for f in t.window.features]
        if len(set(names)) != len(names):
            raise Misconfigured(
                "feature_twice",
                zh="特征名重复",
                en="a feature name stands twice",
                field=next(n for n in names if names.count(n) > 1),
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Every feature, in the order declared."""
        return tuple(f.name for t in self._tables for f in t.window.features)

    def update(self, stream: str, columns: Columns) -> dict[str, Floats]:
        """Count a batch and tell each row's features, as they stand after the row.

        `columns["at"]` is int64 ms; key columns are uint64; others numbers or booleans. NaN is
        null. For each window a boolean column `<window>_truncated` says where a sketch was full.
        """
        told: dict[str, Floats] = {}
        for table in self._tables:
            if table.window.stream == stream:
                told.update(table.update(columns))
        return told

    def counters(self) -> dict[str, Counters]:
        """By window: late, refused, truncated rows, expired keys."""
        return {t.window.name: t.table.counters for t in self._tables}

    def sizes(self) -> dict[str, tuple[int, int]]:
        """By window: keys tracked, bytes in use."""
        return {t.window.name: (t.table.keys, t.table.bytes) for t in self._tables}

    def snapshot(self) -> dict[str, npt.NDArray[np.generic]]:
        """All tables, by `<window>.<part>`."""
        return {
            f"{t.window.name}.{part}": array
            for t in self._tables
            for part, array in t.table.snapshot().items()
        }

    def restore(self, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Take over a snapshot made with the same declarations; only into a new set."""
        for t in self._tables:
            prefix = f"{t.window.name}."
            t.table.restore(
                {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
            )


Lane = tuple[str, str | None, str | None, float]
"""What a lane keeps: its sort, column, condition, and scale or bound. Features share lanes."""

_SORTS = ("counts", "sums", "floats", "wide", "narrow", "lasts", "distincts")


class _Plan:
    """Which lanes a window needs, and where each stands."""

    def __init__(self, window: Window) -> None:
        self.lanes: dict[str, dict[Lane, Feature]] = {sort: {} for sort in _SORTS}
        for f in window.features:
            for sort, lane in _lanes_of(f):
                self.lanes[sort].setdefault(lane, f)

    def count(self, sort: str) -> int:
        return len(self.lanes[sort])

    def place(self, sort: str, lane: Lane) -> int:
        """The lane's number within its sort."""
        return list(self.lanes[sort]).index(lane)

    def column(self, lane: Lane, sort: str) -> int:
        """The lane's column among the kernel's totals."""
        order = ("counts", "sums", "floats", "wide", "narrow", "distincts")
        before = order[: order.index(sort)]
        return sum(self.count(s) for s in before) + self.place(sort, lane)


def _lanes_of(f: Feature) -> list[tuple[str, Lane]]:
    """The lanes a feature is made from."""
    rows: Lane = ("rows", f.of, f.where, 0)
    total: Lane = ("sum", f.of, f.where, f.scale)
    match f.kind:
        case Kind.COUNT:
            return [("counts", rows)]
        case Kind.SUM:
            return [("sums", total)]
        case Kind.MEAN:
            return [("counts", rows), ("sums", total)]
        case Kind.SHARE:
            below: Lane = ("below", f.of, f.where, float(f.below or 0))
            return [("counts", rows), ("counts", below)]
        case Kind.STD:
            return [("counts", rows), ("sums", total), ("floats", ("square", f.of, f.where, 1))]
        case Kind.MAX | Kind.MIN:
            sort = "narrow" if f.narrow else "wide"
            return [(sort, (f.kind.value, f.of, f.where, f.scale))]
        case Kind.DISTINCT:
            return [("distincts", ("distinct", f.of, f.where, 0))]
        case Kind.CHANGES:
            changes: Lane = ("changes", f.of, f.where, 0)
            return [("lasts", changes), ("counts", changes)]
        case Kind.LAST:
            return [("lasts", ("last", f.of, f.where, f.scale))]
        case Kind.SINCE:
            # Without a condition of its own it follows the key's newest row: no lane is needed.
            return [("lasts", ("since", None, f.where, 0))] if f.where else []


class _Table:
    """One window: fills the lanes from columns, and reads features from totals."""

    def __init__(self, window: Window) -> None:
        self.window = window
        plan = self._plan = _Plan(window)
        buckets = {f.buckets for f in plan.lanes["distincts"].values()}
        if len(buckets) > 1:
            raise Misconfigured(
                "buckets_differ",
                zh="同一窗口的去重特征应使用相同的桶数",
                en="distinct features of one window need the same number of buckets",
                field=window.name,
            )
        shape = Layout(
            panes=window.panes,
            counts=plan.count("counts"),
            sums=plan.count("sums"),
            floats=plan.count("floats"),
            wide=plan.count("wide"),
            narrow=plan.count("narrow"),
            lasts=plan.count("lasts"),
            distincts=plan.count("distincts"),
            buckets=buckets.pop() if buckets else 0,
        )
        changed = [
            plan.place("lasts", lane) if lane[0] == "changes" else -1
            for lane in plan.lanes["counts"]
        ]
        self.table = KeyedTable(
            shape,
            step=window.step_ms,
            lateness=window.lateness_ms,
            forget=window.forget_ms,
            keys_max=window.keys_max,
            changed=tuple(changed),
            before=tuple(lane[0] == "since" for lane in plan.lanes["lasts"]),
        )

    def update(self, columns: Columns) -> dict[str, Floats]:
        lanes = self._lanes(columns)
        totals, lasts, flags = self.table.update(lanes)
        null = (flags & (NULL_KEY | REFUSED)) != 0
        told: dict[str, Any] = {}
        for f in self.window.features:
            value = self._tell(f, totals, lasts, lanes.at)
            value[null] = np.nan
            told[f.name] = value
        told[f"{self.window.name}_truncated"] = (flags & TRUNCATED) != 0
        return told

    # ── in ───────────────────────────────────────────────────────────────────────────────────────

    def _lanes(self, columns: Columns) -> Lanes:
        n = len(columns["at"])
        frame = _Frame(columns)
        allowed = frame.holds(self.window.where)
        counted = np.zeros(n, np.bool_)
        for f in self.window.features:
            counted |= frame.counts_for(f)
        counted &= allowed
        at = np.ascontiguousarray(columns["at"], np.int64)

        def filled(sort: str, kind: type[np.generic], value: Callable[[Lane, Feature], Any]) -> Any:
            rows = np.empty((self._plan.count(sort), n), kind)
            for place, (lane, f) in enumerate(self._plan.lanes[sort].items()):
                rows[place] = value(lane, f)
            return rows

        def mask(f: Feature) -> Bools:
            return allowed & frame.counts_for(f)

        def count(lane: Lane, f: Feature) -> Bools:
            return mask(f) & (frame.number(f) < lane[3]) if lane[0] == "below" else mask(f)

        def greatest(lowest: int) -> Callable[[Lane, Feature], Any]:
            return lambda lane, f: np.where(mask(f), frame.signed(f, lowest), lowest)

        return Lanes(
            keys=_mixed_keys([columns[k] for k in self.window.key]),
            at=at,
            counted=counted,
            counts=filled("counts", np.int64, count),
            sums=filled("sums", np.int64, lambda _, f: np.where(mask(f), frame.scaled(f), 0)),
            floats=filled(
                "floats", np.float64, lambda _, f: np.where(mask(f), frame.number(f) ** 2, 0.0)
            ),
            wide=filled("wide", np.int64, greatest(LOWEST)),
            narrow=filled("narrow", np.int32, greatest(LOWEST_NARROW)),
            lasts=filled("lasts", np.int64, lambda lane, f: frame.last_value(lane[0], f, at)),
            lasts_on=filled("lasts", np.bool_, lambda _, f: mask(f)),
            distincts=filled(
                "distincts",
                np.uint64,
                lambda _, f: np.where(mask(f), columns[str(f.of)], np.uint64(0)),
            ),
        )

    # ── out ──────────────────────────────────────────────────────────────────────────────────────

    def _tell(
        self,
        f: Feature,
        totals: Floats,
        lasts: npt.NDArray[np.int64],
        at: npt.NDArray[np.int64],
    ) -> Floats:
        plan = self._plan
        lanes = _lanes_of(f)
        columns = [totals[plan.column(lane, sort)] for sort, lane in lanes if sort != "lasts"]
        raw = [lasts[plan.place(sort, lane)] for sort, lane in lanes if sort == "lasts"]
        match f.kind:
            case Kind.COUNT | Kind.CHANGES | Kind.DISTINCT:
                return columns[0].copy()
            case Kind.SUM:
                return columns[0] / f.scale
            case Kind.MEAN:
                return _over(columns[1] / f.scale, columns[0])
            case Kind.SHARE:
                return _over(columns[1], columns[0])
            case Kind.STD:
                n, total, square = columns
                mean = _over(total, n)
                spread = np.sqrt(np.maximum(_over(square, n) - mean * mean, 0.0))
                return np.where(n >= 2, spread, np.nan)
            case Kind.MAX | Kind.MIN:
                lowest = LOWEST_NARROW if f.narrow else LOWEST
                sign = 1.0 if f.kind is Kind.MAX else -1.0
                return np.where(columns[0] <= lowest, np.nan, sign * columns[0] / f.scale)
            case Kind.LAST:
                return np.where(raw[0] == 0, np.nan, (raw[0] - np.sign(raw[0])) / f.scale)
            case Kind.SINCE:
                if not raw:
                    age = totals[-1]
                    return np.where(age < 0, np.nan, age / 1000.0)
                since = np.maximum(at - (raw[0] - 1), 0) / 1000.0
                return np.where(raw[0] == 0, np.nan, since)


class _Frame:
    """A batch's columns: conditions and numbers, each worked out once."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._frame: pl.DataFrame | None = None
        self._n = len(columns["at"])
        self._known: dict[str, Bools] = {}

    def holds(self, where: str | None) -> Bools:
        """Rows where a SQL boolean holds; null is no."""
        if where is None:
            return np.ones(self._n, np.bool_)
        if where not in self._known:
            column = self._columns.get(where)
            if column is not None and column.dtype == np.bool_:
                self._known[where] = column
            else:
                if self._frame is None:
                    self._frame = pl.DataFrame(dict(self._columns))
                found = self._frame.select(pl.sql_expr(where).fill_null(False).alias("w"))
                self._known[where] = found["w"].to_numpy()
        return self._known[where]

    def counts_for(self, f: Feature) -> Bools:
        """Rows that count for a feature: its condition holds, and its column is there."""
        rows = self.holds(f.where)
        if f.of is None:
            return rows
        column = self._columns[f.of]
        if f.kind in (Kind.DISTINCT, Kind.CHANGES):
            return rows & (column != 0)
        return rows & np.isfinite(column) if column.dtype.kind == "f" else rows

    def number(self, f: Feature) -> Floats:
        """The column as float64, null as 0 (masked by `counts_for`)."""
        return np.nan_to_num(np.asarray(self._columns[str(f.of)], np.float64), posinf=0, neginf=0)

    def scaled(self, f: Feature) -> npt.NDArray[np.int64]:
        """The column in whole multiples of 1/scale; whole numbers stay exact."""
        column = self._columns[str(f.of)]
        if column.dtype.kind in "iub":
            return column.astype(np.int64) * f.scale
        limit = float(2**53)
        return np.rint(np.clip(self.number(f) * f.scale, -limit, limit)).astype(np.int64)

    def signed(self, f: Feature, lowest: int) -> npt.NDArray[np.int64]:
        """Values for a maximum; a minimum is the maximum of the negated values."""
        sign = 1 if f.kind is Kind.MAX else -1
        return np.clip(sign * self.scaled(f), lowest + 1, -lowest - 1)

    def last_value(self, sort: str, f: Feature, at: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """What a last-value lane keeps; never 0, which stands for none."""
        if sort == "since":
            return at + 1
        if sort == "changes":
            return np.ascontiguousarray(self._columns[str(f.of)], np.uint64).view(np.int64)
        value = self.scaled(f)
        return np.where(value >= 0, value + 1, value - 1)


def _mixed_keys(columns: list[npt.NDArray[Any]]) -> npt.NDArray[np.uint64]:
    """One key from one or several; 0 where any of them is 0."""
    keys = np.ascontiguousarray(columns[0], np.uint64)
    for column in columns[1:]:
        other = np.ascontiguousarray(column, np.uint64)
        none = (keys == 0) | (other == 0)
        x = keys * np.uint64(0x9E3779B97F4A7C15) + _mix(other)
        keys = np.where(none, np.uint64(0), _mix(x) | np.uint64(1))
    return keys


def _mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: npt.NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed


def _over(total: Floats, n: Floats) -> Floats:
    """Total over n; null where n is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = np.where(n > 0, total / n, np.nan)
    return found

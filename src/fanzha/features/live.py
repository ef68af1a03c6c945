"""Declared windows at work: batches of columns in, one number a feature and row out."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.errors import Misconfigured
from fanzha.features.declare import Feature, Kind, Window
from fanzha.features.frame import Bools, Columns, Floats, Frame, Ints, Keys, coded, decoded
from fanzha.features.kernel.store import (
    LOWEST,
    LOWEST_NARROW,
    NULL_KEY,
    REFUSED,
    TRUNCATED,
    Batch,
    Told,
)
from fanzha.features.lanes import Lane, Plan, lanes_of
from fanzha.features.layout import layout_of
from fanzha.features.table import Counters, KeyedTable

CHUNK = 30_000
"""Rows that go through the kernel at a time: their lanes stay in the processor's cache."""


MakeFeatures = Callable[[Iterable[Window]], "FeatureSet"]
"""What a detector makes its windows with: `FeatureSet`, or one that shares them out."""


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

    def update(self, stream: str, columns: Columns) -> dict[str, npt.NDArray[Any]]:
        """Count a batch and tell each row's features, as they stand after the row.

        `columns["at"]` is int64 ms; key columns are uint64; others numbers or booleans. NaN is
        null. Where the batch is part of a stream, `columns["watermark"]` is the greatest `at` of
        the whole stream up to each row. For each window a boolean column `<window>_truncated` says
        where a sketch was full or a total stood at its cap.
        """
        n = len(columns["at"])
        told = []
        for start in range(0, max(n, 1), CHUNK):
            part = {name: array[start : start + CHUNK] for name, array in columns.items()}
            told.append(self._update(stream, part))
        if len(told) == 1:
            return told[0]
        return {name: np.concatenate([part[name] for part in told]) for name in told[0]}

    def _update(self, stream: str, columns: Columns) -> dict[str, npt.NDArray[Any]]:
        frame = Frame(columns)
        told: dict[str, npt.NDArray[Any]] = {}
        for table in self._tables:
            if table.window.stream == stream:
                told.update(table.update(frame))
        return told

    def counters(self) -> dict[str, Counters]:
        """By window: late, refused, truncated rows, expired keys."""
        return {t.window.name: t.table.counters for t in self._tables}

    def sizes(self) -> dict[str, tuple[int, int]]:
        """By window: keys tracked, bytes in use."""
        return {t.window.name: (t.table.keys, t.table.bytes) for t in self._tables}

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        """All tables, by `<window>.<part>`."""
        return {
            f"{t.window.name}.{part}": array
            for t in self._tables
            for part, array in t.snapshot().items()
        }

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over a snapshot made with the same declarations; only into a new set."""
        for t in self._tables:
            prefix = f"{t.window.name}."
            t.restore({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})


class _Table:
    """One window: fills the lanes from columns, and reads features from totals."""

    def __init__(self, window: Window) -> None:
        self.window = window
        plan = self._plan = Plan(window)
        self.table = KeyedTable(
            layout_of(plan.shape),
            step=window.step_ms,
            lateness=window.lateness_ms,
            forget=window.forget_ms,
            keys_max=window.keys_max,
            changed=plan.changed,
            before=plan.before,
        )
        lanes = {sort: list(lanes) for sort, lanes in plan.lanes.items()}
        self._declared = np.array([zlib.crc32(repr((window.key, window.where, lanes)).encode())])

    def update(self, frame: Frame) -> dict[str, npt.NDArray[Any]]:
        told = self.table.update(self._batch(frame))
        null = (told.flags & (NULL_KEY | REFUSED)) != 0
        found: dict[str, npt.NDArray[Any]] = {}
        for f in self.window.features:
            value = self._tell(f, told, frame.at)
            value[null] = np.nan
            found[f.name] = value
        found[f"{self.window.name}_truncated"] = (told.flags & TRUNCATED) != 0
        return found

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        return {**self.table.snapshot(), "declared": self._declared}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        self._fits(state)
        self.table.restore(state)

    def adopt(self, state: Mapping[str, npt.NDArray[Any]], wanted: Callable[[Keys], Bools]) -> None:
        """Take over the keys wanted from a snapshot made with the same declaration."""
        self._fits(state)
        self.table.adopt(state, wanted)

    def _fits(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        if not np.array_equal(state.get("declared", ()), self._declared):
            raise Misconfigured(
                "snapshot_unfit",
                zh="快照与当前特征定义不符",
                en="the snapshot was made with other declarations",
                field=self.window.name,
            )

    # ── in ───────────────────────────────────────────────────────────────────────────────────────

    def _batch(self, frame: Frame) -> Batch:
        n = len(frame.at)
        allowed = frame.holds(self.window.where)
        everywhere = self.window.where is None
        counted = np.zeros(n, np.bool_)
        for f in self.window.features:
            counted |= frame.counts_for(f)
        counted &= allowed

        def mask(f: Feature) -> Bools:
            return frame.counts_for(f) if everywhere else allowed & frame.counts_for(f)

        def filled(sort: str, kind: type[np.generic], value: Callable[[Lane, Feature], Any]) -> Any:
            lanes = self._plan.lanes[sort]
            rows = np.empty((len(lanes), n), kind)
            for place, (lane, f) in enumerate(lanes.items()):
                rows[place] = value(lane, f)
            return rows

        def count(lane: Lane, f: Feature) -> Bools:
            return mask(f) & (frame.number(f) < lane.scale) if lane.what == "below" else mask(f)

        def real(lane: Lane, f: Feature) -> Floats:
            value = frame.valued(f, mask(f))
            return value * value if lane.what == "square" else value

        def greatest(lowest: int) -> Callable[[Lane, Feature], Ints]:
            """A minimum is the maximum of the negated values."""

            def value(lane: Lane, f: Feature) -> Ints:
                scaled = frame.scaled(f, mask(f))
                signed = scaled if lane.what == Kind.MAX else -scaled
                return np.where(mask(f), np.clip(signed, lowest + 1, -lowest - 1), lowest)

            return value

        def last(lane: Lane, f: Feature) -> Ints:
            if lane.what == "changes":
                return frame.key(str(f.of)).view(np.int64)
            return coded(frame.at if lane.what == "since" else frame.scaled(f, mask(f)))

        return Batch(
            keys=frame.keys(self.window.key),
            at=frame.at,
            watermark=frame.watermark,
            counted=counted,
            counts=filled("counts", np.bool_, count),
            sums=filled("sums", np.int64, lambda _, f: frame.scaled(f, mask(f))),
            floats=filled("floats", np.float64, real),
            wide=filled("wide", np.int64, greatest(LOWEST)),
            narrow=filled("narrow", np.int32, greatest(LOWEST_NARROW)),
            lasts=filled("lasts", np.int64, last),
            lasts_on=filled("lasts", np.bool_, lambda _, f: mask(f)),
            distincts=filled(
                "distincts", np.uint64, lambda _, f: np.where(mask(f), frame.key(str(f.of)), 0)
            ),
        )

    # ── out ──────────────────────────────────────────────────────────────────────────────────────

    def _tell(self, f: Feature, told: Told, at: Ints) -> Floats:
        plan = self._plan
        lanes = lanes_of(f)
        columns = [told.totals[plan.column(*lane)] for lane in lanes if lane[0] != "lasts"]
        kept = [told.lasts[plan.place(*lane)] for lane in lanes if lane[0] == "lasts"]
        match f.kind:
            case Kind.COUNT | Kind.CHANGES | Kind.DISTINCT:
                return np.copy(columns[0])
            case Kind.SUM:
                total: Floats = columns[0] / f.scale
                return total
            case Kind.MEAN:
                return _over(columns[1], columns[0] * f.scale)
            case Kind.SHARE:
                return _over(columns[1], columns[0])
            case Kind.STD:
                n, amount, square = columns
                mean = _over(amount, n)
                spread = np.sqrt(np.maximum(_over(square, n) - mean * mean, 0.0))
                return np.where(n >= 2, spread, np.nan)
            case Kind.MAX | Kind.MIN:
                lowest = LOWEST_NARROW if f.narrow else LOWEST
                scale = f.scale if f.kind is Kind.MAX else -f.scale
                return np.where(columns[0] <= lowest, np.nan, columns[0] / scale)
            case Kind.LAST:
                return np.where(kept[0] == 0, np.nan, decoded(kept[0]) / f.scale)
            case Kind.SINCE:
                if not kept:
                    age = told.totals[-1]
                    return np.where(age < 0, np.nan, age / 1000.0)
                since = np.maximum(at - decoded(kept[0]), 0) / 1000.0
                return np.where(kept[0] == 0, np.nan, since)


def _over(total: Floats, n: Floats) -> Floats:
    """Total over n; null where n is 0."""
    found: Floats = np.full(total.shape, np.nan)
    np.divide(total, n, out=found, where=n > 0)
    return found

"""What a window keeps for its features: lanes, shared where two features need the same."""

from __future__ import annotations

import math
from typing import NamedTuple

from fanzha.errors import Misconfigured
from fanzha.features.declare import GAP, OF_KEYS, Feature, Kind, Window
from fanzha.features.kernel.store import CHANGE, PAUSE
from fanzha.features.layout import Lanes

SORTS = ("counts", "sums", "floats", "wide", "narrow", "lasts", "trails", "distincts")
_GAP_SCALE = 1000
"""Gaps are whole milliseconds, told in seconds."""


class Mask(NamedTuple):
    """Rows where both conditions hold, and the column is there and lies below a bound."""

    allowed: str | None
    where: str | None
    of: str | None = None
    is_key: bool = False
    below: float | None = None


class Value(NamedTuple):
    """A column as the kernel takes it: a key, whole multiples of 1/scale, or (scale 0) a float."""

    of: str
    scale: int = 0
    is_key: bool = False


class Source(NamedTuple):
    """A row compared with the one before it: a key that changed, or how long (ms, below `under`).

    `last` is the last value that it rests on; None for the section's newest row.
    """

    says: int
    last: Lane | None = None
    under: float = math.inf


class Lane(NamedTuple):
    """One number kept a pane, or last values kept a key; `what` tells last values apart."""

    on: Mask | Source
    of: Value | Source | None = None
    scale: int = 1
    """What is told is divided by it. Negative for a minimum; of a float sum, 2 sums squares."""
    what: str = ""


class Plan:
    """Which lanes one window needs, and in which columns its features are told."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.lanes: dict[str, list[Lane]] = {sort: [] for sort in SORTS}
        self.sources: list[Source] = []
        told = {f.name: self._lanes_of(f) for f in window.features}
        self.aged = any(not lanes for lanes in told.values())
        columns = [
            (sort, lane) for sort in SORTS for lane in self.lanes[sort] if lane.what != "key"
        ]
        self.columns = len(columns) + self.aged
        self.places = {
            name: [columns.index(lane) for lane in lanes] or [len(columns)]
            for name, lanes in told.items()
        }
        """By feature: the columns from which it is made, counted from the section's first."""
        self.shape = Lanes(
            panes=window.panes,
            length=self._same(Kind.TRAIL, "length"),
            buckets=self._same(Kind.DISTINCT, "buckets"),
            **{sort: len(lanes) for sort, lanes in self.lanes.items()},
        )

    @property
    def counted(self) -> frozenset[Mask]:
        """Masks of which one must hold for a row to count."""
        masks = {self._mask(f) for f in self.window.features}
        all_of_them = Mask(self.window.where, None)
        return frozenset({all_of_them} if all_of_them in masks else masks)

    def _same(self, kind: Kind, what: str) -> int:
        found = {int(getattr(f, what)) for f in self.window.features if f.kind is kind}
        if len(found) > 1:
            raise Misconfigured(
                f"{what}_differ",
                zh="同一窗口的同类特征应使用相同的桶数和长度",
                en="features of one kind in one window need the same number of buckets and length",
                field=self.window.name,
            )
        return found.pop() if found else 0

    # ── lanes of a feature ───────────────────────────────────────────────────────────────────────

    def _lanes_of(self, f: Feature) -> list[tuple[str, Lane]]:
        """The lanes it is told from, entered among those that are needed."""
        told = self._of_gaps(f) if f.of == GAP else self._of_column(f)
        for sort, lane in told:
            self._need(sort, lane)
        return told

    def _of_column(self, f: Feature) -> list[tuple[str, Lane]]:
        rows = Lane(self._mask(f))
        match f.kind:
            case Kind.COUNT:
                return [("counts", rows)]
            case Kind.SHARE:
                return [("counts", rows), ("counts", Lane(self._mask(f, below=f.below)))]
            case Kind.SINCE:
                # Without a condition of its own it follows the newest row: no lane is needed.
                return [("lasts", self._instant(f))] if f.where else []
            case Kind.STD:
                real = rows._replace(of=Value(str(f.of)))
                return [("counts", rows), ("floats", real), ("floats", real._replace(scale=2))]
            case Kind.DISTINCT | Kind.TRAIL | Kind.CHANGES:
                key = rows._replace(of=Value(str(f.of), is_key=True))
                if f.kind is Kind.DISTINCT:
                    return [("distincts", key)]
                if f.kind is Kind.TRAIL:
                    return [("trails", key)]
                last = self._need("lasts", key._replace(what="key"))
                return [("counts", Lane(self._source(Source(CHANGE, last))))]
        number = rows._replace(of=Value(str(f.of), f.scale), scale=f.scale)
        match f.kind:
            case Kind.SUM:
                return [("sums", number)]
            case Kind.MEAN:
                return [("counts", rows), ("sums", number)]
            case Kind.LAST:
                return [("lasts", number._replace(what="value"))]
        sign = 1 if f.kind is Kind.MAX else -1
        return [("narrow" if f.narrow else "wide", number._replace(scale=sign * f.scale))]

    def _of_gaps(self, f: Feature) -> list[tuple[str, Lane]]:
        last = self._need("lasts", self._instant(f)) if f.where else None
        gap = self._source(Source(PAUSE, last))
        rows, total = Lane(gap), Lane(gap, gap, _GAP_SCALE)
        match f.kind:
            case Kind.COUNT:
                return [("counts", rows)]
            case Kind.SHARE:
                under = self._source(gap._replace(under=_GAP_SCALE * float(f.below or 0)))
                return [("counts", rows), ("counts", Lane(under))]
            case Kind.SUM:
                return [("sums", total)]
            case Kind.MEAN:
                return [("counts", rows), ("sums", total)]
            case Kind.STD:
                real = Lane(gap, gap)
                return [("counts", rows), ("floats", real), ("floats", real._replace(scale=2))]
        sign = 1 if f.kind is Kind.MAX else -1
        return [("wide", total._replace(scale=sign * _GAP_SCALE))]

    def _need(self, sort: str, lane: Lane) -> Lane:
        if lane not in self.lanes[sort]:
            self.lanes[sort].append(lane)
        return lane

    def _source(self, source: Source) -> Source:
        if source not in self.sources:
            self.sources.append(source)
        return source

    def _instant(self, f: Feature) -> Lane:
        return Lane(Mask(self.window.where, f.where), what="instant")

    def _mask(self, f: Feature, below: float | None = None) -> Mask:
        of = None if f.of == GAP else f.of
        return Mask(self.window.where, f.where, of, f.kind in OF_KEYS, below)

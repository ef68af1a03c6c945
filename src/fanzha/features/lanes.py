"""What a window keeps for its features: lanes, shared where two features need the same."""

from __future__ import annotations

from typing import NamedTuple

from fanzha.errors import Misconfigured
from fanzha.features.declare import Feature, Kind, Window
from fanzha.features.layout import Lanes

SORTS = ("counts", "sums", "floats", "wide", "narrow", "lasts", "distincts")
_TOLD = ("counts", "sums", "floats", "wide", "narrow", "distincts")


class Lane(NamedTuple):
    """One number kept a pane, or one last value a key."""

    what: str
    of: str | None
    where: str | None
    scale: float = 0
    """Scale of a sum, maximum or last value; the bound of `below`."""


class Plan:
    """Which lanes a window needs, and where each stands."""

    def __init__(self, window: Window) -> None:
        self.lanes: dict[str, dict[Lane, Feature]] = {sort: {} for sort in SORTS}
        for f in window.features:
            for sort, lane in lanes_of(f):
                self.lanes[sort].setdefault(lane, f)
        buckets = {f.buckets for f in self.lanes["distincts"].values()}
        if len(buckets) > 1:
            raise Misconfigured(
                "buckets_differ",
                zh="同一窗口的去重特征应使用相同的桶数",
                en="distinct features of one window need the same number of buckets",
                field=window.name,
            )
        self.shape = Lanes(
            panes=window.panes,
            buckets=buckets.pop() if buckets else 0,
            **{sort: len(lanes) for sort, lanes in self.lanes.items()},
        )
        self.changed = tuple(
            self.place("lasts", lane) if lane.what == "changes" else -1
            for lane in self.lanes["counts"]
        )
        self.before = tuple(lane.what == "since" for lane in self.lanes["lasts"])

    def place(self, sort: str, lane: Lane) -> int:
        """The lane's number within its sort."""
        return list(self.lanes[sort]).index(lane)

    def column(self, sort: str, lane: Lane) -> int:
        """The lane's column among the kernel's totals."""
        before = _TOLD[: _TOLD.index(sort)]
        return sum(len(self.lanes[s]) for s in before) + self.place(sort, lane)


def lanes_of(f: Feature) -> list[tuple[str, Lane]]:
    """The lanes a feature is made from, by sort."""
    rows = Lane("rows", f.of, f.where)
    total = Lane("sum", f.of, f.where, f.scale)
    match f.kind:
        case Kind.COUNT:
            return [("counts", rows)]
        case Kind.SUM:
            return [("sums", total)]
        case Kind.MEAN:
            return [("counts", rows), ("sums", total)]
        case Kind.SHARE:
            below = Lane("below", f.of, f.where, float(f.below or 0))
            return [("counts", rows), ("counts", below)]
        case Kind.STD:
            value, square = (Lane(what, f.of, f.where) for what in ("value", "square"))
            return [("counts", rows), ("floats", value), ("floats", square)]
        case Kind.MAX | Kind.MIN:
            sort = "narrow" if f.narrow else "wide"
            return [(sort, Lane(f.kind.value, f.of, f.where, f.scale))]
        case Kind.DISTINCT:
            return [("distincts", Lane("distinct", f.of, f.where))]
        case Kind.CHANGES:
            changes = Lane("changes", f.of, f.where)
            return [("lasts", changes), ("counts", changes)]
        case Kind.LAST:
            return [("lasts", Lane("last", f.of, f.where, f.scale))]
        case Kind.SINCE:
            # Without a condition of its own it follows the key's newest row: no lane is needed.
            return [("lasts", Lane("since", None, f.where))] if f.where else []

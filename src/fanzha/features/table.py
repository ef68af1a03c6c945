"""A table of windows by key: memory reserved once, touched as keys come, swept as they go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.errors import Misconfigured
from fanzha.features.kernel import index, rows
from fanzha.features.kernel import store as memory
from fanzha.features.kernel.reserve import reserve
from fanzha.features.kernel.store import Batch, Bools, Keys, Rules, Store, Told
from fanzha.features.layout import Layout

_FORM = 2
_PARTS = ("directory", "depths", "fill", "slots", "words", "free")

Parts = dict[str, npt.NDArray[Any]]


@dataclass
class Counters:
    """What a table did not count, and why."""

    late: int = 0
    refused: int = 0
    truncated: int = 0
    expired: int = 0


class KeyedTable:
    """Rows by key for one layout.

    `changed[c]` is the last-value lane whose changes count lane c counts, or −1 for a plain count.
    `before[l]`: last-value lane l is told as it was before the row, else as it is after it.
    Times are ms. Memory for `keys_max` keys is reserved as addresses, and used as keys come.
    """

    def __init__(
        self,
        shape: Layout,
        *,
        step: int,
        lateness: int,
        forget: int,
        keys_max: int,
        changed: tuple[int, ...],
        before: tuple[bool, ...],
    ) -> None:
        self.shape = shape
        self.counters = Counters()
        self._rules = Rules(step, lateness, forget, keys_max, keys_max.bit_length())
        # A segment is at least about half full once it has split; twice that is room for chance.
        segments = max(4, 4 * keys_max // index.SEGMENT)
        depth = max(2, int(np.ceil(np.log2(segments))) + 2)
        row_bytes = reserve(8 * shape.stride * keys_max)
        self._store = Store(
            directory=np.zeros(1 << depth, np.int32),
            depths=np.zeros(segments, np.int8),
            fill=np.zeros(segments, np.int32),
            slots=np.frombuffer(reserve(4 * segments * index.SEGMENT), np.uint32),
            meta=np.zeros(8, np.int64),
            words=np.frombuffer(row_bytes, np.int64),
            halves=np.frombuffer(row_bytes, np.int32),
            octets=np.frombuffer(row_bytes, np.uint8),
            reals=np.frombuffer(row_bytes, np.float64),
            free=np.frombuffer(reserve(4 * keys_max), np.uint32),
            held=np.zeros(index.SEGMENT, np.uint32),
            rows=np.zeros(rows.AHEAD, np.int64),
            changed=np.array(changed, np.int64),
            before=np.array(before, np.bool_),
            estimate=_estimates(shape.buckets),
        )
        self._store.meta[memory.SEGMENTS] = 1
        self._store.meta[memory.WATERMARK] = memory.LOWEST

    @property
    def keys(self) -> int:
        """Keys that are tracked now."""
        return int(self._store.meta[memory.ROWS] - self._store.meta[memory.FREE])

    @property
    def watermark(self) -> int:
        """The greatest instant of the stream so far, ms."""
        return int(self._store.meta[memory.WATERMARK])

    @property
    def bytes(self) -> int:
        """Memory in use: rows ever made, segments, free list, directory."""
        return sum(self._used(name).nbytes for name in _PARTS)

    def update(self, batch: Batch) -> Told:
        """Take in a batch: totals (columns × n), last values (lanes × n) and flags (n), as the
        table stands after each row."""
        n = batch.keys.shape[0]
        told = Told(
            np.empty((self.shape.outputs, n), np.float64),
            np.empty((self.shape.lasts, n), np.int64),
            np.empty(n, np.uint8),
        )
        rows.update(self.shape, self._rules, self._store, batch, told)
        self.counters.late += int(np.count_nonzero(told.flags & memory.LATE))
        self.counters.refused += int(np.count_nonzero(told.flags & memory.REFUSED))
        self.counters.truncated += int(np.count_nonzero(told.flags & memory.TRUNCATED))
        self.counters.expired = int(self._store.meta[memory.EXPIRED])
        return told

    # ── snapshots ────────────────────────────────────────────────────────────────────────────────

    def snapshot(self) -> Parts:
        """The parts in use, copied."""
        return {
            "form": self._form(),
            "meta": self._store.meta.copy(),
            "counters": np.array(list(vars(self.counters).values()), np.int64),
            **{name: self._used(name).copy() for name in _PARTS},
        }

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over a snapshot of a table of the same form; only into a table not yet used.

        Raises Misconfigured where the form differs, the table is in use, or a part is cut short.
        """
        if not np.array_equal(state["form"], self._form()):
            raise _bad("快照与当前特征定义不符", "the snapshot was made with other declarations")
        if self._store.meta[memory.SEEN]:
            raise _bad("只能恢复到新表", "a snapshot is only taken over by a new table")
        self._store.meta[:] = state["meta"]
        for name in _PARTS:
            target = self._used(name)
            if target.shape != state[name].shape:
                raise _bad("快照不完整", "the snapshot is not whole")
            target[:] = state[name]
        self.counters = Counters(*(int(v) for v in state["counters"]))

    def adopt(self, state: Mapping[str, npt.NDArray[Any]], wanted: Callable[[Keys], Bools]) -> None:
        """Take over the keys wanted of another table's snapshot, beside those that are here.

        Raises Misconfigured where the form differs. What finds no room counts as refused.
        """
        if not np.array_equal(state["form"], self._form()):
            raise _bad("快照与当前特征定义不符", "the snapshot was made with other declarations")
        meta = self._store.meta
        # The watermark first: no row that is taken over may look silent to the sweep before it.
        meta[memory.WATERMARK] = max(meta[memory.WATERMARK], state["meta"][memory.WATERMARK])
        words = np.ascontiguousarray(state["words"])
        keys = words[:: self.shape.stride].view(np.uint64)
        mine = (keys != 0) & wanted(keys)
        refused = rows.adopt(words, mine, self.shape, self._rules, self._store)
        self.counters.refused += int(refused)

    def _used(self, name: str) -> npt.NDArray[Any]:
        """The part of an array that is in use."""
        meta = self._store.meta
        length = {
            "directory": 1 << int(meta[memory.DEPTH]),
            "depths": int(meta[memory.SEGMENTS]),
            "fill": int(meta[memory.SEGMENTS]),
            "slots": int(meta[memory.SEGMENTS]) * index.SEGMENT,
            "words": int(meta[memory.ROWS]) * self.shape.stride,
            "free": int(meta[memory.FREE]),
        }[name]
        used: npt.NDArray[Any] = getattr(self._store, name)[:length]
        return used

    def _form(self) -> npt.NDArray[np.int64]:
        return np.array([_FORM, *self.shape, *self._rules, *self._store.changed], np.int64)


def _bad(zh: str, en: str) -> Misconfigured:
    return Misconfigured("snapshot_unfit", zh=zh, en=en, field="snapshot")


def _estimates(buckets: int) -> npt.NDArray[np.float64]:
    """Linear counting: with k of m buckets hit, about m·ln(m/(m−k)) values were seen.

    Whang, Vander-Zanden, Taylor 1990. With every bucket hit the estimate is a lower bound, and the
    row is marked truncated.
    """
    if buckets == 0:
        return np.zeros(1)
    hit = np.arange(buckets + 1)
    left = np.maximum(buckets - hit, 0.5)
    return np.round(buckets * np.log(buckets / left))

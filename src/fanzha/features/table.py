"""A table of windows by key: memory reserved once, touched as keys come, swept as they go."""

from __future__ import annotations

import mmap
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.errors import Misconfigured
from fanzha.features.kernel import index, rows, sweep
from fanzha.features.layout import Layout

Ints = npt.NDArray[np.int64]
_FORM = 1


@dataclass
class Counters:
    """What a table did not count, and why."""

    late: int = 0
    refused: int = 0
    truncated: int = 0
    expired: int = 0


@dataclass(frozen=True)
class Lanes:
    """One batch for one table: arrays of n rows; lanes are rows of two-dimensional arrays."""

    keys: npt.NDArray[np.uint64]
    at: Ints
    counted: npt.NDArray[np.bool_]
    counts: Ints
    sums: Ints
    floats: npt.NDArray[np.float64]
    wide: Ints
    narrow: npt.NDArray[np.int32]
    lasts: Ints
    lasts_on: npt.NDArray[np.bool_]
    distincts: npt.NDArray[np.uint64]


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
        if not 1 <= shape.panes <= 254:
            raise Misconfigured(
                "too_many_panes",
                zh="窗口最多 254 格",
                en="a window has 1 to 254 panes",
                field="over",
            )
        self.shape = shape
        self.counters = Counters()
        self._step, self._lateness, self._forget = step, lateness, forget
        self._keys_max = keys_max
        self._changed = np.array(changed, np.int64)
        self._before = np.array(before, np.bool_)
        # A segment is at least about half full once it has split; twice that is room for chance.
        segments = max(4, 4 * keys_max // index.SEGMENT)
        depth = max(2, int(np.ceil(np.log2(segments))) + 2)
        self._directory = np.zeros(1 << depth, np.int32)
        self._depths = np.zeros(segments, np.int8)
        self._fill = np.zeros(segments, np.int32)
        self._slots = np.frombuffer(_reserve(4 * segments * index.SEGMENT), np.uint32)
        self._marks = np.frombuffer(_reserve(segments * index.SEGMENT), np.uint8)
        rows_buffer = _reserve(8 * shape.stride * keys_max)
        self._words = np.frombuffer(rows_buffer, np.int64)
        self._halves = np.frombuffer(rows_buffer, np.int32)
        self._octets = np.frombuffer(rows_buffer, np.uint8)
        self._free = np.frombuffer(_reserve(4 * keys_max), np.uint32)
        self._meta = np.zeros(8, np.int64)
        self._meta[index.SEGMENTS] = 1
        self._meta[index.WATERMARK] = rows.LOWEST
        self._estimate = _estimates(shape.buckets)

    @property
    def keys(self) -> int:
        """Keys that are tracked now."""
        return int(self._meta[index.ROWS] - self._meta[index.FREE])

    @property
    def bytes(self) -> int:
        """Memory in use: rows ever made, segments, marks, free list, directory."""
        made = int(self._meta[index.ROWS])
        segments = int(self._meta[index.SEGMENTS])
        return (
            made * self.shape.stride * 8
            + segments * index.SEGMENT * 5
            + int(self._meta[index.FREE]) * 4
            + self._directory[: 1 << int(self._meta[index.DEPTH])].nbytes
            + segments * 5
        )

    def update(self, lanes: Lanes) -> tuple[npt.NDArray[np.float64], Ints, npt.NDArray[np.uint8]]:
        """Totals (columns × n), last values (lanes × n), flags (n), each as after its row."""
        n = lanes.keys.shape[0]
        out = np.empty((self.shape.outputs, n), np.float64)
        lasts = np.empty((self.shape.lasts, n), np.int64)
        flags = np.empty(n, np.uint8)
        rows.update(
            self.shape.numbers, lanes.keys, lanes.at, lanes.counted, lanes.counts, lanes.sums, lanes.floats,
            lanes.wide, lanes.narrow, lanes.lasts, lanes.lasts_on, self._before, self._changed,
            lanes.distincts, self._step, self._lateness, self._forget, self._keys_max, self._estimate,
            self._directory, self._depths, self._fill, self._slots, self._marks, self._meta,
            self._words, self._halves, self._octets, self._free, out, lasts, flags,
        )  # fmt: skip
        self.counters.late += int(np.count_nonzero(flags & rows.LATE))
        self.counters.refused += int(np.count_nonzero(flags & rows.REFUSED))
        self.counters.truncated += int(np.count_nonzero(flags & rows.TRUNCATED))
        # The sweep looks at as many rows as came: it keeps up, and never stops the stream.
        self.counters.expired += int(
            sweep.sweep(
                n, self._forget + self._lateness, self.shape.stride, self._directory, self._fill,
                self._slots, self._marks, self._meta, self._words, self._free,
            )
        )  # fmt: skip
        return out, lasts, flags

    # ── snapshots ────────────────────────────────────────────────────────────────────────────────

    def snapshot(self) -> dict[str, npt.NDArray[np.generic]]:
        """The parts in use, copied."""
        made = int(self._meta[index.ROWS]) * self.shape.stride
        segments = int(self._meta[index.SEGMENTS])
        return {
            "form": np.array([_FORM, self.shape.stride, self._step, self._keys_max], np.int64),
            "meta": self._meta.copy(),
            "directory": self._directory[: 1 << int(self._meta[index.DEPTH])].copy(),
            "depths": self._depths[:segments].copy(),
            "fill": self._fill[:segments].copy(),
            "slots": self._slots[: segments * index.SEGMENT].copy(),
            "marks": self._marks[: segments * index.SEGMENT].copy(),
            "words": self._words[:made].copy(),
            "free": self._free[: int(self._meta[index.FREE])].copy(),
            "counters": np.array(list(vars(self.counters).values()), np.int64),
        }

    def restore(self, state: dict[str, npt.NDArray[np.generic]]) -> None:
        """Take over a snapshot of a table of the same form; only into a new table."""
        form = [_FORM, self.shape.stride, self._step, self._keys_max]
        if list(state["form"]) != form:
            raise Misconfigured(
                "snapshot_of_another_form",
                zh="快照与当前特征定义不符",
                en="the snapshot was made with other feature definitions",
                field="snapshot",
            )
        for name in ("directory", "depths", "fill", "slots", "marks", "words", "free"):
            target = getattr(self, f"_{name}")
            target[: state[name].shape[0]] = state[name]
        self._meta[:] = state["meta"]
        self.counters = Counters(*(int(v) for v in state["counters"]))


def _reserve(size: int) -> mmap.mmap:
    """Addresses without memory behind them until they are written."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
    return mmap.mmap(-1, max(size, mmap.PAGESIZE), flags=flags)


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

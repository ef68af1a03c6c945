"""A table of windows by key: memory reserved once, touched as keys come, swept as they go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.errors import Misconfigured
from fanzha.features.form import Form
from fanzha.features.kernel import index, keep, rows
from fanzha.features.kernel import store as memory
from fanzha.features.kernel.reserve import reserve
from fanzha.features.kernel.store import Batch, Bools, Keys, Rules, Store, Told
from fanzha.features.layout import Section

_FORM = 3
_SECTION = [(name, np.int64) for name in Section._fields]
_INDEX = ("directory", "depths", "fill", "slots")

Parts = dict[str, npt.NDArray[Any]]


@dataclass
class Counters:
    """What a window did not count, and why; `expired` counts keys, of all windows of a table."""

    late: int = 0
    refused: int = 0
    truncated: int = 0
    expired: int = 0


class KeyedTable:
    """Rows by key: one run of bytes a key, a section of it for each window.

    Memory for `keys_max` keys is reserved as addresses, and used as keys come. What follows from
    the rows, the index, is not part of a snapshot.
    """

    def __init__(self, form: Form, *, keys_max: int) -> None:
        self.form = form
        self.counters = [Counters() for _ in form.sections]
        bits = keys_max.bit_length()
        self._rules = Rules(form.stride, form.heads, keys_max, bits, _ahead(form), _group(form))
        # A segment is at least about half full once it has split; twice that is room for chance.
        segments = max(4, 4 * keys_max // index.SEGMENT)
        depth = max(2, int(np.ceil(np.log2(segments))) + 2)
        row_bytes = reserve(8 * form.stride * keys_max)
        self._store = Store(
            directory=np.zeros(1 << depth, np.int32),
            depths=np.zeros(segments, np.int8),
            fill=np.zeros(segments, np.int32),
            slots=np.frombuffer(reserve(4 * segments * index.SEGMENT), np.uint32),
            meta=np.zeros(memory.PLACES, np.int64),
            words=np.frombuffer(row_bytes, np.int64),
            halves=np.frombuffer(row_bytes, np.int32),
            octets=np.frombuffer(row_bytes, np.uint8),
            reals=np.frombuffer(row_bytes, np.float64),
            copy=np.zeros(0, np.int64),
            kept=np.zeros(0, np.uint8),
            sections=np.array(form.sections, _SECTION),
            on=form.on,
            of=form.of,
            scale=form.scale,
            last=form.last,
            follows=form.follows,
            former=form.former,
            says=form.says,
            under=form.under,
            nothing=form.nothing,
            estimate=form.estimate,
            estimates=form.estimates,
            held=np.zeros(index.SEGMENT, np.uint32),
            rows=np.zeros(rows.RING, np.int64),
            sourced=np.zeros(len(form.follows), np.int64),
        )
        self._store.meta[memory.SEGMENTS] = 1
        self._store.meta[memory.WATERMARK] = memory.LOWEST

    @property
    def keys(self) -> int:
        """Keys that are tracked now."""
        return int(self._store.meta[memory.ROWS] - self._store.meta[memory.FREE])

    @property
    def rows(self) -> int:
        """Rows ever made."""
        return int(self._store.meta[memory.ROWS])

    @property
    def watermark(self) -> int:
        """The greatest instant of the stream so far, ms."""
        return int(self._store.meta[memory.WATERMARK])

    @property
    def bytes(self) -> int:
        """Memory in use: rows ever made, and the index."""
        return self._words(self.rows).nbytes + sum(part.nbytes for part in self._index())

    def sizes(self) -> list[int]:
        """Bytes in use by section; the first also has the keys and the index."""
        found = [
            8 * self.rows * (1 + s.end - s.begin + -(-s.distincts * s.buckets // 8))
            + 8 * self.rows * s.panes * s.pane_words
            for s in self.form.sections
        ]
        found[0] += self.bytes - sum(found)
        return found

    def update(self, batch: Batch) -> Told:
        """Take in a batch: columns (× n) and flags (sections × n) as the table stands after each
        row; NaN is null."""
        n = batch.keys.shape[0]
        told = Told(
            np.empty((len(self.form.nothing), n), np.float64),
            np.empty((len(self.form.sections), n), np.uint8),
        )
        rows.update(self._rules, self._store, batch, told)
        for counters, flags in zip(self.counters, told.flags, strict=True):
            counters.late += int(np.count_nonzero(flags & memory.LATE))
            counters.refused += int(np.count_nonzero(flags & memory.REFUSED))
            counters.truncated += int(np.count_nonzero(flags & memory.TRUNCATED))
            counters.expired = int(self._store.meta[memory.EXPIRED])
        return told

    # ── snapshots ────────────────────────────────────────────────────────────────────────────────

    def begin_snapshot(self) -> Parts:
        """A snapshot of this instant, whole once `copy_more` says so; rows may come meanwhile.

        One that is not whole yet is given up.
        """
        meta = self._store.meta
        made = self.rows
        # Zeroed by the system as they are touched, a page at a time: nothing waits for all of them.
        copy = np.frombuffer(reserve(8 * max(1, made) * self.form.stride, huge=False), np.int64)
        parts = {
            "form": self._form(),
            "meta": self._store.meta.copy(),
            "counters": np.array([list(vars(c).values()) for c in self.counters], np.int64),
            "words": copy[: made * self.form.stride],
        }
        self._store = self._store._replace(copy=copy, kept=np.zeros(made, np.uint8))
        meta[memory.COPIED], meta[memory.COPIES] = 0, made
        return parts

    def copy_more(self, size: int) -> int:
        """Copy about so many bytes more of the snapshot begun; gives how many are left."""
        meta = self._store.meta
        if meta[memory.COPIED] < meta[memory.COPIES]:
            many = max(1, size // (8 * self.form.stride))
            keep.copy_rows(many, self._rules, self._store)
            if meta[memory.COPIED] == meta[memory.COPIES]:
                none = self._store._replace(copy=np.zeros(0, np.int64), kept=np.zeros(0, np.uint8))
                self._store = none
                meta[memory.COPIED] = meta[memory.COPIES] = 0
        return int(meta[memory.COPIES] - meta[memory.COPIED]) * 8 * self.form.stride

    def snapshot(self) -> Parts:
        """The rows ever made, copied at once."""
        parts = self.begin_snapshot()
        self.copy_more(parts["words"].nbytes)
        return parts

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over a snapshot of a table of the same form; only into a table not yet used.

        Raises Misconfigured where the form differs, the table is in use, or a part is cut short.
        """
        self._check(state)
        if self._store.meta[memory.SEEN]:
            raise _bad("只能恢复到新表", "a snapshot is only taken over by a new table")
        meta = self._store.meta
        for place in _OF_ROWS:
            meta[place] = state["meta"][place]
        self._words(self.rows)[:] = state["words"]
        if not rows.enter_all(self._rules, self._store):
            raise _bad("快照不完整", "the snapshot is not whole")
        self.counters = [Counters(*map(int, values)) for values in state["counters"]]

    def adopt(self, state: Mapping[str, npt.NDArray[Any]], wanted: Callable[[Keys], Bools]) -> None:
        """Take over the keys wanted of another table's snapshot, beside those that are here.

        Raises Misconfigured where the form differs. What finds no room counts as refused.
        """
        self._check(state)
        meta = self._store.meta
        # The watermark first: no row that is taken over may look silent to the sweep before it.
        meta[memory.WATERMARK] = max(meta[memory.WATERMARK], state["meta"][memory.WATERMARK])
        words = np.ascontiguousarray(state["words"])
        keys = words[:: self.form.stride].view(np.uint64)
        mine = (keys != 0) & wanted(keys)
        refused = rows.adopt(words, mine, self._rules, self._store)
        for counters in self.counters:
            counters.refused += int(refused)

    def _check(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        if not np.array_equal(state["form"], self._form()):
            raise _bad("快照与当前特征定义不符", "the snapshot was made with other declarations")
        if len(state["words"]) != int(state["meta"][memory.ROWS]) * self.form.stride:
            raise _bad("快照不完整", "the snapshot is not whole")

    def _words(self, made: int) -> npt.NDArray[np.int64]:
        return self._store.words[: made * self.form.stride]

    def _index(self) -> list[npt.NDArray[Any]]:
        meta = self._store.meta
        segments = int(meta[memory.SEGMENTS])
        used = (1 << int(meta[memory.DEPTH]), segments, segments, segments * index.SEGMENT)
        return [getattr(self._store, n)[:u] for n, u in zip(_INDEX, used, strict=True)]

    def _form(self) -> npt.NDArray[np.int64]:
        sections = self._store.sections.view(np.int64)
        lanes = [self._store.last, self._store.follows, self._store.former, self._store.says]
        terms = (_FORM, self._rules.stride, self._rules.rows_max)
        return np.concatenate([np.array(terms, np.int64), sections, *lanes])


_OF_ROWS = (
    memory.ROWS, memory.FREE, memory.FREED, memory.HAND, memory.WATERMARK, memory.SEEN,
    memory.EXPIRED,
)  # fmt: skip
"""What of `meta` says of rows; the rest is the index's."""


def _ahead(form: Form) -> int:
    """Rows asked for ahead: what they touch should fit the nearest cache beside the batch."""
    return int(np.clip(256 // _lines(form), 8, rows.AHEAD))


def _group(form: Form) -> int:
    """Rows asked for in one go: a core waits for some twenty to thirty lines at once, and what is
    asked for beyond them stands in the way of the work."""
    return int(np.clip(32 // _lines(form), 1, rows.GROUP))


def _lines(form: Form) -> int:
    """About how many cache lines an event touches."""
    return 1 + form.heads // 8 + sum(2 + s.distincts for s in form.sections)


def _bad(zh: str, en: str) -> Misconfigured:
    return Misconfigured("snapshot_unfit", zh=zh, en=en, field="snapshot")

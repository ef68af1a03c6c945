"""A run of entries in order with its table: never changed, only replaced by a merged one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from fanzha.errors import Refused
from fanzha.lists import kernel, merging
from fanzha.lists.form import CHANGES, ENTRIES
from fanzha.lists.kernel import FIELDS, ROW

__all__ = ["Level", "Run", "addresses", "index", "merged", "run_of", "seed_words", "table_of"]

_KEY = ("kind", "match", "key")
_FILLED = 0.625
"""The part of a table's places that is taken: eight bytes an entry, four looks a search."""


@dataclass(frozen=True, slots=True)
class Run:
    """Entries in order: three words each (`kernel.ROW`), and their texts one after the other."""

    rows: npt.NDArray[np.uint64]
    text: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.rows) // ROW


@dataclass(frozen=True, slots=True)
class Level:
    """A run that can be asked. Two tables, one behind the other: exact entries, wider ones."""

    run: Run
    tags: npt.NDArray[np.uint8]
    slots: npt.NDArray[np.uint32]
    exacts: int
    wides: int
    reach: npt.NDArray[np.uint64]

    @property
    def nbytes(self) -> int:
        arrays = (self.run.rows, self.run.text, self.tags, self.slots, self.reach)
        return sum(array.nbytes for array in arrays)


def seed_words(seed: int) -> npt.NDArray[np.uint64]:
    """The secret number below 2⁶¹ − 1 and the salt that follow from a seed of any size."""
    size = max(16, (seed.bit_length() + 7) // 8)
    digest = hashlib.blake2b(seed.to_bytes(size, "little"), digest_size=16).digest()
    key, salt = np.frombuffer(digest, "<u8")
    return np.array([int(key) % ((1 << 61) - 2) + 1, int(salt)], np.uint64)


def run_of(table: pa.Table) -> Run:
    """Entries (ENTRIES) or changes (CHANGES), in any order; of one key the last row counts.

    Raises Refused where a key is longer than 4,095 bytes.
    """
    form = CHANGES if "gone" in table.column_names else ENTRIES
    table = table.select(form.names).cast(form)
    run = _read(table)
    order = merging.in_order(run.rows, run.text)
    if order == 0:
        keys = [(name, "ascending") for name in _KEY]
        table = table.take(pa.compute.sort_indices(table, sort_keys=keys))
        run = _read(table)
        order = merging.in_order(run.rows, run.text)
    return run if order == 2 else _read(table.filter(_last_of_each(table)))


def _last_of_each(table: pa.Table) -> pa.Array:
    """Sorting keeps the order of equals: the last row of each key came last."""
    above, below = table.slice(0, table.num_rows - 1), table.slice(1)
    same = [
        pa.compute.equal(above[name].combine_chunks(), below[name].combine_chunks())
        for name in _KEY
    ]
    follows = pa.compute.and_(pa.compute.and_(same[0], same[1]), same[2])
    return pa.concat_arrays([pa.compute.invert(follows), pa.array([True])])


def _read(table: pa.Table) -> Run:
    key = _whole(table["key"].cast(pa.large_binary()))
    offsets = np.frombuffer(key.buffers()[1], np.int64)[key.offset : key.offset + len(key) + 1]
    data = key.buffers()[2]
    text = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    gone = np.zeros(0, np.uint8)
    if "gone" in table.column_names:
        gone = _plain(table["gone"].cast(pa.uint8()))
    rows = np.empty(ROW * len(key), np.uint64)
    if len(key) == 0:
        return Run(rows, np.zeros(0, np.uint8))
    kind, match, effect = (_plain(table[name]) for name in ("kind", "match", "effect"))
    code, ends_at = _plain(table["code"]), _plain(table["ends_at"])
    if not merging.fill(kind, match, offsets, effect, code, ends_at, gone, rows):
        raise Refused(
            "list_key_long",
            zh="名单中有过长的条目",
            en="an entry of the list is longer than 4,095 bytes",
            field="key",
        )
    return Run(rows, text[offsets[0] : offsets[-1]].copy())


def _whole(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _plain(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Numbers as they lie; a copy, so that the kernel meets one kind of array."""
    found: npt.NDArray[Any] = _whole(column).to_numpy(zero_copy_only=False).copy()
    return found


def merged(run: Run, newer: Run, *, keep_gone: bool) -> Run:
    """Both as one; where both have a key, `newer` counts."""
    nothing = Run(np.zeros(0, np.uint64), np.zeros(0, np.uint8))
    both = (run.rows, run.text, newer.rows, newer.text, keep_gone)
    count, size = merging.merge(*both, nothing.rows, nothing.text)
    if not count:
        return nothing
    out = Run(np.empty(ROW * count, np.uint64), np.empty(size, np.uint8))
    merging.merge(*both, out.rows, out.text)
    return out


def index(run: Run, seed: npt.NDArray[np.uint64]) -> Level:
    """Give a run its tables."""
    wider = int(np.count_nonzero(run.rows[::ROW] & np.uint64(255)))
    exacts, wides = _places(len(run) - wider), _places(wider)
    tags = np.zeros(exacts + wides, np.uint8)
    slots = np.empty(exacts + wides, np.uint32)
    reach = np.zeros(4, np.uint64)
    places = np.array([tags.ctypes.data, slots.ctypes.data], np.int64)
    begun = np.empty(kernel.AHEAD, np.uint64)
    kernel.enter(run.rows, run.text, seed, exacts, wides, tags, slots, places, reach, begun)
    return Level(run, tags, slots, exacts, wides, reach)


def _places(entries: int) -> int:
    return max(8, int(entries / _FILLED) + 1)


def addresses(levels: tuple[Level, ...]) -> npt.NDArray[np.int64]:
    """The kernel's view of levels, oldest first; good as long as they are."""
    found = np.zeros((len(levels), FIELDS), np.int64)
    for row, level in enumerate(levels):
        arrays = (level.tags, level.slots, level.run.rows, level.run.text)
        found[row] = [*(array.ctypes.data for array in arrays), level.exacts, level.wides]
    return found


def table_of(run: Run) -> pa.Table:
    """Entries as ENTRIES has them."""
    words = run.rows.reshape(-1, ROW)
    head, last = words[:, 0], words[:, 2]
    starts = np.append((head >> np.uint64(kernel.WHERE)).astype(np.int64), len(run.text))
    columns = [
        pa.array((head >> np.uint64(8) & np.uint64(255)).astype(np.uint8)),
        pa.array((head & np.uint64(255)).astype(np.uint8)),
        pa.chunked_array(_texts(run.text, starts), pa.binary()),
        pa.array((last & np.uint64(255)).astype(np.uint8)),
        pa.array(words[:, 1]),
        pa.array((last >> np.uint64(kernel.END)).astype(np.uint32)),
    ]
    return pa.table(columns, schema=ENTRIES)


_CHUNK = 1 << 30
"""Bytes of text in one Arrow array, which holds less than 2 GiB."""


def _texts(text: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]) -> list[pa.Array]:
    cuts = np.searchsorted(starts, np.arange(0, len(text), _CHUNK))
    cuts = np.unique([0, *cuts, len(starts) - 1])
    found = []
    for first, end in pairwise(cuts.tolist()):
        offsets = (starts[first : end + 1] - starts[first]).astype(np.int32)
        data = text[starts[first] : starts[end]]
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
        found.append(pa.BinaryArray.from_buffers(pa.binary(), end - first, buffers))
    return found

"""The index: from a 64-bit key to a row number, by extendible hashing over small segments.

A segment is an open-addressing table of `SEGMENT` slots. It splits in two when it is 70 % full, so
growing never moves more than one segment's keys. `directory` maps the top bits of the hash to a
segment; it doubles when a segment as deep as the directory splits.

Arrays (all owned by `table.KeyedTable`):
    directory  int32[2**depth_max]       segment of each prefix
    depths     int8[segments]            how many top bits a segment's keys share
    fill       int32[segments]           keys in a segment
    slots      uint32[segments*SEGMENT]  row + 1; 0 is empty
    marks      uint8[segments*SEGMENT]   8 bits of the hash: most wrong slots are passed over here
    meta       int64[8]                  DEPTH, SEGMENTS, ROWS, FREE, HAND, WATERMARK (see below)
"""

from __future__ import annotations

import numba
import numpy as np

SEGMENT = 4096
SEGMENT_FULL = int(SEGMENT * 0.7)

DEPTH, SEGMENTS, ROWS, FREE, HAND, WATERMARK = range(6)


@numba.njit(cache=True, inline="always")
def mixed(key):
    """SplitMix64's finaliser: every bit of the key reaches every bit of the hash."""
    x = np.uint64(key)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@numba.njit(cache=True, inline="always")
def segment_of(hash_, directory, meta):
    depth = meta[DEPTH]
    if depth == 0:
        return np.int64(directory[0])
    return np.int64(directory[np.int64(hash_ >> np.uint64(64 - depth))])


@numba.njit(cache=True, inline="always")
def find(key, hash_, base, slots, marks, words, stride):
    """Slot of the key in its segment, or of the empty slot that ends the search (as ~slot)."""
    mark = np.uint8((hash_ >> np.uint64(16)) & np.uint64(255))
    at = np.int64(hash_ & np.uint64(SEGMENT - 1))
    while True:
        slot = base + at
        row = slots[slot]
        if row == 0:
            return ~slot
        if marks[slot] == mark and np.uint64(words[np.int64(row - 1) * stride]) == key:
            return slot
        at = (at + 1) & (SEGMENT - 1)


@numba.njit(cache=True)
def put(key, row, directory, depths, fill, slots, marks, meta, words, stride):
    """Enter a key that is not there. False when no segment is left to split into."""
    hash_ = mixed(key)
    segment = segment_of(hash_, directory, meta)
    while fill[segment] >= SEGMENT_FULL:
        if not split(hash_, segment, directory, depths, fill, slots, marks, meta, words, stride):
            return False
        segment = segment_of(hash_, directory, meta)
    _enter(hash_, row, segment * SEGMENT, slots, marks)
    fill[segment] += 1
    return True


@numba.njit(cache=True, inline="always")
def _enter(hash_, row, base, slots, marks):
    at = np.int64(hash_ & np.uint64(SEGMENT - 1))
    while slots[base + at] != 0:
        at = (at + 1) & (SEGMENT - 1)
    slots[base + at] = np.uint32(row + 1)
    marks[base + at] = np.uint8((hash_ >> np.uint64(16)) & np.uint64(255))


@numba.njit(cache=True)
def split(hash_, segment, directory, depths, fill, slots, marks, meta, words, stride):
    """Share a full segment's keys with a new one by one more bit of the hash."""
    if meta[SEGMENTS] >= depths.shape[0]:
        return False
    depth = np.int64(depths[segment])
    if depth == meta[DEPTH]:
        size = np.int64(1) << depth
        if size * 2 > directory.shape[0]:
            return False
        for i in range(size - 1, -1, -1):
            directory[2 * i] = directory[i]
            directory[2 * i + 1] = directory[i]
        meta[DEPTH] += 1
    other = meta[SEGMENTS]
    meta[SEGMENTS] += 1
    depths[segment] = depth + 1
    depths[other] = depth + 1
    span = np.int64(1) << (meta[DEPTH] - depth)
    first = np.int64(0)
    if depth > 0:
        first = np.int64(hash_ >> np.uint64(64 - depth)) * span
    for i in range(first + span // 2, first + span):
        directory[i] = other
    base = segment * SEGMENT
    rows = slots[base : base + SEGMENT].copy()
    for i in range(SEGMENT):
        slots[base + i] = 0
    fill[segment] = 0
    fill[other] = 0
    for i in range(SEGMENT):
        if rows[i] != 0:
            row = np.int64(rows[i]) - 1
            moved = mixed(np.uint64(words[row * stride]))
            to = segment_of(moved, directory, meta)
            _enter(moved, row, to * SEGMENT, slots, marks)
            fill[to] += 1
    return True


@numba.njit(cache=True)
def drop(key, directory, fill, slots, marks, meta, words, stride):
    """Take a key out; the keys behind it move up, so that searches stay short for ever."""
    hash_ = mixed(key)
    segment = segment_of(hash_, directory, meta)
    base = segment * SEGMENT
    slot = find(key, hash_, base, slots, marks, words, stride)
    if slot < 0:
        return
    hole = slot - base
    at = hole
    while True:
        at = (at + 1) & (SEGMENT - 1)
        row = slots[base + at]
        if row == 0:
            break
        home = np.int64(
            mixed(np.uint64(words[np.int64(row - 1) * stride])) & np.uint64(SEGMENT - 1)
        )
        if ((at - home) & (SEGMENT - 1)) >= ((at - hole) & (SEGMENT - 1)):
            slots[base + hole] = row
            marks[base + hole] = marks[base + at]
            hole = at
    slots[base + hole] = 0
    fill[segment] -= 1

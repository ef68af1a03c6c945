"""The index: from a 64-bit key to a row number, by extendible hashing over small segments.

A segment is an open-addressing table of `SEGMENT` slots. It splits in two when it is 70 % full, so
growing never moves more than one segment's keys. `directory` maps the top bits of the hash to a
segment; it doubles when a segment as deep as the directory splits.

    directory  int32[2**depth_max]       segment of each prefix
    depths     int8[segments]            how many top bits a segment's keys share
    fill       int32[segments]           keys in a segment
    slots      uint32[segments*SEGMENT]  row + 1 in the low `row_bits`, 0 is empty; above them a
                                         tag, bits of the hash: most wrong slots are passed over
"""

from __future__ import annotations

import numpy as np

from fanzha.features.kernel.compiled import Int, compiled, inlined
from fanzha.features.kernel.store import DEPTH, SEGMENTS, Halves, Indexed, Ints, Slots

SEGMENT = 4096
SEGMENT_FULL = int(SEGMENT * 0.7)


@inlined
def mixed(key: Int) -> Int:
    """SplitMix64's finaliser: every bit of the key reaches every bit of the hash."""
    x = np.uint64(key)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@inlined
def segment_of(hash_: Int, store: Indexed) -> Int:
    """Segment that the top bits of the hash lead to."""
    # Shifting a 64-bit word by 64 is undefined, so the depth's bits are taken in two steps.
    top = (hash_ >> np.uint64(1)) >> np.uint64(63 - store.meta[DEPTH])
    return np.int64(store.directory[np.int64(top)])


@inlined
def tagged(hash_: Int, row_bits: Int) -> Int:
    """The tag of a hash, in place above the row's bits."""
    return np.uint32((hash_ >> np.uint64(12)) << np.uint64(row_bits))


@inlined
def home(hash_: Int) -> Int:
    """Slot of its segment at which a key's search begins."""
    return np.int64(hash_ & np.uint64(SEGMENT - 1))


@inlined
def guess(hash_: Int, base: Int, slots: Slots, row_bits: Int) -> Int:
    """Row whose tag fits, most likely the key's; −1 if none does. Looks at no row."""
    tag = tagged(hash_, row_bits)
    low = np.uint32((np.uint64(1) << np.uint64(row_bits)) - np.uint64(1))
    at = home(hash_)
    while True:
        held = slots[base + at]
        if held == 0:
            return np.int64(-1)
        if held & ~low == tag:
            return np.int64(held & low) - 1
        at = (at + 1) & (SEGMENT - 1)


@compiled
def find(key: Int, store: Indexed, stride: Int, row_bits: Int) -> tuple[Int, Int]:
    """Slot and row of a key; row −1 if it is not there."""
    hash_ = mixed(key)
    base = segment_of(hash_, store) * SEGMENT
    tag = tagged(hash_, row_bits)
    low = np.uint32((np.uint64(1) << np.uint64(row_bits)) - np.uint64(1))
    at = home(hash_)
    while True:
        held = store.slots[base + at]
        if held == 0:
            return base + at, np.int64(-1)
        row = np.int64(held & low) - 1
        if held & ~low == tag and np.uint64(store.words[row * stride]) == np.uint64(key):
            return base + at, row
        at = (at + 1) & (SEGMENT - 1)


@compiled
def put(key: Int, row: Int, store: Indexed, stride: Int, row_bits: Int) -> bool:
    """Enter a key that is not there. False when no segment is left to split into."""
    hash_ = mixed(key)
    segment = segment_of(hash_, store)
    while store.fill[segment] >= SEGMENT_FULL:
        if not split(hash_, segment, store, stride, row_bits):
            return False
        segment = segment_of(hash_, store)
    _enter(hash_, row, segment * SEGMENT, store.slots, row_bits)
    store.fill[segment] += 1
    return True


@compiled
def _enter(hash_: Int, row: Int, base: Int, slots: Slots, row_bits: Int) -> None:
    at = home(hash_)
    while slots[base + at] != 0:
        at = (at + 1) & (SEGMENT - 1)
    slots[base + at] = tagged(hash_, row_bits) | np.uint32(row + 1)


@compiled
def split(hash_: Int, segment: Int, store: Indexed, stride: Int, row_bits: Int) -> bool:
    """Share a full segment's keys with a new one by one more bit of the hash."""
    meta, depths, slots, fill = store.meta, store.depths, store.slots, store.fill
    if meta[SEGMENTS] >= depths.shape[0]:
        return False
    depth = np.int64(depths[segment])
    if depth == meta[DEPTH] and not _double(store.directory, meta):
        return False
    other = meta[SEGMENTS]
    meta[SEGMENTS] += 1
    depths[segment] = depth + 1
    depths[other] = depth + 1
    # Prefixes of the directory that lead to the segment: the upper half now leads to the other.
    span = np.int64(1) << (meta[DEPTH] - depth)
    first = np.int64((hash_ >> np.uint64(1)) >> np.uint64(63 - depth)) * span
    for i in range(first + span // 2, first + span):
        store.directory[i] = other
    base = segment * SEGMENT
    held = store.held
    for i in range(SEGMENT):
        held[i] = slots[base + i]
        slots[base + i] = 0
    fill[segment] = 0
    fill[other] = 0
    low = np.uint32((np.uint64(1) << np.uint64(row_bits)) - np.uint64(1))
    for i in range(SEGMENT):
        if held[i] != 0:
            row = np.int64(held[i] & low) - 1
            moved = mixed(store.words[row * stride])
            to = segment_of(moved, store)
            _enter(moved, row, to * SEGMENT, slots, row_bits)
            fill[to] += 1
    return True


@compiled
def _double(directory: Halves, meta: Ints) -> bool:
    """One more bit of prefix; both halves of each entry lead where it led."""
    size = np.int64(1) << meta[DEPTH]
    if size * 2 > directory.shape[0]:
        return False
    for i in range(size - 1, -1, -1):
        directory[2 * i + 1] = directory[i]
        directory[2 * i] = directory[i]
    meta[DEPTH] += 1
    return True


@compiled
def drop(key: Int, store: Indexed, stride: Int, row_bits: Int) -> None:
    """Take a key out; the keys behind it move up, so that searches stay short for ever."""
    slots = store.slots
    slot, row = find(key, store, stride, row_bits)
    if row < 0:
        return
    segment = slot // SEGMENT
    base = segment * SEGMENT
    hole = slot - base
    at = hole
    low = np.uint32((np.uint64(1) << np.uint64(row_bits)) - np.uint64(1))
    while True:
        at = (at + 1) & (SEGMENT - 1)
        held = slots[base + at]
        if held == 0:
            break
        begins = home(mixed(store.words[(np.int64(held & low) - 1) * stride]))
        if ((at - begins) & (SEGMENT - 1)) >= ((at - hole) & (SEGMENT - 1)):
            slots[base + hole] = held
            hole = at
    slots[base + hole] = 0
    store.fill[segment] -= 1

"""One row's window: emptied, moved on, added to, told."""

from __future__ import annotations

import numpy as np

from fanzha.features.kernel.compiled import Int, compiled, inlined
from fanzha.features.kernel.index import mixed
from fanzha.features.kernel.store import (
    COUNT_CAP,
    LOWEST,
    LOWEST_NARROW,
    SUM_CAP,
    TRUNCATED,
    Batch,
    Bytes,
    Floats,
    Store,
)
from fanzha.features.layout import Layout


@compiled
def clear(row: Int, shape: Layout, store: Store) -> None:
    """A fresh row: everything nought, maxima at their lowest. The key stays."""
    words, halves = store.words, store.halves
    base = row * shape.stride
    for i in range(1, shape.stride):
        words[base + i] = 0
    for f in range(shape.wide):
        words[base + shape.word_wide + f] = LOWEST
    for f in range(shape.narrow):
        halves[2 * base + shape.half_narrow + f] = LOWEST_NARROW
    for p in range(shape.panes):
        _empty_maxima(base + shape.ring + p * shape.pane_words, shape, store)


@compiled
def _empty_maxima(pane: Int, shape: Layout, store: Store) -> None:
    for f in range(shape.wide):
        store.words[pane + shape.ring_wide + f] = LOWEST
    for f in range(shape.narrow):
        store.halves[2 * pane + shape.ring_narrow + f] = LOWEST_NARROW


@compiled
def advance(row: Int, steps: Int, now: Int, shape: Layout, store: Store) -> None:
    """Move the window on by so many panes, to pane `now`; what falls out is forgotten."""
    words, halves = store.words, store.halves
    base = row * shape.stride
    panes = shape.panes
    lost_maximum = False
    for d in range(min(steps, panes)):
        pane = base + shape.ring + ((now - d) % panes) * shape.pane_words
        for f in range(shape.sums):
            words[base + shape.word_sums + f] -= words[pane + f]
            words[pane + f] = 0
        for f in range(shape.floats):
            store.reals[pane + shape.ring_floats + f] = 0.0
        for f in range(shape.counts):
            at = 2 * pane + shape.ring_counts + f
            halves[2 * base + shape.half_counts + f] -= halves[at]
            halves[at] = 0
        for f in range(shape.wide):
            lost = words[pane + shape.ring_wide + f]
            lost_maximum |= lost != LOWEST and lost == words[base + shape.word_wide + f]
        for f in range(shape.narrow):
            gone = halves[2 * pane + shape.ring_narrow + f]
            lost_maximum |= (
                gone != LOWEST_NARROW and gone == halves[2 * base + shape.half_narrow + f]
            )
        _empty_maxima(pane, shape, store)
    if lost_maximum:
        _maxima_again(base, shape, store)
    if shape.floats > 0:
        _floats_again(base, shape, store.reals)
    for f in range(shape.distincts):
        first = 8 * base + shape.byte_buckets + f * shape.buckets
        kept = _forget(first, shape.buckets, steps, now, panes, store.octets)
        halves[2 * base + shape.half_kept + f] = kept


@compiled
def _maxima_again(base: Int, shape: Layout, store: Store) -> None:
    """Maxima over the panes that are left."""
    words, halves = store.words, store.halves
    for f in range(shape.wide):
        top = np.int64(LOWEST)
        for p in range(shape.panes):
            top = max(top, words[base + shape.ring + p * shape.pane_words + shape.ring_wide + f])
        words[base + shape.word_wide + f] = top
    for f in range(shape.narrow):
        high = np.int64(LOWEST_NARROW)
        for p in range(shape.panes):
            pane = base + shape.ring + p * shape.pane_words
            high = max(high, np.int64(halves[2 * pane + shape.ring_narrow + f]))
        halves[2 * base + shape.half_narrow + f] = high


@compiled
def _floats_again(base: Int, shape: Layout, reals: Floats) -> None:
    """Float totals are summed afresh: taking away would let rounding errors pile up."""
    for f in range(shape.floats):
        total = 0.0
        for p in range(shape.panes):
            total += reals[base + shape.ring + p * shape.pane_words + shape.ring_floats + f]
        reals[base + shape.word_floats + f] = total


@compiled
def _forget(first: Int, buckets: Int, steps: Int, now: Int, panes: Int, octets: Bytes) -> Int:
    """Empty the buckets whose newest value left the window; gives how many stay hit."""
    if steps >= panes:
        for i in range(first, first + buckets):
            octets[i] = 0
        return np.int64(0)
    kept = np.int64(0)
    stamp_now = np.int32(now % 255 + 1)
    for i in range(first, first + buckets):
        stamp = np.int32(octets[i])
        age = stamp_now - stamp
        age += np.int32(255) * np.int32(age < 0)
        stays = np.int32(stamp != 0) & np.int32(age < panes)
        octets[i] = np.uint8(stamp * stays)
        kept += stays
    return kept


@inlined
def add(
    i: Int, row: Int, pane: Int, now: Int, in_order: bool, shape: Layout, store: Store, batch: Batch
) -> Int:
    """Count batch row `i` in its pane; `now` is the key's current pane. Gives flags.

    A count or sum that would pass its cap stays, and the row is flagged.
    """
    words, halves, reals = store.words, store.halves, store.reals
    flag = np.int64(0)
    base = row * shape.stride
    place = base + shape.ring + (pane % shape.panes) * shape.pane_words
    for f in range(shape.counts):
        lane = store.changed[f]
        if lane >= 0:
            former = words[base + 2 + lane]
            one = in_order and batch.lasts_on[lane, i] and former != 0
            one = one and former != batch.lasts[lane, i]
        else:
            one = batch.counts[f, i]
        if one:
            total = np.uint32(halves[2 * base + shape.half_counts + f])
            if total >= np.uint32(COUNT_CAP):
                flag = np.int64(TRUNCATED)
            else:
                halves[2 * base + shape.half_counts + f] += 1
                halves[2 * place + shape.ring_counts + f] += 1
    for f in range(shape.sums):
        more = batch.sums[f, i]
        if abs(words[base + shape.word_sums + f] + more) > SUM_CAP:
            flag = np.int64(TRUNCATED)
        else:
            words[base + shape.word_sums + f] += more
            words[place + f] += more
    for f in range(shape.floats):
        amount = batch.floats[f, i]
        reals[base + shape.word_floats + f] += amount
        reals[place + shape.ring_floats + f] += amount
    for f in range(shape.wide):
        value = batch.wide[f, i]
        at = base + shape.word_wide + f
        words[at] = max(words[at], value)
        at = place + shape.ring_wide + f
        words[at] = max(words[at], value)
    for f in range(shape.narrow):
        small = batch.narrow[f, i]
        at = 2 * base + shape.half_narrow + f
        halves[at] = max(halves[at], small)
        at = 2 * place + shape.ring_narrow + f
        halves[at] = max(halves[at], small)
    for f in range(shape.distincts):
        if batch.distincts[f, i] != 0:
            _hit(batch.distincts[f, i], f, base, pane, now, shape, store)
    return flag


@inlined
def bucket_of(value: Int, buckets: Int) -> Int:
    """Bucket of a value."""
    return np.int64(((mixed(value) >> np.uint64(32)) * np.uint64(buckets)) >> np.uint64(32))


@inlined
def _hit(value: Int, f: Int, base: Int, pane: Int, now: Int, shape: Layout, store: Store) -> None:
    """Stamp the value's bucket with its pane, unless it holds a newer one."""
    spot = 8 * base + shape.byte_buckets + f * shape.buckets + bucket_of(value, shape.buckets)
    stamp = np.int64(store.octets[spot])
    if stamp == 0:
        store.halves[2 * base + shape.half_kept + f] += 1
    if stamp == 0 or (now + 1 - stamp) % 255 > now - pane:
        store.octets[spot] = np.uint8(pane % 255 + 1)


@inlined
def tell(i: Int, row: Int, shape: Layout, store: Store, totals: Floats) -> Int:
    """Totals of the row's own window into column `i`; gives flags."""
    flag = np.int64(0)
    base = row * shape.stride
    half = 2 * base
    column = 0
    for f in range(shape.counts):
        totals[column, i] = np.uint32(store.halves[half + shape.half_counts + f])
        column += 1
    for f in range(shape.sums):
        totals[column, i] = store.words[base + shape.word_sums + f]
        column += 1
    for f in range(shape.floats):
        totals[column, i] = store.reals[base + shape.word_floats + f]
        column += 1
    for f in range(shape.wide):
        totals[column, i] = store.words[base + shape.word_wide + f]
        column += 1
    for f in range(shape.narrow):
        totals[column, i] = store.halves[half + shape.half_narrow + f]
        column += 1
    for f in range(shape.distincts):
        kept = np.int64(store.halves[half + shape.half_kept + f])
        totals[column, i] = store.estimate[kept]
        if kept > shape.buckets - max(1, shape.buckets // 32):
            flag = np.int64(TRUNCATED)
        column += 1
    return flag


@compiled
def tell_ahead(
    i: Int, row: Int, now: Int, pane: Int, shape: Layout, store: Store, totals: Floats
) -> Int:
    """Totals as a later pane sees them, for a row that only reads; gives flags."""
    blank(i, shape, totals)
    flag = np.int64(0)
    base, panes = row * shape.stride, shape.panes
    column = shape.counts + shape.sums + shape.floats
    left = max(np.int64(0), panes - (pane - now))
    for d in range(left):
        place = base + shape.ring + ((now - d) % panes) * shape.pane_words
        half = 2 * place
        for f in range(shape.counts):
            totals[f, i] += np.uint32(store.halves[half + shape.ring_counts + f])
        for f in range(shape.sums):
            totals[shape.counts + f, i] += store.words[place + f]
        for f in range(shape.floats):
            at = shape.counts + shape.sums + f
            totals[at, i] += store.reals[place + shape.ring_floats + f]
        for f in range(shape.wide):
            value = np.float64(store.words[place + shape.ring_wide + f])
            totals[column + f, i] = max(totals[column + f, i], value)
        for f in range(shape.narrow):
            at = column + shape.wide + f
            small = np.float64(store.halves[half + shape.ring_narrow + f])
            totals[at, i] = max(totals[at, i], small)
    column += shape.wide + shape.narrow
    for f in range(shape.distincts):
        first = 8 * base + shape.byte_buckets + f * shape.buckets
        kept = np.int64(0)
        for b in range(first, first + shape.buckets):
            stamp = np.int64(store.octets[b])
            kept += stamp != 0 and (now + 1 - stamp) % 255 < left
        totals[column + f, i] = store.estimate[kept]
        if kept > shape.buckets - max(1, shape.buckets // 32):
            flag = np.int64(TRUNCATED)
    return flag


@compiled
def blank(i: Int, shape: Layout, totals: Floats) -> None:
    """What a key without a window is told."""
    for f in range(shape.outputs):
        totals[f, i] = 0.0
    column = shape.counts + shape.sums + shape.floats
    for f in range(shape.wide):
        totals[column + f, i] = LOWEST
    for f in range(shape.narrow):
        totals[column + shape.wide + f, i] = LOWEST_NARROW
    totals[shape.outputs - 1, i] = -1.0

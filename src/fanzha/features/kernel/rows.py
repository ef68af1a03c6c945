"""The update: find or make each row's key, move its window on, count the event, give the totals.

Semantics (the oracle in the tests says the same in SQL):
* rows come in arrival order; `at` in ms; pane = at // step;
* a row older than the watermark (the greatest `at` so far, minus the lateness) is late: it reads,
  and is not counted; a table that is shown only some rows of a stream is told the watermark;
* a counted row moves its key's current pane to its own if that is newer, and is added to its pane
  if that pane is still among the last P;
* a row that is not counted reads the window that ends with max(current pane, its own pane), and
  leaves no trace;
* a key whose newest counted row is more than `forget` ms before `at`, or before what any row in
  time could still see, is a new key;
* last values and changes follow counted rows that are not older than the key's newest; a last
  value of 0 means that there was none.

The sweep moves with the rows, not with the batches: results do not depend on batch boundaries.
"""

from __future__ import annotations

import numpy as np

from fanzha.features.kernel.compiled import Int, compiled, inlined
from fanzha.features.kernel.index import SEGMENT, find, guess, home, mixed, put, segment_of
from fanzha.features.kernel.prefetch import prefetch
from fanzha.features.kernel.ring import add, advance, blank, bucket_of, clear, tell, tell_ahead
from fanzha.features.kernel.store import (
    FREE,
    LATE,
    NULL_KEY,
    REFUSED,
    ROWS,
    SEEN,
    WATERMARK,
    Batch,
    Bools,
    Ints,
    Rules,
    Store,
    Told,
)
from fanzha.features.kernel.sweep import sweep
from fanzha.features.layout import Layout

AHEAD = 64
"""Rows whose memory is asked for before they are worked on: their waits overlap."""
EVERY, SWEPT = 64, 8
"""For so many rows that come, so many of the table are looked at: silence is found in the end."""
SWEPT_FOR_NEW, SWEPT_WHEN_FULL = 2, 32
"""Rows looked at for a new key: two, so that the table frees faster than it fills, and more when it
is full."""


@compiled
def update(shape: Layout, rules: Rules, store: Store, batch: Batch, told: Told) -> None:
    """Take in a batch. Fills `told`."""
    n = batch.keys.shape[0]
    rows = store.rows
    for start in range(0, n, AHEAD):
        stop = min(n, start + AHEAD)
        _seek(start, stop, rows, shape, rules, store, batch)
        for i in range(start, stop):
            told.flags[i] = _take(i, rows[i - start], shape, rules, store, batch, told)
            store.meta[SEEN] += 1
            if store.meta[SEEN] % EVERY == 0:
                sweep(SWEPT, shape.stride, rules, store)


@inlined
def _seek(
    start: Int, stop: Int, rows: Ints, shape: Layout, rules: Rules, store: Store, batch: Batch
) -> None:
    """Guess the rows of the keys, and ask for the memory that they will need."""
    for i in range(start, stop):
        hash_ = mixed(batch.keys[i])
        prefetch(store.slots, segment_of(hash_, store) * SEGMENT + home(hash_))
    for i in range(start, stop):
        hash_ = mixed(batch.keys[i])
        base = segment_of(hash_, store) * SEGMENT
        row = guess(hash_, base, store.slots, rules.row_bits)
        rows[i - start] = row
        if row >= 0:
            first = row * shape.stride
            # The head, the event's pane, and its buckets; a line is eight words.
            prefetch(store.words, first)
            prefetch(store.words, first + shape.byte_buckets // 8 - 1)
            pane = (batch.at[i] // rules.step) % shape.panes
            place = first + shape.ring + pane * shape.pane_words
            prefetch(store.words, place)
            prefetch(store.words, place + shape.pane_words - 1)
            for f in range(shape.distincts):
                octet = 8 * first + shape.byte_buckets + f * shape.buckets
                prefetch(store.octets, octet + bucket_of(batch.distincts[f, i], shape.buckets))
                prefetch(store.octets, octet + shape.buckets - 1)


@inlined
def _take(
    i: Int, row: Int, shape: Layout, rules: Rules, store: Store, batch: Batch, told: Told
) -> Int:
    """One row: gives its flags."""
    words, meta = store.words, store.meta
    key, t = batch.keys[i], batch.at[i]
    meta[WATERMARK] = max(meta[WATERMARK], batch.watermark[i])
    for f in range(shape.lasts):
        told.lasts[f, i] = 0
    if key == 0:
        blank(i, shape, told.totals)
        return np.int64(NULL_KEY)
    oldest = meta[WATERMARK] - rules.lateness
    flag = np.int64(0) if t >= oldest else np.int64(LATE)
    counted: Int = batch.counted[i] and t >= oldest
    # The guess may be another key's row, or the key may have come since.
    if row < 0 or np.uint64(words[row * shape.stride]) != key:
        row = find(key, store, shape.stride, rules.row_bits)[1]
    known = False
    if row >= 0:
        newest = words[row * shape.stride + 1]
        known = t - newest <= rules.forget and newest >= oldest - rules.forget
    if not known:
        if counted and row < 0:
            row = _make(key, shape, rules, store)
        if not counted or row < 0:
            blank(i, shape, told.totals)
            return flag | REFUSED if counted else flag
        clear(row, shape, store)
        words[row * shape.stride + 1] = t
    return flag | _window(i, row, known, counted, shape, rules, store, batch, told)


@inlined
def _window(
    i: Int,
    row: Int,
    known: bool,
    counted: bool,
    shape: Layout,
    rules: Rules,
    store: Store,
    batch: Batch,
    told: Told,
) -> Int:
    """The row's window: moved on and added to if it counts, then told. Gives flags."""
    words, t = store.words, batch.at[i]
    base = row * shape.stride
    newest = words[base + 1]
    pane, now = t // rules.step, newest // rules.step
    flag = np.int64(0)
    for f in range(shape.lasts):
        told.lasts[f, i] = words[base + 2 + f]
    if counted:
        if pane > now:
            advance(row, pane - now, pane, shape, store)
            now = pane
        if now - pane < shape.panes:
            flag |= add(i, row, pane, now, t >= newest, shape, store, batch)
        if t >= newest:
            words[base + 1] = t
            for f in range(shape.lasts):
                if batch.lasts_on[f, i]:
                    words[base + 2 + f] = batch.lasts[f, i]
        for f in range(shape.lasts):
            if not store.before[f]:
                told.lasts[f, i] = words[base + 2 + f]
    if pane > now:
        flag |= tell_ahead(i, row, now, pane, shape, store, told.totals)
    else:
        flag |= tell(i, row, shape, store, told.totals)
    told.totals[shape.outputs - 1, i] = max(np.int64(0), t - newest) if known else -1
    return flag


@compiled
def adopt(others: Ints, wanted: Bools, shape: Layout, rules: Rules, store: Store) -> Int:
    """Take over rows of another table of the same form: (rows × stride) words, those wanted. Gives
    how many found no room. A key that is here already stays as it is here."""
    refused = np.int64(0)
    for i in range(wanted.shape[0]):
        key = np.uint64(others[i * shape.stride])
        if key == 0 or not wanted[i]:
            continue
        if find(key, store, shape.stride, rules.row_bits)[1] >= 0:
            continue
        row = _make(key, shape, rules, store)
        if row < 0:
            refused += 1
            continue
        for w in range(shape.stride):
            store.words[row * shape.stride + w] = others[i * shape.stride + w]
    return refused


@compiled
def _make(key: Int, shape: Layout, rules: Rules, store: Store) -> Int:
    """A row for a new key, in the index; −1 when the table is full."""
    meta = store.meta
    full = meta[FREE] == 0 and meta[ROWS] >= rules.rows_max
    sweep(SWEPT_WHEN_FULL if full else SWEPT_FOR_NEW, shape.stride, rules, store)
    if meta[FREE] > 0:
        row = np.int64(store.free[meta[FREE] - 1])
    elif meta[ROWS] < rules.rows_max:
        row = meta[ROWS]
    else:
        return np.int64(-1)
    store.words[row * shape.stride] = np.int64(key)
    if not put(key, row, store, shape.stride, rules.row_bits):
        store.words[row * shape.stride] = 0
        return np.int64(-1)
    if meta[FREE] > 0:
        meta[FREE] -= 1
    else:
        meta[ROWS] += 1
    return row

"""The update: find or make each row's key, move its windows on, count the event, tell the totals.

Semantics, for each section (the oracle in the tests says the same in SQL):
* rows come in arrival order; `at` in ms; pane = at // step;
* a row older than the watermark (the greatest `at` so far, minus the lateness) is late: it reads,
  and is not counted; a table that is shown only some rows of a stream is told the watermark;
* a counted row moves its key's current pane to its own if that is newer, and is added to its pane
  if that pane is still among the last P;
* a row that is not counted reads the window that ends with max(current pane, its own pane), and
  leaves no trace;
* a key whose newest counted row is more than `forget` ms before `at`, or before what any row in
  time could still see, is a new key;
* last values, trails, changes and gaps follow counted rows that are not older than the key's
  newest; a last value of 0 means that there was none.

A row of the table is one key and all its sections; it is freed when all are silent. The sweep moves
with the rows, not with the batches: results do not depend on batch boundaries.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fanzha.features.kernel.compiled import Int, compiled, inlined
from fanzha.features.kernel.history import compare, follow, tell_ages
from fanzha.features.kernel.index import SEGMENT, find, guess, home, mixed, put, segment_of
from fanzha.features.kernel.keep import keep
from fanzha.features.kernel.prefetch import prefetch
from fanzha.features.kernel.ring import add, advance, bucket_of, clear
from fanzha.features.kernel.store import (
    FREE,
    FREED,
    LATE,
    NEVER,
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
from fanzha.features.kernel.tell import blank, tell, tell_ahead

AHEAD = 64
"""The most rows ahead of those at work whose memory is asked for."""
GROUP = 8
"""The most rows asked for in one go: one by one the loops cost more, of many the first would wait.
"""
RING = 128
"""Places for the rows that are guessed: at least `AHEAD` and a group."""
EVERY, SWEPT = 64, 8
"""For so many rows that come, so many of the table are looked at: silence is found in the end."""
SWEPT_FOR_NEW, SWEPT_WHEN_FULL = 2, 32
"""Rows looked at for a new key: two, so that the table frees faster than it fills, and more when it
is full."""


@compiled
def update(rules: Rules, store: Store, batch: Batch, told: Told) -> None:
    """Take in a batch. Fills `told`."""
    n, ahead, group = batch.keys.shape[0], rules.ahead, rules.group
    _ask(0, min(n, 2 * ahead), store, batch)
    _seek(0, min(n, ahead), rules, store, batch)
    for start in range(0, n, group):
        stop = min(n, start + group)
        _ask(min(n, start + 2 * ahead), min(n, stop + 2 * ahead), store, batch)
        _seek(min(n, start + ahead), min(n, stop + ahead), rules, store, batch)
        for i in range(start, stop):
            _take(i, store.rows[i & (RING - 1)], rules, store, batch, told)
            store.meta[SEEN] += 1
            if store.meta[SEEN] % EVERY == 0:
                sweep(SWEPT, rules, store)


@inlined
def _ask(start: Int, stop: Int, store: Store, batch: Batch) -> None:
    """Ask for the places in the index at which the keys are looked for."""
    for i in range(start, stop):
        hash_ = mixed(batch.keys[i])
        prefetch(store.slots, segment_of(hash_, store) * SEGMENT + home(hash_))


@inlined
def _seek(start: Int, stop: Int, rules: Rules, store: Store, batch: Batch) -> None:
    """Guess the rows of the keys, and ask for the memory that they will need."""
    for i in range(start, stop):
        hash_ = mixed(batch.keys[i])
        row = guess(hash_, segment_of(hash_, store) * SEGMENT, store.slots, rules.row_bits)
        store.rows[i & (RING - 1)] = row
        if row >= 0:
            first = row * rules.stride
            for w in range(first, first + rules.heads, 8):
                prefetch(store.words, w)
            prefetch(store.words, first + rules.heads - 1)
            for s in range(store.sections.shape[0]):
                _seek_section(i, first, store.sections[s], store, batch)


@inlined
def _seek_section(i: Int, first: Int, section: Any, store: Store, batch: Batch) -> None:
    """The event's buckets and pane."""
    lane = section.lane + section.counts + section.sums + section.floats + section.wide
    lane += section.narrow + section.lasts + section.trails
    for f in range(section.distincts):
        value = batch.values[store.of[lane + f], i]
        octet = 8 * first + section.byte_buckets + f * section.buckets
        prefetch(store.octets, octet + bucket_of(value, section.buckets))
    if section.pane_words > 0:
        slot = batch.panes[2 * section.period + 1, i]
        pane = first + section.ring + slot * section.pane_words
        prefetch(store.words, pane)
        prefetch(store.words, pane + section.pane_words - 1)


@inlined
def _take(i: Int, guessed: Int, rules: Rules, store: Store, batch: Batch, told: Told) -> None:
    """One row of the batch: its key's row found or made, and each section worked on."""
    words, meta, sections = store.words, store.meta, store.sections
    key = batch.keys[i]
    meta[WATERMARK] = max(meta[WATERMARK], batch.watermark[i])
    row = guessed
    # The guess may be another key's row, or the key may have come since.
    if key != 0 and (row < 0 or np.uint64(words[row * rules.stride]) != key):
        row = find(key, store, rules.stride, rules.row_bits)[1]
        if row < 0 and _any_counts(i, store, batch):
            row = _make(key, rules, store)
    if key == 0 or row < 0:
        for s in range(sections.shape[0]):
            section = sections[s]
            flag = np.int64(NULL_KEY)
            if key != 0:
                late = batch.at[i] < meta[WATERMARK] - section.lateness
                refused = not late and batch.masks[section.counted, i]
                flag = np.int64(LATE) * late + np.int64(REFUSED) * refused
            blank(i, section, flag & np.int64(NULL_KEY | REFUSED) != 0, store, told)
            told.flags[s, i] = flag
        return
    keep(row, rules, store)
    for s in range(sections.shape[0]):
        told.flags[s, i] = _section(i, row * rules.stride, s, store, batch, told)


@inlined
def _any_counts(i: Int, store: Store, batch: Batch) -> bool:
    """Whether the row counts in any section."""
    found = False
    for s in range(store.sections.shape[0]):
        section = store.sections[s]
        in_time = batch.at[i] >= store.meta[WATERMARK] - section.lateness
        found |= in_time and batch.masks[section.counted, i]
    return found


@inlined
def _section(i: Int, base: Int, s: Int, store: Store, batch: Batch, told: Told) -> Int:
    """One section of the key's row: moved on and added to if the batch's row counts, then told.
    Gives flags."""
    section = store.sections[s]
    words, t = store.words, batch.at[i]
    oldest = store.meta[WATERMARK] - section.lateness
    flag = np.int64(0) if t >= oldest else np.int64(LATE)
    counted = batch.masks[section.counted, i] and t >= oldest
    newest = words[base + section.newest]
    known = newest != NEVER and t - newest <= section.forget and newest >= oldest - section.forget
    if not known:
        if not counted:
            blank(i, section, False, store, told)
            return flag
        clear(base, s, store.sections, words, store.halves)
        newest = t
        words[base + section.newest] = t
    pane, slot = batch.panes[2 * section.period, i], batch.panes[2 * section.period + 1, i]
    now = _current(newest, pane, section.step)
    if not counted:
        if pane > now:
            flag |= tell_ahead(i, base, s, now, pane, section, store, told)
        else:
            flag |= tell(i, base, s, section, store, told)
        tell_ages(i, base, known, section, store, batch, told)
        return flag
    if pane > now:
        advance(
            base, s, pane - now, pane, slot, store.sections,
            words, store.halves, store.octets, store.reals,
        )  # fmt: skip
        now = pane
    tell_ages(i, base, known, section, store, batch, told)
    if section.before != 0:
        flag |= tell(i, base, s, section, store, told)
    if section.sources > 0:
        compare(i, base, known, t >= newest, section, store, batch)
    if (section.pane_words > 0 or section.distincts > 0) and now - pane < section.panes:
        flag |= add(i, base, pane, slot, now, section, store, batch)
    if t >= newest:
        follow(i, base, section, store, batch)
    if section.before == 0:
        flag |= tell(i, base, s, section, store, told)
    return flag


@inlined
def _current(newest: Int, pane: Int, step: Int) -> Int:
    """The pane of the newest instant; mostly the row's own, and then nothing is divided."""
    begin = pane * step
    if begin <= newest < begin + step:
        return pane
    return newest // step


@compiled
def adopt(others: Ints, wanted: Bools, rules: Rules, store: Store) -> Int:
    """Take over rows of another table of the same form: (rows × stride) words, those wanted. Gives
    how many found no room. A key that is here already stays as it is here."""
    refused = np.int64(0)
    for i in range(wanted.shape[0]):
        key = np.uint64(others[i * rules.stride])
        if key == 0 or not wanted[i]:
            continue
        if find(key, store, rules.stride, rules.row_bits)[1] >= 0:
            continue
        row = _make(key, rules, store)
        if row < 0:
            refused += 1
            continue
        for w in range(rules.stride):
            store.words[row * rules.stride + w] = others[i * rules.stride + w]
    return refused


@compiled
def enter_all(rules: Rules, store: Store) -> bool:
    """Enter every row's key into an empty index. False where one finds no room."""
    for row in range(store.meta[ROWS]):
        key = np.uint64(store.words[row * rules.stride])
        if key != 0 and not put(key, row, store, rules.stride, rules.row_bits):
            return False
    return True


@compiled
def _make(key: Int, rules: Rules, store: Store) -> Int:
    """A row for a new key, in the index, nothing counted yet; −1 when the table is full."""
    meta, words = store.meta, store.words
    full = meta[FREE] == 0 and meta[ROWS] >= rules.rows_max
    sweep(SWEPT_WHEN_FULL if full else SWEPT_FOR_NEW, rules, store)
    if meta[FREE] > 0:
        row = np.int64(meta[FREED])
    elif meta[ROWS] < rules.rows_max:
        row = meta[ROWS]
    else:
        return np.int64(-1)
    base = row * rules.stride
    keep(row, rules, store)
    next_free = words[base + 1]
    words[base] = np.int64(key)
    if not put(key, row, store, rules.stride, rules.row_bits):
        words[base] = 0
        return np.int64(-1)
    if meta[FREE] > 0:
        meta[FREE] -= 1
        meta[FREED] = next_free
    else:
        meta[ROWS] += 1
    for s in range(store.sections.shape[0]):
        words[base + 1 + s] = NEVER
    return row

"""What a section keeps of its newest rows: last values, trails, and a row compared with them."""

from __future__ import annotations

from typing import Any

import numpy as np

from fanzha.features.kernel.compiled import Int, inlined
from fanzha.features.kernel.index import mixed
from fanzha.features.kernel.ring import counts
from fanzha.features.kernel.store import (
    CHANGE,
    INSTANT,
    KEY,
    VALUE,
    Batch,
    Ints,
    Store,
    Told,
)


@inlined
def coded(value: Int) -> Int:
    """A last value as it is kept: never 0, which stands for none."""
    return value + 1 if value >= 0 else value


@inlined
def decoded(kept: Int) -> Int:
    """The value again."""
    return kept - 1 if kept > 0 else kept


@inlined
def compare(
    i: Int, base: Int, known: Int, in_order: Int, section: Any, store: Store, batch: Batch
) -> None:
    """Fill the section's sources: a pause in ms, 0 for a key that changed, −1 for neither."""
    for d in range(section.source, section.source + section.sources):
        lane, former = store.follows[d], store.words[base + store.former[d]]
        found = np.int64(-1)
        if in_order and lane < 0:
            found = batch.at[i] - former if known else np.int64(-1)
        elif in_order and former != 0 and counts(i, lane, store, batch):
            if store.says[d] == CHANGE:
                changed = former != batch.values[store.of[lane], i]
                found = np.int64(0) if changed else np.int64(-1)
            else:
                found = batch.at[i] - decoded(former)
        store.sourced[d] = found if found < store.under[d] else np.int64(-1)


@inlined
def follow(i: Int, base: Int, section: Any, store: Store, batch: Batch) -> None:
    """Take over the values of a row that is not older than the newest."""
    words = store.words
    words[base + section.newest] = batch.at[i]
    lane = section.lane + section.counts + section.sums + section.floats
    lane += section.wide + section.narrow
    for f in range(section.lasts):
        if counts(i, lane + f, store, batch):
            last = store.last[lane + f]
            if last == INSTANT:
                words[base + section.word_lasts + f] = coded(batch.at[i])
            elif last == VALUE:
                words[base + section.word_lasts + f] = coded(batch.values[store.of[lane + f], i])
            else:
                words[base + section.word_lasts + f] = batch.values[store.of[lane + f], i]
    lane += section.lasts
    for f in range(section.trails):
        if counts(i, lane + f, store, batch):
            first = base + section.word_trails + f * section.length
            value = batch.values[store.of[lane + f], i]
            if words[first] != value:
                for w in range(first + section.length - 1, first, -1):
                    words[w] = words[w - 1]
                words[first] = value


@inlined
def tell_ages(
    i: Int, base: Int, known: Int, section: Any, store: Store, batch: Batch, told: Told
) -> None:
    """Seconds since the newest rows, before this one is taken over; nought for what is older."""
    t = batch.at[i]
    column = section.column + section.counts + section.sums + section.floats
    column += section.wide + section.narrow
    lane = section.lane + section.counts + section.sums + section.floats
    lane += section.wide + section.narrow
    for f in range(section.lasts):
        last = store.last[lane + f]
        if last == INSTANT:
            kept = store.words[base + section.word_lasts + f]
            since = max(t - decoded(kept), np.int64(0)) / 1000.0
            told.columns[column, i] = since if kept != 0 else np.nan
        column += last != KEY
    if section.aged:
        age = max(t - store.words[base + section.newest], np.int64(0)) / 1000.0
        told.columns[section.column + section.columns - 1, i] = age if known else np.nan


@inlined
def tell_values(i: Int, base: Int, section: Any, store: Store, told: Told) -> None:
    """Last values and trails."""
    column = section.column + section.counts + section.sums + section.floats
    column += section.wide + section.narrow
    lane = section.lane + section.counts + section.sums + section.floats
    lane += section.wide + section.narrow
    for f in range(section.lasts):
        last = store.last[lane + f]
        if last == VALUE:
            kept = store.words[base + section.word_lasts + f]
            value = decoded(kept) / store.scale[lane + f]
            told.columns[column, i] = value if kept != 0 else np.nan
        column += last != KEY
    for f in range(section.trails):
        first = base + section.word_trails + f * section.length
        told.columns[column, i] = _name_of(first, section.length, store.words)
        column += 1


@inlined
def _name_of(first: Int, length: Int, words: Ints) -> Any:
    """53 bits of the values in order, oldest first; null where one is missing."""
    if words[first + length - 1] == 0:
        return np.nan
    name = np.uint64(0)
    for w in range(first + length - 1, first - 1, -1):
        name = mixed(name + np.uint64(0x9E3779B97F4A7C15) + mixed(words[w]))
    return np.float64(max(name >> np.uint64(11), np.uint64(1)))

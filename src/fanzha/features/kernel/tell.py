"""What a row is told of a section: its totals, as they stand or as a later pane sees them."""

from __future__ import annotations

from typing import Any

import numpy as np

from fanzha.features.kernel.compiled import Int, inlined
from fanzha.features.kernel.history import tell_values
from fanzha.features.kernel.ring import marked
from fanzha.features.kernel.store import (
    LOWEST,
    LOWEST_NARROW,
    TRUNCATED,
    Halves,
    Store,
    Told,
)


@inlined
def blank(i: Int, section: Any, null: bool, store: Store, told: Told) -> None:
    """What a key without a section is told; all null where it has no place at all."""
    for c in range(section.column, section.column + section.columns):
        told.columns[c, i] = np.nan if null else store.nothing[c]


@inlined
def tell(i: Int, base: Int, s: Int, section: Any, store: Store, told: Told) -> Int:
    """The section's totals into column `i`; gives flags."""
    words, halves, columns = store.words, store.halves, told.columns
    flag = np.int64(0)
    half = 2 * base
    column, lane = section.column, section.lane
    total = half + section.half_counts
    for f in range(section.counts):
        columns[column + f, i] = np.uint32(halves[total + f])
    column += section.counts
    lane += section.counts
    for f in range(section.sums):
        columns[column + f, i] = words[base + section.word_sums + f] / store.scale[lane + f]
    column += section.sums
    lane += section.sums
    for f in range(section.floats):
        columns[column + f, i] = store.reals[base + section.word_floats + f]
    column += section.floats
    lane += section.floats
    for f in range(section.wide):
        top = words[base + section.word_wide + f]
        columns[column + f, i] = top / store.scale[lane + f] if top != LOWEST else np.nan
    column += section.wide
    lane += section.wide
    for f in range(section.narrow):
        high = halves[half + section.half_narrow + f]
        told_high = high / store.scale[lane + f] if high != LOWEST_NARROW else np.nan
        columns[column + f, i] = told_high
    tell_values(i, base, section, store, told)
    column = section.column + section.columns - section.aged - section.distincts
    for f in range(section.distincts):
        kept = np.int64(halves[half + section.half_kept + f])
        columns[column + f, i] = store.estimate[store.estimates[s] + kept]
        if kept > section.buckets - max(1, section.buckets // 32):
            flag = np.int64(TRUNCATED)
    return flag


@inlined
def tell_ahead(
    i: Int, base: Int, s: Int, now: Int, pane: Int, section: Any, store: Store, told: Told
) -> Int:
    """Totals as a later pane sees them, for a row that only reads; gives flags."""
    words, halves, columns = store.words, store.halves, told.columns
    blank(i, section, False, store, told)
    flag = np.int64(0)
    left = max(np.int64(0), section.panes - (pane - now))
    for slot in range(section.panes):
        if _is_left(base, slot, now, left, section, halves):
            _add_pane(i, base + section.ring + slot * section.pane_words, section, store, told)
    for f in range(section.sums):
        total = np.int64(0)
        for slot in range(section.panes):
            if _is_left(base, slot, now, left, section, halves):
                total += words[base + section.ring + slot * section.pane_words + f]
        scale = store.scale[section.lane + section.counts + f]
        columns[section.column + section.counts + f, i] = total / scale
    tell_values(i, base, section, store, told)
    column = section.column + section.columns - section.aged - section.distincts
    for f in range(section.distincts):
        first = 8 * base + section.byte_buckets + f * section.buckets
        kept = np.int64(0)
        for b in range(first, first + section.buckets):
            stamp = np.int64(store.octets[b])
            kept += stamp != 0 and (now + 1 - stamp) % 255 < left
        columns[column + f, i] = store.estimate[store.estimates[s] + kept]
        if kept > section.buckets - max(1, section.buckets // 32):
            flag = np.int64(TRUNCATED)
    return flag


@inlined
def _is_left(base: Int, slot: Int, now: Int, left: Int, section: Any, halves: Halves) -> Int:
    """Whether the pane holds something and is among the `left` newest."""
    return (now - slot) % section.panes < left and marked(base, slot, section, halves)


@inlined
def _add_pane(i: Int, pane: Int, section: Any, store: Store, told: Told) -> None:
    """One pane more into the totals that are told; sums apart, which are exact."""
    columns = told.columns
    column, lane = section.column, section.lane
    for f in range(section.counts):
        columns[column + f, i] += np.uint32(store.halves[2 * pane + section.pane_counts + f])
    column += section.counts + section.sums
    lane += section.counts + section.sums
    for f in range(section.floats):
        columns[column + f, i] += store.reals[pane + section.pane_floats + f]
    column += section.floats
    lane += section.floats
    for f in range(section.wide + section.narrow):
        if f < section.wide:
            value = np.float64(store.words[pane + section.pane_wide + f])
            lowest = np.float64(LOWEST)
        else:
            at = 2 * pane + section.pane_narrow + f - section.wide
            value = np.float64(store.halves[at])
            lowest = np.float64(LOWEST_NARROW)
        if value != lowest:
            scale = store.scale[lane + f]
            former = columns[column + f, i]
            mine = value / scale
            # Divided by a negative scale, the greatest of the negated values is the least.
            farther = mine > former if scale > 0 else mine < former
            columns[column + f, i] = mine if farther or np.isnan(former) else former

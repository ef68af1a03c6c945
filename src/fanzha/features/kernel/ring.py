"""One section of a row: emptied, moved on, added to."""

from __future__ import annotations

from typing import Any

import numpy as np

from fanzha.features.kernel.compiled import Int, compiled, inlined
from fanzha.features.kernel.index import mixed
from fanzha.features.kernel.store import (
    LOWEST,
    LOWEST_NARROW,
    SUM_CAP,
    TRUNCATED,
    Batch,
    Bytes,
    Floats,
    Halves,
    Ints,
    Sections,
    Store,
)


@compiled
def clear(base: Int, s: Int, sections: Sections, words: Ints, halves: Halves) -> None:
    """A fresh section: everything nought, maxima at their lowest, no pane marked."""
    section = sections[s]
    for w in range(base + section.begin, base + section.end):
        words[w] = 0
    first = base + section.byte_buckets // 8
    for w in range(first, first + (section.distincts * section.buckets + 7) // 8):
        words[w] = 0
    _lowest(base, section, words, halves)


@inlined
def _lowest(base: Int, section: Any, words: Ints, halves: Halves) -> None:
    for f in range(section.wide):
        words[base + section.word_wide + f] = LOWEST
    for f in range(section.narrow):
        halves[2 * base + section.half_narrow + f] = LOWEST_NARROW


@inlined
def marked(base: Int, slot: Int, section: Any, halves: Halves) -> Int:
    """Whether the pane in this place of the ring holds something."""
    bits = np.uint32(halves[2 * base + section.half_panes + (slot >> np.int64(5))])
    return (bits >> np.uint32(slot & np.int64(31))) & np.uint32(1) != 0


@compiled
def advance(
    base: Int, s: Int, steps: Int, now: Int, slot_now: Int, sections: Sections,
    words: Ints, halves: Halves, octets: Bytes, reals: Floats,
) -> None:  # fmt: skip
    """Move the window on by so many panes, to pane `now`; what falls out is forgotten."""
    section = sections[s]
    panes, half = section.panes, 2 * base
    if steps >= panes:
        _empty(base, section, words, halves, octets)
        return
    lost_maximum = False
    for w in range((panes + 31) >> 5):
        bits = np.uint32(halves[half + section.half_panes + w])
        left = bits
        slot = np.int64(32) * w
        while bits != 0:
            if bits & np.uint32(1) != 0:
                age = slot_now - slot
                if age < 0:
                    age += panes
                if age < steps:
                    left &= ~(np.uint32(1) << np.uint32(slot & np.int64(31)))
                    pane = base + section.ring + slot * section.pane_words
                    lost_maximum |= _take_off(base, pane, section, words, halves)
            bits >>= np.uint32(1)
            slot += 1
        halves[half + section.half_panes + w] = np.int32(left)
    if lost_maximum:
        _maxima_again(base, section, words, halves)
    if section.floats > 0:
        _floats_again(base, section, halves, reals)
    for f in range(section.distincts):
        if halves[half + section.half_kept + f] > 0:
            first = 8 * base + section.byte_buckets + f * section.buckets
            kept = _forget(first, section.buckets, now, panes, octets)
            halves[half + section.half_kept + f] = kept


@inlined
def _empty(base: Int, section: Any, words: Ints, halves: Halves, octets: Bytes) -> None:
    """Nothing of the window is left; last values and trails stay."""
    half = 2 * base
    for f in range(section.distincts):
        if halves[half + section.half_kept + f] > 0:
            first = 8 * base + section.byte_buckets + f * section.buckets
            for b in range(first, first + section.buckets):
                octets[b] = 0
    for h in range(half + section.half_panes, half + section.half_narrow):
        halves[h] = 0
    for w in range(base + section.word_sums, base + section.word_wide):
        words[w] = 0
    _lowest(base, section, words, halves)


@inlined
def _take_off(base: Int, pane: Int, section: Any, words: Ints, halves: Halves) -> bool:
    """Take a pane off the totals. Whether it may have held a maximum."""
    for f in range(section.sums):
        words[base + section.word_sums + f] -= words[pane + f]
    for f in range(section.counts):
        halves[2 * base + section.half_counts + f] -= halves[2 * pane + section.pane_counts + f]
    lost = False
    for f in range(section.wide):
        gone = words[pane + section.pane_wide + f]
        lost |= gone != LOWEST and gone == words[base + section.word_wide + f]
    for f in range(section.narrow):
        small = halves[2 * pane + section.pane_narrow + f]
        lost |= small != LOWEST_NARROW and small == halves[2 * base + section.half_narrow + f]
    return lost


@inlined
def _maxima_again(base: Int, section: Any, words: Ints, halves: Halves) -> None:
    """Maxima over the panes that are left."""
    for f in range(section.wide):
        words[base + section.word_wide + f] = LOWEST
    for f in range(section.narrow):
        halves[2 * base + section.half_narrow + f] = LOWEST_NARROW
    for slot in range(section.panes):
        if marked(base, slot, section, halves):
            pane = base + section.ring + slot * section.pane_words
            for f in range(section.wide):
                at = base + section.word_wide + f
                words[at] = max(words[at], words[pane + section.pane_wide + f])
            for f in range(section.narrow):
                at = 2 * base + section.half_narrow + f
                halves[at] = max(halves[at], halves[2 * pane + section.pane_narrow + f])


@inlined
def _floats_again(base: Int, section: Any, halves: Halves, reals: Floats) -> None:
    """Float totals are summed afresh: taking away would let rounding errors pile up."""
    for f in range(section.floats):
        reals[base + section.word_floats + f] = 0.0
    for slot in range(section.panes):
        if marked(base, slot, section, halves):
            pane = base + section.ring + slot * section.pane_words
            for f in range(section.floats):
                amount = reals[pane + section.pane_floats + f]
                reals[base + section.word_floats + f] += amount


@inlined
def _forget(first: Int, buckets: Int, now: Int, panes: Int, octets: Bytes) -> Int:
    """Empty the buckets whose newest value left the window; gives how many stay hit."""
    kept = np.int32(0)
    stamp_now = np.int32(now % 255 + 1)
    for i in range(first, first + buckets):
        stamp = np.int32(octets[i])
        age = stamp_now - stamp
        age += np.int32(255) * np.int32(age < 0)
        stays = np.int32(stamp != 0) & np.int32(age < panes)
        octets[i] = np.uint8(stamp * stays)
        kept += stays
    return kept


# ── one row added ────────────────────────────────────────────────────────────────────────────────


@inlined
def opened(base: Int, slot: Int, section: Any, words: Ints, halves: Halves) -> Int:
    """First word of the pane in this place; emptied and marked if it held nothing."""
    pane = base + section.ring + slot * section.pane_words
    at = 2 * base + section.half_panes + (slot >> np.int64(5))
    bit = np.uint32(1) << np.uint32(slot & np.int64(31))
    if np.uint32(halves[at]) & bit == 0:
        halves[at] = np.int32(np.uint32(halves[at]) | bit)
        for w in range(pane, pane + section.pane_words):
            words[w] = 0
        for f in range(section.wide):
            words[pane + section.pane_wide + f] = LOWEST
        for f in range(section.narrow):
            halves[2 * pane + section.pane_narrow + f] = LOWEST_NARROW
    return pane


@inlined
def counts(i: Int, lane: Int, store: Store, batch: Batch) -> Int:
    """Whether row `i` counts for a lane."""
    mask = store.on[lane]
    if mask >= 0:
        return batch.masks[mask, i]
    return store.sourced[-1 - mask] >= 0


@inlined
def number(i: Int, lane: Int, store: Store, batch: Batch) -> Int:
    """Its whole number; negated where the least is sought."""
    place = store.of[lane]
    found = batch.values[place, i] if place >= 0 else store.sourced[-1 - place]
    return found if store.scale[lane] > 0 else -found


@inlined
def real(i: Int, lane: Int, store: Store, batch: Batch) -> Any:
    """Its float, squared where squares are summed."""
    place = store.of[lane]
    found = batch.reals[place, i] if place >= 0 else store.sourced[-1 - place] / 1000.0
    return found if store.scale[lane] == 1.0 else found * found


@inlined
def add(
    i: Int, base: Int, pane: Int, slot: Int, now: Int, section: Any, store: Store, batch: Batch
) -> Int:
    """Count batch row `i` in its pane; `now` is the section's current pane. Gives flags.

    A count or sum that would pass its cap stays, and the row is flagged.
    """
    words, halves, reals = store.words, store.halves, store.reals
    flag = np.int64(0)
    place = opened(base, slot, section, words, halves)
    lane = section.lane
    # Taken out of the loop by hand: for all the compiler knows, a count may lie on the terms.
    total, part = 2 * base + section.half_counts, 2 * place + section.pane_counts
    for f in range(section.counts):
        one = np.int32(counts(i, lane + f, store, batch))
        held = halves[total + f]
        capped = np.int32(held == -1)
        flag |= np.int64(one & capped) * TRUNCATED
        one &= np.int32(1) - capped
        halves[total + f] = held + one
        halves[part + f] += one
    lane += section.counts
    for f in range(section.sums):
        if counts(i, lane + f, store, batch):
            more = number(i, lane + f, store, batch)
            at = base + section.word_sums + f
            if abs(words[at] + more) > SUM_CAP:
                flag = np.int64(TRUNCATED)
            else:
                words[at] += more
                words[place + f] += more
    lane += section.sums
    for f in range(section.floats):
        if counts(i, lane + f, store, batch):
            amount = real(i, lane + f, store, batch)
            reals[base + section.word_floats + f] += amount
            reals[place + section.pane_floats + f] += amount
    lane += section.floats
    for f in range(section.wide):
        if counts(i, lane + f, store, batch):
            value = number(i, lane + f, store, batch)
            at = base + section.word_wide + f
            words[at] = max(words[at], value)
            at = place + section.pane_wide + f
            words[at] = max(words[at], value)
    lane += section.wide
    for f in range(section.narrow):
        if counts(i, lane + f, store, batch):
            value = number(i, lane + f, store, batch)
            small = np.int32(min(max(value, np.int64(LOWEST_NARROW + 1)), np.int64(2**31 - 1)))
            at = 2 * base + section.half_narrow + f
            halves[at] = max(halves[at], small)
            at = 2 * place + section.pane_narrow + f
            halves[at] = max(halves[at], small)
    lane += section.narrow + section.lasts + section.trails
    for f in range(section.distincts):
        if counts(i, lane + f, store, batch):
            value = batch.values[store.of[lane + f], i]
            _hit(value, f, base, pane, now, section, store)
    return flag


@inlined
def bucket_of(value: Int, buckets: Int) -> Int:
    """Bucket of a value."""
    return np.int64(((mixed(value) >> np.uint64(32)) * np.uint64(buckets)) >> np.uint64(32))


@inlined
def _hit(value: Int, f: Int, base: Int, pane: Int, now: Int, section: Any, store: Store) -> None:
    """Stamp the value's bucket with its pane, unless it holds a newer one."""
    spot = 8 * base + section.byte_buckets + f * section.buckets
    spot += bucket_of(value, section.buckets)
    stamp = np.int64(store.octets[spot])
    if stamp == 0:
        store.halves[2 * base + section.half_kept + f] += 1
    if stamp == 0 or (now + 1 - stamp) % 255 > now - pane:
        store.octets[spot] = np.uint8(pane % 255 + 1)

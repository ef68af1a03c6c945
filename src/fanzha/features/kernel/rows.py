"""The update: find or make each row's key, age its ring, count the event, give the totals.

`shape` is `Layout.numbers`: one machine code serves every window.

Semantics (the oracle in the tests says the same in SQL):
* rows come in arrival order; `at` in ms; pane = at // step;
* a row older than the watermark (the greatest `at` so far, minus the lateness) is late: it reads,
  and is not counted;
* a counted row moves its key's current pane to its own if that is newer, and is added to its pane
  if that pane is still among the last P;
* a row that is not counted reads the window that ends with max(current pane, its own pane), and
  leaves no trace;
* a key whose newest counted row is more than `forget` ms before `at` is a new key;
* last values and changes follow counted rows that are not older than the key's newest; a last
  value of 0 means that there was none.
"""

from __future__ import annotations

import numba
import numpy as np

from fanzha.features.kernel.index import (
    FREE,
    ROWS,
    SEGMENT,
    WATERMARK,
    find,
    mixed,
    put,
    segment_of,
)

AHEAD = 128
"""Rows whose memory is asked for before they are worked on: their waits overlap."""
NULL_KEY, REFUSED, LATE, TRUNCATED = 1, 2, 4, 8
"""Bits of a row's flag: no key; table full; late; a sketch is beyond its range."""
LOWEST = -(2**62)
LOWEST_NARROW = -(2**31)


@numba.njit(cache=True)
def _clear(
    row,
    pane,
    words,
    halves,
    octets,
    panes,
    stride,
    n_lasts,
    n_narrow,
    n_wide,
    n_distincts,
    word_wide,
    half_pane,
    half_narrow,
):
    """A fresh row: everything nought, maxima at their lowest."""
    base = row * stride
    for i in range(1, stride):
        words[base + i] = 0
    words[base + 1] = LOWEST
    for i in range(n_wide * panes):
        words[base + word_wide + i] = LOWEST
    half = base * 2
    halves[half + half_pane] = pane
    for i in range(n_narrow * panes):
        halves[half + half_narrow + i] = LOWEST_NARROW


@numba.njit(cache=True)
def _advance(
    row,
    pane,
    words,
    halves,
    octets,
    panes,
    stride,
    n_counts,
    n_narrow,
    n_sums,
    n_wide,
    n_distincts,
    buckets,
    word_sums,
    word_wide,
    half_pane,
    half_counts,
    half_narrow,
    byte_buckets,
):
    """Move the ring to a newer pane; what falls out of the window is forgotten.

    `n_sums` counts int64 and float sums together: nought is the same bits in both.
    """
    base, half = row * stride, row * stride * 2
    steps = min(pane - halves[half + half_pane], panes)
    for d in range(steps):
        slot = (pane - d) % panes
        for i in range(n_counts):
            halves[half + half_counts + i * panes + slot] = 0
        for i in range(n_narrow):
            halves[half + half_narrow + i * panes + slot] = LOWEST_NARROW
        for i in range(n_sums):
            words[base + word_sums + i * panes + slot] = 0
        for i in range(n_wide):
            words[base + word_wide + i * panes + slot] = LOWEST
    now = pane % 255
    for j in range(n_distincts):
        first = row * stride * 8 + byte_buckets + j * buckets
        kept = 0
        for i in range(buckets):
            stamp = np.int64(octets[first + i])
            if stamp != 0:
                if steps == panes or (now - (stamp - 1)) % 255 >= panes:
                    octets[first + i] = 0
                else:
                    kept += 1
        halves[half + half_pane + 1 + j] = kept
    halves[half + half_pane] = pane


@numba.njit(cache=True, nogil=True)
def update(
    shape,
    keys,
    at,
    counted,
    counts,
    sums,
    floats,
    wide,
    narrow,
    lasts,
    lasts_on,
    before,
    changed,
    distincts,
    step,
    lateness,
    forget,
    rows_max,
    estimate,
    directory,
    depths,
    fill,
    slots,
    marks,
    meta,
    words,
    halves,
    octets,
    free,
    out,
    out_lasts,
    flags,
):
    (
        panes,
        stride,
        n_counts,
        n_sums,
        n_floats,
        n_wide,
        n_narrow,
        n_lasts,
        n_distincts,
        buckets,
        word_sums,
        word_floats,
        word_wide,
        half_pane,
        half_counts,
        half_narrow,
        byte_buckets,
    ) = shape
    half_stride, byte_stride = 2 * stride, 8 * stride
    lowest, lowest_narrow = LOWEST, LOWEST_NARROW
    out_sums = n_counts
    out_floats = out_sums + n_sums
    out_wide = out_floats + n_floats
    out_narrow = out_wide + n_wide
    out_distincts = out_narrow + n_narrow
    out_age = out_distincts + n_distincts
    out_end = out_age + 1
    n = keys.shape[0]
    where = np.empty(n, np.int64)
    floats_view = words.view(np.float64)
    touched = np.int64(0)
    for start in range(0, n, AHEAD):
        stop = min(n, start + AHEAD)
        # Ask for the index slots, then for the rows: many waits at once instead of one by one.
        for i in range(start, stop):
            hash_ = mixed(keys[i])
            segment = segment_of(hash_, directory, meta)
            touched += slots[segment * SEGMENT + np.int64(hash_ & np.uint64(SEGMENT - 1))]
        for i in range(start, stop):
            key = keys[i]
            where[i] = -1
            if key != 0:
                hash_ = mixed(key)
                base = segment_of(hash_, directory, meta) * SEGMENT
                slot = find(key, hash_, base, slots, marks, words, stride)
                if slot >= 0:
                    where[i] = np.int64(slots[slot]) - 1
        for i in range(start, stop):
            if where[i] >= 0:
                first = where[i] * stride
                for line in range(8, stride, 8):
                    touched += words[first + line]
        for i in range(start, stop):
            key = keys[i]
            t = at[i]
            if t > meta[WATERMARK]:
                meta[WATERMARK] = t
            flags[i] = 0
            for f in range(out_end):
                out[f, i] = 0
            for f in range(n_lasts):
                out_lasts[f, i] = 0
            out[out_age, i] = -1
            if key == 0:
                flags[i] = NULL_KEY
                continue
            late = t < meta[WATERMARK] - lateness
            if late:
                flags[i] |= LATE
            count_it = counted[i] and not late
            pane = t // step
            row = where[i]
            if row < 0:
                # Made earlier in this block, or not there yet.
                hash_ = mixed(key)
                base = segment_of(hash_, directory, meta) * SEGMENT
                slot = find(key, hash_, base, slots, marks, words, stride)
                if slot >= 0:
                    row = np.int64(slots[slot]) - 1
            if row < 0 and count_it:
                if meta[FREE] > 0:
                    row = np.int64(free[meta[FREE] - 1])
                elif meta[ROWS] < rows_max:
                    row = meta[ROWS]
                if row >= 0:
                    words[row * stride] = np.int64(key)
                    if put(key, row, directory, depths, fill, slots, marks, meta, words, stride):
                        if meta[FREE] > 0:
                            meta[FREE] -= 1
                        else:
                            meta[ROWS] += 1
                        _clear(
                            row,
                            pane,
                            words,
                            halves,
                            octets,
                            panes,
                            stride,
                            n_lasts,
                            n_narrow,
                            n_wide,
                            n_distincts,
                            word_wide,
                            half_pane,
                            half_narrow,
                        )
                    else:
                        row = -1
                if row < 0:
                    flags[i] |= REFUSED
                    continue
            if row < 0:
                for f in range(n_wide + n_narrow):
                    out[out_wide + f, i] = lowest
                continue
            base, half = row * stride, row * half_stride
            newest = words[base + 1]
            if newest != lowest and t - newest > forget:
                if count_it:
                    _clear(
                        row,
                        pane,
                        words,
                        halves,
                        octets,
                        panes,
                        stride,
                        n_lasts,
                        n_narrow,
                        n_wide,
                        n_distincts,
                        word_wide,
                        half_pane,
                        half_narrow,
                    )
                    newest = words[base + 1]
                else:
                    for f in range(n_wide + n_narrow):
                        out[out_wide + f, i] = lowest
                    continue
            out[out_age, i] = -1 if newest == lowest else max(np.int64(0), t - newest)
            for f in range(n_lasts):
                out_lasts[f, i] = words[base + 2 + f]
            if count_it:
                if pane > halves[half + half_pane]:
                    _advance(
                        row,
                        pane,
                        words,
                        halves,
                        octets,
                        panes,
                        stride,
                        n_counts,
                        n_narrow,
                        n_sums + n_floats,
                        n_wide,
                        n_distincts,
                        buckets,
                        word_sums,
                        word_wide,
                        half_pane,
                        half_counts,
                        half_narrow,
                        byte_buckets,
                    )
                current = np.int64(halves[half + half_pane])
                in_order = t >= newest
                if current - pane < panes:
                    slot = pane % panes
                    for f in range(n_counts):
                        more = counts[f, i]
                        if changed[f] >= 0:
                            lane = changed[f]
                            old_value = words[base + 2 + lane]
                            more = np.int64(
                                in_order
                                and lasts_on[lane, i]
                                and old_value != 0
                                and old_value != lasts[lane, i]
                            )
                        place = half + half_counts + f * panes + slot
                        halves[place] = np.int32(np.uint32(halves[place]) + np.uint32(more))
                    for f in range(n_sums):
                        words[base + word_sums + f * panes + slot] += sums[f, i]
                    for f in range(n_floats):
                        floats_view[base + word_floats + f * panes + slot] += floats[f, i]
                    for f in range(n_wide):
                        place = base + word_wide + f * panes + slot
                        if wide[f, i] > words[place]:
                            words[place] = wide[f, i]
                    for f in range(n_narrow):
                        place = half + half_narrow + f * panes + slot
                        if narrow[f, i] > halves[place]:
                            halves[place] = narrow[f, i]
                    for f in range(n_distincts):
                        value = distincts[f, i]
                        if value != 0:
                            spot = (
                                row * byte_stride
                                + byte_buckets
                                + f * buckets
                                + np.int64((mixed(value) >> np.uint64(32)) % np.uint64(buckets))
                            )
                            old = np.int64(octets[spot])
                            if old == 0:
                                halves[half + half_pane + 1 + f] += 1
                                octets[spot] = np.uint8(pane % 255 + 1)
                            else:
                                # Newer of the two panes, both within the last P.
                                old_age = (current - (old - 1)) % 255
                                if current - pane < old_age:
                                    octets[spot] = np.uint8(pane % 255 + 1)
                if in_order:
                    words[base + 1] = t
                    for f in range(n_lasts):
                        if lasts_on[f, i]:
                            words[base + 2 + f] = lasts[f, i]
            gone = pane - halves[half + half_pane]
            if gone <= 0:
                for f in range(n_counts):
                    total = np.int64(0)
                    for p in range(panes):
                        total += np.int64(np.uint32(halves[half + half_counts + f * panes + p]))
                    out[f, i] = total
                for f in range(n_sums):
                    total = np.int64(0)
                    for p in range(panes):
                        total += words[base + word_sums + f * panes + p]
                    out[out_sums + f, i] = total
                for f in range(n_floats):
                    amount = 0.0
                    for p in range(panes):
                        amount += floats_view[base + word_floats + f * panes + p]
                    out[out_floats + f, i] = amount
                for f in range(n_wide):
                    top = np.int64(lowest)
                    for p in range(panes):
                        top = max(top, words[base + word_wide + f * panes + p])
                    out[out_wide + f, i] = top
                for f in range(n_narrow):
                    low = np.int64(lowest_narrow)
                    for p in range(panes):
                        low = max(low, np.int64(halves[half + half_narrow + f * panes + p]))
                    out[out_narrow + f, i] = lowest if low == lowest_narrow else low
                for f in range(n_distincts):
                    kept = np.int64(halves[half + half_pane + 1 + f])
                    out[out_distincts + f, i] = estimate[kept]
                    if kept > buckets - buckets // 32:
                        flags[i] |= TRUNCATED
            elif gone >= panes:
                for f in range(n_wide + n_narrow):
                    out[out_wide + f, i] = lowest
            else:
                current = np.int64(halves[half + half_pane])
                for p in range(panes):
                    # Pane number held by ring slot p, and whether the reader still sees it.
                    held = current - ((current - p) % panes)
                    if held > pane - panes:
                        for f in range(n_counts):
                            out[f, i] += np.int64(
                                np.uint32(halves[half + half_counts + f * panes + p])
                            )
                        for f in range(n_sums):
                            out[out_sums + f, i] += words[base + word_sums + f * panes + p]
                        for f in range(n_floats):
                            out[out_floats + f, i] += floats_view[
                                base + word_floats + f * panes + p
                            ]
                for f in range(n_wide):
                    top = np.int64(lowest)
                    for p in range(panes):
                        held = current - ((current - p) % panes)
                        if held > pane - panes:
                            top = max(top, words[base + word_wide + f * panes + p])
                    out[out_wide + f, i] = top
                for f in range(n_narrow):
                    low = np.int64(lowest_narrow)
                    for p in range(panes):
                        held = current - ((current - p) % panes)
                        if held > pane - panes:
                            low = max(low, np.int64(halves[half + half_narrow + f * panes + p]))
                    out[out_narrow + f, i] = lowest if low == lowest_narrow else low
                for f in range(n_distincts):
                    first = row * byte_stride + byte_buckets + f * buckets
                    kept = np.int64(0)
                    for b in range(buckets):
                        stamp = np.int64(octets[first + b])
                        if stamp != 0 and (current - (stamp - 1)) % 255 < panes - gone:
                            kept += 1
                    out[out_distincts + f, i] = estimate[kept]
            for f in range(n_lasts):
                if not before[f]:
                    out_lasts[f, i] = words[base + 2 + f]
    return touched

"""How a key's row lies in memory: one run of bytes, so that a row costs few cache lines."""

from __future__ import annotations

from typing import NamedTuple


class Lanes(NamedTuple):
    """How many lanes of each sort a window keeps, its panes, and the buckets of a distinct."""

    panes: int
    counts: int = 0
    sums: int = 0
    floats: int = 0
    wide: int = 0
    narrow: int = 0
    lasts: int = 0
    distincts: int = 0
    buckets: int = 0


class Layout(NamedTuple):
    """Where everything of one window stands in a row; what begins with `ring_` counts from a pane.

    Head:    words (8 bytes): key, newest instant (ms), last values, then the totals over the window
             of each sum (int64), float sum (float64) and wide maximum (int64);
             halves (4 bytes): hit buckets of each distinct (int32), then the totals of each count
             (uint32) and narrow maximum (int32).
    Buckets: one byte each: the pane of its newest value, modulo 255, plus one; 0 is not hit.
    Ring:    pane after pane: sums, float sums, wide maxima, counts, narrow maxima of that pane.

    The pane that a row stands at is that of its newest instant. An event touches the head, one pane
    and one bucket, however many panes there are.
    """

    panes: int
    counts: int
    sums: int
    floats: int
    wide: int
    narrow: int
    lasts: int
    distincts: int
    buckets: int
    word_sums: int
    word_floats: int
    word_wide: int
    half_kept: int
    half_counts: int
    half_narrow: int
    ring: int
    """Word at which the ring begins."""
    pane_words: int
    ring_floats: int
    ring_wide: int
    ring_counts: int
    """In halves from the pane's first."""
    ring_narrow: int
    byte_buckets: int
    stride: int
    """Words a row."""
    outputs: int
    """Columns told: a total of each lane and distinct, then the age of the newest row (ms)."""


def layout_of(lanes: Lanes) -> Layout:
    """Lay out a row."""
    word_sums = 2 + lanes.lasts
    word_floats = word_sums + lanes.sums
    word_wide = word_floats + lanes.floats
    half_kept = 2 * (word_wide + lanes.wide)
    half_counts = half_kept + lanes.distincts
    half_narrow = half_counts + lanes.counts
    head = _up(half_narrow + lanes.narrow, 2)
    ring = head + _up(lanes.distincts * lanes.buckets, 8)
    ring_wide = lanes.sums + lanes.floats
    ring_counts = 2 * (ring_wide + lanes.wide)
    ring_narrow = ring_counts + lanes.counts
    pane_words = _up(ring_narrow + lanes.narrow, 2)
    return Layout(
        *lanes,
        word_sums=word_sums,
        word_floats=word_floats,
        word_wide=word_wide,
        half_kept=half_kept,
        half_counts=half_counts,
        half_narrow=half_narrow,
        ring=ring,
        pane_words=pane_words,
        ring_floats=lanes.sums,
        ring_wide=ring_wide,
        ring_counts=ring_counts,
        ring_narrow=ring_narrow,
        byte_buckets=8 * head,
        stride=ring + lanes.panes * pane_words,
        outputs=lanes.counts + lanes.sums + lanes.floats + lanes.wide + lanes.narrow
        + lanes.distincts + 1,
    )  # fmt: skip


def _up(parts: int, whole: int) -> int:
    return -(-parts // whole)

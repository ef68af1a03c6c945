"""How a key's row lies in memory: one run of bytes, so that a row costs few cache lines."""

from __future__ import annotations

from typing import NamedTuple


class Lanes(NamedTuple):
    """How many lanes of each sort a window keeps, its panes, and what each lane needs."""

    panes: int
    counts: int = 0
    sums: int = 0
    floats: int = 0
    wide: int = 0
    narrow: int = 0
    lasts: int = 0
    trails: int = 0
    distincts: int = 0
    length: int = 0
    """Values of each trail."""
    buckets: int = 0
    """Of each distinct."""


class Section(NamedTuple):
    """Where everything of one window stands in a row, and its terms.

    A row begins with the key and the newest instant (ms) of each section, all words of 8 bytes;
    then come the heads of all sections, their buckets, and their rings. Of each section

    Head:    halves (4 bytes): which panes hold something (a bit each), hit buckets of each
             distinct, then the totals over the window of each count (uint32) and narrow maximum
             (int32); words: last values, trails (newest first), then the totals of each sum
             (int64), float sum (float64) and wide maximum (int64).
    Buckets: one byte each: the pane of its newest value, modulo 255, plus one; 0 is not hit.
    Ring:    pane after pane: sums, float sums, wide maxima, counts, narrow maxima of that pane.
             What an unmarked pane holds is of no meaning.

    Places are counted from the row's first word, half or byte, those within a pane from the pane's.
    An event touches the head, one pane and one bucket, however many panes there are.
    """

    panes: int
    counts: int
    sums: int
    floats: int
    wide: int
    narrow: int
    lasts: int
    trails: int
    distincts: int
    length: int
    buckets: int

    newest: int
    half_panes: int
    half_kept: int
    half_counts: int
    half_narrow: int
    word_lasts: int
    word_trails: int
    word_sums: int
    word_floats: int
    word_wide: int
    byte_buckets: int
    ring: int
    pane_words: int
    pane_floats: int
    pane_wide: int
    pane_counts: int
    """In halves from the pane's first."""
    pane_narrow: int
    begin: int
    """First word of the head."""
    end: int
    """The word behind it."""

    lane: int
    """Place of its first lane in `on`, `of`, `scale`; lanes come sort by sort, in this order."""
    source: int
    """Its first source (`Store.follows`)."""
    sources: int
    column: int
    """First column told: each count, sum, float sum, maximum, last value that is told, trail and
    distinct; then, where `aged`, the seconds since the newest row."""
    columns: int
    period: int
    """Which pair of `Batch.panes` holds the rows' panes and their places in the ring."""
    counted: int
    """Mask of the rows that count for any feature."""
    step: int
    lateness: int
    forget: int
    """Times in ms."""
    before: int
    """1: told as it stood before the row."""
    aged: int


def head_words(lanes: Lanes) -> int:
    """Words a section's head."""
    halves = _up(lanes.panes, 32) + lanes.distincts + lanes.counts + lanes.narrow
    words = lanes.lasts + lanes.trails * lanes.length + lanes.sums + lanes.floats + lanes.wide
    return _up(halves, 2) + words


def bucket_words(lanes: Lanes) -> int:
    """Words of a section's buckets."""
    return _up(lanes.distincts * lanes.buckets, 8)


def pane_words(lanes: Lanes) -> int:
    """Words a pane."""
    return lanes.sums + lanes.floats + lanes.wide + _up(lanes.counts + lanes.narrow, 2)


def ring_words(lanes: Lanes) -> int:
    """Words of a section's ring."""
    return lanes.panes * pane_words(lanes)


def section_of(
    lanes: Lanes, *, newest: int, begin: int, buckets: int, ring: int, **terms: int
) -> Section:
    """Lay out one window, its head from word `begin` of the row on, buckets and ring from theirs;
    `terms` are the fields from `lane` on."""
    half_panes = 2 * begin
    half_kept = half_panes + _up(lanes.panes, 32)
    half_counts = half_kept + lanes.distincts
    half_narrow = half_counts + lanes.counts
    word_lasts = _up(half_narrow + lanes.narrow, 2)
    word_trails = word_lasts + lanes.lasts
    word_sums = word_trails + lanes.trails * lanes.length
    word_floats = word_sums + lanes.sums
    word_wide = word_floats + lanes.floats
    pane_wide = lanes.sums + lanes.floats
    pane_counts = 2 * (pane_wide + lanes.wide)
    return Section(
        *lanes,
        newest=newest,
        half_panes=half_panes,
        half_kept=half_kept,
        half_counts=half_counts,
        half_narrow=half_narrow,
        word_lasts=word_lasts,
        word_trails=word_trails,
        word_sums=word_sums,
        word_floats=word_floats,
        word_wide=word_wide,
        byte_buckets=8 * buckets,
        ring=ring,
        pane_words=pane_words(lanes),
        pane_floats=lanes.sums,
        pane_wide=pane_wide,
        pane_counts=pane_counts,
        pane_narrow=pane_counts + lanes.counts,
        begin=begin,
        end=begin + head_words(lanes),
        **terms,
    )


def _up(parts: int, whole: int) -> int:
    return -(-parts // whole)

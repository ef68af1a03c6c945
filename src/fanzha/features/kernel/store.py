"""What the kernel works on: the arrays of a table, its rules, and a batch's lanes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Halves = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Slots = npt.NDArray[np.uint32]
Sections = Any
"""An array of records with the fields of `layout.Section`."""
Indexed = Any
"""What has directory, depths, fill, slots, meta, words and held, as `index` describes them."""

(
    DEPTH, SEGMENTS, ROWS, FREE, HAND, WATERMARK, SEEN, EXPIRED, FREED, COPIED, COPIES, PLACES,
) = range(12)  # fmt: skip
"""Places in `meta`: depth of the directory, segments in use, rows ever made, free rows among them,
the sweep's next row, the greatest instant, rows seen, keys expired, the row freed last; while a
snapshot is taken, rows up to `COPIED` are in it and those from `COPIES` on will not be."""

NULL_KEY, REFUSED, LATE, TRUNCATED = 1, 2, 4, 8
"""Bits of a row's flag: no key; table full; late; a lane is beyond its range."""

NEVER = -(2**62)
"""Newest instant of a section in which nothing has counted yet."""
LOWEST = -(2**62)
LOWEST_NARROW = -(2**31)
SUM_CAP = 2**62

KEY, VALUE, INSTANT = range(3)
"""What a last value is; a key is not told."""
CHANGE, PAUSE = range(2)
"""What a source says."""


class Rules(NamedTuple):
    """Words a row, words until the last head ends, the most rows, bits of a slot that hold the
    row's number; how many rows ahead memory is asked for, so that waits overlap, and for how many
    in one go."""

    stride: int
    heads: int
    rows_max: int
    row_bits: int
    ahead: int
    group: int


class Store(NamedTuple):
    """The memory of one table.

    `words`, `halves`, `octets`, `reals` are the same bytes; see `layout.Section` for what stands
    where (`sections`, one a window), and `index` for directory, depths, fill and slots. A free row
    has key 0 and the next free row behind it. `copy` and `kept`: the rows of a snapshot that is
    being taken, and which of them are there.

    Of each lane: `on` is the mask of the rows that count, `of` the array of its values in the
    batch; below 0 it is source −1 − x. `scale` divides what is told; negative for minima, which are
    maxima of the negated values; of a float sum, 2 sums squares. `is` says what a last value is.

    A source compares a row with the one before it. `follows`: its last lane, or −1 for the
    section's newest instant; `former`: the word that holds the former value; `says`: CHANGE, or
    PAUSE, in ms where it is less than `under`. `nothing`: what a column tells of a key that is not
    there. `estimate[k]`: how many values hit k buckets (from `estimates[s]` on).
    """

    directory: Halves
    depths: npt.NDArray[np.int8]
    fill: Halves
    slots: Slots
    meta: Ints
    words: Ints
    halves: Halves
    octets: Bytes
    reals: Floats
    copy: Ints
    kept: Bytes
    sections: Sections
    on: Ints
    of: Ints
    scale: Floats
    last: Ints
    follows: Ints
    former: Ints
    says: Ints
    under: Ints
    nothing: Floats
    estimate: Floats
    estimates: Ints
    held: Slots
    rows: Ints
    sourced: Ints


class Batch(NamedTuple):
    """One batch for one table: n rows; panes, masks, values and reals are arrays × n."""

    keys: Keys
    at: Ints
    watermark: Ints
    """The greatest instant of the whole stream up to each row; of rows that are not here too."""
    panes: Ints
    """By period the rows' panes, then their places in the ring (`Section.period`)."""
    masks: Bools
    values: Ints
    """Whole multiples of 1/scale, or keys."""
    reals: Floats


class Told(NamedTuple):
    """What the kernel fills: columns × n, NaN for null, and flags (sections × n)."""

    columns: Floats
    flags: Bytes

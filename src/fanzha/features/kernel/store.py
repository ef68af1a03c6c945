"""What the kernel works on: the arrays of a table, its rules, and a batch's lanes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Halves = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Slots = npt.NDArray[np.uint32]

DEPTH, SEGMENTS, ROWS, FREE, HAND, WATERMARK, SEEN, EXPIRED = range(8)
"""Places in `meta`: depth of the directory, segments in use, rows ever made, free rows among them,
the sweep's next row, the greatest instant, rows seen, keys expired."""

NULL_KEY, REFUSED, LATE, TRUNCATED = 1, 2, 4, 8
"""Bits of a row's flag: no key; table full; late; a lane is beyond its range."""

LOWEST = -(2**62)
LOWEST_NARROW = -(2**31)
SUM_CAP = 2**62
COUNT_CAP = 2**32 - 1


class Rules(NamedTuple):
    """Times in ms; the most rows; bits of a slot that hold the row's number."""

    step: int
    lateness: int
    forget: int
    rows_max: int
    row_bits: int


class Store(NamedTuple):
    """The memory of one table.

    `words`, `halves`, `octets`, `reals` are the same bytes; see `layout` for what stands where, and
    `index` for directory, depths, fill and slots. A free row has key 0. `changed[c]`: the last
    value whose changes count lane c counts, or −1. `before[l]`: lane l is told as it was before the
    row. `held` and `rows` are room to work in. `estimate[k]`: how many values hit k buckets.
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
    free: Slots
    held: Slots
    rows: Ints
    changed: Ints
    before: Bools
    estimate: Floats


class Batch(NamedTuple):
    """One batch for one table: arrays of n rows; lanes are rows of two-dimensional arrays."""

    keys: Keys
    at: Ints
    watermark: Ints
    """The greatest instant of the whole stream up to each row; of rows that are not here too."""
    counted: Bools
    counts: Bools
    sums: Ints
    floats: Floats
    wide: Ints
    narrow: Halves
    lasts: Ints
    lasts_on: Bools
    distincts: Keys


class Told(NamedTuple):
    """What the kernel fills: totals (columns × n), last values (lanes × n), flags (n)."""

    totals: Floats
    lasts: Ints
    flags: Bytes

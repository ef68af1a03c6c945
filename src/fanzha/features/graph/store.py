"""What the graph's kernel works on: accounts, their newest edges, limits, and room to work in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fanzha.features.kernel.compiled import Int, inlined
from fanzha.features.kernel.store import Bools, Floats, Halves, Ints, Keys, Slots

KEY, NEWEST, OUT, IN, STRIDE = 0, 1, 2, 5, 8
"""Words of an account's row, one cache line: key, newest instant, then for each way three words:
first slot of its run, the run's form (length, head, size), newest instant of an edge dropped."""
START, FORM, LOST = range(3)

TOP, DROPPED, STEPS, MOST, SIZE = 8, 9, 10, 11, 12
"""Places in `meta` beyond the index's: first slot never taken; edges dropped for want of memory;
steps worked, and the most for one row; length of `meta`."""

AT_BITS, LOW_BITS = 44, 20
AT_BOUND = 2 ** (AT_BITS - 1) - 1
"""Instants are held within ± this many ms of 1970: 278 years."""
FEN_BOUND = 2**52
ROWS_BOUND = 2 ** (LOW_BITS + 8)

LATE, REFUSED = 1, 2
PAYER, PAYEE, PAIR, THROUGH, SCATTER, GATHER, CYCLE = 4, 16, 64, 256, 512, 1024, 2048
"""Bits of a row's flag. From PAYER on each says that a cap cut the answer; those of the sides and
of the pair have a second bit, next above, for the longer window."""

AHEAD = 64
"""Rows whose memory is asked for before they are worked on: their waits overlap."""

VISIT = 4
"""Steps that a search pays for coming to an account: its row and run are seldom near."""

TALLY = 5
"""Numbers told of a run in a window: transfers, fen, counterparties; then those with the row's
other account: transfers, fen."""


SIEVE = 128
"""Words of the sieve of middle accounts: a bit for most that are none of them says so."""


class Terms(NamedTuple):
    """Limits and spans (ms) of a declaration, and the columns of what it tells."""

    near: int
    far: int
    windows: int
    over: int
    longest: int
    residence: int
    lateness: int
    forget: int
    cap: int
    sizes: int
    scatter_steps: int
    hops_max: int
    cycle_steps: int
    rows_max: int
    row_bits: int
    slots_max: int
    through: int
    gather: int
    scatter: int
    cycle: int
    outputs: int


class Accounts(NamedTuple):
    """The index by key, with the accounts' rows as its words (`features.kernel.index`)."""

    directory: Halves
    depths: npt.NDArray[np.int8]
    fill: Halves
    slots: Slots
    meta: Ints
    words: Ints
    free: Slots
    held: Slots


class Graph(NamedTuple):
    """The memory of one graph.

    `accounts` is the index with the accounts' rows as its words. `edges` holds runs of 2, 4, 8 …
    slots of two words: first all their first words (instant; low bits of the other account's row),
    then all their second ones (fen; a bit where no later edge of the run is with the same account;
    high bits of the row). A run is a ring in the order of instants. `runs[s]` is the first free run
    of 2**s slots, whose first word leads to the next; −1 ends.
    """

    accounts: Accounts
    edges: Ints
    runs: Ints


class Room(NamedTuple):
    """Room to work in; nothing here outlives a row. `stamp[0]` tells one use from another."""

    stamp: Ints
    seen: Ints
    mids: Ints
    mid_at: Ints
    mid_mark: Ints
    sieve: Ints
    tally: Ints
    left: Ints
    suffix: Ints
    labels: Ints
    label_at: Ints
    label_next: Ints
    fronts: Ints
    front_at: Ints
    ends: Ints
    rows: Ints


class Batch(NamedTuple):
    """One batch: arrays of n rows, amounts in fen."""

    at: Ints
    payers: Keys
    payees: Keys
    fen: Ints
    counted: Bools


class Told(NamedTuple):
    """What the kernel fills: numbers (columns × n), flags (n)."""

    numbers: Floats
    flags: Halves


@inlined
def instant(word: Int) -> Int:
    """Instant of an edge, from its first word."""
    return word >> np.int64(LOW_BITS)


@inlined
def whom(first: Int, second: Int) -> Int:
    """Row of an edge's other account, from both words."""
    return (first & np.int64(2**LOW_BITS - 1)) | ((second & np.int64(255)) << np.int64(LOW_BITS))


@inlined
def money(word: Int) -> Int:
    """Fen of an edge, from its second word."""
    return word >> np.int64(9)


@inlined
def newest_with(word: Int) -> Int:
    """1 where no later edge of the run is with the same account, from the second word."""
    return (word >> np.int64(8)) & np.int64(1)


def room_for(terms: Terms) -> Room:
    """Room for a declaration's limits; every table is at most half full."""
    seen = 4 * terms.cap
    labels = _power(2 * (terms.cycle_steps + 2))
    frontier = terms.cycle_steps + 2
    return Room(
        stamp=np.zeros(1, np.int64),
        seen=np.zeros(seen, np.int64),
        mids=np.zeros(seen, np.int64),
        mid_at=np.zeros(seen, np.int64),
        mid_mark=np.zeros(seen, np.int64),
        sieve=np.zeros(SIEVE, np.int64),
        tally=np.zeros(4 * 2 * TALLY, np.int64),
        left=np.zeros(terms.cap, np.int64),
        suffix=np.zeros(terms.cap, np.int64),
        labels=np.zeros(2 * labels, np.int64),
        label_at=np.zeros(2 * labels, np.int64),
        label_next=np.zeros(2 * labels, np.int64),
        fronts=np.zeros(4 * frontier, np.int64),
        front_at=np.zeros(4 * frontier, np.int64),
        ends=np.zeros(2, np.int64),
        rows=np.zeros(2 * AHEAD, np.int64),
    )


def _power(least: int) -> int:
    return 1 << (least - 1).bit_length()

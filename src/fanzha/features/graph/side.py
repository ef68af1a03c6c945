"""One account's transfers of one way, counted over both windows in one look at its run."""

from __future__ import annotations

import numpy as np

from fanzha.features.graph.edges import length, word
from fanzha.features.graph.store import (
    FORM,
    START,
    STRIDE,
    TALLY,
    Graph,
    Room,
    Terms,
    instant,
    money,
    whom,
)
from fanzha.features.kernel.compiled import Int, compiled, inlined
from fanzha.features.kernel.store import Ints


@inlined
def fresh(room: Room) -> Int:
    """A stamp that no table of the room bears."""
    room.stamp[0] += 1
    return room.stamp[0]


@compiled
def renew(room: Room) -> None:
    """Before a row: empty the tables where stamps would outgrow their bits."""
    if room.stamp[0] > 2**30:
        room.stamp[0] = 0
        room.seen[:] = 0
        room.mids[:] = 0
        room.mid_mark[:] = 0
        room.labels[:] = 0
        room.label_next[:] = 0


@inlined
def place_of(row: Int, stamp: Int, table: Ints) -> Int:
    """Slot of a row in an open-addressing table of the room, or the free slot where it would be.

    A slot that bears another stamp is free. The low half of a slot is the row.
    """
    wanted = (stamp << np.int64(32)) | row
    last = np.int64(table.shape[0] - 1)
    at = ((row * np.int64(0x9E3779B1)) >> np.int64(12)) & last
    while table[at] != wanted and (table[at] >> np.int64(32)) == stamp:
        at = (at + 1) & last
    return at


@inlined
def enter(row: Int, stamp: Int, table: Ints) -> bool:
    """Enter a row; true where it was not there yet."""
    at = place_of(row, stamp, table)
    wanted = (stamp << np.int64(32)) | row
    new: bool = table[at] != wanted
    table[at] = wanted
    return new


@compiled
def count(
    row: Int, way: Int, other: Int, at: Int, lane: Int, terms: Terms, graph: Graph, room: Room
) -> Int:
    """Fill the room's tally for lane 0 to 3, the shorter window first. Gives steps.

    Newest first, so that an account's first appearance says in which windows it counts.
    """
    tally = room.tally
    first = lane * 2 * TALLY
    for k in range(first, first + 2 * TALLY):
        tally[k] = 0
    if row < 0:
        return np.int64(0)
    words, edges = graph.accounts.words, graph.edges
    start, form = words[row * STRIDE + way + START], words[row * STRIDE + way + FORM]
    n = length(form)
    stamp = fresh(room)
    since = at - terms.far
    inner = at - terms.near
    steps = np.int64(0)
    both = np.int64(0)
    fen = np.int64(0)
    sorts = np.int64(0)
    pair = np.int64(0)
    pair_fen = np.int64(0)
    split = False
    for k in range(n - 1, -1, -1):
        spot = word(k, start, form)
        when = instant(edges[spot])
        steps += 1
        if when > at:
            continue
        if not split and when <= inner:
            # The shorter window ends here: what was counted so far is its tally.
            split = True
            tally[first], tally[first + 1], tally[first + 2] = both, fen, sorts
            tally[first + 3], tally[first + 4] = pair, pair_fen
        if when <= since:
            break
        amount = money(edges[spot + 1])
        who = whom(edges[spot], edges[spot + 1])
        both += 1
        fen += amount
        sorts += enter(who, stamp, room.seen)
        if who == other:
            pair += 1
            pair_fen += amount
    if not split:
        tally[first], tally[first + 1], tally[first + 2] = both, fen, sorts
        tally[first + 3], tally[first + 4] = pair, pair_fen
    first += TALLY
    tally[first], tally[first + 1], tally[first + 2] = both, fen, sorts
    tally[first + 3], tally[first + 4] = pair, pair_fen
    return steps

"""One account's transfers of one way, counted over both windows."""

from __future__ import annotations

import numpy as np

from fanzha.features.graph.edges import head, length, mask, since, word
from fanzha.features.graph.store import (
    FORM,
    LOW_BITS,
    START,
    STRIDE,
    TALLY,
    Graph,
    Room,
    Terms,
    instant,
    money,
    newest_with,
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
    """Fill the room's tally for lane 0 to 3, the shorter window first. Gives steps."""
    tally = room.tally
    first = lane * 2 * TALLY
    for k in range(first, first + 2 * TALLY):
        tally[k] = 0
    if row < 0:
        return np.int64(0)
    form = graph.accounts.words[row * STRIDE + way + FORM]
    n = length(form)
    if n == 0:
        return np.int64(0)
    start = graph.accounts.words[row * STRIDE + way + START]
    # Most rows are not earlier than what their accounts did last: all edges are up to them.
    ordered = instant(graph.edges[word(n - 1, start, form)]) <= at
    last = n if ordered else since(row, way, at, graph)
    far = since(row, way, at - terms.far, graph)
    near = since(row, way, at - terms.near, graph) if terms.windows > 1 else far
    tally[first], tally[first + TALLY] = last - near, last - far
    _add(near, last, first, other, start, form, graph.edges, tally)
    for k in range(first + 1, first + TALLY):
        tally[k + TALLY] = tally[k]
    _add(far, near, first + TALLY, other, start, form, graph.edges, tally)
    if not ordered:
        _distinct(far, near, last, first, start, form, graph.edges, room)
    return last - far + 1


@compiled
def _add(
    begin: Int, end: Int, place: Int, other: Int, start: Int, form: Int, edges: Ints, tally: Ints
) -> None:
    """Add edges number `begin` to `end` to the tally at a place, their number apart."""
    wide, first = mask(form) + 1, head(form)
    begin, end = first + begin, first + end
    if begin < wide:
        _sum(2 * start + begin, min(end, wide) - begin, place, other, wide, edges, tally)
    if end > wide:
        begin = max(begin - wide, np.int64(0))
        _sum(2 * start + begin, end - wide - begin, place, other, wide, edges, tally)


@compiled
def _sum(spot: Int, many: Int, place: Int, other: Int, wide: Int, edges: Ints, tally: Ints) -> None:
    """Add so many edges that lie side by side.

    No branch and no index that could be negative: the compiler makes vectors of it.
    """
    low, high = other & np.int64(2**LOW_BITS - 1), other >> np.int64(LOW_BITS)
    fen, sorts, pair, pair_fen = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    for i in range(np.uint64(many)):
        k = np.uint64(spot) + i
        one, two = edges[k], edges[k + np.uint64(wide)]
        differs = ((one & np.int64(2**LOW_BITS - 1)) ^ low) | ((two & np.int64(255)) ^ high)
        amount = money(two)
        fen += amount
        sorts += newest_with(two)
        pair += np.int64(1) if differs == 0 else np.int64(0)
        pair_fen += amount if differs == 0 else np.int64(0)
    tally[place + 1] += fen
    tally[place + 2] += sorts
    tally[place + 3] += pair
    tally[place + 4] += pair_fen


@compiled
def _distinct(
    far: Int, near: Int, last: Int, first: Int, start: Int, form: Int, edges: Ints, room: Room
) -> None:
    """Counterparties again, for a row earlier than what its account did last: the newest edge with
    a counterparty may be later than the row. Newest first, so that an account's first appearance
    says in which windows it counts."""
    stamp, many, wide = fresh(room), np.int64(0), mask(form) + 1
    for k in range(last - 1, far - 1, -1):
        spot = word(k, start, form)
        many += enter(whom(edges[spot], edges[spot + wide]), stamp, room.seen)
        if k == near:
            room.tally[first + 2] = many
    if near >= last:
        room.tally[first + 2] = 0
    room.tally[first + TALLY + 2] = many

"""Scatter-gather: one account pays many, and they pay one; found where it closes."""

from __future__ import annotations

import numpy as np

from fanzha.features.graph.edges import cut, length, mask, since, word
from fanzha.features.graph.side import enter, fresh, place_of
from fanzha.features.graph.store import (
    FORM,
    IN,
    LOW_BITS,
    OUT,
    SIEVE,
    START,
    STRIDE,
    VISIT,
    Graph,
    Room,
    Terms,
    instant,
    whom,
)
from fanzha.features.kernel.compiled import Int, compiled, inlined


@compiled
def scattered(
    mid: Int, sink: Int, at: Int, terms: Terms, graph: Graph, room: Room
) -> tuple[Int, Int, bool, Int]:
    """For the transfer from `mid` to `sink`: over the accounts that paid `mid`, the most accounts
    that one of them paid and that paid `sink` afterwards, all within `over`.

    Gives that number, the row of the source (−1 for none), whether a cap cut the answer, steps.
    """
    words, edges, past = graph.accounts.words, graph.edges, at - terms.over
    start, form = words[mid * STRIDE + IN + START], words[mid * STRIDE + IN + FORM]
    short = cut(mid, IN, past, graph)
    steps, most, source = np.int64(0), np.int64(0), np.int64(-1)
    first, last = since(mid, IN, past, graph), since(mid, IN, at, graph)
    if first == last:
        return most, source, short, steps
    mids, middles, looked = _middles(sink, at, past, graph, room)
    steps += looked
    short = short or cut(sink, IN, past, graph)
    stamp, spent, wide = fresh(room), np.int64(0), mask(form) + 1
    for k in range(last - 1, first - 1, -1):
        steps += 1
        spot = word(k, start, form)
        payer = whom(edges[spot], edges[spot + wide])
        if payer == sink or not enter(payer, stamp, room.seen):
            continue
        paid = length(words[payer * STRIDE + OUT + FORM])
        spent += VISIT
        if spent + paid > terms.scatter_steps:
            short = True
            break
        short = short or cut(payer, OUT, past, graph)
        if paid > most:
            found = _between(payer, mids, past, graph, room)
            spent += paid
            if found > most:
                most, source = found, payer
        if most == middles:
            # There are no more: what was not read could only have been as many.
            return most, source, cut(sink, IN, past, graph), steps + spent
    return most, source, short, steps + min(spent, terms.scatter_steps)


@inlined
def _sifted(first: Int) -> tuple[Int, Int]:
    """Word and bit in the sieve of an edge's other account, by what the first word knows of it."""
    low = np.uint64(first) & np.uint64(2**LOW_BITS - 1)
    hash_ = (low * np.uint64(0x9E3779B1)) >> np.uint64(12)
    return (hash_ >> np.uint64(6)) & np.uint64(SIEVE - 1), hash_ & np.uint64(63)


@compiled
def _middles(sink: Int, at: Int, past: Int, graph: Graph, room: Room) -> tuple[Int, Int, Int]:
    """Enter the accounts that paid `sink`, each with its latest instant. Gives the stamp they bear,
    how many they are, steps."""
    words, edges = graph.accounts.words, graph.edges
    start, form = words[sink * STRIDE + IN + START], words[sink * STRIDE + IN + FORM]
    first, last = since(sink, IN, past, graph), since(sink, IN, at, graph)
    stamp, many, wide = fresh(room), np.int64(0), mask(form) + 1
    for w in range(SIEVE):
        room.sieve[w] = 0
    for k in range(last - 1, first - 1, -1):
        spot = word(k, start, form)
        row = whom(edges[spot], edges[spot + wide])
        slot = place_of(row, stamp, room.mids)
        wanted = (stamp << np.int64(32)) | row
        if room.mids[slot] != wanted:
            room.mids[slot] = wanted
            room.mid_at[slot] = instant(edges[spot])
            place, bit = _sifted(edges[spot])
            room.sieve[place] |= np.int64(1) << np.int64(bit)
            many += 1
    return stamp, many, last - first


@compiled
def _between(payer: Int, mids: Int, past: Int, graph: Graph, room: Room) -> Int:
    """How many of the entered accounts `payer` paid not after they paid on."""
    words, edges = graph.accounts.words, graph.edges
    start, form = words[payer * STRIDE + OUT + START], words[payer * STRIDE + OUT + FORM]
    mark, many, wide = fresh(room), np.int64(0), mask(form) + 1
    for k in range(length(form) - 1, -1, -1):
        spot = word(k, start, form)
        place, bit = _sifted(edges[spot])
        if (room.sieve[place] >> np.int64(bit)) & np.int64(1) == 0:
            continue
        when = instant(edges[spot])
        if when <= past:
            break
        row = whom(edges[spot], edges[spot + wide])
        slot = place_of(row, mids, room.mids)
        if room.mids[slot] != (mids << np.int64(32)) | row:
            continue
        if when <= room.mid_at[slot] and room.mid_mark[slot] != mark:
            room.mid_mark[slot] = mark
            many += 1
    return many

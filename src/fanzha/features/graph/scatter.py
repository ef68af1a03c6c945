"""Scatter-gather: one account pays many, and they pay one; found where it closes."""

from __future__ import annotations

import numpy as np

from fanzha.features.graph.edges import cut, length, word
from fanzha.features.graph.side import enter, fresh, place_of
from fanzha.features.graph.store import (
    FORM,
    IN,
    OUT,
    START,
    STRIDE,
    Graph,
    Room,
    Terms,
    instant,
    whom,
)
from fanzha.features.kernel.compiled import Int, compiled


@compiled
def scattered(
    mid: Int, sink: Int, at: Int, terms: Terms, graph: Graph, room: Room
) -> tuple[Int, Int, bool, Int]:
    """For the transfer from `mid` to `sink`: over the accounts that paid `mid`, the most accounts
    that one of them paid and that paid `sink` afterwards, all within `over`.

    Gives that number, the row of the source (−1 for none), whether a cap cut the answer, steps.
    """
    words, edges = graph.accounts.words, graph.edges
    since = at - terms.over
    start, form = words[mid * STRIDE + IN + START], words[mid * STRIDE + IN + FORM]
    short = cut(mid, IN, since, graph)
    steps, most, source = np.int64(0), np.int64(0), np.int64(-1)
    if length(form) == 0:
        return most, source, short, steps
    mids, middles, looked = _middles(sink, at, since, graph, room)
    steps += looked
    short = short or cut(sink, IN, since, graph)
    stamp, payers = fresh(room), np.int64(0)
    for k in range(length(form) - 1, -1, -1):
        steps += 1
        spot = word(k, start, form)
        if instant(edges[spot]) <= since:
            break
        payer = whom(edges[spot], edges[spot + 1])
        if instant(edges[spot]) > at or payer == sink:
            continue
        if not enter(payer, stamp, room.seen):
            continue
        if payers == terms.payers_max:
            short = True
            break
        payers += 1
        found, looked = _between(payer, mids, since, graph, room)
        steps += looked
        short = short or cut(payer, OUT, since, graph)
        if found > most:
            most, source = found, payer
        if most == middles:
            # There are no more: what was not read could only have been as many.
            return most, source, cut(sink, IN, since, graph), steps
    return most, source, short, steps


@compiled
def _middles(sink: Int, at: Int, since: Int, graph: Graph, room: Room) -> tuple[Int, Int, Int]:
    """Enter the accounts that paid `sink`, each with its latest instant. Gives the stamp they bear,
    how many they are, steps."""
    words, edges = graph.accounts.words, graph.edges
    start, form = words[sink * STRIDE + IN + START], words[sink * STRIDE + IN + FORM]
    stamp, many, steps = fresh(room), np.int64(0), np.int64(0)
    for k in range(length(form) - 1, -1, -1):
        steps += 1
        spot = word(k, start, form)
        when = instant(edges[spot])
        if when <= since:
            break
        if when > at:
            continue
        row = whom(edges[spot], edges[spot + 1])
        slot = place_of(row, stamp, room.mids)
        wanted = (stamp << np.int64(32)) | row
        if room.mids[slot] != wanted:
            room.mids[slot] = wanted
            room.mid_at[slot] = when
            many += 1
    return stamp, many, steps


@compiled
def _between(payer: Int, mids: Int, since: Int, graph: Graph, room: Room) -> tuple[Int, Int]:
    """How many of the entered accounts `payer` paid not after they paid on; and steps."""
    words, edges = graph.accounts.words, graph.edges
    start, form = words[payer * STRIDE + OUT + START], words[payer * STRIDE + OUT + FORM]
    mark, many, steps = fresh(room), np.int64(0), np.int64(0)
    for k in range(length(form) - 1, -1, -1):
        steps += 1
        spot = word(k, start, form)
        when = instant(edges[spot])
        if when <= since:
            break
        row = whom(edges[spot], edges[spot + 1])
        slot = place_of(row, mids, room.mids)
        if room.mids[slot] != (mids << np.int64(32)) | row:
            continue
        if when <= room.mid_at[slot] and room.mid_mark[slot] != mark:
            room.mid_mark[slot] = mark
            many += 1
    return many, steps

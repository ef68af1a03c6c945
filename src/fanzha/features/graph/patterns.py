"""Patterns of one payer: money that only passes through, and many payers before many payees."""

from __future__ import annotations

import numpy as np

from fanzha.features.graph.edges import length, word
from fanzha.features.graph.side import enter, fresh
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
    money,
    whom,
)
from fanzha.features.kernel.compiled import Int, compiled


@compiled
def passed(row: Int, at: Int, terms: Terms, graph: Graph, room: Room) -> tuple[float, float, Int]:
    """Share of the money that came within `over` and left within `residence` of its coming, its
    mean stay in ms (weighted by fen), and steps. NaN where nothing came, or nothing passed.

    First in, first out; money that stayed longer than `residence` is past, and no longer matched.
    """
    words, edges = graph.accounts.words, graph.edges
    base, since = row * STRIDE, at - terms.over
    in_start, in_form = words[base + IN + START], words[base + IN + FORM]
    out_start, out_form = words[base + OUT + START], words[base + OUT + FORM]
    ins, outs = length(in_form), length(out_form)
    steps = np.int64(0)
    first = np.int64(0)
    while first < ins and instant(edges[word(first, in_start, in_form)]) <= since:
        first += 1
        steps += 1
    coming, came, gone, stayed = first, np.int64(0), np.int64(0), 0.0
    for k in range(outs):
        steps += 1
        spot = word(k, out_start, out_form)
        when, due = instant(edges[spot]), money(edges[spot + 1])
        if when <= since:
            continue
        if when > at:
            break
        while coming < ins and instant(edges[word(coming, in_start, in_form)]) <= when:
            room.left[coming] = money(edges[word(coming, in_start, in_form) + 1])
            came += room.left[coming]
            coming += 1
            steps += 1
        while due > 0 and first < coming:
            steps += 1
            age = when - instant(edges[word(first, in_start, in_form)])
            if age > terms.residence:
                first += 1
                continue
            part = min(due, room.left[first])
            due -= part
            gone += part
            stayed += np.float64(part) * np.float64(age)
            room.left[first] -= part
            if room.left[first] == 0:
                first += 1
    while coming < ins and instant(edges[word(coming, in_start, in_form)]) <= at:
        came += money(edges[word(coming, in_start, in_form) + 1])
        coming += 1
        steps += 1
    share = gone / came if came > 0 else np.nan
    stay = stayed / gone if gone > 0 else np.nan
    return share, stay, steps


@compiled
def gathered(row: Int, at: Int, terms: Terms, graph: Graph, room: Room) -> tuple[Int, Int]:
    """Greatest k such that, within `over`, at least k accounts paid in up to some instant and at
    least k were paid from it on; and steps."""
    words, edges = graph.accounts.words, graph.edges
    base, since = row * STRIDE, at - terms.over
    in_start, in_form = words[base + IN + START], words[base + IN + FORM]
    out_start, out_form = words[base + OUT + START], words[base + OUT + FORM]
    ins, outs = length(in_form), length(out_form)
    steps, stamp, many = np.int64(0), fresh(room), np.int64(0)
    suffix: Int = room.suffix
    oldest = outs
    for k in range(outs - 1, -1, -1):
        steps += 1
        spot = word(k, out_start, out_form)
        if instant(edges[spot]) <= since:
            break
        if instant(edges[spot]) <= at:
            many += enter(whom(edges[spot], edges[spot + 1]), stamp, room.seen)
        suffix[k] = many
        oldest = k
    stamp, many, most = fresh(room), np.int64(0), np.int64(0)
    after = oldest
    for k in range(ins):
        steps += 1
        spot = word(k, in_start, in_form)
        when = instant(edges[spot])
        if when <= since:
            continue
        if when > at:
            break
        many += enter(whom(edges[spot], edges[spot + 1]), stamp, room.seen)
        while after < outs and instant(edges[word(after, out_start, out_form)]) < when:
            after += 1
            steps += 1
        if after >= outs:
            break
        most = max(most, min(many, suffix[after]))
    return most, steps

"""Patterns of one payer: money that only passes through, and many payers before many payees."""

from __future__ import annotations

import numpy as np

from fanzha.features.graph.edges import length, mask, since, word
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
    words, edges, left = graph.accounts.words, graph.edges, room.left
    base = row * STRIDE
    in_start, in_form = words[base + IN + START], words[base + IN + FORM]
    out_start, out_form = words[base + OUT + START], words[base + OUT + FORM]
    in_wide, out_wide = mask(in_form) + 1, mask(out_form) + 1
    first, ins = since(row, IN, at - terms.over, graph), since(row, IN, at, graph)
    begin, outs = since(row, OUT, at - terms.over, graph), since(row, OUT, at, graph)
    steps, came, gone, stayed = ins - first, np.int64(0), np.int64(0), 0.0
    for k in range(first, ins):
        left[k] = money(edges[word(k, in_start, in_form) + in_wide])
        came += left[k]
    if came == 0:
        return np.nan, np.nan, steps
    for k in range(begin, outs):
        spot = word(k, out_start, out_form)
        when, due = instant(edges[spot]), money(edges[spot + out_wide])
        steps += 1
        while due > 0 and first < ins:
            came_at = instant(edges[word(first, in_start, in_form)])
            if came_at > when:
                break
            steps += 1
            if when - came_at <= terms.residence:
                part = min(due, left[first])
                due -= part
                gone += part
                stayed += np.float64(part) * np.float64(when - came_at)
                left[first] -= part
                if left[first] > 0:
                    break
            first += 1
    return gone / came, stayed / gone if gone > 0 else np.nan, steps


@compiled
def gathered(row: Int, at: Int, terms: Terms, graph: Graph, room: Room) -> tuple[Int, Int]:
    """Greatest k such that, within `over`, at least k accounts paid in up to some instant and at
    least k were paid from it on; and steps."""
    words, edges = graph.accounts.words, graph.edges
    suffix: Int = room.suffix
    base = row * STRIDE
    in_start, in_form = words[base + IN + START], words[base + IN + FORM]
    out_start, out_form = words[base + OUT + START], words[base + OUT + FORM]
    in_wide, out_wide = mask(in_form) + 1, mask(out_form) + 1
    first, ins = since(row, IN, at - terms.over, graph), since(row, IN, at, graph)
    begin, outs = since(row, OUT, at - terms.over, graph), since(row, OUT, at, graph)
    many, most = np.int64(0), np.int64(0)
    if length(in_form) == 0 or first == ins or begin == outs:
        return most, np.int64(0)
    stamp = fresh(room)
    for k in range(outs - 1, begin - 1, -1):
        spot = word(k, out_start, out_form)
        many += enter(whom(edges[spot], edges[spot + out_wide]), stamp, room.seen)
        suffix[k] = many
    stamp, many = fresh(room), np.int64(0)
    after, steps = begin, outs - begin
    for k in range(first, ins):
        steps += 1
        spot = word(k, in_start, in_form)
        many += enter(whom(edges[spot], edges[spot + in_wide]), stamp, room.seen)
        while after < outs and instant(edges[word(after, out_start, out_form)]) < instant(
            edges[spot]
        ):
            after += 1
            steps += 1
        if after >= outs:
            break
        most = max(most, min(many, suffix[after]))
    return most, steps

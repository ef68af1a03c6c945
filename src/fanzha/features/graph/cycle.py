"""Short cycles: money that a transfer sends off came back to its payer from the same payee."""

from __future__ import annotations

import numpy as np

from fanzha.features.graph.edges import cut, length, mask, word
from fanzha.features.graph.side import fresh, place_of
from fanzha.features.graph.store import (
    FORM,
    IN,
    OUT,
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
def shortest(
    payer: Int, payee: Int, at: Int, terms: Terms, graph: Graph, room: Room
) -> tuple[Int, bool, Int]:
    """Transfers in the shortest cycle that the one from `payer` to `payee` closes: it and a path
    payee → … → payer before it, no hop earlier than the one before, within `over`; 0 if none.

    Gives that number, whether a cap cut the search, steps. Two searches meet: onward from the payee
    by earliest arrival, back from the payer by latest departure, the smaller frontier first.
    """
    since = at - terms.over
    words = graph.accounts.words
    room.ends[0] = fresh(room)
    room.ends[1] = fresh(room)
    _label(payee, 0, since, room)
    _label(payer, 1, at, room)
    room.fronts[0] = payee
    room.fronts[room.fronts.shape[0] // 2] = payer
    onward, back = np.int64(1), np.int64(1)
    steps, short = np.int64(0), False
    outs = length(words[payee * STRIDE + OUT + FORM])
    ins = length(words[payer * STRIDE + IN + FORM])
    for hops in range(1, terms.hops_max):
        if onward == 0 or back == 0:
            break
        ahead = outs <= ins if hops == 1 else onward <= back
        side, many = (0, onward) if ahead else (1, back)
        met, grown, cut_here, steps = _expand(
            side, many, hops, steps, at, since, terms, graph, room
        )
        if met:
            # What this hop did not read could not have made the cycle shorter.
            return np.int64(hops + 1), short, steps
        short = short or cut_here
        if ahead:
            onward = grown
        else:
            back = grown
    return np.int64(0), short, steps


@inlined
def _label(row: Int, side: Int, when: Int, room: Room) -> Int:
    """Set the label of a row; gives its place."""
    half = room.labels.shape[0] // 2
    stamp = room.ends[side]
    table = room.labels[side * half : (side + 1) * half]
    slot = place_of(row, stamp, table)
    table[slot] = (stamp << np.int64(32)) | row
    room.label_at[side * half + slot] = when
    return side * half + slot


@inlined
def _labelled(row: Int, side: Int, room: Room) -> Int:
    """Place of a row's label; −1 where it has none."""
    half = room.labels.shape[0] // 2
    stamp = room.ends[side]
    table = room.labels[side * half : (side + 1) * half]
    slot = place_of(row, stamp, table)
    return side * half + slot if table[slot] == (stamp << np.int64(32)) | row else np.int64(-1)


@compiled
def _expand(
    side: Int,
    many: Int,
    hops: Int,
    steps: Int,
    at: Int,
    since: Int,
    terms: Terms,
    graph: Graph,
    room: Room,
) -> tuple[bool, Int, bool, Int]:
    """One more hop from every account of a side's frontier. Gives whether the searches met, the
    length of the new frontier, whether a cap cut it, steps so far."""
    words, edges = graph.accounts.words, graph.edges
    way = OUT if side == 0 else IN
    quarter = room.fronts.shape[0] // 4
    # A frontier and the next one take turns in the two quarters of their side.
    old = 2 * side * quarter
    new = old + quarter
    for f in range(many):
        room.front_at[old + f] = room.label_at[_labelled(room.fronts[old + f], side, room)]
    grown, short, met = np.int64(0), False, False
    for f in range(many):
        row, bound = room.fronts[old + f], room.front_at[old + f]
        start, form = words[row * STRIDE + way + START], words[row * STRIDE + way + FORM]
        wide = mask(form) + 1
        short = short or cut(row, way, since, graph)
        steps += VISIT
        if steps + length(form) > terms.cycle_steps:
            short = True
            break
        for k in range(length(form) - 1, -1, -1):
            steps += 1
            spot = word(k, start, form)
            when = instant(edges[spot])
            if when <= since or (side == 0 and when < bound):
                break
            if when > at or (side == 1 and when > bound):
                continue
            other = whom(edges[spot], edges[spot + wide])
            held = _labelled(other, side, room)
            if held >= 0:
                better = when < room.label_at[held] if side == 0 else when > room.label_at[held]
                if not better:
                    continue
                room.label_at[held] = when
            else:
                held = _label(other, side, when, room)
                room.label_next[held] = 0
            if room.label_next[held] != (room.ends[side] << np.int64(3)) | hops:
                room.label_next[held] = (room.ends[side] << np.int64(3)) | hops
                room.fronts[new + grown] = other
                grown += 1
            facing = _labelled(other, 1 - side, room)
            if facing >= 0:
                there = room.label_at[facing]
                met = met or (when <= there if side == 0 else when >= there)
        if met:
            break
    for f in range(grown):
        room.fronts[old + f] = room.fronts[new + f]
    return met, grown, short, steps

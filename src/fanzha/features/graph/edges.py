"""An account's newest edges: runs of slots in one arena, each a ring in the order of instants."""

from __future__ import annotations

import numpy as np

from fanzha.features.graph.store import (
    DROPPED,
    FORM,
    LOST,
    LOW_BITS,
    START,
    STRIDE,
    TOP,
    Graph,
    Terms,
    instant,
    whom,
)
from fanzha.features.kernel.compiled import Int, compiled, inlined
from fanzha.features.kernel.store import WATERMARK, Ints

_SIXTEEN = 0xFFFF


@inlined
def length(form: Int) -> Int:
    """Edges in a run."""
    return form & np.int64(_SIXTEEN)


@inlined
def head(form: Int) -> Int:
    """Slot of the oldest edge within its run."""
    return (form >> np.int64(16)) & np.int64(_SIXTEEN)


@inlined
def mask(form: Int) -> Int:
    """Slots of the run less one; −1 where there is no run."""
    size = form >> np.int64(32)
    return (np.int64(1) << size) - 1 if size > 0 else np.int64(-1)


@inlined
def word(k: Int, start: Int, form: Int) -> Int:
    """Place of the k-th oldest edge's first word; its second is as many words on as the run has
    slots."""
    return 2 * start + ((head(form) + k) & mask(form))


@compiled
def since(row: Int, way: Int, at: Int, graph: Graph) -> Int:
    """How many of an account's edges are not later than `at`: the number of the first that is."""
    start, form = (
        graph.accounts.words[row * STRIDE + way + START],
        graph.accounts.words[row * STRIDE + way + FORM],
    )
    low, high = np.int64(0), length(form)
    while low < high:
        middle = (low + high) >> np.int64(1)
        if instant(graph.edges[word(middle, start, form)]) <= at:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def cut(row: Int, way: Int, since: Int, graph: Graph) -> bool:
    """An edge later than `since` is no longer held."""
    lost: bool = row >= 0 and graph.accounts.words[row * STRIDE + way + LOST] > since
    return lost


@compiled
def insert(row: Int, way: Int, at: Int, fen: Int, other: Int, terms: Terms, graph: Graph) -> Int:
    """Put an edge in its place among the account's; the oldest gives way at the cap. Gives steps.

    Memory that is used up is as a cap: the edge that would not fit is dropped, and counted.
    """
    words, edges, meta = graph.accounts.words, graph.edges, graph.accounts.meta
    place = row * STRIDE + way
    steps = np.int64(1)
    form = words[place + FORM]
    if length(form) == mask(form) + 1:
        steps += _make_way(place, at, terms, graph)
        form = words[place + FORM]
        if length(form) == mask(form) + 1:
            # No slot, or only older than all that are held: the new edge is the one dropped.
            words[place + LOST] = max(words[place + LOST], at)
            meta[DROPPED] += length(form) < terms.cap
            return steps
    start, n, wide = words[place + START], length(form), mask(form) + 1
    k, newest = n, np.int64(1)
    while k > 0:
        before = word(k - 1, start, form)
        if instant(edges[before]) <= at:
            break
        if whom(edges[before], edges[before + wide]) == other:
            newest = np.int64(0)
        after = word(k, start, form)
        edges[after] = edges[before]
        edges[after + wide] = edges[before + wide]
        k -= 1
        steps += 1
    if newest:
        steps += k
        _no_longer_newest(k, other, start, form, edges)
    spot = word(k, start, form)
    edges[spot] = (at << np.int64(LOW_BITS)) | (other & np.int64(2**LOW_BITS - 1))
    edges[spot + wide] = (
        (fen << np.int64(9)) | (newest << np.int64(8)) | (other >> np.int64(LOW_BITS))
    )
    words[place + FORM] = form + 1
    return steps


@compiled
def _no_longer_newest(k: Int, other: Int, start: Int, form: Int, edges: Ints) -> None:
    """Of the first k edges, the one that was the newest with `other` is so no more."""
    wide, first = mask(form) + 1, head(form)
    wrapped = first + k - wide
    found = np.int64(-1)
    if wrapped > 0:
        found = _latest_with(2 * start, wrapped, wide, other, edges)
    if found < 0:
        upper = k if wrapped < 0 else wide - first
        found = _latest_with(2 * start + first, upper, wide, other, edges)
    if found >= 0:
        edges[found + wide] &= ~np.int64(256)


@compiled
def _latest_with(place: Int, many: Int, wide: Int, other: Int, edges: Ints) -> Int:
    """Place of the last edge with `other` among so many from a place on; −1 if there is none.

    No branch and no index that could be negative: the compiler makes vectors of it.
    """
    low, high = other & np.int64(2**LOW_BITS - 1), other >> np.int64(LOW_BITS)
    last = np.int64(-1)
    for i in range(np.uint64(many)):
        at = np.uint64(place) + i
        one, two = edges[at], edges[at + np.uint64(wide)]
        differs = ((one & np.int64(2**LOW_BITS - 1)) ^ low) | ((two & np.int64(255)) ^ high)
        last = np.int64(i) if differs == 0 else last
    return place + last if last >= 0 else last


@compiled
def _make_way(place: Int, at: Int, terms: Terms, graph: Graph) -> Int:
    """Free a slot of a full run for an edge at `at`: what no window shows any more goes first, then
    the run grows, then the oldest edge goes. Gives steps."""
    words, edges = graph.accounts.words, graph.edges
    start, form = words[place + START], words[place + FORM]
    steps, n = np.int64(0), length(form)
    seen = graph.accounts.meta[WATERMARK] - terms.lateness - terms.longest
    while n > 0 and instant(edges[word(0, start, form)]) <= seen:
        form = _without_oldest(place, form, graph)
        n -= 1
        steps += 1
    if n == mask(form) + 1:
        size = form >> np.int64(32)
        grown = take(size + 1, terms, graph) if n < terms.cap else np.int64(-1)
        if grown >= 0:
            for k in range(n):
                edge, wide = word(k, start, form), mask(form) + 1
                edges[2 * grown + k] = edges[edge]
                edges[2 * grown + 2 * wide + k] = edges[edge + wide]
            if size > 0:
                give_back(start, size, graph)
            words[place + START] = grown
            form = ((size + 1) << np.int64(32)) | n
            steps += n
        elif n > 0 and instant(edges[word(0, start, form)]) <= at:
            form = _without_oldest(place, form, graph)
            graph.accounts.meta[DROPPED] += n < terms.cap
    words[place + FORM] = form
    return steps


@inlined
def _without_oldest(place: Int, form: Int, graph: Graph) -> Int:
    """The form without its oldest edge, whose instant is kept."""
    words = graph.accounts.words
    gone = instant(graph.edges[word(0, words[place + START], form)])
    words[place + LOST] = max(words[place + LOST], gone)
    first = (head(form) + 1) & mask(form)
    return ((form >> np.int64(32)) << np.int64(32)) | (first << np.int64(16)) | (length(form) - 1)


@compiled
def take(size: Int, terms: Terms, graph: Graph) -> Int:
    """First slot of a free run of 2**size slots; −1 where memory is used up."""
    runs, edges, meta = graph.runs, graph.edges, graph.accounts.meta
    found = runs[size]
    if found >= 0:
        runs[size] = edges[2 * found]
        return found
    if meta[TOP] + (np.int64(1) << size) <= terms.slots_max:
        meta[TOP] += np.int64(1) << size
        return meta[TOP] - (np.int64(1) << size)
    for larger in range(size + 1, terms.sizes + 1):
        found = runs[larger]
        if found >= 0:
            runs[larger] = edges[2 * found]
            for half in range(larger - 1, size - 1, -1):
                give_back(found + (np.int64(1) << half), half, graph)
            return found
    return np.int64(-1)


@compiled
def give_back(start: Int, size: Int, graph: Graph) -> None:
    """A run is free again."""
    graph.edges[2 * start] = graph.runs[size]
    graph.runs[size] = start


@compiled
def release(row: Int, way: Int, graph: Graph) -> None:
    """An account's edges of one way go, all of them out of every window; their run is free."""
    words = graph.accounts.words
    place = row * STRIDE + way
    start, form = words[place + START], words[place + FORM]
    size = form >> np.int64(32)
    if size == 0:
        return
    if length(form) > 0:
        newest = instant(graph.edges[word(length(form) - 1, start, form)])
        words[place + LOST] = max(words[place + LOST], newest)
    give_back(start, size, graph)
    words[place + FORM] = 0

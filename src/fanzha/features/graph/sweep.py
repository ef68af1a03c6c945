"""The sweep of a graph: frees silent accounts, and runs of edges that no window shows any more."""

from __future__ import annotations

import numpy as np

from fanzha.features.graph.edges import length, release, word
from fanzha.features.graph.store import (
    FORM,
    IN,
    KEY,
    NEWEST,
    OUT,
    START,
    STRIDE,
    Graph,
    Terms,
    instant,
)
from fanzha.features.kernel.compiled import Int, compiled
from fanzha.features.kernel.index import drop
from fanzha.features.kernel.store import EXPIRED, FREE, HAND, ROWS, WATERMARK


@compiled
def sweep(many: Int, terms: Terms, graph: Graph) -> None:
    """Look at the next `many` accounts. A silent account's edges are out of every window, so no
    edge of another account that still counts leads to its row."""
    accounts, words = graph.accounts, graph.accounts.words
    meta, made = accounts.meta, accounts.meta[ROWS]
    hand = meta[HAND]
    oldest = meta[WATERMARK] - terms.lateness
    for _ in range(min(many, made)):
        if hand >= made:
            hand = np.int64(0)
        base = hand * STRIDE
        if words[base + KEY] != 0:
            for way in (OUT, IN):
                if _past(base + way, oldest - terms.longest, graph):
                    release(hand, way, graph)
            if words[base + NEWEST] < oldest - terms.forget:
                drop(np.uint64(words[base + KEY]), accounts, STRIDE, terms.row_bits)
                words[base + KEY] = 0
                accounts.free[meta[FREE]] = np.uint32(hand)
                meta[FREE] += 1
                meta[EXPIRED] += 1
        hand += 1
    meta[HAND] = hand


@compiled
def _past(place: Int, since: Int, graph: Graph) -> bool:
    """The newest edge of a run is not later than `since`; a run without edges is past too."""
    form = graph.accounts.words[place + FORM]
    n = length(form)
    if n == 0:
        return True
    newest = graph.edges[word(n - 1, graph.accounts.words[place + START], form)]
    past: bool = instant(newest) <= since
    return past

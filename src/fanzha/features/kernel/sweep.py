"""The sweep: frees rows whose key has been silent for so long that it would be new anyway."""

from __future__ import annotations

import numpy as np

from fanzha.features.kernel.compiled import Int, compiled
from fanzha.features.kernel.index import drop
from fanzha.features.kernel.keep import keep
from fanzha.features.kernel.store import (
    EXPIRED,
    FREE,
    FREED,
    HAND,
    ROWS,
    WATERMARK,
    Rules,
    Store,
)


@compiled
def sweep(many: Int, rules: Rules, store: Store) -> None:
    """Look at the next `many` rows and free those that are silent in every section."""
    meta, words, sections = store.meta, store.words, store.sections
    made = meta[ROWS]
    hand = meta[HAND]
    for _ in range(min(many, made)):
        if hand >= made:
            hand = np.int64(0)
        base = hand * rules.stride
        silent = words[base] != 0
        for s in range(sections.shape[0]):
            section = sections[s]
            bound = meta[WATERMARK] - section.lateness - section.forget
            silent &= words[base + section.newest] < bound
        if silent:
            keep(hand, rules, store)
            drop(np.uint64(words[base]), store, rules.stride, rules.row_bits)
            words[base] = 0
            words[base + 1] = meta[FREED]
            meta[FREED] = hand
            meta[FREE] += 1
            meta[EXPIRED] += 1
        hand += 1
    meta[HAND] = hand

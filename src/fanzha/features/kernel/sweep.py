"""The sweep: frees rows whose key has been silent for so long that it would be new anyway."""

from __future__ import annotations

import numpy as np

from fanzha.features.kernel.compiled import Int, compiled
from fanzha.features.kernel.index import drop
from fanzha.features.kernel.store import EXPIRED, FREE, HAND, ROWS, WATERMARK, Rules, Store


@compiled
def sweep(many: Int, stride: Int, rules: Rules, store: Store) -> None:
    """Look at the next `many` rows and free the silent ones. A free row has key 0."""
    meta, words = store.meta, store.words
    made = meta[ROWS]
    hand = meta[HAND]
    silent = meta[WATERMARK] - rules.lateness - rules.forget
    for _ in range(min(many, made)):
        if hand >= made:
            hand = np.int64(0)
        key = words[hand * stride]
        if key != 0 and words[hand * stride + 1] < silent:
            drop(np.uint64(key), store, stride, rules.row_bits)
            words[hand * stride] = 0
            store.free[meta[FREE]] = np.uint32(hand)
            meta[FREE] += 1
            meta[EXPIRED] += 1
        hand += 1
    meta[HAND] = hand

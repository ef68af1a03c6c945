"""A snapshot taken while rows come: a row that is about to change is copied first."""

from __future__ import annotations

import numpy as np

from fanzha.features.kernel.compiled import Int, compiled, inlined
from fanzha.features.kernel.store import COPIED, COPIES, Rules, Store


@inlined
def keep(row: Int, rules: Rules, store: Store) -> None:
    """Before row `row` changes; does nothing while no snapshot is taken, or when it has the row."""
    meta = store.meta
    if meta[COPIED] <= row < meta[COPIES] and store.kept[row] == 0:
        _copy(row, rules.stride, store.words, store.copy)
        store.kept[row] = 1


@compiled
def copy_rows(many: Int, rules: Rules, store: Store) -> None:
    """Copy the next `many` rows as they stood when the snapshot was begun."""
    meta = store.meta
    stop = min(meta[COPIES], meta[COPIED] + many)
    for row in range(meta[COPIED], stop):
        if store.kept[row] == 0:
            _copy(row, rules.stride, store.words, store.copy)
    meta[COPIED] = stop


@compiled
def _copy(row: Int, stride: Int, words: Int, copy: Int) -> None:
    for w in range(row * stride, (row + np.int64(1)) * stride):
        copy[w] = words[w]

"""The sweep: frees rows whose key has been silent for so long that it would be new anyway."""

from __future__ import annotations

import numba
import numpy as np

from fanzha.features.kernel.index import FREE, HAND, ROWS, WATERMARK, drop

_FREED = -(2**62) - 1


@numba.njit(cache=True, nogil=True)
def sweep(many, silent, stride, directory, fill, slots, marks, meta, words, free):
    """Look at the next `many` rows; gives how many were freed.

    A freed row's instant is set to a value of its own, so that it is not freed twice.
    """
    freed = 0
    hand = meta[HAND]
    for _ in range(min(many, meta[ROWS])):
        if hand >= meta[ROWS]:
            hand = 0
        newest = words[hand * stride + 1]
        if newest != _FREED and newest + silent < meta[WATERMARK]:
            drop(
                np.uint64(words[hand * stride]), directory, fill, slots, marks, meta, words, stride
            )
            words[hand * stride + 1] = _FREED
            free[meta[FREE]] = np.uint32(hand)
            meta[FREE] += 1
            freed += 1
        hand += 1
    meta[HAND] = hand
    return freed

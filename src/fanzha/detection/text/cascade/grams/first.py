"""Machine code of the first stage: one pass over a batch's grams for every number it needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.detection.compiled import compiled
from fanzha.detection.text.v1.kernel import I32, I64
from fanzha.detection.text.v1.ngrams import GRAMS, SHORTEST, SINGLE, STRIDE, WINDOW, grams_at

__all__ = ["First", "first_stage"]

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class First:
    """One number a row each. `best`: the best window's sum of weights, normed by the root of its
    length; `whole`: the same of the whole text; `begin`: where the best window begins; `known`:
    the share of grams that were met in training; `length`: characters of the normal form."""

    best: F32
    whole: F32
    begin: I64
    known: F32
    length: I64


def first_stage(chars: I32, ends: I64, weights: F32) -> First:
    """Read a batch in normal form. `weights` (buckets), NaN-free; a weight of exactly 0 is a gram
    that training never met twice."""
    bits = int(weights.size).bit_length() - 1
    return First(*_pass(chars, ends, weights, bits), ends[1:] - ends[:-1])


@compiled
def _pass(chars: I32, ends: I64, weights: F32, bits: int) -> tuple[F32, F32, I64, F32]:
    rows = ends.size - 1
    best = np.zeros(rows, dtype=np.float32)
    whole = np.zeros(rows, dtype=np.float32)
    begin = np.zeros(rows, dtype=np.int64)
    known = np.zeros(rows, dtype=np.float32)
    widest = np.int64(1)
    for row in range(rows):
        widest = max(widest, ends[row + 1] - ends[row])
    part = np.empty(widest, dtype=np.float32)
    found = np.empty(GRAMS, dtype=np.int64)
    word = np.zeros(2, dtype=np.uint64)
    for row in range(rows):
        start, end = ends[row], ends[row + 1]
        length = end - start
        met = many = 0
        total = np.float32(0)
        word[0] = word[1] = np.uint64(0)
        for i in range(start, end):
            n = grams_at(chars, start, i, end, word, bits, found)
            here = np.float32(0)
            for k in range(n):
                w = weights[found[k]]
                here += w
                met += w != 0
            many += n
            part[i - start] = here
            total += here
        whole[row] = total / np.sqrt(np.float32(max(length, SHORTEST)))
        known[row] = np.float32(met) / np.float32(max(many, 1))
        best[row] = whole[row]
        if length > SINGLE:
            best[row], begin[row] = _windows(part, length)
    return best, whole, begin, known


@compiled
def _windows(part: F32, length: int) -> tuple[float, int]:
    """Highest normed sum over windows, and where that window begins."""
    total = np.float32(0)
    for i in range(WINDOW):
        total += part[i]
    best, where, begin = total, 0, 0
    while begin + WINDOW < length:
        step = min(STRIDE, length - begin - WINDOW)
        for i in range(step):
            total += part[begin + WINDOW + i] - part[begin + i]
        begin += step
        if total > best:
            best, where = total, begin
    return best / np.sqrt(np.float32(WINDOW)), where

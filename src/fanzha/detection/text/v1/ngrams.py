"""Hashed n-grams of 1 to 3 characters and words of Latin letters, summed over windows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fanzha.detection.compiled import bare, compiled, inlined
from fanzha.detection.text.v1.kernel import I32, I64, SPACE, is_letter

F32 = npt.NDArray[np.float32]
Keys = npt.NDArray[np.uint64]

WINDOW, STRIDE = 160, 100
SINGLE = 200
"""A text up to this length is one window."""
SHORTEST = 12
"""Windows are normed by the root of their length, but by no less than this length's."""
GRAMS = 5
"""Grams that may end at one character: one, two, three characters, a word, a pair of words."""
_WORD = np.uint64(0xD6E8FEB86659FD93)
_FNV = np.uint64(0x100000001B3)


@inlined
def bucket(key: np.uint64, bits: int) -> int:
    """Where a gram's weight stands: the high bits of a product, so every character counts."""
    spread = (key ^ (key >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
    return int(
        (spread ^ (spread >> np.uint64(32))) * np.uint64(0xBF58476D1CE4E5B9) >> np.uint64(64 - bits)
    )


@inlined
def grams_at(chars: I32, start: int, i: int, end: int, word: Keys, bits: int, out: I64) -> int:
    """Buckets of the grams that end at `i`; `word` carries the hashes of this word and the last."""
    c = np.uint64(chars[i])
    out[0] = bucket(c, bits)
    n = 1
    if i > start:
        b = c | np.uint64(chars[i - 1]) << np.uint64(21)
        out[1] = bucket(b, bits)
        n = 2
        if i > start + 1:
            out[2] = bucket(b | np.uint64(chars[i - 2]) << np.uint64(42), bits)
            n = 3
    if is_letter(chars[i]):
        word[0] = (word[0] ^ c) * _FNV
        if i + 1 == end or not is_letter(chars[i + 1]):
            out[n] = bucket(word[0] ^ _WORD, bits)
            n += 1
            if word[1] != 0:
                out[n] = bucket(word[0] * np.uint64(3) ^ word[1] ^ _WORD, bits)
                n += 1
            word[1], word[0] = word[0], np.uint64(0)
    elif chars[i] != SPACE:
        word[1] = np.uint64(0)
    return n


@compiled
def contributions(chars: I32, start: int, end: int, weights: F32, head: int, out: F32) -> None:
    """Weight of the grams that end at each character, for one head."""
    bits = 0
    while 1 << bits < weights.shape[0]:
        bits += 1
    word = np.zeros(2, dtype=np.uint64)
    found = np.empty(GRAMS, dtype=np.int64)
    for i in range(start, end):
        n = grams_at(chars, start, i, end, word, bits, found)
        total = np.float32(0)
        for k in range(n):
            total += weights[found[k], head]
        out[i - start] = total


@compiled
def window_scores(chars: I32, ends: I64, weights: F32, bias: F32) -> tuple[F32, I64]:
    """(rows, heads) best window's score for each head, and where the first head's began.

    Each gram is hashed once for all heads: their weights stand side by side.
    """
    rows, heads = ends.size - 1, weights.shape[1]
    scores = np.empty((rows, heads), dtype=np.float32)
    begins = np.zeros(rows, dtype=np.int64)
    widest = np.int64(1)
    for row in range(rows):
        widest = max(widest, ends[row + 1] - ends[row])
    bits = 0
    while 1 << bits < weights.shape[0]:
        bits += 1
    part = np.empty((heads, widest), dtype=np.float32)
    word = np.zeros(2, dtype=np.uint64)
    found = np.empty(GRAMS, dtype=np.int64)
    for row in range(rows):
        start, end = ends[row], ends[row + 1]
        length = end - start
        word[0] = word[1] = np.uint64(0)
        if heads == 2 and 0 < length <= SINGLE:
            first, second = pair_of(chars, start, end, weights, word, bits, found)
            norm = np.sqrt(np.float32(max(length, SHORTEST)))
            scores[row, 0], scores[row, 1] = first / norm + bias[0], second / norm + bias[1]
            continue
        for i in range(start, end):
            n = grams_at(chars, start, i, end, word, bits, found)
            for head in range(heads):
                total = np.float32(0)
                for k in range(n):
                    total += weights[found[k], head]
                part[head, i - start] = total
        for head in range(heads):
            scores[row, head] = bias[head]
            if length > 0:
                best, where = best_window(part[head], length)
                scores[row, head] = best + bias[head]
                if head == 0:
                    begins[row] = where
    return scores, begins


@bare
def pair_of(
    chars: I32, start: int, end: int, weights: F32, word: Keys, bits: int, found: I64
) -> tuple[np.float32, np.float32]:
    """Sums of a text of one window for two heads: the most frequent case, with nothing stored. In
    the order in which `best_window` adds, so to the same bits."""
    one = two = np.float32(0)
    for i in range(start, end):
        n = grams_at(chars, start, i, end, word, bits, found)
        a = b = np.float32(0)
        for k in range(n):
            a += weights[found[k], 0]
            b += weights[found[k], 1]
        one += a
        two += b
    return one, two


@bare
def best_window(part: F32, length: int) -> tuple[float, int]:
    """Highest normed sum over windows, and where that window begins."""
    if length <= SINGLE:
        total = np.float32(0)
        for i in range(length):
            total += part[i]
        return total / np.sqrt(np.float32(max(length, SHORTEST))), 0
    total = np.float32(0)
    for i in range(WINDOW):
        total += part[i]
    best, where = total, 0
    begin = 0
    while begin + WINDOW < length:
        step = min(STRIDE, length - begin - WINDOW)
        for i in range(step):
            total += part[begin + WINDOW + i] - part[begin + i]
        begin += step
        if total > best:
            best, where = total, begin
    return best / np.sqrt(np.float32(WINDOW)), where


@compiled
def window_grams(chars: I32, ends: I64, bits: int) -> tuple[I64, I64, F32, I64]:
    """For training: buckets of every window, where each window's begin, its value, its row."""
    rows = ends.size - 1
    windows = np.int64(0)
    room = np.int64(0)
    for row in range(rows):
        length = ends[row + 1] - ends[row]
        many = 1 if length <= SINGLE else 1 + (length - WINDOW + STRIDE - 1) // STRIDE
        windows += many
        room += GRAMS * (length if many == 1 else many * WINDOW)
    buckets = np.empty(room, dtype=np.int64)
    begins = np.zeros(windows + 1, dtype=np.int64)
    values = np.empty(windows, dtype=np.float32)
    owner = np.empty(windows, dtype=np.int64)
    found = np.empty(GRAMS, dtype=np.int64)
    n = w = 0
    for row in range(rows):
        start, last = ends[row], ends[row + 1]
        while True:
            stop = last if last - ends[row] <= SINGLE else min(start + WINDOW, last)
            word = np.zeros(2, dtype=np.uint64)
            for i in range(start, stop):
                many = grams_at(chars, start, i, stop, word, bits, found)
                for k in range(many):
                    buckets[n] = found[k]
                    n += 1
            values[w] = np.float32(1) / np.sqrt(np.float32(max(stop - start, SHORTEST)))
            owner[w] = row
            w += 1
            begins[w] = n
            if stop == last:
                break
            start = min(start + STRIDE, last - WINDOW)
    return buckets[:n], begins[: w + 1], values[:w], owner[:w]

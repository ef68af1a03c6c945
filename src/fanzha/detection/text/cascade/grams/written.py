"""Words of a text as they are written beside the grams of its normal form, in rows of unit length.

The normal form forgets spaces, signs, case and script: right for texts of any source, a loss for
texts like those a model was trained on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from fanzha.detection.compiled import compiled
from fanzha.detection.text.v1.kernel import I32, I64, U8, character, is_digit, is_letter
from fanzha.detection.text.v1.ngrams import GRAMS, bucket, grams_at
from fanzha.detection.text.v1.normal import NormalText

__all__ = ["WRITTEN_BITS", "written_counts", "written_scores"]

F32 = npt.NDArray[np.float32]
Keys = npt.NDArray[np.uint64]

WRITTEN_BITS = 20
_READ = 12_000
"""Bytes of a text of which the words as written are taken."""
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SALT = np.uint64(0xA24BAED4963EE407)
_MANY = 256
"""A gram that stands more often in a text counts as so often."""
_LOGS = np.concatenate([[0.0], 1.0 + np.log(np.arange(1, _MANY + 1))]).astype(np.float32)


def written_counts(text: NormalText) -> Any:
    """(rows, 2 ** WRITTEN_BITS) CSR: 1 + ln of how often each gram or word stands in a text."""
    buckets, begins = _all_grams(text.chars, text.ends, text.data, text.offsets, WRITTEN_BITS)
    ones = np.ones(buckets.size, dtype=np.float32)
    rows = sparse.csr_matrix((ones, buckets, begins), shape=(len(text), 1 << WRITTEN_BITS))
    rows.sum_duplicates()
    rows.data = _LOGS[np.minimum(rows.data, _MANY).astype(np.int64)]
    return rows


def written_scores(text: NormalText, idf: F32, weights: F32) -> tuple[F32, F32]:
    """(rows, heads) what rows of unit length weigh by `weights` (buckets, heads), and (rows) the
    share of the grams of three characters that training met (`idf` above 0)."""
    table = np.ascontiguousarray(np.column_stack([idf, weights]), dtype=np.float32)
    bits = int(idf.size).bit_length() - 1
    return _scores(text.chars, text.ends, text.data, text.offsets, table, _LOGS, bits)


@compiled
def _room(chars: int, size: int) -> int:
    return GRAMS * chars + 2 * (min(size, _READ) + 1)


@compiled
def _kind(c: int) -> int:
    """0: a space; 1: part of a word; 2: a sign, which is a word of its own."""
    if c == 32 or 9 <= c <= 13 or c in (0x3000, 0xA0):
        return 0
    if c < 128:
        return 1 if is_digit(c) or is_letter(c | 32) else 2
    if 0x2000 <= c < 0x2E80 or 0x3001 <= c < 0x3040 or 0xFE10 <= c < 0xFE70 or c >= 0x1F000:
        return 2
    return 2 if 0xFF00 <= c < 0xFF10 or 0xFF1A <= c < 0xFF21 else 1


@compiled
def _words(data: U8, first: int, after: int, bits: int, out: I64) -> int:
    """Buckets of words and signs and of pairs of neighbours, to `out`; how many."""
    n = 0
    i, stop = first, min(after, first + _READ)
    last = key = _SALT
    before = 0
    while i <= stop:
        c, size = 32, 1
        if i < stop:
            c, size = character(data, i, after)
        i += size
        kind = _kind(c)
        if before and (kind != 1 or before != 1):
            out[n] = bucket(key, bits)
            out[n + 1] = bucket((last * _MIX) ^ key, bits)
            n += 2
            last, key = key, _SALT
        if kind:
            key = (key ^ np.uint64(48 if is_digit(c) else c)) * _MIX
        before = kind
    return n


@compiled
def _all_grams(chars: I32, ends: I64, data: U8, offsets: I64, bits: int) -> tuple[I64, I64]:
    rows = ends.size - 1
    room = np.int64(0)
    for row in range(rows):
        room += _room(ends[row + 1] - ends[row], offsets[row + 1] - offsets[row])
    out = np.empty(room, dtype=np.int64)
    begins = np.zeros(rows + 1, dtype=np.int64)
    word = np.zeros(2, dtype=np.uint64)
    found = np.empty(GRAMS, dtype=np.int64)
    for row in range(rows):
        n = begins[row]
        n += _words(data, offsets[row], offsets[row + 1], bits, out[n:])
        word[0] = word[1] = np.uint64(0)
        for i in range(ends[row], ends[row + 1]):
            many = grams_at(chars, ends[row], i, ends[row + 1], word, bits, found)
            for k in range(many):
                out[n] = found[k]
                n += 1
        begins[row + 1] = n
    return out[: begins[rows]].copy(), begins


@compiled
def _scores(
    chars: I32, ends: I64, data: U8, offsets: I64, table: F32, logs: F32, bits: int
) -> tuple[F32, F32]:
    rows, heads = ends.size - 1, table.shape[1] - 1
    scores = np.zeros((rows, heads), dtype=np.float32)
    known = np.zeros(rows, dtype=np.float32)
    widest = np.int64(1)
    for row in range(rows):
        room = _room(ends[row + 1] - ends[row], offsets[row + 1] - offsets[row])
        widest = max(widest, np.int64(room))
    out = np.empty(widest, dtype=np.int64)
    counts = np.zeros(table.shape[0], dtype=np.uint16)
    word = np.zeros(2, dtype=np.uint64)
    found = np.empty(GRAMS, dtype=np.int64)
    for row in range(rows):
        n = _words(data, offsets[row], offsets[row + 1], bits, out)
        word[0] = word[1] = np.uint64(0)
        met = long = 0
        for i in range(ends[row], ends[row + 1]):
            many = grams_at(chars, ends[row], i, ends[row + 1], word, bits, found)
            for k in range(many):
                out[n] = found[k]
                n += 1
                if k > 1:
                    long += 1
                    met += table[found[k], 0] > 0
        known[row] = np.float32(met) / np.float32(max(long, 1))
        kept = 0
        for k in range(n):
            b = out[k]
            if table[b, 0] > 0:
                if counts[b] == 0:
                    out[kept] = b
                    kept += 1
                if counts[b] < len(logs) - 1:
                    counts[b] += 1
        square = np.float32(1e-9)
        for k in range(kept):
            b = out[k]
            value = logs[counts[b]] * table[b, 0]
            counts[b] = 0
            square += value * value
            for head in range(heads):
                scores[row, head] += value * table[b, 1 + head]
        scores[row] /= np.sqrt(square)
    return scores, known

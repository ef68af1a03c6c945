"""How an own label is spelt: hashed runs of up to 5 characters, its build, its suffix."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fanzha.detection.compiled import compiled
from fanzha.detection.link.v1.address import (
    ADDRESS,
    BARE_SUFFIX,
    FLAGS,
    HOST_END,
    I32,
    I64,
    OWN,
    OWN_END,
    PLATFORM,
    U8,
    VALID,
)

__all__ = ["BITS", "gram_rows", "gram_scores"]

F32 = npt.NDArray[np.float32]

BITS = 18
LONGEST_GRAM = 5
_BUILD = 8
"""Features of the label's build beside its grams."""
_MIX = np.uint64(0x9E3779B97F4A7C15)
_MIX_TWO = np.uint64(0xBF58476D1CE4E5B9)
_EDGE = 1


@compiled
def _bucket(key: np.uint64) -> np.int64:
    spread = (key ^ (key >> np.uint64(31))) * _MIX
    spread = (spread ^ (spread >> np.uint64(30))) * _MIX_TWO
    return np.int64(spread >> np.uint64(64 - BITS))


@compiled
def _build_key(kind: int, value: int) -> np.uint64:
    return np.uint64(0xF000000000000000) | np.uint64(kind) << np.uint64(32) | np.uint64(value)


@compiled
def _is_vowel(c: int) -> bool:
    return c == 97 or c == 101 or c == 105 or c == 111 or c == 117 or c == 121


@compiled
def features(data: U8, base: int, part: I32, out: I64) -> int:
    """Buckets of one row into `out`; returns how many."""
    start, end = base + part[OWN], base + part[OWN_END]
    n = 0
    digits = hyphens = vowels = run = longest_run = 0
    for i in range(start - 1, end + 1):
        c = int(data[i]) if start <= i < end else _EDGE
        key = np.uint64(0)
        for size in range(LONGEST_GRAM):
            k = i - size
            if k < start - 1:
                break
            d = np.uint64(data[k]) if start <= k < end else np.uint64(_EDGE)
            key = key << np.uint64(8) | d
            if size > 0 or c != _EDGE:
                out[n] = _bucket(key)
                n += 1
        if c == _EDGE:
            continue
        is_digit = 48 <= c <= 57
        digits += is_digit
        hyphens += c == 45
        vowel = _is_vowel(c)
        vowels += vowel
        run = 0 if vowel or is_digit or c == 45 else run + 1
        longest_run = max(longest_run, run)
    size = end - start
    out[n] = _bucket(_build_key(1, min(size, 40)))
    out[n + 1] = _bucket(_build_key(2, min(digits, 8)))
    out[n + 2] = _bucket(_build_key(3, min(hyphens, 5)))
    out[n + 3] = _bucket(_build_key(4, min(longest_run, 9)))
    out[n + 4] = _bucket(_build_key(5, vowels * 10 // max(size, 1)))
    n += 5
    if not part[FLAGS] & PLATFORM and base + part[HOST_END] > end + 1:
        whole = last = np.uint64(7)
        for i in range(end + 1, base + part[HOST_END]):
            whole = (whole ^ np.uint64(data[i])) * _MIX
            last = np.uint64(7) if data[i] == 46 else (last ^ np.uint64(data[i])) * _MIX
        out[n] = _bucket(whole ^ _build_key(6, 0))
        out[n + 1] = _bucket(last ^ _build_key(7, 0))
        n += 2
    return n


@compiled
def _room(size: int) -> int:
    return (size + 2) * LONGEST_GRAM + _BUILD


@compiled
def readable(flags: int) -> bool:
    """Whether the row has an own label to judge."""
    return flags & VALID != 0 and flags & (ADDRESS | BARE_SUFFIX) == 0


@compiled
def gram_scores(data: U8, offsets: I64, parts: I32, weights: F32, bias: float) -> F32:
    """Log-odds of every row; −inf where there is no own label."""
    out = np.full(parts.shape[0], -np.inf, dtype=np.float32)
    found = np.empty(_room(255), dtype=np.int64)
    for row in range(parts.shape[0]):
        if not readable(parts[row, FLAGS]):
            continue
        n = features(data, offsets[row], parts[row], found)
        total = np.float32(0)
        for k in range(n):
            total += weights[found[k]]
        out[row] = total / np.sqrt(np.float32(n)) + bias
    return out


@compiled
def gram_rows(data: U8, offsets: I64, parts: I32) -> tuple[I64, I64, F32]:
    """For training: buckets of all rows, row begins, the value of a row's features."""
    rows = parts.shape[0]
    room = np.int64(0)
    for row in range(rows):
        room += _room(parts[row, OWN_END] - parts[row, OWN])
    buckets = np.empty(room, dtype=np.int64)
    begins = np.zeros(rows + 1, dtype=np.int64)
    values = np.zeros(rows, dtype=np.float32)
    n = np.int64(0)
    for row in range(rows):
        if readable(parts[row, FLAGS]):
            many = features(data, offsets[row], parts[row], buckets[n:])
            values[row] = np.float32(1) / np.sqrt(np.float32(many))
            n += many
        begins[row + 1] = n
    return buckets[:n], begins, values

"""Groups of texts that are nearly the same, so that one of them never tests what another taught."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fanzha.detection.text.v1.normal import NormalText

__all__ = ["alike"]

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

_SHINGLE = 4
_HASHES, _BANDS = 64, 16
_SEED = 20261101
_LEAST = 0.6
"""Share of stretches of four characters in common from which two texts are nearly the same."""
_CHARS = 2_000
"""Characters of a text that are compared."""


def alike(text: NormalText) -> I64:
    """(rows) for each text the number of the first text of its group. Deterministic.

    MinHash with banding proposes pairs, their shingles decide (Jaccard); groups are closed under
    likeness: a is grouped with c where both are like b.
    """
    shingles = [_shingles(text, row) for row in range(len(text))]
    parent = list(range(len(text)))
    marks = _signatures(shingles)
    width = _HASHES // _BANDS
    for band in range(_BANDS):
        first: dict[bytes, int] = {}
        for row in range(len(text)):
            key = marks[row, band * width : (band + 1) * width].tobytes()
            other = first.setdefault(key, row)
            a, b = _root(parent, other), _root(parent, row)
            if a != b and _jaccard(shingles[other], shingles[row]) >= _LEAST:
                parent[max(a, b)] = min(a, b)
    return np.array([_root(parent, row) for row in range(len(text))], dtype=np.int64)


def _shingles(text: NormalText, row: int) -> U64:
    begin, end = int(text.ends[row]), int(text.ends[row + 1])
    chars = text.chars[begin : min(end, begin + _CHARS)].astype(np.uint64)
    if chars.size < _SHINGLE:
        chars = np.pad(chars, (0, _SHINGLE - chars.size))
    whole = np.zeros(chars.size - _SHINGLE + 1, dtype=np.uint64)
    for k in range(_SHINGLE):
        whole = (whole ^ chars[k : k + whole.size]) * np.uint64(0x9E3779B97F4A7C15)
        whole ^= whole >> np.uint64(29)
    return np.unique(whole)


def _signatures(shingles: list[U64]) -> U64:
    factors = np.random.default_rng(_SEED).integers(1, 2**63, _HASHES, dtype=np.uint64) | np.uint64(
        1
    )
    out = np.zeros((len(shingles), _HASHES), dtype=np.uint64)
    if not shingles:
        return out
    every = np.concatenate(shingles)
    begins = np.concatenate([[0], np.cumsum([s.size for s in shingles])[:-1]])
    for k, factor in enumerate(factors):
        mixed = every * factor
        mixed ^= mixed >> np.uint64(31)
        out[:, k] = np.minimum.reduceat(mixed * np.uint64(0xBF58476D1CE4E5B9), begins)
    return out


def _root(parent: list[int], row: int) -> int:
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


def _jaccard(a: U64, b: U64) -> float:
    both = np.intersect1d(a, b, assume_unique=True).size
    return both / (a.size + b.size - both)

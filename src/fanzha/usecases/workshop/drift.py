"""How far the newest days have moved from the days before: population stability index."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["psi"]

_LEAST = 50
"""Values on either side below which nothing is said."""


def psi(reference: Sequence[int], newest: Sequence[int]) -> float | None:
    """Σ (p − q)·ln(p / q) over buckets, each with half a value added so that none is empty.

    Below 0.1 nothing has moved, above 0.2 look first. None where too little was seen.
    """
    before, after = sum(reference), sum(newest)
    if min(before, after) < _LEAST:
        return None
    pairs = [(a, b) for a, b in zip(reference, newest, strict=True) if a or b]
    total = 0.0
    for a, b in pairs:
        q = (a + 0.5) / (before + 0.5 * len(pairs))
        p = (b + 0.5) / (after + 0.5 * len(pairs))
        total += (p - q) * math.log(p / q)
    return total

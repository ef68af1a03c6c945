"""A share with how sure it is: Wilson's 95 % interval, for every figure that is measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

_Z = 1.959963984540054
"""95 %, two-sided."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `of`, with the interval."""

    hits: int
    of: int

    @property
    def share(self) -> float:
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.hits, self.of)


def wilson(hits: float, of: float) -> tuple[float, float]:
    """(low, high) of a share, in 0 … 1; of nothing, nothing is known."""
    if not of:
        return 0.0, 1.0
    p, z2 = hits / of, _Z * _Z
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z / (1 + z2 / of) * math.sqrt(p * (1 - p) / of + z2 / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)

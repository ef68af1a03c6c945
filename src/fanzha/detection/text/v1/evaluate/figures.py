"""What measuring text v1 gives: rates with intervals, and mistakes described without a quote."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Figures", "LabelShare", "Mistake", "Rate"]

_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval (Wilson): `hits` of `of`."""

    hits: int
    of: int

    @property
    def share(self) -> float:
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        if not self.of:
            return 0.0, 1.0
        n, p, z2 = self.of, self.share, _Z * _Z
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = _Z / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class LabelShare:
    """How many texts of one label are findings, and how many are grey trade."""

    label: str
    found: Rate
    grey: Rate


@dataclass(frozen=True, slots=True)
class Mistake:
    """One text on the wrong side, described and never quoted."""

    label: str
    false_alarm: bool
    score: float
    length: int
    """Characters of its normal form."""
    steps: tuple[str, ...]
    """Codes of the steps that held, in either direction."""
    wording: float
    """The grams' share of the log-odds."""
    likely: str
    """Why, as far as the evidence tells."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What came out on one set, or the half of it that was kept back."""

    name: str
    meaning: str
    real: str
    half: str
    texts: int
    precision: Rate
    recall: Rate
    false_alarms: Rate
    """Findings among the texts that are not fraud by their label."""
    labels: tuple[LabelShare, ...]
    worst: tuple[Mistake, ...]

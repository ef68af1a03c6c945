"""Counts with their intervals, and quartiles: figures that say how sure they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fanzha.detection.rate import wilson


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`, with Wilson's 95 % interval; without a whole nothing is known."""

    part: int
    whole: int

    def __post_init__(self) -> None:
        if not 0 <= self.part <= self.whole:
            raise ValueError("a part lies between nothing and the whole")

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.part, self.whole)

    def as_dict(self) -> dict[str, float | int | list[float] | None]:
        low, high = self.interval
        return {
            "part": self.part,
            "whole": self.whole,
            "value": None if self.value is None else round(self.value, 4),
            "interval": [round(low, 4), round(high, 4)],
        }

    def __str__(self) -> str:
        if self.value is None:
            return "–"
        low, high = self.interval
        return f"{self.part}/{self.whole} {self.value:.0%} [{low:.0%}, {high:.0%}]"


@dataclass(frozen=True, slots=True)
class Spread:
    """Lower quartile, median and upper quartile of `count` values; None where there are none."""

    count: int
    quartiles: tuple[float, float, float] | None

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        ordered = sorted(values)
        if not ordered:
            return cls(0, None)
        low, middle, high = (_quantile(ordered, q) for q in (0.25, 0.5, 0.75))
        return cls(len(ordered), (low, middle, high))

    def as_dict(self) -> dict[str, float | int | None]:
        low, middle, high = self.quartiles or (None, None, None)
        return {"count": self.count, "lower": low, "median": middle, "upper": high}

    def __str__(self) -> str:
        if self.quartiles is None:
            return "–"
        low, middle, high = self.quartiles
        return f"{middle:.0f} [{low:.0f}, {high:.0f}]"


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Between neighbours in proportion."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)

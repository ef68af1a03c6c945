"""When things happen: the simulated stretch of time and the hours at which people are active."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from fanzha.errors import Refused

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_LOCAL = 8 * HOUR
"""China has one time zone and no summer time."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Activity by local hour (24 weights) and how much of it is left at weekends."""

    hours: tuple[float, ...]
    weekend: float = 1.0


@dataclass(frozen=True, slots=True)
class Span:
    """The simulated stretch: `start_ms` (inclusive) to `end_ms` (exclusive), ms UTC."""

    start_ms: int
    end_ms: int

    @classmethod
    def of(cls, start: datetime, days: float) -> Span:
        if start.tzinfo is None:
            raise Refused(
                "naive_instant",
                zh="开始时刻必须带时区",
                en="the start must carry a time zone",
                field="start",
            )
        begin = int(start.astimezone(UTC).timestamp() * 1000)
        return cls(begin, begin + round(days * DAY))

    @property
    def days(self) -> float:
        return (self.end_ms - self.start_ms) / DAY

    def holds(self, at: Ints) -> npt.NDArray[np.bool_]:
        return (at >= self.start_ms) & (at < self.end_ms)

    def draw(self, rng: np.random.Generator, n: int, rhythm: Rhythm) -> Ints:
        """`n` instants, unsorted, spread as the rhythm says."""
        first = (self.start_ms + _LOCAL) // HOUR
        last = (self.end_ms + _LOCAL - 1) // HOUR
        bins = np.arange(first, last + 1)
        weights = np.asarray(rhythm.hours)[bins % 24].copy()
        weights[is_weekend(bins * HOUR - _LOCAL)] *= rhythm.weekend
        lows = np.maximum(bins * HOUR - _LOCAL, self.start_ms)
        highs = np.minimum((bins + 1) * HOUR - _LOCAL, self.end_ms)
        weights *= (highs - lows) / HOUR
        edges = np.cumsum(weights)
        if edges[-1] <= 0.0:
            weights[:] = highs - lows
            edges = np.cumsum(weights)
        pick = np.searchsorted(edges, rng.random(n) * edges[-1], side="right")
        pick = np.minimum(pick, len(bins) - 1)
        out: Ints = lows[pick] + (rng.random(n) * (highs[pick] - lows[pick])).astype(np.int64)
        return out

    def amount(self, rhythm: Rhythm) -> float:
        """How many average days of this rhythm the stretch holds."""
        bins = np.arange(self.start_ms, self.end_ms, HOUR // 4)
        weights = np.asarray(rhythm.hours)[local_hour(bins)].copy()
        weights[is_weekend(bins)] *= rhythm.weekend
        return float(weights.sum()) / (4 * sum(rhythm.hours))

    def mornings(self) -> Ints:
        """Local midnights inside or before the stretch, one for each day it touches."""
        first = (self.start_ms + _LOCAL) // DAY
        last = (self.end_ms - 1 + _LOCAL) // DAY
        return np.arange(first, last + 1) * DAY - _LOCAL


def local_hour(at: Ints) -> Ints:
    return (at + _LOCAL) // HOUR % 24


def local_day(at: Ints) -> Ints:
    """Days since 1970-01-01 by the local calendar."""
    return (at + _LOCAL) // DAY


def is_weekend(at: Ints) -> npt.NDArray[np.bool_]:
    return (local_day(at) + 3) % 7 >= 5


def lognormal(
    rng: np.random.Generator, n: int, median: float, sigma: float, low: float, high: float
) -> Floats:
    """A skewed quantity with this median, cut to a plausible range."""
    return np.clip(median * np.exp(sigma * rng.standard_normal(n)), low, high)

"""Payments of one key side by side in time: windows, outcomes known by then, running figures.

Everything here looks backwards. A row sees the rows of its key that stand before it in the order
of (time, arrival); sums over a window are differences of running sums.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.detection.compiled import compiled

__all__ = ["DAY", "ByKey", "Runs", "runs", "typical"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

DAY = 86_400.0
"""Seconds."""
_REACH = 400 * DAY
"""No window is longer."""
_KEPT = 256
"""Payments of a key whose amounts make its typical amount: bounds the work for a busy key."""


@dataclass(frozen=True, eq=False)
class ByKey:
    """Rows sorted by (key, time, arrival). `key` are codes from 0, `at` seconds in rising order."""

    order: I64
    """Rows in sorted order: `values[order]` stand key by key."""
    place: I64
    """Where a row stands in sorted order."""
    first: I64
    """For each row in sorted order, where its key begins."""
    span: float
    sought: F64
    """`key * span + at` in sorted order: one rising line that is searched for all keys at once."""
    key: I64
    at: F64

    @classmethod
    def of(cls, key: I64, at: F64) -> ByKey:
        """Sort the rows. `at` must not fall from one row to the next."""
        order = np.argsort(key, kind="stable")
        sorted_key = key[order]
        begins = np.r_[True, sorted_key[1:] != sorted_key[:-1]] if key.size else np.zeros(0, bool)
        first = np.maximum.accumulate(np.where(begins, np.arange(key.size), 0))
        place = np.empty_like(order)
        place[order] = np.arange(order.size)
        since = at - (at[0] if at.size else 0.0)
        # Wide enough that no window reaches into the key beside it.
        span = (float(since[-1]) if at.size else 0.0) + 2 * _REACH
        sought = np.asarray((key * span + since)[order], dtype=np.float64)
        return cls(order, place, first, span, sought, key, since)

    def until(self, ago: F64 | float) -> I64:
        """For each row, the place behind the last row of its key that is at least `ago` seconds
        older (0: that stands before it); its key's first place where there is none."""
        # Asked in sorted order, so that neighbours in the answer are neighbours in memory.
        ago = ago[self.order] if isinstance(ago, np.ndarray) else ago
        seconds = np.maximum(self.at[self.order] - ago, -_REACH)
        behind = np.searchsorted(
            self.sought, self.key[self.order] * self.span + seconds, side="right"
        )
        found = np.empty_like(self.order)
        found[self.order] = np.clip(behind, self.first, np.arange(self.order.size))
        return found

    def sums(self, values: F64, begin: I64, end: I64) -> F64:
        """The sum of `values` (in row order) over sorted places `begin` to `end`, a row each."""
        running = np.r_[0.0, np.cumsum(values[self.order])]
        return np.asarray(running[end] - running[np.minimum(begin, end)])


@dataclass(frozen=True, eq=False)
class Runs:
    """What is known of a key's marked payments after each of its payments, in sorted order."""

    begun: F64
    """When the running row of marked payments began; NaN where none runs."""
    before: F64
    """The last unmarked payment before that; NaN where none."""
    last: F64
    """The last marked payment; NaN where none."""
    length: F64
    weight: F64
    """Payments in the run, and the sum of their weights."""
    clear: F64
    """Unmarked payments since the last marked one."""
    burst: F64
    """When marked payments began that follow each other within `gap`; NaN where none."""
    burst_length: F64


def runs(by: ByKey, marked: F64, weight: F64, gap: float) -> Runs:
    """Follow marked payments (1 marked, 0 not, NaN unknown: skipped) key by key."""
    found = _runs(by.first, by.at[by.order], marked[by.order], weight[by.order], gap)
    return Runs(*(found[:, i] for i in range(8)))


@compiled
def _runs(first: I64, at: F64, marked: F64, weight: F64, gap: float) -> F64:
    out = np.empty((at.size, 8), dtype=np.float64)
    nan = np.nan
    begun = before = last = burst = last_clear = nan
    length = total = clear = bursts = 0.0
    for i in range(at.size):
        if first[i] == i:
            begun = before = last = burst = last_clear = nan
            length = total = clear = bursts = 0.0
        if marked[i] == 1.0:
            if length == 0.0:
                begun, before, total = at[i], last_clear, 0.0
            length += 1.0
            total += weight[i]
            if not at[i] - last <= gap:
                burst, bursts = at[i], 0.0
            bursts += 1.0
            last, clear = at[i], 0.0
        elif marked[i] == 0.0:
            length, begun, last_clear = 0.0, nan, at[i]
            clear += 1.0
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = begun, before, last, length
        out[i, 4], out[i, 5], out[i, 6], out[i, 7] = total, clear, burst, bursts
    return out


def typical(by: ByKey, amount: F64) -> tuple[F64, F64]:
    """Median and lower quartile of the key's amounts before each row (last 256); NaN at first."""
    found = _typical(by.first, amount[by.order], _KEPT)
    out = np.empty_like(found)
    out[by.order] = found
    return out[:, 0], out[:, 1]


@compiled
def _typical(first: I64, amount: F64, kept: int) -> F64:
    out = np.full((amount.size, 2), np.nan)
    line = np.empty(kept, dtype=np.float64)
    size = 0
    for i in range(amount.size):
        if first[i] == i:
            size = 0
        if size:
            out[i, 0] = 0.5 * (line[size // 2] + line[(size - 1) // 2])
            out[i, 1] = line[size // 4]
        if size == kept:
            gone = np.searchsorted(line, amount[i - kept])
            for j in range(gone, size - 1):
                line[j] = line[j + 1]
            size -= 1
        spot = np.searchsorted(line[:size], amount[i])
        for j in range(size, spot, -1):
            line[j] = line[j - 1]
        line[spot] = amount[i]
        size += 1
    return out

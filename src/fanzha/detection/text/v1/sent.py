"""How suspected the texts were that a number sent within the last day."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from fanzha.detection.arrays import Array

__all__ = ["Sent"]

_DAY_MS = 24 * 3_600_000
_MOST = 12
"""Texts kept of one number. A later one that scored higher makes an earlier one needless, so the
first kept is the gravest and the last the newest: both stay."""


class Sent:
    """Number → instants and scores of its suspected texts. Bounded, longest quiet out first."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._scores: dict[int, list[tuple[int, float]]] = {}

    def __len__(self) -> int:
        return len(self._scores)

    def add(self, key: int, at: int, score: float) -> None:
        """Remember one text; `key` 0 is nobody."""
        if not key:
            return
        kept = self._scores.pop(key, [])
        if not any(t >= at and s >= score for t, s in kept):
            kept = [(t, s) for t, s in kept if t > at - _DAY_MS and (t > at or s > score)]
            kept = sorted([*kept, (at, score)])
            if len(kept) > _MOST:
                del kept[-2]
        self._scores[key] = kept
        if len(self._scores) > self._limit:
            del self._scores[next(iter(self._scores))]

    def highest(
        self, keys: npt.NDArray[np.uint64], at: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """For numbers at instants (ms): the highest score of the day before; 0 where none."""
        out = np.zeros(keys.size)
        if not self._scores:
            return out
        known = np.isin(keys, np.fromiter(self._scores, dtype=np.uint64, count=len(self._scores)))
        for row in np.flatnonzero(known).tolist():
            since = int(at[row]) - _DAY_MS
            kept = self._scores[int(keys[row])]
            out[row] = max((s for t, s in kept if t > since), default=0.0)
        return out

    def snapshot(self) -> dict[str, Array]:
        """`keys` uint64 one a text kept, numbers in order of last use; `at` int64; `score`."""
        flat = [(key, t, s) for key, kept in self._scores.items() for t, s in kept]
        return {
            "keys": np.array([key for key, _, _ in flat], dtype=np.uint64),
            "at": np.array([t for _, t, _ in flat], dtype=np.int64),
            "score": np.array([s for _, _, s in flat], dtype=np.float64),
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        self._scores = {}
        for key, at, score in zip(
            state["keys"].tolist(), state["at"].tolist(), state["score"].tolist(), strict=True
        ):
            self._scores.setdefault(key, []).append((at, score))

"""Remembers how grave the last finding about a subject was, so that only a graver one is told."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np

from fanzha.detection.arrays import Array

__all__ = ["Standing"]


class Standing:
    """Key → band last told and when. Forgets after `keep_ms`; bounded, the oldest makes room."""

    def __init__(self, *, keep_ms: int = 72 * 3_600_000, limit: int = 1_000_000) -> None:
        self._keep_ms = keep_ms
        self._limit = limit
        self._told: OrderedDict[int, tuple[int, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._told)

    def __contains__(self, key: int) -> bool:
        return key in self._told

    def level(self, key: int, at: int) -> int:
        """The band last told of a key, as it counts at an instant; 0 when nothing counts."""
        band, told_at = self._told.get(key, (0, at))
        return band if at - told_at <= self._keep_ms else 0

    def rises(self, key: int, band: int, at: int) -> bool:
        """True when this band is above what was told of the key; then it is told."""
        if key in self._told and band <= self.level(key, at):
            return False
        self._told[key] = (band, at)
        self._told.move_to_end(key)
        if len(self._told) > self._limit:
            self._told.popitem(last=False)
        return True

    def snapshot(self) -> Array:
        """(n, 3) int64: keys in the order in which they make room, band and instant of each."""
        keys = np.fromiter(self._told, np.uint64, len(self._told)).view(np.int64)
        told = np.array(list(self._told.values()), np.int64).reshape(-1, 2)
        return np.column_stack([keys, told])

    def restore(self, state: Array) -> None:
        keys = np.ascontiguousarray(state[:, 0]).view(np.uint64).tolist()
        told = zip(state[:, 1].tolist(), state[:, 2].tolist(), strict=True)
        self._told = OrderedDict(zip(keys, told, strict=True))

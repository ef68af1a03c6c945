"""The stream that windows are measured on: keys evenly busy, so that caches help least."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

KEYS = 2_000_000
PER_SECOND = 5_000
"""Events a second of stream time: nine an hour and key, three in two panes of ten minutes."""

Columns = dict[str, npt.NDArray[Any]]


class Stream:
    """Batches in time's order, with one row in twenty up to two minutes late."""

    def __init__(self, keys: int = KEYS, seed: int = 7) -> None:
        self._rng = np.random.default_rng(seed)
        self._keys = keys
        self._now = 1_700_000_000_000

    def batch(self, n: int, keys: npt.NDArray[np.uint64] | None = None) -> Columns:
        """The next n events; `keys` numbers them, else they are drawn."""
        rng = self._rng
        at = self._now + np.arange(n) * 1000 // PER_SECOND
        self._now = int(at[-1])
        late = rng.random(n) < 0.05
        at[late] -= rng.integers(0, 120_000, int(late.sum()))
        numbers = rng.integers(0, self._keys, n, dtype=np.uint64) if keys is None else keys
        return {
            "at": at,
            "key": (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15),
            "value": rng.integers(0, 600, n).astype(np.float64),
            "other": rng.integers(1, 2**63, n, dtype=np.uint64),
            "place": rng.integers(1, 9, n, dtype=np.uint64),
        }

    def everyone(self, n: int) -> list[npt.NDArray[np.uint64]]:
        """The numbers of all keys, once each, in any order, in parts of n."""
        order = self._rng.permutation(self._keys).astype(np.uint64)
        return [order[i : i + n] for i in range(0, self._keys, n)]

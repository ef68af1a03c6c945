"""Remembers how grave the last finding about a subject was, so that only a graver one is told."""

from __future__ import annotations

import json

__all__ = ["Standing"]


class Standing:
    """Key → band last told and when. Forgets after `keep_ms`; bounded, the oldest makes room."""

    def __init__(self, *, keep_ms: int = 72 * 3_600_000, limit: int = 1_000_000) -> None:
        self._keep_ms = keep_ms
        self._limit = limit
        self._told: dict[int, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._told)

    def rises(self, key: int, band: int, at: int) -> bool:
        """True when this band is above what was told of the key; then it is told."""
        before, told_at = self._told.get(key, (0, at))
        if at - told_at <= self._keep_ms and band <= before:
            return False
        self._told.pop(key, None)
        self._told[key] = (band, at)
        if len(self._told) > self._limit:
            del self._told[next(iter(self._told))]
        return True

    def snapshot(self) -> bytes:
        return json.dumps([[key, *told] for key, told in self._told.items()]).encode()

    def restore(self, state: bytes) -> None:
        self._told = {key: (band, at) for key, band, at in json.loads(state)}

"""Numbers and accounts on the suspect side, as any channel has found them, for a week."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

__all__ = ["Suspects"]


class Suspects:
    """Key → highest score and when it was last found. Bounded; the oldest makes room."""

    def __init__(self, *, keep_ms: int = 7 * 86_400_000, limit: int = 500_000) -> None:
        self._keep_ms = keep_ms
        self._limit = limit
        self._known: OrderedDict[int, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def note(self, key: int, score: float, at: int) -> None:
        """A suspect finding about this key."""
        self._known[key] = (max(self.score(key, at), score), at)
        self._known.move_to_end(key)
        if len(self._known) > self._limit:
            self._known.popitem(last=False)

    def score(self, key: int, at: int) -> float:
        """How suspected it is at an instant; 0 when it is not."""
        score, noted_at = self._known.get(key, (0.0, 0))
        return score if at - noted_at <= self._keep_ms else 0.0

    def forget(self, now: int) -> None:
        """Drop what counts no more at this instant."""
        before = now - self._keep_ms
        self._known = OrderedDict((k, v) for k, v in self._known.items() if v[1] >= before)

    def to_json(self) -> list[list[Any]]:
        return [[key, score, at] for key, (score, at) in self._known.items()]

    def from_json(self, plain: list[list[Any]]) -> None:
        self._known = OrderedDict((key, (score, at)) for key, score, at in plain)

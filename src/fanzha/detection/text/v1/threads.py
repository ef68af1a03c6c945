"""What was last said in chats and calls, so that a turn is read with the turns before it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fanzha.detection.arrays import Array

__all__ = ["Threads"]

_KEPT = 1_500
"""Bytes of a speaker's words that are kept: some 500 Chinese characters."""


class Threads:
    """Speaker in a thread → the end of what they said. Bounded; the longest silent makes room."""

    def __init__(self, *, keep_ms: int, limit: int) -> None:
        self._keep_ms = keep_ms
        self._limit = limit
        self._said: dict[int, tuple[int, bytes]] = {}

    def __len__(self) -> int:
        return len(self._said)

    def join(self, key: int, at: int, body: bytes) -> bytes:
        """The turn after what this speaker said before it."""
        before_at, before = self._said.pop(key, (at, b""))
        if at - before_at > self._keep_ms:
            before = b""
        whole = before + b"\n" + body if before else body
        self._said[key] = (max(at, before_at), _tail(whole))
        if len(self._said) > self._limit:
            del self._said[next(iter(self._said))]
        return whole

    def snapshot(self) -> dict[str, Array]:
        """`keys` uint64, `at` int64 ms, `ends` int64 offsets into `said`, UTF-8 bytes."""
        lengths = [len(said) for _, said in self._said.values()]
        return {
            "keys": np.array(list(self._said), dtype=np.uint64),
            "at": np.array([at for at, _ in self._said.values()], dtype=np.int64),
            "ends": np.cumsum([0, *lengths], dtype=np.int64),
            "said": np.frombuffer(b"".join(said for _, said in self._said.values()), np.uint8),
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        ends, said = state["ends"].tolist(), state["said"].tobytes()
        self._said = {
            key: (at, said[begin:end])
            for key, at, begin, end in zip(
                state["keys"].tolist(), state["at"].tolist(), ends[:-1], ends[1:], strict=True
            )
        }


def _tail(said: bytes) -> bytes:
    """The last bytes, cut where a character begins."""
    if len(said) <= _KEPT:
        return said
    cut = len(said) - _KEPT
    while cut < len(said) and said[cut] & 0xC0 == 0x80:
        cut += 1
    return said[cut:]

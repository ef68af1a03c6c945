"""Members of a group in one process: every step waits until each has said its part."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fanzha.features.shared import PARTITIONS, Share

__all__ = ["Gathering"]

T = TypeVar("T")


class Gathering:
    """`size` members that own the partitions in turn. `run` works one function a member."""

    def __init__(self, size: int) -> None:
        self._said: list[bytes] = [b""] * size
        self._all_here = threading.Barrier(size)
        self.shares = [
            Share(frozenset(range(n, PARTITIONS, size)), self._gatherer(n)) for n in range(size)
        ]

    def _gatherer(self, member: int) -> Callable[[bytes], Sequence[bytes]]:
        def gather(mine: bytes) -> Sequence[bytes]:
            self._said[member] = mine
            self._all_here.wait(60)
            heard = list(self._said)
            self._all_here.wait(60)
            return heard

        return gather

    def run(self, work: Callable[[int], T]) -> list[T]:
        """Every member at once; the answers in their order. The first failure ends all."""

        def one(member: int) -> T:
            try:
                return work(member)
            except BaseException:
                self._all_here.abort()
                raise

        with ThreadPoolExecutor(len(self.shares)) as pool:
            return list(pool.map(one, range(len(self.shares))))

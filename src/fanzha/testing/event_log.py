"""An event log in memory: passes the same contract as the real one, loses all when it goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from fanzha.errors import Refused, Unavailable
from fanzha.ports.event_log import LogEntry, LogLost

RECOGNISED = timedelta(minutes=10)


class MemoryEventLog:
    """Implements `EventLog`. `now` may be given, so that a test decides what time it is."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._entries: list[LogEntry] = []
        self._keys: dict[str, tuple[int, datetime]] = {}
        self._last = 0
        self._up = False
        self._grown = asyncio.Condition()

    @property
    def up(self) -> bool:
        return self._up

    @property
    def passed_over(self) -> int:
        return 0

    async def start(self) -> None:
        self._up = True

    async def append(
        self, stream: str, batch: pa.RecordBatch, key: str, sender: str = "local"
    ) -> int:
        if not self._up:
            raise _closed()
        if batch.num_rows == 0:
            raise Refused("empty_batch", zh="没有任何数据行", en="the batch has no rows")
        for field, name in (("stream", stream), ("sender", sender), ("key", key)):
            if not name:
                raise Refused("bad_name", zh="名称为空", en="the name is empty", field=field)
        now = self._now()
        position, at = self._keys.get(key, (0, now))
        if position and now - at <= RECOGNISED:
            return position
        self._last += 1
        self._keys[key] = (self._last, now)
        self._entries.append(LogEntry(self._last, stream, batch, now, sender))
        async with self._grown:
            self._grown.notify_all()
        return self._last

    async def read(self, after: int) -> AsyncIterator[LogEntry]:
        if after > self._last:
            raise LogLost(after, self._last)
        while True:
            found = [e for e in self._entries if e.position > after]
            for entry in found:
                after = entry.position
                yield entry
            if not found:
                async with self._grown:
                    while self._last <= after:
                        if not self._up:
                            raise _closed()
                        await self._grown.wait()

    async def last(self) -> int:
        return self._last

    async def trim(self, stream: str, before: datetime) -> None:
        self._entries = [e for e in self._entries if e.stream != stream or e.appended_at >= before]

    async def close(self) -> None:
        self._up = False
        async with self._grown:
            self._grown.notify_all()


def _closed() -> Unavailable:
    return Unavailable("log_unavailable", zh="日志已关闭", en="the log is closed")

"""The log as entries of the past: whole, or said not to be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pyarrow as pa
import pytest

from fanzha.entrypoints.replay import from_log
from fanzha.entrypoints.replay.from_log import entries_of
from fanzha.errors import Unavailable
from fanzha.ports.event_log import LogEntry, log_silent
from fanzha.records.door import admit
from fanzha.testing.event_log import MemoryEventLog
from tests.records.rows import row


def visits(n: int) -> pa.RecordBatch:
    return admit("visit", pa.Table.from_pylist([row("visit", n)]), "test").batch


class Stalling(MemoryEventLog):
    """Three entries, of which it gives two and then nothing: `silent` for good, else it says where
    it ends, and goes on when it is read anew."""

    def __init__(self, *, silent: bool) -> None:
        super().__init__()
        self._silent, self._readers = silent, 0

    async def start(self) -> None:
        await super().start()
        for n in range(3):
            await self.append("visit", visits(n), str(n))

    async def last(self) -> int:
        if self._silent and self._readers:
            raise log_silent()
        return await super().last()

    async def read(self, after: int) -> AsyncIterator[LogEntry]:
        self._readers += 1
        async for entry in super().read(after):
            if entry.position == 3 and (self._silent or self._readers == 1):
                await asyncio.Event().wait()
            yield entry


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_log, "_PATIENCE_S", 0.3)


def test_a_log_that_falls_silent_is_not_taken_for_its_end() -> None:
    with entries_of(lambda: Stalling(silent=True)) as (last, entries):
        assert last == 3
        with pytest.raises(Unavailable):
            list(entries)


def test_a_log_that_paused_is_read_on() -> None:
    with entries_of(lambda: Stalling(silent=False)) as (_, entries):
        assert [position for position, _, _ in entries] == [1, 2, 3]


def test_an_end_that_was_trimmed_is_the_end() -> None:
    class Trimmed(MemoryEventLog):
        async def start(self) -> None:
            await super().start()
            for n in range(3):
                await self.append("visit", visits(n), str(n))
            self._entries = self._entries[:2]

        async def read(self, after: int) -> AsyncIterator[LogEntry]:
            for entry in self._entries:
                if entry.position > after:
                    yield entry
            await asyncio.Event().wait()

    with entries_of(Trimmed) as (_, entries):
        assert [position for position, _, _ in entries] == [1, 2]

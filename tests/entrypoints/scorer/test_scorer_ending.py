"""A scorer told to end: at once even without a database, never in the middle of an entry."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from fanzha.adapters.postgres import counters
from fanzha.adapters.postgres.office import NATION
from fanzha.detection.engine import Engine
from fanzha.entrypoints.scorer.run import Scorer
from fanzha.entrypoints.scorer.snapshots import Snapshots
from fanzha.errors import Unavailable
from fanzha.records.door import admit
from fanzha.testing.event_log import MemoryEventLog
from tests.fixtures import POLICIES, Installed, policies
from tests.records.rows import row

_ROWS = 5


def visits(first: int) -> pa.RecordBatch:
    rows = [row("visit", n) for n in range(first, first + _ROWS)]
    return admit("visit", pa.Table.from_pylist(rows), "test").batch


def scorer(installed: Installed, log: MemoryEventLog, folder: Path, engine: Engine) -> Scorer:
    snapshots = Snapshots(folder, version=engine.version)
    return Scorer(
        log=log, engine=engine, office=installed.office, policies=policies(),
        snapshots=snapshots, snapshot_every_s=600,
    )  # fmt: skip


def counted(installed: Installed) -> int:
    with installed.database.transaction(NATION) as connection:
        return counters.totals(connection).get("events", {}).get("visit", 0)


@contextmanager
def away(installed: Installed) -> Iterator[threading.Event]:
    """A database that answers nobody; the event is set when somebody asks."""
    asked = threading.Event()
    whole = installed.database.transaction

    def refuse(*_: Any) -> Any:
        asked.set()
        raise Unavailable("database_unavailable", zh="数据库没有应答", en="no answer")

    installed.database.transaction = refuse  # type: ignore[method-assign]
    try:
        yield asked
    finally:
        installed.database.transaction = whole  # type: ignore[method-assign]


async def until(found: Callable[[], object]) -> None:
    while not found():
        await asyncio.sleep(0.02)


async def end(running: asyncio.Task[None]) -> None:
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 30)


def test_without_a_database_it_ends_all_the_same_and_the_next_run_counts(
    installed: Installed, tmp_path: Path
) -> None:
    async def work() -> None:
        log = MemoryEventLog()
        await log.start()
        first = scorer(installed, log, tmp_path, Engine(POLICIES))
        running = asyncio.create_task(first.run())
        with away(installed) as asked:
            await log.append("visit", visits(1), "1")
            await asyncio.to_thread(asked.wait, 60)
            await end(running)
        assert counted(installed) == 0
        second = asyncio.create_task(scorer(installed, log, tmp_path, Engine(POLICIES)).run())
        await until(lambda: counted(installed) == _ROWS)
        await end(second)

    asyncio.run(asyncio.wait_for(work(), 120))


def test_an_entry_in_the_works_is_finished_before_the_last_snapshot(
    installed: Installed, tmp_path: Path
) -> None:
    class Slow(Engine):
        """Stops within an entry until it is let go on."""

        inside, on = threading.Event(), threading.Event()

        def process(self, position: int, stream: str, batch: pa.RecordBatch) -> Any:
            outcome = super().process(position, stream, batch)
            self.inside.set()
            self.on.wait(60)
            return outcome

    async def work() -> None:
        log = MemoryEventLog()
        await log.start()
        first = scorer(installed, log, tmp_path, Slow(POLICIES))
        running = asyncio.create_task(first.run())
        await log.append("visit", visits(1), "1")
        await asyncio.to_thread(Slow.inside.wait, 60)
        running.cancel()
        running.cancel()
        await asyncio.sleep(0.2)
        assert not running.done()
        Slow.on.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert first.position == 1
        assert counted(installed) == _ROWS
        second = asyncio.create_task(scorer(installed, log, tmp_path, Engine(POLICIES)).run())
        await log.append("visit", visits(1 + _ROWS), "2")
        await until(lambda: counted(installed) == 2 * _ROWS)
        await end(second)
        with installed.database.transaction(NATION) as connection:
            assert counters.totals(connection).get("duplicates", {}).get("visit", 0) == 0

    asyncio.run(asyncio.wait_for(work(), 120))


def test_a_snapshot_is_never_ahead_of_the_totals(installed: Installed, tmp_path: Path) -> None:
    async def work() -> None:
        log = MemoryEventLog()
        await log.start()
        first = scorer(installed, log, tmp_path, Engine(POLICIES))
        first._load()
        await log.append("visit", visits(1), "1")
        async for entry in log.read(0):
            first._score(entry)
            break
        first._save()  # and killed before the next count
        assert Snapshots(tmp_path, version=Engine(POLICIES).version).newest() is not None
        assert counted(installed) == _ROWS

    asyncio.run(asyncio.wait_for(work(), 120))

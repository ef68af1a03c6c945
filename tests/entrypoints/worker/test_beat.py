"""The worker leaves signs of life for as long as its clocks go round."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from fanzha.adapters.postgres import counters
from fanzha.entrypoints.worker.run import run
from fanzha.lifecycles.actor import NATION
from fanzha.testing.event_log import MemoryEventLog
from tests.fixtures import Installed, policies


def test_every_round_of_the_clocks_leaves_a_sign(installed: Installed) -> None:
    signs: list[counters.Progress] = []
    twice = asyncio.Event()

    async def work() -> None:
        loop = asyncio.get_running_loop()
        log = MemoryEventLog()
        await log.start()

        def beat() -> None:
            with installed.database.transaction(NATION) as connection:
                installed.office.set_position(connection, "worker", 0)
            with installed.database.transaction(NATION) as connection:
                signs.append(counters.progress(connection)["worker"])
            if len(signs) == 2:
                loop.call_soon_threadsafe(twice.set)

        running = asyncio.create_task(
            run(
                office=installed.office,
                policies=policies(),
                log=log,
                deliverer=None,
                sign_heads=lambda: None,
                beat=beat,
                now=lambda: datetime.now(UTC),
            )
        )
        await asyncio.wait_for(twice.wait(), 60)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(work())
    assert [s.position for s in signs] == [0, 0]

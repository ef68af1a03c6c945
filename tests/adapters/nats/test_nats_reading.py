"""Reading ends when it is cancelled, even where the client's library loses the cancellation."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fanzha.adapters.nats.reading import Reading
from fanzha.adapters.nats.wire import Stored


class _Client:
    """As much of a client as following takes."""

    is_closed = False

    async def subscribe(self, subject: str, cb: Any = None) -> _Client:
        return self

    async def unsubscribe(self) -> None:
        pass


class _Deaf(Reading):
    """Answers in the moment in which it is cancelled: the cancellation is lost."""

    asked = 0

    async def page(self, request: dict[str, Any]) -> list[Stored]:
        self.asked += 1
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            return []
        raise AssertionError


def test_a_lost_cancellation_is_heeded() -> None:
    async def work() -> None:
        reading = _Deaf(_Client(), "EVENTS", "events", "bell")  # type: ignore[arg-type]

        async def follow() -> None:
            async for _ in reading.follow(0):
                pass

        task = asyncio.create_task(follow())
        while not reading.asked:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(asyncio.shield(task), 30)
        assert reading.asked == 1

    asyncio.run(work())

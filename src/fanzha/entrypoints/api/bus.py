"""One listener on the database, fanned out to every open page of the console."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import psycopg

_log = logging.getLogger("fanzha.api.bus")
_WAITING_MAX = 5000


@dataclass(frozen=True, slots=True)
class News:
    """A warning has changed. `left` is the code of the unit that had it, where it went on."""

    id: UUID
    left: str | None = None

    @classmethod
    def of(cls, payload: str) -> News:
        """The news of a notification; ValueError when it is none of ours."""
        id, _, left = payload.partition(" ")
        return cls(UUID(id), left or None)


class Bus:
    """Hears `NOTIFY warning` and hands the news to every subscriber.

    A page that cannot keep up is told to reload instead of growing a queue without end.
    """

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgresql+psycopg://", "postgresql://")
        self._subscribers: set[asyncio.Queue[News | None]] = set()

    async def run(self) -> None:
        """Listen for ever; reconnect after a failure and tell the pages to reload."""
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
                async with connection:
                    await connection.execute("LISTEN warning")
                    async for note in connection.notifies():
                        with contextlib.suppress(ValueError):  # anybody inside may notify
                            self._tell(News.of(note.payload))
            except psycopg.Error as error:
                _log.warning("listener lost the database: %s", type(error).__name__)
                self._tell(None)
                await asyncio.sleep(1.0)

    def _tell(self, news: News | None) -> None:
        for queue in self._subscribers:
            if queue.qsize() > _WAITING_MAX:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(news)

    @contextlib.contextmanager
    def subscribe(self) -> Iterator[asyncio.Queue[News | None]]:
        queue: asyncio.Queue[News | None] = asyncio.Queue()
        self._subscribers.add(queue)
        try:
            yield queue
        finally:
            self._subscribers.discard(queue)

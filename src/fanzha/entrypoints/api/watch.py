"""Whether the centre's processes move: asked of the database and the log, never waited for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from fanzha.adapters.postgres import counters
from fanzha.adapters.postgres.database import limit_statements
from fanzha.entrypoints.api import schemas as wire
from fanzha.entrypoints.api.centre import Centre
from fanzha.errors import Unavailable
from fanzha.lifecycles.actor import NATION

_PATIENCE_S = 3.0
_STATEMENT_S = 2.0
_STILL_S = 30.0
"""So long may entries wait without one being scored, or the worker give no sign."""
SCORER = ("scorer", "counted")
"""The consumers whose positions say how far the log has been scored."""
WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look into the database found."""

    marks: list[counters.FeedMark]
    positions: dict[str, counters.Progress]


class Watch:
    """Remembers between looks since when entries wait, and a look that has not come back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "health")
        """Its own: those of requests may all be waiting for the database."""
        self._look: asyncio.Future[Seen] | None = None
        self._stuck: tuple[int, float] | None = None
        """The scored position at which entries wait, and since when that has been seen."""

    async def look(self, parts: Centre) -> Seen:
        """Unavailable when the database does not answer in time.

        A server that is stopped rather than gone keeps a thread until it moves again: there is
        one such thread, however often somebody asks meanwhile.
        """
        if self._look is None or self._look.done():
            loop = asyncio.get_running_loop()
            self._look = loop.run_in_executor(self._thread, _look, parts)
        await asyncio.wait([self._look], timeout=_PATIENCE_S)
        if not self._look.done():
            raise _silent("database")
        return self._look.result()

    def scorer(self, seen: Seen, last: int) -> wire.Part:
        """Down when entries wait and none was scored for a while."""
        found = [seen.positions[name] for name in SCORER if name in seen.positions]
        scored = max((p.position for p in found), default=0)
        waiting = max(0, last - scored)
        now = self._clock()
        if not waiting:
            self._stuck = None
        elif self._stuck is None or self._stuck[0] != scored:
            # An entry may have come a moment ago, after long silence: time counts from here.
            self._stuck = (scored, now)
        still = waiting > 0 and self._stuck is not None and now - self._stuck[1] >= _STILL_S
        return wire.Part(name="scorer", up=not still, detail=f"waiting={waiting}")

    def worker(self, seen: Seen) -> wire.Part:
        """Down when its last sign is old, or there never was one."""
        sign = seen.positions.get(WORKER)
        if sign is None:
            return wire.Part(name="worker", up=False, detail="never_seen")
        silence = round(sign.still_s)
        return wire.Part(name="worker", up=silence < _STILL_S, detail=f"silent_s={silence}")


async def last_of(parts: Centre) -> int:
    """The log's newest position; Unavailable when it does not answer in time."""
    if not parts.log.up:
        raise _silent("log")
    try:
        return await asyncio.wait_for(parts.log.last(), _PATIENCE_S)
    except TimeoutError as error:
        raise _silent("log") from error


def _look(parts: Centre) -> Seen:
    with parts.database.transaction(NATION) as connection:
        limit_statements(connection, _STATEMENT_S)
        return Seen(counters.feeds(connection), counters.progress(connection))


def _silent(what: str) -> Unavailable:
    return Unavailable(f"{what}_unavailable", zh="没有及时应答", en="no answer in time")

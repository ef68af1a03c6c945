"""The durable log as entries of the past: from a position to where it ends now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fanzha.entrypoints.replay.rehearse import Entry
from fanzha.ports.event_log import EventLog

_PATIENCE_S = 30.0


@contextmanager
def entries_of(
    log: Callable[[], EventLog], after: int = 0
) -> Iterator[tuple[int, Iterator[Entry]]]:
    """The last position of the log, and its entries with positions above `after` up to there,
    read from a thread without a loop. Unavailable, while they are read, where the log falls
    silent."""
    loop = asyncio.new_event_loop()
    source = log()
    try:
        loop.run_until_complete(source.start())
        last = loop.run_until_complete(source.last())

        def entries() -> Iterator[Entry]:
            position, reading, waited = after, source.read(after), False
            while position < last:
                coming = asyncio.wait_for(anext(reading), _PATIENCE_S)
                try:
                    entry = loop.run_until_complete(coming)
                except TimeoutError:
                    loop.run_until_complete(source.last())  # Unavailable where the log is silent
                    if waited:
                        return  # it answers and has no more: what came after was trimmed meanwhile
                    reading, waited = source.read(position), True
                    continue
                position, waited = entry.position, False
                if position <= last:
                    yield entry.position, entry.stream, entry.batch

        yield last, entries()
    finally:
        loop.run_until_complete(source.close())
        loop.close()

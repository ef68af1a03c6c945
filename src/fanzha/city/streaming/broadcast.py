"""Plays a city at the pace of the wall clock: registry and history at once, then what is due."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from fanzha.city.rhythm import DAY, HOUR, MINUTE, SECOND
from fanzha.city.streaming.feed import Feed, lines
from fanzha.city.streaming.sender import Receipt

EPOCH = 1_577_836_800_000
"""2020-01-01 UTC, from which chapters and event ids are counted."""
_IDS_A_SECOND = 10_000_000


class Maker(Protocol):
    """Makes the streams of one chapter; instants are ms UTC."""

    def __call__(
        self,
        start: int,
        days: float,
        *,
        quiet_hours: float,
        chapter: int,
        first_id: int,
        registry: bool,
    ) -> Mapping[str, pa.Table]: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """How a broadcast goes. History is cut to what can be sent in `history_s`, newest first.

    Scams begin `lead_ms` before the broadcast, so that those who watch need not wait for the first.
    """

    history_hours: float = 2.0
    lead_ms: int = 2 * MINUTE
    days: float = 1.0
    history_s: float = 15.0
    body_rows: int = 4_000
    slice_ms: int = 5 * MINUTE
    tick_s: float = 1.0


@dataclass(slots=True)
class Count:
    """Rows so far."""

    accepted: int = 0
    refused: int = 0
    skipped: int = 0


class _Stopped(Exception):
    """Told to stop."""


class Broadcast:
    """One city on the air.

    `clock` gives ms UTC; `wait` sleeps for so many seconds and says whether to stop; `send` takes a
    stream and a body and returns None when told to stop. `tell` hears `registry`, `history` and
    `live` when each is done or begins, and then `live` after every tick, with the count so far.
    """

    def __init__(
        self,
        plan: Plan,
        make: Maker,
        send: Callable[[str, bytes], Receipt | None],
        clock: Callable[[], int],
        wait: Callable[[float], bool],
        tell: Callable[[str, Count], None] = lambda part, count: None,
    ) -> None:
        self._plan = plan
        self._make = make
        self._send = send
        self._clock = clock
        self._wait = wait
        self._tell = tell
        self.count = Count()

    def run(self) -> None:
        """Until told to stop. What the sender raises comes through."""
        opened = self._clock()
        history = round(self._plan.history_hours * HOUR)
        quiet = max(0, history - self._plan.lead_ms)
        feed, end = self._chapter(opened - history, history, quiet, registry=True)
        try:
            self._look_back(feed, opened, opened - history)
            self._tell("live", self.count)
            while True:
                self._give(feed.due(self._clock()))
                self._tell("live", self.count)
                if self._clock() >= end:
                    feed, end = self._chapter(end, 0, 0, registry=False)
                elif self._wait(self._plan.tick_s):
                    return
        except _Stopped:
            return

    def _chapter(self, start: int, history: int, quiet: int, *, registry: bool) -> tuple[Feed, int]:
        """Days that nobody has lived yet: their number follows from when they begin."""
        days = self._plan.days + history / DAY
        streams = self._make(
            start,
            days,
            quiet_hours=quiet / HOUR,
            chapter=(start - EPOCH) // MINUTE,
            first_id=(start - EPOCH) // SECOND * _IDS_A_SECOND,
            registry=registry,
        )
        return Feed(streams), start + round(days * DAY)

    def _look_back(self, feed: Feed, opened: int, start: int) -> None:
        """Who is who, then the last hours, so that windows are not empty when scams begin."""
        begun = self._clock()
        self._give(feed.registry(start))
        self._tell("registry", self.count)
        took_s = max(1, self._clock() - begun) / SECOND
        left_s = max(0.0, self._plan.history_s - took_s)
        rows = int(self.count.accepted / took_s * left_s)
        at = feed.start_of_last(rows, opened)
        self.count.skipped = feed.skip_to(at)
        while at < opened:
            at = min(at + self._plan.slice_ms, opened)
            self._give(feed.due(at))
        self._tell("history", self.count)

    def _give(self, tables: Mapping[str, pa.Table]) -> None:
        for stream, table in tables.items():
            for body in lines(table, self._plan.body_rows):
                receipt = None if self._wait(0.0) else self._send(stream, body)
                if receipt is None:
                    raise _Stopped
                self.count.accepted += receipt.accepted
                self.count.refused += receipt.refused

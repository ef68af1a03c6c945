"""The list as it is served: packed and signed, kept while it is fresh, changes as they come."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from fanzha.adapters.lists.packing import pack
from fanzha.adapters.postgres.register.listed import ListedRow, ListRows
from fanzha.errors import Refused, Unavailable
from fanzha.lists.form import CHANGES, ENTRIES, Lists

__all__ = ["ListServer", "Served", "table_of"]

_WHOLE_S = 60.0
_LOOK_S = 0.2
_KEPT = 64
_AREAS = 8
"""Areas whose whole list is kept packed."""
_WAITING_MAX = 512


@dataclass(frozen=True, slots=True)
class Served:
    """A body, its version, and the signature over it."""

    version: int
    body: bytes
    signature: str


class ListServer:
    """Serves many edges from few reads. A whole list may be up to a minute old: whoever takes it
    goes on with what has changed since its version."""

    def __init__(
        self, rows: ListRows, sign: Callable[[bytes], str], centre: str, now: Callable[[], datetime]
    ) -> None:
        self._rows = rows
        self._sign = sign
        self._centre = centre
        self._now = now
        self._lock = threading.Lock()
        self._whole: OrderedDict[tuple[str, ...], tuple[float, Served]] = OrderedDict()
        self._changes: OrderedDict[tuple[int, int, tuple[str, ...]], Served] = OrderedDict()
        self._waiting = 0
        self._head = 0
        self._news: asyncio.Event | None = None
        self._looking: asyncio.Task[None] | None = None

    def whole(self, areas: tuple[str, ...] = ()) -> Served:
        """Everything that stands; with `areas` what holds in one of them."""
        with self._lock:
            at = self._now().timestamp()
            kept = self._whole.get(areas)
            if kept is None or at - kept[0] > _WHOLE_S:
                version, rows = self._rows.whole(areas)
                kept = self._whole[areas] = (at, self._packed(Lists(version, table_of(rows))))
                while len(self._whole) > _AREAS:
                    self._whole.popitem(last=False)
            return kept[1]

    def changes(self, since: int, areas: tuple[str, ...] = ()) -> Served | None:
        """What has changed after `since`; None: nothing. Refused where that is too far back, or
        lies ahead: an edge that followed another centre must take the whole."""
        head, oldest = self._rows.head()
        if since < oldest or since > head:
            raise Refused(
                "too_old",
                zh="该版本之后的变更已不再保留，请重新获取全部名单",
                en="changes so far back are no longer kept: take the whole list",
                field="since",
            )
        if since == head:
            return None
        with self._lock:
            if (kept := self._changes.get((since, head, areas))) is not None:
                return kept
        version, rows = self._rows.changes(since, areas)
        served = self._packed(Lists(version, table_of(rows, changes=True), since=since))
        with self._lock:
            self._changes[since, version, areas] = served
            while len(self._changes) > _KEPT:
                self._changes.popitem(last=False)
        return served

    async def wait(self, since: int, seconds: float) -> None:
        """Until the head has moved past `since`, or the time is over. One look at the database
        serves all who wait."""
        if self._waiting >= _WAITING_MAX:
            return
        self._waiting += 1
        try:
            async with asyncio.timeout(seconds):
                while self._head <= since:
                    if self._news is None or self._looking is None or self._looking.done():
                        self._news = asyncio.Event()
                        self._looking = asyncio.create_task(self._look())
                    await self._news.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1

    async def _look(self) -> None:
        while self._waiting:
            try:
                head, _ = await asyncio.to_thread(self._rows.head)
            except Unavailable:
                head = self._head
            if head != self._head:
                self._head = head
                assert self._news is not None
                news, self._news = self._news, asyncio.Event()
                news.set()
            await asyncio.sleep(_LOOK_S)

    def _packed(self, lists: Lists) -> Served:
        body = pack(lists, made_at=int(self._now().timestamp()), centre=self._centre)
        return Served(lists.version, body, self._sign(body))


def table_of(rows: Sequence[ListedRow], *, changes: bool = False) -> pa.Table:
    """Rows as they travel: ENTRIES, or CHANGES."""
    ordered = sorted(rows, key=lambda r: (r.kind, r.match, r.key))
    schema = CHANGES if changes else ENTRIES
    columns = [
        pa.array([getattr(row, field.name) for row in ordered], field.type) for field in schema
    ]
    return pa.table(columns, schema=schema)

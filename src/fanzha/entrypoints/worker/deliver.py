"""The deliverer: takes messages from the outbox, sends them, and records what came of each."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from fanzha.adapters.postgres.office import PostgresOffice
from fanzha.adapters.postgres.outbox import Waiting
from fanzha.errors import Refused, Unavailable, Uncertain
from fanzha.lifecycles.actor import Scope
from fanzha.lifecycles.message import content
from fanzha.ports.short_message import (
    DeliveryReport,
    Outcome,
    ShortMessage,
    ShortMessageSender,
    reference_of,
)

_log = logging.getLogger("fanzha.deliver")
_FLYING_MAX = 64
_IDLE_S = 0.2
_PAUSE_S = 1.0
_RECOVER_S = 15.0
_GRACE_S = 8.0
_PARTS_MAX = 3
_NOTICE_PARTS_MAX = 5
#: How long a report waits for the answer that it overtook to be recorded.
_LOOK_AGAIN_S = (0.0, 0.2, 0.5, 1.0, 2.0, 4.0)
_LOOKING_MAX = 64
_UNNAMED_MAX = 1000


@dataclass(frozen=True, slots=True)
class _Settled:
    """What came of a message, still to be written; the report behind it, if one is."""

    id: UUID
    verb: str
    carrier_id: str | None = None
    problem: str | None = None
    report: DeliveryReport | None = None


class Deliverer:
    """Every message ends sent, refused or uncertain: an answer that never came is no answer.

    A message that nobody could take stays queued and is tried again for `valid_for`. One that a
    deliverer held for longer than `stranded_after` was left by a deliverer that died: it may have
    gone out, so it is uncertain, and only a person sends it again.
    """

    def __init__(
        self,
        office: PostgresOffice,
        sender: ShortMessageSender,
        scope: Scope,
        *,
        from_number: str,
        now: Callable[[], datetime],
        valid_for: timedelta = timedelta(hours=6),
        stranded_after: timedelta = timedelta(minutes=5),
    ) -> None:
        self._office = office
        self._sender = sender
        self._scope = scope
        self._from = from_number
        self._now = now
        self._valid_for = valid_for
        self._stranded_after = stranded_after
        self._flying: dict[UUID, asyncio.Task[None]] = {}
        self._settled: asyncio.Queue[_Settled] = asyncio.Queue()
        self._pause_until = 0.0

    async def run(self) -> None:
        """Send until cancelled; then what is on its way may end, for a few seconds."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send_all())
                group.create_task(self._write_all())
                group.create_task(self._take_reports())
                group.create_task(self._recover_all())
        finally:
            await self._land()

    async def _send_all(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            room = _FLYING_MAX - len(self._flying)
            ready = self._sender.up and clock() >= self._pause_until
            taken = await self._taken(room) if room and ready else ()
            for message in taken:
                task = asyncio.create_task(self._send(message))
                self._flying[message.id] = task
                task.add_done_callback(partial(self._landed, message.id))
            await asyncio.sleep(0 if taken else _IDLE_S)

    async def _taken(self, limit: int) -> Sequence[Waiting]:
        """Messages that are ours to send; should we be ended meanwhile, they go back."""
        taking = asyncio.create_task(asyncio.to_thread(self._take, limit))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            for message in await taking:
                self._settle(message.id, "put_back")
            raise

    def _landed(self, id: UUID, task: asyncio.Task[None]) -> None:
        del self._flying[id]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a message was left behind: %s", type(error).__name__)

    def _take(self, limit: int) -> Sequence[Waiting]:
        try:
            with self._office.work(self._scope) as work:
                return work.outbox.take(limit, self._now())
        except Unavailable:
            return ()

    async def _send(self, message: Waiting) -> None:
        """One message; whatever happens, one verb is to be written."""
        left = self._valid_for - (self._now() - message.created_at)
        if left <= timedelta(0):
            self._settle(message.id, "fail", problem="expired")
            return
        try:
            if message.measure_id is None:
                content.check(message.body, _PARTS_MAX)
            else:
                content.check_notice(message.body, _NOTICE_PARTS_MAX)
            receipt = await self._sender.submit(
                ShortMessage(
                    id=str(message.id),
                    to=message.to,
                    text=message.body,
                    flash=message.channel == "flash",
                    sender=self._from,
                    validity=left,
                )
            )
        except Refused as error:
            self._settle(message.id, "fail", problem=error.code)
        except Unavailable as error:
            self._pause_until = asyncio.get_running_loop().time() + _PAUSE_S
            self._settle(message.id, "put_back", problem=error.code)
        except Uncertain as error:
            self._settle(message.id, "lose_sight", problem=error.code)
        else:
            self._settle(message.id, "accept", carrier_id=receipt.smsc_id)

    def _settle(
        self, id: UUID, verb: str, *, carrier_id: str | None = None, problem: str | None = None
    ) -> None:
        self._settled.put_nowait(_Settled(id, verb, carrier_id, problem))

    async def _write_all(self) -> None:
        while True:
            batch = [await self._settled.get(), *self._pending()]
            try:
                await self._write(batch)
            except asyncio.CancelledError:
                for settled in batch:
                    self._settled.put_nowait(settled)
                raise

    def _pending(self) -> list[_Settled]:
        return [self._settled.get_nowait() for _ in range(self._settled.qsize())]

    async def _write(self, batch: Sequence[_Settled]) -> None:
        """One commit for all that has come up, however long the database is away."""
        while True:
            try:
                await asyncio.to_thread(self._write_now, batch)
                break
            except Unavailable as error:
                _log.warning("waiting: %s", error.code)
                await asyncio.sleep(_PAUSE_S)
        for settled in batch:
            if settled.report is not None:
                await self._sender.confirm(settled.report)

    def _write_now(self, batch: Sequence[_Settled]) -> None:
        with self._office.work(self._scope) as work:
            for settled in batch:
                work.outbox.settle(
                    settled.id,
                    settled.verb,
                    self._now(),
                    carrier_id=settled.carrier_id,
                    problem=settled.problem,
                )

    async def _take_reports(self) -> None:
        """A report ends a message; one that overtakes the answer to the submit does too."""
        looking = asyncio.Semaphore(_LOOKING_MAX)
        async with asyncio.TaskGroup() as group:
            async for report in self._sender.reports():
                if report.id is not None:
                    self._reported(UUID(report.id), report)
                    continue
                await looking.acquire()
                task = group.create_task(self._look(report))
                task.add_done_callback(lambda _: looking.release())

    async def _look(self, report: DeliveryReport) -> None:
        """Find whose report this is; one that is nobody's is put aside."""
        for wait in _LOOK_AGAIN_S:
            await asyncio.sleep(wait)
            with contextlib.suppress(Unavailable):
                found = await asyncio.to_thread(self._whose, report)
                if found is not None:
                    self._reported(found, report)
                    return
        _log.info("a delivery report about a message that is not ours")
        await self._sender.confirm(report)

    def _whose(self, report: DeliveryReport) -> UUID | None:
        """By the carrier's id; else, where an answer was lost with a worker, by our reference."""
        with self._office.work(self._scope) as work:
            found = work.outbox.by_carrier_id(report.smsc_id)
            if found is not None or report.reference is None:
                return found
            like = [
                id
                for id, to in work.outbox.unnamed(_UNNAMED_MAX)
                if to == report.to and reference_of(str(id)) == report.reference
            ]
        return like[0] if len(like) == 1 else None

    def _reported(self, id: UUID, report: DeliveryReport) -> None:
        delivered = report.state is Outcome.DELIVERED
        verb, problem = ("deliver", None) if delivered else ("fail", report.state.value)
        self._settled.put_nowait(_Settled(id, verb, report.smsc_id or None, problem, report))

    async def _recover_all(self) -> None:
        while True:
            with contextlib.suppress(Unavailable):
                for id in await asyncio.to_thread(self._stranded):
                    if id not in self._flying:
                        self._settle(id, "lose_sight", problem="stranded")
            await asyncio.sleep(min(_RECOVER_S, self._stranded_after.total_seconds()))

    def _stranded(self) -> Sequence[UUID]:
        with self._office.work(self._scope) as work:
            return work.outbox.stranded(self._now() - self._stranded_after)

    async def _land(self) -> None:
        """Let what is flying land and write it down; what stays up is uncertain to the next."""
        flying = list(self._flying.values())
        if flying:
            _, late = await asyncio.wait(flying, timeout=_GRACE_S)
            for task in late:
                task.cancel()
        if batch := self._pending():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE_S):
                    await self._write(batch)

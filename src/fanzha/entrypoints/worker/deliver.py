"""The deliverer: takes messages from the outbox, sends them, and records what came of each."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from fanzha.adapters.postgres.office import PostgresOffice
from fanzha.adapters.postgres.outbox import Waiting
from fanzha.errors import FanzhaError, Refused, Unavailable, Uncertain
from fanzha.lifecycles.actor import Scope
from fanzha.lifecycles.message import states
from fanzha.ports.short_message import DeliveryReport, ShortMessage, ShortMessageSender

_log = logging.getLogger("fanzha.deliver")
_BATCH = 64
_IDLE_S = 0.3
_TRIES_MAX = 5
_STRANDED_AFTER = timedelta(minutes=2)
_VALID_FOR = timedelta(hours=6)


class Deliverer:
    """Every message ends sent, refused or uncertain: an answer that never came is no answer."""

    def __init__(
        self,
        office: PostgresOffice,
        sender: ShortMessageSender,
        scope: Scope,
        *,
        from_number: str,
        now: Callable[[], datetime],
    ) -> None:
        self._office = office
        self._sender = sender
        self._scope = scope
        self._from = from_number
        self._now = now

    async def run(self) -> None:
        """Send until cancelled."""
        await asyncio.to_thread(self.recover)
        reports = asyncio.create_task(self._take_reports())
        try:
            while True:
                sent = await self.send_waiting()
                if sent == 0:
                    await asyncio.sleep(_IDLE_S)
        finally:
            reports.cancel()

    def recover(self) -> None:
        """What a former deliverer left in `sending` may have gone out: it is uncertain."""
        with self._office.work(self._scope) as work:
            for id in work.outbox.stranded(self._now() - _STRANDED_AFTER):
                work.outbox.settle(id, (states.SENDING,), states.UNCERTAIN, self._now())

    async def send_waiting(self) -> int:
        """One batch; gives how many were taken."""
        taken = await asyncio.to_thread(self._take)
        if taken:
            await asyncio.gather(*(self._send(m) for m in taken))
        return len(taken)

    def _take(self) -> Sequence[Waiting]:
        try:
            with self._office.work(self._scope) as work:
                return work.outbox.take(_BATCH, self._now())
        except Unavailable:
            return ()

    async def _send(self, message: Waiting) -> None:
        try:
            receipt = await self._sender.submit(
                ShortMessage(
                    id=str(message.id),
                    to=message.to,
                    text=message.body,
                    flash=message.channel == "flash",
                    sender=self._from,
                    validity=_VALID_FOR,
                )
            )
        except Refused as error:
            await self._settle(message.id, states.FAILED, problem=error.code)
        except Unavailable as error:
            again = message.tries < _TRIES_MAX
            state = states.QUEUED if again else states.FAILED
            await self._settle(message.id, state, problem=error.code)
            await asyncio.sleep(1.0)
        except Uncertain as error:
            await self._settle(message.id, states.UNCERTAIN, problem=error.code)
        else:
            await self._settle(message.id, states.SUBMITTED, carrier_id=receipt.smsc_id)

    async def _settle(
        self, id: UUID, target: str, *, carrier_id: str | None = None, problem: str | None = None
    ) -> None:
        await asyncio.to_thread(self._settle_now, id, target, carrier_id, problem)

    def _settle_now(
        self, id: UUID, target: str, carrier_id: str | None, problem: str | None
    ) -> None:
        while True:
            try:
                with self._office.work(self._scope) as work:
                    work.outbox.settle(
                        id,
                        states.MESSAGE.sources_of(target),
                        target,
                        self._now(),
                        carrier_id=carrier_id,
                        problem=problem,
                    )
                return
            except Unavailable:
                time.sleep(0.5)

    async def _take_reports(self) -> None:
        async for report in self._sender.reports():
            try:
                await asyncio.to_thread(self._report, report)
            except FanzhaError as error:
                _log.warning("delivery report not recorded: %s", error.code)

    def _report(self, report: DeliveryReport) -> None:
        """A receipt ends the message; one that overtakes the answer to the submit does too."""
        target = states.DELIVERED if report.state == "delivered" else states.FAILED
        with self._office.work(self._scope) as work:
            found = work.outbox.by_carrier_id(report.smsc_id)
            if found is not None:
                work.outbox.settle(
                    found,
                    states.MESSAGE.sources_of(target),
                    target,
                    self._now(),
                    problem=None if target == states.DELIVERED else report.state,
                )

"""Phones in memory: passes the same contract as the road over SMPP; tests say what goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fanzha.errors import FanzhaError, Unavailable
from fanzha.lifecycles.message.segments import split
from fanzha.ports.short_message import DeliveryReport, Outcome, Receipt, ShortMessage


class MemoryPhones:
    """Implements `ShortMessageSender`. `received` is what reached phones, in order."""

    def __init__(self) -> None:
        self.received: list[ShortMessage] = []
        self.problems: list[FanzhaError] = []
        """Raised one by one by the next submits; nothing is received then."""
        self.up = True
        self.outcome = Outcome.DELIVERED
        self._reports: asyncio.Queue[DeliveryReport] = asyncio.Queue()
        self.unconfirmed: list[DeliveryReport] = []

    async def submit(self, message: ShortMessage) -> Receipt:
        split(message.text)
        if not self.up:
            raise Unavailable("smsc_away", zh="短信中心联系不上", en="the centre is not there")
        if self.problems:
            raise self.problems.pop(0)
        self.received.append(message)
        smsc_id = f"m{len(self.received)}"
        report = DeliveryReport(smsc_id, self.outcome, message.id)
        self.unconfirmed.append(report)
        self._reports.put_nowait(report)
        return Receipt(smsc_id)

    async def reports(self) -> AsyncIterator[DeliveryReport]:
        while True:
            yield await self._reports.get()

    async def confirm(self, report: DeliveryReport) -> None:
        self.unconfirmed.remove(report)

"""What every road to phones must do: in memory, and over SMPP to a centre that is a process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fanzha.adapters.smpp.client import SmppSender, SmppSettings
from fanzha.errors import Refused, Unavailable, Uncertain
from fanzha.ports.short_message import Outcome, ShortMessage, ShortMessageSender
from fanzha.testing.short_message import MemoryPhones
from fanzha.values import reserved
from tests.adapters.smpp.centre_process import PASSWORD, SYSTEM_ID, CentreProcess

Received = Callable[[], list[tuple[str, str, bool]]]
Opened = tuple[ShortMessageSender, Received]


class Road:
    """An implementation under test: `opened()` gives a sender and what phones received."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.folder = folder

    @asynccontextmanager
    async def opened(self, fault: str | None = None) -> AsyncIterator[Opened]:
        if self.kind == "memory":
            yield self._memory(fault)
            return
        faults: dict[str, dict[str, Any]] = {
            "refused": {"refuse": {"86": 0x0B}},
            "undelivered": {"undeliverable": ("86",)},
            "silent": {"hang_up": 1},
        }
        with CentreProcess(self.folder, **faults.get(fault or "", {})) as centre:
            settings = SmppSettings(
                "127.0.0.1", centre.port, SYSTEM_ID, PASSWORD, send_to=("+86154",), simulated=True
            )
            async with SmppSender(settings) as sender:
                while not sender.up:
                    await asyncio.sleep(0.01)
                if fault == "away":
                    centre.kill()
                    while sender.up:
                        await asyncio.sleep(0.01)
                yield sender, lambda: [(m["to"], m["text"], m["flash"]) for m in centre.messages()]

    def _memory(self, fault: str | None) -> Opened:
        phones = MemoryPhones()
        problems = {
            "refused": Refused("x", zh="拒", en="refused"),
            "silent": Uncertain("x", zh="未明", en="silent"),
        }
        phones.problems = [problems[fault]] if fault in problems else []
        phones.up = fault != "away"
        if fault == "undelivered":
            phones.outcome = Outcome.UNDELIVERABLE
        return phones, lambda: [(m.to, m.text, m.flash) for m in phones.received]


@pytest.fixture(params=["memory", "smpp"])
def road(request: pytest.FixtureRequest, tmp_path: Path) -> Road:
    return Road(request.param, tmp_path)


def run(work: Awaitable[None]) -> None:
    asyncio.run(asyncio.wait_for(work, 60))  # type: ignore[arg-type]


TEXT = ShortMessage(
    "m1", reserved.mobile(1), "【清澜】请停止转账", True, "96110", timedelta(hours=1)
)
LONG = replace(TEXT, id="m2", text="长文 😀 " * 40, flash=False)


@pytest.mark.parametrize("message", [TEXT, LONG, replace(TEXT, text="Stop [now] €")])
def test_a_text_arrives_once_and_whole_and_is_reported(road: Road, message: ShortMessage) -> None:
    async def work() -> None:
        async with road.opened() as (sender, received):
            receipt = await sender.submit(message)
            assert received() == [(message.to, message.text, message.flash)]
            report = await anext(aiter(sender.reports()))
            assert (report.smsc_id, report.state) == (receipt.smsc_id, Outcome.DELIVERED)
            assert report.id == message.id
            await sender.confirm(report)

    run(work())


def test_many_at_once_arrive_once_each(road: Road) -> None:
    async def work() -> None:
        async with road.opened() as (sender, received):
            messages = [replace(TEXT, id=f"m{n}", to=reserved.mobile(n)) for n in range(200)]
            receipts = await asyncio.gather(*(sender.submit(m) for m in messages))
            assert len({r.smsc_id for r in receipts}) == len(messages)
            assert sorted(to for to, _, _ in received()) == sorted(m.to for m in messages)
            told = set()
            async for report in sender.reports():
                await sender.confirm(report)
                told.add(report.id)
                if len(told) == len(messages):
                    break
            assert told == {m.id for m in messages}

    run(work())


def test_a_failed_delivery_is_reported(road: Road) -> None:
    async def work() -> None:
        async with road.opened("undelivered") as (sender, _):
            await sender.submit(LONG)
            report = await anext(aiter(sender.reports()))
            assert (report.id, report.state) == (LONG.id, Outcome.UNDELIVERABLE)
            await sender.confirm(report)

    run(work())


@pytest.mark.parametrize(
    ("fault", "kind", "up"),
    [("refused", Refused, True), ("away", Unavailable, False), ("silent", Uncertain, None)],
)
def test_what_goes_wrong_has_the_kind_that_says_what_to_do(
    road: Road, fault: str, kind: type[Exception], up: bool | None
) -> None:
    async def work() -> None:
        async with road.opened(fault) as (sender, received):
            with pytest.raises(kind):
                await sender.submit(TEXT)
            assert up is None or sender.up is up
            if fault != "silent":
                assert received() == []

    run(work())


def test_a_text_that_cannot_be_carried_is_refused(road: Road) -> None:
    async def work() -> None:
        async with road.opened() as (sender, received):
            for text in ("", "骗" * 20_000, "\ud800"):
                with pytest.raises(Refused):
                    await sender.submit(replace(TEXT, text=text))
            assert received() == []

    run(work())

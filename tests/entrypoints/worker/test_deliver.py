"""From the outbox to phones: PostgreSQL, the deliverer, a message centre that is a process."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from fanzha.adapters.smpp.client import SmppSender, SmppSettings
from fanzha.entrypoints.worker.deliver import Deliverer
from fanzha.errors import Refused, Unavailable, Uncertain
from fanzha.lifecycles.actor import NATION
from fanzha.ports.short_message import DeliveryReport, Outcome, ShortMessageSender
from fanzha.testing.short_message import MemoryPhones
from fanzha.values import reserved
from tests.adapters.smpp.centre_process import PASSWORD, SYSTEM_ID, CentreProcess
from tests.entrypoints.worker.outbox import now, rows, states, warn
from tests.fixtures import Installed


def run(work: Awaitable[None]) -> None:
    asyncio.run(asyncio.wait_for(work, 90))  # type: ignore[arg-type]


async def until(found: Callable[[], object]) -> None:
    while not await asyncio.to_thread(found):
        await asyncio.sleep(0.05)


@asynccontextmanager
async def delivering(
    installed: Installed, sender: ShortMessageSender, **changed: Any
) -> AsyncIterator[asyncio.Task[None]]:
    deliverer = Deliverer(
        installed.office, sender, NATION, from_number="96110", **({"now": now} | changed)
    )
    task = asyncio.create_task(deliverer.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def over_smpp(installed: Installed, port: int, **changed: Any) -> AsyncIterator[SmppSender]:
    settings = SmppSettings(
        "127.0.0.1", port, SYSTEM_ID, PASSWORD, send_to=("+86154",), simulated=True,
        back_off_s=(0.05, 0.5),
    )  # fmt: skip
    async with (
        SmppSender(replace(settings, **changed)) as sender,
        delivering(installed, sender),
    ):
        yield sender


def test_queued_submitted_delivered(installed: Installed, tmp_path: Path) -> None:
    async def work() -> None:
        warn(installed, 20)
        assert states(installed) == {"queued": 20}
        with CentreProcess(tmp_path) as centre:
            async with over_smpp(installed, centre.port):
                await until(lambda: states(installed) == {"delivered": 20})
            messages = centre.messages()
        assert sorted(m["to"] for m in messages) == [reserved.mobile(n) for n in range(20)]
        assert {m["flash"] for m in messages} == {True}
        assert {m["text"] for m in messages} == {r.body for r in rows(installed)}
        assert {m["ids"][-1] for m in messages} == {r.carrier_id for r in rows(installed)}

    run(work())


def test_a_centre_that_is_down_loses_nothing(installed: Installed, tmp_path: Path) -> None:
    async def work() -> None:
        with CentreProcess(tmp_path) as centre:
            centre.kill()
            async with over_smpp(installed, centre.port):
                warn(installed, 5)
                await asyncio.sleep(1.5)
                assert states(installed) == {"queued": 5}
                centre.start()
                await until(lambda: states(installed) == {"delivered": 5})
            assert len(centre.messages()) == 5

    run(work())


def test_a_lost_answer_is_uncertain_and_never_sent_again(
    installed: Installed, tmp_path: Path
) -> None:
    async def work() -> None:
        warn(installed, 6)
        with CentreProcess(tmp_path, drop_answers=2, no_receipts=True) as centre:
            async with over_smpp(installed, centre.port, answer_s=0.5):
                await until(lambda: states(installed) == {"submitted": 4, "uncertain": 2})
                await asyncio.sleep(1.0)
            assert Counter(m["to"] for m in centre.messages()).most_common(1)[0][1] == 1
            assert len(centre.messages()) == 6
        assert states(installed) == {"submitted": 4, "uncertain": 2}
        assert {r.problem for r in rows(installed)} == {None, "smsc_silent"}

    run(work())


def test_a_receipt_ends_the_uncertainty(installed: Installed, tmp_path: Path) -> None:
    async def work() -> None:
        warn(installed, 4)
        with CentreProcess(tmp_path, drop_answers=4) as centre:
            async with over_smpp(installed, centre.port, answer_s=0.5):
                await until(lambda: states(installed) == {"delivered": 4})
            assert len(centre.messages()) == 4

    run(work())


def test_refused_and_undelivered_are_failed_with_the_reason(
    installed: Installed, tmp_path: Path
) -> None:
    async def work() -> None:
        warn(installed, 3)
        numbers = [reserved.mobile(n)[1:] for n in range(2)]
        faults = {"refuse": {numbers[0]: 0x45}, "undeliverable": [numbers[1]]}
        with CentreProcess(tmp_path, **faults) as centre:
            async with over_smpp(installed, centre.port):
                await until(lambda: states(installed) == {"failed": 2, "delivered": 1})
        problems = {r.problem for r in rows(installed)}
        assert problems == {"smpp_rsubmitfail", "undeliverable", None}

    run(work())


def test_nobody_outside_the_allow_list_is_texted(installed: Installed, tmp_path: Path) -> None:
    async def work() -> None:
        warn(installed, 2)
        with CentreProcess(tmp_path) as centre:
            async with over_smpp(installed, centre.port, send_to=(reserved.mobile(1),)):
                await until(lambda: states(installed) == {"failed": 1, "delivered": 1})
            assert [m["to"] for m in centre.messages()] == [reserved.mobile(1)]
        assert {r.problem for r in rows(installed)} == {"not_on_allow_list", None}

    run(work())


def test_a_text_that_breaks_a_rule_is_not_sent_whoever_wrote_it(installed: Installed) -> None:
    async def work() -> None:
        warn(installed, 1, wording=lambda *_: "【清澜】请点击 a.example 回复")
        phones = MemoryPhones()
        async with delivering(installed, phones):
            await until(lambda: states(installed) == {"failed": 1})
        assert phones.received == []
        assert rows(installed)[0].problem == "content_link"

    run(work())


def test_a_text_too_old_to_help_is_not_sent(installed: Installed) -> None:
    async def work() -> None:
        warn(installed, 1)
        phones = MemoryPhones()
        later = now() + timedelta(hours=7)
        async with delivering(installed, phones, now=lambda: later):
            await until(lambda: states(installed) == {"failed": 1})
        assert phones.received == []
        assert rows(installed)[0].problem == "expired"

    run(work())


def test_each_kind_of_failure_leads_where_it_should(installed: Installed) -> None:
    async def work() -> None:
        warn(installed, 4)
        phones = MemoryPhones()
        words = {"zh": "甲", "en": "a"}
        phones.problems = [
            Refused("no", **words), Unavailable("later", **words), Uncertain("who", **words),
        ]  # fmt: skip
        async with delivering(installed, phones):
            await until(lambda: states(installed) == {"failed": 1, "uncertain": 1, "delivered": 2})
        assert len(phones.received) == 2
        assert phones.unconfirmed == []

    run(work())


def test_a_report_about_somebody_else_is_put_aside(installed: Installed) -> None:
    class Passing(MemoryPhones):
        """Tells reports by the carrier's id only, as after a restart."""

        async def reports(self) -> AsyncIterator[Any]:
            async for report in super().reports():
                self.unconfirmed.remove(report)
                known = DeliveryReport(report.smsc_id, report.state)
                self.unconfirmed.append(known)
                yield known

    async def work() -> None:
        phones = Passing()
        stray = DeliveryReport("nobody's", Outcome.DELIVERED)
        phones.unconfirmed.append(stray)
        phones._reports.put_nowait(stray)
        warn(installed, 3)
        async with delivering(installed, phones):
            await until(lambda: states(installed) == {"delivered": 3})
            await until(lambda: not phones.unconfirmed)

    run(work())

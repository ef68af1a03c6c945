"""Our client when the centre is busy, silent, gone or wrong: nothing twice, nothing pretended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import smpp34

from fanzha.adapters.smpp.client import SmppSender, SmppSettings
from fanzha.adapters.smpp.codec import Command, Framer, Pdu, Status, answer, cstring
from fanzha.errors import Misconfigured, Refused, Unavailable, Uncertain
from fanzha.ports.short_message import Outcome, ShortMessage
from fanzha.values import reserved
from tests.adapters.smpp.centre_process import PASSWORD, SYSTEM_ID, CentreProcess

TEXT = ShortMessage(
    "m1", reserved.mobile(1), "【清澜】请停止转账", True, "96110", timedelta(hours=1)
)
QUICK: dict[str, Any] = {"send_to": ("+86154",), "simulated": True, "back_off_s": (0.02, 0.1)}


def settings(port: int, **changed: Any) -> SmppSettings:
    return SmppSettings("127.0.0.1", port, SYSTEM_ID, PASSWORD, **(QUICK | changed))


def run(work: Awaitable[None]) -> None:
    asyncio.run(asyncio.wait_for(work, 60))  # type: ignore[arg-type]


async def until(found: Any) -> None:
    while not found():
        await asyncio.sleep(0.01)


@asynccontextmanager
async def bound(port: int, **changed: Any) -> AsyncIterator[SmppSender]:
    async with SmppSender(settings(port, **changed)) as sender:
        await until(lambda: sender.up)
        yield sender


def test_throttling_is_waited_out(tmp_path: Path) -> None:
    async def work() -> None:
        with CentreProcess(tmp_path, throttle=5) as centre:
            async with bound(centre.port) as sender:
                messages = [replace(TEXT, id=str(n), to=reserved.mobile(n)) for n in range(20)]
                await asyncio.gather(*(sender.submit(m) for m in messages))
                assert sorted(m["to"] for m in centre.messages()) == [m.to for m in messages]

    run(work())


def test_a_centre_that_stays_busy_took_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        with CentreProcess(tmp_path, throttle=10**6) as centre:
            async with bound(centre.port, busy_s=0.2) as sender:
                with pytest.raises(Unavailable) as caught:
                    await sender.submit(TEXT)
                assert caught.value.code == "smsc_busy"
            assert centre.messages() == []

    run(work())


def test_a_busy_centre_between_two_parts_leaves_the_message_uncertain() -> None:
    async def work() -> None:
        script = [Status.ESME_ROK] + [Status.ESME_RTHROTTLED] * 1000
        async with scripted(script) as port, bound(port, busy_s=0.2) as sender:
            with pytest.raises(Uncertain):
                await sender.submit(replace(TEXT, text="长" * 100))

    run(work())


def test_a_refusal_keeps_the_centres_word(tmp_path: Path) -> None:
    async def work() -> None:
        with CentreProcess(tmp_path, refuse={"86154": 0x0B, "8615": 0x45}) as centre:
            async with bound(centre.port) as sender:
                with pytest.raises(Refused) as caught:
                    await sender.submit(TEXT)
                assert caught.value.code == "smpp_rinvdstadr"
                assert TEXT.to not in str(caught.value)

    run(work())


def test_an_unknown_refusal_has_its_number() -> None:
    async def work() -> None:
        async with scripted([0x4FF]) as port, bound(port) as sender:
            with pytest.raises(Refused) as caught:
                await sender.submit(TEXT)
            assert caught.value.code == "smpp_0x000004ff"

    run(work())


def test_a_lost_answer_is_uncertain_and_its_receipt_finds_the_message(tmp_path: Path) -> None:
    async def work() -> None:
        with CentreProcess(tmp_path, drop_answers=1) as centre:
            async with bound(centre.port, answer_s=0.3) as sender:
                with pytest.raises(Uncertain):
                    await sender.submit(TEXT)
                report = await anext(aiter(sender.reports()))
                assert (report.id, report.state) == (TEXT.id, Outcome.DELIVERED)
                assert [report.smsc_id] == centre.messages()[0]["ids"]
                await sender.confirm(report)
            assert len(centre.messages()) == 1

    run(work())


@pytest.mark.parametrize("parts", [1, 3])
def test_receipts_that_overtake_their_answers_are_joined_all_the_same(parts: int) -> None:
    """Without our reference in them, only the answer tells whose they are."""

    async def work() -> None:
        statuses: list[int] = [Status.ESME_ROK] * parts
        async with scripted(statuses, early_receipts=True) as port, bound(port) as sender:
            message = replace(TEXT, text="长" * (67 * parts if parts > 1 else 9))
            receipt = await sender.submit(message)
            report = await anext(aiter(sender.reports()))
            assert (report.id, report.smsc_id) == (TEXT.id, receipt.smsc_id)
            assert report.state is Outcome.DELIVERED
            await sender.confirm(report)
            assert sender._early == {}

    run(work())


def test_a_killed_centre_leaves_what_was_out_uncertain_and_the_rest_unsent(tmp_path: Path) -> None:
    async def work() -> None:
        with CentreProcess(tmp_path, die_after=3) as centre:
            async with bound(centre.port, window=4) as sender:
                messages = [replace(TEXT, id=str(n), to=reserved.mobile(n)) for n in range(30)]
                ends = await asyncio.gather(
                    *(sender.submit(m) for m in messages), return_exceptions=True
                )
                kinds = {type(e) for e in ends}
                assert Uncertain in kinds
                # Whoever reached a phone was answered or is uncertain, never called unsent.
                arrived = {m["to"] for m in centre.messages()}
                unsent = {
                    m.to for m, e in zip(messages, ends, strict=True) if isinstance(e, Unavailable)
                }
                assert arrived
                assert not arrived & unsent
                assert not sender.up
                centre.start(slow_s=0)
                await until(lambda: sender.up)

    run(work())


def test_reports_that_were_not_confirmed_come_again(tmp_path: Path) -> None:
    async def work() -> None:
        with CentreProcess(tmp_path) as centre:
            async with bound(centre.port) as sender:
                receipt = await sender.submit(TEXT)
                report = await anext(aiter(sender.reports()))
                assert report.smsc_id == receipt.smsc_id
            async with bound(centre.port) as again:
                second = await anext(aiter(again.reports()))
                assert (second.smsc_id, second.id) == (receipt.smsc_id, None)
                await again.confirm(second)

    run(work())


def test_a_wrong_account_is_said_and_tried_again(tmp_path: Path) -> None:
    async def work() -> None:
        with CentreProcess(tmp_path) as centre:
            for changed in ({"password": "no"}, {"system_id": "no"}):
                async with SmppSender(replace(settings(centre.port), **changed)) as sender:
                    await until(lambda s=sender: s.problem)
                    assert isinstance(sender.problem, Misconfigured)
                    assert not sender.up
                    with pytest.raises(Unavailable):
                        await sender.submit(TEXT)

    run(work())


@pytest.mark.parametrize("changed", [{"password": "x" * 9}, {"system_id": "反诈"}])
def test_an_account_that_does_not_fit_the_wire_is_refused_at_once(changed: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured):
        SmppSender(replace(settings(1), **changed))


def test_whom_it_may_not_text_is_refused_without_a_connection() -> None:
    async def work() -> None:
        sender = SmppSender(settings(1, send_to=()))
        with pytest.raises(Refused) as caught:
            await sender.submit(TEXT)
        assert caught.value.code == "not_on_allow_list"
        live = SmppSender(settings(1, send_to=("+86",), simulated=False))
        with pytest.raises(Refused) as caught:
            await live.submit(TEXT)
        assert caught.value.code == "reserved_number"

    run(work())


def test_a_silent_centre_is_noticed() -> None:
    async def work() -> None:
        async with (
            scripted([], answers_enquiries=False) as port,
            bound(port, enquire_s=0.1, answer_s=0.2) as sender,
        ):
            await until(lambda: not sender.up)
            await until(lambda: sender.up)

    run(work())


def test_a_quiet_centre_that_answers_is_kept() -> None:
    async def work() -> None:
        enquiries: list[int] = []
        async with (
            scripted([Status.ESME_ROK], heard=enquiries) as port,
            bound(port, enquire_s=0.02, answer_s=20.0) as sender,
        ):
            await until(lambda: enquiries.count(Command.enquire_link) > 3)
            assert sender.up
            assert enquiries.count(Command.bind_transceiver) == 1
            await sender.submit(TEXT)

    run(work())


@pytest.mark.parametrize("garbage", [b"\0" * 16, b"\xff" * 64, b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_peer_that_speaks_something_else_ends_the_link(garbage: bytes) -> None:
    async def work() -> None:
        async with (
            scripted([], before=garbage) as port,
            SmppSender(settings(port)) as sender,
        ):
            await until(lambda: sender.problem)
            with pytest.raises(Unavailable):
                await sender.submit(TEXT)

    run(work())


@asynccontextmanager
async def scripted(
    statuses: list[int],
    *,
    answers_enquiries: bool = True,
    before: bytes = b"",
    heard: list[int] | None = None,
    early_receipts: bool = False,
) -> AsyncIterator[int]:
    """A peer that binds everybody and answers submits with these statuses, in turn."""

    def reply(pdu: Pdu) -> bytes:
        if heard is not None:
            heard.append(pdu.command)
        if pdu.command == Command.bind_transceiver:
            return Pdu(pdu.command | 0x80000000, 0, pdu.sequence, cstring("x", 15)).frame
        if pdu.command == Command.submit_sm:
            status = statuses.pop(0)
            name = f"id{pdu.sequence}"
            receipt = smpp34.DeliverSm(
                TEXT.to[1:], "96110", f"id:{name} stat:DELIVRD".encode(), esm_class=4
            ).encode()
            reply = answer(pdu, status, None if status else name).frame
            return receipt + reply if early_receipts else reply
        return answer(pdu, 0).frame if answers_enquiries else b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = Framer()
        writer.write(before)
        while data := await reader.read(4096):
            for pdu in framer.feed(data):
                writer.write(reply(pdu))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()

"""Strangers, unmodified: smpplib and smpp34 call our centre; we call a server of smpp34."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
import time
from collections.abc import Awaitable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import smpp34
import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.gsm

from fanzha.adapters.smpp.client import SmppSender, SmppSettings
from fanzha.adapters.smpp.codec import Bind, Command, Pdu, Status
from fanzha.adapters.smpp.smsc import SmscSettings
from fanzha.errors import Misconfigured, Refused
from fanzha.ports.short_message import Outcome, ShortMessage
from fanzha.values import reserved
from tests.adapters.smpp.centre_process import PASSWORD, SYSTEM_ID, CentreProcess

CHINESE = "【清澜市反诈中心】公检法没有安全账户，请立即停止转账，并到派出所当面核实。"
LONG = CHINESE * 4 + "😀"
PHONE = reserved.mobile(7)[1:]


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[CentreProcess]:
    with CentreProcess(tmp_path, refuse={"861549": Status.ESME_RSUBMITFAIL}) as process:
        yield process


class Smpplib:
    """An smpplib client that remembers what it heard."""

    def __init__(self, port: int, *, password: str = PASSWORD) -> None:
        self.client = smpplib.client.Client("127.0.0.1", port, allow_unknown_opt_params=True)
        self.sent: list[str] = []
        self.heard: list[Any] = []
        self.errors: list[int] = []
        self.client.set_message_sent_handler(self._sent)
        self.client.set_message_received_handler(lambda pdu: self.heard.append(pdu))
        self.client.set_error_pdu_handler(lambda pdu: self.errors.append(pdu.status))
        self.client.connect()
        self.client.bind_transceiver(system_id=SYSTEM_ID, password=password)

    def _sent(self, pdu: Any) -> None:
        if pdu.status == Status.ESME_ROK:  # smpplib calls this for refusals as well
            self.sent.append(pdu.message_id.decode())

    def send(self, text: str, to: str = PHONE, **fields: Any) -> int:
        parts, coding, flags = smpplib.gsm.make_parts(text)
        for part in parts:
            self.client.send_message(
                source_addr_ton=smpplib.consts.SMPP_TON_UNK,
                source_addr="96110",
                dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
                destination_addr=to,
                short_message=part,
                esm_class=flags,
                registered_delivery=True,
                **({"data_coding": coding} | fields),
            )
        return len(parts)

    def read(self, done: Any) -> None:
        end = time.monotonic() + 20
        while not done():
            assert time.monotonic() < end, "the centre did not answer"
            self.client.read_once()

    def __enter__(self) -> Smpplib:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.unbind()
        self.client.disconnect()


@pytest.mark.parametrize("text", [CHINESE, LONG, "Stop now [€]", "x" * 400])
def test_smpplib_binds_sends_and_hears_the_receipt(centre: CentreProcess, text: str) -> None:
    with Smpplib(centre.port) as stranger:
        parts = stranger.send(text)
        stranger.read(lambda: len(stranger.sent) == len(stranger.heard) == parts)
    [message] = centre.messages()
    assert (message["text"], message["to"]) == (text, "+" + PHONE)
    assert sorted(message["ids"]) == sorted(stranger.sent)
    receipts = {re.findall(rb"id:(\w+) .*stat:(\w+)", p.short_message)[0] for p in stranger.heard}
    assert receipts == {(i.encode(), b"DELIVRD") for i in stranger.sent}
    assert {p.receipted_message_id.rstrip(b"\0").decode() for p in stranger.heard} == set(
        stranger.sent
    )


def test_smpplib_sends_a_flash(centre: CentreProcess) -> None:
    with Smpplib(centre.port) as stranger:
        stranger.send(CHINESE, data_coding=0x18)
        stranger.read(lambda: stranger.sent)
    assert [(m["text"], m["flash"]) for m in centre.messages()] == [(CHINESE, True)]


def test_smpplib_is_refused_with_a_status_and_goes_on(centre: CentreProcess) -> None:
    with Smpplib(centre.port) as stranger:
        stranger.send(CHINESE, to="8615490000000")
        stranger.send(CHINESE, to="+12")
        stranger.read(lambda: len(stranger.errors) == 2)
        assert stranger.errors == [Status.ESME_RSUBMITFAIL, Status.ESME_RINVDSTADR]
        stranger.send(CHINESE)
        stranger.read(lambda: stranger.sent)
    assert len(centre.messages()) == 1


def test_smpplib_with_a_wrong_password_stays_out(centre: CentreProcess) -> None:
    with pytest.raises(smpplib.exceptions.PDUError) as caught:
        Smpplib(centre.port, password="wrong")
    assert caught.value.args[1] == Status.ESME_RINVPASWD


def run(work: Awaitable[None]) -> None:
    asyncio.run(asyncio.wait_for(work, 60))  # type: ignore[arg-type]


def test_the_client_of_smpp34_sends_and_hears(centre: CentreProcess) -> None:
    async def work() -> None:
        client = smpp34.Client("127.0.0.1", centre.port, SYSTEM_ID, PASSWORD)
        smsc = await client.connect()
        response = await smsc.submit_sm(
            PHONE,
            CHINESE.encode("utf-16-be"),
            source_addr="96110",
            dest_addr_ton=1,
            data_coding=8,
            registered_delivery=1,
        )
        assert response.is_success
        event = await smsc.next()
        assert f"id:{response.message_id}".encode() in event.short_message
        await client.stop()

    run(work())
    assert [m["text"] for m in centre.messages()] == [CHINESE]


def test_our_client_and_the_server_of_smpp34() -> None:
    """A centre that is not ours: it takes, refuses, reports; texts arrive as they were."""

    async def work() -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = smpp34.Server("127.0.0.1", port, system_id="theirs")
        await server.start()
        taken: list[smpp34.SubmitSmEvent] = []

        async def serve() -> None:
            esme = None
            while True:
                event = await server.next()
                if isinstance(event, smpp34.Esme):
                    esme = event
                elif isinstance(event, smpp34.SubmitSmEvent):
                    if event.destination_addr.endswith("9"):
                        event.reject(smpp34.ESME_RINVDSTADR)
                        continue
                    taken.append(event)
                    event.accept(f"theirs{len(taken)}")
                    assert esme is not None
                    await esme.deliver_sm(
                        event.source_addr,
                        f"id:theirs{len(taken)} sub:001 dlvrd:001 submit date:2611260300"
                        " done date:2611260300 stat:DELIVRD err:000 text:".encode(),
                        source_addr=event.destination_addr,
                        esm_class=4,
                    )

        serving = asyncio.create_task(serve())
        settings = SmppSettings(
            "127.0.0.1", port, "us", "secret", send_to=("+86154",), simulated=True
        )
        async with SmppSender(settings) as sender:
            while not sender.up:
                await asyncio.sleep(0.01)
            hour = timedelta(hours=1)
            message = ShortMessage("m", reserved.mobile(1), LONG, False, "96110", hour)
            receipt = await sender.submit(message)
            report = await anext(aiter(sender.reports()))
            assert (report.id, report.smsc_id, report.state) == (
                "m", receipt.smsc_id, Outcome.DELIVERED,
            )  # fmt: skip
            await sender.confirm(report)
            with pytest.raises(Refused) as caught:
                await sender.submit(
                    ShortMessage("n", reserved.mobile(9), CHINESE, True, "96110", hour)
                )
            assert caught.value.code == "smpp_rinvdstadr"
        serving.cancel()
        await server.stop()
        pieces = [bytes(e.short_message) for e in taken]
        assert [p[:3] for p in pieces] == [b"\5\0\3"] * len(pieces)
        assert b"".join(p[6:] for p in pieces).decode("utf-16-be") == LONG
        assert {e.esm_class for e in taken} == {0x40}

    run(work())


def test_before_the_bind_nothing_is_taken(centre: CentreProcess) -> None:
    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", centre.port)
        for command, body in ((0x04, b""), (0x77, b""), (0x03, b"")):
            writer.write(Pdu(command, 0, 5, body).frame)
        answers = await reader.readexactly(48)
        heads = [Pdu(*(int.from_bytes(answers[a + o : a + o + 4], "big") for o in (4, 8, 12)), b"")
                 for a in (0, 16, 32)]  # fmt: skip
        assert [(p.command, p.status, p.sequence) for p in heads] == [
            (0x80000004, Status.ESME_RINVBNDSTS, 5),
            (0x80000000, Status.ESME_RINVCMDID, 5),
            (0x80000003, Status.ESME_RINVCMDID, 5),
        ]
        writer.write(b"\xff" * 16)
        assert (await reader.read())[4:12] == b"\x80\0\0\0\0\0\0\x02"
        writer.close()

    run(work())
    assert centre.lines() == []


def test_garbage_from_some_leaves_the_others_alone(centre: CentreProcess) -> None:
    """Frames of chance, bound and unbound, cut anywhere: a neighbour's text still arrives."""
    chance = random.Random(20261126)
    commands = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x09, 0x15, 0x80000000, 0x80000005, 0x77]

    def garbage() -> bytes:
        body = chance.randbytes(chance.choice([0, 3, 30, 300]))
        frame = Pdu(
            chance.choice(commands), chance.choice([0, 88]), chance.randrange(9), body
        ).frame
        cut = chance.choice([None, None, None, chance.randrange(len(frame))])
        return frame[:cut] if chance.random() < 0.95 else chance.randbytes(40)

    with Smpplib(centre.port) as neighbour:
        for round_ in range(60):
            stranger = socket.create_connection(("127.0.0.1", centre.port), 5)
            with stranger, contextlib.suppress(OSError):
                if round_ % 2:
                    bind = Bind(SYSTEM_ID, PASSWORD).body
                    stranger.sendall(Pdu(Command.bind_transmitter, 0, 1, bind).frame)
                for _ in range(20):
                    stranger.sendall(garbage())
        neighbour.send(CHINESE)
        neighbour.read(lambda: neighbour.sent and neighbour.heard)
    assert CHINESE in [m["text"] for m in centre.messages()]
    assert centre.stop() == 0


def test_the_centre_listens_on_this_machine_only(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        SmscSettings(SYSTEM_ID, PASSWORD, tmp_path / "x", host="0.0.0.0")


def test_the_centre_ends_when_told_and_what_it_said_is_on_disk(centre: CentreProcess) -> None:
    with Smpplib(centre.port) as stranger:
        stranger.send(CHINESE)
        stranger.read(lambda: stranger.sent)
    assert centre.stop() == 0
    assert [m["ids"] for m in centre.messages()] == [stranger.sent]

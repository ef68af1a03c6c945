"""Clients and centres that are not ours, unmodified, on both sides of the firewall: one suite."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
import smpp34
import smpplib.client
import smpplib.exceptions
import smpplib.gsm

from fanzha.values import reserved
from tests.adapters.smpp.centre_process import PASSWORD, SYSTEM_ID, CentreProcess
from tests.adapters.smpp.firewall.gate_process import GateProcess

PHONE = reserved.mobile(7)[1:]
HONEST = "【清澜快递】您的快件已到驿站，凭取件码 3-2-1881 领取，请于今日 20 点前取件。"
LONG = HONEST * 4 + "😀"
SCAM = "兼职刷单日结，点赞就有佣金，一单5元，加微信ab1234进群领任务，先垫付后返利"
LONG_SCAM = "您好，" + SCAM + "，名额有限。" + SCAM * 2
REFUSED = 0x45


class FarEnd(Protocol):
    """A centre behind the firewall: its port, and the texts that reached it, joined."""

    port: int

    def texts(self) -> list[str]: ...


class OurCentre:
    def __init__(self, process: CentreProcess) -> None:
        self._process = process
        self.port = process.port

    def texts(self) -> list[str]:
        return [message["text"] for message in self._process.messages()]


class Smpp34Centre:
    """A server of smpp34 in a thread: accepts everything, joins what has a header of parts."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._taken: list[Any] = []
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))
        self._thread.start()
        assert self._up.wait(10)

    async def _run(self) -> None:
        self._ended = asyncio.Event()
        server = smpp34.Server("127.0.0.1", self.port, system_id="theirs")
        await server.start()
        self._up.set()
        serving = asyncio.create_task(self._serve(server))
        await self._ended.wait()
        serving.cancel()
        await server.stop()

    async def _serve(self, server: Any) -> None:
        esme: Any = None
        reports: set[asyncio.Task[None]] = set()
        while True:
            event = await server.next()
            if isinstance(event, smpp34.Esme):
                esme = event
            elif isinstance(event, smpp34.SubmitSmEvent):
                self._taken.append(event)
                event.accept(f"theirs{len(self._taken)}")
                reports.add(asyncio.create_task(self._report(esme, event, len(self._taken))))

    async def _report(self, esme: Any, event: Any, number: int) -> None:
        """A sender that has left hears nothing."""
        receipt = f"id:theirs{number} stat:DELIVRD err:000 text:".encode()
        with contextlib.suppress(Exception):
            await esme.deliver_sm(
                event.source_addr, receipt, source_addr=event.destination_addr, esm_class=4
            )

    def texts(self) -> list[str]:
        whole: dict[bytes, list[tuple[int, bytes]]] = {}
        for n, event in enumerate(self._taken):
            octets, key, place = bytes(event.short_message), b"%d" % n, 1
            if event.esm_class & 0x40:
                octets, key, place = octets[6:], octets[:5], octets[5]
            whole.setdefault(key, []).append((place, octets))
        return [b"".join(o for _, o in sorted(p)).decode("utf-16-be") for p in whole.values()]

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture(scope="module", params=["ours", "smpp34"])
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[GateProcess, FarEnd]]:
    folder: Path = tmp_path_factory.mktemp("wire")
    with contextlib.ExitStack() as stack:
        far: FarEnd
        if request.param == "ours":
            far = OurCentre(stack.enter_context(CentreProcess(folder)))
        else:
            far = stack.enter_context(contextlib.closing(Smpp34Centre()))
        yield stack.enter_context(GateProcess(folder, far.port)), far


class NearEnd(Protocol):
    """A sender before the firewall."""

    def send(self, text: str) -> list[int]:
        """Statuses of its parts."""
        ...

    def receipts(self, count: int) -> int: ...


class Smpplib:
    def __init__(self, port: int) -> None:
        self.client = smpplib.client.Client("127.0.0.1", port, allow_unknown_opt_params=True)
        self._statuses: list[int] = []
        self._receipts = 0
        self.client.set_message_sent_handler(lambda pdu: self._statuses.append(pdu.status))
        self.client.set_message_received_handler(self._received)
        self.client.set_error_pdu_handler(lambda pdu: None)
        self.client.connect()
        self.client.bind_transceiver(system_id=SYSTEM_ID, password=PASSWORD)

    def _received(self, pdu: Any) -> None:  # its keyword
        self._receipts += 1

    def send(self, text: str) -> list[int]:
        self._statuses.clear()
        parts, coding, flags = smpplib.gsm.make_parts(text)
        for part in parts:
            self.client.send_message(
                source_addr="96110", dest_addr_ton=1, destination_addr=PHONE, short_message=part,
                esm_class=flags, registered_delivery=True, data_coding=coding,
            )  # fmt: skip
        self._read(lambda: len(self._statuses) == len(parts))
        return list(self._statuses)

    def receipts(self, count: int) -> int:
        self._read(lambda: self._receipts >= count)
        return self._receipts

    def _read(self, done: Any) -> None:
        end = time.monotonic() + 15
        while not done():
            assert time.monotonic() < end
            self.client.read_once()

    def close(self) -> None:
        with contextlib.suppress(smpplib.exceptions.ConnectionError):
            self.client.unbind()  # a server of smpp34 may close instead of answering
        self.client.disconnect()


class Smpp34:
    def __init__(self, port: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._reference = 0
        self._client, self._smsc = self._loop.run_until_complete(self._bind(port))

    async def _bind(self, port: int) -> tuple[Any, Any]:
        client = smpp34.Client("127.0.0.1", port, SYSTEM_ID, PASSWORD)
        return client, await client.connect()

    def send(self, text: str) -> list[int]:
        self._reference += 1
        units = text.encode("utf-16-be")
        pieces = [units[k : k + 134] for k in range(0, len(units), 134)]
        if len(units) <= 140:
            return [self._submit(units, 0)]
        return [
            self._submit(bytes((5, 0, 3, self._reference, len(pieces), n)) + piece, 0x40)
            for n, piece in enumerate(pieces, 1)
        ]

    def _submit(self, octets: bytes, esm_class: int) -> int:
        async def submit() -> int:
            response = await self._smsc.submit_sm(
                PHONE, octets, source_addr="96110", dest_addr_ton=1, data_coding=8,
                esm_class=esm_class, registered_delivery=1,
            )  # fmt: skip
            return int(response.command_status)

        return self._loop.run_until_complete(submit())

    def receipts(self, count: int) -> int:
        async def hear() -> int:
            async with asyncio.timeout(15):
                for _ in range(count):
                    await self._smsc.next()
            return count

        return self._loop.run_until_complete(hear())

    def close(self) -> None:
        async def stop() -> None:
            await self._client.stop()

        self._loop.run_until_complete(stop())
        self._loop.close()


@pytest.fixture(params=[Smpplib, Smpp34])
def sender(request: pytest.FixtureRequest, both: tuple[GateProcess, FarEnd]) -> Iterator[NearEnd]:
    with contextlib.closing(request.param(both[0].port)) as near:
        yield near


def test_an_honest_text_reaches_the_centre_as_it_was(
    sender: NearEnd, both: tuple[GateProcess, FarEnd]
) -> None:
    before = len(both[1].texts())
    assert sender.send(HONEST) == [0]
    assert both[1].texts()[before:] == [HONEST]
    assert sender.receipts(1) == 1


def test_a_long_honest_text_reaches_it_in_all_its_parts(
    sender: NearEnd, both: tuple[GateProcess, FarEnd]
) -> None:
    statuses = sender.send(LONG)
    assert len(statuses) > 2
    assert set(statuses) == {0}
    assert LONG in both[1].texts()


def test_a_scam_is_refused_and_the_next_text_passes(
    sender: NearEnd, both: tuple[GateProcess, FarEnd]
) -> None:
    before = len(both[1].texts())
    assert sender.send(SCAM) == [REFUSED]
    assert sender.send(HONEST) == [0]
    assert both[1].texts()[before:] == [HONEST]


def test_a_long_scam_never_reaches_it_whole(
    sender: NearEnd, both: tuple[GateProcess, FarEnd]
) -> None:
    statuses = sender.send(LONG_SCAM)
    first = statuses.index(REFUSED)
    assert set(statuses[first:]) == {REFUSED}, "and every later part"
    assert LONG_SCAM not in both[1].texts()

"""Both ends of a gate for its tests: a centre that does as told, a sender that reads frames."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import smpp34

from fanzha.adapters.smpp.codec import HEADER, Bind, Command, Pdu, cstring
from fanzha.adapters.smpp.firewall.dialect import Smpp
from fanzha.adapters.smpp.firewall.gate import Gate, LetIn
from fanzha.adapters.smpp.firewall.settings import GateSettings, Recorded
from fanzha.ports.text_wire import Dialect, Ground, Judge, Texts, Verdict

SCAM = "兼职刷单日结，加微信进群领任务"
HONEST = "您的快件已到驿站，请凭取件码领取"
DIALECT = Smpp()
STATUSES = {Ground.SENDER: 0x0A, Ground.ADDRESS: 0x440, Ground.NUMBER: 0x441, Ground.WORDS: 0x45}


def submit(text: str, sequence: int, sender: str = "10690001", **fields: Any) -> bytes:
    """A submit_sm in UCS-2."""
    told: dict[str, Any] = {"data_coding": 8, "dest_addr_ton": 1, "sequence_number": sequence}
    octets = fields.pop("octets", text.encode("utf-16-be"))
    return smpp34.SubmitSm(sender, "8615400000001", octets, **(told | fields)).encode()


def bind(sequence: int = 1, account: str = "esme1", password: str = "pw") -> bytes:
    return Pdu(Command.bind_transceiver, 0, sequence, Bind(account, password).body).frame


def words(needle: str = "刷单") -> Judge:
    """Refuses what holds the needle."""

    def judge(texts: Texts) -> Mapping[int, Verdict]:
        return {
            row: Verdict(True, Ground.WORDS, 0, 0.99)
            for row, body in enumerate(texts.bodies.to_pylist())
            if needle in body
        }

    return judge


@dataclass
class Centre:
    """Answers a frame with what `answer` gives; what came stands in `heard`, byte for byte."""

    answer: Callable[[bytes], bytes] | None = None
    heard: bytearray = field(default_factory=bytearray)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    reading: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    ended: int = 0

    async def __aenter__(self) -> Centre:
        self.reading.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**16)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self.writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        rest = b""
        with contextlib.suppress(OSError):
            while True:
                await self.reading.wait()
                data = await reader.read(65536)
                if not data:
                    break
                self.heard += data
                rest += data
                while len(rest) >= 12 and len(rest) >= (size := int.from_bytes(rest[:4], "big")):
                    frame, rest = rest[:size], rest[size:]
                    writer.write((self.answer or accept)(frame))
                await writer.drain()
        self.ended += 1
        writer.close()

    @property
    def frames(self) -> list[bytes]:
        return frames_of(bytes(self.heard))


def accept(frame: bytes) -> bytes:
    """The centre's yes to a request; nothing to an answer."""
    _, command, _, sequence = HEADER.unpack_from(frame)
    if command & 0x80000000:
        return b""
    body = cstring(f"id{sequence}", 64) if command in (4, 0x21, 0x103) else b""
    if command in (1, 2, 9):
        body = b"smsc\0"
    return Pdu(command | 0x80000000, 0, sequence, body).frame


def frames_of(data: bytes) -> list[bytes]:
    found = []
    while data:
        size = int.from_bytes(data[:4], "big")
        found.append(data[:size])
        data = data[size:]
    return found


def head(frame: bytes) -> tuple[int, int, int]:
    """command, status, sequence"""
    _, command, status, sequence = HEADER.unpack_from(frame)
    return command, status, sequence


class Esme:
    """A raw sender."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def frame(self) -> bytes:
        """The next frame, within ten seconds."""
        async with asyncio.timeout(10):
            first = await self.reader.readexactly(4)
            return first + await self.reader.readexactly(int.from_bytes(first, "big") - 4)

    async def answers(self, count: int) -> dict[int, int]:
        """sequence -> status of so many answers."""
        found = [head(await self.frame()) for _ in range(count)]
        return {sequence: status for _, status, sequence in found}

    async def end(self) -> bytes:
        """All that still comes until the connection ends."""
        async with asyncio.timeout(10):
            with contextlib.suppress(ConnectionError):
                return await self.reader.read()
        return b""


@dataclass
class Rig:
    gate: Gate
    centre: Centre
    records: list[Recorded]

    async def esme(self, *, bound: bool = True, account: str = "esme1") -> Esme:
        esme = Esme(*await asyncio.open_connection("127.0.0.1", self.gate.port))
        if bound:
            esme.writer.write(bind(account=account))
            assert head(await esme.frame())[1] == 0
        return esme


@contextlib.asynccontextmanager
async def rig(
    judge: Judge | None = None,
    answer: Callable[[bytes], bytes] | None = None,
    record: Callable[[list[Recorded]], None] | None = None,
    let_in: LetIn | None = None,
    dialect: Dialect = DIALECT,
    **limits: Any,
) -> AsyncIterator[Rig]:
    records: list[Recorded] = []
    async with Centre(answer) as centre:
        told: dict[str, Any] = {
            "to": ("127.0.0.1", centre.port),
            "away": 0x0D,
            "unbound": 4,
            "linger_s": 0.5,
        }
        gate = Gate(
            dialect,
            GateSettings(**(told | limits)),
            judge or words(),
            lambda _, verdict: STATUSES[verdict.ground],
            record or records.extend,
            let_in,
        )
        async with gate:
            yield Rig(gate, centre, records)

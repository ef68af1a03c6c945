"""CMPP 2.0 and 3.0 across the firewall: the same core, the same promises."""

from __future__ import annotations

import asyncio

import pytest

from fanzha.adapters.cmpp.codec import (
    HEADER,
    V2,
    V3,
    Command,
    Connect,
    Deliver,
    Submit,
    authenticator,
    connect_resp,
    frame,
    resp,
)
from fanzha.adapters.cmpp.dialect import Cmpp
from tests.adapters.smpp.firewall.wire import HONEST, SCAM, Esme, frames_of, rig


def gateway(version: int):  # type: ignore[no-untyped-def]
    """Answers as a gateway does."""

    def answer(asked: bytes) -> bytes:
        _, command, sequence = HEADER.unpack_from(asked)
        if command == Command.CONNECT:
            return connect_resp(sequence, 0, bytes(16), version)
        if command == Command.SUBMIT:
            return resp(Command.SUBMIT, sequence, 1 << 40 | sequence, 0, version)
        return b"" if command & 0x80000000 else frame(command | 0x80000000, sequence, b"\0")

    return answer


def login(version: int) -> bytes:
    digest = authenticator("900001", "secret", 1126173000)
    return frame(Command.CONNECT, 1, Connect("900001", digest, version, 1126173000).body)


def submit(text: str, sequence: int, version: int, **fields: object) -> bytes:
    told = {"content": text.encode("utf-16-be"), "version": version} | fields
    return frame(Command.SUBMIT, sequence, Submit("10690001", ("15400000001",), **told).body)  # type: ignore[arg-type]


async def answers(esme: Esme, count: int) -> dict[int, int]:
    """sequence -> result"""
    found = {}
    for _ in range(count):
        one = await esme.frame()
        _, command, sequence = HEADER.unpack_from(one)
        assert command == Command.SUBMIT | 0x80000000
        found[sequence] = int.from_bytes(one[20:], "big")
    return found


@pytest.mark.parametrize("version", [V2, V3])
def test_refused_relayed_joined_and_heard(version: int) -> None:
    async def work() -> None:
        async with rig(answer=gateway(version), dialect=Cmpp()) as it:
            esme = await it.esme(bound=False)
            esme.writer.write(login(version))
            assert len(await esme.frame()) == (30 if version < V3 else 33)
            frames = [submit(SCAM if n == 3 else HONEST, n, version) for n in range(2, 6)]
            test = frame(Command.ACTIVE_TEST, 6, b"")
            esme.writer.write(b"".join(frames))
            assert await answers(esme, 4) == {2: 0, 3: 0x45, 4: 0, 5: 0}
            assert frames_of(bytes(it.centre.heard)) == [login(version), *frames[:1], *frames[2:]]
            assert [(r.account, r.said.sender) for r in it.records] == [("900001", "10690001")]
            parts = [
                submit("", 10 + n, version, tp_udhi=1, pk_total=2, pk_number=n,
                       content=bytes((5, 0, 3, 7, 2, n)) + text.encode("utf-16-be"))
                for n, text in ((1, "兼职刷"), (2, "单日结"))
            ]  # fmt: skip
            esme.writer.write(b"".join(parts))
            assert await answers(esme, 2) == {11: 0, 12: 0x45}
            esme.writer.write(test)
            assert HEADER.unpack_from(await esme.frame())[1] == Command.ACTIVE_TEST | 0x80000000
            heard = frame(
                Command.DELIVER, 9, Deliver("10690001", "15400000001", b"TD", version).body
            )
            it.centre.writers[0].write(heard)
            assert await esme.frame() == heard

    asyncio.run(asyncio.wait_for(work(), 30))


def test_a_gateway_that_is_not_there() -> None:
    async def work() -> None:
        async with rig(dialect=Cmpp(), away=5) as it:
            it.centre._server.close()
            esme = await it.esme(bound=False)
            esme.writer.write(login(V3))
            said = await esme.end()
            assert Cmpp().login(said) is False
            assert len(said) == 33

    asyncio.run(asyncio.wait_for(work(), 30))


def test_nonsense_ends_its_own_connection() -> None:
    async def work() -> None:
        async with rig(answer=gateway(V3), dialect=Cmpp()) as it:
            esme = await it.esme(bound=False)
            esme.writer.write(b"GET / HTTP/1.1\r\n\r\n")
            assert await esme.end() == b""
            assert it.gate.counts.nonsense == 1

    asyncio.run(asyncio.wait_for(work(), 30))

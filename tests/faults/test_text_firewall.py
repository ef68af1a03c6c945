"""The firewall killed, its centre killed, in the middle of the flow: what was answered is there."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from pathlib import Path

import pytest

from fanzha.adapters.smpp.codec import Pdu
from tests.adapters.smpp.centre_process import PASSWORD, SYSTEM_ID, CentreProcess
from tests.adapters.smpp.firewall.gate_process import GateProcess
from tests.adapters.smpp.firewall.wire import bind, frames_of, head, submit

WINDOW = 20
SCAM = "兼职刷单日结，点赞就有佣金，一单5元，加微信ab1234进群领任务，先垫付后返利"


class Retrying:
    """Sends numbered texts with a window; one that was not answered is sent again on a new link."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts
        self.statuses: dict[int, int] = {}
        self.sent: Counter[int] = Counter()

    async def run(self, port: int, wound: list[int], hurt: object) -> None:
        while len(self.statuses) < len(self._texts):
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                await self._link(port, wound, hurt)
            await asyncio.sleep(0.05)

    async def _link(self, port: int, wound: list[int], hurt: object) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(bind(account=SYSTEM_ID, password=PASSWORD))
        open_: set[int] = set()
        left = [n for n in range(len(self._texts)) if n not in self.statuses]
        try:
            while len(self.statuses) < len(self._texts):
                while left and len(open_) < WINDOW:
                    n = left.pop(0)
                    open_.add(n)
                    self.sent[n] += 1
                    writer.write(submit(self._texts[n], n + 2))
                async with asyncio.timeout(10):
                    first = await reader.readexactly(4)
                    rest = await reader.readexactly(int.from_bytes(first, "big") - 4)
                command, status, sequence = head(first + rest)
                if command == 0x80000004:
                    self.statuses[sequence - 2] = status
                    open_.discard(sequence - 2)
                    if wound and len(self.statuses) >= wound[0]:
                        wound.pop(0)
                        hurt()  # type: ignore[operator]
                elif command == 0x80000009 and status:
                    raise ConnectionError
        finally:
            writer.transport.abort()


@pytest.mark.slow
@pytest.mark.parametrize("which", ["firewall", "centre"])
def test_what_was_answered_is_at_the_centre_and_none_is_doubled_beyond_a_retry(
    which: str, tmp_path: Path
) -> None:
    texts = [SCAM if n % 10 == 4 else f"您的快件已到驿站，编号 {n}。" for n in range(300)]
    with CentreProcess(tmp_path) as centre, GateProcess(tmp_path, centre.port) as gate:

        def hurt() -> None:
            victim = gate if which == "firewall" else centre
            victim.kill()
            victim.start()

        sender = Retrying(texts)
        asyncio.run(asyncio.wait_for(sender.run(gate.port, [90], hurt), 120))
        stored = Counter(message["text"] for message in centre.messages())
    for n, text in enumerate(texts):
        if n % 10 == 4:
            assert sender.statuses[n] == 0x45
            assert stored[text] == 0
            continue
        assert sender.statuses[n] == 0
        assert 1 <= stored[text] <= sender.sent[n]
    assert sum(sender.sent.values()) <= len(texts) + WINDOW, "only what was open is sent again"


@pytest.mark.slow
def test_two_processes_share_a_port(tmp_path: Path) -> None:
    """And when one is killed the other goes on."""

    async def exchange(port: int) -> dict[int, int]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(bind(account=SYSTEM_ID, password=PASSWORD) + submit("您好", 2))
        writer.write(submit(SCAM, 3) + Pdu(0x06, 0, 4, b"").frame)
        async with asyncio.timeout(10):
            data = await reader.read()
        writer.close()
        return {head(f)[2]: head(f)[1] for f in frames_of(data)}

    good = {1: 0, 2: 0, 3: 0x45, 4: 0}
    with (
        CentreProcess(tmp_path) as centre,
        GateProcess(tmp_path, centre.port) as one,
        GateProcess(tmp_path, centre.port, port=one.port),
    ):
        for _ in range(8):
            assert asyncio.run(exchange(one.port)) == good
        one.kill()
        for _ in range(8):
            assert asyncio.run(exchange(one.port)) == good

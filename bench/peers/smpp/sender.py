"""An ESME: binds, keeps a window full of submits made before, tells rate and latency as JSON."""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import time
from collections import Counter
from typing import Any, cast

import smpp34
import uvloop

HEADER = struct.Struct(">IIII")
_BIND = b"bench\0bench\0\0\x34\0\0\0"
_EVERY = 16
"""One submit in so many is timed."""


class Sender(asyncio.Protocol):
    """One connection. `frames` are sent one after the other, with sequence numbers of their own."""

    def __init__(self, frames: list[bytes], window: int) -> None:
        self.frames = frames
        self.window = window
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.statuses: Counter[int] = Counter()
        self.sent_at: dict[int, float] = {}
        self.waits: list[float] = []
        self.rest = b""
        self.next = self.answered = 0
        self.begun = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(HEADER.pack(16 + len(_BIND), 9, 0, 0xFFFFFF) + _BIND)

    def data_received(self, data: bytes) -> None:
        data = self.rest + data if self.rest else data
        at, size, unpack = 0, len(data), HEADER.unpack_from
        answered = 0
        while size - at >= 16:
            length, command, status, sequence = unpack(data, at)
            if size - at < length:
                break
            at += length
            if command == 0x80000004:
                answered += 1
                if status:
                    self.statuses[status] += 1
                if not sequence % _EVERY:
                    self.waits.append(time.perf_counter() - self.sent_at.pop(sequence))
            elif command == 0x80000009:
                assert not status, "the bind was refused"
                self.begun = time.perf_counter()
                self.fill(self.window)
        self.rest = data[at:]
        if answered:
            self.answered += answered
            self.fill(answered)
            if self.answered == len(self.frames) and not self.done.done():
                self.done.set_result(None)

    def fill(self, many: int) -> None:
        first, self.next = self.next, min(self.next + many, len(self.frames))
        now = time.perf_counter()
        for sequence in range(first + -first % _EVERY, self.next, _EVERY):
            self.sent_at[sequence] = now
        if first < self.next:
            self.transport.write(b"".join(self.frames[first : self.next]))

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("cut"))


def frames_of(bodies: list[str], count: int) -> list[bytes]:
    """Submits in UCS-2, numbered from 0."""
    made = [
        smpp34.SubmitSm(
            f"1069{k % 50:04}", f"86154000{k % 10_000:05}", body.encode("utf-16-be"), data_coding=8,
            dest_addr_ton=1, sequence_number=1,
        ).encode()
        for k, body in enumerate(bodies)
    ]  # fmt: skip
    pairs = [(one[:12], one[16:]) for one in made]
    whole = len(pairs)
    return [pairs[k % whole][0] + k.to_bytes(4, "big") + pairs[k % whole][1] for k in range(count)]


async def run(port: int, bodies: list[str], count: int, window: int, links: int) -> dict[str, Any]:
    """Send `count` texts over `links` connections, `window` unanswered on each."""
    loop = asyncio.get_running_loop()
    each = [frames_of(bodies[k::links], count // links) for k in range(links)]
    senders = [Sender(frames, window) for frames in each]
    for one in senders:
        await loop.create_connection(lambda one=one: one, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*(one.done for one in senders))
    ended = time.perf_counter()
    seconds = ended - min(one.begun for one in senders)
    waits = sorted(w for one in senders for w in one.waits)
    statuses = sum((one.statuses for one in senders), Counter[int]())
    for one in senders:
        one.transport.close()
    return {
        "rate": sum(len(frames) for frames in each) / seconds,
        "p50_ms": waits[len(waits) // 2] * 1e3,
        "p99_ms": waits[len(waits) * 99 // 100] * 1e3,
        "statuses": dict(statuses),
    }


if __name__ == "__main__":
    told = json.load(sys.stdin)
    print(json.dumps(uvloop.run(run(**told))))

"""The primary on the network: TCP and UDP, one policy zone beside another, NOTIFY at once."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import cast

from fanzha.adapters.dns.access import Access
from fanzha.adapters.dns.answers import Answers
from fanzha.adapters.dns.notify import Notifier
from fanzha.adapters.dns.zone import Served

__all__ = ["Primary", "PrimarySettings"]

_log = logging.getLogger("fanzha.dns")


@dataclass(frozen=True, slots=True)
class PrimarySettings:
    """Where it listens, and what it bears. Seconds: `idle_s` between questions, `rest_s` for the
    rest of one that has begun, `stall_s` until a peer has taken a part of what is sent,
    `transfer_s` for a whole answer."""

    host: str = "127.0.0.1"
    port: int = 0
    idle_s: float = 60.0
    rest_s: float = 10.0
    stall_s: float = 30.0
    transfer_s: float = 1_800.0
    connections: int = 200
    connections_each: int = 20
    """From one address."""
    strangers: int = 8
    """Connections of addresses that no peer has; they are only told REFUSED."""
    buffer: int = 1 << 20


class Primary:
    """`async with Primary(settings, access, names) as primary: primary.publish(served)`."""

    def __init__(self, settings: PrimarySettings, access: Access, zones: list[str]) -> None:
        self._settings = settings
        self._access = access
        self._zones: dict[str, Served | None] = dict.fromkeys(zones)
        self._answers = Answers(access, self._zones)
        self._open: Counter[str] = Counter()
        self._strangers = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self._notifier = Notifier(access, self._send)

    @property
    def given(self) -> Counter[str]:
        """Answers to transfers so far, by kind: `Answers.given`."""
        return self._answers.given

    @property
    def port(self) -> int:
        """The same for TCP and UDP."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def publish(self, served: Served) -> None:
        """A new version: answered from now on, and told to all that are to be told."""
        self._zones[served.name] = served
        self._notifier.tell(served)

    async def __aenter__(self) -> Primary:
        settings = self._settings
        loop = asyncio.get_running_loop()
        for left in (4, 3, 2, 1, 0):
            self._server = await asyncio.start_server(self._accept, settings.host, settings.port)
            try:
                self._udp, _ = await loop.create_datagram_endpoint(
                    lambda: _Datagrams(self._answers, self._notifier),
                    local_addr=(settings.host, self.port),
                )
                break
            except OSError:  # a free TCP port is not always a free UDP port
                self._server.close()
                if settings.port or not left:
                    raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._notifier.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._udp is not None:
            self._udp.close()

    def _send(self, message: bytes, to: tuple[str, int]) -> None:
        if self._udp is not None and not self._udp.is_closing():
            self._udp.sendto(message, to)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        address = str((writer.get_extra_info("peername") or ("",))[0])
        known = self._access.peer(address) is not None
        settings = self._settings
        full = (
            self._open.total() >= settings.connections
            or self._open[address] >= settings.connections_each
            or (not known and self._strangers >= settings.strangers)
        )
        self._open[address] += 1
        self._strangers += not known
        try:
            if not full:
                writer.transport.set_write_buffer_limits(settings.buffer)
                await self._converse(reader, writer, address, known)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            pass  # they went, or they are too slow; either way they come again if they want
        except asyncio.CancelledError:
            pass  # we end
        except Exception:
            _log.exception("a connection ended in an error of ours")
        finally:
            self._tasks.discard(task)
            self._strangers -= not known
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]
            writer.transport.abort()

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, known: bool
    ) -> None:
        """Questions one after another; answers keep their order (RFC 7766 6.2.1.1)."""
        settings = self._settings
        while True:
            async with asyncio.timeout(settings.idle_s if known else settings.rest_s):
                size = int.from_bytes(await reader.readexactly(2), "big")
            async with asyncio.timeout(settings.rest_s):
                message = await reader.readexactly(size)
            answered = False
            async with asyncio.timeout(settings.transfer_s):
                for part in self._answers.to(message, address, stream=True):
                    answered = True
                    writer.write(len(part).to_bytes(2, "big") + part)
                    async with asyncio.timeout(settings.stall_s):
                        await writer.drain()
            if not answered or not known:
                async with asyncio.timeout(settings.stall_s):
                    writer.close()
                    await writer.wait_closed()
                return


class _Datagrams(asyncio.DatagramProtocol):
    """Questions that fit a datagram, and the answers to our NOTIFY."""

    def __init__(self, answers: Answers, notifier: Notifier) -> None:
        self._answers = answers
        self._notifier = notifier
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        if self._notifier.heard(data, addr[:2]):
            return
        for part in self._answers.to(data, addr[0], stream=False):
            self._transport.sendto(part, addr)

    def error_received(self, exc: Exception) -> None:
        """A resolver that is down answers by ICMP; NOTIFY repeats by itself."""

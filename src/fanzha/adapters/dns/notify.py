"""NOTIFY (RFC 1996): every peer is told of a new version at once, and again until it answers."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from functools import partial
from struct import pack

from fanzha.adapters.dns import wire
from fanzha.adapters.dns.access import Access, Peer
from fanzha.adapters.dns.answers import Signing, header_of, signed
from fanzha.adapters.dns.zone import Served

__all__ = ["Notifier"]

_log = logging.getLogger("fanzha.dns")
_PAUSES_S = (0.3, 0.7, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Until the next try. A peer that never answers asks by itself when its refresh timer says."""
_FLAGS = 0x2400
_QR, _OPCODE, _RCODE = 0x8000, 0x7800, 0x000F


class Notifier:
    """One task a peer and zone; a newer version takes the place of an older one."""

    def __init__(self, access: Access, send: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._access = access
        self._send = send
        self._telling: dict[tuple[tuple[str, int], str], asyncio.Task[None]] = {}
        self._waiting: dict[tuple[str, int, int], asyncio.Event] = {}
        """(address, port, id) of what is not answered yet."""

    def tell(self, served: Served) -> None:
        for peer in self._access.peers:
            if (to := peer.told) is None:
                continue
            key = to, served.name
            if (before := self._telling.get(key)) is not None:
                before.cancel()
            task = asyncio.create_task(self._until_answered(peer, to, served))
            self._telling[key] = task
            task.add_done_callback(partial(self._over, key))

    def heard(self, message: bytes, source: tuple[str, int]) -> bool:
        """Whether this is an answer, ours or not: those are never answered."""
        header = header_of(message)
        if header is None or not header[1] & _QR:
            return False
        event = self._waiting.get((*source, header[0]))
        if event is not None and header[1] & _OPCODE == _FLAGS & _OPCODE:
            if header[1] & _RCODE:
                _log.warning("NOTIFY was answered with code %d", header[1] & _RCODE)
            event.set()
        return True

    async def close(self) -> None:
        tasks = list(self._telling.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _over(self, key: tuple[tuple[str, int], str], done: asyncio.Task[None]) -> None:
        if self._telling.get(key) is done:
            del self._telling[key]

    async def _until_answered(self, peer: Peer, to: tuple[str, int], served: Served) -> None:
        number = secrets.randbelow(1 << 16)
        question = wire.encoded(served.name) + pack("!HH", wire.SOA, 1)
        plain = wire.Head(number, _FLAGS, question).around(*served.soa())
        event = asyncio.Event()
        self._waiting[(*to, number)] = event
        try:
            for pause in _PAUSES_S:
                message = plain
                if peer.key is not None:
                    signing = Signing(self._access.keys[peer.key], b"")
                    message = signed(plain, signing, stream=False)
                self._send(message, to)
                try:
                    async with asyncio.timeout(pause):
                        await event.wait()
                except TimeoutError:
                    continue
                return
            _log.warning("NOTIFY of %s was not answered", served.name)
        finally:
            if self._waiting.get((*to, number)) is event:
                del self._waiting[(*to, number)]

"""One connection to the local centre: reads, answers, keeps the window, sees when it is silent."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from fanzha.adapters.smpp.codec import Command, Framer, Malformed, Pdu, Status, answer

_log = logging.getLogger("fanzha.smsc")
_READ = 64 * 1024
_BIND_S = 10.0
_IDLE_S = 60.0
_ANSWER_S = 10.0

Handler = Callable[["Peer", Pdu], Awaitable[None]]


class Peer:
    """`sends` and `receives` say how it is bound; both False before the bind and after the end."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, window: int
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._window = window
        self._busy: set[asyncio.Task[None]] = set()
        self._waiting: dict[int, asyncio.Future[Pdu]] = {}
        self._sequence = 0
        self.sends = self.receives = False

    @property
    def bound(self) -> bool:
        return self.sends or self.receives

    async def serve(self, bind: Handler, submit: Handler) -> None:
        """Until the peer is gone. Clause 2.2: only a bind is heard first."""
        framer = Framer()
        try:
            while data := await self._listen():
                for pdu in framer.feed(data):
                    if not await self._take(pdu, bind, submit):
                        return
                await self._writer.drain()
        except Malformed as error:
            # Where frames begin is lost: say so and end (clause 4.3).
            self.send(Pdu(Command.generic_nack, error.status, 0, b""))
        except OSError:
            pass
        finally:
            await self._end()

    async def _listen(self) -> bytes:
        """The next bytes; b"" when the peer is gone or silent."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_IDLE_S if self.bound else _BIND_S):
                return await self._reader.read(_READ)
        if not self.bound:
            return b""
        self._sequence += 1
        self.send(Pdu(Command.enquire_link, 0, self._sequence, b""))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANSWER_S):
                return await self._reader.read(_READ)
        return b""

    async def _take(self, pdu: Pdu, bind: Handler, submit: Handler) -> bool:
        """One frame; False ends the connection."""
        if pdu.is_response:
            future = self._waiting.get(pdu.sequence)
            if future is not None and not future.done():
                future.set_result(pdu)
            return True
        match pdu.command:
            case Command.bind_transmitter | Command.bind_receiver | Command.bind_transceiver:
                await self._handle(bind, pdu)
            case Command.enquire_link:
                self.send(answer(pdu, Status.ESME_ROK))
            case Command.unbind:
                await self._settle()
                self.send(answer(pdu, Status.ESME_ROK))
                return False
            case Command.submit_sm if not self.sends:
                self.send(answer(pdu, Status.ESME_RINVBNDSTS))
            case Command.submit_sm if len(self._busy) >= self._window:
                self.send(answer(pdu, Status.ESME_RTHROTTLED))
            case Command.submit_sm:
                task = asyncio.create_task(self._handle(submit, pdu))
                self._busy.add(task)
                task.add_done_callback(self._busy.discard)
            case _:
                self.send(answer(pdu, Status.ESME_RINVCMDID))
        return True

    async def _handle(self, handler: Handler, pdu: Pdu) -> None:
        try:
            await handler(self, pdu)
        except Malformed as error:
            self.send(answer(pdu, error.status))
        except Exception:
            # Whether it was taken is open: to say anything would be a guess.
            _log.exception("a request broke; the connection ends")
            self.cut()

    async def request(self, frame: Callable[[int], bytes]) -> Pdu:
        """Ask this peer; TimeoutError or ConnectionError when no answer comes."""
        self._sequence += 1
        sequence = self._sequence
        future: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._waiting[sequence] = future
        try:
            if not self._writer.is_closing():
                self._writer.write(frame(sequence))
            async with asyncio.timeout(_ANSWER_S):
                return await future
        finally:
            del self._waiting[sequence]

    def send(self, pdu: Pdu) -> None:
        """Nothing happens when the peer is gone."""
        if not self._writer.is_closing():
            self._writer.write(pdu.frame)

    def cut(self) -> None:
        """End without a word."""
        self._writer.transport.abort()

    async def part(self) -> None:
        """Say good-bye where bound, and end."""
        await self._settle()
        if self.bound:
            self._sequence += 1
            self.send(Pdu(Command.unbind, 0, self._sequence, b""))
        self._writer.close()

    async def _settle(self) -> None:
        """What is being taken is answered first."""
        await asyncio.gather(*self._busy, return_exceptions=True)

    async def _end(self) -> None:
        self.sends = self.receives = False
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionError())
        await self._settle()
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

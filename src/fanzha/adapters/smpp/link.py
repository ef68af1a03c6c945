"""One bound connection to a message centre: requests and their answers, the keep-alive, the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

from fanzha.adapters.smpp.codec import (
    Bind,
    Command,
    Framer,
    Malformed,
    Pdu,
    Status,
    answer,
)
from fanzha.adapters.smpp.permission import is_loopback
from fanzha.errors import Misconfigured, Unavailable

_log = logging.getLogger("fanzha.smpp")
_READ = 64 * 1024
#: What the centre says at the bind when the account, not the moment, is wrong.
_WRONG_ACCOUNT = (Status.ESME_RINVPASWD, Status.ESME_RINVSYSID, Status.ESME_RBINDFAIL)


class LinkLost(Exception):
    """The connection ended before the answer came."""


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Where the centre is and how patient we are; seconds."""

    host: str
    port: int
    system_id: str
    password: str
    system_type: str = ""
    loopback_only: bool = False
    connect_s: float = 10.0
    answer_s: float = 30.0
    enquire_s: float = 30.0

    def __post_init__(self) -> None:
        """Misconfigured when the account's fields do not fit the wire."""
        try:
            _ = self.bind.body
        except Malformed as error:
            raise Misconfigured(
                "bad_smpp_account",
                zh="短信账号最多 15 个、密码最多 8 个 ASCII 字符",
                en="an SMPP system_id has at most 15 ASCII characters, its password at most 8",
                field="smpp_system_id",
            ) from error

    @property
    def bind(self) -> Bind:
        return Bind(self.system_id, self.password, self.system_type)


class Link:
    """Made by `open`; usable until `lost` is set. `deliver` gets every deliver_sm, unanswered."""

    def __init__(
        self,
        settings: LinkSettings,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        deliver: Callable[[Link, Pdu], None],
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._writer = writer
        self._deliver = deliver
        self._sequence = 0
        self._waiting: dict[int, asyncio.Future[Pdu]] = {}
        self._heard = asyncio.get_running_loop().time()
        self._tasks: list[asyncio.Task[None]] = []
        self.lost = asyncio.Event()

    @classmethod
    async def open(cls, settings: LinkSettings, deliver: Callable[[Link, Pdu], None]) -> Link:
        """Connect and bind as transceiver (clause 4.1.5).

        Unavailable when nobody answers, Misconfigured when the centre does not know the account.
        """
        try:
            reader, writer = await asyncio.wait_for(
                asyncio.open_connection(settings.host, settings.port), settings.connect_s
            )
        except (OSError, TimeoutError) as error:
            raise away() from error
        link = cls(settings, reader, writer, deliver)
        try:
            peer = writer.get_extra_info("peername")
            if settings.loopback_only and not is_loopback(peer[0]):
                raise Misconfigured(
                    "simulated_not_loopback",
                    zh="模拟短信只能连接本机的短信中心",
                    en="simulated texts may go only to a message centre on this machine",
                    field="smpp_host",
                )
            await link._bind()
        except BaseException:
            await link.close()
            raise
        return link

    async def _bind(self) -> None:
        settings = self._settings
        body = settings.bind.body
        self._tasks = [asyncio.create_task(self._read())]
        try:
            response = await self.request(
                lambda sequence: Pdu(Command.bind_transceiver, 0, sequence, body).frame,
                settings.connect_s,
            )
        except (LinkLost, TimeoutError) as error:
            raise away() from error
        if response.status in _WRONG_ACCOUNT:
            raise Misconfigured(
                "smpp_bind_refused",
                zh=f"短信中心拒绝登录（状态 0x{response.status:02x}）",
                en=f"the message centre refused the bind (status 0x{response.status:02x})",
                field="smpp_system_id",
            )
        if response.status != Status.ESME_ROK:
            raise away()
        self._tasks.append(asyncio.create_task(self._keep_alive()))

    async def request(self, frame: Callable[[int], bytes], timeout_s: float | None = None) -> Pdu:
        """Send one request and give its response, whatever its status.

        LinkLost and TimeoutError say that it may have arrived; a link that is lost already
        raises Unavailable, and nothing was sent.
        """
        if self.lost.is_set():
            raise away()
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        sequence = self._sequence
        future: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        octets = frame(sequence)
        self._waiting[sequence] = future
        try:
            self._write(octets)
            async with asyncio.timeout(timeout_s or self._settings.answer_s):
                await self._drain()
                return await future
        finally:
            self._waiting.pop(sequence, None)
            if future.done() and not future.cancelled():
                future.exception()  # seen, also when the drain failed first

    def respond(self, request: Pdu, status: int, message_id: str | None = None) -> None:
        """Answer the centre; nothing happens on a link that is lost."""
        if not self.lost.is_set():
            self._write(answer(request, status, message_id).frame)

    async def close(self) -> None:
        """Unbind if that still works, then let go. What waits for an answer gets LinkLost."""
        if len(self._tasks) > 1 and not self.lost.is_set():
            with contextlib.suppress(LinkLost, TimeoutError, Unavailable):
                await self.request(lambda n: Pdu(Command.unbind, 0, n, b"").frame, 1.0)
        self._end()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    def _write(self, octets: bytes) -> None:
        self._writer.write(octets)

    async def _drain(self) -> None:
        try:
            await self._writer.drain()
        except OSError as error:
            self._end()
            raise LinkLost from error

    def _end(self) -> None:
        self.lost.set()
        self._writer.close()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(LinkLost())

    async def _read(self) -> None:
        framer = Framer()
        try:
            while data := await self._reader.read(_READ):
                self._heard = asyncio.get_running_loop().time()
                for pdu in framer.feed(data):
                    if not self._take(pdu):
                        return
        except (OSError, Malformed) as error:
            _log.warning("link lost: %s", type(error).__name__)
        finally:
            self._end()

    def _take(self, pdu: Pdu) -> bool:
        """One frame from the centre; False ends the link."""
        if pdu.is_response:
            future = self._waiting.get(pdu.sequence)
            if future is not None and not future.done():
                future.set_result(pdu)
            return True
        if pdu.command == Command.deliver_sm:
            self._deliver(self, pdu)
        elif pdu.command in (Command.enquire_link, Command.unbind):
            self.respond(pdu, Status.ESME_ROK)
        else:
            self.respond(pdu, Status.ESME_RINVCMDID)
        return pdu.command != Command.unbind

    async def _keep_alive(self) -> None:
        """Ask after silence (clause 4.11); a centre that does not answer is gone."""
        clock = asyncio.get_running_loop().time
        while True:
            silent = clock() - self._heard
            if silent < self._settings.enquire_s:
                await asyncio.sleep(self._settings.enquire_s - silent)
                continue
            try:
                await self.request(lambda n: Pdu(Command.enquire_link, 0, n, b"").frame)
            except (LinkLost, TimeoutError, Unavailable):
                _log.warning("link lost: no answer to enquire_link")
                self._end()
                return


def away() -> Unavailable:
    """The message centre is not there."""
    return Unavailable(
        "smsc_away", zh="短信中心暂时联系不上", en="the message centre cannot be reached"
    )

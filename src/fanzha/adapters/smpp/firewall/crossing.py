"""One sender's connection and its own connection to the centre: bytes across, windows honoured."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Mapping
from typing import Protocol, cast

from fanzha.adapters.smpp.firewall.settings import Counts, GateSettings, Status
from fanzha.ports.text_wire import Dialect, Login, NoFrames, Taken, Verdict

__all__ = ["Crossing", "House"]

_log = logging.getLogger("fanzha.firewall")
_TURN = 96 * 1024
"""Octets of one sender that are read in one turn: more than the longest frame."""


class House(Protocol):
    """What a crossing needs of the gate it belongs to."""

    dialect: Dialect
    settings: GateSettings
    counts: Counts

    def due(self, crossing: Crossing) -> None:
        """It has bytes to be read in the next turn."""
        ...

    def let_in(self, login: Login | None, address: str) -> Awaitable[int | None]:
        """None, or the status with which a login is refused before the centre hears of it."""
        ...

    def left(self, crossing: Crossing) -> None:
        """Both its connections have ended."""
        ...


class _Side(asyncio.Protocol):
    """One of the two connections."""

    def __init__(self, crossing: Crossing, *, centre: bool) -> None:
        self._crossing = crossing
        self._centre = centre
        self.transport: asyncio.Transport | None = None
        self.full_since: float | None = None
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are of no such class
        self.transport.set_write_buffer_limits(high=self._crossing.house.settings.buffer)
        self._crossing.made(self)

    def data_received(self, data: bytes) -> None:
        if self._centre:
            self._crossing.from_centre(data)
        else:
            self._crossing.from_sender(data)

    def eof_received(self) -> bool:
        """The sender may have answers to come; the centre has not."""
        if not self._centre:
            self._crossing.sender_ended()
        return not self._centre

    def connection_lost(self, error: Exception | None) -> None:
        self.ended = True
        self._crossing.lost(centre=self._centre)

    def pause_writing(self) -> None:
        self.full_since = self._crossing.now
        self._crossing.flow()

    def resume_writing(self) -> None:
        self.full_since = None
        self._crossing.flow()

    def write(self, data: bytes) -> None:
        if data and self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def close(self) -> None:
        """What is written goes out first."""
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def read(self, *, on: bool) -> None:
        transport = self.transport
        if transport is None or transport.is_closing() or transport.is_reading() is on:
            return
        if on:
            transport.resume_reading()
        else:
            transport.pause_reading()


class Crossing:
    """Made for each connection that comes. Sequence numbers pass as they are: one sender's
    connection is one connection to the centre."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.sender = _Side(self, centre=False)
        self.centre = _Side(self, centre=True)
        self._loop = asyncio.get_running_loop()
        self.account = ""
        self.bound = False
        self._upward = b""
        self._downward = b""
        self._opening: asyncio.Task[None] | None = None
        self._eof = False
        self._finishing_since: float | None = None
        self._begun = self._heard = self.now
        self._draining = False
        self.queued = False

    @property
    def now(self) -> float:
        """Seconds that never jump."""
        return self._loop.time()

    # ── what the sides tell ──────────────────────────────────────────────────────────────────────

    def made(self, side: _Side) -> None:
        if side is self.centre:
            self._announce()

    def from_sender(self, data: bytes) -> None:
        self._heard = self.now
        self._upward = self._upward + data if self._upward else data
        self._announce()
        if len(self._upward) > self.house.settings.buffer:
            self.flow()

    def sender_ended(self) -> None:
        self._eof = True
        self._finish()
        self._announce()

    def from_centre(self, data: bytes) -> None:
        self._heard = self.now
        data = self._downward + data if self._downward else data
        try:
            end = self.house.dialect.down(data)
        except NoFrames as error:
            self.house.counts.nonsense += 1
            _log.warning("the centre of %s sent what is no frame; both ends are cut", self.label)
            self.sender.write(data[: error.good])
            self.sender.close()
            self.centre.abort()
            return
        self._downward = data[end:]
        if end:
            whole = data[:end]
            if not self.bound:
                self._look_for_login(whole)
            self.sender.write(whole)

    def lost(self, *, centre: bool) -> None:
        """One side is gone: what is whole of it still goes across, then the other ends too."""
        if centre:
            self._upward = b""
            self.sender.close()
        elif self.centre.transport is None:
            self._upward = b""
            if self._opening is not None:
                self._opening.cancel()
        else:
            self._eof = True
            self._announce()
        opened = self.centre.transport is not None
        if self.sender.ended and (self.centre.ended or not opened):
            self.house.left(self)

    # ── the way up ───────────────────────────────────────────────────────────────────────────────

    def _announce(self) -> None:
        if not self.queued:
            self.queued = True
            self.house.due(self)

    def take(self) -> Taken | None:
        """Whole frames of one turn; None where there is nothing to judge or pass on now."""
        self.queued = False
        if self.centre.transport is None:
            self._open()
            return None
        if self.centre.ended or self._draining:
            return None
        try:
            taken = self.house.dialect.up(self._upward[:_TURN])
        except NoFrames as error:
            self.house.counts.nonsense += 1
            _log.warning("%s sent what is no frame; both ends are cut", self.label)
            self._upward = b""
            self.sender.write(error.answer)
            self.sender.close()
            self.centre.close()
            return None
        if taken.end == 0:
            self._end_upward()
            return None
        if not self.account:
            self._note_account(self._upward[: taken.end])
        return taken

    def pass_on(
        self, taken: Taken, refused: Mapping[tuple[int, int], Verdict], status: Status
    ) -> None:
        """What was taken goes to the centre, but for the refused frames: (begin, end) in it."""
        data = self._upward
        self._upward = data[taken.end :]
        if not refused:
            self.centre.write(data[: taken.end] if taken.end < len(data) else data)
        else:
            pieces, answers, at = [], [], 0
            for (begin, end), verdict in sorted(refused.items(), key=lambda item: item[0]):
                pieces.append(data[at:begin])
                frame = data[begin:end]
                answers.append(self.house.dialect.answer(frame, status(self.account, verdict)))
                at = end
            pieces.append(data[at : taken.end])
            self.centre.write(b"".join(pieces))
            self.sender.write(b"".join(answers))
        if self._upward and (self._eof or len(data) > _TURN):
            self._announce()
        elif not self._upward:
            self._end_upward()
        self.flow()

    def frame(self, begin: int, end: int) -> bytes:
        """A frame of what `take` gave."""
        return self._upward[begin:end]

    def _end_upward(self) -> None:
        """Everything whole has been passed on: if the sender has ended, so does our way up."""
        if not self._eof or self.centre.transport is None or self.centre.transport.is_closing():
            return
        self._upward = b""
        if self.sender.ended:
            self.centre.close()
        elif self.centre.transport.can_write_eof():
            with contextlib.suppress(OSError, RuntimeError):
                self.centre.transport.write_eof()

    # ── opening ──────────────────────────────────────────────────────────────────────────────────

    def _open(self) -> None:
        """The centre hears of a sender with its first whole frame, not before."""
        if self._opening is not None or self.sender.ended:
            return
        try:
            taken = self.house.dialect.up(self._upward[:_TURN])
        except NoFrames as error:
            self.house.counts.nonsense += 1
            self._upward = b""
            self.sender.write(error.answer)
            self.sender.close()
            return
        if taken.end:
            first = self._upward[: self._first_end()]
            self._opening = self._loop.create_task(self._reach(first))
        elif self._eof:
            self.sender.close()

    def _first_end(self) -> int:
        at = 16
        while not (end := self.house.dialect.down(self._upward[:at])):
            at *= 2
        return end

    async def _reach(self, first: bytes) -> None:
        house, settings = self.house, self.house.settings
        login = house.dialect.login(first)
        asked = login if isinstance(login, Login) else None
        try:
            refusal = await house.let_in(asked, self.address)
        except Exception:
            # Who may come in is not known: nobody does, as if the centre were away.
            _log.exception("accounts cannot be asked")
            refusal = settings.away
        if refusal is None:
            try:
                async with asyncio.timeout(settings.connect_s):
                    await self._loop.create_connection(lambda: self.centre, *settings.to)
                return
            except (OSError, TimeoutError):
                house.counts.centre_away += 1
                _log.warning("the centre cannot be reached; a login is answered so")
                refusal = settings.away
        else:
            house.counts.turned_away += 1
        self._upward = b""
        self.sender.write(house.dialect.answer(first, refusal))
        self.sender.close()

    def _note_account(self, data: bytes) -> None:
        for frame in self._frames(data):
            login = self.house.dialect.login(frame)
            if isinstance(login, Login):
                self.account = login.account
                return

    def _look_for_login(self, data: bytes) -> None:
        for frame in self._frames(data):
            if self.house.dialect.login(frame) is True:
                self.bound = True
                return

    def _frames(self, data: bytes) -> list[bytes]:
        """At most the first few: logins come first."""
        found: list[bytes] = []
        while data and len(found) < 8:
            end = int.from_bytes(data[:4], "big")
            found.append(data[:end])
            data = data[end:]
        return found

    # ── flow, time, end ──────────────────────────────────────────────────────────────────────────

    def flow(self) -> None:
        """Who may be read: nobody whose words the other side does not take."""
        full = self.centre.full_since is not None or self.sender.full_since is not None
        waiting = len(self._upward) > self.house.settings.buffer
        self.sender.read(on=not (full or waiting or self._draining))
        self.centre.read(on=self.sender.full_since is None)

    def _finish(self) -> None:
        if self._finishing_since is None:
            self._finishing_since = self.now

    def overdue(self) -> str | None:
        """Why this crossing is to be cut; None: it is not."""
        settings, now = self.house.settings, self.now
        if self.centre.transport is None:
            late = self._opening is None and now - self._begun > settings.login_s
            return "no login came" if late else None
        for side in (self.sender, self.centre):
            if side.full_since is not None and now - side.full_since > settings.stall_s:
                return "one side takes nothing"
        if self._finishing_since is not None and now - self._finishing_since > settings.linger_s:
            return "no end came"
        return "both sides are silent" if now - self._heard > settings.idle_s else None

    def drain(self) -> None:
        """Take nothing more from the sender; answers on their way still come."""
        self._draining = True
        self.flow()

    def cut(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
        self.sender.abort()
        self.centre.abort()

    def close(self) -> None:
        self.sender.close()
        self.centre.close()

    @property
    def address(self) -> str:
        transport = self.sender.transport
        peer = transport.get_extra_info("peername") if transport is not None else None
        return str(peer[0]) if peer else ""

    @property
    def label(self) -> str:
        return self.account or "a sender"

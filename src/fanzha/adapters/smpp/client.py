"""The road to phones over SMPP: one link kept up, a window, back-off, reports joined by message."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import smpp34

from fanzha.adapters.smpp import text
from fanzha.adapters.smpp.codec import (
    ADDRESS_MAX,
    Dlr,
    Malformed,
    Pdu,
    Status,
    Tag,
    address,
    message_id_of,
    receipt_of,
    relative_time,
    typed,
)
from fanzha.adapters.smpp.link import Link, LinkLost, LinkSettings, away
from fanzha.adapters.smpp.permission import Permission
from fanzha.adapters.smpp.tracking import Out, Tracker
from fanzha.errors import FanzhaError, Refused, Unavailable, Uncertain
from fanzha.lifecycles.message.segments import split
from fanzha.ports.short_message import DeliveryReport, Receipt, ShortMessage

_log = logging.getLogger("fanzha.smpp")
#: Answers that say: not now. Nothing was taken; the same again later may be.
_BUSY = (Status.ESME_RTHROTTLED, Status.ESME_RMSGQFUL, Status.ESME_RSYSERR)
_REPORTS_MAX = 10_000
_EARLY_MAX = 1_000
_RECEIPT_WANTED = 0x01


@dataclass(frozen=True, slots=True)
class SmppSettings:
    """One account at one centre. Times in seconds.

    `send_to` is the allow-list; `simulated` means a centre on this machine and invented people.
    `back_off_s` is the first and the longest wait, of reconnecting and of throttling; `busy_s`
    is how long one message is tried while the centre says that it is busy.
    """

    host: str
    port: int
    system_id: str
    password: str
    send_to: tuple[str, ...] = ()
    simulated: bool = False
    system_type: str = ""
    window: int = 32
    connect_s: float = 10.0
    answer_s: float = 30.0
    enquire_s: float = 30.0
    busy_s: float = 30.0
    back_off_s: tuple[float, float] = (0.5, 30.0)


class SmppSender:
    """A ShortMessageSender. `async with SmppSender(settings) as sender`, or `start` and `close`."""

    def __init__(self, settings: SmppSettings) -> None:
        self._settings = settings
        self._link_settings = _link_settings(settings)
        self._permission = Permission(
            settings.send_to, simulated=settings.simulated, host=settings.host
        )
        self._tracker = Tracker()
        self._group = secrets.randbelow(0x100)
        self._window = asyncio.Semaphore(settings.window)
        self._reports: asyncio.Queue[DeliveryReport | None] = asyncio.Queue()
        self._unconfirmed: dict[int, tuple[DeliveryReport, Link, Pdu]] = {}
        self._asking: Counter[str] = Counter()
        self._early: dict[str, list[tuple[Link, Pdu]]] = {}
        self._link: Link | None = None
        self._quiet_until = 0.0
        self._keeper: asyncio.Task[None] | None = None
        self.problem: FanzhaError | None = None
        """Why there is no link, while there is none."""

    @property
    def up(self) -> bool:
        return self._link is not None and not self._link.lost.is_set()

    async def start(self) -> None:
        """Begin to keep a link; returns at once, also when the centre is not there."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Unbind and end. `reports` ends after what has come."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None
        self._reports.put_nowait(None)

    async def __aenter__(self) -> SmppSender:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def submit(self, message: ShortMessage) -> Receipt:
        self._permission.check(message.to)
        frames = _Frames.of(message, self._settings, self._next_group)
        if not self.up:
            raise away()
        out = self._tracker.begin(message.id, frames.number, len(frames.pieces))
        self._asking[out.number] += 1
        try:
            for place in range(len(frames.pieces)):
                smsc_id = await self._submit_part(frames, out, place)
                self._tracker.answered(out, place, smsc_id)
                self._hear_early(out.number)
        except Refused:
            self._tracker.end(out)
            raise
        except Unavailable as error:
            if not out.ids:
                self._tracker.end(out)
                raise
            # The person's phone may have a part of it.
            raise _uncertain() from error
        finally:
            self._asking -= Counter([out.number])
            self._hear_early(out.number)
        return Receipt(smsc_id)

    def reports(self) -> AsyncIterator[DeliveryReport]:
        return self._read_reports()

    async def _read_reports(self) -> AsyncIterator[DeliveryReport]:
        while (report := await self._reports.get()) is not None:
            yield report
        self._reports.put_nowait(None)

    async def confirm(self, report: DeliveryReport) -> None:
        found = self._unconfirmed.pop(id(report), None)
        if found is not None:
            _, link, pdu = found
            link.respond(pdu, Status.ESME_ROK, "")

    def _next_group(self) -> int:
        self._group = (self._group + 1) % 0x100
        return self._group

    async def _submit_part(self, frames: _Frames, out: Out, place: int) -> str:
        """One part until it is taken or refused, or the centre stays busy for too long."""
        clock = asyncio.get_running_loop().time
        give_up = clock() + self._settings.busy_s
        wait = self._settings.back_off_s[0]
        while True:
            async with self._window:
                await asyncio.sleep(max(0.0, self._quiet_until - clock()))
                response = await self._ask(frames, out, place)
            if response.status == Status.ESME_ROK:
                return _named(response)
            if response.status == Status.ESME_RINVBNDSTS:
                raise away()
            if response.status not in _BUSY:
                raise _refusal(response.status)
            if clock() + wait > give_up:
                raise Unavailable("smsc_busy", zh="短信中心繁忙", en="the message centre is busy")
            # All that wait hold still, or they would throttle each other on.
            self._quiet_until = max(self._quiet_until, clock() + wait * random.uniform(0.75, 1.25))  # noqa: S311
            wait = min(wait * 2, self._settings.back_off_s[1])

    async def _ask(self, frames: _Frames, out: Out, place: int) -> Pdu:
        link = self._link
        if link is None:
            raise away()
        try:
            return await link.request(lambda sequence: frames.frame(out, place, sequence))
        except (LinkLost, TimeoutError) as error:
            raise _uncertain() from error

    async def _keep(self) -> None:
        """Bind, wait until the link is lost, bind again, more slowly each time it fails."""
        settings = self._settings
        shortest, longest = settings.back_off_s
        wait = shortest
        while True:
            try:
                self._link = await Link.open(self._link_settings, self._on_deliver)
            except FanzhaError as error:
                if self.problem is None or self.problem.code != error.code:
                    _log.warning("no link to the message centre: %s", error.code)
                self.problem = error
                await asyncio.sleep(wait * random.uniform(0.75, 1.25))  # noqa: S311
                wait = min(wait * 2, longest)
                continue
            self.problem = None
            wait = shortest
            _log.info("bound to the message centre as %s", settings.system_id)
            try:
                await self._link.lost.wait()
            finally:
                link, self._link = self._link, None
                await link.close()
                self._forget(link)
            await asyncio.sleep(shortest)

    def _forget(self, link: Link) -> None:
        """Reports that were not confirmed on a lost link come again on the next."""
        for key in [k for k, (_, of, _) in self._unconfirmed.items() if of is link]:
            del self._unconfirmed[key]

    def _on_deliver(self, link: Link, pdu: Pdu) -> None:
        """A deliver_sm: a receipt is answered when it is recorded, anything else at once."""
        if self._reports.qsize() >= _REPORTS_MAX:
            link.respond(pdu, Status.ESME_RX_T_APPN, "")
            return
        try:
            dlr = _receipt(pdu)
        except Malformed as error:
            link.respond(pdu, error.status, "")
            return
        if dlr is None:
            _log.info("a text came from a phone; warnings ask for none")
        elif self._asking[dlr.number] and not self._tracker.knows(dlr) and self._room():
            # It may have overtaken the answer that names its message.
            self._early.setdefault(dlr.number, []).append((link, pdu))
            return
        report = None if dlr is None else self._tracker.take(dlr)
        if report is None:
            link.respond(pdu, Status.ESME_ROK, "")
            return
        self._unconfirmed[id(report)] = (report, link, pdu)
        self._reports.put_nowait(report)

    def _hear_early(self, number: str) -> None:
        """Receipts that came before their answer, once more."""
        for link, pdu in self._early.pop(number, ()):
            self._on_deliver(link, pdu)

    def _room(self) -> bool:
        return sum(map(len, self._early.values())) < _EARLY_MAX


@dataclass(frozen=True, slots=True)
class _Frames:
    """A message ready for the wire, in one or several submit_sm (clause 4.4)."""

    number: str
    pieces: Sequence[bytes]
    build: Callable[[Out, int, int], bytes]

    def frame(self, out: Out, place: int, sequence: int) -> bytes:
        return self.build(out, place, sequence)

    @classmethod
    def of(
        cls, message: ShortMessage, settings: SmppSettings, next_group: Callable[[], int]
    ) -> _Frames:
        """Refused when the text or the sender's name cannot be carried."""
        cut = split(message.text)
        pieces = [text.encode(part, cut.alphabet) for part in cut.parts]
        if len(pieces) > 1:
            group = next_group()
            pieces = [
                text.header(text.Part(group, len(pieces), n)) + piece
                for n, piece in enumerate(pieces, 1)
            ]
        source_ton, source_npi, source = address(message.sender)
        ton, npi, number = address(message.to)
        if not source or len(source) > ADDRESS_MAX or not source.isascii():
            raise Refused(
                "bad_sender",
                zh="发送号码不合格式",
                en="the sender's number has no valid form",
                field="smpp_sender",
            )

        def build(out: Out, place: int, sequence: int) -> bytes:
            reference = smpp34.Tlv(Tag.user_message_reference, out.reference.to_bytes(2, "big"))
            return smpp34.SubmitSm(
                source,
                number,
                pieces[place],
                source_addr_ton=source_ton,
                source_addr_npi=source_npi,
                dest_addr_ton=ton,
                dest_addr_npi=npi,
                esm_class=text.ESM_CLASS_UDHI if len(pieces) > 1 else 0,
                data_coding=text.data_coding(cut.alphabet, flash=message.flash),
                registered_delivery=_RECEIPT_WANTED,
                validity_period=relative_time(message.validity),
                tlvs=[reference],
                sequence_number=sequence,
            ).encode()

        return cls(number, pieces, build)


def _link_settings(settings: SmppSettings) -> LinkSettings:
    return LinkSettings(
        settings.host,
        settings.port,
        settings.system_id,
        settings.password,
        system_type=settings.system_type,
        loopback_only=settings.simulated,
        connect_s=settings.connect_s,
        answer_s=settings.answer_s,
        enquire_s=settings.enquire_s,
    )


def _receipt(pdu: Pdu) -> Dlr | None:
    message = typed(pdu)
    return receipt_of(message) if isinstance(message, smpp34.DeliverSm) else None


def _named(response: Pdu) -> str:
    """The id the centre gave. It took the message even when it cannot be read."""
    with contextlib.suppress(Malformed):
        if smsc_id := message_id_of(response):
            return smsc_id
    raise _uncertain()


def _refusal(status: int) -> Refused:
    try:
        name = Status(status).name.removeprefix("ESME_").lower()
    except ValueError:
        name = f"0x{status:08x}"
    return Refused(
        f"smpp_{name}",
        zh=f"短信中心拒收（状态 0x{status:02x}）",
        en=f"the message centre refused the message (status 0x{status:02x})",
    )


def _uncertain() -> Uncertain:
    return Uncertain(
        "smsc_silent",
        zh="短信中心未答复，短信可能已发出",
        en="the message centre did not answer; the text may have gone out",
    )

"""A message centre for this machine: real SMPP 3.4, a file for phones, faults on request."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import smpp34

from fanzha.adapters.smpp.codec import (
    INTERFACE_VERSION,
    STATES,
    Bind,
    Command,
    Malformed,
    Pdu,
    Status,
    Tag,
    answer,
    cstring,
    receipt_text,
)
from fanzha.adapters.smpp.peer import Peer
from fanzha.adapters.smpp.permission import is_loopback
from fanzha.adapters.smpp.store import Store
from fanzha.adapters.smpp.submission import Submission, read
from fanzha.errors import Misconfigured
from fanzha.values.mask import mask_number

_DELIVERED, _UNDELIVERABLE = 2, 5
_JOIN_MAX = 10_000
_RESEND_S = 1.0
_BINDS = {
    Command.bind_transmitter: (True, False),
    Command.bind_receiver: (False, True),
    Command.bind_transceiver: (True, True),
}


@dataclass(slots=True)
class Faults:
    """What goes wrong. Counts are used up; prefixes are of numbers as the wire writes them."""

    slow_s: float = 0.0
    throttle: int = 0
    """So many submits are answered ESME_RTHROTTLED."""
    drop_answers: int = 0
    """So many messages are taken and stored, and never answered."""
    hang_up: int = 0
    """So many messages are taken and stored, then the connection is cut."""
    die_after: int | None = None
    """The process ends at once after it has stored so many, before it answers the last."""
    refuse: Mapping[str, int] = field(default_factory=dict)
    """Prefix -> command_status."""
    undeliverable: Sequence[str] = ()
    no_receipts: bool = False


@dataclass(frozen=True, slots=True)
class SmscSettings:
    """One account. `full_numbers` writes recipients as they are instead of masked."""

    system_id: str
    password: str
    store: Path
    host: str = "127.0.0.1"
    port: int = 0
    window: int = 256
    deliver_after_s: float = 0.2
    full_numbers: bool = False
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        if not is_loopback(self.host):
            raise Misconfigured(
                "smsc_not_loopback",
                zh="本地短信中心只在本机地址上监听",
                en="the local message centre listens on this machine only",
                field="host",
            )


class Smsc:
    """`async with Smsc(settings) as smsc: smsc.port`. Texts go nowhere but into the store."""

    def __init__(self, settings: SmscSettings) -> None:
        self._settings = settings
        self._faults = settings.faults
        self._store = Store(settings.store)
        self._peers: set[Peer] = set()
        self._joining: OrderedDict[tuple[object, ...], dict[int, tuple[str, bytes]]] = OrderedDict()
        self._server: asyncio.Server | None = None
        self._receipts: set[asyncio.Task[None]] = set()
        self._receiver = asyncio.Condition()
        self._taken = 0

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> Smsc:
        self._server = await asyncio.start_server(
            self._serve, self._settings.host, self._settings.port
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._receipts:
            task.cancel()
        await asyncio.gather(*self._receipts, return_exceptions=True)
        await asyncio.gather(*(peer.part() for peer in self._peers), return_exceptions=True)
        await self._store.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer, self._settings.window)
        self._peers.add(peer)
        try:
            await peer.serve(self._bind, self._submit)
        finally:
            self._peers.discard(peer)

    async def _bind(self, peer: Peer, pdu: Pdu) -> None:
        """Clause 4.1: the account is checked before anything else is heard."""
        if peer.bound:
            peer.send(answer(pdu, Status.ESME_RALYBND))
            return
        bind = Bind.of(pdu.body)
        settings = self._settings
        if not hmac.compare_digest(bind.system_id, settings.system_id):
            status = Status.ESME_RINVSYSID
        elif not hmac.compare_digest(bind.password, settings.password):
            status = Status.ESME_RINVPASWD
        else:
            status = Status.ESME_ROK
            peer.sends, peer.receives = _BINDS[Command(pdu.command)]
        body = cstring("fanzha", 15)
        if status == Status.ESME_ROK and bind.interface_version >= INTERFACE_VERSION:
            body += bytes((0x02, 0x10, 0x00, 0x01, INTERFACE_VERSION))  # sc_interface_version
        peer.send(Pdu(pdu.command | 0x80000000, status, pdu.sequence, body))
        if status != Status.ESME_ROK:
            await peer.part()
        async with self._receiver:
            self._receiver.notify_all()

    async def _submit(self, peer: Peer, pdu: Pdu) -> None:
        """Clause 4.4: check, store, then answer. What was answered is on disk."""
        faults = self._faults
        if faults.slow_s:
            await asyncio.sleep(faults.slow_s)
        if faults.throttle:
            faults.throttle -= 1
            raise Malformed(Status.ESME_RTHROTTLED, "asked to throttle")
        submission = read(pdu, datetime.now(UTC))
        for prefix, status in faults.refuse.items():
            if submission.to.startswith(prefix):
                raise Malformed(status, "asked to refuse")
        smsc_id = uuid.uuid4().hex[:16]
        now = datetime.now(UTC)
        try:
            await self._store.add(*self._entries(submission, smsc_id, now))
        except OSError as error:
            raise Malformed(Status.ESME_RSYSERR, "the store is not writable") from error
        self._taken += 1
        if faults.die_after is not None and self._taken >= faults.die_after:
            os._exit(1)
        self._plan_receipt(submission, smsc_id, now)
        if faults.hang_up:
            faults.hang_up -= 1
            peer.cut()
        elif faults.drop_answers:
            faults.drop_answers -= 1
        else:
            peer.send(answer(pdu, Status.ESME_ROK, smsc_id))

    def _entries(
        self, submission: Submission, smsc_id: str, now: datetime
    ) -> list[dict[str, object]]:
        """The line of a message; of a part, and with the last one the line of the whole."""
        number = ("+" if submission.international else "") + submission.to
        line: dict[str, object] = {
            "kind": "message",
            "at": now.isoformat(timespec="milliseconds"),
            "ids": [smsc_id],
            "from": submission.source,
            "to": number if self._settings.full_numbers else mask_number(number),
            "flash": submission.flash,
            "data_coding": submission.data_coding,
            "text": submission.text(),
        }
        part = submission.part
        if part is None or part.total == 1:
            return [line]
        lines = [line | {"kind": "part", "part": part.number, "parts": part.total}]
        key = (submission.source, submission.to, part.reference, part.total)
        parts = self._joining.setdefault(key, {})
        parts[part.number] = (smsc_id, submission.octets)
        if len(parts) == part.total:
            del self._joining[key]
            ordered = [parts[n] for n in sorted(parts)]
            text = submission.text(b"".join(octets for _, octets in ordered))
            lines.append(line | {"ids": [i for i, _ in ordered], "text": text})
        elif len(self._joining) > _JOIN_MAX:
            self._joining.popitem(last=False)
        return lines

    def _plan_receipt(self, submission: Submission, smsc_id: str, at: datetime) -> None:
        failed = submission.to.startswith(tuple(self._faults.undeliverable))
        wanted = submission.receipt == 1 or (submission.receipt == 2 and failed)
        if wanted and not self._faults.no_receipts:
            state = _UNDELIVERABLE if failed else _DELIVERED
            task = asyncio.create_task(self._report(submission, smsc_id, state, at))
            self._receipts.add(task)
            task.add_done_callback(self._receipts.discard)

    async def _report(self, submission: Submission, smsc_id: str, state: int, at: datetime) -> None:
        """Tell until somebody says that it was heard (clause 4.6)."""
        await asyncio.sleep(self._settings.deliver_after_s)
        text = receipt_text(smsc_id, state, at, datetime.now(UTC))
        tlvs = [
            smpp34.Tlv(Tag.receipted_message_id, smsc_id.encode() + b"\0"),
            smpp34.Tlv(Tag.message_state, bytes([state])),
        ]
        if submission.reference is not None:
            tlvs.append(smpp34.Tlv(Tag.user_message_reference, submission.reference))
        assert state in STATES
        while True:
            async with self._receiver:
                await self._receiver.wait_for(lambda: any(p.receives for p in self._peers))
            peer = next(p for p in self._peers if p.receives)
            with contextlib.suppress(TimeoutError, ConnectionError):
                response = await peer.request(
                    lambda sequence: smpp34.DeliverSm(
                        submission.to,
                        submission.source,
                        text,
                        source_addr_ton=1 if submission.international else 0,
                        source_addr_npi=1,
                        esm_class=0x04,
                        tlvs=tlvs,
                        sequence_number=sequence,
                    ).encode()
                )
                if response.status == Status.ESME_ROK:
                    return
            await asyncio.sleep(_RESEND_S)

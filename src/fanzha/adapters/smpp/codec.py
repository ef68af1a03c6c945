"""SMPP 3.4 on the wire: frames, binds, answers, times, receipts. Pure; wire names verbatim.

`submit_sm` and `deliver_sm` are typed by `smpp34`; what it leaves raw is read and written here.
Clause numbers are those of the SMPP 3.4 specification, issue 1.2.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum

import smpp34

from fanzha.ports.short_message import Outcome

HEADER = struct.Struct(">IIII")
#: A frame with one message_payload of 64 KiB and its fields; more is no SMPP.
FRAME_MAX = 72 * 1024
ADDRESS_MAX = 20
RESPONSE = 0x80000000
INTERFACE_VERSION = 0x34


class Command(IntEnum):
    """command_id (clause 5.1.2.1)."""

    bind_receiver = 0x01
    bind_transmitter = 0x02
    query_sm = 0x03
    submit_sm = 0x04
    deliver_sm = 0x05
    unbind = 0x06
    bind_transceiver = 0x09
    enquire_link = 0x15
    generic_nack = 0x80000000


class Status(IntEnum):
    """command_status (clause 5.1.3)."""

    ESME_ROK = 0x00
    ESME_RINVMSGLEN = 0x01
    ESME_RINVCMDLEN = 0x02
    ESME_RINVCMDID = 0x03
    ESME_RINVBNDSTS = 0x04
    ESME_RALYBND = 0x05
    ESME_RSYSERR = 0x08
    ESME_RINVSRCADR = 0x0A
    ESME_RINVDSTADR = 0x0B
    ESME_RBINDFAIL = 0x0D
    ESME_RINVPASWD = 0x0E
    ESME_RINVSYSID = 0x0F
    ESME_RMSGQFUL = 0x14
    ESME_RINVESMCLASS = 0x43
    ESME_RSUBMITFAIL = 0x45
    ESME_RTHROTTLED = 0x58
    ESME_RINVSCHED = 0x61
    ESME_RINVEXPIRY = 0x62
    ESME_RX_T_APPN = 0x64
    ESME_RX_R_APPN = 0x66
    ESME_RINVPARLEN = 0xC2
    ESME_RDELIVERYFAILURE = 0xFE
    ESME_RUNKNOWNERR = 0xFF


class Tag(IntEnum):
    """Optional parameters that we read or write (clause 5.3.2)."""

    receipted_message_id = 0x001E
    user_message_reference = 0x0204
    sar_msg_ref_num = 0x020C
    sar_total_segments = 0x020E
    sar_segment_seqnum = 0x020F
    message_payload = 0x0424
    message_state = 0x0427


class Malformed(ValueError):
    """Bytes that are no SMPP; `status` is what the peer is told."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status


@dataclass(frozen=True, slots=True)
class Pdu:
    """One frame: the header's fields and the body as it is."""

    command: int
    status: int
    sequence: int
    body: bytes

    @property
    def is_response(self) -> bool:
        return bool(self.command & RESPONSE)

    @property
    def frame(self) -> bytes:
        head = HEADER.pack(HEADER.size + len(self.body), self.command, self.status, self.sequence)
        return head + self.body


class Framer:
    """Cuts a stream into frames. Malformed when a length cannot be one: the stream is lost."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Pdu]:
        """The frames that are complete with these bytes."""
        rest = self._rest + data
        frames = []
        at = 0
        while len(rest) - at >= HEADER.size:
            length, command, status, sequence = HEADER.unpack_from(rest, at)
            if not HEADER.size <= length <= FRAME_MAX:
                self._rest = b""
                raise Malformed(Status.ESME_RINVCMDLEN, f"a frame of {length} octets")
            if len(rest) - at < length:
                break
            frames.append(Pdu(command, status, sequence, rest[at + HEADER.size : at + length]))
            at += length
        self._rest = rest[at:]
        return frames


@dataclass(frozen=True, slots=True)
class Bind:
    """The body of a bind (clause 4.1)."""

    system_id: str
    password: str
    system_type: str = ""
    interface_version: int = INTERFACE_VERSION

    @property
    def body(self) -> bytes:
        texts = (self.system_id, 15), (self.password, 8), (self.system_type, 12)
        head = b"".join(cstring(text, limit) for text, limit in texts)
        return head + bytes([self.interface_version, 0, 0]) + b"\0"

    @classmethod
    def of(cls, body: bytes) -> Bind:
        system_id, at = read_cstring(body, 0, 15)
        # The clause allows 8 characters; centres and clients in the field use longer ones.
        password, at = read_cstring(body, at, 64)
        system_type, at = read_cstring(body, at, 12)
        if len(body) < at + 4:
            raise Malformed(Status.ESME_RINVCMDLEN, "a bind that ends early")
        version = body[at]
        _range, end = read_cstring(body, at + 3, 40)
        if end != len(body):
            raise Malformed(Status.ESME_RINVCMDLEN, "octets after a bind")
        return cls(system_id, password, system_type, version)


def cstring(text: str, limit: int) -> bytes:
    """A C-octet string of at most so many characters (clause 3.1)."""
    try:
        raw = text.encode("ascii")
    except UnicodeEncodeError as error:
        raise Malformed(Status.ESME_RINVPARLEN, "a field that is not ASCII") from error
    if len(raw) > limit or b"\0" in raw:
        raise Malformed(Status.ESME_RINVPARLEN, f"a field over {limit} characters")
    return raw + b"\0"


def read_cstring(body: bytes, at: int, limit: int) -> tuple[str, int]:
    """The string from an offset, and the offset after its NUL."""
    end = body.find(b"\0", at)
    if end < 0 or end - at > limit:
        raise Malformed(Status.ESME_RINVPARLEN, "a field without its end")
    try:
        return body[at:end].decode("ascii"), end + 1
    except UnicodeDecodeError as error:
        raise Malformed(Status.ESME_RINVPARLEN, "a field that is not ASCII") from error


def answer(request: Pdu, status: int, message_id: str | None = None) -> Pdu:
    """The response to a request; `message_id` only where the response has one (4.4.2, 4.6.2)."""
    known = {c.value for c in Command if c is not Command.generic_nack}
    if request.command not in known:
        return Pdu(Command.generic_nack, status, request.sequence, b"")
    body = b"" if message_id is None else cstring(message_id, 64)
    return Pdu(request.command | RESPONSE, status, request.sequence, body)


def message_id_of(response: Pdu) -> str:
    """The id in a submit_sm_resp."""
    return read_cstring(response.body, 0, 64)[0]


def typed(pdu: Pdu) -> smpp34.SubmitSm | smpp34.DeliverSm:
    """The fields of a submit_sm or deliver_sm."""
    try:
        found = smpp34.decode(pdu.frame)
    except smpp34.SmppError as error:
        status = re.search(r"0x([0-9A-Fa-f]+)", str(error))
        code = int(status[1], 16) if status else Status.ESME_RINVCMDLEN
        raise Malformed(code, "a message that does not parse") from error
    if isinstance(found, smpp34.RawPdu):
        raise Malformed(Status.ESME_RINVCMDID, "not a message")
    return found


def tlv(message: smpp34.SubmitSm | smpp34.DeliverSm, tag: int) -> smpp34.Tlv | None:
    """The first optional parameter of a tag (clause 3.2.4)."""
    return next((t for t in message.tlvs if t.tag == tag), None)


def address(number: str) -> tuple[int, int, str]:
    """(ton, npi, addr) of a number, a short code or a name (clauses 5.2.5, 5.2.6)."""
    if number.startswith("+"):
        return 1, 1, number[1:]
    return (3, 0, number) if number.isascii() and number.isdigit() else (5, 0, number)


def relative_time(span: timedelta) -> str:
    """A validity period from now (clause 7.1.1.2), at most 99 days and to the second."""
    seconds = max(1, min(int(span.total_seconds()), 99 * 86400))
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    return f"0000{days:02}{hours:02}{rest // 60:02}{rest % 60:02}000R"


def read_time(text: str) -> timedelta | datetime | None:
    """A relative time or an instant (clause 7.1.1); None for the empty one."""
    if not text:
        return None
    found = re.fullmatch(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d)(\d\d)([R+-])", text)
    if found is None:
        raise Malformed(Status.ESME_RINVEXPIRY, "a time of another shape")
    year, month, day, hour, minute, second, tenth, quarter = (int(g) for g in found.groups()[:8])
    if found[9] == "R":
        days = year * 365 + month * 30 + day
        return timedelta(days=days, hours=hour, minutes=minute, seconds=second)
    offset = timedelta(minutes=15 * quarter) * (1 if found[9] == "+" else -1)
    try:
        zone = timezone(offset)
        local = datetime(2000 + year, month, day, hour, minute, second, tenth * 100_000, zone)
        return local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Malformed(Status.ESME_RINVEXPIRY, "no such instant") from error


@dataclass(frozen=True, slots=True)
class Dlr:
    """A delivery receipt (appendix B). `outcome` None: the message is still on its way."""

    message_id: str
    outcome: Outcome | None
    reference: int | None
    number: str
    """The phone it is about, as the wire writes it."""


#: message_state (5.2.28) and the `stat` of appendix B -> what it means here.
STATES: dict[int, tuple[str, Outcome | None]] = {
    1: ("ENROUTE", None),
    2: ("DELIVRD", Outcome.DELIVERED),
    3: ("EXPIRED", Outcome.EXPIRED),
    4: ("DELETED", Outcome.DELETED),
    5: ("UNDELIV", Outcome.UNDELIVERABLE),
    6: ("ACCEPTD", None),
    7: ("UNKNOWN", Outcome.UNKNOWN),
    8: ("REJECTD", Outcome.REJECTED),
}
_BY_STAT = dict(STATES.values())
_ID = re.compile(rb"\bid:(\S{1,64})")
_STAT = re.compile(rb"\bstat:(\w{1,10})")


def receipt_of(message: smpp34.DeliverSm) -> Dlr | None:
    """The receipt in a deliver_sm; None when it is something else, such as a reply.

    The optional parameters win over the text, whose form is the carrier's own (appendix B).
    """
    if message.esm_class & 0x3C not in (0x04, 0x20):
        return None
    told = _ID.search(message.short_message)
    named = tlv(message, Tag.receipted_message_id)
    raw = named.value.rstrip(b"\0") if named else (told[1] if told else b"")
    stat = _STAT.search(message.short_message)
    outcome = _BY_STAT.get(stat[1].decode("ascii", "replace").upper()[:7]) if stat else None
    state = tlv(message, Tag.message_state)
    if state is not None and len(state.value) == 1 and state.value[0] in STATES:
        outcome = STATES[state.value[0]][1]
    reference = tlv(message, Tag.user_message_reference)
    ours = int.from_bytes(reference.value, "big") if reference and reference.value else None
    if not raw and ours is None:
        return None
    return Dlr(raw.decode("ascii", "replace"), outcome, ours, message.source_addr)


def receipt_text(message_id: str, state: int, submitted: datetime, done: datetime) -> bytes:
    """A receipt's text in the form of appendix B. It repeats nothing of the message."""
    stat, outcome = STATES[state]
    delivered = 1 if outcome is Outcome.DELIVERED else 0
    return (
        f"id:{message_id} sub:001 dlvrd:{delivered:03} submit date:{submitted:%y%m%d%H%M}"
        f" done date:{done:%y%m%d%H%M} stat:{stat} err:{0 if delivered else 1:03} text:"
    ).encode("ascii")

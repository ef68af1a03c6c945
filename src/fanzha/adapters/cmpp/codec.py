"""CMPP 2.0 and 3.0 on the wire: frames, logins, submits, deliveries and their answers. Pure.

Widths are those of CMPP 3.0 (China Mobile, 2003) clause 8 and of CMPP 2.0 clause 7; names are the
protocol's own. 3.0 has wider numbers, types of number, a LinkID and results of four octets.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "FRAME_MAX",
    "HEADER",
    "RESPONSE",
    "Command",
    "Connect",
    "Deliver",
    "Malformed",
    "Submit",
    "authenticator",
    "connect_resp",
    "frame",
    "resp",
    "result_of",
]

HEADER = struct.Struct(">III")
FRAME_MAX = 16 * 1024
"""255 recipients and 255 octets fit in less."""
RESPONSE = 0x80000000
V2, V3 = 0x20, 0x30


class Command(IntEnum):
    """Command_Id (3.0 clause 8.4; 2.0 clause 7.4)."""

    CONNECT = 1
    TERMINATE = 2
    SUBMIT = 4
    DELIVER = 5
    QUERY = 6
    CANCEL = 7
    ACTIVE_TEST = 8
    FWD = 9


class Malformed(ValueError):
    """Octets that are no such message."""


def frame(command: int, sequence: int, body: bytes) -> bytes:
    return HEADER.pack(HEADER.size + len(body), command, sequence) + body


def resp(command: int, sequence: int, msg_id: int, result: int, version: int) -> bytes:
    """SUBMIT_RESP or DELIVER_RESP: the result has one octet in 2.0, four in 3.0."""
    body = msg_id.to_bytes(8, "big") + _result(result, version)
    return frame(command | RESPONSE, sequence, body)


def result_of(body: bytes) -> tuple[int, int]:
    """(Msg_Id, Result) of such an answer, of either version."""
    if len(body) not in (9, 12):
        raise Malformed("an answer of another length")
    return int.from_bytes(body[:8], "big"), int.from_bytes(body[8:], "big")


def authenticator(source: str, secret: str, timestamp: int) -> bytes:
    """AuthenticatorSource: MD5 as the protocol has it; what it is worth is the carrier's matter."""
    said = source.encode("ascii") + bytes(9) + secret.encode("ascii") + b"%010d" % timestamp
    return hashlib.md5(said, usedforsecurity=False).digest()


@dataclass(frozen=True, slots=True)
class Connect:
    """CONNECT: who logs in, and the digest of its secret. `timestamp` is MMDDHHMMSS."""

    source: str
    digest: bytes
    version: int
    timestamp: int

    _FORM = struct.Struct(">6s16sBI")

    @property
    def body(self) -> bytes:
        return self._FORM.pack(
            self.source.encode("ascii"), self.digest, self.version, self.timestamp
        )

    @classmethod
    def of(cls, body: bytes) -> Connect:
        if len(body) != cls._FORM.size:
            raise Malformed("a login of another length")
        source, digest, version, timestamp = cls._FORM.unpack(body)
        return cls(_text(source), digest, version, timestamp)


def connect_resp(sequence: int, status: int, digest: bytes, version: int) -> bytes:
    """The gateway's answer; `digest` is AuthenticatorISMG, sixteen NUL octets where it says no."""
    body = _result(status, version) + digest + bytes([version])
    return frame(Command.CONNECT | RESPONSE, sequence, body)


@dataclass(frozen=True, slots=True)
class Submit:
    """SUBMIT. `content` has its user data header where `tp_udhi` is 1."""

    src_id: str
    destinations: tuple[str, ...]
    content: bytes
    version: int = V3
    msg_fmt: int = 8
    tp_udhi: int = 0
    pk_total: int = 1
    pk_number: int = 1
    msg_id: int = 0
    registered_delivery: int = 0
    msg_level: int = 0
    service_id: str = ""
    fee_user_type: int = 0
    fee_terminal_id: str = ""
    fee_terminal_type: int = 0
    tp_pid: int = 0
    msg_src: str = ""
    fee_type: str = ""
    fee_code: str = ""
    valid_time: str = ""
    at_time: str = ""
    destination_type: int = 0
    link_id: str = ""

    @property
    def body(self) -> bytes:
        wide = self.version >= V3
        number = 32 if wide else 21
        head = struct.pack(
            f">QBBBB10sB{number}s", self.msg_id, self.pk_total, self.pk_number,
            self.registered_delivery, self.msg_level, self.service_id.encode("ascii"),
            self.fee_user_type, self.fee_terminal_id.encode("ascii"),
        )  # fmt: skip
        rest = struct.pack(
            ">BBB6s2s6s17s17s21sB", self.tp_pid, self.tp_udhi, self.msg_fmt,
            *(t.encode("ascii") for t in (self.msg_src, self.fee_type, self.fee_code,
                                          self.valid_time, self.at_time, self.src_id)),
            len(self.destinations),
        )  # fmt: skip
        to = b"".join(_fixed(one, number) for one in self.destinations)
        kinds = (bytes([self.fee_terminal_type]), bytes([self.destination_type]))
        fee, kind = kinds if wide else (b"", b"")
        tail = _fixed(self.link_id, 20 if wide else 8)
        return b"".join((head, fee, rest, to, kind, bytes([len(self.content)]), self.content, tail))

    @classmethod
    def of(cls, body: bytes, version: int) -> Submit:
        """Malformed where the octets do not come out even."""
        wide = version >= V3
        number = 32 if wide else 21
        form = struct.Struct(f">QBBBB10sB{number}s{'B' if wide else ''}BBB6s2s6s17s17s21sB")
        if len(body) < form.size:
            raise Malformed("a submit that ends early")
        msg_id, total, at, registered, level, service, fee_user, fee_id, *rest = form.unpack_from(
            body
        )
        fee_type = rest.pop(0) if wide else 0
        pid, udhi, fmt, source, kind, code, valid, begin, src, count = rest
        place = form.size + count * number
        to = [body[k : k + number] for k in range(form.size, place, number)]
        destination_type = body[place] if wide and place < len(body) else 0
        place += wide
        if place >= len(body):
            raise Malformed("a submit that ends early")
        end = place + 1 + body[place]
        if len(body) != end + (20 if wide else 8):
            raise Malformed("a submit whose lengths do not add up")
        return cls(
            _text(src), tuple(map(_text, to)), body[place + 1 : end], version, fmt, udhi, total, at,
            msg_id, registered, level, _text(service), fee_user, _text(fee_id), fee_type, pid,
            _text(source), _text(kind), _text(code), _text(valid), _text(begin), destination_type,
            _text(body[end:]),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Deliver:
    """DELIVER: a text from a phone, or with `registered_delivery` 1 a report."""

    dest_id: str
    src_terminal_id: str
    content: bytes
    version: int = V3
    msg_id: int = 0
    service_id: str = ""
    tp_pid: int = 0
    tp_udhi: int = 0
    msg_fmt: int = 0
    src_terminal_type: int = 0
    registered_delivery: int = 0
    link_id: str = ""

    @property
    def body(self) -> bytes:
        wide = self.version >= V3
        head = struct.pack(
            f">Q21s10sBBB{32 if wide else 21}s", self.msg_id, self.dest_id.encode("ascii"),
            self.service_id.encode("ascii"), self.tp_pid, self.tp_udhi, self.msg_fmt,
            self.src_terminal_id.encode("ascii"),
        )  # fmt: skip
        kind = bytes([self.src_terminal_type]) if wide else b""
        rest = bytes([self.registered_delivery, len(self.content)]) + self.content
        return head + kind + rest + _fixed(self.link_id, 20 if wide else 8)

    @classmethod
    def of(cls, body: bytes, version: int) -> Deliver:
        """Malformed where the octets do not come out even."""
        wide = version >= V3
        form = struct.Struct(f">Q21s10sBBB{'32sB' if wide else '21s'}BB")
        if len(body) < form.size:
            raise Malformed("a delivery that ends early")
        msg_id, dest, service, pid, udhi, fmt, source, *rest = form.unpack_from(body)
        kind = rest.pop(0) if wide else 0
        registered, length = rest
        end = form.size + length
        if len(body) != end + (20 if wide else 8):
            raise Malformed("a delivery whose lengths do not add up")
        return cls(
            _text(dest), _text(source), body[form.size : end], version, msg_id, _text(service),
            pid, udhi, fmt, kind, registered, _text(body[end:]),
        )  # fmt: skip


def _result(value: int, version: int) -> bytes:
    return value.to_bytes(4, "big") if version >= V3 else (value & 0xFF).to_bytes(1, "big")


def _fixed(text: str, size: int) -> bytes:
    raw = text.encode("ascii")
    if len(raw) > size:
        raise Malformed(f"a field over {size} octets")
    return raw.ljust(size, b"\0")


def _text(raw: bytes) -> str:
    """Up to the first NUL; senders also pad with blanks."""
    return raw.split(b"\0", 1)[0].decode("latin-1").rstrip(" ")

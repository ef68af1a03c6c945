"""Which numbers a certificate may speak for: the TN authorization list of RFC 8226 9; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography.x509 import ObjectIdentifier

from fanzha.errors import Refused

__all__ = ["OID", "Range", "decoded", "encoded", "holds"]

OID = ObjectIdentifier("1.3.6.1.5.5.7.1.26")
"""id-pe-TNAuthList."""
_SEQUENCE, _INTEGER, _IA5 = 0x30, 0x02, 0x16
_PROVIDER, _RANGE, _ONE = 0xA0, 0xA1, 0xA2
_LONGEST = 15
_MOST_ENTRIES = 10_000


@dataclass(frozen=True, slots=True)
class Range:
    """`count` numbers from `start` on; numbers as PASSporTs write them, digits without a +."""

    start: str
    count: int = 1

    def __post_init__(self) -> None:
        if not (self.start.isascii() and self.start.isdigit()) or len(self.start) > _LONGEST:
            raise _form("号码", "numbers are up to 15 digits")
        if not 1 <= self.count <= 10**15:
            raise _form("号段", "a range counts at least one number")

    def __contains__(self, number: str) -> bool:
        if not (number.isascii() and number.isdigit()) or len(number) != len(self.start):
            return False
        return 0 <= int(number) - int(self.start) < self.count


def holds(entries: Sequence[Range], number: str) -> bool:
    """Whether `number` (digits) lies in one of them."""
    return any(number in entry for entry in entries)


def encoded(entries: Sequence[Range]) -> bytes:
    """DER."""
    return _tlv(_SEQUENCE, b"".join(_entry(entry) for entry in entries))


def decoded(der: bytes) -> list[Range]:
    """The numbers of a list; codes of providers in it name none. Raises `Refused` where it is no
    such list."""
    found: list[Range] = []
    for tag, entry in _parts(_only(der, _SEQUENCE)):
        if len(found) >= _MOST_ENTRIES:
            raise _form("授权号码", "too many entries")
        if tag == _ONE:
            found.append(Range(_text(_only(entry, _IA5))))
        elif tag == _RANGE:
            (first, start), (second, count) = _two(_only(entry, _SEQUENCE))
            if (first, second) != (_IA5, _INTEGER):
                raise _form("授权号码", "a range is a number and a count")
            found.append(Range(_text(start), int.from_bytes(count, "big", signed=True)))
        elif tag != _PROVIDER:
            raise _form("授权号码", "an entry of an unknown kind")
    return found


def _entry(entry: Range) -> bytes:
    start = _tlv(_IA5, entry.start.encode("ascii"))
    if entry.count == 1:
        return _tlv(_ONE, start)
    size = entry.count.bit_length() // 8 + 1
    count = _tlv(_INTEGER, entry.count.to_bytes(size, "big"))
    return _tlv(_RANGE, _tlv(_SEQUENCE, start + count))


def _tlv(tag: int, value: bytes) -> bytes:
    if len(value) < 0x80:
        return bytes([tag, len(value)]) + value
    size = len(value).to_bytes((len(value).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + value


def _parts(der: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(der):
        if at + 2 > len(der):
            raise _form("编码", "it breaks off")
        tag, size = der[at], der[at + 1]
        at += 2
        if size & 0x80:
            more = size & 0x7F
            if not 1 <= more <= 4 or at + more > len(der):
                raise _form("编码", "a length that is none")
            size = int.from_bytes(der[at : at + more], "big")
            at += more
        if at + size > len(der):
            raise _form("编码", "it breaks off")
        yield tag, der[at : at + size]
        at += size


def _only(der: bytes, tag: int) -> bytes:
    parts = list(_parts(der))
    if len(parts) != 1 or parts[0][0] != tag:
        raise _form("编码", "another kind of value")
    return parts[0][1]


def _two(der: bytes) -> tuple[tuple[int, bytes], tuple[int, bytes]]:
    parts = list(_parts(der))
    if len(parts) != 2:
        raise _form("编码", "not two values")
    return parts[0], parts[1]


def _text(value: bytes) -> str:
    return value.decode("ascii", "replace")


def _form(zh: str, en: str) -> Refused:
    return Refused(
        "number_scope_form",
        zh=f"证书的授权号码列表有误：{zh}",
        en=f"the certificate's list of numbers is wrong: {en}",
    )

"""The topics of the log and what stands in them. Pure; no socket.

`<prefix>.order` has one partition: a record an entry, whose offset + 1 is the entry's position.
It names the entry's stream, sender and key, and the offset of its batch in `<prefix>.<stream>`.
`<prefix>.trimmed` is compacted: for each stream the position up to which its entries are gone.
Whoever may write to a broker may write there too: a record that is none of these is passed over.
"""

from __future__ import annotations

import json
import logging
import re
from collections import OrderedDict
from dataclasses import dataclass

from fanzha.errors import Refused

__all__ = [
    "Recognised",
    "Reference",
    "Strays",
    "bound_of",
    "checked_key",
    "checked_sender",
    "checked_stream",
]

_log = logging.getLogger("fanzha.kafka")
_STRAYS_KEPT = 100_000
_STREAM = re.compile(r"[a-z][a-z0-9_]{0,60}")
_RESERVED = frozenset({"order", "trimmed"})
_LONGEST = 512
_RECORD_MOST = 16 * _LONGEST
"""Bytes of a reference: three names at their longest, each character escaped."""
_OFFSETS = 1 << 63
_TIMES = 253_402_300_800_000
"""The year 10000, in ms: a sender's clock may say anything where brokers keep that."""
_NUMBER = re.compile(rb"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A record of the order topic."""

    stream: str
    offset: int
    """Of the batch, in the stream's topic."""
    sender: str
    key: str

    def encode(self) -> bytes:
        return json.dumps(
            [self.stream, self.offset, self.sender, self.key], ensure_ascii=False
        ).encode()

    @classmethod
    def decode(cls, data: bytes, at_ms: int = 0) -> Reference | None:
        """None where the record, stored at an instant, is no reference of ours."""
        if len(data) > _RECORD_MOST or not 0 <= at_ms < _TIMES:
            return None
        try:
            stream, offset, sender, key = json.loads(data)
            if type(offset) is not int or not 0 <= offset < _OFFSETS:
                return None
            return cls(checked_stream(stream), offset, checked_sender(sender), checked_key(key))
        except (ValueError, TypeError, AttributeError, RecursionError, Refused):
            return None


def bound_of(key: bytes, value: bytes) -> tuple[str, int] | None:
    """Of the trimmed topic: a stream, and the position up to which its entries are gone. None where
    the record says no such thing."""
    if not _NUMBER.fullmatch(value):
        return None
    try:
        return checked_stream(key.decode("ascii")), int(value)
    except (UnicodeDecodeError, Refused):
        return None


class Strays:
    """Records that are no entries, each counted once however many readers pass it over."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._seen: set[tuple[str, int]] = set()
        self.count = 0

    def note(self, topic: str, offset: int, why: str) -> None:
        """Count a record, and say so: the first, the second, the fourth, the eighth …"""
        if (topic, offset) in self._seen:
            return
        if len(self._seen) < _STRAYS_KEPT:
            self._seen.add((topic, offset))
        self.count += 1
        if self.count & (self.count - 1) == 0:
            _log.warning(
                "%s: record %d of %s is no entry (%s) and is passed over; %d so far",
                self._prefix, offset, topic, why, self.count,
            )  # fmt: skip


class Recognised:
    """Keys seen within a span of the log's time, each with the position it first had."""

    def __init__(self, span_ms: int) -> None:
        self._span_ms = span_ms
        self._first: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def position(self, key: str, at_ms: int) -> int | None:
        """Where the key already stands, seen from an instant; None where it does not."""
        found = self._first.get(key)
        return None if found is None or at_ms - found[1] > self._span_ms else found[0]

    def note(self, key: str, position: int, at_ms: int) -> bool:
        """Take in a record, in order. False where it repeats one: it is no entry."""
        if self.position(key, at_ms) is not None:
            return False
        self._first[key] = (position, at_ms)
        self._first.move_to_end(key)
        while next(iter(self._first.values()))[1] < at_ms - self._span_ms:
            self._first.popitem(last=False)
        return True


def checked_stream(stream: str) -> str:
    """A stream's name as part of a topic's. Refused where it cannot be one."""
    if not _STREAM.fullmatch(stream) or stream in _RESERVED:
        raise _bad("stream", len(stream))
    return stream


def checked_sender(sender: str) -> str:
    """Refused where it is empty, too long or no text."""
    return _text(sender, "sender")


def checked_key(key: str) -> str:
    """Refused where it is empty, too long or no text."""
    return _text(key, "key")


def _text(text: str, field: str) -> str:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        size = 0
    if not 0 < size <= _LONGEST:
        raise _bad(field, len(text))
    return text


def _bad(field: str, length: int) -> Refused:
    return Refused(
        "bad_name",
        zh=f"名称为空、过长或不是文本（{length} 个字符）",
        en=f"the name is empty, too long or no text ({length} characters)",
        field=field,
    )

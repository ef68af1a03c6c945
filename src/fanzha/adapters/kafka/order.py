"""The topics of the log and what stands in them. Pure; no socket.

`<prefix>.order` has one partition: a record an entry, whose offset + 1 is the entry's position.
It names the entry's stream, sender and key, and the offset of its batch in `<prefix>.<stream>`.
`<prefix>.trimmed` is compacted: for each stream the position up to which its entries are gone.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from dataclasses import dataclass

from fanzha.errors import Refused

__all__ = ["Recognised", "Reference", "checked_key", "checked_sender", "checked_stream"]

_STREAM = re.compile(r"[a-z][a-z0-9_]{0,60}")
_RESERVED = frozenset({"order", "trimmed"})
_LONGEST = 512


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
    def decode(cls, data: bytes) -> Reference:
        stream, offset, sender, key = json.loads(data)
        return cls(stream, offset, sender, key)


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

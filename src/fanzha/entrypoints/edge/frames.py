"""Questions and answers on the local socket: short frames that thirty lines of any language write.

All numbers are unsigned, the greater byte first. A question:

    u32  length of what follows        at most 1 MiB
    u8   version                       1
    u8   count                         questions in this frame, 0 to 255
    then each:
    u8   kind                          1 number, 2 sender of a text, 3 name, 4 address (URL), 5 app
    u16  length
    …    text in UTF-8 as it was met   a number in any writing; for an app its SHA-256, 32 bytes

The answer, in the order of the questions:

    u32  length of what follows        2 + 13 · count
    u8   version                       1
    u8   count
    then each:
    u8   effect                        0 nothing, 1 label, 2 warn, 3 refuse, 9 protected
    u64  code                          what the affected party appeals with, 0: none
    u32  ends_at                       seconds since 1970, 0: no end

A client may send further frames before it has an answer; answers come in order. A frame that does
not keep to this closes the connection. An edge that has no list yet answers 0 to everything.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import numpy as np

from fanzha.errors import Refused
from fanzha.lists import asked
from fanzha.lists.asked import Asked
from fanzha.lists.form import Kind
from fanzha.lists.hits import Hits

__all__ = ["FRAME_MAX", "HEAD", "VERSION", "answered", "asked_in", "frames_in", "question"]

VERSION = 1
FRAME_MAX = 1 << 20
"""Bytes that a frame may say follow its length."""
HEAD = struct.Struct("!IBB")
_ITEM = struct.Struct("!BH")
_LENGTH = struct.Struct("!I")
_ANSWER = np.dtype([("effect", "u1"), ("code", ">u8"), ("ends_at", ">u4")])
_COUNT_MAX = 255

_READERS: dict[int, Callable[[str], Asked]] = {
    Kind.NUMBER: asked.number,
    Kind.SENDER: asked.sender,
    Kind.NAME: asked.name,
    Kind.URL: asked.url,
}


def frames_in(data: bytes | bytearray, most: int) -> tuple[list[bytes], int]:
    """Up to `most` whole frames at the beginning of `data`, each without its length, and the bytes
    they took.

    Raises Refused where a frame says that it is too long or too short to be one.
    """
    found: list[bytes] = []
    at = 0
    while at + _LENGTH.size <= len(data) and len(found) < most:
        (length,) = _LENGTH.unpack_from(data, at)
        if not 2 <= length <= FRAME_MAX:
            raise _bad()
        end = at + _LENGTH.size + length
        if end > len(data):
            break
        found.append(bytes(data[at + _LENGTH.size : end]))
        at = end
    return found, at


def asked_in(frame: bytes) -> list[Asked]:
    """The questions of a frame. Raises Refused where it does not keep to the form."""
    if frame[0] != VERSION:
        raise _bad()
    found: list[Asked] = []
    at = 2
    for _ in range(frame[1]):
        if at + _ITEM.size > len(frame):
            raise _bad()
        kind, length = _ITEM.unpack_from(frame, at)
        at += _ITEM.size
        text = frame[at : at + length]
        if len(text) != length:
            raise _bad()
        at += length
        reader = _READERS.get(kind)
        if reader is not None:
            found.append(reader(text.decode("utf-8", "replace")))
        elif kind == Kind.APP:
            found.append(asked.app(text))
        else:
            raise _bad()
    if at != len(frame):
        raise _bad()
    return found


def answered(hits: Hits, counts: Sequence[int]) -> bytes:
    """Answer frames to frames of so many questions each."""
    rows = np.empty(len(hits), _ANSWER)
    rows["effect"], rows["code"], rows["ends_at"] = hits.effect, hits.code, hits.ends_at
    data = rows.tobytes()
    parts: list[bytes] = []
    at = 0
    for count in counts:
        size = count * _ANSWER.itemsize
        parts += (HEAD.pack(2 + size, VERSION, count), data[at : at + size])
        at += size
    return b"".join(parts)


def question(items: Sequence[tuple[int, bytes]]) -> bytes:
    """A question frame of (kind, text)."""
    if len(items) > _COUNT_MAX:
        raise _bad()
    body = b"".join(_ITEM.pack(kind, len(text)) + text for kind, text in items)
    if 2 + len(body) > FRAME_MAX:
        raise _bad()
    return HEAD.pack(2 + len(body), VERSION, len(items)) + body


def _bad() -> Refused:
    return Refused(
        "frame_form",
        zh="本机接口收到的格式有误",
        en="what came over the local socket does not keep to its form",
        field="frame",
    )

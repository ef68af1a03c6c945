"""Questions and answers on the local socket: short frames that thirty lines of any language write.

All numbers are unsigned, the greater byte first. A question:

    u32  length of what follows        at most 1 MiB
    u8   version                       1
    u8   count                         questions in this frame, 0 to 255
    then each:
    u8   kind                          1 number, 2 sender of a text, 3 name, 4 address (URL), 5 app;
                                       0 the edge itself
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
not keep to this closes the connection. An edge that has no list yet answers 0 to everything. Of
itself it says effect 0, as code the version of its list (0: none), as ends_at when it last heard
its centre (0: not since it began).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.errors import Refused
from fanzha.features.kernel.compiled import Int, compiled
from fanzha.lists.batch import Written
from fanzha.lists.form import Kind
from fanzha.lists.hits import Hits

__all__ = ["FRAME_MAX", "HEAD", "OF_EDGE", "VERSION", "Asking", "answered", "question", "read"]

VERSION = 1
FRAME_MAX = 1 << 20
"""Bytes that a frame may say follow its length."""
HEAD = struct.Struct("!IBB")
_ITEM = struct.Struct("!BH")
_ANSWER = np.dtype([("effect", "u1"), ("code", ">u8"), ("ends_at", ">u4")])
_COUNT_MAX = 255
_HEAD, _ITEM_HEAD = HEAD.size, _ITEM.size
OF_EDGE = 0
"""The kind of a question that is about the edge itself."""
_MOST = int(max(Kind))

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Asking:
    """Whole frames: their questions one after the other, how many each has, the bytes they took."""

    questions: Written
    counts: list[int]
    taken: int


def read(data: bytes, most: int) -> Asking:
    """Up to `most` whole frames at the beginning of `data`. Raises Refused where one does not keep
    to the form."""
    kinds = np.empty(most * _COUNT_MAX, np.uint8)
    starts, ends = np.empty(len(kinds), np.int64), np.empty(len(kinds), np.int64)
    counts = np.empty(most, np.int64)
    text = np.frombuffer(data, np.uint8)
    frames, items, taken = _walk(text, kinds, starts, ends, counts)
    if taken < 0:
        raise _bad()
    parts: list[npt.NDArray[Any]] = [kinds[:items], starts[:items], ends[:items]]
    for part in parts:
        part.flags.writeable = False  # as the index's kernel knows its questions
    return Asking(Written(parts[0], parts[1], parts[2], text), counts[:frames].tolist(), taken)


@compiled
def _walk(
    data: npt.NDArray[np.uint8],
    kinds: npt.NDArray[np.uint8],
    starts: Ints,
    ends: Ints,
    counts: Ints,
) -> tuple[Int, Int, Int]:
    """How many frames and questions, and the bytes of these frames; −1 bytes: a bad frame."""
    frames, items, at = np.int64(0), np.int64(0), np.int64(0)
    bad = np.int64(-1)
    while frames < len(counts) and at + 4 <= len(data):
        length = np.int64(0)
        for place in range(4):
            length = length << 8 | np.int64(data[at + place])
        if length < 2 or length > FRAME_MAX:
            return frames, items, bad
        end = at + 4 + length
        if end > len(data):
            break
        if data[at + 4] != VERSION:
            return frames, items, bad
        count = np.int64(data[at + 5])
        at += _HEAD
        for _ in range(count):
            if at + _ITEM_HEAD > end:
                return frames, items, bad
            size = np.int64(data[at + 1]) << 8 | np.int64(data[at + 2])
            if data[at] > _MOST or at + _ITEM_HEAD + size > end:
                return frames, items, bad
            kinds[items] = data[at]
            starts[items] = at + _ITEM_HEAD
            at += _ITEM_HEAD + size
            ends[items] = at
            items += 1
        if at != end:
            return frames, items, bad
        counts[frames] = count
        frames += 1
    return frames, items, at


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

"""Compiled reading of SMPP: frames of a buffer, the fields of plain texts, their octets as UTF-8.

What is plain is read here, column by column; whatever else carries a text is only marked and read
by `reading`. Both give the same of the same frame: a property test.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fanzha.adapters.smpp.codec import FRAME_MAX, HEADER
from fanzha.adapters.smpp.firewall.alphabets import GSM7, LATIN, UCS2
from fanzha.detection.compiled import compiled

__all__ = ["ELSE", "FIELDS", "OTHER", "PLAIN", "cut", "utf8"]

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
I64 = npt.NDArray[np.int64]
Int: TypeAlias = int | np.int64

OTHER, PLAIN, ELSE = 0, 1, 2
"""A frame without a text; a text read here; one to be read one by one."""
FIELDS = 7
"""Of a plain text: begin and end of its frame; of its sender from type of number on; begin, end
and alphabet of its octets."""
_HEAD = HEADER.size
_SUBMIT_SM, _REPLACE_SM, _SUBMIT_MULTI, _DATA_SM = 0x04, 0x07, 0x21, 0x103
_PAYLOAD, _SAR = 0x0424, (0x020C, 0x020E, 0x020F)
_UDHI = 0x40


@compiled
def _u32(data: U8, at: Int) -> Int:
    return (
        (np.int64(data[at]) << 24)
        | (np.int64(data[at + 1]) << 16)
        | (np.int64(data[at + 2]) << 8)
        | np.int64(data[at + 3])
    )


@compiled
def _after_nul(data: U8, at: Int, end: Int) -> Int:
    """Where the field after this C-octet string begins; -1 where it has no end."""
    while at < end:
        if data[at] == 0:
            return at + 1
        at += 1
    return -1


@compiled
def cut(data: U8, alphabets: U8, frame_max: int) -> tuple[int, Int, bool, I64, U8, I64]:
    """(frames, end of the last whole one, whether what follows is none, bounds, kinds, fields).

    `alphabets` says for each data_coding which alphabet it is; `bounds` has frames + 1 places.
    """
    size = data.size
    room = size // _HEAD + 1
    bounds = np.empty(room + 1, dtype=np.int64)
    kinds = np.empty(room, dtype=np.uint8)
    fields = np.empty((room, FIELDS), dtype=np.int64)
    n = plain = 0
    at: Int = 0
    lost = False
    bounds[0] = 0
    while size - at >= _HEAD:
        length = _u32(data, at)
        if length < _HEAD or length > frame_max:
            lost = True
            break
        if size - at < length:
            break
        end = at + length
        command = _u32(data, at + 4)
        kind = OTHER
        if command == _SUBMIT_SM:
            kind = PLAIN if _plain(data, at, end, alphabets, fields[plain]) else ELSE
            plain += kind == PLAIN
        elif command in (_SUBMIT_MULTI, _DATA_SM, _REPLACE_SM):
            kind = ELSE
        kinds[n] = kind
        n += 1
        at = end
        bounds[n] = at
    return n, at, lost, bounds[: n + 1], kinds[:n], fields[:plain]


@compiled
def _plain(data: U8, begin: Int, end: Int, alphabets: U8, out: I64) -> bool:
    """The fields of a submit_sm whose text is whole and in short_message (clause 4.4.1)."""
    source = _after_nul(data, begin + _HEAD, end)
    if source < 0:
        return False
    to = _after_nul(data, source + 2, end)
    if to < 0:
        return False
    at = _after_nul(data, to + 2, end)
    if at < 0 or at + 3 > end or data[at] & _UDHI:
        return False
    at = _after_nul(data, at + 3, end)
    if at < 0:
        return False
    at = _after_nul(data, at, end)
    if at < 0 or at + 5 > end:
        return False
    alphabet, length = alphabets[data[at + 2]], np.int64(data[at + 4])
    at += 5
    if length == 0 or at + length > end or alphabet > UCS2:
        return False
    place = at + length
    while place < end:
        if place + 4 > end:
            return False
        tag = (np.int64(data[place]) << 8) | np.int64(data[place + 1])
        place += 4 + ((np.int64(data[place + 2]) << 8) | np.int64(data[place + 3]))
        if place > end or tag == _PAYLOAD or tag in _SAR:
            return False
    out[0], out[1] = begin, end
    out[2], out[3] = source, to - 1
    out[4], out[5], out[6] = at, at + length, np.int64(alphabet)
    return True


@compiled
def utf8(data: U8, fields: I64, gsm: U32, extension: U32) -> tuple[U8, I64]:
    """The texts of plain rows as one column: bytes and row offsets. What is no character of its
    alphabet becomes U+FFFD."""
    rows = fields.shape[0]
    room = np.int64(0)
    for row in range(rows):
        room += 3 * (fields[row, 5] - fields[row, 4])
    out = np.empty(room + 4, dtype=np.uint8)
    offsets = np.empty(rows + 1, dtype=np.int64)
    size: Int = 0
    offsets[0] = 0
    for row in range(rows):
        at, end, alphabet = fields[row, 4], fields[row, 5], fields[row, 6]
        if alphabet == UCS2:
            size = _wide(data, at, end, out, size)
        elif alphabet == GSM7:
            size = _septets(data, at, end, gsm, extension, out, size)
        else:
            for k in range(at, end):
                size = _put(np.int64(data[k]), out, size)
        offsets[row + 1] = size
    return out[:size], offsets


@compiled
def _wide(data: U8, at: Int, end: Int, out: U8, size: Int) -> Int:
    """Big-endian UTF-16; a last odd octet is no character."""
    while at + 1 < end:
        unit: Int = (np.int64(data[at]) << 8) | np.int64(data[at + 1])
        at += 2
        if 0xD800 <= unit < 0xE000:
            low: Int = 0
            if unit < 0xDC00 and at + 1 < end:
                low = (np.int64(data[at]) << 8) | np.int64(data[at + 1])
            if 0xDC00 <= low < 0xE000:
                unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)
                at += 2
            else:
                unit = 0xFFFD
        size = _put(unit, out, size)
    return size


@compiled
def _septets(data: U8, at: Int, end: Int, gsm: U32, extension: U32, out: U8, size: Int) -> Int:
    """One septet an octet; an octet beyond is what it is in Latin-1."""
    escaped = False
    for k in range(at, end):
        octet = data[k]
        if octet > 0x7F:
            escaped = False
            size = _put(np.int64(octet), out, size)
        elif escaped:
            escaped = False
            size = _put(np.int64(extension[octet]), out, size)
        elif octet == 0x1B:
            escaped = True
        else:
            size = _put(np.int64(gsm[octet]), out, size)
    return size


@compiled
def _put(char: Int, out: U8, size: Int) -> Int:
    if char < 0x80:
        out[size] = char
        return size + 1
    if char < 0x800:
        out[size], out[size + 1] = 0xC0 | (char >> 6), 0x80 | (char & 0x3F)
        return size + 2
    if char < 0x10000:
        out[size], out[size + 1] = 0xE0 | (char >> 12), 0x80 | ((char >> 6) & 0x3F)
        out[size + 2] = 0x80 | (char & 0x3F)
        return size + 3
    out[size], out[size + 1] = 0xF0 | (char >> 18), 0x80 | ((char >> 12) & 0x3F)
    out[size + 2], out[size + 3] = 0x80 | ((char >> 6) & 0x3F), 0x80 | (char & 0x3F)
    return size + 4


def check() -> None:
    """Compile or load the kernels now, so that no text waits for it."""
    octets = np.zeros(64, dtype=np.uint8)
    octets[3] = 64
    octets[7] = 4
    found = cut(octets, np.full(256, LATIN, dtype=np.uint8), FRAME_MAX)
    utf8(octets, found[5], np.zeros(128, np.uint32), np.zeros(128, np.uint32))

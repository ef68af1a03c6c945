"""Hashed pieces of an address, a space a part: own label, labels in front, suffix, path."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fanzha.detection.compiled import compiled
from fanzha.detection.link.v1.address import (
    ADDRESS,
    BARE_SUFFIX,
    FLAGS,
    HOST,
    HOST_END,
    I32,
    I64,
    OWN,
    OWN_END,
    PLATFORM,
    TAIL,
    U8,
    VALID,
)

__all__ = ["NAME_BITS", "PATH_BITS", "name_rows", "path_begin", "path_rows"]

F32 = npt.NDArray[np.float32]

NAME_BITS = 20
PATH_BITS = 18
_LONGEST = 6
_LONGEST_IN_FRONT = 5
_PATH_GRAM = 4
_PATH_READ = 160
"""Bytes of path and query that are read."""
_EDGE = 1
_MIX = np.uint64(0x9E3779B97F4A7C15)
_MIX_TWO = np.uint64(0xBF58476D1CE4E5B9)
_PRIME = np.uint64(0x100000001B3)
_FRONT_READ = 120
"""Bytes of the labels in front that are read, counted from the registered label."""
_OWN, _TOKEN, _FRONT, _FRONT_LABEL = 0xA1, 0xB7, 0xC3, 0xD9
_WORD, _PAIR, _RUN, _PARAMETER, _ENDING = 0x11, 0x23, 0x35, 0x47, 0x59


@compiled
def _bucket(key: np.uint64, bits: int) -> np.int64:
    spread = (key ^ (key >> np.uint64(31))) * _MIX
    spread = (spread ^ (spread >> np.uint64(30))) * _MIX_TWO
    return np.int64(spread >> np.uint64(64 - bits))


@compiled
def _of(kind: int, a: np.uint64, b: np.uint64) -> np.uint64:
    return ((np.uint64(kind) * _MIX) ^ a) * _MIX_TWO ^ (b * _MIX)


@compiled
def _hashed(data: U8, begin: int, end: int, space: int) -> np.uint64:
    key = np.uint64(space)
    for i in range(begin, end):
        key = (key ^ np.uint64(data[i])) * _PRIME
    return key


@compiled
def _runs(data: U8, start: int, end: int, space: int, longest: int, shortest: int, out: I64,
          n: int) -> int:  # fmt: skip
    """Runs of characters, the edges of the text among them."""
    for i in range(start - 1, end + 1):
        key = np.uint64(space)
        for size in range(longest):
            k = i - size
            if k < start - 1:
                break
            c = np.uint64(data[k]) if start <= k < end else np.uint64(_EDGE)
            key = (key ^ c) * _PRIME
            if size + 1 >= shortest and (size > 0 or start <= i < end):
                out[n] = _bucket(key, NAME_BITS)
                n += 1
    return n


@compiled
def front_begin(data: U8, base: int, part: I32) -> int:
    """Where the labels in front begin; a leading `www.` says nothing and is passed over."""
    host, own = base + part[HOST], base + part[OWN]
    if own - host >= 4 and data[host + 3] == 46:
        host += 4 * (data[host] == 119 and data[host + 1] == 119 and data[host + 2] == 119)
    return int(max(host, own - _FRONT_READ))


@compiled
def readable(flags: int) -> bool:
    """Whether there is a label to read."""
    return flags & VALID != 0 and flags & ADDRESS == 0


@compiled
def name_pieces(data: U8, base: int, part: I32, out: I64, marks: I64) -> int:
    """Buckets of one name into `out`, how many into the answer. `marks` takes where the own
    label's pieces end and where the suffix's end; the labels in front are last."""
    start, end = base + part[OWN], base + part[OWN_END]
    n = _runs(data, start, end, _OWN, _LONGEST, 1, out, 0)
    digits = hyphens = vowels = run = longest_run = digit_run = longest_digits = 0
    begin = start
    for i in range(start, end + 1):
        c = int(data[i]) if i < end else 45
        if c == 45:
            if i > begin:
                out[n] = _bucket(_hashed(data, begin, i, _TOKEN), NAME_BITS)
                n += 1
            begin = i + 1
            hyphens += i < end
            run = digit_run = 0
            continue
        digit = 48 <= c <= 57
        vowel = c == 97 or c == 101 or c == 105 or c == 111 or c == 117 or c == 121
        digits += digit
        vowels += vowel
        run = 0 if vowel or digit else run + 1
        digit_run = digit_run + 1 if digit else 0
        longest_run = max(longest_run, run)
        longest_digits = max(longest_digits, digit_run)
    size = end - start
    zero = np.uint64(0)
    for kind, value in (
        (1, min(size, 40)), (2, min(digits, 8)), (3, min(hyphens, 5)), (4, min(longest_run, 9)),
        (5, vowels * 10 // max(size, 1)), (6, min(longest_digits, 9)),
        (13, min(size, 30) * 8 + min(digits, 5)),
    ):  # fmt: skip
        out[n] = _bucket(_of(kind, np.uint64(value), zero), NAME_BITS)
        n += 1
    marks[0] = n
    n = _suffix(data, base, part, size, digits, hyphens, out, n)
    marks[1] = n
    front = front_begin(data, base, part)
    if part[FLAGS] & BARE_SUFFIX or front >= start:
        out[n] = _bucket(_of(17, zero, zero), NAME_BITS)
        return n + 1
    n = _runs(data, front, start - 1, _FRONT, _LONGEST_IN_FRONT, 2, out, n)
    begin, below = front, 0
    for i in range(front, start):
        if data[i] == 46:
            out[n] = _bucket(_hashed(data, begin, i, _FRONT_LABEL), NAME_BITS)
            n += 1
            begin = i + 1
            below += 1
    out[n] = _bucket(_of(17, np.uint64(below), zero), NAME_BITS)
    out[n + 1] = _bucket(_of(18, np.uint64(min(start - front, 60) // 3), zero), NAME_BITS)
    return n + 2


@compiled
def _suffix(data: U8, base: int, part: I32, size: int, digits: int, hyphens: int, out: I64,
            n: int) -> int:  # fmt: skip
    """The suffix by itself, and with what stands before it."""
    start, end = base + part[OWN], base + part[OWN_END]
    stop = base + part[HOST_END]
    whole, last = np.uint64(7), np.uint64(7)
    for i in range(end + 1, stop):
        whole = (whole ^ np.uint64(data[i])) * _MIX
        last = np.uint64(7) if data[i] == 46 else (last ^ np.uint64(data[i])) * _MIX
    platform = np.uint64(1) if part[FLAGS] & PLATFORM else np.uint64(0)
    zero = np.uint64(0)
    for kind, a, b in (
        (7, whole, zero), (8, last, zero), (9, whole, np.uint64(min(size, 24) // 2)),
        (10, whole, np.uint64(min(digits, 3))), (11, whole, np.uint64(min(hyphens, 3))),
        (14, platform, zero),
        (15, whole, _hashed(data, max(start, end - 3), end, 5)),
        (16, whole, _hashed(data, start, min(end, start + 3), 6)),
    ):  # fmt: skip
        out[n] = _bucket(_of(kind, a, b), NAME_BITS)
        n += 1
    return n


@compiled
def name_room(part: I32) -> int:
    """Places that the pieces of a name can take."""
    own = part[OWN_END] - part[OWN] + 2
    front = min(max(part[OWN] - part[HOST], 0), _FRONT_READ) + 2
    return int(own * (_LONGEST + 1) + front * (_LONGEST_IN_FRONT + 1) + 40)


@compiled
def name_rows(data: U8, offsets: I64, parts: I32) -> tuple[I64, I64, F32]:
    """For training: buckets of all rows, row begins, the value of a row's pieces."""
    rows = parts.shape[0]
    room = np.int64(0)
    for row in range(rows):
        room += name_room(parts[row])
    buckets = np.empty(room, dtype=np.int64)
    begins = np.zeros(rows + 1, dtype=np.int64)
    values = np.zeros(rows, dtype=np.float32)
    marks = np.zeros(2, dtype=np.int64)
    n = np.int64(0)
    for row in range(rows):
        if readable(parts[row, FLAGS]):
            many = name_pieces(data, offsets[row], parts[row], buckets[n:], marks)
            values[row] = np.float32(1) / np.sqrt(np.float32(many))
            n += many
        begins[row + 1] = n
    return buckets[:n], begins, values


@compiled
def path_begin(data: U8, base: int, end: int, part: I32) -> int:
    """Where a path that says something begins; `end` where there is none, a bare `/` or `?`."""
    at = base + part[TAIL]
    while at < end and data[at] in (47, 63, 92):
        at += 1
    return int(min(at, end)) if part[FLAGS] & VALID and data[min(at, end - 1)] != 35 else int(end)


@compiled
def _class_of(c: int) -> int:
    """1 letter, 2 digit, 0 neither."""
    return 1 if 97 <= c <= 122 or c >= 128 else 2 if 48 <= c <= 57 else 0


@compiled
def path_pieces(data: U8, begin: int, end: int, out: I64) -> int:
    """Buckets of one path: words, pairs of words, runs, parameters; never its length or depth,
    so that neither having a path nor a long one says anything by itself."""
    stop = begin
    while stop < end and stop - begin < _PATH_READ and data[stop] != 35:
        stop += 1
    n = 0
    before = np.uint64(0)
    i = begin
    while i < stop:
        if _class_of(data[i]) == 0:
            i += 1
            continue
        j, letters, digits = i, 0, 0
        while j < stop and _class_of(data[j]) != 0:
            kind = _class_of(data[j])
            letters += kind == 1
            digits += kind == 2
            j += 1
        if letters == 0 or (digits >= 2 and j - i >= 8):
            key = _of(_RUN, np.uint64(min(j - i, 40) // 2), np.uint64(letters == 0))
        else:
            key = _hashed(data, i, j, _WORD)
        out[n] = _bucket(key, PATH_BITS)
        out[n + 1] = _bucket(_of(_PAIR, before, key), PATH_BITS)
        n += 2
        if i > begin and data[i - 1] == 46 and (j == stop or data[j] in (47, 63, 35)):
            out[n] = _bucket(_of(_ENDING, key, np.uint64(0)), PATH_BITS)
            n += 1
        if j < stop and data[j] == 61:
            out[n] = _bucket(_of(_PARAMETER, key, np.uint64(0)), PATH_BITS)
            n += 1
        before, i = key, j
    for i in range(begin, stop - _PATH_GRAM + 1):
        out[n] = _bucket(_hashed(data, i, i + _PATH_GRAM, _RUN), PATH_BITS)
        n += 1
    return n


PATH_ROOM = _PATH_READ * 4


@compiled
def path_rows(data: U8, offsets: I64, parts: I32) -> tuple[I64, I64, F32]:
    """As `name_rows`, of the paths; rows without one are empty."""
    rows = parts.shape[0]
    room = np.int64(0)
    for row in range(rows):
        room += min(offsets[row + 1] - offsets[row], _PATH_READ) * 4 + 8
    buckets = np.empty(room, dtype=np.int64)
    begins = np.zeros(rows + 1, dtype=np.int64)
    values = np.zeros(rows, dtype=np.float32)
    n = np.int64(0)
    for row in range(rows):
        begin, end = 0, offsets[row + 1]
        if end > offsets[row] and parts[row, FLAGS] & VALID:
            begin = path_begin(data, offsets[row], end, parts[row])
            if begin < end:
                many = path_pieces(data, begin, end, buckets[n:])
                if many > 0:
                    values[row] = np.float32(1) / np.sqrt(np.float32(many))
                n += many
        begins[row + 1] = n
    return buckets[:n], begins, values

"""What the trees look at: linear scores by part, and how the name is built."""

from __future__ import annotations

import numpy as np

from fanzha.detection.compiled import compiled
from fanzha.detection.link.ranking.grams import (
    F32,
    PATH_ROOM,
    front_begin,
    name_pieces,
    name_room,
    path_begin,
    path_pieces,
    readable,
)
from fanzha.detection.link.v1.address import (
    CODE,
    FLAGS,
    HOST_END,
    I32,
    I64,
    IDN,
    OWN,
    OWN_END,
    PLATFORM,
    U8,
    U64,
    VALID,
    find,
)

__all__ = [
    "COLUMNS", "host_keys", "known_as", "measure_names", "measure_paths", "name_keys", "path_keys",
]  # fmt: skip

COLUMNS = (
    "linear", "linear_own", "linear_suffix", "linear_front", "share_unseen", "most", "least",
    "above", "own_size", "digits", "hyphens", "consonants", "vowels", "digit_run", "distinct",
    "switches", "longest_token", "suffix_size", "suffix_levels", "platform", "idn", "front_size",
    "front_labels", "front_digits", "front_hyphens", "front_longest", "likeness", "kind",
)  # fmt: skip
"""`linear…`: log-odds of the hashed pieces, of all and of a part; `share_unseen`: of pieces that
training never saw; `most`, `least`: the weightiest piece either way; `above`: the sum of those that
speak for a scam; `kind`: −1 delivery, −2 closed suffix, −3 shortener, 0 other."""

_START = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)


@compiled
def measure_names(data: U8, offsets: I64, parts: I32, likeness: I32, weights: F32, bias: float
                  ) -> F32:  # fmt: skip
    """(rows, COLUMNS); zeros where there is no name to read."""
    rows = parts.shape[0]
    out = np.zeros((rows, 28), dtype=np.float32)
    found = np.empty(4_096, dtype=np.int64)
    marks = np.zeros(2, dtype=np.int64)
    seen = np.zeros(256, dtype=np.int64)
    for row in range(rows):
        part = parts[row]
        if not readable(part[FLAGS]) or name_room(part) > found.size:
            continue
        n = name_pieces(data, offsets[row], part, found, marks)
        _linear(found, n, marks, weights, bias, out[row])
        _build(data, offsets[row], part, seen, row + 1, out[row])
        _front(data, offsets[row], part, out[row])
        out[row, 26] = likeness[row]
        out[row, 27] = min(part[CODE], 0)
    return out


@compiled
def _linear(found: I64, n: int, marks: I64, weights: F32, bias: float, out: F32) -> None:
    own = suffix = front = above = most = least = np.float32(0)
    unseen = 0
    for k in range(n):
        w = weights[found[k]]
        unseen += w == 0
        if w > 0:
            above += w
        most, least = max(most, w), min(least, w)
        if k < marks[0]:
            own += w
        elif k < marks[1]:
            suffix += w
        else:
            front += w
    root = np.sqrt(np.float32(n))
    out[0] = (own + suffix + front) / root + bias
    out[1], out[2], out[3] = own / root, suffix / root, front / root
    out[4] = np.float32(unseen) / np.float32(n)
    out[5], out[6], out[7] = most, least, above / root


@compiled
def _build(data: U8, base: int, part: I32, seen: I64, stamp: int, out: F32) -> None:
    start, end = base + part[OWN], base + part[OWN_END]
    digits = hyphens = vowels = run = longest_run = digit_run = longest_digits = 0
    distinct = switches = token = longest_token = 0
    before = 0
    for i in range(start, end):
        c = int(data[i])
        if seen[c] != stamp:
            seen[c] = stamp
            distinct += 1
        if c == 45:
            hyphens += 1
            run = digit_run = token = 0
            before = 0
            continue
        digit = 48 <= c <= 57
        vowel = c == 97 or c == 101 or c == 105 or c == 111 or c == 117 or c == 121
        digits += digit
        vowels += vowel
        run = 0 if vowel or digit else run + 1
        digit_run = digit_run + 1 if digit else 0
        token += 1
        kind = 2 if digit else 1
        switches += before != 0 and before != kind
        before = kind
        longest_run = max(longest_run, run)
        longest_digits = max(longest_digits, digit_run)
        longest_token = max(longest_token, token)
    size = max(end - start, 1)
    out[8], out[9], out[10], out[11] = size, digits, hyphens, longest_run
    out[12] = np.float32(vowels) / np.float32(size)
    out[13], out[14] = longest_digits, np.float32(distinct) / np.float32(size)
    out[15], out[16] = switches, longest_token
    levels = 0
    for i in range(end, base + part[HOST_END]):
        levels += data[i] == 46
    out[17], out[18] = base + part[HOST_END] - end, levels
    out[19], out[20] = part[FLAGS] & PLATFORM != 0, part[FLAGS] & IDN != 0


@compiled
def _front(data: U8, base: int, part: I32, out: F32) -> None:
    start = base + part[OWN]
    front = front_begin(data, base, part)
    label = 0
    for i in range(front, start):
        c = data[i]
        label = 0 if c == 46 else label + 1
        out[22] += c == 46
        out[23] += 48 <= c <= 57
        out[24] += c == 45
        out[25] = max(out[25], label)
    out[21] = max(start - front, 0)


@compiled
def measure_paths(data: U8, offsets: I64, parts: I32, weights: F32, bias: float) -> F32:
    """Log-odds of every path; 0 where there is none."""
    rows = parts.shape[0]
    out = np.zeros(rows, dtype=np.float32)
    found = np.empty(PATH_ROOM + 8, dtype=np.int64)
    for row in range(rows):
        end = offsets[row + 1]
        if end == offsets[row] or not parts[row, FLAGS] & VALID:
            continue
        begin = path_begin(data, offsets[row], end, parts[row])
        if begin == end:
            continue
        n = path_pieces(data, begin, end, found)
        if n == 0:
            continue
        total = np.float32(0)
        for k in range(n):
            total += weights[found[k]]
        out[row] = total / np.sqrt(np.float32(n)) + bias
    return out


@compiled
def name_keys(data: U8, offsets: I64, parts: I32) -> U64:
    """Keys of the registered names (`address.name_key`); 0 where there is none."""
    out = np.zeros(parts.shape[0], dtype=np.uint64)
    for row in range(parts.shape[0]):
        if not readable(parts[row, FLAGS]):
            continue
        key = _START
        begin = offsets[row] + parts[row, OWN]
        i = offsets[row] + parts[row, HOST_END] - 1
        while i >= begin:
            key = (key ^ np.uint64(data[i])) * _PRIME
            i -= 1
        out[row] = key if key != 0 else np.uint64(1)
    return out


@compiled
def host_keys(data: U8, offsets: I64, parts: I32) -> U64:
    """Keys of whole hosts without a leading `www.`; 0 where there is none."""
    out = np.zeros(parts.shape[0], dtype=np.uint64)
    for row in range(parts.shape[0]):
        if not readable(parts[row, FLAGS]):
            continue
        key = _START
        begin = min(front_begin(data, offsets[row], parts[row]), offsets[row] + parts[row, OWN])
        i = offsets[row] + parts[row, HOST_END] - 1
        while i >= begin:
            key = (key ^ np.uint64(data[i])) * _PRIME
            i -= 1
        out[row] = key if key != 0 else np.uint64(1)
    return out


@compiled
def path_keys(data: U8, offsets: I64, parts: I32) -> U64:
    """Keys of paths with their queries; 0 where there is none."""
    out = np.zeros(parts.shape[0], dtype=np.uint64)
    for row in range(parts.shape[0]):
        end = offsets[row + 1]
        if end == offsets[row] or not parts[row, FLAGS] & VALID:
            continue
        begin = path_begin(data, offsets[row], end, parts[row])
        if begin == end:
            continue
        key = _START
        for i in range(begin, end):
            key = (key ^ np.uint64(data[i])) * _PRIME
        out[row] = key if key != 0 else np.uint64(1)
    return out


@compiled
def known_as(keys: U64, table: U64, values: F32) -> F32:
    """What the table holds of each key; 0 where it is not known."""
    out = np.zeros(keys.size, dtype=np.float32)
    for row in range(keys.size):
        if keys[row] != 0:
            slot = find(keys[row], table)
            if slot >= 0:
                out[row] = values[slot]
    return out

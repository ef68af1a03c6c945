"""Takes addresses apart on their bytes: host, registered part, own label, port, path."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fanzha.detection.compiled import compiled

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

#: Columns of what `take_apart` returns; positions count from the row's first byte.
HOST, OWN, OWN_END, HOST_END, TAIL, USER, USER_END, PORT, FLAGS, CODE, BELOW = range(11)
"""OWN…OWN_END is the label somebody registered, OWN…HOST_END the registered name.
CODE is what the names table says of it; BELOW counts the labels in front of it."""
FIELDS = 11

VALID, STRANGE, ADDRESS, PLATFORM, IDN, SCHEMED, BARE_SUFFIX, CUT = 1, 2, 4, 8, 16, 32, 64, 128
"""CUT: longer than is read; judged by its host and the beginning of its path."""
#: Rules of the suffix list; a row of the names table carries one or more.
RULE, PRIVATE, WILD, WILD_PRIVATE, EXCEPTION = 1, 2, 4, 8, 16

_START = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)
_DOT, _COLON, _SLASH, _AT, _HYPHEN = 46, 58, 47, 64, 45
_LONGEST_LABEL, _LONGEST_NAME, _LONGEST_SCHEME = 63, 253, 16


def name_key(name: str) -> int:
    """The key of a name in the names table: its bytes from the last to the first."""
    key = int(_START)
    for byte in reversed(name.encode("ascii")):
        key = ((key ^ byte) * int(_PRIME)) & 0xFFFFFFFFFFFFFFFF
    return key or 1


@compiled
def lower(data: U8) -> U8:
    """ASCII capitals made small."""
    out = np.empty_like(data)
    for i in range(data.size):
        c = data[i]
        out[i] = c + 32 if 65 <= c <= 90 else c
    return out


@compiled
def find(key: np.uint64, keys: U64) -> np.int64:
    """Where a key stands in an open table; −1 where it does not."""
    mask = np.uint64(keys.size - 1)
    slot = (key ^ (key >> np.uint64(29))) & mask
    while keys[slot] != 0:
        if keys[slot] == key:
            return np.int64(slot)
        slot = (slot + np.uint64(1)) & mask
    return np.int64(-1)


@compiled
def _plain(data: U8, start: int, end: int) -> bool:
    """Printable ASCII; everything else is read the slow way."""
    for i in range(start, end):
        c = data[i]
        if c <= 32 or c >= 127:
            return False
    return True


@compiled
def _name_form(data: U8, start: int, end: int) -> tuple[bool, bool]:
    """(whether it has the form of a DNS name or IPv4 address, whether it is all digits)."""
    if end <= start or end - start > _LONGEST_NAME:
        return False, False
    digits = True
    begin = start
    for i in range(start, end + 1):
        c = data[i] if i < end else np.uint8(_DOT)
        if c == _DOT:
            size = i - begin
            if size < 1 or size > _LONGEST_LABEL or data[begin] == _HYPHEN:
                return False, False
            if data[i - 1] == _HYPHEN:
                return False, False
            begin = i + 1
            continue
        is_digit = 48 <= c <= 57
        if not (is_digit or 97 <= c <= 122 or c == _HYPHEN or c == 95):
            return False, False
        digits = digits and bool(is_digit)
    return True, digits


@compiled
def _ipv4_form(data: U8, start: int, end: int) -> bool:
    """Four decimal numbers below 256 without leading zeros."""
    parts, value, size = 1, 0, 0
    for i in range(start, end):
        c = data[i]
        if c == _DOT:
            parts += 1
            value = size = 0
            continue
        if size > 0 and value == 0:
            return False
        value, size = value * 10 + (c - 48), size + 1
        if value > 255:
            return False
    return parts == 4


@compiled
def _ipv4(data: U8, start: int, end: int) -> bool:
    """Whether it is an IPv4 address as it is usually written."""
    fine, digits = _name_form(data, start, end)
    return bool(fine and digits and _ipv4_form(data, start, end))


@compiled
def _registered(
    data: U8, out: I32, base: int, start: int, end: int, keys: U64, rules: U8, codes: I32
) -> None:
    """Walks the host from its end: under which suffix it stands, what the table says of it."""
    key = _START
    label_end, suffix, code = end, -1, np.int32(0)
    private = wild = wild_private = stopped = False
    for i in range(end - 1, start - 2, -1):
        if i >= start and data[i] != _DOT:
            key = (key ^ np.uint64(data[i])) * _PRIME
            continue
        if suffix < 0 or (wild and not stopped):
            suffix, private = i + 1, wild_private
        wild = wild_private = False
        slot = find(key, keys)
        if slot >= 0 and codes[slot] != 0:
            code = codes[slot]
        if slot >= 0 and not stopped:
            rule = rules[slot]
            if rule & EXCEPTION:
                suffix, stopped = label_end + 1, True
            elif rule & (RULE | PRIVATE):
                suffix, private = i + 1, rule & PRIVATE != 0
            wild = rule & (WILD | WILD_PRIVATE) != 0
            wild_private = rule & WILD_PRIVATE != 0
        label_end = i
        if i >= start:
            key = (key ^ np.uint64(_DOT)) * _PRIME
    own_end = suffix - 1
    own = own_end
    while own > start and data[own - 1] != _DOT:
        own -= 1
    if own_end <= start:
        out[FLAGS] |= BARE_SUFFIX
        own, own_end = start, end
    elif private:
        out[FLAGS] |= PLATFORM
    out[OWN], out[OWN_END], out[CODE] = own - base, own_end - base, code
    for i in range(start, own):
        out[BELOW] += data[i] == _DOT


@compiled
def _web_scheme(data: U8, start: int, end: int) -> bool:
    """Whether it is `http`, `https`, `ws`, `wss` or `ftp`."""
    size = end - start
    if size == 2 or size == 3:
        if data[start] == 119 and data[end - 1] == 115:
            return bool(size == 2 or data[start + 1] == 115)
        return bool(size == 3 and data[start] == 102 and data[start + 1] == 116
                    and data[start + 2] == 112)  # fmt: skip
    if size == 4 or (size == 5 and data[end - 1] == 115):
        return bool(data[start] == 104 and data[start + 1] == 116 and data[start + 2] == 116
                    and data[start + 3] == 112)  # fmt: skip
    return False


@compiled
def _scheme_end(data: U8, base: int, end: int) -> int:
    """Where the colon of something written like a scheme stands; −1 where there is none."""
    for i in range(base, min(end, base + _LONGEST_SCHEME + 1)):
        c = data[i]
        letter = 97 <= c <= 122
        if c == _COLON:
            return int(i) if i > base else -1
        if not (letter or (i > base and (48 <= c <= 57 or c in (43, _DOT, _HYPHEN)))):
            return -1
    return -1


@compiled
def _odd(data: U8, host: int, stop: int) -> bool:
    """Whether only the slow reader can say what this host is: a last label that begins with a
    digit may be a number in disguise, a coded label may be coded wrongly."""
    if data[host] == 91:
        return True
    last = host
    for i in range(host, stop):
        begins = i + 4 <= stop and (i == host or data[i - 1] == _DOT)
        if begins and data[i] == 120 and data[i + 1] == 110 and data[i + 2] == _HYPHEN:
            return True
        if data[i] == _DOT:
            last = i + 1
    return last < stop and 48 <= data[last] <= 57


@compiled
def take_apart(data: U8, offsets: I64, keys: U64, rules: U8, codes: I32, longest: int,
               normal: bool) -> I32:  # fmt: skip
    """(rows, FIELDS). `data` is lower case. STRANGE rows need the slow reader first; with
    `normal` they come from it (`values.url`), and what it lets pass is not doubted again."""
    rows = offsets.size - 1
    out = np.zeros((rows, FIELDS), dtype=np.int32)
    for row in range(rows):
        _one(data, offsets[row], offsets[row + 1], out[row], keys, rules, codes, longest, normal)
    return out


@compiled
def _one(data: U8, base: int, end: int, out: I32, keys: U64, rules: U8, codes: I32,
         longest: int, normal: bool) -> None:  # fmt: skip
    out[FLAGS] = STRANGE
    out[PORT] = -1
    if end == base or end - base > longest or not _plain(data, base, end):
        return
    start = base
    flags = VALID
    colon = _scheme_end(data, base, end)
    if colon >= 0:
        if colon + 2 < end and data[colon + 1] == _SLASH and data[colon + 2] == _SLASH:
            start, flags = colon + 3, flags | SCHEMED
        elif not normal and _web_scheme(data, base, colon):
            return
    tail = start
    at = -1
    while tail < end and data[tail] not in (_SLASH, 92, 63, 35):
        if data[tail] == _AT:
            at = tail
        tail += 1
    host, stop = start if at < 0 else at + 1, tail
    port = -1
    for i in range(tail - 1, max(host, tail - 7), -1):
        if data[tail - 1] == 93:
            break
        if data[i] == _COLON:
            port = 0
            for k in range(i + 1, tail):
                if not 48 <= data[k] <= 57:
                    return
                port = port * 10 + (data[k] - 48)
            if i + 1 == tail or port > 65535:
                return
            stop = i
            break
    if stop == host or (not normal and _odd(data, host, stop) and not _ipv4(data, host, stop)):
        return
    if not flags & SCHEMED and _web_scheme(data, host, stop):
        return
    if stop - host > 2 and data[host] == 91 and data[stop - 1] == 93:
        flags |= ADDRESS
    else:
        fine, digits = _name_form(data, host, stop)
        if not fine or (digits and not _ipv4_form(data, host, stop)):
            return
        if digits:
            flags |= ADDRESS
    out[FLAGS], out[PORT] = flags, port
    out[HOST], out[HOST_END], out[TAIL] = host - base, stop - base, tail - base
    if at >= 0:
        out[USER], out[USER_END] = start - base, at - base
    if flags & ADDRESS:
        out[OWN], out[OWN_END] = host - base, stop - base
        return
    for i in range(host, stop - 4):
        if (i == host or data[i - 1] == _DOT) and data[i] == 120 and data[i + 1] == 110 \
                and data[i + 2] == _HYPHEN and data[i + 3] == _HYPHEN:  # fmt: skip
            out[FLAGS] |= IDN
            break
    _registered(data, out, base, host, stop, keys, rules, codes)

"""Machine code of text v1: bytes to normal form, and n-gram sums over it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fanzha.detection.compiled import bare, compiled, inlined
from fanzha.detection.text.v1.sounds import SOUNDED, Sounds, sounded

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
F32 = npt.NDArray[np.float32]

#: What a character becomes before runs are looked at.
DROP, GAP = 0, 1
EXPANDED = 1 << 24
#: Bits of the table of kinds: a numeral in characters, the last of a written-around word; SOUNDED.
NUMERAL, PAIRED = 1, 2
#: Class marks in the normal form: a short number, a long one, a web address.
NUMBER, LONG_NUMBER, ADDRESS, SPACE = 35, 37, 64, 32
LONG_DIGITS = 7
NUMERAL_RUN = 5
TURNED, TURNED_BACK = 0x202E, 0x202C
"""What comes between is shown from right to left: a scam written backwards reads forwards."""
LACED = 12
"""Characters in a row with the same kind of sign, or a Latin letter or digit, after each: where so
many stand, what is between was put there."""
SHORTEST = 12
"""Length below which a text is not normed further: two words are no evidence."""


@inlined
def character(data: U8, i: int, end: int) -> tuple[int, int]:
    """(code point, bytes) of the UTF-8 character at `i`; a bad byte becomes U+FFFD."""
    lead = data[i]
    if lead < 0x80:
        return int(lead), 1
    if 0xE0 <= lead < 0xF0 and i + 3 <= end:
        b, c = data[i + 1], data[i + 2]
        if b & 0xC0 == 0x80 and c & 0xC0 == 0x80:
            return (int(lead & 0x0F) << 12) | (int(b & 0x3F) << 6) | int(c & 0x3F), 3
        return 0xFFFD, 1
    size = 2 if 0xC2 <= lead < 0xE0 else 4
    if lead < 0xC2 or lead > 0xF4 or 0xE0 <= lead < 0xF0 or i + size > end:
        return 0xFFFD, 1
    value = int(lead & (0xFF >> (size + 1)))
    for k in range(1, size):
        if data[i + k] & 0xC0 != 0x80:
            return 0xFFFD, 1
        value = (value << 6) | int(data[i + k] & 0x3F)
    return value, size


@inlined
def is_letter(c: int) -> bool:
    return 97 <= c <= 122


@inlined
def is_digit(c: int) -> bool:
    return 48 <= c <= 57


_IN_ADDRESS = np.array(
    [chr(c) in "abcdefghijklmnopqrstuvwxyz0123456789-./:?=&%#_~+@" for c in range(256)]
)
"""Whether a lower-case ASCII character may stand inside a web address."""


@bare
def address_end(raw: U8, i: int, n: int) -> tuple[int, int]:
    """(end of the web or mail address that starts at `i` or `i`, where to look again)."""
    j = i
    parted = False
    while j < n and j - i < 2048 and _IN_ADDRESS[raw[j]]:
        parted |= raw[j] == 46 or raw[j] == 58
        j += 1
    if not parted:  # a number or a word, as nearly all are
        return i, j
    while j > i and not (is_letter(raw[j - 1]) or is_digit(raw[j - 1]) or raw[j - 1] == 47):
        j -= 1
    for k in range(i, min(j - 2, i + 8)):
        if raw[k] == 58 and raw[k + 1] == 47 and raw[k + 2] == 47:
            return j, j
    dot = -1
    k = i
    while k < j and (is_letter(raw[k]) or is_digit(raw[k]) or raw[k] in (45, 46, 64, 95)):
        if raw[k] == 46 and k > i:
            dot = k
        k += 1
    if dot < 0 or k - dot < 3:
        return i, k
    for m in range(dot + 1, k):
        if not is_letter(raw[m]):
            return i, k
    return j, k


@bare
def number_end(mapped: I32, numeral: U8, i: int, n: int) -> tuple[int, int, int]:
    """(end, digits, ASCII digits) of the run of digits from `i`, gaps of two inside allowed."""
    j, digits, plain = i, 0, 0
    while j < n:
        c = mapped[j]
        if is_digit(c):
            digits += 1
            plain += 1
        elif c < 0x10000 and numeral[c] & NUMERAL:
            digits += 1
        else:
            k = j
            while k < n and k - j < 2 and mapped[k] == GAP:
                k += 1
            if k == j or k >= n or not is_digit(mapped[k]):
                break
            j = k
            continue
        j += 1
    return j, digits, plain


@inlined
def pair_slot(first: int, second: int, mask: int) -> int:
    return ((first * 0x9E3779B1) ^ (second * 0x85EBCA6B)) & mask


@bare
def fold(
    data: U8, start: int, end: int, table: I32, spread: I32, mapped: I32, raw: U8, origin: I32
) -> int:
    """Read bytes and map characters one by one: width, case, script, look-alikes; drop what is
    invisible. `raw` is the plain ASCII character behind each, 0 where there is none."""
    m = between = 0
    turned = -1
    i = start
    while i < end:
        c, size = character(data, i, end)
        at = i - start
        i += size
        value = table[c] if c < table.size else GAP
        if value == DROP:
            if c in (TURNED, TURNED_BACK):
                if turned >= 0:
                    turn(mapped, raw, origin, turned, m)
                turned = m if c == TURNED else -1
            continue
        if value >= EXPANDED:
            k = value - EXPANDED
            while spread[k] != 0:
                mapped[m], raw[m], origin[m] = spread[k], 0, at
                between += 1  # what it stands for may be letters
                m += 1
                k += 1
            continue
        plain = 0
        if value < 128:
            plain = value
            between += 1
            if value == GAP and (c < 128 or c == 0x3002 or 0xFF01 <= c <= 0xFF5E):
                plain = 46 if c == 0x3002 else c - 0xFEE0 if c >= 0xFF01 else c
        mapped[m], raw[m], origin[m] = value, plain, at
        m += 1
    if turned >= 0:
        turn(mapped, raw, origin, turned, m)
    if between >= LACED and laced(mapped, raw, m):
        return unlaced(mapped, raw, origin, m)
    return m


@bare
def turn(mapped: I32, raw: U8, origin: I32, begin: int, end: int) -> None:
    """Turn a stretch around."""
    end -= 1
    while begin < end:
        mapped[begin], mapped[end] = mapped[end], mapped[begin]
        raw[begin], raw[end] = raw[end], raw[begin]
        origin[begin], origin[end] = origin[end], origin[begin]
        begin += 1
        end -= 1


@inlined
def lace(mapped: I32, raw: U8, i: int) -> int:
    """What kind of thing was put between two characters at `i`: 0 nothing, 1 a letter or digit
    between two that are neither; else a blank or sign, by its ASCII code."""
    c = mapped[i]
    if c == GAP:
        return 2 + raw[i] if raw[i] <= SPACE else 0
    if (is_letter(c) or is_digit(c)) and mapped[i - 1] > 0x3000 and mapped[i + 1] > 0x3000:
        return 1
    return 0


@bare
def laced(mapped: I32, raw: U8, n: int) -> bool:
    """Whether so many characters stand between that there may be something to drop."""
    found = 0
    for i in range(1, n - 1):
        if mapped[i] < 128 and lace(mapped, raw, i) > 0:
            found += 1
            if found >= LACED:
                return True
    return False


@bare
def unlaced(mapped: I32, raw: U8, origin: I32, n: int) -> int:
    """Drop what was put after every single character of a long stretch; the new length."""
    m = 0
    i = 0
    while i < n:
        kind = lace(mapped, raw, i + 1) if i + 2 < n else 0
        end = i
        if kind > 0:
            end = i + 2
            while end + 2 < n and lace(mapped, raw, end + 1) == kind:
                end += 2
        keep = end if end - i >= 2 * LACED else i
        while i < keep:
            mapped[m], raw[m], origin[m] = mapped[i], raw[i], origin[i]
            m += 1
            i += 2
        if i < n:
            mapped[m], raw[m], origin[m] = mapped[i], raw[i], origin[i]
            m += 1
            i += 1
    return m


@bare
def marks(
    mapped: I32,
    raw: U8,
    origin: I32,
    n: int,
    numeral: U8,
    pairs: I32,
    sounds: Sounds,
    out: I32,
    source: I32,
) -> int:
    """Join what was split, put class marks for numbers and addresses, undo written-around words."""
    mask = pairs.shape[0] - 1
    syllable, closing = sounds.syllable, sounds.closing
    size = 0
    i = look = 0
    while i < n:
        c = mapped[i]
        follows_word = size > 0 and (is_letter(out[size - 1]))
        if i >= look and (is_letter(c) or is_digit(c)):
            end, look = address_end(raw, i, n)
            if end > i:
                out[size], source[size] = ADDRESS, origin[i]
                size += 1
                i = end
                continue
        if is_digit(c) or (c < 0x10000 and c > 128 and numeral[c] & NUMERAL):
            end, digits, plain = number_end(mapped, numeral, i, n)
            if plain == digits or digits >= NUMERAL_RUN:
                out[size] = LONG_NUMBER if digits >= LONG_DIGITS else NUMBER
                source[size] = origin[i]
                size += 1
                i = end
                continue
            if plain > 0 and is_digit(c):
                while i < n and is_digit(mapped[i]):
                    i += 1
                out[size], source[size] = NUMBER, origin[i - 1]
                size += 1
                continue
        if c == GAP:
            if follows_word and i + 1 < n and is_letter(mapped[i + 1]):
                out[size], source[size] = SPACE, origin[i]
                size += 1
            i += 1
            continue
        out[size], source[size] = c, origin[i]
        size += 1
        i += 1
        if size >= 2 and (c >= numeral.size or numeral[c] & PAIRED):
            size = rewrite(out, size, pairs, mask, i < n and is_letter(mapped[i]))
        if size >= 2 and c < numeral.size and numeral[c] & SOUNDED:
            last, before = out[size - 1], out[size - 2]
            if before < 0x10000 and closing[syllable[before], syllable[last]]:
                sounded(out, source, size, mapped[i] if i < n else GAP, sounds)
    return size


@bare
def rewrite(out: I32, size: int, pairs: I32, mask: int, letter_next: bool) -> int:
    """Replace the last two characters where they are another way to write a word."""
    a, b = out[size - 2], out[size - 1]
    slot = pair_slot(a, b, mask)
    while pairs[slot, 0] != 0:
        if pairs[slot, 0] == a and pairs[slot, 1] == b:
            if is_letter(b) and (letter_next or (size > 2 and is_letter(out[size - 3]))):
                return size
            out[size - 2], out[size - 1] = pairs[slot, 2], pairs[slot, 3]
            return size
        slot = (slot + 1) & mask
    return size


@compiled
def normalise(
    data: U8,
    offsets: I64,
    table: I32,
    spread: I32,
    numeral: U8,
    pairs: I32,
    sounds: Sounds,
    longest: int,
) -> tuple[I32, I32, I64]:
    """Normal forms of a batch: code points, byte of the original each came from, row offsets."""
    rows = offsets.size - 1
    room = np.int64(0)
    for row in range(rows):
        room += min(offsets[row + 1] - offsets[row], longest) * 2
    out = np.empty(room + 8, dtype=np.int32)
    source = np.empty(room + 8, dtype=np.int32)
    ends = np.zeros(rows + 1, dtype=np.int64)
    widest = 0
    for row in range(rows):
        widest = max(widest, min(int(offsets[row + 1] - offsets[row]), longest))
    mapped = np.empty(2 * widest + 8, dtype=np.int32)
    raw = np.empty(2 * widest + 8, dtype=np.uint8)
    origin = np.empty(2 * widest + 8, dtype=np.int32)
    size = np.int64(0)
    for row in range(rows):
        end = min(offsets[row + 1], offsets[row] + longest)
        n = fold(data, offsets[row], end, table, spread, mapped, raw, origin)
        size += marks(mapped, raw, origin, n, numeral, pairs, sounds, out[size:], source[size:])
        ends[row + 1] = size
    return out[:size], source[:size], ends

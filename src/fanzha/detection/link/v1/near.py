"""Spellings one slip away from a listed name, or drawn alike: found without comparing all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fanzha.detection.compiled import compiled
from fanzha.detection.link.v1.address import I32, U8, U64, find

__all__ = ["LOOKS_SAME", "ONE_OFF", "SLIP", "Near", "build_near", "nearest"]

ONE_OFF, SLIP, LOOKS_SAME = 1, 2, 3
"""One letter more, less or other; a slip (neighbour key, doubled, swapped); drawn alike."""

SHORTEST, LONGEST = 4, 26
"""Lengths of words that are looked at. Shorter ones resemble too much by chance."""
_SLIP_FROM, _ONE_OFF_FROM = 5, 6
_BASE = np.uint64(0x9E3779B97F4A7C15)
_DRAWN = np.uint64(0xA5A5A5A55A5A5A5A)
_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_ALIKE = {"0": "o", "1": "l", "i": "l", "3": "e", "5": "s", "8": "b", "9": "g", "q": "g", "u": "v",
          "4": "a", "7": "t", "2": "z"}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Near:
    """Names, and tables from hashes of their shortened spellings to them."""

    letters: U8
    begins: I32
    keys: U64
    first: I32
    following: I32
    owner: I32
    """Entry → name; `following[entry]` is the next entry under the same key or −1."""
    neighbours: U8
    """(128 × 128) whether two keys touch."""
    alike: U8
    """Character → the one it is drawn like."""


def build_near(names: Sequence[str]) -> Near:
    """Tables for names in small ASCII letters and digits."""
    letters = np.frombuffer("".join(names).encode("ascii"), dtype=np.uint8).copy()
    begins = np.concatenate([[0], np.cumsum([len(n) for n in names])]).astype(np.int32)
    alike = np.arange(128, dtype=np.uint8)
    for one, other in _ALIKE.items():
        alike[ord(one)] = ord(other)
    entries: dict[int, list[int]] = {}
    scratch = np.zeros(LONGEST + 2, dtype=np.uint64)
    drawn = np.zeros(LONGEST + 2, dtype=np.uint8)
    for number, name in enumerate(names):
        if not SHORTEST <= len(name) <= LONGEST:
            continue
        word = np.frombuffer(name.encode("ascii"), dtype=np.uint8).copy()
        found = {_drawn_key(word, 0, len(name), alike, drawn)}
        if len(name) >= _SLIP_FROM:
            _prefixes(word, 0, len(name), scratch)
            found |= {_without(scratch, len(name), k) for k in range(-1, len(name))}
        for hashed in found:
            entries.setdefault(int(hashed) or 1, []).append(number)
    size = 1 << 10
    while size < 4 * len(entries):
        size *= 2
    keys, first = np.zeros(size, np.uint64), np.zeros(size, np.int32)
    owner: list[int] = []
    following: list[int] = []
    for key, numbers in sorted(entries.items()):
        slot = (key ^ (key >> 29)) & (size - 1)
        while keys[slot]:
            slot = (slot + 1) & (size - 1)
        keys[slot], first[slot] = key, len(owner)
        for place, number in enumerate(numbers):
            owner.append(number)
            following.append(len(owner) if place + 1 < len(numbers) else -1)
    return Near(
        letters, begins, keys, first, np.array(following, np.int32), np.array(owner, np.int32),
        _touching(), alike,
    )  # fmt: skip


def _touching() -> U8:
    """Keys beside, above and below each other on the common keyboard."""
    out = np.zeros((128, 128), dtype=np.uint8)
    for row, keys in enumerate(_ROWS):
        for place, key in enumerate(keys):
            close = keys[max(place - 1, 0) : place + 2]
            if row + 1 < len(_ROWS):
                close += _ROWS[row + 1][max(place - 1, 0) : place + 1]
            for other in close:
                if other != key:
                    out[ord(key), ord(other)] = out[ord(other), ord(key)] = 1
    return out


@compiled
def _prefixes(data: U8, start: int, end: int, out: U64) -> None:
    out[0] = np.uint64(1)
    for i in range(end - start):
        out[i + 1] = out[i] * _BASE + np.uint64(data[start + i])


@compiled
def _power(times: int) -> np.uint64:
    value, base = np.uint64(1), _BASE
    while times > 0:
        if times & 1:
            value *= base
        base *= base
        times >>= 1
    return value


@compiled
def _without(prefixes: U64, size: int, place: int) -> np.uint64:
    """Hash of the word without the character at `place`; of the whole word where that is −1."""
    if place < 0:
        return np.uint64(prefixes[size])
    power = _power(size - place - 1)
    without = prefixes[place] * power + prefixes[size] - prefixes[place + 1] * power
    return np.uint64(without)


@compiled
def _drawn_key(data: U8, start: int, end: int, alike: U8, out: U8) -> np.uint64:
    """Hash of how a word looks: digits as letters, rn as m, vv as w, cl as d."""
    key, i, n = np.uint64(1), start, 0
    while i < end:
        c = data[i]
        if i + 1 < end and c == 114 and data[i + 1] == 110:
            c, i = np.uint8(109), i + 1
        elif i + 1 < end and (c == 118 or c == 117) and data[i + 1] == c:
            c, i = np.uint8(119), i + 1
        elif i + 1 < end and c == 99 and data[i + 1] == 108:
            c, i = np.uint8(100), i + 1
        c = alike[c]
        out[n] = c
        n += 1
        key = key * _BASE + np.uint64(c)
        i += 1
    return key ^ _DRAWN


@compiled
def _slip(
    data: U8, start: int, size: int, letters: U8, begin: int, length: int, neighbours: U8
) -> int:
    """How a word differs from a name: SLIP, ONE_OFF, or 0 where by more than one step."""
    head = 0
    while head < size and head < length and data[start + head] == letters[begin + head]:
        head += 1
    if head == size and head == length:
        return 0
    foot = 0
    while (foot < min(size, length) - head
           and data[start + size - 1 - foot] == letters[begin + length - 1 - foot]):  # fmt: skip
        foot += 1
    more, less = size - head - foot, length - head - foot
    if more == 1 and less == 1:
        return SLIP if neighbours[data[start + head], letters[begin + head]] else ONE_OFF
    if more == 1 and less == 0:
        c = data[start + head]
        doubled = head > 0 and data[start + head - 1] == c
        return SLIP if doubled else ONE_OFF
    if more == 0 and less == 1:
        c = letters[begin + head]
        return SLIP if head > 0 and letters[begin + head - 1] == c else ONE_OFF
    if more == 2 and less == 2:
        a, b = start + head, begin + head
        if data[a] == letters[b + 1] and data[a + 1] == letters[b]:
            return SLIP
    return 0


@compiled
def nearest(
    data: U8, start: int, end: int, letters: U8, begins: I32, keys: U64, first: I32,
    following: I32, owner: I32, neighbours: U8, alike: U8, scratch: U64, drawn: U8,
) -> tuple[int, int]:  # fmt: skip
    """(how, name) of the listed name that a word comes nearest to; (0, −1) where to none."""
    size = end - start
    if size < SHORTEST or size > LONGEST:
        return 0, -1
    best, found = 0, -1
    slot = find(_drawn_key(data, start, end, alike, drawn), keys)
    entry = first[slot] if slot >= 0 else -1
    while entry >= 0:
        name = owner[entry]
        same = begins[name + 1] - begins[name] == size
        if same:
            for k in range(size):
                if data[start + k] != letters[begins[name] + k]:
                    same = False
                    break
        if not same:
            best, found = LOOKS_SAME, name
        entry = following[entry]
    if best:
        return best, found
    _prefixes(data, start, end, scratch)
    for place in range(-1, size):
        slot = find(_without(scratch, size, place), keys)
        entry = first[slot] if slot >= 0 else -1
        while entry >= 0:
            name = owner[entry]
            entry = following[entry]
            begin, length = begins[name], begins[name + 1] - begins[name]
            how = _slip(data, start, size, letters, begin, length, neighbours)
            if length < _SLIP_FROM or (length < _ONE_OFF_FROM and how == ONE_OFF):
                continue
            if how > best and (length > 6 or data[start] == letters[begin]):
                best, found = how, name
    return best, found

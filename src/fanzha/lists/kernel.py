"""The index's machine code: keyed hashes of texts and of their beginnings, tables, look-ups.

A hash is a polynomial in a secret number modulo 2⁶¹ − 1: two texts that were chosen without knowing
it meet with a chance of their length over 2⁶¹, whatever they are. It grows letter by letter, so one
walk over a number tries every beginning of it that has entries, and one over a name, from its end,
every name above it. Answers never rest on a hash: each is compared with the text that stands.

Levels come as a matrix of addresses, one row each: calling with forty arrays takes twenty times as
long as a look-up. Whoever calls holds the arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from fanzha.features.kernel.compiled import Int, compiled, inlined
from fanzha.lists.form import Effect, Kind, Match

Octets = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

TAGS, SLOTS, ROWS, TEXT, EXACTS, WIDES = range(6)
"""Columns of a level's row of addresses; the last two are sizes of the parts of its table."""
FIELDS = 6
ROW = 3
"""Words of an entry: text (36 bits where, 12 how long), kind, match; code; end, gone, effect."""
WHERE, LENGTH, GONE, END = 28, 16, 8, 32
LONGEST = (1 << 12) - 1
AHEAD = 32
"""Look-ups begun before the first of them is ended: memory is fetched for all of them at once."""
LONG = 63
"""Beginnings of so many letters, and names of so many labels, and all longer ones share a bit."""
OF_NUMBERS, OF_SENDERS, OF_NAMES, OF_PAGES = range(4)

_PRIME = np.uint64((1 << 61) - 1)
_MUL1, _MUL2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_U = np.uint64
_HEAD = np.uint64((1 << WHERE) - 1)
_LOW31, _LOW30 = np.uint64((1 << 31) - 1), np.uint64((1 << 30) - 1)
_B1, _B29, _B30, _B31, _B32, _B61 = (np.uint64(b) for b in (1, 29, 30, 31, 32, 61))
_BYTE, _ONE, _ZERO = np.uint64(255), np.uint64(1), np.uint64(0)
_NUMBER, _SENDER, _NAME, _URL = (int(k) for k in (Kind.NUMBER, Kind.SENDER, Kind.NAME, Kind.URL))
_EXACT, _PREFIX, _BELOW = int(Match.EXACT), int(Match.PREFIX), int(Match.BELOW)
_LABEL, _REFUSE, _ALLOW = int(Effect.LABEL), int(Effect.REFUSE), int(Effect.ALLOW)
_DOT = ord(".")


def _pointer_to(kind: Any) -> Any:
    """What makes machine code of an address: a pointer to values of that kind."""

    @intrinsic
    def pointer(context: Any, address: Any) -> Any:
        def make(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            return builder.inttoptr(values[0], context.get_value_type(signature.return_type))

        return types.CPointer(kind)(types.int64), make  # type: ignore[no-untyped-call]

    return pointer


def _near(context: Any, address: Any) -> Any:
    """Ask for the memory at an address before it is needed; never faults, changes nothing."""

    def make(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        word = ir.IntType(32)
        hint = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module,
            ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, word, word, word]),
            "llvm.prefetch.p0" if cgutils.voidptr_t.is_opaque else "llvm.prefetch.p0i8",
        )
        place = builder.inttoptr(values[0], cgutils.voidptr_t)
        builder.call(hint, [place, word(0), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(types.int64), make


near: Any = intrinsic(_near)
_octets = _pointer_to(types.uint8)
_halves = _pointer_to(types.uint32)
_words = _pointer_to(types.uint64)


@inlined
def _grown(state: np.uint64, letter: np.uint8, key: np.uint64) -> np.uint64:
    """(state + letter + 1) · key modulo 2⁶¹ − 1, which makes products of 64 bits do."""
    a = state + _U(letter) + _ONE
    high, low = a >> _B31, a & _LOW31
    key_high, key_low = key >> _B31, key & _LOW31
    middle = low * key_high + high * key_low
    total = high * key_high * _U(2) + (middle >> _B30) + ((middle & _LOW30) << _B31) + low * key_low
    total = (total >> _B61) + (total & _PRIME)
    return total - _PRIME if total >= _PRIME else total


@inlined
def _mixed(state: np.uint64, salt: np.uint64, kind: Int, match: Int) -> np.uint64:
    x = (state ^ salt) + _U(kind << 8 | match) * _MUL1
    x = (x ^ (x >> _B32)) * _MUL2
    x = (x ^ (x >> _B29)) * _MUL1
    return x ^ (x >> _B32)


@inlined
def _bit(reached: Int) -> np.uint64:
    return _ONE << _U(min(reached, LONG))


@inlined
def _tag(x: np.uint64) -> np.uint8:
    """A byte that tells most texts apart without looking at them; 0 is an empty place."""
    tag = np.uint8(x & _BYTE)
    return np.uint8(1) if tag == 0 else tag


@inlined
def _start(x: np.uint64, size: Int) -> Int:
    return np.int64(((x >> _B32) * _U(size)) >> _B32)


@inlined
def _find(
    levels: Ints, level: Int, wide: bool, x: np.uint64, head: Int, text: Octets, first: Int
) -> Int:
    """Row of the entry in one level; −1: it has none."""
    exacts, wides = levels[level, EXACTS], levels[level, WIDES]
    base, size = (exacts, wides) if wide else (np.int64(0), exacts)
    tags, slots = _octets(levels[level, TAGS]), _halves(levels[level, SLOTS])
    rows, texts = _words(levels[level, ROWS]), _octets(levels[level, TEXT])
    tag, place = _tag(x), _start(x, size)
    length = head >> LENGTH
    while tags[base + place] != 0:
        if tags[base + place] == tag:
            row = np.int64(slots[base + place])
            word = rows[ROW * row]
            if np.int64(word & _HEAD) == head:
                at = np.int64(word >> _U(WHERE))
                same = 0
                while same < length and texts[at + same] == text[first + same]:
                    same += 1
                if same == length:
                    return row
        place = place + 1 if place + 1 < size else 0
    return np.int64(-1)


@inlined
def _probe(
    levels: Ints, wide: bool, x: np.uint64, head: Int, text: Octets, first: Int, now: Int,
    n: Int, effect: Octets, code: Words, ends_at: npt.NDArray[np.uint32],
) -> None:  # fmt: skip
    """The newest level that knows the entry decides what it is."""
    level = len(levels) - 1
    while level >= 0:
        row = _find(levels, level, wide, x, head, text, first)
        if row >= 0:
            rows = _words(levels[level, ROWS])
            word = rows[ROW * row + 2]
            end, does = np.int64(word >> _U(END)), np.uint8(word & _BYTE)
            known = (_LABEL <= does <= _REFUSE or does == _ALLOW) and word >> _U(
                GONE
            ) & _ONE == _ZERO
            # From the widest entry to the most specific: among equals the last one is told.
            if known and (end == 0 or end > now) and does >= effect[n]:
                effect[n], code[n], ends_at[n] = does, rows[ROW * row + 1], np.uint32(end)
            return
        level -= 1


@compiled
def ask(
    levels: Ints, reach: Words, seed: Words, kinds: Octets, offsets: Ints, text: Octets, now: Int,
    effect: Octets, code: Words, ends_at: npt.NDArray[np.uint32], begun: Words,
) -> None:  # fmt: skip
    """What stands against each key: `text[offsets[n]:offsets[n + 1]]` of `kinds[n]`, 0: none.
    `begun` is room for AHEAD hashes."""
    count = np.int64(len(kinds))
    for block in range(0, count, AHEAD):
        end = block + AHEAD if block + AHEAD < count else count
        for n in range(block, end):
            effect[n], code[n], ends_at[n] = 0, 0, 0
            if kinds[n] != 0 and offsets[n + 1] - offsets[n] <= LONGEST:
                x = _wider(levels, reach, seed, kinds, offsets, text, now, n, effect, code, ends_at)
                begun[n - block] = x
                near(levels[0, TAGS] + _start(x, levels[0, EXACTS]))
        for n in range(block, end):
            length = offsets[n + 1] - offsets[n]
            if kinds[n] != 0 and length <= LONGEST:
                head = length << LENGTH | np.int64(kinds[n]) << 8 | _EXACT
                first, x = offsets[n], begun[n - block]
                _probe(levels, False, x, head, text, first, now, n, effect, code, ends_at)


@inlined
def _wider(
    levels: Ints, reach: Words, seed: Words, kinds: Octets, offsets: Ints, text: Octets, now: Int,
    n: Int, effect: Octets, code: Words, ends_at: npt.NDArray[np.uint32],
) -> np.uint64:  # fmt: skip
    """Looks for entries that reach over the n-th key; gives the hash of an exact one."""
    key, salt = seed[0], seed[1]
    kind, first, end = np.int64(kinds[n]), offsets[n], offsets[n + 1]
    state = _ZERO
    if kind == _NAME:
        labels = 0
        for at in range(end - 1, first - 1, -1):
            state = _grown(state, text[at], key)
            if at == first or text[at - 1] == _DOT:
                labels += 1
                if reach[OF_NAMES] & _bit(labels):
                    x = _mixed(state, salt, kind, _BELOW)
                    head = (end - at) << LENGTH | kind << 8 | _BELOW
                    _probe(levels, True, x, head, text, at, now, n, effect, code, ends_at)
    else:
        lengths = _ZERO
        if kind == _NUMBER:
            lengths = reach[OF_NUMBERS]
        elif kind == _SENDER:
            lengths = reach[OF_SENDERS]
        for at in range(first, end):
            state = _grown(state, text[at], key)
            length = at + 1 - first
            if lengths & _bit(length):
                x = _mixed(state, salt, kind, _PREFIX)
                head = length << LENGTH | kind << 8 | _PREFIX
                _probe(levels, True, x, head, text, first, now, n, effect, code, ends_at)
    return _mixed(state, salt, kind, _EXACT)


@compiled
def greatest(
    groups: Ints, effect: Octets, code: Words, ends_at: npt.NDArray[np.uint32],
    out_effect: Octets, out_code: Words, out_ends_at: npt.NDArray[np.uint32],
) -> None:  # fmt: skip
    """Of the keys `groups[n]` to `groups[n + 1]` of each question the greatest, of equals the
    first."""
    for n in range(len(groups) - 1):
        out_effect[n], out_code[n], out_ends_at[n] = 0, 0, 0
        for one in range(groups[n], groups[n + 1]):
            if effect[one] > out_effect[n]:
                out_effect[n], out_code[n], out_ends_at[n] = effect[one], code[one], ends_at[one]


@inlined
def _hash_of(row: Int, rows: Words, text: Octets, seed: Words) -> np.uint64:
    word = rows[ROW * row]
    first = np.int64(word >> _U(WHERE))
    head = np.int64(word & _HEAD)
    length, kind, match = head >> LENGTH, head >> 8 & 255, head & 255
    state = _ZERO
    if kind == _NAME:
        for at in range(first + length - 1, first - 1, -1):
            state = _grown(state, text[at], seed[0])
    else:
        for at in range(first, first + length):
            state = _grown(state, text[at], seed[0])
    return _mixed(state, seed[1], kind, match)


@compiled
def enter(
    rows: Words, text: Octets, seed: Words, exacts: Int, wides: Int, tags: Octets,
    slots: npt.NDArray[np.uint32], places: Ints, reach: Words, begun: Words,
) -> None:  # fmt: skip
    """Give every row its place in the table, and say in `reach` how far entries reach. `places`
    has the addresses of `tags` and `slots`, `begun` is room for AHEAD hashes."""
    count = np.int64(len(rows) // ROW)
    for block in range(0, count, AHEAD):
        end = block + AHEAD if block + AHEAD < count else count
        for row in range(block, end):
            x = _hash_of(row, rows, text, seed)
            begun[row - block] = x
            _reaching(row, rows, text, reach)
            at = _start(x, exacts)
            near(places[0] + at)
            near(places[1] + 4 * at)
        for row in range(block, end):
            x = begun[row - block]
            base, size = np.int64(0), np.int64(exacts)
            if rows[ROW * row] & _BYTE != _ZERO:
                base, size = np.int64(exacts), np.int64(wides)
            place = _start(x, size)
            while tags[base + place] != 0:
                place = place + 1 if place + 1 < size else 0
            tags[base + place] = _tag(x)
            slots[base + place] = row


@inlined
def _reaching(row: Int, rows: Words, text: Octets, reach: Words) -> None:
    head = np.int64(rows[ROW * row] & _HEAD)
    length, kind, match = head >> LENGTH, head >> 8 & 255, head & 255
    if match == _PREFIX and kind == _NUMBER:
        reach[OF_NUMBERS] |= _bit(length)
    elif match == _PREFIX and kind == _SENDER:
        reach[OF_SENDERS] |= _bit(length)
    elif match == _BELOW and kind == _NAME:
        first = np.int64(rows[ROW * row] >> _U(WHERE))
        labels = 1
        for at in range(first, first + length):
            labels += text[at] == _DOT
        reach[OF_NAMES] |= _bit(labels)
    elif kind == _URL:
        reach[OF_PAGES] = _ONE


@compiled
def standing(levels: Ints, seed: Words, rows: Words, text: Octets) -> Int:
    """How many of these entries' keys stand in the levels."""
    found = np.int64(0)
    for row in range(len(rows) // ROW):
        x = _hash_of(row, rows, text, seed)
        word = rows[ROW * row]
        head, first = np.int64(word & _HEAD), np.int64(word >> _U(WHERE))
        level = len(levels) - 1
        while level >= 0:
            known = _find(levels, level, head & 255 != _EXACT, x, head, text, first)
            if known >= 0:
                old = _words(levels[level, ROWS])[ROW * known + 2]
                found += np.int64(old >> _U(GONE) & _ONE == _ZERO)
                break
            level -= 1
    return found

"""Entries in the order of kind, match and text: read from columns, seen to be in order, merged."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fanzha.features.kernel.compiled import Int, compiled, inlined
from fanzha.lists.kernel import END, GONE, LENGTH, LONGEST, ROW, WHERE, Ints, Octets, Words

__all__ = ["fill", "in_order", "merge"]

_U = np.uint64
_HEAD = np.uint64((1 << WHERE) - 1)
_ONE = np.uint64(1)


@inlined
def _order(
    rows: Words, text: Octets, row: Int, others: Words, other_text: Octets, other: Int
) -> Int:
    """Below 0: the first comes before the second; 0: they have one key."""
    one, two = rows[ROW * row], others[ROW * other]
    group = np.int64(one & _U(0xFFFF)) - np.int64(two & _U(0xFFFF))
    if group != 0:
        return group
    size, other_size = np.int64(one & _HEAD) >> LENGTH, np.int64(two & _HEAD) >> LENGTH
    first, second = np.int64(one >> _U(WHERE)), np.int64(two >> _U(WHERE))
    for at in range(min(size, other_size)):
        step = np.int64(text[first + at]) - np.int64(other_text[second + at])
        if step != 0:
            return step
    return size - other_size


@compiled
def in_order(rows: Words, text: Octets) -> Int:
    """2: each entry comes after the one before; 1: some have one key; 0: they are in no order."""
    found = 2
    for row in range(1, len(rows) // ROW):
        order = _order(rows, text, row - 1, rows, text, row)
        if order > 0:
            return 0
        if order == 0:
            found = 1
    return found


@compiled
def fill(
    kind: Octets, match: Octets, offsets: Ints, effect: Octets, code: Words,
    ends_at: npt.NDArray[np.uint32], gone: Octets, rows: Words,
) -> bool:  # fmt: skip
    """Entries from columns; False where a text is too long. No `gone`: none is."""
    for row in range(len(kind)):
        first, length = offsets[row] - offsets[0], offsets[row + 1] - offsets[row]
        if length > LONGEST:
            return False
        head = length << LENGTH | np.int64(kind[row]) << 8 | np.int64(match[row])
        rows[ROW * row] = _U(first) << _U(WHERE) | _U(head)
        rows[ROW * row + 1] = code[row]
        word = _U(ends_at[row]) << _U(END) | _U(effect[row])
        if len(gone) and gone[row]:
            word |= _ONE << _U(GONE)
        rows[ROW * row + 2] = word
    return True


@compiled
def merge(
    rows: Words, text: Octets, newer: Words, newer_text: Octets, keep_gone: bool,
    out: Words, out_text: Octets,
) -> tuple[Int, Int]:  # fmt: skip
    """Both in order; where both have a key, the newer counts. Gives entries and bytes written;
    with an empty `out` it only counts them."""
    one, two, made, size = 0, 0, np.int64(0), np.int64(0)
    ones, twos = len(rows) // ROW, len(newer) // ROW
    while one < ones or two < twos:
        if one == ones:
            order = np.int64(1)
        elif two == twos:
            order = np.int64(-1)
        else:
            order = _order(rows, text, one, newer, newer_text, two)
        if order < 0:
            source, texts, row = rows, text, one
            one += 1
        else:
            source, texts, row = newer, newer_text, two
            two += 1
            one += order == 0
        word = source[ROW * row]
        if not keep_gone and source[ROW * row + 2] >> _U(GONE) & _ONE:
            continue
        length = np.int64(word & _HEAD) >> LENGTH
        if len(out):
            first = np.int64(word >> _U(WHERE))
            for at in range(length):
                out_text[size + at] = texts[first + at]
            out[ROW * made] = _U(size) << _U(WHERE) | (word & _HEAD)
            out[ROW * made + 1] = source[ROW * row + 1]
            out[ROW * made + 2] = source[ROW * row + 2]
        made += 1
        size += length
    return made, size

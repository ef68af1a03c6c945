"""Many questions at once: texts as the kernel asks them, the usual ones without Python.

Most values are in normal form already, or one step from it: mobile numbers, numbers of senders that
begin with 106, plain names. The kernel sees which; only the rest goes through the readers of
`fanzha.values`, one by one. Both ways give the same keys.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fanzha.features.kernel.compiled import Int, compiled, inlined
from fanzha.lists.asked import Asked
from fanzha.lists.form import Kind
from fanzha.lists.kernel import Ints, Octets

__all__ = ["Column", "Keys", "Written", "array_of", "column", "keys_of", "plain", "written"]

_NAME, _NUMBER, _APP = int(Kind.NAME), int(Kind.NUMBER), int(Kind.APP)
_ZERO, _NINE = ord("0"), ord("9")
_ONE, _THREE, _SIX, _EIGHT = ord("1"), ord("3"), ord("6"), ord("8")
_SMALL_A, _SMALL_Z = ord("a"), ord("z")
_DOT, _HYPHEN, _LINE, _PLUS = ord("."), ord("-"), ord("_"), ord("+")
_LONGEST_NUMBER = 20
_PREFIXED = 3
"""Bytes that a number in normal form may be longer than as it was written: `+86`."""


@dataclass(frozen=True, slots=True)
class Column:
    """Texts one after the other; a null is empty. Arrays cannot be written: one kind of array."""

    offsets: Ints
    text: Octets

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def value(self, row: int) -> bytes:
        return self.text[self.offsets[row] : self.offsets[row + 1]].tobytes()


@dataclass(frozen=True, slots=True)
class Written:
    """Values of any kinds as people and networks write them, anywhere in `text`."""

    kinds: Octets
    starts: Ints
    ends: Ints
    text: Octets

    def __len__(self) -> int:
        return len(self.kinds)

    def value(self, row: int) -> bytes:
        return self.text[self.starts[row] : self.ends[row]].tobytes()


@dataclass(frozen=True, slots=True)
class Keys:
    """What the kernel is asked: keys, and to which question each belongs."""

    kinds: Octets
    column: Column
    groups: Ints


def column(values: pa.Array | pa.ChunkedArray | Sequence[str | bytes | None]) -> Column:
    """A column of texts or bytes."""
    values = array_of(values)
    if pa.types.is_null(values.type):
        values = values.cast(pa.string())
    if not pa.types.is_large_binary(values.type):
        values = values.cast(pa.large_string() if _is_text(values.type) else pa.large_binary())
    if values.null_count:
        values = values.fill_null(b"" if pa.types.is_large_binary(values.type) else "")
    _, offsets, data = values.buffers()
    if not len(values):
        return _joined([])
    ends = np.frombuffer(offsets, np.int64)[values.offset : values.offset + len(values) + 1]
    return Column(ends, np.frombuffer(b"" if data is None else data, np.uint8))


def keys_of(questions: Iterable[Asked]) -> Keys:
    """Questions of any kinds, each with all of its keys."""
    kinds, texts, groups = bytearray(), [], [0]
    for question in questions:
        for kind, text in question:
            kinds.append(kind)
            texts.append(text)
        groups.append(len(texts))
    return Keys(_octets(bytes(kinds)), _joined(texts), _ints(groups))


def written(given: Column, kind: Kind) -> Written:
    """A column of values of one kind."""
    kinds = np.full(len(given), kind, np.uint8)
    return Written(kinds, given.offsets[:-1], given.offsets[1:], given.text)


def plain(given: Written) -> tuple[Octets, Column]:
    """Kinds and normal forms of what needs no reader; of the rest the kind is 0."""
    kinds = np.zeros(len(given), np.uint8)
    offsets = np.zeros(len(given) + 1, np.int64)
    room = int(np.sum(given.ends - given.starts)) + _PREFIXED * len(given)
    text = np.empty(room, np.uint8)
    _write(given.kinds, given.starts, given.ends, given.text, kinds, offsets, text)
    return kinds, Column(_fixed(offsets), _fixed(text))


def _fixed(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def array_of(values: pa.Array | pa.ChunkedArray | Sequence[str | bytes | None]) -> pa.Array:
    """One array of texts, or of bytes where some are no texts."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
        if isinstance(values, pa.ChunkedArray):
            values = pa.concat_arrays(values.chunks)
    if isinstance(values, pa.Array):
        return values
    if any(isinstance(value, bytes) for value in values):
        return pa.array(values, pa.large_binary())
    try:
        return pa.array(values, pa.large_string())
    except UnicodeError:  # halves of surrogate pairs
        whole = [None if v is None else str(v).encode("utf-8", "replace") for v in values]
        return pa.array(whole, pa.large_binary())


def _joined(texts: list[bytes]) -> Column:
    return Column(_ints(accumulate(map(len, texts), initial=0)), _octets(b"".join(texts)))


def _ints(values: Iterable[int]) -> Ints:
    """By way of bytes: for a question or two NumPy's own ways take ten times as long."""
    return np.frombuffer(array("q", values).tobytes(), np.int64)


def _octets(data: bytes) -> Octets:
    return np.frombuffer(data, np.uint8)


@inlined
def _digits(text: Octets, first: Int, end: Int) -> bool:
    good = True
    for at in range(first, end):
        good = good and _ZERO <= text[at] <= _NINE
    return good


@compiled
def _write(
    asked: Octets, starts: Ints, ends: Ints, text: Octets,
    kinds: Octets, offsets: Ints, out: Octets,
) -> None:  # fmt: skip
    size = np.int64(0)
    for n in range(len(asked)):
        first, end = starts[n], ends[n]
        head = np.int64(0)
        good = asked[n] == _APP
        if asked[n] == _NUMBER:
            head = _number(text, first, end)
            good = head >= 0
        elif asked[n] == _NAME:
            good = _is_name(text, first, end)
        if good:
            if head > 0:
                out[size], out[size + 1], out[size + 2] = _PLUS, _EIGHT, _SIX
                size += 3
                first = end - 11
            for at in range(first, end):
                out[size] = text[at]
                size += 1
            kinds[n] = asked[n]
        offsets[n + 1] = size


@inlined
def _number(text: Octets, first: Int, end: Int) -> Int:
    """1: a mobile number, with or without (+)86; 0: a number of senders, 106 and more; else −1."""
    length = end - first
    if length < 6 or length > _LONGEST_NUMBER:
        return np.int64(-1)
    plus = np.int64(text[first] == _PLUS)
    if not _digits(text, first + plus, end):
        return np.int64(-1)
    start = end - 11
    head = length - 11 - plus
    bare = head == 0 and plus == 0
    if bare or (head == 2 and text[start - 2] == _EIGHT and text[start - 1] == _SIX):
        if text[start] == _ONE and text[start + 1] >= _THREE:
            return np.int64(1)
        return np.int64(-1)
    # 1064 and nine digits more may be a line of a machine.
    sender = text[first] == _ONE and text[first + 1] == _ZERO and text[first + 2] == _SIX
    return np.int64(0) if sender and length != 13 else np.int64(-1)


@inlined
def _is_name(text: Octets, first: Int, end: Int) -> bool:
    """The rules of `values.dns_name`: labels of 1 to 63, 253 in all, the last one no number."""
    good = 0 < end - first <= 253
    label, digits = 0, True
    for at in range(first, end):
        letter = text[at]
        digit = _ZERO <= letter <= _NINE
        if letter == _DOT:
            good = good and label > 0 and text[at - 1] != _HYPHEN
            label, digits = 0, True
        else:
            inside = letter == _HYPHEN and label > 0
            small = _SMALL_A <= letter <= _SMALL_Z
            good = good and (digit or inside or small or letter == _LINE) and label < 63
            digits = digits and digit
            label += 1
    return good and label > 0 and not digits and text[end - 1] != _HYPHEN

"""Many questions at once: columns of texts as the kernel asks them, the usual ones without Python.

Most values of a column are in normal form already, or one step from it: mobile numbers, numbers of
senders that begin with 106, plain names. The kernel sees which; only the rest goes through the
readers of `fanzha.values`, one by one. Both ways give the same keys.
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

from fanzha.features.kernel.compiled import compiled, inlined
from fanzha.lists.asked import Asked
from fanzha.lists.form import Kind
from fanzha.lists.kernel import Ints, Octets

__all__ = ["Column", "Keys", "column", "keys_of", "plain_names", "plain_numbers"]

_NAME, _NUMBER = int(Kind.NAME), int(Kind.NUMBER)
_ZERO, _NINE = ord("0"), ord("9")
_SMALL_A, _SMALL_Z = ord("a"), ord("z")
_DOT, _HYPHEN, _LINE, _PLUS = ord("."), ord("-"), ord("_"), ord("+")
_ROOM = 20
"""Bytes of the longest number that is written without Python."""


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
class Keys:
    """What the kernel is asked: keys, and to which question each belongs."""

    kinds: Octets
    column: Column
    groups: Ints


def column(values: pa.Array | pa.ChunkedArray | Sequence[str | bytes | None]) -> Column:
    """A column of texts or bytes."""
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        values = _array(values)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
        if isinstance(values, pa.ChunkedArray):
            values = pa.concat_arrays(values.chunks)
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


def plain_numbers(given: Column) -> tuple[Octets, Column]:
    """Kinds (NUMBER, or 0 where it must be read otherwise) and normal forms."""
    kinds = np.zeros(len(given), np.uint8)
    offsets = np.zeros(len(given) + 1, np.int64)
    text = np.empty(len(given) * _ROOM, np.uint8)
    _write_numbers(given.offsets, given.text, kinds, offsets, text)
    return kinds, Column(_fixed(offsets), _fixed(text))


def plain_names(given: Column) -> Octets:
    """NAME where a text is a name in normal form, else 0."""
    kinds = np.zeros(len(given), np.uint8)
    _see_names(given.offsets, given.text, kinds)
    return kinds


def _fixed(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _array(values: Sequence[str | bytes | None]) -> pa.Array:
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
def _digits(text: Octets, first: int, end: int) -> bool:
    good = True
    for at in range(first, end):
        good = good and _ZERO <= text[at] <= _NINE
    return good


@compiled
def _write_numbers(given: Ints, text: Octets, kinds: Octets, offsets: Ints, out: Octets) -> None:
    """Mobile numbers with or without (+, 00) 86, and numbers of senders that begin with 106."""
    size = np.int64(0)
    for n in range(len(kinds)):
        first, end = given[n], given[n + 1]
        length = end - first
        offsets[n + 1] = size
        at = first + (1 if length and text[first] == _PLUS else 0)
        if length < 6 or length > _ROOM or not _digits(text, at, end):
            continue
        head = length - 11
        mobile = (
            (head == 0 and at == first)
            or (head == 2 and at == first and text[at] == 56 and text[at + 1] == 54)
            or (head == 3 and at != first and text[at] == 56 and text[at + 1] == 54)
        )
        start = end - 11
        if mobile and text[start] == 49 and text[start + 1] >= 51:
            out[size], out[size + 1], out[size + 2] = _PLUS, 56, 54
            for place in range(11):
                out[size + 3 + place] = text[start + place]
            size += 14
        elif (
            # 1064 and eight or nine digits more may be lines of machines.
            at == first and length != 13 and text[at] == 49 and text[at + 1] == 48
            and text[at + 2] == 54
        ):  # fmt: skip
            for place in range(length):
                out[size + place] = text[first + place]
            size += length
        else:
            continue
        kinds[n] = _NUMBER
        offsets[n + 1] = size


@compiled
def _see_names(offsets: Ints, text: Octets, kinds: Octets) -> None:
    """The rules of `values.dns_name`: labels of 1 to 63, 253 in all, the last one no number."""
    for n in range(len(kinds)):
        first, end = offsets[n], offsets[n + 1]
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
        if good and label > 0 and not digits and text[end - 1] != _HYPHEN:
            kinds[n] = _NAME

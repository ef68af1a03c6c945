"""How large a foreign Arrow stream is once opened, told before anything of it is opened.

Twelve kilobytes on the wire can say four hundred megabytes: buffers are compressed, a dictionary's
one long text stands for every row. The head of a message is a flatbuffer (Message.fbs of the Arrow
format, metadata version 5); of it we read the lengths.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

ROWS_MAX = 1_000_000
BYTES_MAX = 256 << 20

_DICTIONARY, _BATCH = 2, 3
_HEADER_TYPE, _HEADER = 1, 2
_DATA = 1
_LENGTH, _BUFFERS, _COMPRESSION = 0, 2, 3


@dataclass(frozen=True, slots=True)
class Size:
    """What a stream says of itself; `bytes` sums all buffers as they will be, uncompressed."""

    rows: int
    bytes: int

    @property
    def bearable(self) -> bool:
        return 0 <= self.rows <= ROWS_MAX and 0 <= self.bytes <= BYTES_MAX


def size_of(payload: bytes) -> Size:
    """Rows and bytes of the stream. ValueError or ArrowException where it is no such stream."""
    rows = total = 0
    for message in pa.ipc.MessageReader.open_stream(payload):
        try:
            more, size = _of_message(message.metadata.to_pybytes(), message.body)
        except (struct.error, IndexError, OverflowError) as error:
            raise ValueError("the head of a message is damaged") from error
        rows, total = rows + more, total + size
    return Size(rows, total)


def spread_of(batch: pa.RecordBatch) -> int:
    """Bytes at most, once every dictionary and every run of the batch stands written out."""
    total = 0
    for array in batch.columns:
        while isinstance(array, pa.ExtensionArray):
            array = array.storage
        kind = array.type
        if pa.types.is_dictionary(kind):
            total += len(array) * _longest(array.dictionary)
        elif pa.types.is_run_end_encoded(kind):
            total += len(array) * _longest(array.values)
    return total


def _longest(values: pa.Array) -> int:
    try:
        return pc.max(pc.binary_length(values)).as_py() or 0
    except pa.ArrowNotImplementedError:  # numbers
        return 16


def _of_message(head: bytes, body: pa.Buffer | None) -> tuple[int, int]:
    message = _Table(head, struct.unpack_from("<I", head, 0)[0])
    kind = message.number(_HEADER_TYPE, "<B")
    if kind not in (_DICTIONARY, _BATCH):
        return 0, 0
    batch = message.table(_HEADER)
    if kind == _DICTIONARY:
        batch = batch.table(_DATA)
    rows = batch.number(_LENGTH, "<q") if kind == _BATCH else 0
    if rows < 0:
        raise ValueError("fewer rows than none")
    compressed = batch.place(_COMPRESSION) is not None
    data = b"" if body is None else memoryview(body)
    return rows, sum(_opened(data, *b, compressed=compressed) for b in batch.pairs(_BUFFERS))


def _opened(body: bytes | memoryview, offset: int, length: int, *, compressed: bool) -> int:
    """Bytes of one buffer; a compressed one says so in its first eight, −1: as it is."""
    if offset < 0 or length < 0 or offset + length > len(body):
        raise ValueError("a buffer lies outside its message")
    if not compressed or length < 8:
        return length
    said: int = struct.unpack_from("<q", body, offset)[0]
    if said < -1:
        raise ValueError("a buffer of less than no length")
    return length if said == -1 else said


class _Table:
    """A flatbuffer table: reads go through struct, which refuses to leave the bytes."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at
        self._fields = at - struct.unpack_from("<i", data, at)[0]
        if self._fields < 0:
            raise IndexError("a table before its message")

    def place(self, field: int) -> int | None:
        """Where a field stands; None where it is left out."""
        slot = 4 + 2 * field
        if slot + 2 > struct.unpack_from("<H", self._data, self._fields)[0]:
            return None
        offset = struct.unpack_from("<H", self._data, self._fields + slot)[0]
        return self._at + offset if offset else None

    def number(self, field: int, kind: str) -> int:
        at = self.place(field)
        return 0 if at is None else int(struct.unpack_from(kind, self._data, at)[0])

    def table(self, field: int) -> _Table:
        return _Table(self._data, self._far(field))

    def pairs(self, field: int) -> list[tuple[int, int]]:
        """A vector of structs of two 64-bit numbers."""
        if self.place(field) is None:
            return []
        at = self._far(field)
        count = struct.unpack_from("<I", self._data, at)[0]
        if at + 4 + 16 * count > len(self._data):
            raise IndexError("a vector beyond its message")
        return [struct.unpack_from("<qq", self._data, at + 4 + 16 * n) for n in range(count)]

    def _far(self, field: int) -> int:
        at = self.place(field)
        if at is None:
            raise IndexError("a field is missing")
        return at + int(struct.unpack_from("<I", self._data, at)[0])

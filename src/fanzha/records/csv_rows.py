"""CSV: a header, then rows; a broken row goes to quarantine with its line and the next is read."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from fanzha.records.chunk import CHUNK_ROWS, Chunk
from fanzha.records.encodings import GB18030, UTF_8, recognised
from fanzha.records.lines import LINE_LIMIT, passages
from fanzha.records.quarantine import Refusal, readable

#: A quoted cell may run over so many lines; an unclosed quote must not swallow the file.
LINES_A_ROW = 64
_COLUMNS = 512
_DELIMITERS = (",", "\t", ";", "|")
_RULES = {
    "line_too_long": ("一行超过 1 MiB", "a line is longer than 1 MiB"),
    "encoding": ("不是这种编码的文本", "not text in this encoding"),
    "csv_quote": ("引号没有闭合", "a quote is not closed"),
    "csv_fields": ("列数与表头不符", "the number of cells differs from the header"),
    "csv_header": ("没有可用的表头", "there is no usable header"),
}


def read_csv(
    file: io.BufferedIOBase,
    stream: str,
    source: str,
    *,
    encoding: str | None = None,
    lines_a_row: int = LINES_A_ROW,
    heard: Callable[[str], None] = lambda _: None,
) -> Iterator[Chunk]:
    """Reads to the end of `file`. Without `encoding` it is recognised (`encodings.recognised`);
    `heard` is told of any but UTF-8. Raises `Refused` for an encoding that there is none of."""
    text, found = recognised(file, encoding)
    if encoding is None and found != UTF_8:
        heard(found)
    codec = UTF_8 if found.startswith("utf-16") else found
    undecided = heard if encoding is None and found == UTF_8 else None
    yield from _Reading(stream, source, codec, lines_a_row, undecided).chunks(text)


class _Reading:
    """One file on its way: the header once it is known, and the piece being filled."""

    def __init__(
        self,
        stream: str,
        source: str,
        encoding: str,
        lines_a_row: int,
        undecided: Callable[[str], None] | None,
    ) -> None:
        """`undecided`: while all is ASCII, a later line may still show GB18030; told then."""
        self.stream, self.source, self.encoding = stream, source, encoding
        self.lines_a_row = lines_a_row
        self.undecided = undecided
        self.header: list[str] | None = None
        self.delimiter = ","
        self.cells: list[list[str]] = []
        self.numbers: list[int] = []
        self.refused: list[Refusal] = []

    def chunks(self, file: io.BufferedIOBase) -> Iterator[Chunk]:
        given = False
        for number, record in self._records(file):
            if isinstance(record, bytes):
                self._take(number, record)
            if len(self.numbers) >= CHUNK_ROWS or len(self.refused) >= CHUNK_ROWS:
                yield self._give()
                given = True
        if self.cells or self.refused or not given:  # a head alone has its columns all the same
            if self.header is None and not self.refused:
                self._refuse(1, "csv_header", b"")
            yield self._give()

    def _records(self, file: io.BufferedIOBase) -> Iterator[tuple[int, bytes | None]]:
        """(first line's number, record); None tells that a refusal was noted instead."""
        held: list[tuple[int, bytes]] = []
        size, quotes = 0, 0
        for passage in passages(file):
            for number, head in passage.too_long:
                self._refuse(number, "line_too_long", head)
                yield number, None
            for number, line in zip(passage.numbers, passage.texts, strict=True):
                held.append((number, line))
                size += len(line)
                quotes += line.count(b'"')
                if quotes % 2 == 0:
                    yield held[0][0], b"\n".join(text for _, text in held)
                    held, size, quotes = [], 0, 0
                elif len(held) >= self.lines_a_row or size > LINE_LIMIT:
                    yield from self._unclosed(held)
                    held, size, quotes = [], 0, 0
        yield from self._unclosed(held)

    def _unclosed(self, held: list[tuple[int, bytes]]) -> Iterator[tuple[int, bytes | None]]:
        """A quote that does not close: the lines that have an odd one are refused, the rest are
        rows of their own."""
        for number, line in held:
            if line.count(b'"') % 2:
                self._refuse(number, "csv_quote", line)
                yield number, None
            else:
                yield number, line

    def _take(self, number: int, record: bytes) -> None:
        if not record.strip():
            return
        text = self._decoded(record)
        if text is None:
            self._refuse(number, "encoding", record)
            return
        if self.header is None:
            self._take_header(number, text, record)
            return
        cells = self._split(text)
        if len(cells) != len(self.header):
            self._refuse_apart(number, record)
            return
        self.cells.append(cells)
        self.numbers.append(number)

    def _decoded(self, record: bytes) -> str | None:
        if self.undecided is not None and not record.isascii():
            heard, self.undecided = self.undecided, None
            if not _is(record, UTF_8) and _is(record, GB18030):
                self.encoding = GB18030
                heard(GB18030)
        try:
            return record.decode(self.encoding)
        except UnicodeDecodeError:
            return None

    def _refuse_apart(self, number: int, record: bytes) -> None:
        """A row of other cells than the header. Where it spans lines, two stray quotes may have
        made one of many: those without a quote of their own are read by themselves."""
        lines = record.split(b"\n")
        if len(lines) == 1:
            self._refuse(number, "csv_fields", record)
            return
        for at, line in enumerate(lines, start=number):
            if line.count(b'"') % 2:
                self._refuse(at, "csv_quote", line)
            else:
                self._take(at, line)

    def _take_header(self, number: int, text: str, record: bytes) -> None:
        self.delimiter = max(_DELIMITERS, key=text.count)
        names = [name.strip().lower() for name in self._split(text)]
        if not any(names) or len(names) > _COLUMNS:
            self._refuse(number, "csv_header", record)
            return
        self.header = names

    def _split(self, text: str) -> list[str]:
        try:
            return next(csv.reader([text], delimiter=self.delimiter), [])
        except csv.Error:
            return []

    def _refuse(self, number: int, code: str, record: bytes) -> None:
        zh, en = _RULES[code]
        self.refused.append(
            Refusal(self.stream, self.source, number, code, None, zh, en, readable(record))
        )

    def _give(self) -> Chunk:
        names = self.header or []
        columns = list(zip(*self.cells, strict=True)) if self.cells else [()] * len(names)
        arrays = [pa.array(column, pa.string()) for column in columns]
        table = pa.Table.from_arrays(arrays, names=names)
        chunk = Chunk(table, np.array(self.numbers, np.int64), self.refused)
        self.cells, self.numbers, self.refused = [], [], []
        return chunk


def _is(record: bytes, encoding: str) -> bool:
    try:
        record.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


#: The module's own limit (131,072) is shorter than a row may be here.
csv.field_size_limit(LINE_LIMIT * 2)

"""Files of rows (Parquet, Arrow, CSV, NDJSON) as bounded pieces; what is broken is said."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fanzha.errors import Refused
from fanzha.records.chunk import CHUNK_ROWS, Chunk
from fanzha.records.csv_rows import read_csv
from fanzha.records.ndjson import read_ndjson
from fanzha.records.quarantine import Refusal
from fanzha.records.schemas import COLUMNS


class FileKind(StrEnum):
    """How rows are written down."""

    PARQUET = "parquet"
    ARROW = "arrow"
    CSV = "csv"
    NDJSON = "ndjson"


_BY_SUFFIX = {
    ".parquet": FileKind.PARQUET,
    ".pq": FileKind.PARQUET,
    ".arrow": FileKind.ARROW,
    ".arrows": FileKind.ARROW,
    ".feather": FileKind.ARROW,
    ".ipc": FileKind.ARROW,
    ".csv": FileKind.CSV,
    ".tsv": FileKind.CSV,
    ".ndjson": FileKind.NDJSON,
    ".jsonl": FileKind.NDJSON,
    ".json": FileKind.NDJSON,
}
_GZIP = b"\x1f\x8b"
_ARROW_FILE = b"ARROW1"
_GZIP_BLOCK = 1 << 16


def read_file(
    path: Path,
    stream: str,
    source: str,
    *,
    kind: FileKind | None = None,
    encoding: str | None = None,
    heard: Callable[[str], None] = lambda _: None,
) -> Iterator[Chunk]:
    """The rows of a file in pieces of about 65,536. `kind` is seen from name and first bytes, the
    `encoding` of CSV from its first MiB (`csv_rows.read_csv`, which tells `heard`).

    A file that cannot be opened raises `Refused`; one that breaks on the way ends with a refusal
    that says after which row.
    """
    if stream not in COLUMNS:
        raise Refused(
            "stream_unknown", zh="没有这个数据流", en="there is no such stream", field="stream"
        )
    try:
        file = path.open("rb")
    except OSError as error:
        raise Refused(
            "file_unreadable", zh="文件打不开", en="the file cannot be opened", field=path.name
        ) from error
    with file:
        yield from read_open(
            file, stream, source,
            kind=kind or _BY_SUFFIX.get(_suffix(path)), encoding=encoding, heard=heard,
        )  # fmt: skip


def read_open(
    file: io.BufferedIOBase,
    stream: str,
    source: str,
    *,
    kind: FileKind | None = None,
    encoding: str | None = None,
    heard: Callable[[str], None] = lambda _: None,
) -> Iterator[Chunk]:
    """As `read_file`, from an open binary file; Parquet and Arrow files need one that can seek."""
    last = 0
    try:
        if _peek(file, 2) == _GZIP:
            file = io.BufferedReader(_Inflated(file))
        if (kind or _guess(file)) is FileKind.CSV:
            pieces = read_csv(file, stream, source, encoding=encoding, heard=heard)
        else:
            pieces = _pieces(file, kind or _guess(file), stream, source)
        for chunk in pieces:
            last = int(max(chunk.rows.max(initial=last), last))
            yield chunk
    except (pa.ArrowException, OSError, EOFError, zlib.error, ValueError) as error:
        yield _broken(stream, source, last, error)


def _pieces(file: io.BufferedIOBase, kind: FileKind, stream: str, source: str) -> Iterator[Chunk]:
    match kind:
        case FileKind.PARQUET:
            return _read_parquet(file, stream)
        case FileKind.ARROW:
            return _read_arrow(file, stream)
        case _:
            return read_ndjson(file, stream, source)


def _suffix(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in (".gz", ".gzip"):
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _peek(file: io.BufferedIOBase, count: int) -> bytes:
    """The next bytes, still to be read."""
    if isinstance(file, io.BufferedReader):
        return file.peek(count)[:count]
    start = file.read(count)
    file.seek(-len(start), io.SEEK_CUR)
    return start


def _guess(file: io.BufferedIOBase) -> FileKind:
    start = _peek(file, 64)
    if start.startswith(b"PAR1"):
        return FileKind.PARQUET
    if start.startswith((_ARROW_FILE, b"\xff\xff\xff\xff")):
        return FileKind.ARROW
    is_object = start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    return FileKind.NDJSON if is_object else FileKind.CSV


class _Inflated(io.RawIOBase):
    """A gzip file that gives what it holds before it breaks off (`gzip` keeps the last of it)."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file
        self._inflate = zlib.decompressobj(wbits=31)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while True:
            if self._inflate.eof:
                # A file may be several gzip files one after the other.
                rest = self._inflate.unused_data or self._file.read1(_GZIP_BLOCK)
                if not rest.strip(b"\0"):
                    return 0
                self._inflate = zlib.decompressobj(wbits=31)
            else:
                rest = self._inflate.unconsumed_tail or self._file.read1(_GZIP_BLOCK)
                if not rest:
                    raise EOFError("the gzip file breaks off")
            data = self._inflate.decompress(rest, len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)


def _known(names: list[str], stream: str) -> tuple[list[str], list[str]]:
    ours = {column.name for column in COLUMNS[stream]}
    return [name for name in names if name in ours], [name for name in names if name not in ours]


def _read_parquet(file: io.BufferedIOBase, stream: str) -> Iterator[Chunk]:
    """Columns we do not know are counted, not read."""
    parquet = pq.ParquetFile(file)
    known, unknown = _known(list(parquet.schema_arrow.names), stream)
    start = 0
    for batch in parquet.iter_batches(batch_size=CHUNK_ROWS, columns=known):
        table = pa.Table.from_batches([batch])
        yield _numbered(table, start, unknown)
        start += table.num_rows


def _read_arrow(file: io.BufferedIOBase, stream: str) -> Iterator[Chunk]:
    """Both kinds of Arrow IPC: the file with a footer and the stream."""
    start = 0
    for batch in _arrow_batches(file):
        _, unknown = _known(list(batch.schema.names), stream)
        for at in range(0, batch.num_rows, CHUNK_ROWS):
            table = pa.Table.from_batches([batch.slice(at, CHUNK_ROWS)])
            yield _numbered(table, start, unknown)
            start += table.num_rows


def _arrow_batches(file: io.BufferedIOBase) -> Iterator[pa.RecordBatch]:
    if _peek(file, 6) == _ARROW_FILE:
        reader = pa.ipc.open_file(file)
        for place in range(reader.num_record_batches):
            yield reader.get_batch(place)
    else:
        yield from pa.ipc.open_stream(file)


def _numbered(table: pa.Table, start: int, unknown: list[str]) -> Chunk:
    rows = np.arange(start + 1, start + 1 + table.num_rows, dtype=np.int64)
    return Chunk(table, rows, [], dict.fromkeys(unknown, table.num_rows))


_DAMAGED = ("内容已损坏，或不是这种格式", "it is damaged, or not of this format")
_WHY_BROKEN: tuple[tuple[type[Exception], tuple[str, str]], ...] = (
    (EOFError, ("文件不完整", "it breaks off before its end")),
    (zlib.error, ("压缩数据已损坏", "its compressed data is damaged")),
    (pa.ArrowException, _DAMAGED),
    (OSError, ("读取时出错", "reading it failed")),
)


def _broken(stream: str, source: str, last: int, error: Exception) -> Chunk:
    zh, en = next((words for kind, words in _WHY_BROKEN if isinstance(error, kind)), _DAMAGED)
    refusal = Refusal(
        stream,
        source,
        0,
        "file_broken",
        None,
        f"文件在第 {last} 行之后无法读取：{zh}",
        f"the file cannot be read after row {last}: {en}",
        None,
    )
    return Chunk(pa.table({}), np.zeros(0, np.int64), [refusal])

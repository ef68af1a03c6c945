"""Rows in and out for commands that judge files: streamed, from standard input too, with progress.

Input is JSON Lines, CSV or Parquet, plain or gzip, told by its name and first bytes; `-` is
standard input. A line that cannot be read is answered by a row that says so, under the number of
its line: nothing is dropped silently. An `id` asked for as `ID` keeps the JSON it came as: 7 stays
7, "7" stays "7". Answers go where `fanzha.entrypoints.answers` writes them.
"""

from __future__ import annotations

import contextlib
import functools
import io
import itertools
import json
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from fanzha.entrypoints.answers import RAW, Writer
from fanzha.entrypoints.cells import as_asked, as_json, fitting, text_column
from fanzha.entrypoints.cli.opened import (
    Unpacked,
    absent,
    broken,
    misnamed,
    opened,
    start,
)
from fanzha.entrypoints.encoding import forced, heard
from fanzha.entrypoints.progress import Progress, told
from fanzha.errors import Refused
from fanzha.records.csv_rows import read_csv
from fanzha.records.encodings import as_utf_8
from fanzha.records.quarantine import Refusal

__all__ = [
    "ID", "Part", "Progress", "Writer", "at_line", "begun", "in_place", "read_rows", "told",
]  # fmt: skip

ID = RAW
"""Type of a column that holds each value's JSON as it came (null where a row has none)."""
_PIECE = 1 << 21
"""Bytes of a piece of JSON Lines."""
_MARK = b"\xef\xbb\xbf"
"""What some programs put before the first line of a text in UTF-8."""
_PARQUET = b"PAR1"
_NAMED_LINES = frozenset({".jsonl", ".ndjson", ".json"})
_ROWS = 50_000
_LINES_A_CELL = 1_000
"""Lines of a text in a cell of CSV."""
_WRITTEN_AROUND = re.compile(rb'[{,]\s*"[^"]*\\u')
"""A name with an escape in it, which may be any name."""
_HALF = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)
"""Half of a character beyond the first plane, which the reader of whole pieces writes as NUL."""
LINE_MAX = 8 << 20
"""Bytes of one line; a longer one is answered with a fault and skipped."""


_TOO_LONG = b"\0 too long"
"""Stands for such a line."""


@dataclass(frozen=True, eq=False)
class Part:
    """A piece of the input. `frame` has the columns asked for, null where a row lacks one.

    `lines` is the number of the line of each row in its file, from 1, as editors count (in CSV of
    its first line). `faults` are the rows that could not be read: line number, then why in Chinese
    and English; `ids` what could be read of their `id`, by line.
    """

    frame: pl.DataFrame
    lines: list[int]
    faults: list[tuple[int, str, str]]
    ids: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class _Asked:
    """What is wanted of a file."""

    path: str
    columns: Mapping[str, pl.DataType | type[pl.DataType]]
    needed: tuple[tuple[str, ...], ...]
    texts: frozenset[str]

    def demand(self, there: Callable[[str], bool], found: Iterable[str]) -> None:
        """Raises `Refused` where the file has no column of a group needed, or none at all."""
        groups = self.needed or (tuple(self.columns),)
        if lacking := [group for group in groups if not any(map(there, group))]:
            raise absent(self.path, lacking, found)


def read_rows(
    path: str,
    columns: Mapping[str, pl.DataType | type[pl.DataType]],
    *,
    needed: Sequence[Collection[str]] = (),
    texts: Collection[str] = (),
) -> Iterator[Part]:
    """Read `path` piece by piece.

    A file without any column of one of the groups `needed` is `Refused` (JSON Lines: where no row
    of the first piece has one), as is one that cannot be opened. In the columns `texts` only texts
    count: a number, a list or an object there is null, never its characters.
    """
    told = Path(path).suffixes
    asked = _Asked(path, columns, tuple(map(tuple, needed)), frozenset(texts))
    with opened(path) as file, broken(path):
        begins = start(file, path)
        if not begins.removeprefix(_MARK).strip() and not file.peek(1):  # type: ignore[attr-defined]
            yield from _nothing(asked)
        elif begins.startswith(_PARQUET):
            yield from _parquet(file, asked)
        elif told and told[-1] in (".parquet", ".pq"):
            raise misnamed(path)
        elif {".csv", ".tsv"} & set(told) or (
            not _NAMED_LINES & set(told) and _is_header(begins, columns)
        ):
            yield from _csv(file, asked)
        else:
            yield from _lines(file, asked)


def _is_header(start: bytes, columns: Mapping[str, pl.DataType | type[pl.DataType]]) -> bool:
    """Whether the first line is the head of a CSV or TSV with a column asked for."""
    first = as_utf_8(start)[0].split(b"\n", 1)[0].decode("utf-8", "replace")
    return not {name.strip().strip('"') for name in re.split("[,;|\t]", first)}.isdisjoint(columns)


def _nothing(asked: _Asked) -> Iterator[Part]:
    """An empty file, of whatever kind, has no rows; it is said."""
    name = Path(asked.path).name
    sys.stderr.write(f"{name}: 文件是空的，没有一行 · the file is empty: no rows\n")
    yield Part(as_asked(pl.DataFrame(), asked.columns).clear(), [], [])


def begun(parts: Iterator[Part]) -> Iterator[Part]:
    """The same, its first piece read: a file that is refused is refused before a model is read."""
    first = list(itertools.islice(parts, 1))
    return itertools.chain(first, parts)


def in_place(part: Part) -> pl.DataFrame:
    """The rows of a part with `line` and `error`, faulty ones where they stand in the file."""
    lines = pl.Series("line", part.lines, dtype=pl.Int64)
    faults = pl.DataFrame(
        [{"line": line, "error": f"{zh} {en}"} for line, zh, en in part.faults],
        schema={"line": pl.Int64, "error": pl.String},
    )
    if part.frame.schema.get("id") == ID:
        ids = [part.ids.get(line) for line, _, _ in part.faults]
        faults = faults.with_columns(id=pl.Series(ids, dtype=ID))
    frame = part.frame.with_columns(lines, error=pl.lit(None, pl.String))
    return pl.concat([frame, faults], how="diagonal").sort("line")


def at_line(answers: pl.DataFrame, lines: pl.Series) -> pl.Series:
    """`error` of the answers, with the line where a row has no `id` to be known by."""
    unknown = answers["error"].is_not_null() & answers["id"].is_null()
    said = pl.format("第 {} 行 line {}: {}", lines, lines, answers["error"])
    return answers.select(pl.when(unknown).then(said).otherwise("error").alias("error"))["error"]


def _parquet(file: IO[bytes], asked: _Asked) -> Iterator[Part]:
    columns = asked.columns
    try:
        seeks = asked.path != "-" and not isinstance(file, Unpacked)
        table = pq.ParquetFile(file if seeks else io.BytesIO(file.read()))
        present = [name for name in columns if name in table.schema_arrow.names]
        asked.demand(present.__contains__, table.schema_arrow.names)
        first = 1
        for batch in table.iter_batches(batch_size=_ROWS, columns=present):
            frame = pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch])))
            for name in asked.texts & set(present):
                text_column(frame[name])
            frame = as_asked(frame, columns)
            yield Part(frame, list(range(first, first + frame.height)), [])
            first += frame.height
        if first == 1:
            yield Part(as_asked(pl.DataFrame(), columns).clear(), [], [])
    except (EOFError, pa.ArrowException) as error:
        raise Refused(
            "file_damaged",
            zh="文件已损坏，或不是 Parquet",
            en="the file is damaged, or is no Parquet",
            field=Path(asked.path).name,
        ) from error


def _csv(file: IO[bytes], asked: _Asked) -> Iterator[Part]:
    name, columns = Path(asked.path).name, asked.columns
    begun = False
    chunks = read_csv(
        cast(io.BufferedIOBase, file), "", name,
        encoding=forced(), lines_a_row=_LINES_A_CELL, heard=heard(name),
    )  # fmt: skip
    for chunk in chunks:
        # The reader of CSV has names in small letters; who asks for TX_TIME means that column.
        here = {name.lower(): name for name in columns}
        names = [here.get(name, name) for name in chunk.table.column_names]
        if not begun:
            asked.demand(names.__contains__, names)
        begun = True
        frame = pl.DataFrame(
            {one: pl.Series(chunk.table.column(names.index(one))) for one in columns
             if one in names}
        ).with_columns(pl.all().replace("", None))  # fmt: skip
        faults = [(refusal.row, refusal.zh, refusal.en) for refusal in chunk.refused]
        ids = _ids(chunk.refused) if names and names[0] == "id" else {}
        yield Part(as_asked(frame, columns), chunk.rows.tolist(), faults, ids)
    if not begun:  # a head alone
        yield Part(as_asked(pl.DataFrame(), columns).clear(), [], [])


def _ids(refused: list[Refusal]) -> dict[int, bytes]:
    """The first cell of rows that have too many or too few: it stands before what went wrong."""
    found = {}
    for one in refused:
        if one.code == "csv_fields" and isinstance(one.raw, str):
            cell = re.split("[,;|\t]", one.raw, maxsplit=1)[0].strip()
            if cell and '"' not in cell and not cell.startswith("base64:"):
                found[one.row] = as_json(cell)
    return found


def _lines(file: IO[bytes], asked: _Asked) -> Iterator[Part]:
    number = 0
    rest = b""
    skipping = begun = seen = False
    while True:
        data = file.read(_PIECE)
        if not begun:
            data, begun = data.removeprefix(_MARK), True
        piece, newline, tail = (rest + data).rpartition(b"\n")
        if not data:
            piece, tail = rest, b""
        elif not newline:
            rest = tail
            if len(rest) > LINE_MAX:
                rest, skipping = b"", True
            continue
        if piece or newline:
            lines = piece.split(b"\n")
            if skipping:
                lines[0], skipping = _TOO_LONG, False
            part = _part(lines, number, asked)
            if part.frame.height and not seen:
                seen = True
                whole = piece + b"\n" + tail  # the last line may have no end
                asked.demand(functools.partial(_named, whole), _first_names(lines))
            yield part
            number += len(lines)
        rest = tail
        if not data:
            if not number:  # an empty file has its columns all the same
                yield Part(as_asked(pl.DataFrame(), asked.columns).clear(), [], [])
            return


def _named(piece: bytes, name: str) -> bool:
    """Whether some row may have the name: one that says it in a text of its own counts too."""
    return b'"%s"' % name.encode() in piece or _WRITTEN_AROUND.search(piece) is not None


def _first_names(lines: list[bytes]) -> list[str]:
    """The names of the first object."""
    for line in lines:
        with contextlib.suppress(ValueError, RecursionError):
            found = json.loads(line)
            if isinstance(found, dict):
                return list(found)
    return []


def _part(lines: list[bytes], before: int, asked: _Asked) -> Part:
    columns = asked.columns
    numbered = [(before + 1 + i, line) for i, line in enumerate(lines) if line.strip()]
    if not numbered:
        return Part(as_asked(pl.DataFrame(), columns).clear(), [], [])
    names = [name for name, kind in columns.items() if kind == ID]
    data = b"\n".join(line for _, line in numbered)
    if _HALF.search(data) or not _no_other_kind(data, asked.texts):
        return _one_by_one(numbered, asked)
    for as_read in (pl.Int64, pl.String) if names else (pl.String,):
        if as_read == pl.String and not _all_text(data, names, len(numbered)):
            break
        try:
            kinds = {name: as_read if name in names else kind for name, kind in columns.items()}
            frame = pl.read_ndjson(io.BytesIO(data), schema=kinds)
        except pl.exceptions.PolarsError:
            continue  # one of them is no object of these types
        if frame.height == len(numbered):
            return Part(as_asked(frame, columns), [number for number, _ in numbered], [])
    return _one_by_one(numbered, asked)


def _no_other_kind(data: bytes, texts: Collection[str]) -> bool:
    """Whether every value under these names is a text or null, as far as a look can tell."""
    if texts and _WRITTEN_AROUND.search(data):
        return False
    return not any(re.search(rb'"%s"\s*:\s*(?!["n\s])' % name.encode(), data) for name in texts)


def _all_text(data: bytes, names: list[str], rows: int) -> bool:
    """Whether every line has each of these names once, before a text, or no line has it."""
    if _WRITTEN_AROUND.search(data):
        return False
    return all(
        len(re.findall(rb'"%s"\s*:' % name.encode(), data))
        == len(re.findall(rb'"%s"\s*:\s*"' % name.encode(), data))
        and len(re.findall(rb'"%s"\s*:' % name.encode(), data)) in (0, rows)
        for name in names
    )


def _one_by_one(numbered: list[tuple[int, bytes]], asked: _Asked) -> Part:
    rows: list[dict[str, Any]] = []
    kept: list[int] = []
    faults: list[tuple[int, str, str]] = []
    for number, line in numbered:
        if line is _TOO_LONG:
            most = LINE_MAX >> 20
            faults.append((number, f"一行超过 {most} MiB", f"a line is longer than {most} MiB"))
            continue
        try:
            found = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError):
            faults.append((number, "不是有效的 JSON", "not valid JSON"))
            continue
        if not isinstance(found, dict):
            faults.append((number, "每行须为一个 JSON 对象", "each line must be one JSON object"))
            continue
        for name in asked.texts:
            if not isinstance(found.get(name), str):
                found[name] = None
        rows.append({name: fitting(found.get(name), kind) for name, kind in asked.columns.items()})
        kept.append(number)
    frame = pl.DataFrame(rows, schema=dict(asked.columns), strict=False)
    return Part(frame, kept, faults)

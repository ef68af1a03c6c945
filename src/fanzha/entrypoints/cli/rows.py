"""Rows in and out for commands that judge files: streamed, from standard input too, with progress.

Input is JSON Lines, CSV or Parquet, plain or gzip, told by its name and first bytes; `-` is
standard input. A line that cannot be read is answered by a row that says so, under the number of
its line: nothing is dropped silently. An `id` asked for as `ID` keeps the JSON it came as: 7 stays
7, "7" stays "7". Answers go where `fanzha.entrypoints.answers` writes them.
"""

from __future__ import annotations

import io
import json
import re
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from fanzha.entrypoints.answers import RAW, Writer
from fanzha.entrypoints.cli.opened import Unpacked, absent, broken, opened, start
from fanzha.errors import Refused
from fanzha.records.csv_rows import read_csv

__all__ = ["ID", "Part", "Progress", "Writer", "at_line", "in_place", "read_rows", "told"]

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


@dataclass(frozen=True, eq=False)
class Part:
    """A piece of the input. `frame` has the columns asked for, null where a row lacks one.

    `lines` is the number of each row in its file, from 1 (in CSV of its first line, the head not
    counted). `faults` are the rows that could not be read: line number, then why in Chinese and
    English.
    """

    frame: pl.DataFrame
    lines: list[int]
    faults: list[tuple[int, str, str]]


@dataclass(frozen=True)
class _Asked:
    """What is wanted of a file."""

    path: str
    columns: Mapping[str, pl.DataType | type[pl.DataType]]
    needed: tuple[tuple[str, ...], ...]
    texts: frozenset[str]

    def demand(self, there: Callable[[str], bool]) -> None:
        """Raises `Refused` where the file has no column of a group needed, or none at all."""
        groups = self.needed or (tuple(self.columns),)
        if lacking := [group for group in groups if not any(map(there, group))]:
            raise absent(self.path, lacking)


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
        if begins.startswith(_PARQUET) or (told and told[-1] in (".parquet", ".pq")):
            yield from _parquet(file, asked)
        elif ".csv" in told or (not _NAMED_LINES & set(told) and _is_header(begins, columns)):
            yield from _csv(file, asked)
        else:
            yield from _lines(file, asked)


def _is_header(start: bytes, columns: Mapping[str, pl.DataType | type[pl.DataType]]) -> bool:
    """Whether the first line is the head of a CSV with a column asked for."""
    first = start.removeprefix(_MARK).split(b"\n", 1)[0].decode("utf-8", "replace")
    return not {name.strip().strip('"') for name in first.split(",")}.isdisjoint(columns)


def in_place(part: Part) -> pl.DataFrame:
    """The rows of a part with `line` and `error`, faulty ones where they stand in the file."""
    lines = pl.Series("line", part.lines, dtype=pl.Int64)
    faults = pl.DataFrame(
        [{"line": line, "error": f"{zh} {en}"} for line, zh, en in part.faults],
        schema={"line": pl.Int64, "error": pl.String},
    )
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
        asked.demand(present.__contains__)
        first = 1
        for batch in table.iter_batches(batch_size=_ROWS, columns=present):
            frame = pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch])))
            for name in asked.texts & set(present):
                _text_column(frame[name])
            frame = _as_asked(frame, columns)
            yield Part(frame, list(range(first, first + frame.height)), [])
            first += frame.height
        if first == 1:
            yield Part(_as_asked(pl.DataFrame(), columns).clear(), [], [])
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
    chunks = read_csv(cast(io.BufferedIOBase, file), "", name, lines_a_row=_LINES_A_CELL)
    for chunk in chunks:
        names = chunk.table.column_names
        if not begun:
            asked.demand(names.__contains__)
        begun = True
        frame = pl.DataFrame(
            {one: pl.Series(chunk.table.column(names.index(one))) for one in columns
             if one in names}
        ).with_columns(pl.all().replace("", None))  # fmt: skip
        faults = [(refusal.row - 1, refusal.zh, refusal.en) for refusal in chunk.refused]
        yield Part(_as_asked(frame, columns), (chunk.rows - 1).tolist(), faults)
    if not begun:  # a head alone
        yield Part(_as_asked(pl.DataFrame(), columns).clear(), [], [])


def _as_asked(
    frame: pl.DataFrame, columns: Mapping[str, pl.DataType | type[pl.DataType]]
) -> pl.DataFrame:
    """The columns asked for in their types; null where absent or of another shape."""
    return frame.select(
        pl.lit(None, dtype=kind).alias(name)
        if name not in frame.columns
        else _raw(frame[name]).alias(name)
        if kind == ID
        else _cast(frame[name], kind)
        for name, kind in columns.items()
    )


def _cast(values: pl.Series, kind: pl.DataType | type[pl.DataType]) -> pl.Series:
    """Null where a value is of another shape. Raises `Refused` where the whole column is."""
    if values.dtype == kind:
        return values
    try:
        if values.dtype.is_nested() and not isinstance(kind, pl.List):
            raise TypeError
        return values.cast(kind, strict=False)
    except (pl.exceptions.PolarsError, TypeError) as error:
        raise _unfit(values) from error


def _text_column(values: pl.Series) -> None:
    """Raises `Refused` for a column of Parquet that holds no texts."""
    if values.dtype.is_numeric() or values.dtype == pl.Boolean or values.dtype.is_temporal():
        raise _unfit(values)


def _unfit(values: pl.Series) -> Refused:
    return Refused(
        "column_type",
        zh=f"这一列的类型（{values.dtype}）用不了",
        en=f"the column has a type that cannot be used: {values.dtype}",
        field=values.name,
    )


def _raw(values: pl.Series) -> pl.Series:
    """Each value as JSON. A piece of whole numbers needs no Python."""
    if values.dtype.is_integer():
        return values.cast(pl.String).cast(pl.Binary)
    if values.dtype == pl.Binary:
        texts = [None if v is None else v.decode("utf-8", "backslashreplace") for v in values]
        return _raw(pl.Series(values.name, texts, dtype=pl.String))
    return pl.Series([None if v is None else _json(v) for v in values], dtype=pl.Binary)


def _json(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=True, allow_nan=False, default=str).encode()
    except (ValueError, RecursionError):
        return b"null"


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
                lines[0], skipping = b"\0", False
            part = _part(lines, number, asked)
            if part.frame.height and not seen:
                seen = True
                asked.demand(lambda name: _named(piece, name))  # noqa: B023  (asked at once)
            yield part
            number += len(lines)
        rest = tail
        if not data:
            if not number:  # an empty file has its columns all the same
                yield Part(_as_asked(pl.DataFrame(), asked.columns).clear(), [], [])
            return


def _named(piece: bytes, name: str) -> bool:
    """Whether some row may have the name: one that says it in a text of its own counts too."""
    return b'"%s"' % name.encode() in piece or _WRITTEN_AROUND.search(piece) is not None


def _part(lines: list[bytes], before: int, asked: _Asked) -> Part:
    columns = asked.columns
    numbered = [(before + 1 + i, line) for i, line in enumerate(lines) if line.strip()]
    if not numbered:
        return Part(_as_asked(pl.DataFrame(), columns).clear(), [], [])
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
            return Part(_as_asked(frame, columns), [number for number, _ in numbered], [])
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
        rows.append({name: _fitting(found.get(name), kind) for name, kind in asked.columns.items()})
        kept.append(number)
    frame = pl.DataFrame(rows, schema=dict(asked.columns), strict=False)
    return Part(frame, kept, faults)


def _fitting(value: Any, kind: pl.DataType | type[pl.DataType]) -> Any:
    """The value where it has the type; text of a plain value where text is asked; else null."""
    if value is None:
        return None
    if kind == ID:
        return _json(value)
    if kind == pl.String:
        if isinstance(value, str):
            return value.encode("utf-8", "replace").decode()
        if isinstance(value, list | dict):
            return json.dumps(value, ensure_ascii=True)  # as the reader of whole pieces does
        return (
            str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        )
    if isinstance(kind, pl.List) and not isinstance(value, list):
        return None
    try:
        return pl.Series([value], dtype=kind, strict=False)[0]
    except (pl.exceptions.PolarsError, TypeError, OverflowError):
        return None


class Progress:
    """How far it has come, on standard error: once a second on a terminal, else every ten."""

    def __init__(self, zh: str, en: str, total: int | None = None) -> None:
        """`total`: rows there are, where that is known."""
        self._words = f"{zh} {en}"
        self._of = "" if total is None else f" / {total:,}"
        self._begun = self._last = time.monotonic()
        self._pause = 1.0 if sys.stderr.isatty() else 10.0
        self._end = "\r" if sys.stderr.isatty() else "\n"
        self.rows = 0

    def add(self, rows: int) -> None:
        """Count rows done."""
        self.rows += rows
        now = time.monotonic()
        if now - self._last >= self._pause:
            self._last = now
            self._say(self._end)

    def done(self) -> None:
        """The last word."""
        self._say("\n")

    def _say(self, end: str) -> None:
        seconds = max(time.monotonic() - self._begun, 1e-9)
        rate = f"({self.rows / seconds:,.0f}/s)"
        sys.stderr.write(f"{self._words}: {self.rows:,}{self._of}  {rate}{end}")
        sys.stderr.flush()


def told(version: str) -> None:
    """Say on standard error which model answers."""
    sys.stderr.write(f"模型 model: {version}\n")

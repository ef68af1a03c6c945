"""Files that are judged as a whole (a graph, a table of figures): read at once, from a pipe too."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, cast

from fanzha.entrypoints.answers import placed
from fanzha.entrypoints.cli.opened import misnamed, unopened, unpacked
from fanzha.entrypoints.encoding import forced, heard
from fanzha.errors import Refused
from fanzha.records.encodings import UTF_8, as_utf_8

if TYPE_CHECKING:
    import polars as pl

__all__ = ["apart", "once", "piped", "whole"]

_PARQUET = b"PAR1"
_MARK = b"\xef\xbb\xbf"
_ESCAPED_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udfff]")
"""Half of a character beyond the first plane: no text, but JSON can hold one."""


def whole(path: str, texts: Collection[str] = ()) -> pl.DataFrame:
    """The table of a file, its columns as they are; `-` is standard input. CSV has no types: its
    columns `texts` stay as they are written (account 0062 is not account 62).

    Parquet and gzip by their first bytes, CSV by its name or because the first line is no JSON
    object, else JSON Lines. Raises `Refused` where the file cannot be opened or understood; for
    JSON Lines it names the first line at fault.
    """
    import polars as pl

    name = "-" if path == "-" else Path(path).name
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        data = unpacked(data, path)
        if data.startswith(_PARQUET):
            return _readable(pl.read_parquet(io.BytesIO(data)))
        if Path(path).suffix in (".parquet", ".pq") and data.strip():
            raise misnamed(path)
        if not data.removeprefix(_MARK).strip():
            raise _unreadable(name, "文件是空的", "the file is empty")
        suffixes = set(Path(path).suffixes)
        if {".csv", ".tsv"} & suffixes or not data.removeprefix(_MARK).lstrip().startswith(b"{"):
            return _csv(data, name, texts)
        return _lines(data.removeprefix(_MARK), name)
    except OSError as error:
        raise unopened(path, error) from error
    except (ValueError, pl.exceptions.PolarsError) as error:
        raise _unreadable(
            name,
            "文件打不开，或不是表格（Parquet、CSV、JSON Lines）",
            "it cannot be opened, or is no table (Parquet, CSV, JSON Lines)",
        ) from error


def _csv(data: bytes, name: str, texts: Collection[str]) -> pl.DataFrame:
    import polars as pl

    data, encoding = as_utf_8(data, forced())
    if encoding != UTF_8 and forced() is None:
        heard(name)(encoding)
    head = data.split(b"\n", 1)[0]
    separator = max((",", "\t", ";", "|"), key=lambda one: head.count(one.encode()))
    names = pl.read_csv(data, separator=separator, n_rows=0, infer_schema=False).columns
    given = {one: pl.String for one in texts if one in names}

    def read(looked_at: int | None) -> pl.DataFrame:
        return pl.read_csv(
            data, separator=separator, infer_schema_length=looked_at, try_parse_dates=True,
            schema_overrides=given,
        )  # fmt: skip

    try:
        return read(10_000)
    except pl.exceptions.ComputeError:  # a column whose later values are of another kind
        return read(None)


def once(*paths: object) -> None:
    """Standard input is one file: asked for twice it is `Refused`."""
    if sum(str(path) == "-" for path in paths) > 1:
        raise Refused(
            "stdin_twice",
            zh="标准输入只能给一个文件",
            en="standard input can stand for one file only",
            field="-",
        )


def apart(out: object, *sources: object, there: bool = True) -> None:
    """Raises `Refused` where the answers would take the place of what is read, where there is no
    place for them, and (`there`) where what is to be read is not: before anything else is done."""
    if out is not None:
        placed(str(out))
    for source in sources:
        if there and source is not None and str(source) != "-":
            _demand_there(str(source))
    for source in sources:
        if source is None or str(source) == "-" or str(out) == "-":
            continue
        try:
            same = Path(str(out)).samefile(str(source))
        except (OSError, ValueError):
            continue  # not there yet, or not at all: opening it says so
        if same and Path(str(out)).is_file():
            raise Refused(
                "out_is_in",
                zh="输出与输入是同一个文件，会毁掉输入：请换一个输出文件",
                en="the answers would replace the file that is read: name another file for them",
                field=Path(str(out)).name,
            )


def _demand_there(path: str) -> None:
    if Path(path).is_dir():
        raise unopened(path, IsADirectoryError())
    if not Path(path).exists():
        raise unopened(path, FileNotFoundError())


def piped() -> io.BufferedIOBase:
    """Standard input as an open file; held where its kind needs one that can seek."""
    pipe = io.BufferedReader(cast(io.RawIOBase, sys.stdin.buffer))
    start = pipe.peek(8)[:8]
    seeks = start.startswith((_PARQUET, b"ARROW1", b"\xff\xff\xff\xff"))
    return io.BytesIO(pipe.read()) if seeks else pipe


def _readable(frame: pl.DataFrame) -> pl.DataFrame:
    """Bytes as the texts they are. Raises `Refused` for a column of bytes that are none."""
    import polars as pl

    for name, kind in frame.schema.items():
        if kind == pl.Binary:
            try:
                frame = frame.with_columns(pl.col(name).cast(pl.String))
            except pl.exceptions.PolarsError as error:
                raise Refused(
                    "column_type",
                    zh="这一列是二进制，不是文字",
                    en="the column holds bytes that are no text",
                    field=name,
                ) from error
    return frame


def _apart(data: bytes) -> bytes:
    """Half characters written out, so that names made of different ones stay different."""
    if not _ESCAPED_HALF.search(data):
        return data
    lines = data.split(b"\n")
    for i, line in enumerate(lines):
        if _ESCAPED_HALF.search(line) and _is_object(line):
            text = json.dumps(json.loads(line), ensure_ascii=False)
            lines[i] = _HALF.sub(lambda half: f"\\\\u{ord(half[0]):04x}", text).encode()
    return b"\n".join(lines)


def _lines(data: bytes, name: str) -> pl.DataFrame:
    import polars as pl

    data = _apart(data)
    try:
        frame = pl.read_ndjson(io.BytesIO(data), infer_schema_length=None)
        if frame.height == sum(bool(line.strip()) for line in data.split(b"\n")):
            return frame
    except pl.exceptions.PolarsError:
        pass
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip() and not _is_object(line):
            raise _unreadable(
                name, f"第 {number} 行不是 JSON 对象", f"line {number} is no JSON object"
            )
    raise _unreadable(name, "同一列的类型不一致", "a column has values of several kinds")


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _unreadable(name: str, zh: str, en: str) -> Refused:
    return Refused("file_unreadable", zh=zh, en=en, field=name)

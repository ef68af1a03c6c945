"""Where answers are written: whole files or none, devices and pipes as they are, rows in a kind.

A regular file is written aside and renamed when it is whole, at the place a link points to. What is
no regular file (a device, a FIFO, standard output) is written to as it is and never replaced.
"""

from __future__ import annotations

import io
import json
import stat
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

import polars as pl
import pyarrow.parquet as pq

from fanzha.errors import FanzhaError, Refused, Unavailable

__all__ = ["RAW", "Output", "Writer", "placed"]

RAW = pl.Binary
"""Type of a column that holds each value's JSON as it came."""
_STDOUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
_PARQUET, _CSV = (".parquet", ".pq"), (".csv",)
_OTHERS = (
    ".gz", ".zst", ".bz2", ".xz", ".zip", ".xlsx", ".xls", ".tsv", ".arrow", ".feather", ".ipc",
    ".avro", ".orc", ".db", ".sqlite",
)  # fmt: skip
"""Endings that promise a kind of file we do not write."""


class Output:
    """A place for bytes: whole or not at all where it is a regular file.

    Raises `Refused` where nothing can be written there, `Unavailable` where the disk is full.
    """

    def __init__(self, path: str) -> None:
        self.name = Path(path).name if path != "-" else "-"
        self._target: Path | None = None
        self._aside: Path | None = None
        self.standard = path in _STDOUT
        if self.standard:
            self.file: IO[bytes] = cast(IO[bytes], sys.stdout.buffer)
            return
        try:
            self.file = self._opened(Path(path))
        except (OSError, ValueError, RuntimeError) as error:  # a NUL in it; links in a circle
            raise _unwritable(self.name) from error

    def _opened(self, path: Path) -> IO[bytes]:
        placed(str(path))
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            return cast(IO[bytes], path.open("wb", buffering=0))
        self._target = path.resolve()
        aside = self._target.with_name(self._target.name + ".part")
        file = aside.open("wb")
        self._aside = aside
        return cast(IO[bytes], file)

    def write(self, data: bytes) -> None:
        """Append. Standard output is told at once."""
        try:
            rest = memoryview(data)
            while len(rest):  # a raw device may take a part
                rest = rest[self.file.write(rest) :]
            if self.standard:
                self.file.flush()
        except BrokenPipeError:
            raise  # whoever read has gone: the command line ends quietly
        except OSError as error:
            raise full(self.name) from error

    def close(self, *, keep: bool) -> None:
        """Rename it into place, or, unless `keep`, leave nothing behind."""
        if self.standard:
            return
        try:
            self.file.close()
            if keep and self._aside is not None and self._target is not None:
                self._aside.replace(self._target)
                self._aside = None
        except BrokenPipeError:
            raise
        except OSError as error:
            if keep:
                raise full(self.name) from error
        finally:
            if self._aside is not None:
                self._aside.unlink(missing_ok=True)


def placed(path: str) -> None:
    """Raises `Refused` where answers could not be written there: a folder that is not there, one
    where a file should be, a name that promises another kind of file. Nothing is written yet."""
    if path in _STDOUT:
        return
    place = Path(path)
    if place.suffix.lower() in _OTHERS:
        raise Refused(
            "kind_unwritable",
            zh="只写 JSON Lines（.jsonl）、Parquet（.parquet）和 CSV（.csv）",
            en="written are JSON Lines (.jsonl), Parquet (.parquet) and CSV (.csv)",
            field=place.name,
        )
    if place.is_dir():
        raise Refused(
            "file_unwritable",
            zh="这是目录，请给出文件名",
            en="this is a folder: name a file",
            field=place.name,
        )
    if "\0" not in path and not place.parent.is_dir() and not place.is_symlink():
        raise Refused(
            "folder_absent",
            zh=f"没有目录 {place.parent}，请先建立（mkdir -p）",
            en=f"there is no folder {place.parent}: make it first (mkdir -p)",
            field=place.name,
        )


class _Held(io.RawIOBase):
    """What Arrow has written and nobody has taken yet."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._before = 0

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Any) -> int:
        """Append."""
        self._bytes += data
        return len(data)

    def tell(self) -> int:
        """How much was written, taken or not."""
        return self._before + len(self._bytes)

    def taken(self) -> bytes:
        """Everything since the last time."""
        data = bytes(self._bytes)
        self._before += len(data)
        self._bytes.clear()
        return data


class Writer:
    """Rows as JSON Lines or, by the name, Parquet or CSV; `-` is standard output.

    In CSV and Parquet raw columns are texts; in CSV lists are JSON. Raises as `Output` does, and
    `Refused` for a name that promises another kind of file.
    """

    def __init__(self, path: str) -> None:
        placed(path)
        suffix = Path(path).suffix.lower()
        self._output = Output(path)
        self._is_parquet = suffix in _PARQUET
        self._is_csv = suffix in _CSV
        self._parquet: pq.ParquetWriter | None = None
        self._held = _Held()
        self._headed = False
        self._unjudged = 0

    def write(self, frame: pl.DataFrame) -> None:
        """Append rows; every call has the same columns."""
        if "score" in frame.columns and "error" in frame.columns:
            lacking = frame["score"].is_null() & frame["error"].is_not_null()
            self._unjudged += int(lacking.sum())
        if self._is_parquet:
            table = _decoded(frame).to_arrow()
            if self._parquet is None:
                self._parquet = pq.ParquetWriter(self._held, table.schema, compression="zstd")
            self._parquet.write_table(table)
            self._pass_on()
        elif self._is_csv:
            if frame.width and (frame.height or not self._headed):
                flat = _flat(_decoded(frame))
                self._output.write(flat.write_csv(include_header=not self._headed).encode())
                self._headed = True
        elif frame.height:
            self._output.write(_json_lines(frame))

    def _pass_on(self) -> None:
        """What the Parquet writer has made so far, to the file: its errors are ours to name."""
        self._output.write(self._held.taken())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        whole = False
        try:
            if kind is None and self._is_parquet:
                if self._parquet is None:
                    self.write(pl.DataFrame())  # no answers at all: a table all the same
                if self._parquet is not None:
                    self._parquet.close()
                self._pass_on()
            whole = kind is None
        finally:
            self._output.close(keep=whole)
        if whole and self._unjudged:
            n = self._unjudged
            sys.stderr.write(f"{n:,} 行未能判别，见 error · {n:,} rows not judged: see error\n")


def full(name: str) -> Unavailable:
    """The disk took no more."""
    return Unavailable(
        "output_failed",
        zh="写不进去：磁盘已满或设备不收，没有留下半个文件",
        en="it cannot be written: the disk is full or the device takes no more; no half is left",
        field=name,
    )


def _unwritable(name: str) -> FanzhaError:
    return Refused(
        "file_unwritable",
        zh="无法写入输出文件",
        en="the output file cannot be written",
        field=name,
    )


def _json_lines(frame: pl.DataFrame) -> bytes:
    """JSON Lines in which raw columns stand first, as they came."""
    raw = [name for name, kind in frame.schema.items() if kind == RAW]
    rest = frame.drop(raw)
    if not raw:
        return rest.write_ndjson().encode()
    lines = rest.write_ndjson().encode().split(b"\n") if rest.width else [b"{}"] * frame.height
    heads = [
        b",".join(
            json.dumps(name).encode() + b":" + (b"null" if value is None else value)
            for name, value in zip(raw, values, strict=True)
        )
        for values in frame.select(raw).iter_rows()
    ]
    return b"".join(
        b"{" + head + (b"," if len(line) > 2 else b"") + line[1:] + b"\n"
        for head, line in zip(heads, lines, strict=False)
    )


def _decoded(frame: pl.DataFrame) -> pl.DataFrame:
    """Raw columns as text for tables, whose columns have one type: texts without their quotes."""
    return frame.with_columns(
        pl.Series(name, [_plain(value) for value in frame[name]], dtype=pl.String)
        for name, kind in frame.schema.items()
        if kind == RAW
    )


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Lists and structs as JSON text."""
    return frame.with_columns(
        pl.Series(name, [_text(value) for value in frame[name].to_list()], dtype=pl.String)
        for name, kind in frame.schema.items()
        if kind.is_nested()
    )


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _plain(value: bytes | None) -> str | None:
    if value is None:
        return None
    found = json.loads(value)
    if isinstance(found, str):
        return found.encode("utf-8", "backslashreplace").decode()
    return value.decode()

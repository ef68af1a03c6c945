"""Opening files to read: gzip unpacked, and what is wrong with one said with its name."""

from __future__ import annotations

import gzip
import io
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from fanzha.errors import Refused

__all__ = [
    "Unpacked", "absent", "broken", "misnamed", "named_columns", "opened", "start", "unopened",
    "unpacked",
]  # fmt: skip

_GZIP = b"\x1f\x8b"
_GZIP_NAMES = (".gz", ".gzip")
_LIKE_A_NAME = re.compile(r"(?!.*\d{5})[^\W\d][\w .\-]{0,23}")
_NAMES_SHOWN = 20
_AHEAD = 8192
"""Bytes looked at to tell what kind of file it is."""


def opened(path: str) -> IO[bytes]:
    """A file of bytes that can look ahead, unpacked where it is gzip by its first bytes; `-` is
    standard input. Raises `Refused`; the caller closes it."""
    try:
        file = (
            io.BufferedReader(cast(io.RawIOBase, sys.stdin.buffer))
            if path == "-"
            else Path(path).open("rb")  # noqa: SIM115
        )
        first = file.peek(2)[:2]
    except (OSError, ValueError) as error:  # a NUL in the name
        raise unopened(path, error) from error
    if first == _GZIP:
        return cast(IO[bytes], Unpacked(cast(io.RawIOBase, gzip.GzipFile(fileobj=file))))
    return cast(IO[bytes], file)


def start(file: IO[bytes], path: str) -> bytes:
    """The first bytes, unpacked. `Refused`: a damaged archive, or a name that promises one."""
    with broken(path):
        found = file.peek(_AHEAD)[:_AHEAD] if isinstance(file, io.BufferedReader) else b""
    _demand_kind(found, path, packed=isinstance(file, Unpacked))
    return found


def unpacked(data: bytes, path: str) -> bytes:
    """The bytes of a whole file, unpacked where they are gzip. Raises as `start` does."""
    with broken(path):
        if data.startswith(_GZIP):
            return gzip.decompress(data)
    _demand_kind(data[:_AHEAD], path, packed=False)
    return data


@contextmanager
def broken(path: str) -> Iterator[None]:
    """What goes wrong in reading is `Refused` with the file's name and a way out."""
    try:
        yield
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise damaged(path) from error
    except OSError as error:
        raise unopened(path, error) from error


def damaged(path: str) -> Refused:
    """A gzip file that breaks off or whose bytes are not those packed."""
    return Refused(
        "gzip_damaged",
        zh="压缩文件不完整或已损坏：请重新取得；先解压（gzip -dc）可取出其中还能读的部分",
        en="the gzip file breaks off or is damaged: get it again, or unpack what can still be read "
        "with gzip -dc and give that",
        field=_name(path),
    )


def absent(path: str, groups: Sequence[tuple[str, ...]], found: Iterable[str]) -> Refused:
    """Columns that a file must have and has not; of a group any one would do. `found` are those it
    has."""
    zh = "、".join(" 或 ".join(group) for group in groups)
    en = ", ".join(" or ".join(group) for group in groups)
    there = named_columns(found)
    return Refused(
        "columns_absent",
        zh=f"文件没有所需的列 {zh}；现有 {there or '无'}",
        en=f"the file has no column {en}; it has {there or 'none'}",
        field=_name(path),
    )


def named_columns(found: Iterable[str]) -> str:
    """The first columns of a file. Without a head the first row stands there, which may be
    somebody's: what does not look like a name is not repeated."""
    names = [name if _LIKE_A_NAME.fullmatch(name) else "…" for name in found]
    more = f", … ({len(names)})" if len(names) > _NAMES_SHOWN else ""
    return ", ".join(names[:_NAMES_SHOWN]) + more


def misnamed(path: str) -> Refused:
    """A file named as Parquet that does not begin as Parquet does."""
    return Refused(
        "parquet_none",
        zh="文件名是 .parquet，内容却不是 Parquet（开头不是 PAR1）：若是 CSV 或 JSON Lines，"
        "请改成 .csv 或 .jsonl",
        en="it is named .parquet but is no Parquet (does not begin with PAR1): if it is CSV or "
        "JSON Lines, name it .csv or .jsonl",
        field=_name(path),
    )


class Unpacked(io.BufferedReader):
    """What damage the deflated bytes have is an `OSError`, like every other of a file."""

    def peek(self, size: int = 0, /) -> bytes:
        """Raises `OSError`."""
        try:
            return super().peek(size)
        except (zlib.error, EOFError) as error:
            raise gzip.BadGzipFile(str(error)) from error

    def read(self, size: int | None = -1, /) -> bytes:
        """Raises `OSError`."""
        try:
            return super().read(size)
        except (zlib.error, EOFError) as error:
            raise gzip.BadGzipFile(str(error)) from error


def _demand_kind(first: bytes, path: str, *, packed: bool) -> None:
    """A file named as gzip that is none is read where it is plain text or Parquet."""
    if packed or Path(path).suffix.lower() not in _GZIP_NAMES or first.startswith(b"PAR1"):
        return
    if b"\0" in first or not _is_text(first):
        raise Refused(
            "gzip_none",
            zh="文件名是 .gz，内容却不是 gzip：若是别的格式，请改成相应的名字（.jsonl、.csv、"
            ".parquet），或先解压",
            en="it is named .gz but is not gzip: name it for what it is (.jsonl, .csv, .parquet), "
            "or unpack it first",
            field=_name(path),
        )


def _is_text(data: bytes) -> bool:
    """Whether it is UTF-8, but for a character cut in two at the end."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(data) - 3 and len(data) >= _AHEAD
    return True


def unopened(path: str, error: Exception | None = None) -> Refused:
    """A file that cannot be opened, and why, as far as that is known."""
    zh, en = "文件打不开", "the file cannot be opened"
    if isinstance(error, FileNotFoundError):
        zh, en = "没有这个文件", "there is no such file"
    elif isinstance(error, IsADirectoryError):
        zh, en = "这是目录，请给出文件", "this is a folder: name a file"
    elif isinstance(error, PermissionError):
        zh, en = "没有权限读取", "there is no right to read it"
    return Refused("file_unreadable", zh=zh, en=en, field=_name(path))


def _name(path: str) -> str:
    return "-" if path == "-" else Path(path).name

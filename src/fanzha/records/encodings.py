"""The encoding of a text file: UTF-8, UTF-16 by its mark, GB18030 as offices in China save it."""

from __future__ import annotations

import codecs
import io
from typing import cast

from fanzha.errors import Refused

__all__ = ["GB18030", "UTF_8", "as_utf_8", "recognised", "said"]

UTF_8, GB18030 = "utf-8", "gb18030"
_UTF_16 = ("utf-16", "utf-16-le", "utf-16-be")
_AHEAD = 1 << 20
"""Bytes looked at to tell the encoding."""
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_KEEP_ASCII = frozenset(
    {UTF_8, "ascii", "iso8859-1", "cp1252", GB18030, "gbk", "gb2312", "big5", "big5hkscs", "cp950"}
)
"""Encodings whose line ends, commas and quotes stand as in ASCII wherever they stand."""


def recognised(
    file: io.BufferedIOBase, encoding: str | None = None
) -> tuple[io.BufferedIOBase, str]:
    """The file as text that keeps ASCII as it is, and its encoding.

    Without `encoding` a mark decides, then whether the first MiB is UTF-8; where it is not but is
    GB18030 (which GBK and GB 2312 are part of), that. UTF-16 comes as UTF-8. Raises `Refused`
    for an encoding that we do not read.
    """
    name = _named(encoding)
    head = _head(file)
    name = name or _told(head)
    rest: io.RawIOBase = _Whole(head, file)
    if name in _UTF_16:
        return io.BufferedReader(_AsUtf8(rest, name, head)), name
    return io.BufferedReader(rest, _AHEAD), name


def as_utf_8(data: bytes, encoding: str | None = None) -> tuple[bytes, str]:
    """A whole text in UTF-8, without a mark, and what it was in. Raises `Refused` where it is
    not in `encoding`; what has no encoding at all stays as it is."""
    name = _named(encoding) or _told(data[:_AHEAD])
    if name == UTF_8:
        return data.removeprefix(codecs.BOM_UTF8), name
    try:
        text = data.decode(name, "strict" if encoding else "replace")
    except UnicodeDecodeError as error:
        raise Refused(
            "encoding_other",
            zh=f"内容不是 {said(name)}",
            en=f"it is no {said(name)}",
            field="--encoding",
        ) from error
    return text.removeprefix("\ufeff").encode("utf-8", "replace"), name


def said(encoding: str) -> str:
    """The name as people write it."""
    return "UTF-16" if encoding in _UTF_16 else encoding.upper()


def _named(encoding: str | None) -> str | None:
    if encoding is None:
        return None
    try:
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError):
        name = ""
    if name not in _KEEP_ASCII and name not in _UTF_16:
        raise Refused(
            "encoding_unknown",
            zh="没有这种编码：可用 utf-8、gb18030、utf-16、big5",
            en="no such encoding is read: utf-8, gb18030, utf-16, big5 are",
            field="--encoding",
        )
    return name


def _head(file: io.BufferedIOBase) -> bytes:
    """The first bytes; of a pipe what comes at once, so that a live one is not waited for."""
    return file.read(_AHEAD) if file.seekable() else file.read1(_AHEAD)


def _told(head: bytes) -> str:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if head.startswith(codecs.BOM_UTF8) or _is(head, UTF_8):
        return UTF_8
    if not _is(head, GB18030):
        return UTF_8
    # Damaged UTF-8 may pass for GB18030: then most of its lines are UTF-8 still.
    lines = [line for line in head.split(b"\n")[:2000] if not line.isascii()]
    return GB18030 if 2 * sum(_is(line, UTF_8) for line in lines) < len(lines) else UTF_8


def _is(data: bytes, encoding: str) -> bool:
    """Whether it is text in this encoding, but for a character cut in two at the end."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(data, final=False)
    except UnicodeDecodeError:
        return False
    return True


class _Whole(io.RawIOBase):
    """What was looked at already, then the rest."""

    def __init__(self, head: bytes, rest: io.BufferedIOBase) -> None:
        self._head, self._rest = memoryview(head), rest

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """As of a raw file."""
        data: bytes | memoryview
        if len(self._head):
            data, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        else:
            data = self._rest.read1(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _AsUtf8(io.RawIOBase):
    """UTF-16 as UTF-8; what is no character comes as U+FFFD."""

    def __init__(self, file: io.RawIOBase, encoding: str, head: bytes) -> None:
        marked = next((name for mark, name in _MARKS if head.startswith(mark)), "utf-16-le")
        self._decoder = codecs.getincrementaldecoder(marked if encoding == "utf-16" else encoding)(
            "replace"
        )
        self._file, self._held, self._first, self._ended = file, b"", True, False

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """As of a raw file."""
        while not self._held and not self._ended:
            data = cast(bytes, self._file.read(1 << 16))
            self._ended = not data
            text = self._decoder.decode(data, self._ended)
            if text and self._first:
                text, self._first = text.removeprefix("\ufeff"), False
            self._held = text.encode("utf-8", "replace")
        given, self._held = self._held[: len(buffer)], self._held[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)

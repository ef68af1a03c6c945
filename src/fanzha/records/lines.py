"""Lines of a file of any size, in bounded passages; one without end is cut off, not swallowed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field

#: One record is shorter than this, or it is refused.
LINE_LIMIT = 1 << 20
_PASSAGE = 1 << 20


@dataclass(slots=True)
class Passage:
    """Consecutive whole lines without their ends; `numbers` count from 1 in the file.

    `too_long` holds number and head of lines over the limit; they are not among `texts`.
    """

    numbers: list[int] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    too_long: list[tuple[int, bytes]] = field(default_factory=list)


def passages(file: io.BufferedIOBase, limit: int = LINE_LIMIT) -> Iterator[Passage]:
    """Reads `file` to its end, about one MiB at a time; the byte order mark goes, CRLF is LF."""
    rest, number, skipping = b"", 0, False
    first = True
    while data := file.read1(_PASSAGE):
        if first:
            data, first = data.removeprefix(b"\xef\xbb\xbf"), False
        passage = Passage()
        if skipping:
            _, end, data = data.partition(b"\n")
            skipping = not end
            if skipping:
                continue
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            number += 1
            _put(passage, number, line, limit)
        if len(rest) > limit:
            number += 1
            passage.too_long.append((number, rest[:limit]))
            rest, skipping = b"", True
        yield passage
    if rest:
        passage = Passage()
        _put(passage, number + 1, rest, limit)
        yield passage


def _put(passage: Passage, number: int, line: bytes, limit: int) -> None:
    if len(line) > limit:
        passage.too_long.append((number, line[:limit]))
        return
    passage.numbers.append(number)
    passage.texts.append(line.removesuffix(b"\r"))

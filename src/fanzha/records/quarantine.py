"""Rows that were refused: the rule in words, and the row itself, so that it can be sent again."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import IO, Any

#: A refused line longer than this is kept up to here; the rest is gone, and `cut` says so.
RAW_LIMIT = 65_536


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused row. `row` counts from 1 in its file or message (0: the file as a whole).

    `field` is None where the row as such could not be read. `raw` is the row as it came: an object
    with the sender's columns, or the text of a line that could not be read.
    """

    stream: str
    source: str
    row: int
    code: str
    field: str | None
    zh: str
    en: str
    raw: dict[str, Any] | str | None


def readable(data: bytes) -> str:
    """A line that could not be read, as text: UTF-8 where it is, else base64 behind a mark."""
    kept = data[:RAW_LIMIT]
    try:
        text = kept.decode("utf-8")
    except UnicodeDecodeError:
        text = "base64:" + base64.b64encode(kept).decode("ascii")
    return text + ("…cut" if len(data) > RAW_LIMIT else "")


def write(out: IO[str], refusals: Iterable[Refusal]) -> int:
    """Writes one JSON object a line; how many."""
    count = 0
    for refusal in refusals:
        out.write(to_line(refusal))
        count += 1
    return count


def to_line(refusal: Refusal) -> str:
    """One refusal as a line of JSON in ASCII-safe UTF-8, its final newline included."""
    text = json.dumps(asdict(refusal), ensure_ascii=False, default=str)
    return text.encode("utf-8", "replace").decode("utf-8") + "\n"


def to_send_again(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(stream, row as a line of JSON) of each quarantined row: what a person repaired goes back in.

    Lines whose row never became an object are left out: they must be repaired at their origin.
    """
    for line in lines:
        refusal = json.loads(line)
        if isinstance(refusal.get("raw"), dict):
            yield refusal["stream"], json.dumps(refusal["raw"], ensure_ascii=False)

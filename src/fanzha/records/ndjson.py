"""NDJSON: one object a line; a line that is none goes to quarantine and the next one is read."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.json

from fanzha.records.chunk import Chunk, of_objects
from fanzha.records.lines import Passage, passages
from fanzha.records.quarantine import Refusal, readable
from fanzha.records.schemas import COLUMNS

_RULES = {
    "line_too_long": ("一行超过 1 MiB", "a line is longer than 1 MiB"),
    "encoding": ("不是 UTF-8 文本", "not text in UTF-8"),
    "json_broken": ("不是有效的 JSON", "not valid JSON"),
    "json_object": ("每行须为一个 JSON 对象", "each line must be one JSON object"),
}


def read_ndjson(file: io.BufferedIOBase, stream: str, source: str) -> Iterator[Chunk]:
    """Reads to the end of `file` in pieces of about one MiB. Blank lines count but hold no row."""
    for passage in passages(file):
        yield _read_passage(passage, stream, source)


def _read_passage(passage: Passage, stream: str, source: str) -> Chunk:
    refused = [
        _refusal(stream, source, number, "line_too_long", head) for number, head in passage.too_long
    ]
    lines = [
        (number, text)
        for number, text in zip(passage.numbers, passage.texts, strict=True)
        if text and not text.isspace()
    ]
    table = _all_at_once(lines, stream)
    if table is not None:
        return Chunk(table, np.array([number for number, _ in lines], np.int64), refused)
    objects: list[dict[str, Any]] = []
    numbers: list[int] = []
    for number, text in lines:
        found = _object(text)
        if isinstance(found, str):
            refused.append(_refusal(stream, source, number, found, text))
        else:
            objects.append(found)
            numbers.append(number)
    chunk = of_objects(stream, source, objects, numbers)
    return Chunk(chunk.table, chunk.rows, refused + chunk.refused, chunk.unknown_columns)


def _all_at_once(lines: list[tuple[int, bytes]], stream: str) -> pa.Table | None:
    """The lines through Arrow's parser, where each is one object of known columns in their plain
    types; None where any line is anything else, and all are read one by one."""
    if not lines:
        return None
    data = b"\n".join(text for _, text in lines)
    try:
        data.decode("utf-8")
        table = pa.json.read_json(
            io.BytesIO(data),
            read_options=pa.json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=pa.json.ParseOptions(
                explicit_schema=_plain_schema(stream, lines[0][1]),
                unexpected_field_behavior="error",
            ),
        )
    except (pa.ArrowException, UnicodeDecodeError, OverflowError):
        return None
    return table if table.num_rows == len(lines) else None


def _plain_schema(stream: str, first: bytes) -> pa.Schema:
    """The types JSON has for the columns; whether times are numbers is seen in the first line."""
    try:
        number_times = isinstance(json.loads(first).get("at"), int)
    except (ValueError, AttributeError, RecursionError):
        number_times = False
    fields = []
    for column in COLUMNS[stream]:
        kind = column.type
        if pa.types.is_timestamp(kind):
            kind = pa.int64() if number_times else pa.string()
        elif pa.types.is_floating(kind):
            kind = pa.float64()
        elif pa.types.is_signed_integer(kind):
            kind = pa.int64()
        fields.append(pa.field(column.name, kind))
    return pa.schema(fields)


def _object(text: bytes) -> dict[str, Any] | str:
    """The object on a line, or the code of the rule it breaks."""
    try:
        found = json.loads(text.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        return "encoding"
    except (ValueError, RecursionError):
        return "json_broken"
    return found if isinstance(found, dict) else "json_object"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _refusal(stream: str, source: str, number: int, code: str, text: bytes) -> Refusal:
    zh, en = _RULES[code]
    return Refusal(stream, source, number, code, None, zh, en, readable(text))

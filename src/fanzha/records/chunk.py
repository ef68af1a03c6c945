"""A bounded piece of what a sender gave: rows as they came, and the ones that could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fanzha.records.quarantine import Refusal
from fanzha.records.rules import words
from fanzha.records.schemas import COLUMNS

#: Rows in one piece, about.
CHUNK_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Chunk:
    """`rows` are the numbers (from 1) of the table's rows in their file; `refused` the rows that
    are not in it; `unknown_columns` counts rows that filled a column we do not know."""

    table: pa.Table
    rows: npt.NDArray[np.int64]
    refused: list[Refusal] = field(default_factory=list)
    unknown_columns: dict[str, int] = field(default_factory=dict)


#: Names of unknown columns are counted up to so many; a sender may not fill memory with them.
_NAMES_COUNTED = 64


def of_objects(
    stream: str, source: str, objects: Sequence[dict[str, Any]], numbers: Sequence[int]
) -> Chunk:
    """Rows given as JSON objects. A known column that holds a list or an object is refused."""
    columns = {column.name: column for column in COLUMNS[stream]}
    refused: list[Refusal] = []
    unknown: dict[str, int] = {}
    kept: list[dict[str, Any]] = []
    kept_numbers: list[int] = []
    for number, row in zip(numbers, objects, strict=True):
        nested = None
        for name, value in row.items():
            if name not in columns:
                if value is not None and (name in unknown or len(unknown) < _NAMES_COUNTED):
                    unknown[name] = unknown.get(name, 0) + 1
            elif isinstance(value, dict | list):
                nested = nested or name
        if nested is None:
            kept.append(row)
            kept_numbers.append(number)
        else:
            rule = words("type", columns[nested])
            refused.append(
                Refusal(stream, source, number, rule.code, nested, rule.zh, rule.en, row)
            )
    present = [name for name in columns if any(name in row for row in kept)]
    arrays = [_column([row.get(name) for row in kept]) for name in present]
    table = (
        pa.Table.from_arrays(arrays, names=present)
        if present
        else pa.table({"event_id": pa.nulls(len(kept), pa.uint64())})
    )
    return Chunk(table, np.array(kept_numbers, np.int64), refused, unknown)


def _column(values: list[Any]) -> pa.Array:
    """Values of one kind in that kind; mixed ones as text, so that no digit is lost."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int} or kinds <= {float} or kinds <= {bool}:
        try:
            return pa.array(values)
        except (OverflowError, pa.ArrowException):
            pass
    texts = [value if value is None else _as_text(value) for value in values]
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:
        # Half a surrogate pair: messages cut between their parts have it.
        return pa.array(
            [t if t is None else t.encode("utf-8", "replace").decode("utf-8") for t in texts],
            pa.string(),
        )


def _as_text(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)

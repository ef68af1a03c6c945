"""A city's rows in the order in which they become due, as lines that a centre takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fanzha.city.rhythm import Ints
from fanzha.records.schemas import INSTANT, STREAMS

_REGISTRY = ("subject", "line", "account")


class Feed:
    """Gives every row once, by time; instants are ms UTC."""

    def __init__(self, streams: Mapping[str, pa.Table]) -> None:
        self._tables = {stream: streams[stream] for stream in STREAMS}
        self._at: dict[str, Ints] = {
            stream: table["at"].cast(pa.int64()).to_numpy()
            for stream, table in self._tables.items()
        }
        self._given = dict.fromkeys(STREAMS, 0)

    def registry(self, until: int) -> dict[str, pa.Table]:
        """Who holds which number and account, as told before `until`."""
        return {stream: self._taken(stream, until) for stream in _REGISTRY}

    def due(self, until: int) -> dict[str, pa.Table]:
        """Rows that happened before `until` and were not given yet; streams without any are left
        out."""
        taken = {stream: self._taken(stream, until) for stream in STREAMS}
        return {stream: table for stream, table in taken.items() if table.num_rows}

    def skip_to(self, until: int) -> int:
        """Pass over what happened before `until`; returns how many rows."""
        return sum(table.num_rows for table in self.due(until).values())

    def start_of_last(self, rows: int, until: int) -> int:
        """The instant from which no more than `rows` rows lead up to `until`."""
        waiting = [
            at[self._given[stream] : np.searchsorted(at, until)] for stream, at in self._at.items()
        ]
        times = np.sort(np.concatenate(waiting))
        if len(times) <= rows:
            return int(times[0]) if len(times) else until
        return int(times[len(times) - rows]) if rows else until

    @property
    def left(self) -> int:
        return sum(len(at) - self._given[stream] for stream, at in self._at.items())

    def _taken(self, stream: str, until: int) -> pa.Table:
        first = self._given[stream]
        last = max(first, int(np.searchsorted(self._at[stream], until)))
        self._given[stream] = last
        return self._tables[stream].slice(first, last - first)


def lines(table: pa.Table, most: int) -> Iterator[bytes]:
    """The rows as NDJSON, at most `most` a piece; the sender is known by its key, nulls are left
    out."""
    for first in range(0, table.num_rows, most):
        rows: list[dict[str, Any]] = _plain(table.slice(first, most)).to_pylist()
        yield b"".join(
            json.dumps({k: v for k, v in row.items() if v is not None}, ensure_ascii=False).encode()
            + b"\n"
            for row in rows
        )


def _plain(table: pa.Table) -> pa.Table:
    """Columns in the types that JSON has."""
    columns: dict[str, Any] = {}
    for field in table.schema:
        column = table[field.name]
        if field.name == "source":
            continue
        if field.type == INSTANT:
            column = pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ")
        elif pa.types.is_floating(field.type):
            column = pc.round(column.cast(pa.float64()), 3)
        columns[field.name] = column
    return pa.table(columns)

"""The door every row passes once: types, bounds, identifiers in normal form; each refusal said."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fanzha.errors import Refused
from fanzha.records.casts import Mask, mask_of, nulls_of, to_type, without
from fanzha.records.identifying import identify
from fanzha.records.quarantine import Refusal
from fanzha.records.rules import Rule, words
from fanzha.records.schemas import (
    COLUMNS,
    Column,
    Identifier,
    admitted_schema,
)
from fanzha.values import instant

#: Nothing in these streams happened before phones carried scams: an older time is a wrong one.
_EARLIEST_MS = instant.parse("2000-01-01T00:00:00Z").ms
#: A clock further ahead than this would make everybody else's rows late in the windows.
_AHEAD_MS = 10 * 60_000
#: Read without complaint, whatever they hold: a false caller or handset is a finding.
_LENIENT_STREAMS = frozenset({"call", "text"})
_ALWAYS_LENIENT = frozenset({Identifier.IMSI, Identifier.IMEI, Identifier.CELL, Identifier.HOLDER})


@dataclass(frozen=True, slots=True)
class Admitted:
    """What came of one table. `batch` follows `admitted_schema(stream)`, rows in the order they
    came; `len(batch) + len(refused)` is the number of rows received. `unknown_columns` counts rows
    that carried a column we do not know; `unreadable` counts identifiers taken as they are."""

    batch: pa.RecordBatch
    refused: list[Refusal]
    unknown_columns: dict[str, int] = field(default_factory=dict)


def admit(
    stream: str,
    table: pa.Table | pa.RecordBatch,
    source: str,
    *,
    now: datetime | None = None,
    rows: npt.NDArray[np.int64] | None = None,
    own_source_only: bool = False,
) -> Admitted:
    """Reads `table` as rows of `stream`. Never raises for what the rows hold.

    `source` names the sender where a row does not; with `own_source_only` (a sender known by its
    key) a row that names another is refused. `now` bounds `at` from above by ten minutes. `rows`
    are the rows' numbers in their file or message (default 1, 2, …). An unknown stream raises
    `Refused`.
    """
    if stream not in COLUMNS:
        raise Refused(
            "stream_unknown", zh="没有这个数据流", en="there is no such stream", field="stream"
        )
    visit = _Visit(stream, source, table)
    for column in COLUMNS[stream]:
        visit.take_in(column)
    visit.check_time(now)
    visit.check_source(own_source_only)
    _STREAM_RULES.get(stream, _no_more_rules)(visit)
    numbers = np.arange(1, visit.length + 1) if rows is None else rows
    return Admitted(visit.batch(), visit.refused(numbers), visit.unknown_columns())


class _Visit:
    """One table on its way through: columns made so far, and the first rule each row broke."""

    def __init__(self, stream: str, source: str, table: pa.Table | pa.RecordBatch) -> None:
        self.stream = stream
        self.source = source
        self.names: list[str] = list(table.schema.names)
        self.arrays, self.damaged = _sound_columns(table)
        self.length: int = table.num_rows
        self.made: dict[str, pa.Array] = {}
        self.rules: list[Rule] = []
        self.first = np.full(self.length, -1, np.int32)

    def refuse(self, rows: Mask, rule: Rule) -> None:
        """Marks rows; a row keeps the first rule it broke."""
        fresh = rows & (self.first < 0)
        if fresh.any():
            self.first[fresh] = len(self.rules)
            self.rules.append(rule)

    def take_in(self, column: Column) -> None:
        """One column: type, presence, bounds, normal form."""
        place = self.names.index(column.name) if column.name in self.names else None
        array = pa.nulls(self.length, column.type) if place is None else self.arrays[place]
        if place in self.damaged:
            self.refuse(np.ones(self.length, bool), words("encoding", column))
        array, bad = to_type(array, column.type)
        self.refuse(bad, words("type", column))
        if pa.types.is_string(column.type) and len(array):
            array = self._checked_text(array, column)
        elif column.minimum is not None or column.maximum is not None:
            self._check_bounds(array, column)
        if column.required:
            self.refuse(nulls_of(array) & ~bad, words("missing", column))
        if column.default is not None:
            array = array.fill_null(column.default)
        self.made[column.name] = array
        if column.identifier is not None:
            self._identify(array, column)

    def _checked_text(self, array: pa.Array, column: Column) -> pa.Array:
        """Empty counts as absent, except for what a network presents and for what people write.

        NUL, which no database text can hold, is taken out: refusing the row would hide it.
        """
        if pc.any(pc.match_substring(array, "\0")).as_py():
            array = pc.replace_substring(array, "\0", "")
        presented = column.required and column.identifier in (Identifier.NUMBER, Identifier.SENDER)
        if column.name != "body" and not presented:
            array = without(array, mask_of(pc.equal(array, "")))
        if column.values:
            known = pc.is_in(array, pa.array(column.values))
            self.refuse(~mask_of(known) & ~nulls_of(array), words("enumeration", column))
        elif column.identifier is not Identifier.NUMBER or not presented:
            too_long = mask_of(pc.greater(pc.utf8_length(array), column.longest))
            self.refuse(too_long, words("length", column))
            array = without(array, too_long)
        return array

    def _check_bounds(self, array: pa.Array, column: Column) -> None:
        out = np.zeros(self.length, bool)
        if column.minimum is not None:
            out |= mask_of(pc.less(array, pa.scalar(column.minimum, array.type)))
        if column.maximum is not None:
            out |= mask_of(pc.greater(array, pa.scalar(column.maximum, array.type)))
        self.refuse(out, words("range", column))

    def _identify(self, array: pa.Array, column: Column) -> None:
        identifier = column.identifier
        assert identifier is not None
        lenient = identifier in _ALWAYS_LENIENT or (
            identifier is Identifier.NUMBER and self.stream in _LENIENT_STREAMS
        )
        found = identify(array, identifier, lenient=lenient)
        for rows, error in found.failures:
            self.refuse(rows, Rule(error.code, column.name, error.zh, error.en))
        self.made[column.name] = found.normals
        self.made[f"{column.name}_key"] = pa.array(found.keys)
        if found.kinds is not None:
            self.made[f"{column.name}_kind"] = found.kinds

    def check_time(self, now: datetime | None) -> None:
        """Before 2000, or more than ten minutes ahead of `now`: the sender's clock is wrong."""
        at = self.made["at"].cast(pa.int64()).fill_null(_EARLIEST_MS)
        ticks = at.to_numpy(zero_copy_only=False)
        column = COLUMNS[self.stream][2]
        self.refuse(ticks < _EARLIEST_MS, words("time_past", column))
        if now is not None:
            latest = instant.from_datetime(now).ms + _AHEAD_MS
            self.refuse(ticks > latest, words("time_future", column))

    def check_source(self, own_only: bool) -> None:
        """Fills in the sender, and holds one known by its key to its own name."""
        sources = self.made["source"]
        column = COLUMNS[self.stream][1]
        if own_only:
            other = mask_of(pc.not_equal(sources, self.source))
            self.refuse(other, words("source_foreign", column))
        filled = sources.fill_null(self.source)
        self.refuse(mask_of(pc.equal(filled, "")), words("missing", column))
        self.made["source"] = filled

    def batch(self) -> pa.RecordBatch:
        schema = admitted_schema(self.stream)
        columns = [self.made[name] for name in schema.names]
        whole = pa.RecordBatch.from_arrays(columns, schema=schema)
        taken = self.first < 0
        return whole if taken.all() else whole.filter(pa.array(taken))

    def refused(self, numbers: npt.NDArray[np.int64]) -> list[Refusal]:
        out = []
        for place in np.flatnonzero(self.first >= 0).tolist():
            rule = self.rules[self.first[place]]
            out.append(
                Refusal(
                    self.stream,
                    self.source,
                    int(numbers[place]),
                    rule.code,
                    rule.field,
                    rule.zh,
                    rule.en,
                    self._as_received(place),
                )
            )
        return out

    def _as_received(self, place: int) -> dict[str, Any]:
        """One row of what came, in types JSON has; unknown columns too, so that nothing is lost."""
        row: dict[str, Any] = {}
        for name, array in zip(self.names, self.arrays, strict=True):
            if name not in row:
                row[name] = _as_json(array, place)
        return row

    def unknown_columns(self) -> dict[str, int]:
        """Columns we do not know, and the second of a doubled name, with the rows they filled."""
        known = {column.name for column in COLUMNS[self.stream]}
        out: dict[str, int] = {}
        seen: set[str] = set()
        for name, array in zip(self.names, self.arrays, strict=True):
            if name not in known or name in seen:
                out[name] = out.get(name, 0) + self.length - array.null_count
            seen.add(name)
        return out


def _sound_columns(table: pa.Table | pa.RecordBatch) -> tuple[list[pa.Array], set[int]]:
    """Each column in one piece. Arrow trusts its buffers, so what came from outside is looked at
    first: text that is not UTF-8 goes on as bytes, a damaged column as nulls and by its place."""
    arrays, damaged = [], set()
    for place, column in enumerate(table.columns):
        try:
            column.validate(full=True)
        except (pa.ArrowException, UnicodeDecodeError):
            column = _as_bytes(column)
            if column is None:
                damaged.add(place)
                column = pa.nulls(table.num_rows)
        arrays.append(_in_one_piece(column))
    return arrays, damaged


def _as_bytes(column: pa.Array | pa.ChunkedArray) -> pa.Array | None:
    """A text column seen as bytes; None where its buffers do not hold together."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return None
    wide = pa.types.is_large_string(column.type)
    try:
        array = _in_one_piece(column).view(pa.large_binary() if wide else pa.binary())
        array.validate(full=True)
    except pa.ArrowException:
        return None
    return array


def _in_one_piece(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(column, pa.Array):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    if not column.num_chunks:
        return pa.nulls(0, column.type)
    return pa.concat_arrays(column.chunks)


def _as_json(array: pa.Array, place: int) -> Any:
    """One value as JSON may carry it; what has no such form is given as text."""
    try:
        value = array[place].as_py()
    except (pa.ArrowException, ValueError, OverflowError, UnicodeDecodeError):
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _no_more_rules(_: _Visit) -> None:
    """Most streams have no rule that spans columns."""


def _text_rules(visit: _Visit) -> None:
    """Chats and transcripts need a lawful basis; all but public posts go to somebody."""
    columns = {column.name: column for column in COLUMNS["text"]}
    channel = visit.made["channel"]
    private = mask_of(pc.is_in(channel, pa.array(["chat", "transcript"])))
    basis = visit.made["lawful_basis"]
    blank = nulls_of(basis) | mask_of(pc.equal(pc.utf8_trim_whitespace(basis), ""))
    visit.refuse(private & blank, words("lawful_basis", columns["lawful_basis"]))
    alone = nulls_of(visit.made["recipient"]) & ~mask_of(pc.equal(channel, "post"))
    visit.refuse(alone, words("missing", columns["recipient"]))


_STREAM_RULES = {"text": _text_rules}

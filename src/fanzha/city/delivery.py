"""How records reach the centre: columns a sender lacks, late and doubled events, wrong clocks."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fanzha.city.behaviour import Behaviour, Sender
from fanzha.city.rhythm import HOUR, MINUTE, SECOND, Ints, Span, lognormal
from fanzha.city.world import World
from fanzha.records.schemas import INSTANT

_SENT_BY = {
    "call": "caller",
    "text": "recipient",
    "visit": "subscriber",
    "app": "subscriber",
    "transfer": "payer",
    "line": "number",
    "account": "account",
    "subject": "person",
}
"""Whose rows come by one sender: a subscriber's by one carrier, an account's by one bank."""
COPIES = pa.schema([("event_id", pa.uint64()), ("of", pa.uint64())])


@dataclass(frozen=True, slots=True)
class Delivered:
    """Streams in the order in which rows come in, when each comes in (ms UTC), and `truth_copy`:
    events that tell of another one again, under another id from another source."""

    streams: Mapping[str, pa.Table]
    arrival: Mapping[str, Ints]
    copies: pa.Table


def deliver(
    tables: Mapping[str, pa.Table], behaviour: Behaviour, world: World, span: Span, first_id: int
) -> Delivered:
    """What a centre gets of what happened. Copies under other ids are numbered from `first_id`."""
    out: dict[str, pa.Table] = {}
    arrival: dict[str, Ints] = {}
    copies = []
    for stream, table in tables.items():
        senders = behaviour.delivery.get(stream, ())
        rng = world.chance(f"delivery.{stream}")
        sent, at = _sent(stream, table, senders, span, rng)
        share = behaviour.seen_twice.get(stream, 0.0)
        twice = np.flatnonzero(rng.random(table.num_rows) < share)
        if len(twice):
            twin = _set(table.take(pa.array(twice)), "source", _named(table, twice, "twin"))
            ids = np.arange(first_id, first_id + len(twice))
            first_id += len(twice)
            copies.append(pa.table([ids.astype(np.uint64), twin["event_id"]], schema=COPIES))
            sent = pa.concat_tables([sent, _set(twin, "event_id", pa.array(ids, pa.uint64()))])
            at = np.concatenate([at, _at(twin) + rng.integers(1, 90, size=len(twice)) * SECOND])
        order = np.argsort(at, kind="stable")
        out[stream], arrival[stream] = sent.take(pa.array(order)), at[order]
    return Delivered(out, arrival, pa.concat_tables([COPIES.empty_table(), *copies]))


class Post:
    """Delivers a city piece by piece: what comes in after a piece waits for a later one.

    Every piece has chances of its own (`World.chapter`); copies under other ids are numbered from
    `first_id`, which must lie above the ids of events.
    """

    def __init__(self, behaviour: Behaviour, world: World, span: Span, first_id: int) -> None:
        self._behaviour, self._world, self._span = behaviour, world, span
        self._next_id = first_id
        self._waiting: dict[str, tuple[pa.Table, Ints]] = {}
        self.copies = COPIES.empty_table()
        """`truth_copy` of the pieces so far."""

    def pass_on(self, stream: str, table: pa.Table, until: int) -> pa.Table:
        """What has come in before an instant (ms UTC), in order, once this piece is sent too."""
        if not (self._behaviour.delivery.get(stream) or self._behaviour.seen_twice.get(stream)):
            return table
        came = deliver({stream: table}, self._behaviour, self._world, self._span, self._next_id)
        self._next_id += came.copies.num_rows
        self.copies = pa.concat_tables([self.copies, came.copies])
        rows, at = came.streams[stream], came.arrival[stream]
        if stream in self._waiting:
            before, earlier = self._waiting[stream]
            rows, at = pa.concat_tables([before, rows]), np.concatenate([earlier, at])
            order = np.argsort(at, kind="stable")
            rows, at = rows.take(pa.array(order)), at[order]
        ready = int(np.searchsorted(at, until))
        self._waiting[stream] = (rows.slice(ready), at[ready:])
        return rows.slice(0, ready)

    def rest(self, stream: str) -> pa.Table | None:
        """What was still on its way; None where nothing was."""
        return self._waiting.pop(stream, (None,))[0]


def _sent(
    stream: str,
    table: pa.Table,
    senders: tuple[Sender, ...],
    span: Span,
    rng: np.random.Generator,
) -> tuple[pa.Table, Ints]:
    """The rows as their senders send them, some of them again, and when they come in."""
    if not senders or not table.num_rows:
        return table, _at(table)
    whose = _whose(table[_SENT_BY[stream]], senders)
    tables, arrivals = [], []
    for number, sender in enumerate(senders):
        rows = np.flatnonzero(whose == number)
        part = table.take(pa.array(rows))
        part = _set(part, "source", _named(table, rows, sender.name))
        for column in sender.without:
            part = _set(part, column, pa.nulls(len(rows), part.schema.field(column).type))
        happened = _at(part)
        shown = happened + sender.clock_s * SECOND
        if sender.jumps_after_h is not None:
            shown[happened >= span.start_ms + sender.jumps_after_h * HOUR] += sender.jump_s * SECOND
        part = _set(part, "at", pa.array(shown).cast(INSTANT))
        late = rng.random(len(rows)) < sender.late
        median, spread = sender.late_minutes
        wait = (lognormal(rng, len(rows), median, spread, 1, 12 * 60) * MINUTE).astype(np.int64)
        come = happened + np.where(late, wait, 0)
        again = np.flatnonzero(rng.random(len(rows)) < sender.again)
        tables += [part, part.take(pa.array(again))]
        arrivals += [come, come[again] + rng.integers(1, 3_600, size=len(again)) * SECOND]
    return pa.concat_tables(tables), np.concatenate(arrivals)


def _whose(column: pa.ChunkedArray, senders: tuple[Sender, ...]) -> npt.NDArray[np.int64]:
    """The sender of each row, the same for the same subscriber or account always."""
    coded = pc.fill_null(column, "").combine_chunks().dictionary_encode()
    cuts = np.cumsum([sender.share for sender in senders])
    draws = np.array([zlib.crc32(v.encode()) / 2**32 for v in coded.dictionary.to_pylist()])
    place = np.minimum(np.searchsorted(cuts / cuts[-1], draws, side="right"), len(senders) - 1)
    sent: npt.NDArray[np.int64] = place[coded.indices.to_numpy()]
    return sent


def _at(table: pa.Table) -> Ints:
    at: Ints = table["at"].cast(pa.int64()).to_numpy().copy()
    return at


def _named(table: pa.Table, rows: Ints, name: str) -> pa.Array:
    base = table["source"][0].as_py() if table.num_rows else ""
    return pa.array([f"{base}-{name}"], pa.string()).take(pa.array(np.zeros(len(rows), np.int8)))


def _set(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(column), values)

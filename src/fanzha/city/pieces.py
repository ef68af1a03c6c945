"""A large city written piece by piece: memory holds a stretch of time, not the whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

from fanzha.city import drafts, truth
from fanzha.city.behaviour import Behaviour
from fanzha.city.delivery import Post
from fanzha.city.drafts import Rows
from fanzha.city.files import TRUTH
from fanzha.city.generate import event_ids
from fanzha.city.life.balances import Ledger
from fanzha.city.life.registry import HISTORY, told_before
from fanzha.city.rhythm import HOUR, MINUTE, Ints, Span
from fanzha.city.scam.gangs import tie_accounts, told_of
from fanzha.city.stage import Stage, pools_of, set_up
from fanzha.errors import Refused
from fanzha.records.schemas import SCHEMAS, STREAMS

MOST_RESIDENTS = 1_000_000
_RESIDENT_HOURS = 1_000_000
"""Residents times hours drawn at once."""
_BEHIND = 20 * MINUTE
"""What leads up to a thing is told up to so long before it; a piece ends that much earlier."""
_COPIES_FROM = 1 << 40
"""Ids of events told again under another one: above any count of events."""
Tell = Callable[[str, int, int], None]
"""Hears a part, how many pieces are done, and how many rows."""


@dataclass
class Written:
    """Rows by stream, scams, and in how many pieces."""

    rows: dict[str, int] = field(default_factory=dict)
    scams: int = 0
    pieces: int = 0


def hours_of(residents: int) -> float:
    """How many hours of a city of this size are made at once."""
    return float(min(24.0, max(0.5, _RESIDENT_HOURS / residents)))


def write_in_pieces(
    residents: int,
    days: float,
    seed: int,
    start: datetime,
    behaviour: Behaviour,
    out: Path,
    *,
    hours: float | None = None,
    call_phases: str = "all",
    tell: Tell = lambda part, piece, rows: None,
) -> Written:
    """Write the files of a city; the same arguments give the same bytes.

    Scams are played over the whole stretch first (they are few); everyday life is drawn `hours` at
    a time. Rows stand in order of time over all pieces and have one count of ids. Calls and threads
    bear scrambled numbers. Transfers wait in a file of their own until all are known, for only then
    it is known what every account must have held at the start. Other pieces are another city: the
    length belongs to the arguments. Where the behaviour delivers badly, rows stand in the order in
    which they come in.
    """
    if not 100 <= residents <= MOST_RESIDENTS:
        raise Refused(
            "residents_out_of_range",
            zh=f"居民数须在 100 至 {MOST_RESIDENTS} 之间",
            en=f"residents must lie between 100 and {MOST_RESIDENTS}",
            field="residents",
        )
    whole = Span.of(start, days)
    tell("people", 0, 0)
    stage = set_up(residents, whole, seed, start, behaviour)
    stage.doors.calls.all_phases = call_phases == "all"
    registry = stage.doors.registry
    tell("registry", 0, 0)
    tie_accounts(stage.underworld, registry, behaviour, residents)
    told_before(registry)
    told_of(stage.underworld, registry, behaviour)
    incidents = stage.prey(lambda part: tell(part, 0, 0))
    book = truth.Book(stage.doors.people, stage.world, stage.underworld.dens, incidents)
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out) as spill:
        post = Post(behaviour, stage.world, whole, _COPIES_FROM)
        press = _Press(stage, book, post, out, Path(spill), f"city{seed}")
        length = round((hours or hours_of(residents)) * HOUR)
        for number, begin in enumerate(range(whole.start_ms, whole.end_ms, length)):
            end = min(begin + length, whole.end_ms)
            stage.turn_to(Span(begin, end), number + 1)
            stage.live(lambda part: None)
            since = begin - (_BEHIND if number else HISTORY)
            press.print(since, end - (_BEHIND if end < whole.end_ms else 0))
            tell("piece", number + 1, sum(press.done.rows.values()))
        tell("balances", press.done.pieces, sum(press.done.rows.values()))
        return press.bind()


class _Press:
    """Prints pieces into one file a stream."""

    def __init__(
        self, stage: Stage, book: truth.Book, post: Post, out: Path, spill: Path, source: str
    ) -> None:
        self._stage, self._book, self._post = stage, book, post
        self._out, self._spill = out, spill
        self._untils: list[int] = []
        self._source = source
        self._pools = pools_of(stage)
        self._ledger = Ledger(stage.world)
        self._next_id = 1
        self._key = np.uint64(stage.world.rng("scramble").integers(1 << 62))
        self._sheets = {
            s: pq.ParquetWriter(out / f"{s}.parquet", SCHEMAS[s], compression="zstd")
            for s in STREAMS
        }
        self.done = Written(dict.fromkeys(STREAMS, 0))

    def print(self, since: int, until: int) -> None:
        """Take what happened from `since` to before `until`."""
        rng = self._stage.world.chance("order")
        rows = {s: self._stage.writers[s].take(since, until, rng) for s in STREAMS}
        for stream, column in (("call", "call_id"), ("text", "thread_id")):
            rows[stream].columns[column] = self._scrambled(rows[stream].columns[column])
        ids = event_ids(rows, self._next_id)
        self._next_id += sum(len(found.at) for found in rows.values())
        self._ledger.take(rows["transfer"])
        _keep(rows["transfer"], ids["transfer"], self._spill / f"{self.done.pieces}.feather")
        tables = {
            s: drafts.table(s, rows[s], ids[s], self._source, self._pools)
            for s in STREAMS
            if s != "transfer"
        }
        self._book.take(rows, ids, tables)
        for stream, table in tables.items():
            self._write(stream, self._post.pass_on(stream, table, until))
        self._untils.append(until)
        self.done.pieces += 1

    def _write(self, stream: str, table: pa.Table | None) -> None:
        if table is not None and table.num_rows:
            self._sheets[stream].write_table(table)
            self.done.rows[stream] += table.num_rows

    def bind(self) -> Written:
        """Write the transfers with their balances, and the truth."""
        world, doors = self._stage.world, self._stage.doors
        opening = self._ledger.open(world, doors.people, doors.firms)
        for piece, until in enumerate(self._untils):
            rows, ids = _kept(self._spill / f"{piece}.feather")
            self._ledger.fill(rows)
            table = drafts.table("transfer", rows, ids, self._source, self._pools)
            world.chapter = piece + 1
            self._write("transfer", self._post.pass_on("transfer", table, until))
        for stream, sheet in self._sheets.items():
            self._write(stream, self._post.rest(stream))
            sheet.close()
        told: dict[str, pa.Table] = self._book.tables()
        if self._post.copies.num_rows:
            told["truth_event"] = truth.with_copies(told["truth_event"], self._post.copies)
            told["truth_copy"] = self._post.copies
        told["opening"] = pa.table({"account": self._pools["account"], "fen": pa.array(opening)})
        (self._out / TRUTH).mkdir(exist_ok=True)
        for name, table in told.items():
            pq.write_table(table, self._out / TRUTH / f"{name}.parquet", compression="zstd")
        self.done.scams = told["truth_incident"].num_rows
        return self.done

    def _scrambled(self, numbers: Ints) -> Ints:
        """Different numbers for different ones, in no order: half of SplitMix64, within 62 bits."""
        low = np.uint64((1 << 62) - 1)
        x = (numbers.astype(np.uint64) + self._key) & low
        for shift, factor in ((31, 0xBF58476D1CE4E5B9), (29, 0x94D049BB133111EB)):
            x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor) & low
        mixed: Ints = (x ^ (x >> np.uint64(31))).astype(np.int64)
        return np.where(numbers >= 0, mixed, numbers)


def _keep(rows: Rows, ids: Ints, path: Path) -> None:
    columns: Mapping[str, Any] = rows.columns
    table = pa.table({**columns, "_at": rows.at, "_id": ids})
    feather.write_feather(table, path, compression="zstd")


def _kept(path: Path) -> tuple[Rows, Ints]:
    table = feather.read_table(path)
    kinds = drafts.COLUMNS["transfer"]
    columns: dict[str, Any] = {
        name: table[name].combine_chunks() if kind == drafts.TEXT else table[name].to_numpy().copy()
        for name, kind in kinds.items()
    }
    at, ids = table["_at"].to_numpy(), table["_id"].to_numpy()
    none = np.full(len(at), -1)
    return Rows(at, columns, none, none), ids

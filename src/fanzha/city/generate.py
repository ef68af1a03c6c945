"""Puts the city together: from a seed and a behaviour to eight tables and the truth about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from fanzha.city import drafts, truth
from fanzha.city.behaviour import POLICIES, Behaviour, load_behaviour
from fanzha.city.delivery import deliver
from fanzha.city.drafts import Rows
from fanzha.city.life.balances import Ledger
from fanzha.city.life.registry import HISTORY, told_before
from fanzha.city.rhythm import Ints, Span
from fanzha.city.scam.gangs import tie_accounts, told_of
from fanzha.city.scam.incidents import Incidents
from fanzha.city.stage import Stage, Tell, pools_of, set_up
from fanzha.errors import Refused
from fanzha.records.schemas import STREAMS

__all__ = ["POLICIES", "City", "Tell", "default_behaviour", "ends_at", "generate"]

MOST_RESIDENTS = 100_000
MOST_RESIDENT_DAYS = 600_000
"""A city is held in memory as it is made, about 8 KiB a resident and day."""


def _quietly(part: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True, slots=True)
class City:
    """`streams` by name as `records.schemas` wants them, `truth` by name, and opening balances."""

    streams: Mapping[str, pa.Table]
    truth: Mapping[str, pa.Table]
    opening: pa.Table
    """`account`, `fen`: what stood in each account before the first row."""
    residents: int
    days: float
    seed: int
    start: datetime
    arrival: Mapping[str, Ints] = field(default_factory=dict)
    """When each row comes in (ms UTC), by stream, where that is not simply when it happened."""


def default_behaviour(name: str = "default") -> Behaviour:
    """A behaviour file that ships with the project."""
    return load_behaviour(POLICIES / f"{name}.yaml")


def generate(
    residents: int,
    days: float,
    seed: int,
    start: datetime,
    behaviour: Behaviour | None = None,
    *,
    chapter: int = 0,
    first_id: int = 1,
    registry: bool = True,
    call_phases: str = "all",
    policies: Path = POLICIES,
    tell: Tell = _quietly,
) -> City:
    """The same arguments give the same rows, bit for bit.

    `start` carries a time zone. Another `chapter` has the same people, numbers and gangs but other
    days. Without `registry` what was told before the start is left out: who holds what, lines and
    accounts opened lately. Events, calls and threads are numbered from `first_id`. `call_phases` is
    `all`, or `end` for finished calls only. `tell` hears the name of each part before it is made.
    """
    _check(residents, days, call_phases)
    span = Span.of(start, days)
    tell("people")
    stage = set_up(residents, span, seed, start, behaviour, chapter=chapter, policies=policies)
    doors, world, chosen = stage.doors, stage.world, stage.doors.behaviour
    doors.calls.all_phases = call_phases == "all"
    tell("registry")
    tie_accounts(stage.underworld, doors.registry, chosen, residents)
    told_before(doors.registry)
    told_of(stage.underworld, doors.registry, chosen)
    stage.live(tell)
    incidents = stage.prey(tell)
    tell("order")
    history = HISTORY if registry else 0
    tables, told, opening = _closed(stage, incidents, span, f"city{seed}", first_id, history)
    if not chosen.delivery and not chosen.seen_twice:
        return City(tables, told, opening, residents, days, seed, start)
    next_id = first_id + sum(table.num_rows for table in tables.values())
    came = deliver(tables, chosen, world, span, next_id)
    events = truth.with_copies(told["truth_event"], came.copies)
    told = told | {"truth_event": events, "truth_copy": came.copies}
    return City(came.streams, told, opening, residents, days, seed, start, came.arrival)


def fits(residents: int, days: float) -> bool:
    """Whether a city of this size may be held in memory; else it is written in pieces."""
    return residents <= MOST_RESIDENTS and residents * days <= MOST_RESIDENT_DAYS


def _check(residents: int, days: float, call_phases: str) -> None:
    if not 100 <= residents <= MOST_RESIDENTS:
        raise Refused(
            "residents_out_of_range",
            zh=f"居民数须在 100 至 {MOST_RESIDENTS} 之间",
            en=f"residents must lie between 100 and {MOST_RESIDENTS}",
            field="residents",
        )
    if not 0 < days <= 400:
        raise Refused(
            "days_out_of_range",
            zh="天数须大于 0 且不超过 400",
            en="days must be above 0 and at most 400",
            field="days",
        )
    if residents * days > MOST_RESIDENT_DAYS:
        raise Refused(
            "city_too_large",
            zh=f"居民数乘以天数不得超过 {MOST_RESIDENT_DAYS}，请分段生成",
            en=f"residents times days may be at most {MOST_RESIDENT_DAYS}; make it in parts",
            field="days",
        )
    if call_phases not in ("all", "end"):
        raise Refused(
            "bad_call_phases",
            zh="通话阶段须为 all 或 end",
            en="call phases must be all or end",
            field="call_phases",
        )


def _closed(
    stage: Stage, incidents: Incidents, span: Span, source: str, first_id: int, history_ms: int
) -> tuple[dict[str, pa.Table], dict[str, pa.Table], pa.Table]:
    """Order all rows by time, give them ids, write strings for indexes, set the truth apart."""
    world, doors = stage.world, stage.doors
    rng = world.chance("order")
    rows = {s: stage.writers[s].close(span, rng, history_ms) for s in STREAMS}
    _renumber(rows, rng, first_id)
    ids = event_ids(rows, first_id)
    ledger = Ledger(world)
    ledger.take(rows["transfer"])
    opening = ledger.open(world, doors.people, doors.firms)
    ledger.fill(rows["transfer"])
    pools = pools_of(stage)
    tables = {s: drafts.table(s, rows[s], ids[s], source, pools) for s in STREAMS}
    book = truth.Book(doors.people, world, stage.underworld.dens, incidents)
    book.take(rows, ids, tables)
    balance = pa.table({"account": pools["account"], "fen": pa.array(opening)})
    return tables, book.tables(), balance


def _renumber(rows: Mapping[str, Rows], rng: np.random.Generator, first_id: int) -> None:
    """Calls are numbered as they begin, threads at random: neither tells who made them."""
    calls = rows["call"]
    ids, first = np.unique(calls.columns["call_id"], return_index=True)
    rank = np.empty(len(ids), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(first_id, first_id + len(ids))
    calls.columns["call_id"] = rank[np.searchsorted(ids, calls.columns["call_id"])]
    threads = rows["text"].columns["thread_id"]
    known = threads >= 0
    names = np.unique(threads[known])
    shuffled = rng.permutation(len(names)) + first_id
    threads[known] = shuffled[np.searchsorted(names, threads[known])]


def event_ids(rows: Mapping[str, Rows], first_id: int) -> dict[str, Ints]:
    """One count over all streams in order of time."""
    at = np.concatenate([rows[s].at for s in STREAMS])
    stream = np.repeat(np.arange(len(STREAMS)), [len(rows[s].at) for s in STREAMS])
    order = np.lexsort((np.arange(len(at)), stream, at))
    ids = np.empty(len(at), np.int64)
    ids[order] = np.arange(first_id, first_id + len(at))
    cuts = np.cumsum([0] + [len(rows[s].at) for s in STREAMS])
    return {s: ids[cuts[k] : cuts[k + 1]] for k, s in enumerate(STREAMS)}


def ends_at(city: City) -> datetime:
    """The instant at which the simulated stretch ends."""
    return city.start + timedelta(days=city.days)

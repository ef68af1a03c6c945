"""A draft rehearsed over history by the live engine itself; goes on where it was cut off."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from fanzha.bootstrap import utc_now
from fanzha.detection.engine import Engine
from fanzha.detection.rules.ruleset import Ruled, RuleSet
from fanzha.detection.rules.tally import Hit
from fanzha.detection.state import packed, part, prefixed, unpacked
from fanzha.entrypoints.encoding import forced, heard
from fanzha.entrypoints.scorer.snapshots import Snapshots
from fanzha.errors import Refused
from fanzha.records.door import admit
from fanzha.records.merge import merge
from fanzha.records.quarantine import Refusal
from fanzha.records.readers import read_file
from fanzha.records.schemas import STREAMS

_SLICE_MS = 300_000
"""Stream time in one batch: features do not depend on it, and history is long."""
_SOURCE = "file"
_FIRST_KEPT_S = 4.0
"""After so long the state is kept for the first time, then in spans twice as long each."""
_STANDING = frozenset({"subject", "line", "account"})
"""Registers: what they say is as old as it likes, and makes history no longer."""

Entry = tuple[int, str, pa.RecordBatch]
"""(position, stream, rows as the door admitted them)."""


@dataclass(frozen=True)
class Rehearsed:
    """What came of it: every case of either version, and what was read."""

    hits: tuple[Hit, ...]
    rows: int
    begin: int
    end: int
    seconds: float

    def of(self, ref: str) -> list[Hit]:
        """The cases of one version."""
        return [hit for hit in self.hits if hit.ref == ref]


@dataclass
class _Kept:
    """What a rehearsal has so far; goes into its snapshots."""

    hits: list[Hit]
    rows: int = 0
    begin: int = 2**62
    end: int = -(2**62)
    seconds: float = 0.0


def rehearse(
    engine: Engine,
    rules: RuleSet,
    entries: Iterable[Entry],
    *,
    folder: Path | None = None,
    keep_every_s: float = 30.0,
    told: Callable[[int, int], None] = lambda position, rows: None,
) -> Rehearsed:
    """Run history through a new engine. `rules` hold the versions to compare, in shadow.

    With a `folder`, its state is kept there now and then, and a rehearsal of the same rules goes
    on from it: entries up to the kept position are passed over. `told` hears of progress.
    """
    engine.use_rules(rules, keep_found=True)
    kept, done = _Kept([]), 0
    snapshots = None
    if folder is not None:
        version = f"{engine.state_version}-{rules.digest}"
        snapshots = Snapshots(folder, version=version)
        found = snapshots.newest()
        if found is not None:
            engine.restore(part("engine", found.state))
            kept, done = _kept(unpacked(found.state["kept"])), found.position
    begun = saved = time.monotonic()
    wait = min(_FIRST_KEPT_S, keep_every_s)
    before = kept.seconds
    for position, stream, batch in entries:
        if position <= done:
            continue
        outcome = engine.process(position, stream, batch)
        ticks = batch.column("at").cast(pa.int64()).to_numpy()
        if len(ticks) and stream not in _STANDING:
            kept.begin = min(kept.begin, int(ticks.min()))
            kept.end = max(kept.end, int(ticks.max()))
        kept.rows += batch.num_rows - outcome.duplicates
        if outcome.counted is not None:
            kept.hits += outcome.counted.found
        now = time.monotonic()
        kept.seconds = before + now - begun
        told(position, kept.rows)
        if snapshots is not None and now - saved > wait:
            saved, wait = now, min(2 * wait, keep_every_s)
            snapshots.save(position, {**prefixed("engine", engine.snapshot()),
                                      "kept": packed(_plain(kept))})  # fmt: skip
    if not kept.rows or kept.begin > kept.end:
        raise Refused("nothing_usable", zh="没有可回放的记录", en="there is nothing to replay")
    return Rehearsed(tuple(kept.hits), kept.rows, kept.begin, kept.end, kept.seconds)


def beside(draft: Ruled, live: Ruled | None, others: Sequence[Ruled] = ()) -> RuleSet:
    """The set for a comparison: both versions only counted, other rules as they are."""
    rest = tuple(r for r in others if r.rule.id != draft.rule.id)
    return RuleSet(0, tuple(r for r in (draft, live) if r is not None) + rest)


def from_files(
    streams: Mapping[str, Sequence[Path]],
    spill: Path,
    refuse: Callable[[Sequence[Refusal]], None],
    *,
    ahead: bool = False,
    read: Callable[[int], None] = lambda rows: None,
) -> Iterator[Entry]:
    """Files of records in their order of time, cut as live feeds are. Rows of a time to come are
    refused unless `ahead`; `read` hears how many rows are read."""
    admitted = {s: _admitted(s, paths, refuse, ahead, read) for s, paths in streams.items()}
    position = 0
    for found in merge(admitted, spill, slice_ms=_SLICE_MS):
        for stream in STREAMS:
            if stream in found.batches:
                position += 1
                yield position, stream, found.batches[stream]


def _admitted(
    stream: str,
    paths: Sequence[Path],
    refuse: Callable[[Sequence[Refusal]], None],
    ahead: bool,
    read: Callable[[int], None],
) -> Iterator[pa.RecordBatch]:
    now = None if ahead else utc_now()
    for path in paths:
        for chunk in read_file(path, stream, _SOURCE, encoding=forced(), heard=heard(path)):
            found = admit(stream, chunk.table, _SOURCE, now=now, rows=chunk.rows)
            refuse(chunk.refused + found.refused)
            read(chunk.table.num_rows + len(chunk.refused))
            yield found.batch


def year_of(ms: int) -> int:
    """The year an instant lies in, UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).year


def _plain(kept: _Kept) -> list[Any]:
    return [[astuple(h) for h in kept.hits], kept.rows, kept.begin, kept.end, kept.seconds]


def _kept(plain: list[Any]) -> _Kept:
    hits, *rest = plain
    return _Kept([Hit(*h) for h in hits], *rest)

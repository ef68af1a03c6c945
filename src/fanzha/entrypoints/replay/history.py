"""History through the engine alone: what every window said of every row, findings and risks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from fanzha.detection.engine import Engine
from fanzha.detection.person.risk import Risk
from fanzha.detection.reading import Reading
from fanzha.entrypoints.answers import full
from fanzha.entrypoints.replay.files import (
    SLICE_MS,
    finding_row,
    ndjson,
    read_admitted,
)
from fanzha.entrypoints.replay.kept import Keeper, continued, opened
from fanzha.entrypoints.replay.rehearse import Entry
from fanzha.entrypoints.replay.report import Tally
from fanzha.errors import Refused
from fanzha.records.merge import merge
from fanzha.records.quarantine import Refusal
from fanzha.records.schemas import STREAMS, admitted_schema
from fanzha.settings import Settings
from fanzha.usecases.warning.take_in import instant

ENTRY_ROWS = 50_000
"""Rows of one stream that go through the engine at a time, where no other stream's lie between."""
_GROUP_ROWS = 100_000
_WHOSE = ("event_id", "source", "at")


@dataclass(frozen=True)
class Outputs:
    """Where to write; None: not at all."""

    features: Path | None = None
    """A folder: `<stream>.parquet`, one row an event in the order of arrival."""
    findings: Path | None = None
    risks: Path | None = None


@dataclass
class Replayed:
    """What it came to. Repeats of an event are passed over and have no row."""

    rows: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    late: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    risks: int = 0
    position: int = 0
    """Where the last entry stood."""


def replay(
    settings: Settings,
    entries: Iterable[Entry],
    outputs: Outputs,
    told: Callable[[int], None] = lambda rows: None,
    keep: tuple[Path, str] | None = None,
) -> Replayed:
    """Run entries through a new engine, without a database. `told` hears of the rows done.
    Refused: something cannot be written.

    Gives the numbers that a scorer gave, or would have given, for the same entries in the same
    order from the same beginning, without the workshop's rules, which live in the database.
    With `keep`, a folder and what names these entries, the state is kept there now and then, and a
    replay of the same entries goes on from it. Files of features cannot be written on.
    """
    done = Replayed()
    wanted = {n: p for n, p in (("findings", outputs.findings), ("risks", outputs.risks)) if p}
    with ExitStack() as stack:
        features = stack.enter_context(FeatureFiles(outputs.features)) if outputs.features else None
        engine = Engine(
            settings.policies,
            dedupe_hours=settings.dedupe_hours,
            observe=features.write if features else lambda reading: None,
        )
        keeper = Keeper(keep[0], engine, keep[1]) if keep else None
        kept, lengths = keeper.taken_up(wanted) if keeper else ({}, {})
        continued(done, kept)
        begin = done.position if kept else None
        files = {
            name: stack.enter_context(opened(path, lengths.get(name)))
            for name, path in wanted.items()
        }
        found, risked = files.get("findings"), files.get("risks")
        for position, stream, batch in joined(entries):
            if begin is not None and position <= begin:
                continue
            outcome = engine.process(position, stream, batch)
            done.position = position
            done.rows[stream] += batch.num_rows - outcome.duplicates
            done.duplicates += outcome.duplicates
            done.late += outcome.late
            done.findings.update(f.detector for f in outcome.findings)
            done.risks += len(outcome.risks)
            _write(found, map(finding_row, outcome.findings))
            _write(risked, map(risk_row, outcome.risks))
            told(batch.num_rows)
            if keeper is not None:
                keeper.keep(done, files)
    return done


def from_files(
    streams: Mapping[str, Sequence[Path]],
    spill: Path,
    tally: Tally,
    refuse: Callable[[Sequence[Refusal]], None],
    slice_ms: int = SLICE_MS,
    *,
    ahead: bool = False,
) -> Iterator[Entry]:
    """Files in the order `fanzha run` gives them to the log; entries of `slice_ms` stream time."""
    admitted = {
        stream: read_admitted(stream, paths, tally, refuse, ahead=ahead)
        for stream, paths in streams.items()
    }
    position = 0
    for found in merge(admitted, spill, slice_ms=slice_ms):
        for stream in STREAMS:
            if stream in found.batches:
                position += 1
                yield position, stream, found.batches[stream]


def joined(entries: Iterable[Entry], rows: int = ENTRY_ROWS) -> Iterator[Entry]:
    """The same rows in the same order; neighbouring entries of one stream become one, which
    changes no outcome and saves the cost of an entry where they are small."""
    held: list[pa.RecordBatch] = []
    at, of = 0, ""
    for position, stream, batch in entries:
        full = sum(b.num_rows for b in held) + batch.num_rows > rows
        if held and (stream != of or full or batch.schema != held[0].schema):
            yield at, of, _one(held)
            held = []
        held.append(batch)
        at, of = position, stream
    if held:
        yield at, of, _one(held)


def _one(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


class FeatureFiles:
    """One Parquet file a stream: whose row it is, then every column its channel worked out.

    Received columns stay out, so that no number or name stands in a file of features. A stream
    whose channel works out nothing has no file. Files appear under their names when all is done.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise Refused(
                "cannot_write", zh="无法写入目录", en="the folder cannot be made", field=folder.name
            ) from error
        self._held: dict[str, list[pl.DataFrame]] = {}
        self._files: dict[str, pq.ParquetWriter] = {}

    def write(self, reading: Reading) -> None:
        """Take over the rows of one reading."""
        received = set(admitted_schema(reading.stream).names)
        worked_out = [c for c in reading.frame.columns if c not in received]
        if worked_out:
            held = self._held.setdefault(reading.stream, [])
            held.append(reading.frame.select(*_WHOSE, *worked_out))
            if sum(frame.height for frame in held) >= _GROUP_ROWS:
                self._flush(reading.stream)

    def _flush(self, stream: str) -> None:
        table = pl.concat(self._held[stream], how="vertical").to_arrow()
        self._held[stream] = []
        if stream not in self._files:
            path = str(self._folder / f"{stream}.part")
            self._files[stream] = pq.ParquetWriter(path, table.schema, compression="zstd")
        self._files[stream].write_table(table)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asides = [self._folder / f"{stream}.part" for stream in self._files]
        try:
            if kind is None:
                for stream, held in self._held.items():
                    if held:
                        self._flush(stream)
                asides = [self._folder / f"{stream}.part" for stream in self._files]
            for file in self._files.values():
                file.close()
            if kind is None:
                for aside in asides:
                    aside.replace(aside.with_suffix(".parquet"))
        except OSError as failure:
            raise full(self._folder.name) from failure
        finally:
            for aside in asides:
                aside.unlink(missing_ok=True)


def risk_row(risk: Risk) -> dict[str, Any]:
    """A risk for people who compare: whose, how grave, why, and from which events."""
    return {
        "at": instant(risk.at).isoformat(),
        "detector": risk.detector,
        "person": risk.person,
        "episode": risk.episode,
        "sequence": risk.sequence,
        "scam_type": risk.scam_type,
        "stage": risk.stage.value,
        "score": round(risk.score, 6),
        "live": risk.live,
        "amount_fen": risk.amount_fen,
        "reasons": [
            {"code": r.code, "zh": r.zh, "en": r.en, "part": round(r.part, 6)} for r in risk.reasons
        ],
        "finding_ids": list(risk.finding_ids),
        "events": [asdict(e) for e in risk.events],
    }


def _write(file: IO[str] | None, rows: Iterable[dict[str, Any]]) -> None:
    if file is not None:
        file.writelines(map(ndjson, rows))

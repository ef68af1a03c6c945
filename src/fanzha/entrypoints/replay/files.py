"""Files through door, log, engine and database of a centre of their own; what came of it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import pyarrow as pa

from fanzha.bootstrap import Parts, utc_now
from fanzha.detection.engine import Outcome
from fanzha.detection.finding import Finding
from fanzha.entrypoints.door import Door, as_refused_row
from fanzha.entrypoints.encoding import forced, heard
from fanzha.entrypoints.replay.report import Tally, report
from fanzha.entrypoints.scorer.run import Scorer
from fanzha.entrypoints.scorer.snapshots import Snapshots
from fanzha.errors import Misconfigured, Refused
from fanzha.ports.event_log import EventLog
from fanzha.records import quarantine
from fanzha.records.door import admit
from fanzha.records.merge import merge
from fanzha.records.quarantine import Refusal
from fanzha.records.readers import read_file
from fanzha.records.schemas import STREAMS
from fanzha.records.sealed import seal_personal
from fanzha.settings import Settings
from fanzha.usecases.warning.issue import warning_id
from fanzha.usecases.warning.take_in import Taken, instant

_TELL_S = 5.0
SLICE_MS = 30_000
"""How much stream time one entry of the log holds, as from senders that post twice a minute."""
_SOURCE = "file"


@dataclass(frozen=True)
class Files:
    """What to read, by stream, and where to write."""

    streams: Mapping[str, Sequence[Path]]
    findings: Path | None
    warnings: Path | None
    refused: Path
    ahead: bool = False
    """Whether rows of a time still to come are taken in: a simulated city may lie there."""


@dataclass
class _Told:
    """A warning as it stands: first instant, latest grade and type."""

    at: int
    person: str
    grade: str = ""
    scam_type: str | None = None


@dataclass
class _Run:
    """One run's outputs and counts."""

    findings: IO[str] | None
    refused: Callable[[], IO[str]]
    """Opens the file of refused rows, when there is a first one."""
    tally: Tally = field(default_factory=Tally)
    warnings: dict[UUID, _Told] = field(default_factory=dict)

    def heard(self, outcome: Outcome, taken: Taken) -> None:
        """What the scorer took in."""
        for finding in outcome.findings:
            self.tally.findings[finding.detector] += 1
            if self.findings is not None:
                self.findings.write(ndjson(finding_row(finding)))
        by_id = {w.id: w for w in taken.warnings}
        for risk in outcome.risks:
            id = warning_id(risk.person, risk.episode)
            told = self.warnings.setdefault(id, _Told(risk.at, risk.person))
            told.grade = by_id[id].grade.code
            told.scam_type = by_id[id].case.scam_type

    def refuse(self, refusals: Sequence[Refusal]) -> None:
        if refusals:
            quarantine.write(self.refused(), refusals)
        self.tally.refused.update((r.stream, r.code) for r in refusals)


def run_files(files: Files, settings: Settings) -> None:
    """The whole run; prints progress and the report. Refused: a file cannot be opened."""
    begun = time.monotonic()
    parts = Parts(settings)
    if parts.servers.postgres is None or parts.servers.nats is None:
        raise Misconfigured(
            "run_needs_own_servers",
            zh="fanzha run 使用自己的临时服务器，请去掉数据库和 NATS 设置",
            en="fanzha run uses servers of its own: unset the database and NATS settings",
        )
    for paths in files.streams.values():
        for path in paths:
            if not path.is_file():
                missing(path)
    with ExitStack() as stack:
        refused = cache(lambda: stack.enter_context(private_file(files.refused)))
        found = stack.enter_context(private_file(files.findings)) if files.findings else None
        out = stack.enter_context(private_file(files.warnings)) if files.warnings else None
        stack.enter_context(parts.servers.postgres)
        stack.enter_context(parts.servers.nats)
        stack.callback(parts.close)
        parts.prepare()
        _say(f"中心已就绪 centre ready: {time.monotonic() - begun:.1f} s")
        run = _Run(found, refused)
        asyncio.run(_push(files, parts, run))
        if out is not None:
            for told in sorted(run.warnings.values(), key=lambda w: (w.at, w.person)):
                out.write(ndjson({"at": instant(told.at).isoformat(), "person": told.person,
                                 "grade": told.grade, "scam_type": told.scam_type}))  # fmt: skip
    run.tally.warnings.update(w.grade for w in run.warnings.values())
    run.tally.seconds = time.monotonic() - begun
    sys.stdout.write(report(run.tally, files.refused) + "\n")
    if not run.tally.total and run.tally.refused:
        raise Refused(
            "nothing_usable",
            zh=f"没有一行可用，原因见 {files.refused}",
            en=f"not one row could be used; why, says {files.refused}",
        )


async def _push(files: Files, parts: Parts, run: _Run) -> None:
    """Two hands: one appends to the log, the other scores from it."""
    log = parts.log()
    await log.start()
    engine = await asyncio.to_thread(parts.engine)
    scorer = Scorer(
        log=log,
        engine=engine,
        office=parts.office,
        policies=parts.policies,
        snapshots=Snapshots(parts.snapshots_folder, version=engine.state_version),
        snapshot_every_s=60.0,
        issued_at=lambda risk: instant(risk.at),
        heard=run.heard,
    )
    scoring = asyncio.create_task(scorer.run())
    feeding = asyncio.create_task(_feed(files, parts, log, run))
    begun = said = time.monotonic()
    last: int | None = None
    while True:
        await asyncio.wait({scoring, feeding} if last is None else {scoring}, timeout=0.05)
        if scoring.done():
            scoring.result()
        if last is None and feeding.done():
            last = feeding.result()
        if last is not None and scorer.position >= last:
            break
        if time.monotonic() - said > _TELL_S:
            said = time.monotonic()
            _say(
                f"{said - begun:6.1f} s  {run.tally.total:,} 行 rows，"
                f"{len(run.warnings):,} 预警 warnings"
            )
    scoring.cancel()
    await asyncio.gather(scoring, return_exceptions=True)
    await log.close()


async def _feed(files: Files, parts: Parts, log: EventLog, run: _Run) -> int:
    """Admit, put in order of time, append; gives the last position."""
    door = Door(log, parts.quarantine, parts.keyring, utc_now)
    spill = parts.data / "spill"
    spill.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept: list[Refusal] = []

    def refuse(refusals: Sequence[Refusal]) -> None:
        run.refuse(refusals)
        kept.extend(refusals)

    admitted = {
        stream: read_admitted(stream, paths, run.tally, refuse, ahead=files.ahead)
        for stream, paths in files.streams.items()
    }
    slices = merge(admitted, spill, slice_ms=SLICE_MS)
    begun = utc_now().isoformat()
    last = n = 0
    while (found := await asyncio.to_thread(next, slices, None)) is not None:
        n += 1
        for stream in STREAMS:
            if stream in found.batches:
                batch = await asyncio.to_thread(
                    seal_personal, stream, found.batches[stream], door.seal
                )
                last = await log.append(stream, batch, f"run-{begun}-{n}-{stream}", sender=_SOURCE)
    if kept:
        rows = [as_refused_row(r, _SOURCE, f"run-{begun}") for r in kept]
        await asyncio.to_thread(parts.quarantine.add, rows, utc_now())
    return last


def read_admitted(
    stream: str, paths: Sequence[Path], tally: Tally, refuse: Callable[[Sequence[Refusal]], None],
    *, ahead: bool = False,
) -> Iterator[pa.RecordBatch]:  # fmt: skip
    """The rows of some files as the door admits them; the rest is refused by number and reason:
    what lies in the future of this machine's clock too, unless `ahead`."""
    now = None if ahead else utc_now()
    for path in paths:
        for chunk in read_file(path, stream, _SOURCE, encoding=forced(), heard=heard(path)):
            found = admit(stream, chunk.table, _SOURCE, now=now, rows=chunk.rows)
            refusals = chunk.refused + found.refused
            refuse([replace(r, source=path.name) for r in refusals])
            tally.rows[stream] += found.batch.num_rows
            tally.unknown.update(chunk.unknown_columns)
            tally.unknown.update(found.unknown_columns)
            yield found.batch


def finding_row(finding: Finding) -> dict[str, Any]:
    return {
        "at": instant(finding.at).isoformat(),
        "detector": finding.detector,
        "subject_kind": finding.subject_kind.value,
        "subject": finding.subject,
        "scam_type": finding.scam_type,
        "score": round(finding.score, 6),
        "event_ids": list(finding.event_ids),
        "reasons": [
            {"code": r.code, "zh": r.zh, "en": r.en, "part": round(r.part, 6)}
            for r in finding.reasons
        ],
    }


def ndjson(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def private_file(path: Path) -> IO[str]:
    """It will hold numbers in the clear: a new file is for its owner only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "w", encoding="utf-8", opener=lambda p, how: os.open(p, how, 0o600))
    except (OSError, ValueError) as error:  # a NUL in it
        raise Refused(
            "cannot_write", zh="无法写入文件", en="the file cannot be written", field=path.name
        ) from error


def missing(path: Path) -> None:
    """Raises `Refused` for what is no file to read."""
    zh, en = "没有这个文件", "there is no such file"
    if path.is_dir():
        zh, en = "这是目录，请给出文件", "this is a folder: name a file"
    raise Refused("file_unreadable", zh=zh, en=en, field=path.name)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()

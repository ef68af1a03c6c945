"""The scorer's loop: read the log, score, take in; snapshots with positions; once, always."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fanzha.adapters.postgres import counters
from fanzha.adapters.postgres.counters import FeedMark
from fanzha.adapters.postgres.office import PostgresOffice
from fanzha.adapters.postgres.quarantine import Quarantine
from fanzha.adapters.postgres.rules_feed import PostgresRuleFeed
from fanzha.detection.engine import Engine, Outcome
from fanzha.detection.finding import Finding
from fanzha.detection.person.risk import Risk
from fanzha.detection.rules.ruleset import EMPTY
from fanzha.detection.rules.tally import Counted
from fanzha.entrypoints.scorer.failures import Failures, rows_as_received
from fanzha.entrypoints.scorer.snapshots import Snapshots, State
from fanzha.errors import Misconfigured, Unavailable, Uncertain
from fanzha.ports.event_log import EventLog, LogEntry
from fanzha.ports.workshop import Taken as TakenRules
from fanzha.usecases.warning.policies import WarningPolicies
from fanzha.usecases.warning.take_in import Taken, instant, take_in

_log = logging.getLogger("fanzha.scorer")
_COUNT_EVERY_S = 1.0
_RETRY_S = 0.5
_COUNTED = "counted"
_COPIED_AT_ONCE = 4 << 20
"""Bytes of a snapshot copied between two entries: some milliseconds."""


@dataclass
class _Tally:
    """What has been scored since the last count."""

    position: int = 0
    events: Counter[str] = field(default_factory=Counter)
    duplicates: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    feeds: dict[str, FeedMark] = field(default_factory=dict)
    rules: Counted = field(default_factory=Counted)


class Scorer:
    """One scorer over one log.

    The log's position travels with what was found in the same commit. After a crash the newest
    snapshot is loaded and the log replayed from there; what is found up to the committed position
    is dropped, because it is in the database already. So each event is scored into the state once
    and its findings are recorded once.

    An entry that ends the scorer again and again is set aside into the quarantine: one batch that
    the program cannot work on must not blind the centre to all that come after it.
    """

    def __init__(
        self,
        *,
        log: EventLog,
        engine: Engine,
        office: PostgresOffice,
        policies: WarningPolicies,
        snapshots: Snapshots,
        snapshot_every_s: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rules: PostgresRuleFeed | None = None,
        issued_at: Callable[[Risk], datetime] | None = None,
        heard: Callable[[Outcome, Taken], None] = lambda outcome, taken: None,
        measures: Callable[[Sequence[Finding]], None] = lambda findings: None,
    ) -> None:
        """`issued_at` says when a warning counts as issued: now, unless a file of the past is
        scored. `heard` is told what was newly taken in, after the commit. Without `rules`, the
        workshop's rules are left out. `measures` acts on findings before they are committed: what
        it does, it must be able to do again."""
        self._log_port = log
        self._engine = engine
        self._office = office
        self._policies = policies
        self._snapshots = snapshots
        self._failures = Failures(snapshots.folder)
        self._quarantine = Quarantine(office.database, office.sealer)
        self._snapshot_every_s = snapshot_every_s
        self._rules = rules
        self._schedule: Sequence[TakenRules] = ()
        self._now = now
        self._issued_at = issued_at
        self._heard = heard
        self._measures = measures
        self._committed = 0
        self._counted = 0
        self._tally = _Tally()
        self._scored = 0
        self._saved = 0
        self._begun: tuple[int, State] | None = None
        self._copying = False
        self._between_entries = True
        self._ending = threading.Event()

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Score until cancelled; a last snapshot is written on the way out.

        Ending does not wait for a database that is away: what is not taken in is scored again by
        the next run.
        """
        turn = asyncio.Lock()
        loops: list[asyncio.Task[None]] = []
        warming: list[asyncio.Task[None]] = []
        try:
            await self._apart(self._load)
            ready()
            loops = [
                asyncio.create_task(self._read(turn)),
                asyncio.create_task(self._each(_COUNT_EVERY_S, self._count, turn)),
                asyncio.create_task(self._each(_COUNT_EVERY_S, self._take_rules, turn)),
                asyncio.create_task(self._save_now_and_then(turn)),
            ]
            warming = [asyncio.create_task(asyncio.to_thread(self._engine.warm))]
            # None of them ends by itself: one that does has failed, and the scorer with it.
            ended, _ = await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            self._ending.set()
            keeping = [*loops, *warming]
            for task in keeping:
                task.cancel()
            # One may still be within an entry, or writing a snapshot.
            while not all(task.done() for task in keeping):
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait(keeping)
            async with turn:
                with contextlib.suppress(Unavailable, OSError):
                    self._save()

    async def _read(self, turn: asyncio.Lock) -> None:
        async for entry in self._log_port.read(self._scored):
            async with turn:
                await self._apart(self._score, entry)

    async def _apart(self, step: Callable[..., None], *given: Any) -> None:
        """Run a step in a thread and see it end, even when cancelled: nobody else may meanwhile
        touch what it works on."""
        work = asyncio.ensure_future(asyncio.to_thread(step, *given))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            self._ending.set()
            while not work.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([work])
            raise

    async def _each(self, seconds: float, step: Callable[[], None], turn: asyncio.Lock) -> None:
        """Between entries, whether or not new ones come."""
        while True:
            await asyncio.sleep(seconds)
            async with turn:
                await self._apart(step)

    async def _save_now_and_then(self, turn: asyncio.Lock) -> None:
        """A snapshot is of one instant between entries; it is copied bit by bit between later ones,
        and written while they are scored: none of them waits long."""
        while True:
            await asyncio.sleep(self._snapshot_every_s)
            async with turn:
                await self._apart(self._begin_save)
            while self._copying:
                async with turn:
                    await self._apart(self._copy_more)
            await self._apart(self._write_begun)

    @property
    def position(self) -> int:
        """Up to where the log has been scored and taken in."""
        return self._scored

    def _load(self) -> None:
        found = self._snapshots.newest()
        if found is not None:
            self._engine.restore(found.state)
            self._scored = self._saved = found.position
        self._committed = self._retry(self._position)
        self._counted = self._retry(self._position_counted)
        self._take_rules()
        _log.info("state at %s, taken in up to %s", self._scored, self._committed)

    def _save(self) -> None:
        """A snapshot never runs ahead of the totals: what it holds is not read, nor counted, again.

        Nor does it hold part of an entry: one that was scored but could not be taken in.
        """
        self._count()
        if self._between_entries and self._scored > self._saved:
            self._snapshots.save(self._scored, self._engine.snapshot())
            self._saved = self._scored

    def _begin_save(self) -> None:
        """As `_save`, but only begun."""
        self._count()
        if self._between_entries and self._scored > self._saved:
            self._begun = self._scored, self._engine.begin_snapshot()
            self._copying = True

    def _copy_more(self) -> None:
        self._copying = self._engine.copy_more(_COPIED_AT_ONCE)

    def _write_begun(self) -> None:
        begun, self._begun = self._begun, None
        if begun is None:
            return
        try:
            self._snapshots.save(*begun)
        except OSError as error:  # a full disk: the log still has what the snapshot would
            _log.error("no snapshot at %s: %s; tried again", begun[0], error.strerror or error)
        else:
            self._saved = begun[0]

    def _score(self, entry: LogEntry) -> None:
        self._between_entries = False
        if self._failures.is_hopeless(entry.position):
            self._set_aside(entry)
        if not self._failures.is_set_aside(entry.position):
            self._go_by(entry.position)
            try:
                self._score_and_take_in(entry)
            except (Unavailable, Uncertain, Misconfigured):
                raise  # something around us, not the entry
            except Exception as error:
                self._failures.died(entry.position, error)
                raise
        self._scored = entry.position
        self._between_entries = True

    def _score_and_take_in(self, entry: LogEntry) -> None:
        outcome = self._engine.process(entry.position, entry.stream, entry.batch)
        if entry.position > self._counted:
            self._tally.position = entry.position
            self._tally.events[entry.stream] += entry.batch.num_rows - outcome.duplicates
            self._tally.duplicates[entry.stream] += outcome.duplicates
            self._tally.stages.update(outcome.stages)
            if outcome.counted:
                self._tally.rules.add(outcome.counted)
            if outcome.newest_at is not None:
                self._tally.feeds[entry.stream] = FeedMark(
                    entry.stream, instant(outcome.newest_at), self._now()
                )
        if entry.position > self._committed and (outcome.findings or outcome.risks):
            taken = self._take_in(outcome, entry.position)
            if taken is not None:
                self._heard(outcome, taken)

    def _take_rules(self) -> None:
        """Between entries: go over to a new edition of the rules, from here on.

        What was found, counted or kept up to any position stays as the edition of then has it, so
        a new one takes hold behind all of them.
        """
        if self._rules is None:
            return
        feed, known = self._rules, [t.after for t in self._schedule]
        after = max(self._scored, self._committed, self._counted, *known)
        self._schedule = self._retry(lambda: feed.take_newest(after, self._now()))

    def _go_by(self, position: int) -> None:
        """The rules that are in force for this entry, the same in every replay."""
        if self._rules is None:
            return
        mine = [t.rules for t in self._schedule if t.after < position]
        rules = mine[-1] if mine else EMPTY
        before = self._engine.rules
        if before is None or before.number != rules.number:
            self._engine.use_rules(rules)
            _log.info("rules of edition %s from entry %s on", rules.number, position)

    def _set_aside(self, entry: LogEntry) -> None:
        """Quarantine the entry's rows and move past it in one commit; scored never, lost never.

        Repeated after a crash, it changes nothing: the same rows of an entry are kept once.
        """
        if self._failures.is_set_aside(entry.position):
            return
        rows = rows_as_received(entry)

        def attempt() -> None:
            with self._office.work(self._policies.tiers.root.scope) as work:
                committed = work.findings.position()
                self._quarantine.add_within(work.connection, rows, self._now())
                if committed < entry.position:
                    work.findings.move(self._committed, entry.position)
                    counters.add(work.connection, "set_aside", {entry.stream: len(rows)})

        self._retry(attempt)
        self._committed = max(self._committed, entry.position)
        self._failures.set_aside(entry.position)
        _log.critical(
            "entry %s (%s, %s rows) set aside into the quarantine after repeated %s",
            entry.position,
            entry.stream,
            len(rows),
            self._failures.error,
        )

    def _take_in(self, outcome: Outcome, position: int) -> Taken | None:
        """Commit, whatever the database does meanwhile: retried until it is in, never twice.

        None where it was in already: the commit had arrived, only its answer was lost.
        """

        def attempt() -> Taken | None:
            now = self._now()
            self._measures(outcome.findings)
            try:
                return take_in(
                    self._office,
                    self._policies,
                    outcome.findings,
                    outcome.risks,
                    before=self._committed,
                    position=position,
                    now=self._issued_at or (lambda risk: now),
                )
            except Uncertain:
                if self._position() == position:
                    return None
                raise

        taken: Taken | None = self._retry(attempt)
        self._committed = position
        return taken

    def _count(self) -> None:
        """Write the totals of what was scored, once, guarded by the position they reach."""
        tally, self._tally = self._tally, _Tally()
        if tally.position <= self._counted:
            return

        def attempt() -> None:
            with self._office.database.transaction(self._policies.tiers.root.scope) as connection:
                if self._office.get_position(connection, _COUNTED) >= tally.position:
                    return  # the commit had arrived, only its answer was lost
                counters.add(connection, "events", tally.events)
                counters.add(connection, "duplicates", tally.duplicates)
                counters.add(connection, "text_stages", tally.stages)
                counters.mark_feeds(connection, list(tally.feeds.values()))
                if self._rules is not None:
                    self._rules.count(connection, tally.rules)
                self._office.set_position(connection, _COUNTED, tally.position)

        self._retry(attempt)
        self._counted = tally.position

    def _position(self) -> int:
        with self._office.work(self._policies.tiers.root.scope) as work:
            return work.findings.position()

    def _position_counted(self) -> int:
        with self._office.database.transaction(self._policies.tiers.root.scope) as connection:
            return self._office.get_position(connection, _COUNTED)

    def _retry(self, attempt: Callable[[], Any]) -> Any:
        while True:
            try:
                return attempt()
            except Unavailable as error:
                if self._ending.is_set():
                    raise
                _log.warning("waiting for the database: %s", error.code)
                self._ending.wait(_RETRY_S)

"""The office in PostgreSQL: opens units of work; all they change is one commit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, text

from fanzha.adapters.postgres import counters, place
from fanzha.adapters.postgres.database import Database
from fanzha.adapters.postgres.deeds import PostgresDeeds
from fanzha.adapters.postgres.outbox import PostgresOutbox
from fanzha.adapters.postgres.warnings import PostgresWarnings, warning_of
from fanzha.detection.finding import Finding
from fanzha.errors import Uncertain
from fanzha.lifecycles.actor import NATION, Scope, Unit
from fanzha.lifecycles.warning import states
from fanzha.lifecycles.warning.model import FraudWarning
from fanzha.ports.case_file import Note, StopRequest
from fanzha.ports.sealer import Sealer
from fanzha.values.mask import mask_account, mask_value

SEALED_NOTE = "note.sealed"
SEALED_STOP = "stop_request.sealed"


@dataclass(frozen=True)
class PostgresUnitOfWork:
    """One transaction's books. `connection` is for reads that belong into the same transaction."""

    connection: Connection
    warnings: PostgresWarnings
    deeds: PostgresDeeds
    outbox: PostgresOutbox
    findings: PostgresFindings
    file: PostgresCaseFile
    clocks: PostgresClocks


class PostgresOffice:
    """Knows the tiers; opens a unit of work for a scope."""

    def __init__(self, database: Database, sealer: Sealer, *, consumer: str = "scorer") -> None:
        self.database = database
        self.sealer = sealer
        self._consumer = consumer
        with database.transaction(NATION) as connection:
            self._units = place.read_units(connection)
        self._by_code: Mapping[str, Unit] = {u.code: u for u in self._units}

    def units(self) -> Sequence[Unit]:
        return self._units

    @contextmanager
    def work(self, scope: Scope) -> Iterator[PostgresUnitOfWork]:
        with self.database.transaction(scope) as connection:
            deeds = PostgresDeeds(connection)
            yield PostgresUnitOfWork(
                connection=connection,
                warnings=PostgresWarnings(connection, self.sealer, scope, self._by_code),
                deeds=deeds,
                outbox=PostgresOutbox(connection, self.sealer),
                findings=PostgresFindings(connection, self.sealer, self._consumer),
                file=PostgresCaseFile(connection, self.sealer),
                clocks=PostgresClocks(connection, self._by_code),
            )
            deeds.flush()

    def get_position(self, connection: Connection, consumer: str) -> int:
        """Up to where this consumer has worked; 0 when it never has."""
        found = connection.execute(
            text("SELECT position FROM position WHERE consumer = :c"), {"c": consumer}
        ).scalar_one_or_none()
        return int(found or 0)

    def set_position(self, connection: Connection, consumer: str, position: int) -> None:
        """Move a consumer forward, in the transaction of what it did."""
        connection.execute(
            text(
                "INSERT INTO position AS p VALUES (:c, :p, now()) ON CONFLICT (consumer)"
                " DO UPDATE SET position = greatest(p.position, excluded.position),"
                " updated_at = now()"
            ),
            {"c": consumer, "p": position},
        )


class PostgresFindings:
    """Findings, and the position of the log up to which they are taken in."""

    def __init__(self, connection: Connection, sealer: Sealer, consumer: str) -> None:
        self._connection = connection
        self._sealer = sealer
        self._consumer = consumer

    def add(self, findings: Sequence[tuple[Finding, UUID | None, Unit]]) -> None:
        if not findings:
            return
        self._connection.execute(
            text(_INSERT_FINDING), [self._row(f, w, unit) for f, w, unit in findings]
        )
        counters.add(self._connection, "findings", Counter(f.detector for f, _, _ in findings))

    def _row(self, finding: Finding, warning: UUID | None, unit: Unit) -> dict[str, object]:
        return {
            "id": finding.id,
            "detector": finding.detector,
            "at": datetime.fromtimestamp(finding.at / 1000, UTC),
            "stream": finding.stream,
            "kind": finding.subject_kind.value,
            "token": self._sealer.token(finding.subject_kind, finding.subject),
            "mask": mask_value(finding.subject_kind, finding.subject),
            "role": finding.role.value,
            "scam_type": finding.scam_type,
            "stage": finding.stage.value,
            "score": finding.score,
            "reasons": json.dumps(
                [{"code": r.code, "zh": r.zh, "en": r.en, "part": r.part} for r in finding.reasons],
                ensure_ascii=False,
            ),
            "event_ids": list(finding.event_ids),
            "source": finding.source,
            "warning": warning,
            **place.columns(unit),
        }

    def position(self) -> int:
        found = self._connection.execute(
            text("SELECT position FROM position WHERE consumer = :c"), {"c": self._consumer}
        ).scalar_one_or_none()
        return int(found or 0)

    def move(self, before: int, after: int) -> None:
        done = self._connection.execute(
            text(
                "INSERT INTO position AS p (consumer, position, updated_at)"
                " VALUES (:c, :after, now()) ON CONFLICT (consumer) DO UPDATE"
                " SET position = excluded.position, updated_at = now() WHERE p.position = :before"
            ),
            {"c": self._consumer, "before": before, "after": after},
        )
        if done.rowcount != 1:
            raise Uncertain(
                "another_scorer",
                zh="另有评分进程在处理同一日志，本进程停止",
                en="another scorer works on the same log; this one stops",
            )


class PostgresClocks:
    """What time has caught up with; rows another worker holds are left to it."""

    def __init__(self, connection: Connection, units: Mapping[str, Unit]) -> None:
        self._connection = connection
        self._units = units

    def run_out(self, now: datetime, limit: int) -> Sequence[FraudWarning]:
        return self._due("open AND escalates_at < :now ORDER BY escalates_at", now, limit)

    def abandoned(self, now: datetime, limit: int) -> Sequence[FraudWarning]:
        return self._due(
            f"state = '{states.SIGNED}' AND locked_until < :now ORDER BY locked_until", now, limit
        )

    def _due(self, condition: str, now: datetime, limit: int) -> Sequence[FraudWarning]:
        rows = self._connection.execute(
            text(f"SELECT * FROM warning WHERE {condition} LIMIT :n FOR UPDATE SKIP LOCKED"),
            {"now": now, "n": limit},
        )
        return [warning_of(r, self._units) for r in rows]


class PostgresCaseFile:
    """Notes and stop requests, sealed."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def note(self, note: Note) -> None:
        self._connection.execute(
            text(
                f"INSERT INTO note (warning_id, at, by, sealed, {place.COLUMNS})"
                f" VALUES (:warning, :at, :by, :sealed, {place.VALUES})"
            ),
            {
                "warning": note.warning_id,
                "at": note.at,
                "by": note.by,
                "sealed": self._sealer.seal(note.text, SEALED_NOTE),
                **place.columns(note.unit),
            },
        )

    def request_stop(self, request: StopRequest) -> None:
        sealed = json.dumps(
            {"account": request.payee_account, "name": request.payee_name}, ensure_ascii=False
        )
        self._connection.execute(
            text(
                "INSERT INTO stop_request (id, warning_id, sealed, payee_mask, amount_fen,"
                f" paid_at, requested_at, requested_by, {place.COLUMNS}) VALUES (:id, :warning,"
                f" :sealed, :mask, :amount, :paid, :at, :by, {place.VALUES})"
                " ON CONFLICT (id) DO NOTHING"
            ),
            {
                "id": request.id,
                "warning": request.warning_id,
                "sealed": self._sealer.seal(sealed, SEALED_STOP),
                "mask": mask_account(request.payee_account),
                "amount": request.amount_fen,
                "paid": request.paid_at,
                "at": request.requested_at,
                "by": request.requested_by,
                **place.columns(request.unit),
            },
        )


_INSERT_FINDING = f"""
INSERT INTO finding (id, detector, at, stream, subject_kind, subject_token, subject_mask, role,
  scam_type, stage, score, reasons, event_ids, source, warning_id, {place.COLUMNS})
VALUES (:id, :detector, :at, :stream, :kind, :token, :mask, :role, :scam_type, :stage, :score,
  CAST(:reasons AS jsonb), :event_ids, :source, :warning, {place.VALUES})
ON CONFLICT (id) DO NOTHING
"""

"""The outbox in PostgreSQL: messages wait here in the state that their lifecycle gives them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from fanzha.adapters.postgres import place
from fanzha.lifecycles.message import states
from fanzha.ports.outbox import Message
from fanzha.ports.sealer import Sealer

_SEALED_TO = "message.sealed_to"
_RULES = {rule.verb: rule for rule in states.MESSAGE.rules}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message taken for sending."""

    id: UUID
    measure_id: UUID | None
    channel: str
    to: str
    body: str
    tries: int
    created_at: datetime


class PostgresOutbox:
    """Puts messages in; the deliverer takes them out."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def put(self, message: Message) -> bool:
        done = self._connection.execute(
            text(
                f"INSERT INTO message (id, warning_id, measure_id, channel, state, body, sealed_to,"
                f" created_at, updated_at, {place.COLUMNS})"
                f" VALUES (:id, :warning, :measure, :channel, '{states.QUEUED}', :body, :to, :at,"
                f" :at, {place.VALUES}) ON CONFLICT (id) DO NOTHING"
            ),
            {
                "id": message.id,
                "warning": message.warning_id,
                "measure": message.measure_id,
                "channel": message.channel,
                "body": message.body,
                "to": self._sealer.seal(message.to, _SEALED_TO),
                "at": message.created_at,
                **place.columns(message.unit),
            },
        )
        if done.rowcount:
            self._connection.execute(text("NOTIFY message"))
        return bool(done.rowcount)

    def take(self, limit: int, now: datetime) -> list[Waiting]:
        """Queued messages, oldest first, moved to `sending`: no other deliverer sees them."""
        rows = self._connection.execute(
            text(
                f"UPDATE message m SET state = '{states.SENDING}', version = version + 1,"
                " tries = tries + 1, updated_at = :now FROM (SELECT id FROM message"
                f" WHERE state = '{states.QUEUED}' ORDER BY created_at LIMIT :n"
                " FOR UPDATE SKIP LOCKED) q WHERE m.id = q.id"
                " RETURNING m.id, measure_id, channel, sealed_to, body, tries,"
                " created_at"
            ),
            {"n": limit, "now": now},
        )
        return [
            Waiting(
                r.id,
                r.measure_id,
                r.channel,
                self._sealer.open(bytes(r.sealed_to), _SEALED_TO),
                r.body,
                r.tries,
                r.created_at,
            )
            for r in rows
        ]

    def settle(
        self,
        id: UUID,
        verb: str,
        now: datetime,
        *,
        carrier_id: str | None = None,
        problem: str | None = None,
    ) -> bool:
        """One verb on a message: only from the states its table allows. False: it had moved on."""
        rule = _RULES[verb]
        done = self._connection.execute(
            text(
                "UPDATE message SET state = :target, version = version + 1, updated_at = :now,"
                " carrier_id = coalesce(:carrier, carrier_id), problem = :problem"
                " WHERE id = :id AND state = ANY(:sources) RETURNING warning_id"
            ),
            {
                "id": id,
                "target": rule.target,
                "sources": list(rule.sources),
                "now": now,
                "carrier": carrier_id,
                "problem": problem,
            },
        ).one_or_none()
        if done is not None and done.warning_id is not None:
            self._connection.execute(
                text("SELECT pg_notify('warning', :w)"), {"w": str(done.warning_id)}
            )
        return done is not None

    def stranded(self, before: datetime) -> list[UUID]:
        """Messages in `sending` since before this instant: their deliverer is gone."""
        rows = self._connection.execute(
            text(
                f"SELECT id FROM message WHERE state = '{states.SENDING}' AND updated_at < :before"
            ),
            {"before": before},
        )
        return [r.id for r in rows]

    def by_carrier_id(self, carrier_id: str) -> UUID | None:
        """The message a delivery report is about; the newest, should a carrier repeat its ids."""
        row = self._connection.execute(
            text("SELECT id FROM message WHERE carrier_id = :c ORDER BY created_at DESC LIMIT 1"),
            {"c": carrier_id},
        ).one_or_none()
        return row.id if row else None

    def unnamed(self, limit: int) -> list[tuple[UUID, str]]:
        """(id, number) of messages that may be out and that no carrier has named, newest first."""
        rows = self._connection.execute(
            text(
                "SELECT id, sealed_to FROM message WHERE carrier_id IS NULL"
                f" AND state IN ('{states.SENDING}', '{states.UNCERTAIN}')"
                " ORDER BY created_at DESC LIMIT :n"
            ),
            {"n": limit},
        )
        return [(r.id, self._sealer.open(bytes(r.sealed_to), _SEALED_TO)) for r in rows]

"""The workshop in PostgreSQL: versions, editions of the rule set, snoozes; one commit a step."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from fanzha.adapters.postgres.database import Database
from fanzha.adapters.postgres.deeds import PostgresDeeds
from fanzha.adapters.postgres.rules_rehearsed import PostgresLabels, PostgresRehearsals
from fanzha.detection.rules.ruleset import RuleSet
from fanzha.errors import Uncertain
from fanzha.lifecycles.actor import NATION
from fanzha.lifecycles.rule import states
from fanzha.lifecycles.rule.model import Hands, RuleVersion, Snooze
from fanzha.ports.sealer import Sealer
from fanzha.ports.workshop import RuleChanged, Taken

_COLUMNS = (
    "rule, version, revision, state, channel, text, replaces, author, author_display,"
    " submitted_by, submitted_display, published_by, published_display, created_at, updated_at,"
    " shadow_since, live_since, note"
)
_CHANGEABLE = frozenset(
    ("submitted_by", "submitted_display", "published_by", "published_display", "updated_at",
     "shadow_since", "live_since", "replaces", "note")
)  # fmt: skip


@dataclass(frozen=True)
class PostgresWorkshopUnit:
    """One transaction's books."""

    connection: Connection
    rules: PostgresRules
    sets: PostgresRuleSets
    snoozes: PostgresSnoozes
    rehearsals: PostgresRehearsals
    labels: PostgresLabels
    deeds: PostgresDeeds


class PostgresWorkshop:
    """Opens units of work over the whole centre."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self.database = database
        self.sealer = sealer

    @contextmanager
    def work(self) -> Iterator[PostgresWorkshopUnit]:
        with self.database.transaction(NATION) as connection:
            deeds = PostgresDeeds(connection)
            yield PostgresWorkshopUnit(
                connection=connection,
                rules=PostgresRules(connection),
                sets=PostgresRuleSets(connection),
                snoozes=PostgresSnoozes(connection),
                rehearsals=PostgresRehearsals(connection, self.sealer),
                labels=PostgresLabels(connection),
                deeds=deeds,
            )
            deeds.flush()


class PostgresRules:
    """The book of versions within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, rule: str, version: int) -> RuleVersion | None:
        found = self._all("rule = :rule AND version = :version", rule=rule, version=version)
        return found[0] if found else None

    def of(self, rule: str) -> Sequence[RuleVersion]:
        return self._all("rule = :rule", "version DESC", rule=rule)

    def in_force(self) -> Sequence[RuleVersion]:
        return self._all("state = ANY(:states)", states=list(states.IN_FORCE))

    def hands(self, rule: str, version: int) -> Hands:
        rows = self._connection.execute(
            text(
                "SELECT DISTINCT actor, verb FROM deed WHERE object_kind IN ('rule', 'rule_case')"
                " AND object_id = :ref AND verb IN ('submit', 'judge')"
            ),
            {"ref": f"{rule}@{version}"},
        ).all()
        return Hands(
            submitted=frozenset(r.actor for r in rows if r.verb == "submit"),
            judged=frozenset(r.actor for r in rows if r.verb == "judge"),
        )

    def newest(self, after: str, limit: int) -> Sequence[RuleVersion]:
        """The newest version of each rule, by id, those after one."""
        rows = self._connection.execute(
            text(
                f"SELECT DISTINCT ON (rule) {_COLUMNS} FROM rule_version WHERE rule > :after"
                " ORDER BY rule, version DESC LIMIT :limit"
            ),
            {"after": after, "limit": limit},
        )
        return [_version(row) for row in rows]

    def count(self) -> int:
        """How many rules there are."""
        return int(
            self._connection.execute(
                text("SELECT count(DISTINCT rule) FROM rule_version")
            ).scalar_one()
        )

    def add(self, new: RuleVersion) -> RuleVersion:
        row = self._connection.execute(
            text(
                f"INSERT INTO rule_version ({_COLUMNS}) VALUES (:rule, :version, 1, :state,"
                " :channel, CAST(:text AS jsonb), :replaces, :author, :author_display,"
                " NULL, NULL, NULL, NULL, :created_at, :created_at, NULL, NULL, '')"
                f" ON CONFLICT DO NOTHING RETURNING {_COLUMNS}"
            ),
            {
                "rule": new.rule,
                "version": new.version,
                "state": new.state,
                "channel": new.channel,
                "text": json.dumps(dict(new.text), ensure_ascii=False),
                "replaces": new.replaces,
                "author": new.author,
                "author_display": new.author_display,
                "created_at": new.created_at,
            },
        ).one_or_none()
        if row is None:
            raise RuleChanged(self.of(new.rule)[0])
        return _version(row)

    def advance(self, before: RuleVersion, state: str, change: Mapping[str, Any]) -> RuleVersion:
        values = {k: v for k, v in change.items() if k in _CHANGEABLE} | {"state": state}
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        row = self._connection.execute(
            text(
                f"UPDATE rule_version SET {assignments}, revision = revision + 1"
                " WHERE rule = :rule AND version = :version AND state = :before_state"
                f" AND revision = :before_revision RETURNING {_COLUMNS}"
            ),
            {
                **values,
                "rule": before.rule,
                "version": before.version,
                "before_state": before.state,
                "before_revision": before.revision,
            },
        ).one_or_none()
        if row is None:
            now = self.get(before.rule, before.version)
            if now is None:
                raise Uncertain("rule_gone", zh="规则已不在", en="the rule is gone")
            raise RuleChanged(now)
        return _version(row)

    def _all(self, where: str, order: str = "rule, version", **bound: Any) -> list[RuleVersion]:
        rows = self._connection.execute(
            text(f"SELECT {_COLUMNS} FROM rule_version WHERE {where} ORDER BY {order}"), bound
        )
        return [_version(row) for row in rows]


class PostgresRuleSets:
    """Editions, and where they took hold."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, content: Mapping[str, Any], because: str, at: datetime) -> int:
        number = self._connection.execute(
            text(
                "INSERT INTO rule_set (content, because, at)"
                " VALUES (CAST(:content AS jsonb), :because, :at) RETURNING number"
            ),
            {
                "content": json.dumps(dict(content), ensure_ascii=False),
                "because": because,
                "at": at,
            },
        ).scalar_one()
        return int(number)

    def lock(self) -> None:
        """Until the commit nobody else makes an edition: each holds what the one before held."""
        self._connection.execute(text("SELECT pg_advisory_xact_lock(7265)"))

    def newest(self) -> RuleSet | None:
        row = self._connection.execute(
            text("SELECT number, content FROM rule_set ORDER BY number DESC LIMIT 1")
        ).one_or_none()
        return RuleSet.of(row.number, row.content) if row else None

    def newest_number(self) -> int | None:
        """Of the newest edition, without its rules: asked every second."""
        number = self._connection.execute(text("SELECT max(number) FROM rule_set")).scalar()
        return None if number is None else int(number)

    def take(self, consumer: str, number: int, after: int, at: datetime) -> None:
        self._connection.execute(
            text(
                "INSERT INTO rule_set_taken (consumer, after, number, at)"
                " VALUES (:c, :after, :number, :at) ON CONFLICT DO NOTHING"
            ),
            {"c": consumer, "after": after, "number": number, "at": at},
        )

    def taken(self, consumer: str) -> Sequence[Taken]:
        rows = self._connection.execute(
            text(
                "SELECT t.after, s.number, s.content FROM rule_set_taken AS t"
                " JOIN rule_set AS s USING (number) WHERE t.consumer = :c"
                " ORDER BY t.after, s.number"
            ),
            {"c": consumer},
        )
        return [Taken(row.after, RuleSet.of(row.number, row.content)) for row in rows]


class PostgresSnoozes:
    """Rules that are quiet for a while."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, snooze: Snooze) -> None:
        self._connection.execute(
            text(
                "INSERT INTO rule_snooze (id, rule, key, mask, area, until, note, by, at)"
                " VALUES (:id, :rule, :key, :mask, :area, :until, :note, :by, :at)"
            ),
            {
                name: getattr(snooze, name)
                for name in ("id", "rule", "key", "mask", "area", "until", "note", "by", "at")
            },
        )

    def end(self, id: UUID, at: datetime) -> Snooze | None:
        row = self._connection.execute(
            text(
                "UPDATE rule_snooze SET ended_at = :at WHERE id = :id AND ended_at IS NULL"
                " AND until > :at RETURNING *"
            ),
            {"id": id, "at": at},
        ).one_or_none()
        return _snooze(row) if row else None

    def running(self, at: datetime) -> Sequence[Snooze]:
        rows = self._connection.execute(
            text(
                "SELECT * FROM rule_snooze WHERE ended_at IS NULL AND until > :at"
                " ORDER BY rule, until, id"
            ),
            {"at": at},
        )
        return [_snooze(row) for row in rows]

    def over_places(self, rule: str, since: datetime) -> Sequence[Snooze]:
        rows = self._connection.execute(
            text(
                "SELECT * FROM rule_snooze WHERE rule = :rule AND until > :since AND key IS NULL"
                " ORDER BY at, id"
            ),
            {"rule": rule, "since": since},
        )
        return [_snooze(row) for row in rows]


def _version(row: Any) -> RuleVersion:
    return RuleVersion(**{name: getattr(row, name) for name in RuleVersion.__slots__})


def _snooze(row: Any) -> Snooze:
    return Snooze(
        id=row.id,
        rule=row.rule,
        key=None if row.key is None else int(row.key),
        mask=row.mask,
        area=row.area,
        until=row.until,
        note=row.note,
        by=row.by,
        at=row.at,
        ended_at=row.ended_at,
    )

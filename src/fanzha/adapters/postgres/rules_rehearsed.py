"""Rehearsals, their sampled cases, and labels in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, text

from fanzha.lifecycles.rule.model import Label, Rehearsal, RehearsalState
from fanzha.ports.sealer import Sealer


@dataclass(frozen=True, slots=True)
class SampledCase:
    """A case that only the draft hits, without a person: what it was, and what was made of it."""

    n: int
    at: datetime
    zh: str
    en: str
    score: float
    elder: bool | None
    share: float
    token: bytes
    verdict: Literal["fraud", "false"] | None = None
    judged_by: str | None = None


_JUDGED = (
    "JOIN rehearsal_case AS c ON c.rehearsal = r.id JOIN label AS l ON l.source = 'sample'"
    " AND l.about = 'sample:' || c.rehearsal || ':' || c.n"
)


class PostgresRehearsals:
    """Replays asked for; the state is the queue."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def ask(self, rehearsal: Rehearsal) -> None:
        self._connection.execute(
            text(
                "INSERT INTO rehearsal (id, rule, version, against, state, asked_by, asked_at,"
                " touched_at, source) VALUES (:id, :rule, :version, :against, :state, :by, :at,"
                " :at, :source)"
            ),
            {
                "id": rehearsal.id,
                "rule": rehearsal.rule,
                "version": rehearsal.version,
                "against": rehearsal.against,
                "state": rehearsal.state,
                "by": rehearsal.asked_by,
                "at": rehearsal.asked_at,
                "source": rehearsal.source,
            },
        )

    def get(self, id: UUID) -> Rehearsal | None:
        return self._one("id = :id", id=id)

    def newest(self, rule: str, version: int) -> Rehearsal | None:
        return self._one(
            "rule = :rule AND version = :version ORDER BY asked_at DESC, id LIMIT 1",
            rule=rule,
            version=version,
        )

    def keep(self, rehearsal: Rehearsal, at: datetime) -> None:
        self._connection.execute(
            text(
                "UPDATE rehearsal SET state = :state, done_share = :share, touched_at = :at,"
                " finished_at = :finished, source = :source, result = CAST(:result AS jsonb)"
                " WHERE id = :id"
            ),
            {
                "id": rehearsal.id,
                "state": rehearsal.state,
                "share": rehearsal.done_share,
                "at": at,
                "finished": rehearsal.finished_at,
                "source": rehearsal.source,
                "result": json.dumps(dict(rehearsal.result), ensure_ascii=False),
            },
        )

    def take_up(self, now: datetime, stale_before: datetime) -> Rehearsal | None:
        row = self._connection.execute(
            text(
                "UPDATE rehearsal SET state = 'running', touched_at = :now WHERE id = (SELECT id"
                " FROM rehearsal WHERE state = 'asked' OR (state = 'running' AND touched_at <"
                " :stale) ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *"
            ),
            {"now": now, "stale": stale_before},
        ).one_or_none()
        return _rehearsal(row) if row else None

    def waits(self, stale_before: datetime) -> bool:
        """Whether `take_up` would find one."""
        found = self._connection.execute(
            text(
                "SELECT EXISTS (SELECT FROM rehearsal WHERE state = 'asked' OR"
                " (state = 'running' AND touched_at < :stale))"
            ),
            {"stale": stale_before},
        )
        return bool(found.scalar_one())

    def add_cases(self, id: UUID, cases: Sequence[tuple[SampledCase, str, str]]) -> None:
        """(case, kind, subject): the subject is kept as a token only."""
        if cases:
            self._connection.execute(
                text(
                    "INSERT INTO rehearsal_case (rehearsal, n, at, subject_token, zh, en, score,"
                    " elder, share) VALUES (:id, :n, :at, :token, :zh, :en, :score, :elder,"
                    " :share) ON CONFLICT DO NOTHING"
                ),
                [
                    {
                        "id": id,
                        "n": case.n,
                        "at": case.at,
                        "token": self._sealer.token(kind, subject),
                        "zh": case.zh,
                        "en": case.en,
                        "score": case.score,
                        "elder": case.elder,
                        "share": case.share,
                    }
                    for case, kind, subject in cases
                ],
            )

    def cases(self, id: UUID) -> list[SampledCase]:
        """Newest first, each with its verdict if it has one."""
        rows = self._connection.execute(
            text(
                "SELECT c.*, l.verdict, l.by AS judged_by FROM rehearsal_case AS c"
                " LEFT JOIN label AS l ON l.source = 'sample'"
                " AND l.about = 'sample:' || c.rehearsal || ':' || c.n"
                " WHERE c.rehearsal = :id ORDER BY c.at DESC, c.n"
            ),
            {"id": id},
        )
        return [
            SampledCase(r.n, r.at, r.zh, r.en, r.score, r.elder, r.share, bytes(r.subject_token),
                        r.verdict, r.judged_by)
            for r in rows
        ]  # fmt: skip

    def judged(self, rule: str, version: int) -> list[tuple[bool, float]]:
        """(fraud, weight) of every case of this version that somebody has judged. One that was
        drawn again by a later rehearsal is one case: the later word counts."""
        rows = self._connection.execute(
            text(
                "SELECT DISTINCT ON (c.subject_token, c.at) l.verdict, c.share"
                f" FROM rehearsal AS r {_JUDGED} WHERE r.rule = :rule AND r.version = :version"
                " ORDER BY c.subject_token, c.at, l.at DESC"
            ),
            {"rule": rule, "version": version},
        )
        return [(r.verdict == "fraud", 1 / r.share) for r in rows]

    def judged_since(self, id: UUID) -> int:
        """Cases of a rehearsal that somebody judged and of which it did not know when it was done:
        what it knew is in its own figures."""
        found = self._connection.execute(
            text(
                f"SELECT count(*) FROM rehearsal AS r {_JUDGED} WHERE r.id = :id AND NOT EXISTS"
                " (SELECT FROM label AS known WHERE known.token = c.subject_token"
                " AND known.at <= r.finished_at)"
            ),
            {"id": id},
        )
        return int(found.scalar_one())

    def _one(self, where: str, **bound: Any) -> Rehearsal | None:
        row = self._connection.execute(
            text(f"SELECT * FROM rehearsal WHERE {where}"), bound
        ).one_or_none()
        return _rehearsal(row) if row else None


class PostgresLabels:
    """What findings turned out to be."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, labels: Sequence[Label]) -> None:
        if labels:
            self._connection.execute(
                text(
                    "INSERT INTO label (about, source, token, verdict, share, by, at) VALUES"
                    " (:about, :source, :token, :verdict, :share, :by, :at)"
                    " ON CONFLICT (about, source) DO UPDATE SET verdict = excluded.verdict,"
                    " by = excluded.by, at = excluded.at"
                ),
                [{name: getattr(label, name) for name in Label.__slots__} for label in labels],
            )

    def harvest(self, before: datetime) -> int:
        done = self._connection.execute(text(_HARVEST), {"before": before})
        return int(done.rowcount)


_HARVEST = """
INSERT INTO label (about, source, token, verdict, share, by, at)
SELECT f.id, 'outcome', f.subject_token,
  CASE w.outcome WHEN 'false_alarm' THEN 'false' ELSE 'fraud' END, 1,
  coalesce(w.owner_display, ''), w.updated_at
FROM warning AS w JOIN finding AS f ON f.warning_id = w.id
WHERE w.outcome IN ('false_alarm', 'dissuaded', 'already_paid') AND w.updated_at < :before
  AND w.updated_at > :before - interval '7 days'
ON CONFLICT (about, source) DO UPDATE SET verdict = excluded.verdict, by = excluded.by,
  at = excluded.at WHERE label.verdict <> excluded.verdict
"""
"""Outcomes stand for a while before they count: what can be undone is no label yet."""


def _rehearsal(row: Any) -> Rehearsal:
    return Rehearsal(
        id=row.id,
        rule=row.rule,
        version=row.version,
        against=row.against,
        state=RehearsalState(row.state),
        done_share=row.done_share,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        finished_at=row.finished_at,
        source=row.source,
        result=row.result,
    )

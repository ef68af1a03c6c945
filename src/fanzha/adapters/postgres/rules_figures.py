"""What the workshop's pages read: volumes, labels, spreads, latency, drawn rows, the record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, text

from fanzha.adapters.postgres.database import Database
from fanzha.detection.rules.ruleset import Mode
from fanzha.lifecycles.actor import NATION


@dataclass(frozen=True, slots=True)
class Volume:
    """Hits and cases of one version in an hour or on a day."""

    ref: str
    mode: str
    at: datetime
    hits: int
    cases: int


@dataclass(frozen=True, slots=True)
class Latency:
    """From the event to the finding in the database, seconds."""

    n: int
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """A row below the threshold that is to be looked at."""

    id: str
    channel: str
    detector: str
    at: datetime
    mask: str
    share: float
    score: float
    zh: str
    en: str
    token: bytes
    verdict: Literal["fraud", "false"] | None


@dataclass(frozen=True, slots=True)
class LabelRow:
    about: str
    source: Literal["outcome", "look", "sample"]
    verdict: Literal["fraud", "false"]
    share: float
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """A line of the record about a rule."""

    at: datetime
    by: str
    verb: str
    object: str
    note: str


class RuleFigures:
    """Read-only; every question is one transaction over the whole centre."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def volumes(self, rule: str, since: datetime, *, step: str = "day") -> list[Volume]:
        """By `hour` or by `day` (UTC), every version of the rule, oldest first."""
        return [
            Volume(r.ref, r.mode, r.step, r.hits, r.cases)
            for r in self._ask(
                "SELECT ref, mode, date_trunc(:step, hour, 'UTC') AS step,"
                " sum(hits)::bigint AS hits, sum(cases)::bigint AS cases FROM rule_count"
                " WHERE ref LIKE :like AND hour >= :since GROUP BY 1, 2, 3 ORDER BY 3, 1, 2",
                step=step,
                like=_like(rule),
                since=since,
            )
        ]

    def detectors(self, since: datetime) -> list[tuple[str, date, int]]:
        """(detector, day, findings), oldest first."""
        return [
            (r.detector, r.day, r.n)
            for r in self._ask(
                "SELECT detector, (at AT TIME ZONE 'UTC')::date AS day, count(*) AS n FROM finding"
                " WHERE at >= :since GROUP BY 1, 2 ORDER BY 2, 1",
                since=since,
            )
        ]

    def verdicts(self, *, detector: str = "", code: str = "") -> list[tuple[bool, float]]:
        """(fraud, weight) of labelled findings of a detector, or of those a rule speaks in."""
        where = "f.detector = :detector" if detector else "f.reasons @> CAST(:code AS jsonb)"
        rows = self._ask(
            "SELECT l.verdict, l.share FROM label AS l JOIN finding AS f ON f.id = l.about"
            f" WHERE l.source = 'outcome' AND {where}",
            detector=detector,
            code=json.dumps([{"code": code}]),
        )
        return [(r.verdict == "fraud", 1 / r.share) for r in rows]

    def looked(self, detector: str) -> list[tuple[bool, float]]:
        """(fraud, weight) of drawn rows of a detector that were looked at."""
        rows = self._ask(
            "SELECT l.verdict, l.share FROM label AS l JOIN look AS k ON l.about = 'look:' || k.id"
            " WHERE l.source = 'look' AND k.detector = :detector",
            detector=detector,
        )
        return [(r.verdict == "fraud", 1 / r.share) for r in rows]

    def latency(self, since: datetime, *, detector: str = "", code: str = "") -> Latency | None:
        where = "detector = :detector" if detector else "reasons @> CAST(:code AS jsonb)"
        row = self._ask(
            "SELECT count(*) AS n, percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY"
            " extract(epoch FROM taken_at - at)) AS p FROM finding WHERE at >= :since"
            f" AND taken_at IS NOT NULL AND {where}",
            since=since,
            detector=detector,
            code=json.dumps([{"code": code}]),
        )[0]
        return Latency(row.n, float(row.p[0]), float(row.p[1])) if row.n else None

    def spread(self, channel: str, name: str, since: date, until: date) -> list[int]:
        """Counts by bucket over the days [since, until)."""
        rows = self._ask(
            "SELECT counts FROM rule_spread WHERE channel = :channel AND name = :name"
            " AND day >= :since AND day < :until",
            channel=channel,
            name=name,
            since=since,
            until=until,
        )
        return [sum(column) for column in zip(*(r.counts for r in rows), strict=True)]

    def newest_day(self, channel: str) -> date | None:
        """The last day of stream time on which anything was scored."""
        found = self._ask(
            "SELECT max(day) AS day FROM rule_spread WHERE channel = :channel", channel=channel
        )
        day: date | None = found[0].day
        return day

    def looks(self, after: str | None, limit: int, *, open_only: bool) -> list[DrawnRow]:
        """Newest first; `after` is the id of the last one seen."""
        rows = self._ask(
            "SELECT k.*, l.verdict FROM look AS k LEFT JOIN label AS l ON l.source = 'look'"
            " AND l.about = 'look:' || k.id WHERE (:after = '' OR (k.at, k.id) <"
            " (SELECT at, id FROM look WHERE id = :after)) AND (NOT :open OR l.verdict IS NULL)"
            " ORDER BY k.at DESC, k.id DESC LIMIT :limit",
            after=after or "",
            open=open_only,
            limit=limit,
        )
        return [_drawn(r) for r in rows]

    def look(self, id: str) -> DrawnRow | None:
        rows = self._ask("SELECT *, NULL AS verdict FROM look WHERE id = :id", id=id)
        return _drawn(rows[0]) if rows else None

    def labels(self, after: datetime | None, limit: int) -> list[LabelRow]:
        """Newest first, those made before `after`; more than `limit` where the last was made in
        the same instant as others, as those of one warning are."""
        rows = self._ask(
            "SELECT * FROM (SELECT about, source, verdict, share, by, at FROM label WHERE"
            " (CAST(:after AS timestamptz) IS NULL OR at < :after)"
            " ORDER BY at DESC FETCH FIRST :limit ROWS WITH TIES) AS l"
            " ORDER BY at DESC, about, source",
            after=after,
            limit=limit,
        )
        return [LabelRow(r.about, r.source, r.verdict, r.share, r.by, r.at) for r in rows]

    def record(self, rule: str, limit: int) -> list[Done]:
        """What was done to a rule, newest first."""
        rows = self._ask(
            "SELECT at, actor_display, verb, object_id, body FROM deed WHERE object_kind = 'rule'"
            " AND (object_id = :rule OR object_id LIKE :like) ORDER BY at DESC, seq DESC"
            " LIMIT :limit",
            rule=rule,
            like=_like(rule),
            limit=limit,
        )
        return [
            Done(r.at, r.actor_display, r.verb, r.object_id,
                 str(json.loads(r.body)["detail"].get("note", "")))
            for r in rows
        ]  # fmt: skip

    def fraud_tokens(self, tokens: Sequence[bytes]) -> dict[bytes, tuple[bool, float]]:
        """Token → (fraud, weight) for those that were ever labelled; fraud wins."""
        rows = self._ask(
            "SELECT token, bool_or(verdict = 'fraud') AS fraud, max(share) AS share FROM label"
            " WHERE token = ANY(:tokens) GROUP BY token",
            tokens=list(tokens),
        )
        return {bytes(r.token): (r.fraud, 1 / r.share) for r in rows}

    def victims(self, begin: datetime, end: datetime) -> dict[bytes, float]:
        """Tokens of people at risk found to be defrauded in a stretch of time, with weights."""
        rows = self._ask(
            "SELECT l.token, max(l.share) AS share FROM label AS l JOIN finding AS f"
            " ON f.id = l.about WHERE l.verdict = 'fraud' AND f.role = 'at_risk'"
            " AND f.at >= :begin AND f.at <= :end GROUP BY l.token",
            begin=begin,
            end=end,
        )
        return {bytes(r.token): 1 / r.share for r in rows}

    def cases(self, ref: str, mode: Mode, since: datetime) -> int:
        """Of a version in one mode, since an instant of stream time, its whole hour included."""
        row = self._ask(
            "SELECT coalesce(sum(cases), 0)::bigint AS cases FROM rule_count"
            " WHERE ref = :ref AND mode = :mode AND hour >= date_trunc('hour', :since, 'UTC')",
            ref=ref,
            mode=mode.value,
            since=since,
        )[0]
        return int(row.cases)

    def _ask(self, query: str, **bound: Any) -> list[Any]:
        with self._database.transaction(NATION) as connection:
            return _rows(connection, query, bound)


def _rows(connection: Connection, query: str, bound: dict[str, Any]) -> list[Any]:
    return list(connection.execute(text(query), bound))


def _like(rule: str) -> str:
    """Every version of a rule; `_` in an id stands for itself."""
    return rule.replace("_", r"\_") + "@%"


def _drawn(r: Any) -> DrawnRow:
    return DrawnRow(
        r.id, r.channel, r.detector, r.at, r.subject_mask, r.share, r.score, r.zh, r.en,
        bytes(r.subject_token), r.verdict,
    )  # fmt: skip

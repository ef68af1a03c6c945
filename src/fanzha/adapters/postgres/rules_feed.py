"""What a scorer is given of the workshop: its editions by log position, and a place for counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
from sqlalchemy import Connection, text

from fanzha.adapters.postgres.rules import PostgresWorkshop
from fanzha.detection.rules.tally import BUCKETS, Counted, HitKey
from fanzha.ports.workshop import Taken
from fanzha.values.mask import mask_account, mask_number

_EPOCH = date(1970, 1, 1)
_COUNT = (
    "INSERT INTO rule_count AS c (ref, mode, hour, hits, cases)"
    " VALUES (:ref, :mode, :hour, :hits, :cases) ON CONFLICT (ref, mode, hour) DO UPDATE"
    " SET hits = c.hits + excluded.hits, cases = c.cases + excluded.cases"
)
_SPREAD = (
    "INSERT INTO rule_spread AS s (channel, name, day, counts) VALUES (:channel, :name, :day,"
    " :counts) ON CONFLICT (channel, name, day) DO UPDATE SET counts ="
    " (SELECT array_agg(a + b ORDER BY n) FROM unnest(s.counts, excluded.counts)"
    " WITH ORDINALITY AS t(a, b, n))"
)
_LOOK = (
    "INSERT INTO look (id, channel, detector, at, stream, subject_token, subject_mask, share,"
    " score, zh, en) VALUES (:id, :channel, :detector, :at, :stream, :token, :mask, :share,"
    " :score, :zh, :en) ON CONFLICT DO NOTHING"
)


class PostgresRuleFeed:
    """One consumer's view of the editions."""

    def __init__(self, workshop: PostgresWorkshop, *, consumer: str = "scorer") -> None:
        self._workshop = workshop
        self._consumer = consumer
        self._known: Sequence[Taken] = ()

    def taken(self) -> Sequence[Taken]:
        """Where in the log this consumer went over to which edition."""
        with self._workshop.work() as work:
            return work.sets.taken(self._consumer)

    def take_newest(self, after: int, now: datetime) -> Sequence[Taken]:
        """Go over to the newest edition for entries above `after`, if it is not gone by yet."""
        with self._workshop.work() as work:
            newest = work.sets.newest_number()
            if newest is None or any(t.rules.number >= newest for t in self._known):
                return self._known
            known = work.sets.taken(self._consumer)
            if all(t.rules.number < newest for t in known):
                work.sets.take(self._consumer, newest, after, now)
                known = work.sets.taken(self._consumer)
        self._known = known
        return known

    def count(self, connection: Connection, counted: Counted) -> None:
        """Add what was counted, in the transaction that moves the counted position."""
        hits = [_hit(key, counted) for key in sorted(counted.hits)]
        if hits:
            connection.execute(text(_COUNT), hits)
        spreads = [
            {
                "channel": channel,
                "name": name,
                "day": _EPOCH + timedelta(days=day),
                "counts": np.resize(counts, BUCKETS).tolist(),
            }
            for (channel, name, day), counts in sorted(counted.spreads.items())
        ]
        if spreads:
            connection.execute(text(_SPREAD), spreads)
        looks = [
            {
                "id": f"{look.channel}|{look.stream}|{look.source}|{look.event_id}",
                "channel": look.channel,
                "detector": look.detector,
                "at": _instant(look.at),
                "stream": look.stream,
                "token": self._workshop.sealer.token(kind_of(look.subject), look.subject),
                "mask": mask_of(look.subject),
                "share": look.share,
                "score": look.score,
                "zh": look.zh,
                "en": look.en,
            }
            for look in counted.looks
        ]
        if looks:
            connection.execute(text(_LOOK), looks)


def kind_of(subject: str) -> str:
    """`number`, `account` or `person`, from the form of a subject."""
    if subject.startswith("+") or subject.isdigit():
        return "number"
    return "account" if ":" in subject else "person"


def mask_of(subject: str) -> str:
    """A subject as screens show it; a person's token is not shown at all."""
    kind = kind_of(subject)
    if kind == "number":
        return mask_number(subject)
    return mask_account(subject) if kind == "account" else ""


def _hit(key: HitKey, counted: Counted) -> dict[str, object]:
    ref, mode, hour = key
    return {
        "ref": ref,
        "mode": mode,
        "hour": _instant(hour * 3_600_000),
        "hits": counted.hits[key],
        "cases": counted.cases[key],
    }


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)

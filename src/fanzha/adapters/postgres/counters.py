"""Totals for the metrics page, kept in the database so that they survive every process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


def add(connection: Connection, name: str, counts: Mapping[str, int]) -> None:
    """Raise the totals of one name, label by label (in one order: two writers never deadlock)."""
    rows = [{"name": name, "label": k, "n": n} for k, n in sorted(counts.items()) if n]
    if rows:
        connection.execute(
            text(
                "INSERT INTO counter AS c (name, label, n) VALUES (:name, :label, :n)"
                " ON CONFLICT (name, label) DO UPDATE SET n = c.n + excluded.n"
            ),
            rows,
        )


def totals(connection: Connection) -> dict[str, dict[str, int]]:
    """All totals: name → label → count."""
    found: dict[str, dict[str, int]] = {}
    for row in connection.execute(text("SELECT name, label, n FROM counter ORDER BY name, label")):
        found.setdefault(row.name, {})[row.label] = row.n
    return found


@dataclass(frozen=True, slots=True)
class FeedMark:
    """The newest event of a stream: when it happened, when it was scored."""

    stream: str
    last_at: datetime
    arrived_at: datetime


def mark_feeds(connection: Connection, marks: list[FeedMark]) -> None:
    """Note the newest event of each stream."""
    if marks:
        connection.execute(
            text(
                "INSERT INTO feed AS f (stream, last_at, arrived_at) VALUES (:s, :last, :arrived)"
                " ON CONFLICT (stream) DO UPDATE SET"
                " last_at = greatest(f.last_at, excluded.last_at),"
                " arrived_at = excluded.arrived_at"
            ),
            [{"s": m.stream, "last": m.last_at, "arrived": m.arrived_at} for m in marks],
        )


def feeds(connection: Connection) -> list[FeedMark]:
    """The newest event of every stream seen so far."""
    rows = connection.execute(text("SELECT stream, last_at, arrived_at FROM feed ORDER BY stream"))
    return [FeedMark(r.stream, r.last_at, r.arrived_at) for r in rows]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a consumer of the log has come."""

    position: int
    still_s: float
    """Seconds since it last moved or gave a sign, by the database's clock."""


def progress(connection: Connection) -> dict[str, Progress]:
    """Every consumer by name."""
    rows = connection.execute(
        text(
            "SELECT consumer, position, extract(epoch FROM now() - updated_at) AS still"
            " FROM position"
        )
    )
    return {r.consumer: Progress(r.position, float(r.still)) for r in rows}

"""Refused rows in PostgreSQL: sealed, listed by reason, repaired and sent again, or dropped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from fanzha.adapters.postgres import counters
from fanzha.adapters.postgres.database import Database
from fanzha.errors import Refused
from fanzha.lifecycles.actor import NATION
from fanzha.ports.sealer import Sealer

_SEALED = "quarantine.sealed"
_RAW_MAX = 100_000


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that could not be taken in, as it came."""

    stream: str
    source: str
    row: int
    code: str
    field: str | None
    zh: str
    en: str
    raw: Mapping[str, Any] | str
    """The row by column, or the text of a line that could not be read."""
    batch: str | None = None
    """Names the delivery it came in: the same row of the same delivery is kept once."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A refused row in the list; the row itself stays sealed."""

    id: int
    stream: str
    source: str
    row: int
    code: str
    field: str | None
    zh: str
    en: str
    at: datetime
    state: str


class Quarantine:
    """Nothing that was refused is lost; nothing in it is readable without the keys."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def add(self, rows: Sequence[RefusedRow], now: datetime) -> None:
        """Keep refused rows and count them."""
        if not rows:
            return
        with self._database.transaction(NATION) as connection:
            self.add_within(connection, rows, now)

    def add_within(self, connection: Connection, rows: Sequence[RefusedRow], now: datetime) -> None:
        """The same, inside a transaction of the caller."""
        by_stream: dict[str, list[dict[str, object]]] = {}
        for r in rows:
            by_stream.setdefault(r.stream, []).append(
                {
                    "stream": r.stream,
                    "source": r.source,
                    "row": r.row,
                    "code": r.code,
                    "field": r.field,
                    "zh": r.zh,
                    "en": r.en,
                    "sealed": self._sealer.seal(_text(r.raw), _SEALED),
                    "batch": r.batch,
                    "at": now,
                }
            )
        insert = text(
            "INSERT INTO quarantine (stream, source, row_number, code, field, zh, en, sealed,"
            " batch, at) VALUES (:stream, :source, :row, :code, :field, :zh, :en, :sealed, :batch,"
            " :at) ON CONFLICT (source, stream, batch, row_number) DO NOTHING"
        )
        kept = {s: connection.execute(insert, found).rowcount for s, found in by_stream.items()}
        counters.add(connection, "quarantined", kept)

    def page(self, after: int | None, limit: int) -> tuple[list[Kept], int | None]:
        """Open rows, newest first, by keyset."""
        with self._database.transaction(NATION) as connection:
            rows = connection.execute(
                text(
                    "SELECT id, stream, source, row_number, code, field, zh, en, at, state"
                    " FROM quarantine WHERE state = 'open' AND id < :after"
                    " ORDER BY id DESC LIMIT :n"
                ),
                {"after": after if after is not None else 2**62, "n": limit + 1},
            ).all()
        kept = [_kept(r) for r in rows[:limit]]
        return kept, kept[-1].id if len(rows) > limit else None

    def open_row(self, id: int) -> tuple[Kept, str]:
        """A row with its content, for repair."""
        with self._database.transaction(NATION) as connection:
            r = connection.execute(
                text("SELECT * FROM quarantine WHERE id = :id AND state = 'open'"), {"id": id}
            ).one_or_none()
        if r is None:
            raise _not_open()
        return _kept(r), self._sealer.open(bytes(r.sealed), _SEALED)

    @contextmanager
    def held(self, id: int) -> Iterator[Held]:
        """An open row that nobody else can settle meanwhile; at the end it is open or settled.

        Refused where it is settled, or being settled: a row is sent again once. Whatever fails
        inside leaves it open.
        """
        with self._database.transaction(NATION) as connection:
            r = connection.execute(
                text(
                    "SELECT * FROM quarantine WHERE id = :id AND state = 'open'"
                    " FOR UPDATE SKIP LOCKED"
                ),
                {"id": id},
            ).one_or_none()
            if r is None:
                raise _not_open()
            yield Held(connection, _kept(r))


class Held:
    """A refused row while it is being settled."""

    def __init__(self, connection: Connection, row: Kept) -> None:
        self._connection = connection
        self.row = row

    def settle(self, state: str) -> None:
        """Mark it as sent again or dropped, with the end of the holding."""
        self._connection.execute(
            text("UPDATE quarantine SET state = :s WHERE id = :id"),
            {"s": state, "id": self.row.id},
        )


def _kept(r: Any) -> Kept:
    return Kept(r.id, r.stream, r.source, r.row_number, r.code, r.field, r.zh, r.en, r.at, r.state)


def _not_open() -> Refused:
    return Refused(
        "not_in_quarantine",
        zh="这一行已不在待修区",
        en="this row is no longer in quarantine",
        field="id",
    )


def _text(raw: Mapping[str, Any] | str) -> str:
    plain = raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False, default=str)
    return plain[:_RAW_MAX]

"""The record of deeds in PostgreSQL: canonical lines, chained by the database, verified here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from fanzha.lifecycles.actor import Unit
from fanzha.ports.deed_book import Deed


def chain_of(unit: Unit) -> str:
    """A chain per city; what belongs to no city goes to its province, else to the nation."""
    province, city = unit.path[0], unit.path[1]
    return city or province or "nation"


def canonical(deed: Deed) -> str:
    """The line as it is hashed: sorted keys, no spaces, UTC with microseconds."""
    return json.dumps(
        {
            "at": deed.at.isoformat(timespec="microseconds"),
            "actor": deed.actor.id,
            "actor_display": deed.actor.display,
            "actor_unit": deed.actor.unit.code,
            "verb": deed.verb,
            "object_kind": deed.object_kind,
            "object_id": deed.object_id,
            "before": deed.before,
            "after": deed.after,
            "article": deed.article,
            "detail": dict(deed.detail),
        },
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )


class PostgresDeeds:
    """Collects the deeds of one unit of work; `flush` chains them just before the commit.

    The head of a chain is locked from the flush to the commit, so it comes last and in one order.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: dict[str, list[tuple[str, str]]] = {}

    def append(self, deed: Deed) -> None:
        place = ",".join(code or "" for code in deed.unit.path)
        self._waiting.setdefault(chain_of(deed.unit), []).append((canonical(deed), place))

    def flush(self) -> None:
        for chain, lines in sorted(self._waiting.items()):
            self._connection.execute(
                text("SELECT append_deeds(:chain, :bodies, :places)"),
                {
                    "chain": chain,
                    "bodies": [body for body, _ in lines],
                    "places": [place for _, place in lines],
                },
            )
        self._waiting.clear()


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: its length and its last hash."""

    chain: str
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying a chain found. `broken_at` is the first link that does not fit."""

    chain: str
    length: int
    broken_at: int | None
    hashes: dict[int, bytes]
    """Hashes at the asked-for positions: compared with signed heads kept outside."""


def heads(connection: Connection) -> list[Head]:
    """The end of each chain."""
    rows = connection.execute(text("SELECT chain, seq, hash FROM deed_head ORDER BY chain"))
    return [Head(r.chain, r.seq, bytes(r.hash)) for r in rows]


def verify(connection: Connection, chain: str, at: frozenset[int] = frozenset()) -> Verdict:
    """Recompute every link from the first line on."""
    previous, expected = b"", 1
    kept: dict[int, bytes] = {}
    for seq, body, stored in _lines(connection, chain):
        previous = hashlib.sha256(previous + body.encode()).digest()
        if seq != expected or previous != stored:
            return Verdict(chain, expected - 1, expected, kept)
        if seq in at:
            kept[seq] = previous
        expected += 1
    head = connection.execute(
        text("SELECT seq, hash FROM deed_head WHERE chain = :c"), {"c": chain}
    ).one_or_none()
    whole = head is not None and head.seq == expected - 1 and bytes(head.hash) == previous
    return Verdict(chain, expected - 1, None if whole else expected, kept)


def _lines(connection: Connection, chain: str) -> Iterator[tuple[int, str, bytes]]:
    rows = connection.execution_options(yield_per=5000).execute(
        text("SELECT seq, body, hash FROM deed WHERE chain = :c ORDER BY seq"), {"c": chain}
    )
    for row in rows:
        yield row.seq, row.body, bytes(row.hash)

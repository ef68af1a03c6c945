"""The wires' list in PostgreSQL: one row a key, versions in the order of the commits; reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from fanzha.adapters.postgres.database import Database
from fanzha.lifecycles.actor import NATION
from fanzha.lists.form import Effect, Kind, Match
from fanzha.ports.register import AlreadyListed, Entry
from fanzha.ports.sealer import Sealer

__all__ = ["ListRows", "ListedRow", "PostgresLists", "PostgresReports"]

SEALED_KEY = "listed.sealed"
_AT_A_TIME = 5_000
_HERE = "(l.area IS NULL OR l.area = ANY(:areas))"


class PostgresLists:
    """The list within one transaction. The first change takes the head; it is held to the end."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer
        self._version: int | None = None

    def put(self, entries: Sequence[Entry], measure: UUID, area: str) -> None:
        if not entries:
            return
        rows = [{**self._row(entry, measure), "area": area} for entry in entries]
        version = self._take_version()
        taken = self._connection.execute(
            text(
                "SELECT m.number FROM listed l JOIN measure m ON m.id = l.measure_id WHERE"
                " l.token = ANY(:tokens) AND NOT l.gone AND l.measure_id <> :measure LIMIT 1"
            ),
            {"tokens": [r["token"] for r in rows], "measure": measure},
        ).scalar_one_or_none()
        if taken is not None:
            raise AlreadyListed(taken)
        self._connection.execute(text(_PUT), [{**r, "version": version} for r in rows])
        self._connection.execute(
            text("UPDATE measure SET listed_at_version = :v WHERE id = :id"),
            {"v": version, "id": measure},
        )
        self._notify()

    def take_out(self, measure: UUID) -> None:
        version = self._take_version()
        # What is protected comes back when the measure that was approved against it ends.
        self._connection.execute(
            text(
                "UPDATE listed SET measure_id = NULL, version = :v, changed_at = now(),"
                " area = CASE WHEN protected THEN NULL ELSE area END,"
                " gone = NOT protected, effect = CASE WHEN protected THEN :allow ELSE effect END,"
                " code = CASE WHEN protected THEN 0 ELSE code END,"
                " ends_at = CASE WHEN protected THEN 0 ELSE ends_at END"
                " WHERE measure_id = :id AND NOT gone"
            ),
            {"v": version, "id": measure, "allow": int(Effect.ALLOW)},
        )
        self._connection.execute(
            text("UPDATE measure SET listed_at_version = :v WHERE id = :id"),
            {"v": version, "id": measure},
        )
        self._notify()

    def protect(self, entries: Sequence[Entry]) -> int:
        wanted = {row["token"]: row for row in (self._row(e, None) for e in entries)}
        there = self._connection.execute(text("SELECT token FROM listed WHERE protected"))
        known = {bytes(token) for (token,) in there}
        fresh = [row for token, row in wanted.items() if token not in known]
        left = sorted(known - set(wanted))
        if not fresh and not left:
            return 0
        version = self._take_version()
        if fresh:
            self._connection.execute(text(_PROTECT), [{**r, "version": version} for r in fresh])
        if left:
            self._connection.execute(
                text(
                    "UPDATE listed SET protected = false, gone = measure_id IS NULL, version = :v,"
                    " changed_at = now() WHERE token = ANY(:tokens)"
                ),
                {"v": version, "tokens": left},
            )
        self._notify()
        return len(fresh) + len(left)

    def _row(self, entry: Entry, measure: UUID | None) -> dict[str, Any]:
        named = f"{int(entry.kind)}:{int(entry.match)}:{entry.key.hex()}"
        return {
            "token": self._sealer.token("listed", named),
            "kind": int(entry.kind),
            "match": int(entry.match),
            "sealed": self._sealer.seal(entry.key.hex(), SEALED_KEY),
            "effect": int(entry.effect),
            "code": entry.code,
            "ends_at": entry.ends_at,
            "measure": measure,
        }

    def _take_version(self) -> int:
        if self._version is None:
            self._version = int(
                self._connection.execute(
                    text("UPDATE list_head SET version = version + 1 RETURNING version")
                ).scalar_one()
            )
        return self._version

    def _notify(self) -> None:
        self._connection.execute(text("SELECT pg_notify('listed', :v)"), {"v": str(self._version)})


class PostgresReports:
    """Reports within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, about: bytes, by: bytes, at: datetime) -> bool:
        done = self._connection.execute(
            text(
                "INSERT INTO report (about, by, at) VALUES (:about, :by, :at) ON CONFLICT"
                " (about, by) DO UPDATE SET at = :at, withdrawn_at = NULL"
                " WHERE report.withdrawn_at IS NOT NULL"
            ),
            {"about": about, "by": by, "at": at},
        )
        return done.rowcount == 1

    def withdraw(self, about: bytes, by: bytes, at: datetime) -> bool:
        done = self._connection.execute(
            text(
                "UPDATE report SET withdrawn_at = :at WHERE about = :about AND by = :by"
                " AND withdrawn_at IS NULL"
            ),
            {"about": about, "by": by, "at": at},
        )
        return done.rowcount == 1

    def count(self, about: bytes) -> int:
        return int(
            self._connection.execute(
                text("SELECT count(*) FROM report WHERE about = :a AND withdrawn_at IS NULL"),
                {"a": about},
            ).scalar_one()
        )


@dataclass(frozen=True, slots=True)
class ListedRow:
    """One row as the wires get it."""

    kind: Kind
    match: Match
    key: bytes
    effect: int
    code: int
    ends_at: int
    gone: bool


class ListRows:
    """Reads the list for those who follow it."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def head(self) -> tuple[int, int]:
        """The newest version, and the oldest from which changes are still whole."""
        with self._database.transaction(NATION) as connection:
            row = connection.execute(text("SELECT version, oldest FROM list_head")).one()
            return int(row.version), int(row.oldest)

    def whole(self, areas: Sequence[str] = ()) -> tuple[int, list[ListedRow]]:
        """Everything listed, of one version; with `areas` only what holds in one of them."""
        here = f"NOT l.gone AND {_HERE}" if areas else "NOT l.gone"
        return self._rows(here, {}, areas)

    def changes(self, since: int, areas: Sequence[str] = ()) -> tuple[int, list[ListedRow]]:
        """What has changed after `since`, of one version. What holds elsewhere has gone from here:
        the same thing may have been listed here before."""
        return self._rows("l.version > :since", {"since": since}, areas)

    def _rows(
        self, condition: str, bound: dict[str, Any], areas: Sequence[str]
    ) -> tuple[int, list[ListedRow]]:
        """One statement sees one moment: head and rows fit, and no writer waits for a reader."""
        version, found = 0, []
        gone = f"(l.gone OR NOT {_HERE})" if areas else "l.gone"
        if areas:
            bound = {**bound, "areas": list(areas)}
        with self._database.transaction(NATION) as connection:
            rows = connection.execution_options(yield_per=_AT_A_TIME).execute(
                text(
                    "SELECT h.version AS head, l.kind, l.match, l.sealed, l.effect, l.code,"
                    f" l.ends_at, {gone} AS gone FROM list_head h LEFT JOIN listed l"
                    f" ON {condition}"
                ),
                bound,
            )
            for row in rows:
                version = int(row.head)
                if row.kind is not None:
                    found.append(self._opened(row))
        return version, found

    def _opened(self, row: Any) -> ListedRow:
        return ListedRow(
            Kind(row.kind),
            Match(row.match),
            bytes.fromhex(self._sealer.open(bytes(row.sealed), SEALED_KEY)),
            row.effect,
            row.code,
            row.ends_at,
            row.gone,
        )

    def seen(self, edge: str, version: int, at: datetime) -> None:
        """An edge says up to where it has the list."""
        with self._database.transaction(NATION) as connection:
            connection.execute(
                text(
                    "INSERT INTO edge_seen VALUES (:edge, :version, :at) ON CONFLICT (edge)"
                    " DO UPDATE SET version = :version, at = :at"
                ),
                {"edge": edge, "version": version, "at": at},
            )

    def forget(self, before: datetime) -> int:
        """Let go of what went before an instant; from there on changes are no longer whole."""
        with self._database.transaction(NATION) as connection:
            gone = connection.execute(
                text("DELETE FROM listed WHERE gone AND changed_at < :before RETURNING version"),
                {"before": before},
            ).scalars()
            versions = [int(v) for v in gone]
            if versions:
                connection.execute(
                    text("UPDATE list_head SET oldest = greatest(oldest, :v)"),
                    {"v": max(versions)},
                )
            return len(versions)


_PUT = """
INSERT INTO listed (token, kind, match, sealed, effect, code, ends_at, measure_id, area, version,
  gone)
VALUES (:token, :kind, :match, :sealed, :effect, :code, :ends_at, :measure, :area, :version, false)
ON CONFLICT (token) DO UPDATE SET effect = excluded.effect, code = excluded.code,
  ends_at = excluded.ends_at, measure_id = excluded.measure_id, area = excluded.area,
  version = excluded.version,
  gone = false, changed_at = now()
"""
_PROTECT = """
INSERT INTO listed (token, kind, match, sealed, effect, code, ends_at, protected, version, gone)
VALUES (:token, :kind, :match, :sealed, :effect, 0, 0, true, :version, false)
ON CONFLICT (token) DO UPDATE SET protected = true, version = excluded.version, gone = false,
  changed_at = now(),
  effect = CASE WHEN listed.measure_id IS NULL OR listed.gone THEN excluded.effect
    ELSE listed.effect END,
  code = CASE WHEN listed.measure_id IS NULL OR listed.gone THEN 0 ELSE listed.code END,
  ends_at = CASE WHEN listed.measure_id IS NULL OR listed.gone THEN 0 ELSE listed.ends_at END,
  measure_id = CASE WHEN listed.gone THEN NULL ELSE listed.measure_id END,
  area = CASE WHEN listed.measure_id IS NULL OR listed.gone THEN NULL ELSE listed.area END
"""

"""Who belongs to the group of scorers: rows that the living refresh, by the database's clock."""

from __future__ import annotations

from sqlalchemy import Connection, text

from fanzha.adapters.postgres.database import Database
from fanzha.lifecycles.actor import NATION
from fanzha.ports.scorer_group import Epoch

__all__ = ["PostgresMembership"]


class PostgresMembership:
    """Implements `Membership`. A member silent for `silence_s` belongs no more."""

    def __init__(self, database: Database, *, silence_s: float = 5.0) -> None:
        self._database = database
        self._silence_s = silence_s

    def beat(self, me: str) -> Epoch:
        with self._database.transaction(NATION) as connection:
            connection.execute(
                text(
                    "INSERT INTO scorer_member (name, seen_at) VALUES (:me, clock_timestamp())"
                    " ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at"
                ),
                {"me": me},
            )
            return self._in_force(connection)

    def leave(self, me: str) -> None:
        with self._database.transaction(NATION) as connection:
            connection.execute(text("DELETE FROM scorer_member WHERE name = :me"), {"me": me})
            self._in_force(connection)

    def _in_force(self, connection: Connection) -> Epoch:
        """The epoch; a new one where it does not name the living. One at a time decides that."""
        epoch, members = connection.execute(
            text("SELECT epoch, members FROM scorer_group FOR UPDATE")
        ).one()
        silent = {"silence": self._silence_s}
        connection.execute(
            text(
                "DELETE FROM scorer_member"
                " WHERE seen_at < clock_timestamp() - make_interval(secs => :silence)"
            ),
            silent,
        )
        living = set(connection.execute(text("SELECT name FROM scorer_member")).scalars())
        # Who has led goes on leading, so that a newcomer moves nobody's work.
        kept = [name for name in members if name in living]
        wanted = kept + sorted(living - set(kept))
        if wanted != list(members):
            epoch += 1
            connection.execute(
                text("UPDATE scorer_group SET epoch = :epoch, members = :members"),
                {"epoch": epoch, "members": wanted},
            )
        return Epoch(epoch, tuple(wanted))

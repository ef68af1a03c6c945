"""Who belongs to the group of scorers: rows that the living refresh, by the database's clock."""

from __future__ import annotations

from sqlalchemy import Connection, text

from fanzha.adapters.postgres.database import Database
from fanzha.lifecycles.actor import NATION
from fanzha.ports.scorer_group import Epoch

__all__ = ["PostgresMembership"]


class PostgresMembership:
    """Implements `Membership`. A member silent for `silence_s` belongs no more.

    One object is one life of a member: who comes back under its name within the silence makes a new
    epoch too, because it knows nothing of the steps that the others have come to.
    """

    def __init__(self, database: Database, *, silence_s: float = 5.0) -> None:
        self._database = database
        self._silence_s = silence_s
        self._came = False

    def beat(self, me: str) -> Epoch:
        with self._database.transaction(NATION) as connection:
            epoch, members = self._locked(connection)
            connection.execute(
                text(
                    "INSERT INTO scorer_member (name, seen_at) VALUES (:me, clock_timestamp())"
                    " ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at"
                ),
                {"me": me},
            )
            found = self._in_force(connection, epoch, members, anew=not self._came)
        self._came = True
        return found

    def leave(self, me: str) -> None:
        with self._database.transaction(NATION) as connection:
            epoch, members = self._locked(connection)
            connection.execute(text("DELETE FROM scorer_member WHERE name = :me"), {"me": me})
            self._in_force(connection, epoch, members)

    def _locked(self, connection: Connection) -> tuple[int, list[str]]:
        """The epoch as it stands. Taken before any member's row, by one at a time: two that touch
        each other's rows would wait for one another."""
        epoch, members = connection.execute(
            text("SELECT epoch, members FROM scorer_group FOR UPDATE")
        ).one()
        return epoch, members

    def _in_force(
        self, connection: Connection, epoch: int, members: list[str], *, anew: bool = False
    ) -> Epoch:
        """The epoch; a new one where it does not name the living, or one of them came `anew`."""
        connection.execute(
            text(
                "DELETE FROM scorer_member"
                " WHERE seen_at < clock_timestamp() - make_interval(secs => :silence)"
            ),
            {"silence": self._silence_s},
        )
        living = set(connection.execute(text("SELECT name FROM scorer_member")).scalars())
        # Who has led goes on leading, so that a newcomer moves nobody's work.
        kept = [name for name in members if name in living]
        wanted = kept + sorted(living - set(kept))
        if anew or wanted != members:
            epoch += 1
            connection.execute(
                text("UPDATE scorer_group SET epoch = :epoch, members = :members"),
                {"epoch": epoch, "members": wanted},
            )
        return Epoch(epoch, tuple(wanted))

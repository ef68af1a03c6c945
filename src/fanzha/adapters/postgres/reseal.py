"""Seal everything anew under the current key, in small commits, so that old keys can be retired."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import text

from fanzha.adapters.postgres.database import Database
from fanzha.errors import Unavailable
from fanzha.lifecycles.actor import NATION
from fanzha.ports.sealer import Sealer

_BATCH = 500
_POLL_S = 0.2
COLUMNS = (
    ("warning", "sealed", ("id",)),
    ("evidence", "sealed", ("warning_id", "ref")),
    ("message", "sealed_to", ("id",)),
    ("note", "sealed", ("id",)),
    ("stop_request", "sealed", ("id",)),
    ("quarantine", "sealed", ("id",)),
    ("measure", "sealed", ("id",)),
    ("appeal", "sealed", ("id",)),
    ("listed", "sealed", ("token",)),
)
"""Every sealed column: table, column, key. A test compares this with the catalogue."""


def reseal(
    database: Database, sealer: Sealer, progress: Callable[[str, int], None] = lambda t, n: None
) -> int:
    """Gives how many values were sealed anew. Safe to stop and to run again."""
    total = 0
    for table, column, key in COLUMNS:
        context = f"{table}.{column}"
        names = ", ".join(key)
        same = " AND ".join(f"{k} = :{k}" for k in key)
        while True:
            with database.transaction(NATION) as connection:
                stale = (
                    connection.execute(
                        text(
                            f"SELECT {names}, {column} AS sealed FROM {table} WHERE {column}"
                            f" IS NOT NULL AND substring({column} FROM 1 FOR :size) <> :current"
                            " LIMIT :n FOR UPDATE"
                        ),
                        {"size": len(sealer.current), "current": sealer.current, "n": _BATCH},
                    )
                    .mappings()
                    .all()
                )
                for row in stale:
                    plain = sealer.open(bytes(row["sealed"]), context)
                    connection.execute(
                        text(f"UPDATE {table} SET {column} = :anew WHERE {same}"),
                        {"anew": sealer.seal(plain, context), **{k: row[k] for k in key}},
                    )
            total += len(stale)
            progress(table, len(stale))
            if len(stale) < _BATCH:
                break
    return total


def count_stale(database: Database, sealer: Sealer) -> int:
    """How many values another key than the current one has sealed."""
    sealed_by_others = " UNION ALL ".join(
        f"SELECT count(*) AS n FROM {table} WHERE {column} IS NOT NULL"
        f" AND substring({column} FROM 1 FOR :size) <> :current"
        for table, column, _ in COLUMNS
    )
    current = sealer.current
    with database.transaction(NATION) as connection:
        return int(
            connection.execute(
                text(f"SELECT sum(n) FROM ({sealed_by_others}) AS each_table"),
                {"size": len(current), "current": current},
            ).scalar_one()
        )


def wait_for_writers(database: Database, patience_s: float = 60.0) -> None:
    """Until every transaction has ended that is writing now: its rows are seen from then on.

    Unavailable when one goes on longer than `patience_s`.
    """
    with database.transaction(NATION) as connection:
        mine = connection.execute(text("SELECT pg_current_xact_id()::text::bigint")).scalar_one()
    oldest = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    until = time.monotonic() + patience_s
    while True:
        with database.transaction(NATION) as connection:
            if connection.execute(oldest).scalar_one() > mine:
                return
        if time.monotonic() > until:
            raise Unavailable(
                "still_writing",
                zh="数据库中有一个事务迟迟没有结束，未作任何改动，请稍后重试",
                en="a transaction in the database does not end; nothing was let go of: try later",
            )
        time.sleep(_POLL_S)

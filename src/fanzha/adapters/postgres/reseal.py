"""Seal everything anew under the current key, in small commits, so that old keys can be retired."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import text

from fanzha.adapters.postgres.database import Database
from fanzha.lifecycles.actor import NATION
from fanzha.ports.sealer import Sealer

_BATCH = 500
COLUMNS = (
    ("warning", "sealed", ("id",)),
    ("evidence", "sealed", ("warning_id", "ref")),
    ("message", "sealed_to", ("id",)),
    ("note", "sealed", ("id",)),
    ("stop_request", "sealed", ("id",)),
    ("quarantine", "sealed", ("id",)),
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

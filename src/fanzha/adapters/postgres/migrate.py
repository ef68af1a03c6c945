"""Bring a database to the newest schema: numbered SQL files, each applied once, by the owner."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql

from fanzha.errors import Misconfigured

_FOLDER = Path(__file__).parent / "migrations"
OWNER = "fanzha_owner"
APPLICATION = "fanzha_app"


def migrate(url: str, *, app_password: str | None = None) -> list[str]:
    """Apply what is missing; gives the names applied. `url` is a role that may create roles.

    The schema belongs to `fanzha_owner`, which cannot sign in. The application signs in as
    `fanzha_app`, which owns nothing and does not bypass row-level security.
    """
    applied: list[str] = []
    with psycopg.connect(url, autocommit=False) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(7264)")
        _roles(connection, app_password)
        connection.execute(f"SET LOCAL ROLE {OWNER}")
        connection.execute("CREATE SCHEMA IF NOT EXISTS fanzha_meta")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS fanzha_meta.migration"
            " (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"
        )
        done = {r[0] for r in connection.execute("SELECT name FROM fanzha_meta.migration")}
        files = sorted(_FOLDER.glob("[0-9][0-9][0-9][0-9]_*.sql"))
        if unknown := done - {f.stem for f in files}:
            raise Misconfigured(
                "database_newer",
                zh=f"数据库比程序新：{sorted(unknown)}",
                en=f"the database is newer than the program: {sorted(unknown)}",
            )
        for file in files:
            if file.stem in done:
                continue
            connection.execute(file.read_text(encoding="utf-8").encode())
            connection.execute("INSERT INTO fanzha_meta.migration (name) VALUES (%s)", (file.stem,))
            applied.append(file.stem)
    return applied


def _roles(connection: psycopg.Connection, app_password: str | None) -> None:
    have = {
        r[0]
        for r in connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", ([OWNER, APPLICATION],)
        )
    }
    if OWNER not in have:
        connection.execute(f"CREATE ROLE {OWNER} NOLOGIN NOSUPERUSER NOBYPASSRLS")
    if APPLICATION not in have:
        connection.execute(f"CREATE ROLE {APPLICATION} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB")
    if app_password is not None:
        connection.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(APPLICATION), sql.Literal(app_password)
            )
        )
    database = connection.info.dbname
    connection.execute(
        sql.SQL("GRANT CREATE, CONNECT ON DATABASE {} TO {}").format(
            sql.Identifier(database), sql.Identifier(OWNER)
        )
    )
    connection.execute(f"GRANT {OWNER} TO CURRENT_USER")

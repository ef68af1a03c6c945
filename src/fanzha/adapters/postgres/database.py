"""Connections to PostgreSQL: one pool, every transaction under the scope of whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.pool import QueuePool

from fanzha.errors import Unavailable
from fanzha.lifecycles.actor import Scope

DOOR = "door:in"
"""The scope before a scope is known: sign-in and sender keys, nothing else."""

_GONE = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""A server that vanished without a word is noticed within half a minute, not in two hours."""
_TOO_MUCH = "54"
"""The class of SQLSTATE for what exceeds a limit of the program."""


class Database:
    """Hands out transactions. A transaction without a scope would see no row at all."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        statement_timeout_s: float | None = None,
        wait_s: float = 30.0,
    ) -> None:
        """`statement_timeout_s` ends what takes longer; None where work may take its time.
        `wait_s` is how long a transaction waits for a connection that is in use."""
        options = "-c search_path=fanzha"
        if statement_timeout_s is not None:
            options += f" -c statement_timeout={round(statement_timeout_s * 1000)}"
        self._engine: Engine = create_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1),
            poolclass=QueuePool,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=wait_s,
            pool_pre_ping=True,
            pool_recycle=1800,
            hide_parameters=True,  # a failed statement's message must not carry a person's data
            connect_args={"connect_timeout": 5, "options": options, **_GONE},
        )

    @contextmanager
    def transaction(self, scope: Scope | str) -> Iterator[Connection]:
        """Commit at the end, roll back on any exception; the scope ends with the transaction."""
        try:
            with self._engine.begin() as connection:
                set_scope(connection, scope)
                yield connection
        except OperationalError as error:
            if (getattr(error.orig, "sqlstate", None) or "").startswith(_TOO_MUCH):
                raise  # it answered: this value is beyond its limits, now and later
            raise _unavailable() from error
        except NoConnectionLeft as error:
            raise _unavailable() from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise _unavailable() from error
            raise

    def close(self) -> None:
        self._engine.dispose()


def set_scope(connection: Connection, scope: Scope | str) -> None:
    """For the rest of the transaction, rows outside this scope do not exist."""
    connection.execute(text("SELECT set_config('app.scope', :s, true)"), {"s": str(scope)})


def limit_statements(connection: Connection, seconds: float) -> None:
    """For the rest of the transaction, a statement that takes longer is ended: Unavailable."""
    connection.execute(
        text("SELECT set_config('statement_timeout', :ms, true)"),
        {"ms": str(round(seconds * 1000))},
    )


def _unavailable() -> Unavailable:
    return Unavailable(
        "database_unavailable",
        zh="数据库暂时没有应答，未作任何改动",
        en="the database does not answer; nothing was changed",
    )

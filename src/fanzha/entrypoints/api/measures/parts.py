"""What requests about measures and lists are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fanzha.adapters.postgres.database import Database
from fanzha.adapters.postgres.register.hits import Hits
from fanzha.adapters.postgres.register.listed import ListRows
from fanzha.adapters.postgres.register.measures import PostgresRegister
from fanzha.adapters.postgres.register.reads import RegisterReads
from fanzha.adapters.sealing.keyring import Keyring
from fanzha.entrypoints.api.measures.feed import ListServer
from fanzha.usecases.measure.propose import Register

__all__ = ["MeasureParts"]


@dataclass(frozen=True)
class MeasureParts:
    """The register's rules, its office, what is read of it, and the list as it is served."""

    register: Register
    office: PostgresRegister
    reads: RegisterReads
    rows: ListRows
    lists: ListServer
    hits: Hits
    public_key: str
    """What others check this centre's signatures with: Ed25519, base64."""

    @classmethod
    def over(
        cls, database: Database, keyring: Keyring, register: Register, now: Callable[[], datetime]
    ) -> MeasureParts:
        """Wired over a database."""
        rows = ListRows(database, keyring)
        return cls(
            register=register,
            office=PostgresRegister(database, keyring, register.units),
            reads=RegisterReads(database, keyring, register.units),
            rows=rows,
            lists=ListServer(rows, keyring.sign, register.root.code, now),
            hits=Hits(database),
            public_key=keyring.public_key,
        )

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
from fanzha.entrypoints.api.measures.files import ListFiles
from fanzha.entrypoints.api.measures.standing import NowStanding
from fanzha.entrypoints.api.measures.view import centre_name
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
    standing: NowStanding
    files: ListFiles
    token: Callable[[str, str], bytes]
    """What only this centre can make of a text, by what it is for: marks its own forms."""
    hits: Hits
    public_key: str
    """What others check this centre's signatures with: Ed25519, base64."""

    @classmethod
    def over(
        cls, database: Database, keyring: Keyring, register: Register, now: Callable[[], datetime]
    ) -> MeasureParts:
        """Wired over a database."""
        rows = ListRows(database, keyring)
        standing = NowStanding(rows)
        name = centre_name(register.root)
        title = f"{name.zh} {name.en}"
        policy = register.policy
        return cls(
            register=register,
            office=PostgresRegister(database, keyring, register.units),
            reads=RegisterReads(database, keyring, register.units),
            rows=rows,
            lists=ListServer(rows, keyring.sign, register.root.code, now),
            hits=Hits(database),
            standing=standing,
            files=ListFiles(standing, title, policy.licence, policy.files_hold, now),
            token=keyring.token,
            public_key=keyring.public_key,
        )

"""People who sign in and senders with keys: checked at the door, before any scope is known."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import Connection, text

from fanzha.adapters.postgres import place
from fanzha.adapters.postgres.database import DOOR, Database
from fanzha.errors import Refused
from fanzha.lifecycles.actor import NATION, Actor, Role, Unit

_LOGIN_TERM = timedelta(hours=12)
_FAILURES_MAX = 5
_LOCKED_FOR = timedelta(minutes=15)
_HASHES_AT_ONCE = 4
"""Each takes a processor and 64 MiB; more sign-ins at a time wait for one another."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who may sign in."""

    actor: Actor
    name: str
    demo: bool


@dataclass(frozen=True, slots=True)
class SenderKey:
    """A feeder of streams: its name becomes `source` of every row it sends."""

    source: str
    streams: frozenset[str]


class Operators:
    """Sign-in with argon2id; a login is a random token of which only the hash is stored."""

    def __init__(
        self, database: Database, units: Sequence[Unit], *, hasher: PasswordHasher | None = None
    ) -> None:
        self._database = database
        self._units: Mapping[str, Unit] = {u.code: u for u in units}
        self._hasher = hasher or PasswordHasher()
        # Verified against when the name is unknown, so that both answers take equally long.
        began = time.perf_counter()
        self._nobody = self._hasher.hash(secrets.token_hex(16))
        self._hash_s = time.perf_counter() - began
        self._hashing = threading.BoundedSemaphore(_HASHES_AT_ONCE)

    def add(
        self,
        *,
        name: str,
        display: str,
        password: str,
        roles: frozenset[Role],
        unit: Unit,
        now: datetime,
        demo: bool = False,
    ) -> UUID:
        """A new operator; the same name again keeps the first id, renews the rest and ends every
        login made with the former password.
        """
        with self._database.transaction(NATION) as connection:
            row = connection.execute(
                text(
                    "INSERT INTO operator (id, name, display, password_hash, roles, unit, demo,"
                    f" created_at, {place.COLUMNS}) VALUES (:id, :name, :display, :hash, :roles,"
                    f" :unit, :demo, :now, {place.VALUES}) ON CONFLICT (name) DO UPDATE SET"
                    " display = excluded.display, password_hash = excluded.password_hash,"
                    " roles = excluded.roles, unit = excluded.unit, demo = excluded.demo,"
                    f" ({place.COLUMNS}) = ({place.EXCLUDED}), active = true, failed_count = 0,"
                    " locked_until = NULL RETURNING id"
                ),
                {
                    "id": uuid4(),
                    "name": name,
                    "display": display,
                    "hash": self._hasher.hash(password),
                    "roles": sorted(r.value for r in roles),
                    "unit": unit.code,
                    "demo": demo,
                    "now": now,
                    **place.columns(unit),
                },
            ).one()
            self._end_logins(connection, row.id)
        found: UUID = row.id
        return found

    def sign_in(
        self, name: str, password: str, now: datetime, *, demo_allowed: bool
    ) -> tuple[str, Operator]:
        """A login token for the cookie. Five wrong passwords lock the name for a quarter hour."""
        # No connection is held while the slow hash is computed: guesses must not use them up.
        with self._database.transaction(DOOR) as connection:
            row = self._active(connection, name)
        right = self._is_right(row, password, now)
        with self._database.transaction(DOOR) as connection:
            token, refusal = self._settle(connection, row, right, now, demo_allowed=demo_allowed)
        if refusal is not None:
            raise refusal
        return token, self._operator(row)

    def _active(self, connection: Connection, name: str, lock: str = "") -> Any:
        return connection.execute(
            text(f"SELECT * FROM operator WHERE name = :name AND active {lock}"), {"name": name}
        ).one_or_none()

    def _is_right(self, row: Any, password: str, now: datetime) -> bool:
        """A locked name costs no hash, only the time of one."""
        if _is_locked(row, now):
            time.sleep(self._hash_s)
            return False
        with self._hashing:
            return self._verify(row.password_hash if row else self._nobody, password)

    def _settle(
        self, connection: Connection, seen: Any, right: bool, now: datetime, *, demo_allowed: bool
    ) -> tuple[str, Refused | None]:
        """Write what came of it. Others may have guessed, locked or renewed meanwhile: the row is
        read again under a lock, and a password counts only against the hash it was checked with."""
        row = self._active(connection, seen.name, "FOR UPDATE") if seen else None
        if row is None or row.password_hash != seen.password_hash:
            return "", _not_signed_in(False)
        if _is_locked(row, now):
            return "", _not_signed_in(True)
        if not right:
            self._count_failure(connection, row, now)
            return "", _not_signed_in(False)
        if row.demo and not demo_allowed:
            return "", Refused(
                "demo_account",
                zh="演示账号只能在本机使用",
                en="demo accounts work on this machine only",
                field="name",
            )
        token = secrets.token_urlsafe(32)
        connection.execute(
            text("DELETE FROM login WHERE operator_id = :id AND expires_at <= :now"),
            {"id": row.id, "now": now},
        )
        connection.execute(
            text("INSERT INTO login VALUES (:hash, :id, :until)"),
            {"hash": _hash(token), "id": row.id, "until": now + _LOGIN_TERM},
        )
        connection.execute(
            text("UPDATE operator SET failed_count = 0, locked_until = NULL WHERE id = :id"),
            {"id": row.id},
        )
        return token, None

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except VerifyMismatchError:
            return False

    def _count_failure(self, connection: Connection, row: Any, now: datetime) -> None:
        connection.execute(
            text(
                "UPDATE operator SET failed_count = failed_count + 1, locked_until = CASE WHEN"
                " failed_count + 1 >= :max THEN CAST(:until AS timestamptz) END WHERE id = :id"
            ),
            {"id": row.id, "max": _FAILURES_MAX, "until": now + _LOCKED_FOR},
        )

    def by_token(self, token: str, now: datetime) -> Operator | None:
        """Who holds this login, as appointed now; None when it has ended."""
        with self._database.transaction(DOOR) as connection:
            row = connection.execute(
                text(
                    "SELECT o.* FROM login l JOIN operator o ON o.id = l.operator_id"
                    " WHERE l.token_hash = :hash AND l.expires_at > :now AND o.active"
                ),
                {"hash": _hash(token), "now": now},
            ).one_or_none()
        return self._operator(row) if row else None

    def sign_out(self, token: str) -> None:
        with self._database.transaction(DOOR) as connection:
            connection.execute(
                text("DELETE FROM login WHERE token_hash = :hash"), {"hash": _hash(token)}
            )

    def colleagues(self, unit: Unit) -> list[tuple[UUID, str]]:
        """Who signs warnings in this unit."""
        with self._database.transaction(unit.scope) as connection:
            rows = connection.execute(
                text(
                    "SELECT id, display FROM operator WHERE unit = :unit AND active"
                    " AND roles && ARRAY['dissuader', 'duty_officer'] ORDER BY display"
                ),
                {"unit": unit.code},
            )
            return [(r.id, r.display) for r in rows]

    def demo_accounts(self) -> list[Operator]:
        """The demo accounts in the order they were made; empty where there are none."""
        with self._database.transaction(DOOR) as connection:
            rows = connection.execute(
                text("SELECT * FROM operator WHERE demo AND active ORDER BY created_at, name")
            )
            return [self._operator(r) for r in rows]

    # ── senders ──────────────────────────────────────────────────────────────────────────────────

    def add_sender(self, source: str, streams: frozenset[str], now: datetime) -> str:
        """A key for a feeder, shown once."""
        key = f"fz_{secrets.token_urlsafe(24)}"
        self.set_sender(source, key, streams, now)
        return key

    def set_sender(self, source: str, key: str, streams: frozenset[str], now: datetime) -> None:
        """Give a feeder this key; its former one ends."""
        with self._database.transaction(NATION) as connection:
            connection.execute(
                text(
                    "INSERT INTO sender (source, key_hash, streams, created_at)"
                    " VALUES (:source, :hash, :streams, :now) ON CONFLICT (source) DO UPDATE"
                    " SET key_hash = excluded.key_hash, streams = excluded.streams, active = true"
                ),
                {"source": source, "hash": _hash(key), "streams": sorted(streams), "now": now},
            )

    def sender(self, key: str) -> SenderKey | None:
        """The feeder with this key."""
        with self._database.transaction(DOOR) as connection:
            row = connection.execute(
                text("SELECT source, streams FROM sender WHERE key_hash = :h AND active"),
                {"h": _hash(key)},
            ).one_or_none()
        return SenderKey(row.source, frozenset(row.streams)) if row else None

    def streams_of(self, source: str) -> frozenset[str]:
        """What a feeder may send; empty when it is not known, or no longer."""
        with self._database.transaction(DOOR) as connection:
            row = connection.execute(
                text("SELECT streams FROM sender WHERE source = :s AND active"), {"s": source}
            ).one_or_none()
        return frozenset(row.streams) if row else frozenset()

    def senders(self) -> list[tuple[SenderKey, bool]]:
        """Every feeder, and whether its key is good."""
        with self._database.transaction(NATION) as connection:
            rows = connection.execute(
                text("SELECT source, streams, active FROM sender ORDER BY source")
            )
            return [(SenderKey(r.source, frozenset(r.streams)), r.active) for r in rows]

    def revoke_sender(self, source: str) -> bool:
        """Its key ends; False when there is no such feeder."""
        with self._database.transaction(NATION) as connection:
            done = connection.execute(
                text("UPDATE sender SET active = false WHERE source = :s"), {"s": source}
            )
            return done.rowcount > 0

    def listed(self) -> list[tuple[Operator, bool]]:
        """Everybody who works here, and whether they may sign in."""
        with self._database.transaction(NATION) as connection:
            rows = connection.execute(text("SELECT * FROM operator ORDER BY name")).all()
        return [(self._operator(r), r.active) for r in rows]

    def disable(self, name: str) -> bool:
        """Ends every sign-in of this name; False when there is nobody of that name."""
        with self._database.transaction(NATION) as connection:
            row = connection.execute(
                text("UPDATE operator SET active = false WHERE name = :n RETURNING id"),
                {"n": name},
            ).one_or_none()
            if row is not None:
                self._end_logins(connection, row.id)
        return row is not None

    def _end_logins(self, connection: Connection, id: UUID) -> None:
        connection.execute(text("DELETE FROM login WHERE operator_id = :id"), {"id": id})

    def anybody(self) -> bool:
        """Whether anybody may sign in yet."""
        with self._database.transaction(DOOR) as connection:
            found = connection.execute(text("SELECT count(*) FROM operator WHERE active"))
            return bool(found.scalar_one())

    def _operator(self, row: Any) -> Operator:
        unit = self._units[row.unit]
        roles = frozenset(Role(r) for r in row.roles)
        actor = Actor(str(row.id), row.display, roles, unit)
        return Operator(actor, row.name, row.demo)


def _hash(secret: str) -> bytes:
    """Random secrets of 24 bytes and more need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def _is_locked(row: Any, now: datetime) -> bool:
    return row is not None and row.locked_until is not None and row.locked_until > now


def _not_signed_in(locked: bool) -> Refused:
    if locked:
        return Refused(
            "locked",
            zh="密码多次错误，账号已锁定 15 分钟",
            en="too many wrong passwords: the name is locked for 15 minutes",
        )
    return Refused(
        "wrong_name_or_password", zh="姓名或密码不对", en="the name or the password is wrong"
    )

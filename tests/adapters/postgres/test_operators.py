"""Appointments: who is moved is seen where they now work; what ended a login ends it for good."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from fanzha.adapters.postgres.operators import Operators
from fanzha.errors import Refused
from fanzha.lifecycles.actor import NATION, Role
from tests.fixtures import BY_CODE, NOW, UNITS, Installed

OLD, NEW = BY_CODE["470103001"], BY_CODE["470102001"]
FIRST, SECOND = "the first password", "the second password"  # invented, of this database only


def appoint(installed: Installed, unit: str, password: str, *, demo: bool = False) -> None:
    installed.operators.add(
        name="zhouhang",
        display="周航",
        password=password,
        roles=frozenset({Role.DISSUADER}),
        unit=BY_CODE[unit],
        now=NOW,
        demo=demo,
    )


def test_somebody_moved_is_a_colleague_where_they_now_work(installed: Installed) -> None:
    appoint(installed, OLD.code, FIRST)
    appoint(installed, NEW.code, FIRST)
    assert [d for _, d in installed.operators.colleagues(NEW)] == ["周航"]
    assert installed.operators.colleagues(OLD) == []


def test_a_new_password_ends_what_the_old_one_opened(installed: Installed) -> None:
    appoint(installed, OLD.code, FIRST)
    token, _ = installed.operators.sign_in("zhouhang", FIRST, NOW, demo_allowed=False)
    appoint(installed, OLD.code, SECOND)
    assert installed.operators.by_token(token, NOW) is None


def test_somebody_disabled_and_appointed_again_signs_in_anew(installed: Installed) -> None:
    appoint(installed, OLD.code, FIRST)
    token, _ = installed.operators.sign_in("zhouhang", FIRST, NOW, demo_allowed=False)
    installed.operators.disable("zhouhang")
    appoint(installed, OLD.code, FIRST)
    assert installed.operators.by_token(token, NOW) is None


def test_a_demo_name_appointed_for_real_is_no_demo_account(installed: Installed) -> None:
    appoint(installed, OLD.code, FIRST, demo=True)
    appoint(installed, OLD.code, SECOND)
    _, who = installed.operators.sign_in("zhouhang", SECOND, NOW, demo_allowed=False)
    assert not who.demo
    assert installed.operators.demo_accounts() == []


def test_a_failed_statement_does_not_tell_what_it_carried(installed: Installed) -> None:
    with (
        pytest.raises(DBAPIError) as failed,
        installed.database.transaction(NATION) as connection,
    ):
        connection.execute(text("SELECT CAST(:n AS integer) / 0"), {"n": 47010319})
    assert "47010319" not in str(failed.value)


# ── the slow hash ────────────────────────────────────────────────────────────────────────────────


class Watched(PasswordHasher):
    """Says when it verifies, and does something meanwhile."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.meanwhile = meanwhile
        self.verified = self.at_once = self.most = 0
        self._lock = threading.Lock()

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
        with self._lock:
            self.verified += 1
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        try:
            self.meanwhile()
            return super().verify(hash, password)
        finally:
            with self._lock:
                self.at_once -= 1


def door(installed: Installed, meanwhile: Callable[[], object]) -> tuple[Operators, Watched]:
    hasher = Watched(meanwhile)
    return Operators(installed.database, UNITS, hasher=hasher), hasher


def code_of(operators: Operators, password: str) -> str:
    try:
        operators.sign_in("zhouhang", password, NOW, demo_allowed=False)
    except Refused as refused:
        return refused.code
    return "signed_in"


def test_no_connection_is_held_while_hashes_are_computed_four_at_once(installed: Installed) -> None:
    appoint(installed, OLD.code, FIRST)
    four = threading.Barrier(4)
    operators, hasher = door(installed, lambda: four.wait(30))
    with ThreadPoolExecutor(12) as people:  # more than the pool has connections
        found = list(people.map(lambda _: code_of(operators, FIRST), range(12)))
    assert found == ["signed_in"] * 12
    assert hasher.most == 4


def test_a_locked_name_costs_no_hash_and_stays_locked(installed: Installed) -> None:
    appoint(installed, OLD.code, FIRST)
    operators, hasher = door(installed, lambda: None)
    assert [code_of(operators, "wrong") for _ in range(5)] == ["wrong_name_or_password"] * 5
    assert [code_of(operators, p) for p in ("wrong", FIRST)] == ["locked", "locked"]
    assert hasher.verified == 5


def test_a_right_guess_that_arrives_after_the_lock_is_refused(installed: Installed) -> None:
    appoint(installed, OLD.code, FIRST)

    def others_guess() -> None:
        for _ in range(5):
            code_of(installed.operators, "wrong")

    operators, _ = door(installed, others_guess)
    assert code_of(operators, FIRST) == "locked"


@pytest.mark.parametrize("renewed", [True, False])
def test_what_changes_during_the_hash_counts(installed: Installed, renewed: bool) -> None:
    appoint(installed, OLD.code, FIRST)

    def change() -> None:
        if renewed:
            appoint(installed, OLD.code, SECOND)
        else:
            installed.operators.disable("zhouhang")

    operators, _ = door(installed, change)
    assert code_of(operators, FIRST) == "wrong_name_or_password"

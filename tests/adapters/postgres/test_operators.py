"""Appointments: who is moved is seen where they now work; what ended a login ends it for good."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from fanzha.lifecycles.actor import NATION, Role
from tests.fixtures import BY_CODE, NOW, Installed

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

"""The stream of news: it tells what is in scope, and nothing once the login has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import uuid4

import pytest

from fanzha.entrypoints.api import live
from fanzha.lifecycles.actor import Role
from fanzha.usecases.warning.issue import issue
from tests import fixtures
from tests.entrypoints.api.given import PASSWORD, Api


def told(api: Api, *, place: str, between: Callable[[], object] = lambda: None) -> list[str]:
    """What the stream of `officer` says of one new warning, after its first words."""
    now = api.centre.now()
    token, who = api.installed.operators.sign_in("officer", PASSWORD, now, demo_allowed=False)
    policies = fixtures.policies()
    with api.installed.office.work(policies.tiers.root.scope) as work:
        warning = issue(
            work, policies, person=fixtures.person(1), episode=uuid4().hex, place=place,
            case=fixtures.case(), now=now,
        )  # fmt: skip

    async def listen() -> list[str]:
        news = live._news(api.centre, who, token)
        await anext(news)
        await asyncio.to_thread(between)
        api.centre.bus._tell(warning.id)
        return [said async for said in _until_silent(news)]

    return asyncio.run(listen())


async def _until_silent(news):  # type: ignore[no-untyped-def]
    """Up to the tick that says nothing more has happened, or the end."""
    async for said in news:
        if said.startswith("event: tick"):
            return
        yield said


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_TICK_S", 0.5)
    monkeypatch.setattr(live, "_GATHER_S", 0.01)


def test_a_new_warning_is_told_to_whoever_it_concerns(api: Api) -> None:
    [said] = told(api, place="470103001")
    assert said.startswith("event: warning")


def appoint(api: Api, unit: str, password: str = PASSWORD, role: Role = Role.DISSUADER) -> None:
    api.installed.operators.add(
        name="officer", display="何珊", password=password, roles=frozenset({role}),
        unit=fixtures.unit(unit), now=fixtures.NOW,
    )  # fmt: skip


def test_who_may_not_read_warnings_is_not_told_of_them(api: Api) -> None:
    appoint(api, "470100", role=Role.ADMINISTRATOR)
    assert told(api, place="470103001") == []


@pytest.mark.parametrize("end", ["disabled", "moved", "password", "signed out"])
def test_nothing_is_told_once_the_login_has_ended(api: Api, end: str) -> None:
    def ended() -> None:
        if end == "disabled":
            api.installed.operators.disable("officer")
        elif end == "moved":
            appoint(api, "470102001")
        elif end == "password":
            appoint(api, "470100", "another password")
        else:
            with api.installed.database.transaction("door:in") as connection:
                connection.exec_driver_sql("DELETE FROM login")

    assert told(api, place="470103001", between=ended) == []

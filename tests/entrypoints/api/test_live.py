"""The stream of news: it tells what is in scope, and nothing once the login has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import uuid4

import psycopg
import pytest

from fanzha.entrypoints.api import live
from fanzha.entrypoints.api.bus import News
from fanzha.lifecycles.actor import Role
from fanzha.usecases.warning.issue import issue
from tests import fixtures
from tests.entrypoints.api.given import PASSWORD, Api


def told(
    api: Api, *, place: str, between: Callable[[], object] = lambda: None, left: str | None = None
) -> list[str]:
    """What the stream of `officer` says of one new warning, after its first words; `left` names
    the unit that has just handed it on."""
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
        api.centre.bus._tell(News(warning.id, left))
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


def test_a_station_hears_nothing_of_what_lies_elsewhere(api: Api) -> None:
    appoint(api, "470103001")
    assert told(api, place="470102001") == []
    assert told(api, place="470102001", left="470102") == []
    assert told(api, place="470102001", left="no such unit") == []


@pytest.mark.parametrize(
    ("unit", "kind"),
    [("470103001", "gone"), ("470103", "warning"), ("470103002", "warning"), ("470102001", None)],
)
def test_whoever_had_it_hears_that_it_is_gone(api: Api, unit: str, kind: str | None) -> None:
    """Gone from one station to the next: the branch has it as before, others hear nothing."""
    appoint(api, unit)
    said = told(api, place="470103002", left="470103001")
    assert [s.partition("\n")[0] for s in said] == ([f"event: {kind}"] if kind else [])


def test_handing_on_says_who_had_it(api: Api) -> None:
    """From the database to the bus: the news of a move names the unit it left."""
    appoint(api, "470103001")
    now = api.centre.now()
    policies = fixtures.policies()
    with api.installed.office.work(policies.tiers.root.scope) as work:
        warning = issue(
            work, policies, person=fixtures.person(1), episode="e1", place="470103001",
            case=fixtures.case(), now=now,
        )  # fmt: skip

    api.sign_in()
    heard: list[News] = []
    with psycopg.connect(api.installed.url, autocommit=True) as listener:
        listener.execute("LISTEN warning")
        answer = api.client.post(
            f"/v1/warnings/{warning.id}/hand_up",
            json={"expected_state": "pushed", "note": "需要分局"},
        )
        assert answer.status_code in (200, 404), answer.text
        heard += [News.of(n.payload) for n in listener.notifies(timeout=5, stop_after=1)]
    assert heard == [News(warning.id, "470103001")]


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

"""What strangers put into requests: refused in words, never an internal error."""

from __future__ import annotations

import asyncio
import base64
import time
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from fanzha.entrypoints.api.auth import Attempts
from fanzha.entrypoints.api.bus import Bus, News
from fanzha.errors import Refused
from fanzha.usecases.warning.issue import issue
from tests import fixtures
from tests.entrypoints.api.given import Api


def issued(api: Api) -> str:
    policies = fixtures.policies()
    with api.installed.office.work(policies.tiers.root.scope) as work:
        warning = issue(
            work, policies, person=fixtures.person(1), episode=uuid4().hex, place="470103001",
            case=fixtures.case(), now=api.centre.now(),
        )  # fmt: skip
    return str(warning.id)


@pytest.mark.parametrize("name", ["q", "type", "stage", "source", "place", "outcome"])
def test_a_filter_that_no_database_can_hold_is_refused(api: Api, name: str) -> None:
    api.sign_in()
    for url in ("/v1/warnings", "/v1/warnings.csv"):
        answer = api.client.get(url, params={"tab": "all", name: "a\0b"})
        assert (answer.status_code, answer.json()["code"]) == (422, "unstorable")


def test_a_name_that_no_database_can_hold_is_refused(api: Api) -> None:
    answer = api.client.post("/v1/sign-in", json={"name": "a\0b", "password": "x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unstorable")


@pytest.mark.parametrize("field", [{"agreed": ["\0"]}, {"unit": "\0"}])
def test_a_deed_that_no_database_can_hold_changes_nothing(api: Api, field: dict[str, Any]) -> None:
    id = issued(api)
    api.sign_in()
    answer = api.client.post(f"/v1/warnings/{id}/sign", json={"expected_state": "pushed", **field})
    assert (answer.status_code, answer.json()["code"]) == (422, "unstorable")
    assert api.client.get(f"/v1/warnings/{id}").json()["state"]["code"] == "pushed"


@pytest.mark.parametrize(
    "mark", ["[" * 20_000, '[1e400, "2026-01-01T00:00:00Z", "x"]', "[9, 9]", "\0", "null"]
)
def test_a_page_mark_of_ones_own_is_refused(api: Api, mark: str) -> None:
    api.sign_in()
    after = base64.urlsafe_b64encode(mark.encode()).decode()
    answer = api.client.get("/v1/warnings", params={"tab": "shift", "after": after})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


def test_a_notice_that_is_no_id_does_not_end_the_news(installed: fixtures.Installed) -> None:
    id = uuid4()

    async def hear() -> Any:
        bus = Bus(installed.url)
        listening = asyncio.create_task(bus.run())
        with bus.subscribe() as queue:
            until = time.monotonic() + 20
            while queue.empty() and time.monotonic() < until:
                for payload in ("no id", str(id)):
                    await asyncio.to_thread(notify, installed.url, payload)
                await asyncio.sleep(0.1)
            listening.cancel()
            return queue.get_nowait()

    assert asyncio.run(hear()) == News(id)


def notify(url: str, payload: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_notify('warning', %s)", (payload,))


@pytest.mark.parametrize("path", ["/%00", "/assets/%00", "/" + "a" * 5_000, "/assets/" + "b" * 400])
def test_a_path_that_no_file_can_have_is_no_page(api: Api, path: str) -> None:
    answer = api.client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_page")


def test_many_guesses_at_once_do_not_all_pass_before_the_first_has_failed() -> None:
    attempts = Attempts(most=3)
    for _ in range(3):
        attempts.check("192.0.2.9")
    with pytest.raises(Refused, match="too_many_attempts"):
        attempts.check("192.0.2.9")
    attempts.right("192.0.2.9")
    attempts.check("192.0.2.9")

"""Who gets in: demo accounts on this machine only, guesses slowed, changes from our pages only."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from fanzha.bootstrap import Parts
from fanzha.entrypoints.api.app import create_app
from fanzha.entrypoints.api.serve import run
from fanzha.entrypoints.demo import DEMO_PASSWORD
from fanzha.errors import Misconfigured
from fanzha.settings import Settings
from tests.entrypoints.api.given import HERE, PASSWORD, Api

DEMO = {"name": "chenjing", "password": DEMO_PASSWORD}
OURS = {"name": "officer", "password": PASSWORD}


def client_from(api: Api, address: str, **changed: object) -> TestClient:
    """Another client of the same centre, under other settings."""
    settings = api.centre.settings.model_copy(update=changed)
    return TestClient(create_app(replace(api.centre, settings=settings)), HERE, client=(address, 5))


def test_a_demo_account_works_on_this_machine(api: Api) -> None:
    assert api.client.post("/v1/sign-in", json=DEMO).status_code == 200
    assert "chenjing" in {a["name"] for a in api.client.get("/v1/door").json()["accounts"]}


@pytest.mark.parametrize(
    ("address", "changed", "headers"),
    [
        ("192.0.2.9", {}, {}),
        ("127.0.0.1", {"host": "0.0.0.0"}, {}),
        ("127.0.0.1", {"demo": False}, {}),
        ("127.0.0.1", {}, {"X-Forwarded-For": "192.0.2.9"}),
        ("127.0.0.1", {}, {"Forwarded": "for=192.0.2.9"}),
        ("127.0.0.1", {}, {"Host": "points-here.example:8000"}),
    ],
)
def test_a_demo_account_works_nowhere_else(
    api: Api, address: str, changed: dict[str, object], headers: dict[str, str]
) -> None:
    token = api.client.post("/v1/sign-in", json=DEMO).cookies["fanzha_login"]
    client = client_from(api, address, **changed)
    answer = client.post("/v1/sign-in", json=DEMO, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "demo_account")
    client.cookies.set("fanzha_login", token)
    assert client.get("/v1/me", headers=headers).status_code == 401, "nor does its login"
    assert client.get("/v1/door", headers=headers).json() == {"demo": False, "accounts": []}
    client.cookies.clear()
    assert client.post("/v1/sign-in", json=OURS, headers=headers).status_code == 200


def test_a_demo_is_not_served_to_others(tmp_path: Path) -> None:
    settings = Settings(demo=True, host="0.0.0.0", data=tmp_path)
    with pytest.raises(Misconfigured) as refused:
        asyncio.run(run(Parts(settings)))
    assert (refused.value.code, refused.value.field) == ("demo_not_loopback", "host")


def test_a_change_must_come_from_our_own_page(api: Api) -> None:
    api.client.post("/v1/sign-in", json=OURS)
    refused = api.client.post("/v1/warnings/next")
    assert (refused.status_code, refused.json()["code"]) == (403, "foreign_origin")
    asked = api.client.post("/v1/warnings/next", headers={"X-Fanzha": "1"})
    assert asked.json()["code"] == "nothing_waiting"


def test_five_wrong_passwords_lock_the_name(api: Api) -> None:
    wrong = OURS | {"password": "a wrong one"}
    codes = [api.client.post("/v1/sign-in", json=wrong).json()["code"] for _ in range(6)]
    assert codes == ["wrong_name_or_password"] * 5 + ["locked"]
    assert api.client.post("/v1/sign-in", json=OURS).json()["code"] == "locked"


def test_many_wrong_names_from_one_address_are_slowed_and_others_are_not(api: Api) -> None:
    for n in range(20):
        answer = api.client.post("/v1/sign-in", json={"name": f"nobody{n}", "password": "x"})
        assert answer.status_code == 401
    slowed = api.client.post("/v1/sign-in", json=OURS)
    assert (slowed.status_code, slowed.json()["code"]) == (429, "too_many_attempts")
    elsewhere = TestClient(api.client.app, client=("192.0.2.7", 5))
    assert elsewhere.post("/v1/sign-in", json=OURS).status_code == 200


def test_somebody_disabled_is_out_at_once(api: Api) -> None:
    api.sign_in()
    assert api.client.get("/v1/me").status_code == 200
    api.installed.operators.disable("officer")
    assert api.client.get("/v1/me").status_code == 401
    assert api.client.post("/v1/sign-in", json=OURS).status_code == 401


def test_signing_out_ends_the_login_itself(api: Api) -> None:
    api.sign_in()
    token = api.client.cookies["fanzha_login"]
    assert api.client.post("/v1/sign-out").status_code == 204
    api.client.cookies.set("fanzha_login", token)
    assert api.client.get("/v1/me").status_code == 401


def test_counts_are_told_to_whoever_watches(api: Api) -> None:
    text = api.client.get("/metrics").text
    for line in (
        'fanzha_events_total{stream="call"} 0.0',
        'fanzha_warnings_total{grade="critical"} 0.0',
        'fanzha_quarantined_total{stream="text"} 0.0',
    ):
        assert line in text.splitlines()
    assert "fanzha_findings_total{" in text
    health = api.client.get("/health")
    assert (health.status_code, health.json()["up"]) == (200, True)
    asyncio.run(api.log.close())
    health = api.client.get("/health")
    assert health.status_code == 503
    assert {p["name"]: p["up"] for p in health.json()["parts"]} == {
        "database": True,
        "event_log": False,
        "scorer": False,
        "worker": False,
    }


def test_a_large_body_elsewhere_is_refused(api: Api) -> None:
    answer = api.client.post("/v1/sign-in", json=OURS | {"password": "x" * (2 << 20)})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    pieces = (b"x" * (1 << 16) for _ in range(32))
    answer = api.client.post("/v1/sign-in", content=pieces)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_no_page_of_ours_runs_what_is_elsewhere(api: Api) -> None:
    for path in ("/", "/docs", "/redoc", "/platform/quarantine", "/health"):
        answer = api.client.get(path)
        assert "default-src 'self'" in answer.headers["content-security-policy"], path
        assert "cdn." not in answer.text, path

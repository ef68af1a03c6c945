"""`fanzha up` as a whole: starts, serves, mends what dies, refuses a second, leaves nothing behind.

The tests of this file share one data folder and follow one another.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import pytest

from fanzha.entrypoints.supervisor.plans import free_port
from fanzha.values import reserved
from tests.entrypoints.cli.command import Said, fanzha
from tests.entrypoints.cli.up_process import Centre

pytestmark = pytest.mark.slow
_PASSWORD = "a-long-password"
_RULE = """\
id: drained
channel: transfer_payer
when: |
  payee_new AND amount_fen >= 5000 yuan
  AND left_share > 80 %
score: 0.8
title_zh: 清空式转出
title_en: Drained
zh: 一笔转走 {amount_fen:yuan}
en: paid {amount_fen:yuan} at once
stage: transfer
"""


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    found = Centre(tmp_path_factory.mktemp("up"))
    found.start()
    yield found
    if found.process is not None and found.process.poll() is None:
        found.process.kill()
        found.process.wait()
    for process in found.left():
        with contextlib.suppress(psutil.Error):
            process.kill()


@pytest.fixture(scope="module")
def key(centre: Centre) -> str:
    said = centre.fanzha("senders", "add", "carrier-a", "--streams", "call,subject", "--nats")
    assert said.code == 0, said.err
    return re.search(r"^key +(\S+)$", said.out, re.MULTILINE).group(1)  # type: ignore[union-attr]


def calls(first: int, count: int) -> bytes:
    at = datetime.now(UTC) - timedelta(minutes=1)
    rows = [
        {
            "event_id": first + n, "at": (at + timedelta(seconds=n)).isoformat(),
            "call_id": first + n, "phase": "end", "caller": reserved.mobile(1),
            "callee": reserved.mobile(2 + n), "talk_s": 30.0,
        }
        for n in range(count)
    ]  # fmt: skip
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def post(centre: Centre, key: str, body: bytes) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(f"{centre.url}/v1/events/call", content=body, headers=headers, timeout=60)


def test_it_says_what_it_did_and_is_up(centre: Centre) -> None:
    assert "首次登录 first sign-in: admin / " in centre.words
    assert centre.url in centre.words
    for part in ("PostgreSQL", "NATS JetStream", "console and API", "worker", "scorer"):
        assert re.search(rf"[\d.]+ s  .*{part}$", centre.words, re.MULTILINE), part
    assert httpx.get(f"{centre.url}/health", timeout=30).json()["up"] is True
    password = re.search(r"admin / (\S+)", centre.words).group(1)  # type: ignore[union-attr]
    me = httpx.post(
        f"{centre.url}/v1/sign-in", json={"name": "admin", "password": password}, timeout=30
    )
    assert me.json()["roles"] == ["administrator"]


def test_events_are_scored_once(centre: Centre, key: str) -> None:
    answer = post(centre, key, calls(1, 50))
    assert (answer.status_code, answer.json()["accepted"]) == (202, 50)
    again = post(centre, key, calls(30, 40))  # 21 of them known, at other instants
    assert again.json()["accepted"] == 40
    name = 'fanzha_events_total{stream="call"}'
    centre.wait(lambda: centre.metric(name) >= 69, "the events")
    assert centre.metric(name) == 69
    assert post(centre, "fz_wrong", calls(1, 1)).status_code == 401


def test_a_second_on_the_same_folder_is_refused(centre: Centre) -> None:
    said = fanzha("up", "--data", centre.data, "--port", str(free_port()))
    assert said.code == 78
    assert "already_running" in said.err
    assert str(centre.process.pid) in said.err  # type: ignore[union-attr]
    elsewhere = fanzha("up", "--data", centre.data.parent / "other", "--port", str(centre.port))
    assert elsewhere.code == 78
    assert "port_taken" in elsewhere.err


def test_what_is_killed_is_started_again_and_catches_up(centre: Centre, key: str) -> None:
    before = centre.metric('fanzha_events_total{stream="call"}')
    scorer = centre.child("scorer")
    scorer.kill()
    assert post(centre, key, calls(1000, 10)).status_code == 202
    centre.wait(lambda: "scorer started again" in centre.words, "a new scorer")
    centre.wait(
        lambda: centre.metric('fanzha_events_total{stream="call"}') == before + 10, "the ten"
    )
    serve = centre.child("serve")
    serve.kill()
    centre.wait(lambda: "console and API started again" in centre.words, "a new console")
    centre.wait(lambda: centre.metric("fanzha_events_total") >= 0, "its answers")
    assert centre.child("serve").pid != serve.pid
    centre.family += psutil.Process(centre.process.pid).children(recursive=True)  # type: ignore[union-attr]


def test_people_senders_audit_and_keys_are_kept_by_commands(centre: Centre, key: str) -> None:
    appointed = centre.fanzha(
        "operators", "add", "chen", "--role", "dissuader", "--unit", "470103001"
    )
    password = appointed.out.split()[-1]
    me = {"name": "chen", "password": password}
    assert httpx.post(f"{centre.url}/v1/sign-in", json=me, timeout=30).status_code == 200
    assert "chen" in centre.fanzha("operators", "list").out
    assert centre.fanzha("operators", "add", "x", "--role", "king", "--unit", "86").code == 2
    assert centre.fanzha("operators", "add", "x", "--role", "auditor", "--unit", "9").code == 2
    assert centre.fanzha("operators", "disable", "nobody").code == 2
    assert centre.fanzha("operators", "disable", "chen").code == 0
    assert httpx.post(f"{centre.url}/v1/sign-in", json=me, timeout=30).status_code == 401
    assert "carrier-a" in centre.fanzha("senders", "list").out
    assert key not in centre.fanzha("senders", "list").out
    assert centre.fanzha("senders", "revoke", "carrier-a").code == 0
    assert post(centre, key, calls(1, 1)).status_code == 401
    assert centre.fanzha("audit", "sign").code == 0
    assert centre.fanzha("audit", "verify").code == 0


def test_a_rule_is_drafted_rehearsed_and_shadowed_by_commands(
    centre: Centre, tmp_path: Path
) -> None:
    def rules(*arguments: str, by: str = "an") -> Said:
        signed = ("--as", by) if by else ()
        return centre.fanzha("rules", *arguments, *signed, settings={"password": _PASSWORD})

    for name, role, unit in (
        ("an", "analyst", "470100"), ("low", "analyst", "470103001"),
    ):  # fmt: skip
        given = ("--role", role, "--unit", unit)
        settings = {"new_password": _PASSWORD}
        assert centre.fanzha("operators", "add", name, *given, settings=settings).code == 0
    file = tmp_path / "rule.yaml"
    file.write_text(_RULE, encoding="utf-8")
    assert "还没有规则" in rules("list", by="").out
    assert "not_allowed" in rules("draft", str(file), by="low").err
    assert rules("draft", str(file)).out.split() == ["drained", "v1"]
    file.write_text(rules("show", "drained", by="").out, encoding="utf-8")
    assert rules("draft", str(file)).out.split() == ["drained", "v2"]
    assert "可做：回放" in rules("shadow", "drained", "2").err
    assert rules("rehearse", "drained", "2").code == 0
    centre.wait(lambda: "done 100%" in rules("gates", "drained", "2", by="").out, "the rehearsal")
    assert "In shadow" in rules("shadow", "drained", "2").out
    assert "gates_unmet" in rules("submit", "drained", "2").err
    assert "Retired" in rules("withdraw", "drained", "1").out
    assert centre.fanzha("audit", "verify").code == 0
    assert centre.fanzha("keys", "rotate").code == 0
    assert centre.fanzha("keys", "reseal").code == 0
    retired = centre.fanzha("keys", "retire")
    assert (retired.code, "old keys let go of: 1" in retired.out) == (0, True), retired
    assert "there are no old keys" in centre.fanzha("keys", "retire").out


def test_what_it_keeps_is_for_its_owner_only(centre: Centre) -> None:
    keyring = centre.data / "keys" / "keyring.json"
    assert keyring.stat().st_mode & 0o077 == 0
    for name in ("keys", "log", "run", "snapshots", "nats"):
        assert (centre.data / name).stat().st_mode & 0o077 == 0, name


def test_interrupted_it_leaves_nothing_running(centre: Centre) -> None:
    assert centre.process is not None
    assert len(centre.left()) >= 5
    centre.process.send_signal(signal.SIGINT)
    assert centre.process.wait(120) == 0
    assert "all ended" in centre.words
    assert "killed" not in centre.words
    assert centre.left() == []


def test_started_again_it_knows_everything_and_killed_it_takes_all_with_it(
    centre: Centre,
) -> None:
    centre.start()
    assert "first sign-in" not in centre.words
    assert centre.metric('fanzha_events_total{stream="call"}') == 79
    assert centre.process is not None
    os.kill(centre.process.pid, signal.SIGKILL)
    centre.process.wait()
    centre.wait(lambda: not centre.left(), "the end of all children")

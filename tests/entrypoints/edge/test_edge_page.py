"""The warning page as a process of its own: any name of the list, from the list alone."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from fanzha.entrypoints.edge.page import app_of
from fanzha.lifecycles.measure.model import Effect as Done
from fanzha.lifecycles.measure.target import MeasureKind
from fanzha.lists import code as codes
from fanzha.lists.form import Effect, Kind, Match
from fanzha.lists.index import Standing
from fanzha.testing.lists import entry
from tests import fixtures
from tests.browser import register
from tests.browser.centre import centre_over, serve
from tests.lists.plain import entries

OUTSIDE = "https://centre.example"
NEVER = 4_000_000_000
ROWS = [
    entry(Kind.NAME, "bad.example", Effect.WARN, 31, match=Match.BELOW, ends_at=NEVER),
    entry(Kind.NAME, "doubtful.example", Effect.LABEL, 32),
    entry(Kind.NAME, "over.example", Effect.REFUSE, 33, ends_at=5),
]


@pytest.fixture
def page() -> TestClient:
    standing = Standing.build(entries(sorted(ROWS)), 3)
    return TestClient(app_of(lambda: standing, OUTSIDE, lambda: "list 3\n"), "http://10.0.0.1")


def test_a_name_of_the_list_whatever_is_asked_of_it(page: TestClient) -> None:
    for method, path in (("GET", "/"), ("POST", "/login?x=1"), ("PUT", "/a/b")):
        answer = page.request(method, path, headers={"Host": "www.bad.example:8080"})
        assert answer.status_code == 451
        assert "www.bad.example" in answer.text
        assert f"{OUTSIDE}/appeal/{codes.write(31)}?lang=zh" in answer.text
        assert "2096" in answer.text
    english = page.get("/?lang=en", headers={"Host": "bad.example"})
    assert 'lang="en"' in english.text
    assert "<script" not in english.text


@pytest.mark.parametrize("host", ["good.example", "doubtful.example", "over.example", "<b>.x", ""])
def test_what_does_not_stand_is_not_said_back(page: TestClient, host: str) -> None:
    answer = page.get("/", headers={"Host": host})
    assert answer.status_code == 404
    assert not host or host not in answer.text


def test_asked_by_the_address_of_the_machine(page: TestClient) -> None:
    assert page.get("/health").text == "list 3\n"
    assert page.get("/w/bad.example").status_code == 200
    assert page.get("/w/good.example").status_code == 404
    assert page.get("/w/%3Cscript%3E").status_code == 404


def test_without_a_list_nobody_is_accused() -> None:
    page = TestClient(app_of(lambda: None, OUTSIDE, lambda: ""), "http://10.0.0.1")
    assert page.get("/", headers={"Host": "bad.example"}).status_code == 404


def test_the_process_follows_its_centre(installed: fixtures.Installed, tmp_path: Path) -> None:
    centre = centre_over(installed)
    measure = register.standing(centre, MeasureKind.NAME, "bad.example", effect=Done.WARN, code=41)
    key = installed.operators.add_sender("page", frozenset({"lists"}), fixtures.NOW)
    ready = tmp_path / "ready"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serve(centre) as served:
        found = os.environ | {
            "FANZHA_LISTS_URL": served.url, "FANZHA_LISTS_KEY": key,
            "FANZHA_DATA": str(tmp_path), "FANZHA_PUBLIC_URL": OUTSIDE,
        }  # fmt: skip
        log = (tmp_path / "log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "fanzha.entrypoints.cli.main", "edge", "page",
             "--listen", f"127.0.0.1:{port}",
             "--ready-file", str(ready)],
            env=found, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            until(ready.exists)
            until(lambda: asked(port) == 451)
            register.does(centre, measure, "lift", note="核实无误")
            until(lambda: asked(port) == 404)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
            log.close()


def asked(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/", headers={"Host": "bad.example"})
    status = connection.getresponse().status
    connection.close()
    return status


def until(done: object, patience_s: float = 60.0) -> None:
    end = time.monotonic() + patience_s
    while not done():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.1)

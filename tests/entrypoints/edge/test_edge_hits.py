"""What an edge tells its centre: every hit once, though the centre answers late or not at all."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from fanzha.entrypoints.edge import hits as module
from fanzha.entrypoints.edge.hits import HitTeller
from fanzha.lists.form import Effect
from fanzha.lists.hits import Hits


class _Centre(ThreadingHTTPServer):
    """Counts as the centre does; loses some answers after it has counted."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[int] = []
        self.counted: Counter[int] = Counter()
        self.seen: set[tuple[str, int]] = set()
        self.asked = 0


class _Handler(BaseHTTPRequestHandler):
    server: _Centre

    def do_POST(self) -> None:
        body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked += 1
        status = self.server.answers.pop(0) if self.server.answers else 204
        if status in (204, 0) and (body["run"], body["seq"]) not in self.server.seen:
            self.server.seen.add((body["run"], body["seq"]))
            for hit in body["hits"]:
                self.server.counted[hit["code"]] += hit["hits"]
        if status == 0:
            self.connection.close()
            return
        self.send_response(status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def centre(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Centre]:
    monkeypatch.setattr(module, "_EVERY_S", 0.05)
    server = _Centre()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def hits(*rows: tuple[Effect | int, int]) -> Hits:
    return Hits(
        np.array([e for e, _ in rows], np.uint8),
        np.array([c for _, c in rows], np.uint64),
        np.zeros(len(rows), np.uint32),
    )


def test_every_hit_is_counted_once_over_a_bad_line(centre: _Centre) -> None:
    centre.answers = [503, 0, 204, 0, 503]
    with HitTeller(f"http://127.0.0.1:{centre.server_port}", "k", "sip") as teller:
        for _ in range(50):
            teller.heard(hits((Effect.REFUSE, 7), (0, 0), (Effect.LABEL, 8), (9, 0)), time.time())
            time.sleep(0.005)
        deadline = time.monotonic() + 30
        while centre.counted != {7: 50, 8: 50} and time.monotonic() < deadline:
            time.sleep(0.05)
    assert centre.counted == {7: 50, 8: 50}


def test_what_is_left_is_told_on_the_way_out(centre: _Centre) -> None:
    with HitTeller(f"http://127.0.0.1:{centre.server_port}", "k", "sms") as teller:
        teller.heard(hits((Effect.REFUSE, 3)), time.time())
    assert centre.counted == {3: 1}


def test_a_centre_that_says_no_is_not_asked_the_same_again(centre: _Centre) -> None:
    centre.answers = [403]
    with HitTeller(f"http://127.0.0.1:{centre.server_port}", "k", "sip") as teller:
        teller.heard(hits((Effect.REFUSE, 3)), time.time())
        deadline = time.monotonic() + 30
        while not centre.asked and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.2)
    assert centre.asked == 1

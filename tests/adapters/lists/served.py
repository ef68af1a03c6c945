"""A small server of lists for tests, as a centre would serve them; tests say what goes wrong."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from fanzha.adapters.lists.packing import pack, public_of, sign
from fanzha.errors import Refused, Unavailable
from fanzha.testing.lists import MemoryLists

KEY = "edge-key"
PRIVATE = bytes(range(32))
PUBLIC = public_of(PRIVATE)

Twist = Callable[[BaseHTTPRequestHandler], None]
"""Answers in place of the server."""


class ListCentre:
    """Serves `lists` at `url`; `twists` answer the next requests in their own way."""

    def __init__(self, lists: MemoryLists) -> None:
        self.lists = lists
        self.twists: list[Twist] = []
        self.made_at = 1_764_000_000
        self.url = ""

    def body(self, query: dict[str, list[str]]) -> bytes | None:
        if "since" in query:
            since, wait = int(query["since"][0]), float(query["wait"][0])
            found = self.lists.changes(since, min(wait, 30))
        else:
            found = self.lists.whole()
        return None if found is None else pack(found, made_at=self.made_at, centre="清澜")


@contextmanager
def serving(lists: MemoryLists) -> Iterator[ListCentre]:
    centre = ListCentre(lists)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if centre.twists:
                self.close_connection = True
                centre.twists.pop(0)(self)
                return
            asked = urlsplit(self.path)
            if asked.path == "/v1/lists/key":
                said = {"public_key": base64.b64encode(PUBLIC).decode()}
                give(self, 200, json.dumps(said).encode())
            elif self.headers["Authorization"] != f"Bearer {KEY}":
                give(self, 401)
            else:
                self._lists(parse_qs(asked.query))

        def _lists(self, query: dict[str, list[str]]) -> None:
            try:
                body = centre.body(query)
            except Refused as refused:
                give(self, 410 if refused.code == "too_old" else 403)
            except Unavailable:
                give(self, 503)
            else:
                if body is None:
                    give(self, 204)
                else:
                    give(self, 200, body, **{"Fanzha-Signature": sign(body, PRIVATE)})

        def log_message(self, *given: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    centre.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield centre
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def give(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    if handler.close_connection:
        handler.send_header("Connection", "close")
    if status != 204:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def drip(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then, for as long as the other side has patience."""
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(2000):
            handler.wfile.write(b".")
            time.sleep(0.02)
    except OSError:
        pass

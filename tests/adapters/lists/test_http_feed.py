"""Whatever answers in the centre's place, the edge takes nothing that the centre did not sign."""

from __future__ import annotations

import base64
import json
import socket
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from fanzha.adapters.lists.http import HttpListFeed, public_key_of
from fanzha.adapters.lists.packing import pack, public_of, sign
from fanzha.errors import FanzhaError, Misconfigured, Refused, Unavailable
from fanzha.lists.form import Kind, Lists
from fanzha.testing.lists import MemoryLists, entry
from tests.adapters.lists.served import (
    KEY,
    PRIVATE,
    PUBLIC,
    ListCentre,
    Twist,
    drip,
    give,
    serving,
)


@pytest.fixture
def centre() -> Iterator[ListCentre]:
    with serving(MemoryLists([entry(Kind.NUMBER, "95588")], version=5)) as served:
        yield served


def signed(body: bytes, key: bytes = PRIVATE) -> dict[str, str]:
    return {"Fanzha-Signature": sign(body, key)}


def body_of(centre: ListCentre, since: int | None = None, made_at: int = 0) -> bytes:
    lists = MemoryLists([entry(Kind.NUMBER, "96110")], version=since or 5)
    if since is not None:
        lists.put(entry(Kind.NUMBER, "95588"))
    found = lists.whole() if since is None else lists.changes(since, 0)
    assert found is not None
    return pack(found, made_at=made_at, centre="x")


def plain(status: int, body: bytes = b"", **headers: str) -> Twist:
    return lambda handler: give(handler, status, body, **headers)


def cut(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"half")


def nothing(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def noise(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x16\x03\x01 no HTTP at all\r\n\r\n")


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(bytes(1 << 16))
    except OSError:
        pass


FOREIGN = pack(Lists(9, MemoryLists().whole().entries), made_at=9, centre="y")
ANSWERS: list[tuple[str, Twist, type[FanzhaError]]] = [
    ("unsigned", plain(200, FOREIGN), Refused),
    ("signed by another", plain(200, FOREIGN, **signed(FOREIGN, bytes(32))), Refused),
    ("signed nonsense", plain(200, b"nonsense", **signed(b"nonsense")), Refused),
    ("empty", plain(200, b"", **signed(b"")), Refused),
    ("a page", plain(200, b"<html>", **{"Content-Type": "text/html"}), Refused),
    ("elsewhere", plain(302, b"", Location="http://127.0.0.1:1/"), Refused),
    ("not here", plain(404), Refused),
    ("not allowed", plain(403), Refused),
    ("nothing new, unasked", plain(204), Refused),
    ("unknown", plain(418), Refused),
    ("down", plain(503), Unavailable),
    ("busy", plain(429), Unavailable),
    ("cut", cut, Unavailable),
    ("hung up", nothing, Unavailable),
    ("no HTTP", noise, Unavailable),
    ("endless", endless, Refused),
    ("drip", drip, Unavailable),
]  # fmt: skip


@pytest.mark.parametrize(("name", "twist", "kind"), ANSWERS, ids=[a[0] for a in ANSWERS])
def test_hostile_and_broken_answers(
    centre: ListCentre, name: str, twist: Twist, kind: type[FanzhaError]
) -> None:
    feed = HttpListFeed(centre.url, KEY, PUBLIC, body_max=1 << 20, quiet_s=5, whole_s=0.3)
    centre.twists = [twist]
    with pytest.raises(kind):
        feed.whole()
    assert feed.whole().version == 5, "the next question is asked as if nothing had happened"
    feed.close()


def test_a_compressed_answer_is_not_opened(centre: ListCentre) -> None:
    bomb = zlib.compress(bytes(50 << 20), wbits=31)
    feed = HttpListFeed(centre.url, KEY, PUBLIC)
    centre.twists = [plain(200, bomb, **{"Content-Encoding": "gzip"})]
    with pytest.raises(Refused):
        feed.whole()
    feed.close()


def test_changes_must_be_those_that_were_asked_for(centre: ListCentre) -> None:
    feed = HttpListFeed(centre.url, KEY, PUBLIC)
    for body in (body_of(centre), body_of(centre, since=3)):
        centre.twists = [plain(200, body, **signed(body))]
        with pytest.raises(Refused):
            feed.changes(5, 0)
    part = body_of(centre, since=5)
    centre.twists = [plain(200, part, **signed(part))]
    with pytest.raises(Refused):
        feed.whole()
    centre.twists = [plain(200, part, **signed(part))]
    assert feed.changes(5, 0) is not None
    feed.close()


def test_an_old_list_is_not_brought_up_again(centre: ListCentre) -> None:
    feed = HttpListFeed(centre.url, KEY, PUBLIC)
    assert feed.whole().version == 5
    old = pack(Lists(4, MemoryLists().whole().entries), made_at=centre.made_at - 60, centre="x")
    centre.twists = [plain(200, old, **signed(old))]
    with pytest.raises(Refused) as caught:
        feed.whole()
    assert caught.value.code == "list_old"
    # A centre that was set back says so later than before.
    back = pack(Lists(4, MemoryLists().whole().entries), made_at=centre.made_at + 60, centre="x")
    centre.twists = [plain(200, back, **signed(back))]
    assert feed.whole().version == 4
    feed.close()


def test_nobody_there(centre: ListCentre) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    feed = HttpListFeed(f"http://127.0.0.1:{port}", KEY, PUBLIC)
    with pytest.raises(Unavailable):
        feed.whole()
    feed.close()


def test_the_wrong_key(centre: ListCentre) -> None:
    feed = HttpListFeed(centre.url, "other", PUBLIC)
    with pytest.raises(Refused) as caught:
        feed.whole()
    assert caught.value.code == "list_key"
    feed.close()


@pytest.mark.parametrize("url", ["", "centre", "ftp://x", "http://", "http://[", "http://a b"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(Misconfigured):
        HttpListFeed(url, KEY, PUBLIC)
    with pytest.raises(Misconfigured):
        HttpListFeed("http://127.0.0.1", KEY, b"short")


def test_the_key_of_the_centre(centre: ListCentre) -> None:
    assert public_key_of(centre.url, KEY) == PUBLIC == public_of(PRIVATE)
    said = [
        b"", b"[]", b"\xff", b"{}", b'{"public_key": 1}', b'{"public_key": "AA=="}', b"1" * 5000,
        json.dumps({"public_key": base64.b64encode(PUBLIC).decode() + "£"}).encode(),
    ]  # fmt: skip
    for body in said:
        centre.twists = [plain(200, body)]
        with pytest.raises(Refused):
            public_key_of(centre.url, KEY)


def test_two_threads_may_ask(centre: ListCentre) -> None:
    feed = HttpListFeed(centre.url, KEY, PUBLIC)
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(feed.whole().version)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [5] * 4
    feed.close()

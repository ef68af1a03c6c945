"""The local socket answers whoever keeps to its form, in order, and lets go of whoever does not."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.entrypoints.edge.client import APP, EDGE, NAME, NUMBER, SENDER, URL, Edge
from fanzha.entrypoints.edge.frames import FRAME_MAX, answered, question, read
from fanzha.entrypoints.edge.socket import listening
from fanzha.errors import Misconfigured, Refused
from fanzha.lists.form import Effect, Kind, Match
from fanzha.lists.hits import Hit, Hits
from fanzha.lists.index import Standing
from fanzha.testing.lists import MemoryLists, entry
from fanzha.values import reserved

MOBILE = reserved.mobile(7)
DIGEST = bytes(range(32))
LISTS = MemoryLists(
    [
        entry(Kind.NUMBER, MOBILE, Effect.REFUSE, 11, ends_at=4_000_000_000),
        entry(Kind.SENDER, "bank", Effect.LABEL, 12),
        entry(Kind.NAME, "bad.example", Effect.WARN, 13, match=Match.BELOW),
        entry(Kind.APP, DIGEST, Effect.ALLOW, 0),
    ]
)
STANDING = Standing.build(LISTS.whole().entries, 1)
ITEMS = [
    (NUMBER, MOBILE.removeprefix("+86").encode()),
    (NUMBER, b"95588"),
    (SENDER, b"BANK"),
    (NAME, b"a.bad.example."),
    (URL, b"https://bad.example/pay"),
    (APP, DIGEST),
    (APP, b"short"),
    (NUMBER, b"\xff\xfe"),
]
ANSWERS = [
    (3, 11, 4_000_000_000), (0, 0, 0), (1, 12, 0), (2, 13, 0), (2, 13, 0), (9, 0, 0), (0, 0, 0),
    (0, 0, 0),
]  # fmt: skip


@contextmanager
def served(
    standing: Callable[[], Standing | None] = lambda: STANDING,
    told: Callable[[Hits, float], None] | None = None,
) -> Iterator[str]:
    """A server in a thread of its own; a short path, for sockets cannot have long ones."""
    with tempfile.TemporaryDirectory(prefix="fz-") as folder:
        path = Path(folder) / "edge.sock"
        ready, done = threading.Event(), threading.Event()

        async def serve() -> None:
            async with listening(path, standing, heard=told, age_s=lambda: 3.0):
                ready.set()
                while not done.is_set():
                    await asyncio.sleep(0.01)

        # As `edge sip` runs it; the other loop is tried by the last test.
        thread = threading.Thread(target=lambda: uvloop.run(serve()))
        thread.start()
        try:
            assert ready.wait(60)
            yield str(path)
        finally:
            done.set()
            thread.join()
        assert not path.exists()


@pytest.fixture(scope="module")
def path() -> Iterator[str]:
    with served() as found:
        yield found


def test_every_kind_is_answered(path: str) -> None:
    with Edge(path, 10) as edge:
        assert edge.ask(ITEMS) == ANSWERS
        assert edge.ask([]) == []
        assert edge.ask([ITEMS[0]] * 255) == [ANSWERS[0]] * 255


def test_every_answer_is_told_once() -> None:
    told: list[int] = []
    counting = served(told=lambda hits, now: told.extend(hits.code.tolist()))
    with counting as path, Edge(path, 10) as edge:
        edge.ask(ITEMS)
        edge.ask(ITEMS[:1])
    assert told == [*(code for _, code, _ in ANSWERS), 11]


def test_the_edge_says_which_list_it_has_and_when_it_heard_its_centre(path: str) -> None:
    with Edge(path, 10) as edge:
        [(effect, version, heard), answer] = edge.ask([(EDGE, b""), ITEMS[0]])
    assert (effect, version, answer) == (0, 1, ANSWERS[0])
    assert 0 <= time.time() - heard - 3 < 60


def test_the_client_and_the_frames_are_one_form() -> None:
    asking = read(question(ITEMS) + question([]) + b"\0\0", 9)
    assert (asking.counts, asking.taken) == ([len(ITEMS), 0], len(question(ITEMS)) + 6)
    hits = STANDING.written(asking.questions, 0)
    assert hits[0] == Hit(Effect.REFUSE, 11, 4_000_000_000)
    body = answered(hits, [len(ITEMS)])
    assert list(struct.iter_unpack("!BQI", body[6:])) == ANSWERS


def test_many_frames_before_an_answer_are_answered_in_order(path: str) -> None:
    frames = [question([ITEMS[n % 3]] * (n % 5)) for n in range(3000)]
    expected = b"".join(
        struct.pack("!IBB", 2 + 13 * (n % 5), 1, n % 5)
        + struct.pack("!BQI", *ANSWERS[n % 3]) * (n % 5)
        for n in range(3000)
    )
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(path)
        sender = threading.Thread(
            target=lambda: (client.sendall(b"".join(frames)), client.shutdown(socket.SHUT_WR))
        )
        sender.start()
        found = b""
        while piece := client.recv(1 << 16):
            found += piece
        sender.join()
    assert found == expected


def test_a_frame_may_come_byte_by_byte(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(path)
        for byte in question([ITEMS[0]]):
            client.sendall(bytes([byte]))
        assert client.recv(100) == struct.pack("!IBB", 15, 1, 1) + struct.pack("!BQI", *ANSWERS[0])


def test_many_clients(path: str) -> None:
    wrong: list[object] = []

    def ask() -> None:
        with Edge(path, 30) as edge:
            for _ in range(30):
                if edge.ask(ITEMS) != ANSWERS:
                    wrong.append(1)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_who_does_not_read_is_not_read_and_nobody_else_waits(path: str) -> None:
    frame = question([ITEMS[0]] * 255)
    with socket.socket(socket.AF_UNIX) as deaf, Edge(path, 30) as edge:
        deaf.settimeout(0.5)
        deaf.connect(path)
        sent = 0
        with suppress(TimeoutError):
            while sent < 64 << 20:
                sent += deaf.send(frame)
        assert sent < 16 << 20
        assert edge.ask(ITEMS) == ANSWERS


BAD = [
    b"\0\0\0\0", b"\0\0\0\1\1", b"\xff\xff\xff\xff\1\0", struct.pack("!IBB", FRAME_MAX + 1, 1, 0),
    b"\0\0\0\2\2\0", b"\0\0\0\2\1\1", b"\0\0\0\3\1\0x", b"\0\0\0\5\1\1\6\0\0",
    b"\0\0\0\5\1\1\1\0\1", b"GET / HTTP/1.1\r\n\r\n",
]  # fmt: skip


@pytest.mark.parametrize("frame", BAD)
def test_a_bad_frame_closes_the_connection_and_no_other(path: str, frame: bytes) -> None:
    with Edge(path, 10) as edge, socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(path)
        client.sendall(frame)
        with suppress(ConnectionResetError):
            assert client.recv(10) == b""
        assert edge.ask(ITEMS) == ANSWERS


@given(st.binary(max_size=200))
def test_any_bytes_are_frames_or_refused(data: bytes) -> None:
    kept_to_the_form(data)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 5), st.binary(max_size=30)), max_size=5), st.data())
def test_damaged_frames_are_read_or_refused(
    items: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    frame = bytearray(question(items) * 2)
    for _ in range(data.draw(st.integers(0, 3))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    kept_to_the_form(bytes(frame))


def kept_to_the_form(data: bytes) -> None:
    """What is read is what a reader written plainly finds; what it refuses is refused."""
    try:
        asking = read(data, 8)
    except Refused:
        assert plainly(data) is None
        return
    found = plainly(data)
    assert found is not None
    questions = asking.questions
    said = [(int(questions.kinds[n]), questions.value(n)) for n in range(len(questions))]
    assert (said, asking.counts, asking.taken) == found
    STANDING.written(questions, 0)


def plainly(data: bytes) -> tuple[list[tuple[int, bytes]], list[int], int] | None:
    said: list[tuple[int, bytes]] = []
    counts: list[int] = []
    at = 0
    while len(counts) < 8 and len(data) - at >= 4:
        length = int.from_bytes(data[at : at + 4], "big")
        if not 2 <= length <= FRAME_MAX:
            return None
        frame = data[at + 4 : at + 4 + length]
        if len(frame) < length:
            break
        version, count, rest = frame[0], frame[1], frame[2:]
        for _ in range(count):
            size = int.from_bytes(rest[1:3], "big")
            if len(rest) < 3 + size or rest[0] not in range(6):
                return None
            said.append((rest[0], rest[3 : 3 + size]))
            rest = rest[3 + size :]
        if version != 1 or rest:
            return None
        counts.append(count)
        at += 4 + length
    return said, counts, at


def test_without_a_list_everything_passes() -> None:
    with served(lambda: None) as path, Edge(path, 10) as edge:
        assert edge.ask(ITEMS) == [(0, 0, 0)] * len(ITEMS)


def test_the_socket_is_its_owners_and_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="fz-") as folder:
        place = Path(folder) / "edge.sock"
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(place))

        async def serve(where: Path) -> None:
            async with listening(where, lambda: STANDING):
                assert stat.S_IMODE(os.stat(where).st_mode) == 0o600
                with pytest.raises(Misconfigured):
                    async with listening(where, lambda: STANDING):
                        pass
                assert where.exists()

        asyncio.run(serve(place))
        place.write_text("something of somebody's")
        for where in (place, Path(folder) / ("x" * 200)):
            with pytest.raises(Misconfigured):
                asyncio.run(serve(where))
        assert place.read_text() == "something of somebody's"

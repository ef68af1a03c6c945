"""The primary on the network: peers that are slow, lie, cut off or never answer."""

from __future__ import annotations

import contextlib
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest

from tests.adapters.dns.names_edge import Edge, changes, edge, row, whole
from tests.adapters.dns.resolvers import until

ZONE = "refuse.rpz.fanzha"
QUICK = {
    "rest_s": 0.5, "stall_s": 1.0, "idle_s": 3.0, "connections_each": 5, "buffer": 1 << 12,
}  # fmt: skip


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Edge]:
    with edge(tmp_path, ["127.0.0.1"], primary=QUICK) as started:
        started.feed(whole(row(f"{'x' * 60}.{'y' * 60}.n{k}.example") for k in range(30_000)))
        until(lambda: serial(started) is not None, "the zone is not served")
        yield started


def serial(running: Edge) -> int | None:
    response = dns.query.tcp(question("SOA"), "127.0.0.1", timeout=10, port=running.port)
    return int(response.answer[0][0].serial) if response.answer else None


def question(kind: str) -> dns.message.Message:
    return dns.message.make_query(ZONE, kind)


def framed(message: dns.message.Message) -> bytes:
    data = message.to_wire()
    return len(data).to_bytes(2, "big") + data


@contextlib.contextmanager
def connected(running: Edge, receive_buffer: int | None = None) -> Iterator[socket.socket]:
    with socket.socket() as found:
        if receive_buffer is not None:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        found.settimeout(15)
        found.connect(("127.0.0.1", running.port))
        yield found


def is_cut(found: socket.socket) -> bool:
    """Whether the other side ends it."""
    try:
        while found.recv(65_536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def read(found: socket.socket) -> dns.message.Message:
    data = b""
    while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
        data += found.recv(1)
    return dns.message.from_wire(data[2:])


def test_questions_in_one_go_are_answered_in_order(running: Edge) -> None:
    asked = [question(kind) for kind in ("SOA", "A", "SOA", "TXT")]
    with connected(running) as found:
        found.sendall(b"".join(map(framed, asked)))
        got = [read(found) for _ in asked]
    assert [m.id for m in got] == [m.id for m in asked]
    assert [m.rcode() for m in got] == [0, dns.rcode.REFUSED, 0, dns.rcode.REFUSED]


def test_a_question_may_come_byte_by_byte(running: Edge) -> None:
    with connected(running) as found:
        for byte in framed(question("SOA")):
            found.sendall(bytes((byte,)))
        assert read(found).answer


@pytest.mark.parametrize("part", [b"\0", b"\0\x30", b"\0\x30" + b"x" * 20, b"\xff\xff" + b"x" * 99])
def test_half_a_question_is_not_waited_for(running: Edge, part: bytes) -> None:
    with connected(running) as found:
        found.sendall(part)
        assert is_cut(found)
    assert serial(running) is not None


def test_who_does_not_read_is_cut_off_and_hinders_nobody(running: Edge) -> None:
    with connected(running, 4_096) as slow:
        slow.sendall(framed(question("AXFR")))
        time.sleep(0.2)
        before = serial(running)
        running.feed(changes(gone=[row(f"{'x' * 60}.{'y' * 60}.n1.example")]))
        until(lambda: serial(running) != before, "the change is not served")
        time.sleep(2.5)  # longer than it may stall
        assert is_cut(slow)


def test_who_goes_in_the_middle_of_a_transfer_costs_nothing(running: Edge) -> None:
    for _ in range(8):  # more than one address may hold open
        with connected(running, 4_096) as gone:
            gone.sendall(framed(question("AXFR")))
            gone.recv(100)
    until(lambda: serial(running) is not None)


def test_connections_of_one_address_are_counted(running: Edge) -> None:
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(connected(running)) for _ in range(5)]
        for one in held:
            one.sendall(framed(question("SOA")))
            assert read(one).answer
        more = stack.enter_context(connected(running))
        more.settimeout(2)
        assert is_cut(more)
    until(lambda: serial(running) is not None)


def test_rubbish_ends_a_connection_and_nothing_else(running: Edge) -> None:
    chance = random.Random(3)
    for size in (0, 1, 11, 12, 13, 40, 512, 5_000):
        with connected(running) as found:
            found.sendall(size.to_bytes(2, "big") + chance.randbytes(size))
            found.shutdown(socket.SHUT_WR)
            assert is_cut(found)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.sendto(chance.randbytes(size), ("127.0.0.1", running.port))
    assert serial(running) is not None


def test_a_stranger_is_refused_on_both_roads_and_shown_out(tmp_path: Path) -> None:
    with edge(tmp_path, ["192.0.2.53"], primary=QUICK) as running:
        running.feed(whole([row("a.example")]))
        with connected(running) as found:
            found.sendall(framed(question("AXFR")))
            assert read(found).rcode() == dns.rcode.REFUSED
            assert is_cut(found)
        told = dns.query.udp(question("SOA"), "127.0.0.1", timeout=3, port=running.port)
        assert told.rcode() == dns.rcode.REFUSED
        assert not told.question


def test_before_the_first_list_there_is_nothing_to_fetch(tmp_path: Path) -> None:
    with edge(tmp_path) as running:
        response = dns.query.tcp(question("AXFR"), "127.0.0.1", timeout=5, port=running.port)
        assert response.rcode() == dns.rcode.SERVFAIL


def test_notify_is_repeated_until_it_is_answered(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(0.2)
        with edge(tmp_path, [f"127.0.0.1@{peer.getsockname()[1]}"]) as running:
            running.feed(whole([row("a.example")]))
            heard: list[dns.message.Message] = []

            def listen(seconds: float, answer: bool) -> None:
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    with contextlib.suppress(TimeoutError):
                        data, source = peer.recvfrom(4_096)
                        heard.append(dns.message.from_wire(data))
                        if answer:
                            made = dns.message.make_response(heard[-1]).to_wire()
                            peer.sendto(made, source)

            listen(1.5, answer=False)
            ids = [m.id for m in heard if m.question[0].name.to_text() == f"{ZONE}."]
            assert len(ids) > 1
            assert len(set(ids)) == 1
            assert all(m.answer and m.answer[0][0].serial for m in heard)
            listen(3.5, answer=True)
            heard.clear()
            listen(2.5, answer=True)
            assert heard == []  # all are answered
            running.feed(changes([row("b.example")]))
            listen(1.0, answer=True)
            assert {m.question[0].name.to_text() for m in heard} == {"refuse-urgent.rpz.fanzha."}


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with edge(tmp_path) as first:
        second = edge(tmp_path / "other", port=first.port)
        with pytest.raises(OSError, match="in use"):
            second.__enter__()

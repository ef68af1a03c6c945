"""Broken and odd SIP sent to a real Kamailio with our hook: it lives, the odd is understood."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fanzha.lists.form import Effect
from fanzha.testing.kamailio import Kamailio, free_port
from fanzha.values import reserved
from tests.adapters.sip.stub_edge import StubEdge
from tests.adapters.sip.torture import messages, valid_but_odd

pytestmark = pytest.mark.peers
BAD = reserved.mobile(1)


@pytest.fixture
def kamailio(tmp_path: Path) -> Iterator[Kamailio]:
    """Its next hop is a port where nobody is: what passes ends there."""
    with (
        StubEdge(tmp_path / "edge.sock", {BAD: (Effect.REFUSE, 7)}) as edge,
        Kamailio(
            tmp_path / "kamailio", free_port(), {"socket": str(edge.path), "time_limit_ms": "5000"}
        ) as found,
    ):
        yield found


@pytest.fixture
def line(kamailio: Kamailio) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind(("127.0.0.1", 0))
        link.connect(("127.0.0.1", kamailio.port))
        link.settimeout(2)
        yield link


def _here(line: socket.socket) -> str:
    return f"127.0.0.1:{line.getsockname()[1]}"


def _lives(kamailio: Kamailio) -> None:
    """Every worker: OPTIONS go to whichever is free."""
    assert all(kamailio.answers(2) for _ in range(12))
    assert kamailio.alive
    assert "exited by a signal" not in kamailio.log


def test_broken_messages_end_no_worker(kamailio: Kamailio, line: socket.socket) -> None:
    broken = messages(_here(line), BAD)
    for message in broken.values():
        line.send(message[:65_000])
    _lives(kamailio)
    for message in broken.values():
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", kamailio.port), 2) as link,
        ):
            link.sendall(message)
    _lives(kamailio)
    assert "fault:" not in kamailio.log


def test_random_damage_ends_no_worker(kamailio: Kamailio, line: socket.socket) -> None:
    chance = random.Random(4475)
    whole = [*messages(_here(line), BAD).values(), *valid_but_odd(_here(line), BAD).values()]
    for n in range(1500):
        text = bytearray(chance.choice(whole)[:3000])
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(len(text) + 1)
            text[at : at + chance.randint(0, 4)] = chance.randbytes(chance.randint(0, 4))
        line.send(bytes(text))
        if n % 300 == 299:
            _lives(kamailio)
    assert "fault:" not in kamailio.log


@pytest.mark.parametrize("name", valid_but_odd("h:1", BAD))
def test_odd_ways_to_write_a_call_are_understood(line: socket.socket, name: str) -> None:
    line.send(valid_but_odd(_here(line), BAD)[name])
    assert line.recv(9000).startswith(b"SIP/2.0 608 Rejected")

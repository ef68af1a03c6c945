"""What a switch gets, byte for byte: an innocent call as it came, a doubtful one with its mark."""

from __future__ import annotations

import socket
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from fanzha.lists import code
from fanzha.lists.form import Effect
from fanzha.testing.kamailio import Kamailio
from fanzha.values import reserved
from tests.adapters.sip.stub_edge import StubEdge

pytestmark = pytest.mark.peers
BAD, DOUBTFUL, GOOD = map(reserved.mobile, (1, 2, 3))
ENTRIES: dict[str, tuple[int, int]] = {
    BAD: (Effect.REFUSE, 7),
    DOUBTFUL: (Effect.LABEL, 8),
    reserved.service(1): (Effect.ALLOW, 0),
}
OURS = ("Via: ", "Record-Route: ", "Max-Forwards: ")
"""Fields that any proxy writes."""


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[StubEdge]:
    with StubEdge(tmp_path / "edge.sock", ENTRIES) as found:
        yield found


@pytest.fixture
def switch() -> Iterator[socket.socket]:
    with _line() as found:
        yield found


@pytest.fixture
def caller() -> Iterator[socket.socket]:
    with _line() as found:
        yield found


def _line() -> socket.socket:
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.bind(("127.0.0.1", 0))
    link.settimeout(5)
    return link


def _invite(caller: socket.socket, sender: str, *more: str) -> bytes:
    host = f"127.0.0.1:{caller.getsockname()[1]}"
    lines = [
        "INVITE sip:10010@y.example;user=phone SIP/2.0",
        f"Via: SIP/2.0/UDP {host};branch=z9hG4bKx{sender}{len(more)}",
        "Max-Forwards: 70",
        f'From: "J. \\"R\\"" <sip:{sender}@x.example;user=phone>;tag=1;x=y',
        "To: <sip:10010@y.example>",
        f"Call-ID: {sender}{len(more)}@x",
        "CSeq: 1 INVITE",
        "X-Odd:   kept  as it is",
        *more,
        f"Contact: <sip:c@{host}>",
        "Content-Type: application/sdp",
        "Content-Length: 5",
    ]
    return "\r\n".join([*lines, "", "v=0\r\n"]).encode()


def _through(kamailio: Kamailio, caller: socket.socket, switch: socket.socket, sent: bytes) -> str:
    caller.sendto(sent, ("127.0.0.1", kamailio.port))
    return switch.recv(65_000).decode()


def _rest(text: str) -> list[str]:
    return [line for line in text.split("\r\n") if not line.startswith(OURS)]


@pytest.fixture
def kamailio(tmp_path: Path, edge: StubEdge, switch: socket.socket) -> Iterator[Kamailio]:
    settings = {"socket": str(edge.path), "time_limit_ms": "5000"}
    with Kamailio(tmp_path / "kamailio", switch.getsockname()[1], settings) as found:
        yield found


def test_an_innocent_call_is_as_it_was(
    kamailio: Kamailio, caller: socket.socket, switch: socket.socket
) -> None:
    more = (
        'P-Asserted-Identity: "x" <tel:+86-154-0000-0003>',
        "Call-Info: <https://x>;purpose=icon",
    )
    for sender, fields in ((GOOD, more), (reserved.service(1), ()), ("anonymous", ())):
        sent = _invite(caller, sender, *fields)
        assert _rest(_through(kamailio, caller, switch, sent)) == _rest(sent.decode())


def test_a_mark_changes_names_and_adds_one_field(
    kamailio: Kamailio, caller: socket.socket, switch: socket.socket
) -> None:
    asserted = f'P-Asserted-Identity: "Bank" <sip:{DOUBTFUL}@z.example>, <tel:{DOUBTFUL}>'
    sent = _invite(caller, GOOD, asserted)
    got = _through(kamailio, caller, switch, sent)
    before, after = _rest(sent.decode()), _rest(got)
    mark = '"疑似诈骗 Suspected fraud"'
    assert [line for line in before if line not in after] == [before[1], asserted]
    assert [line for line in after if line not in before] == [
        f"From: {mark} <sip:{GOOD}@x.example;user=phone>;tag=1;x=y",
        f"P-Asserted-Identity: {mark} <sip:{DOUBTFUL}@z.example>",
        f"P-Asserted-Identity: {mark} <tel:{DOUBTFUL}>",
        f"Call-Info: <https://fanzha.example/v1/jcards/{code.write(8)}>;purpose=info;"
        f"call-reason={mark}",
    ]


def test_marks_are_written_where_the_carrier_wants_them(
    tmp_path: Path, edge: StubEdge, caller: socket.socket, switch: socket.socket
) -> None:
    settings = {
        "socket": str(edge.path),
        "time_limit_ms": "5000",
        "mark_in": "call-info",
        "mark": "Doubtful",
    }
    with Kamailio(tmp_path / "k", switch.getsockname()[1], settings) as kamailio:
        sent = _invite(caller, DOUBTFUL, f"P-Asserted-Identity: <tel:{DOUBTFUL}>")
        got = _through(kamailio, caller, switch, sent)
    added = [line for line in _rest(got) if line not in _rest(sent.decode())]
    assert len(added) == 1
    assert added[0].endswith(';call-reason="Doubtful"')


@pytest.mark.parametrize("name", ["Identity", "identity", "y"])
def test_whom_a_passport_speaks_for_is_asked_about(
    kamailio: Kamailio, caller: socket.socket, name: str
) -> None:
    payload = urlsafe_b64encode(f'{{"orig":{{"tn":"{BAD[1:]}"}}}}'.encode()).decode().rstrip("=")
    field = f"{name}: e30.{payload}.c2ln;info=<https://x.example/c>;alg=ES256;ppt=shaken"
    caller.sendto(_invite(caller, GOOD, field), ("127.0.0.1", kamailio.port))
    assert caller.recv(9000).startswith(b"SIP/2.0 608")


def test_withheld_and_lettered_callers_pass_unless_the_network_knows_them(
    kamailio: Kamailio, caller: socket.socket, switch: socket.socket
) -> None:
    for sender in ("anonymous", "alice", "00"):
        assert _through(kamailio, caller, switch, _invite(caller, sender))
    asserted = f"P-Asserted-Identity: <sip:{BAD}@z.example;user=phone>"
    caller.sendto(
        _invite(caller, "anonymous", asserted, "Privacy: id"), ("127.0.0.1", kamailio.port)
    )
    answers = iter(lambda: caller.recv(9000), b"")
    assert any(answer.startswith(b"SIP/2.0 608") for answer in answers)


def test_who_is_not_believed_protects_nobody(
    tmp_path: Path, edge: StubEdge, caller: socket.socket, switch: socket.socket
) -> None:
    bank = f"P-Asserted-Identity: <tel:{reserved.service(1)}>"
    settings = {"socket": str(edge.path), "time_limit_ms": "5000", "believed": "198.18.0.9"}
    with Kamailio(tmp_path / "k", switch.getsockname()[1], settings) as kamailio:
        caller.sendto(_invite(caller, BAD, bank), ("127.0.0.1", kamailio.port))
        assert caller.recv(9000).startswith(b"SIP/2.0 608")
    with Kamailio(
        tmp_path / "b", switch.getsockname()[1], settings | {"believed": "127.0.0.1"}
    ) as kamailio:
        assert _through(kamailio, caller, switch, _invite(caller, BAD, bank))


def test_a_redirecting_one_tells_switches_to_go_on_or_to_refuse(
    tmp_path: Path, edge: StubEdge, caller: socket.socket
) -> None:
    def asked(sender: str) -> str:
        caller.sendto(_invite(caller, sender), ("127.0.0.1", kamailio.port))
        return caller.recv(9000).decode()

    settings = {"socket": str(edge.path), "time_limit_ms": "5000", "mark_in": "reply"}
    with Kamailio(tmp_path / "k", 9, settings, defined=["REDIRECT"]) as kamailio:
        passed, marked, refused = map(asked, (GOOD, DOUBTFUL, BAD))
    assert passed.startswith("SIP/2.0 302")
    assert "Contact: <sip:10010@y.example;user=phone>" in passed
    assert "Call-Info" not in passed
    assert marked.startswith("SIP/2.0 302")
    assert f"{code.write(8)}>;purpose=info" in marked
    assert refused.startswith("SIP/2.0 608 Rejected")
    assert f"Call-Info: <https://fanzha.example/v1/jcards/{code.write(7)}>" in refused


def test_hops_are_counted_and_what_loops_ends(
    tmp_path: Path, edge: StubEdge, caller: socket.socket
) -> None:
    """A Kamailio whose next hop is itself."""

    looped = Kamailio(tmp_path / "k", 0, {"socket": str(edge.path), "time_limit_ms": "5000"})
    looped._next_hop = looped.port
    with looped:
        sent = _invite(caller, GOOD)
        caller.sendto(sent, ("127.0.0.1", looped.port))
        answers = [caller.recv(9000).decode() for _ in range(2)]
        assert answers[0].startswith("SIP/2.0 100")
        assert answers[1].startswith(("SIP/2.0 483", "SIP/2.0 482"))
        assert len(edge.asked) <= 25
        assert looped.answers(3)

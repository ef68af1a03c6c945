"""Cards of our own lines: on the wire through a real Kamailio, verified, imitated."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from fanzha.adapters.sip import message
from fanzha.adapters.sip.card_socket import CardSocket
from fanzha.adapters.sip.desk import CardDesk, Imitation, Reports
from fanzha.adapters.sip.lines import Line, Lines, call_info, load
from fanzha.adapters.sip.passport import CallerCard
from fanzha.entrypoints.cli.card import card as command
from fanzha.errors import Misconfigured, Refused
from fanzha.testing.kamailio import Kamailio
from fanzha.testing.sipp import CALLED, MARKED, PASSED, Call, Sipp
from fanzha.values import reserved
from tests.adapters.sip.stub_edge import StubEdge

ROOT = Path(__file__).parents[3]
HOTLINE, FIXED = reserved.service(96), reserved.fixed(1)
CARD = CallerCard("清澜市反诈中心", "反诈劝阻提醒", "https://fanzha.example/logo.png", "")
X5U = "https://fanzha.example/v1/certificates/calls.pem"
NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """root.pem, calls.pem, calls.key, as the command makes them."""
    made = tmp_path_factory.mktemp("authority") / "a"
    asked = ["authority", str(made), "--number", HOTLINE, "--number", FIXED]
    assert CliRunner().invoke(command, asked).exit_code == 0
    assert (made / "calls.key").stat().st_mode & 0o077 == 0
    return made


@pytest.fixture(scope="module")
def lines(folder: Path) -> Lines:
    key = load_pem_private_key((folder / "calls.key").read_bytes(), None)
    return Lines([Line((HOTLINE, FIXED), CARD)], key, X5U)  # type: ignore[arg-type]


def test_only_our_lines_have_a_card(lines: Lines) -> None:
    assert lines.present(HOTLINE, "15400000001", NOW)
    assert lines.present("036260000001", reserved.mobile(1), NOW)
    assert lines.present(reserved.mobile(2), reserved.mobile(1), NOW) is None
    assert lines.present(HOTLINE, "nobody", NOW) is None


@pytest.mark.parametrize(
    "presented", [HOTLINE, f"+86{HOTLINE}", f"00{HOTLINE}", f"+{HOTLINE}", f"+001{HOTLINE}",
                  f"19{HOTLINE}", "036260000001", "+86 362 6000 0001", f"+1{FIXED[1:]}"]
)  # fmt: skip
def test_our_numbers_and_what_is_dressed_up_as_them_are_known(lines: Lines, presented: str) -> None:
    assert lines.imitated_by(presented) in (HOTLINE, FIXED)


@given(
    st.one_of(
        st.integers(0, 10**8 - 1).map(reserved.mobile),
        st.integers(0, 3199).map(reserved.overseas),
        st.integers(2, 10**6 - 1).map(reserved.fixed),
        st.integers(0, 10**6 - 1).map(reserved.toll_free),
    )
)
def test_other_peoples_numbers_are_not_taken_for_ours(number: str) -> None:
    lines = Lines([Line((HOTLINE, FIXED), CARD)], generate_private_key(SECP256R1()), X5U)
    assert lines.imitated_by(number) is None


def test_the_shipped_cards_are_read_and_wrong_ones_refused(tmp_path: Path) -> None:
    shipped = (ROOT / "policies" / "wires" / "cards.yaml").read_text(encoding="utf-8")
    assert load(ROOT / "policies" / "wires" / "cards.yaml")
    for before, after in (("reason:", "why:"), ("95496", "12"), ("A warning", 'A \\"warning'),
                          ("Qinglan", "Qing<lan"), ("反诈劝阻提醒", "长" * 70)):  # fmt: skip
        assert before in shipped
        (tmp_path / "cards.yaml").write_text(shipped.replace(before, after), encoding="utf-8")
        with pytest.raises((Misconfigured, Refused)):
            load(tmp_path / "cards.yaml")


def test_reports_do_not_grow_for_ever(tmp_path: Path, lines: Lines) -> None:
    reports = Reports(tmp_path / "x" / "imitations.ndjson", most_bytes=2000)
    desk = CardDesk(lines, reports)
    for _ in range(100):
        assert desk({"imitated": {"claims": ["x", f"+{HOTLINE}"], "from": "198.18.0.1"}})
    assert reports.count == 100
    assert sum(path.stat().st_size for path in (tmp_path / "x").iterdir()) < 5000


@given(st.recursive(st.none() | st.text(max_size=9) | st.just("card") | st.just("imitated"),
                    lambda x: st.lists(x, max_size=3) | st.dictionaries(
                        st.sampled_from(["card", "imitated", "orig", "dest", "claims", "from"]), x),
                    max_leaves=9))  # fmt: skip
def test_any_question_gets_an_answer(asked: object) -> None:
    lines = Lines([Line((HOTLINE,), CARD)], generate_private_key(SECP256R1()), X5U)
    if isinstance(asked, dict):
        assert isinstance(CardDesk(lines, lambda found: None)(asked), dict)


@contextmanager
def answering(path: Path, desk: CardDesk) -> Iterator[None]:
    """The socket in a thread of its own."""
    up, over = threading.Event(), threading.Event()

    async def serve() -> None:
        async with CardSocket(path, desk):
            up.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert up.wait(10)
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_the_socket_lives_through_nonsense(tmp_path: Path, lines: Lines) -> None:
    def ask(*pieces: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(5)
            link.connect(str(tmp_path / "cards.sock"))
            for piece in pieces:
                link.sendall(piece)
            link.shutdown(socket.SHUT_WR)
            return link.recv(9000)

    with answering(tmp_path / "cards.sock", CardDesk(lines, lambda found: None)):
        for odd in (b"", b"\n", b"[]\n", b"{", b"x" * 20_000, b"[" * 7000 + b"\n", b"\xff\n"):
            assert ask(odd) == b""
        assert ask(b'{"x": 1}\n') == b"{}\n"
        question = json.dumps({"card": {"orig": HOTLINE, "dest": "15400000001"}}).encode()
        assert "identity" in json.loads(ask(question[:9], question[9:] + b"\n"))


@pytest.mark.peers
def test_a_call_of_ours_carries_its_card_and_an_imitation_is_told(
    tmp_path: Path, lines: Lines, folder: Path
) -> None:
    told: list[Imitation] = []
    common = {
        "cards": str(tmp_path / "cards.sock"), "ours": "95496 36260000001", "time_limit_ms": "5000",
    }  # fmt: skip
    with (
        StubEdge(tmp_path / "edge.sock", {}) as edge,
        answering(tmp_path / "cards.sock", CardDesk(lines, told.append)),
        Sipp(
            tmp_path / "called", CALLED, options=["-trace_msg", "-message_file", "m.log"]
        ) as called,
    ):
        inside = common | {"socket": str(edge.path), "inside": "127.0.0.1"}
        with Kamailio(tmp_path / "inside", called.port, inside) as kamailio:
            seen = ("清澜市反诈中心", "purpose=jcard")
            _ring(tmp_path / "ours", MARKED, kamailio, Call(HOTLINE, "15400000001", "", seen))
            assert kamailio.counted()["presented"] == 1
            _ring(tmp_path / "else", PASSED, kamailio, Call("15400000003", "15400000001"))
        with Kamailio(tmp_path / "outside", called.port, common | {"socket": str(edge.path)}) as k:
            seen = ("Poses as", ".*")
            _ring(tmp_path / "posing", MARKED, k, Call(f"+{HOTLINE}", "15400000001", "", seen))
            assert (k.counted()["imitated"], k.counted()["presented"]) == (1, 0)
    assert [(one.ours, one.presented, one.source) for one in told] == [
        (HOTLINE, f"+{HOTLINE}", "127.0.0.1")
    ]
    request = _received(tmp_path / "called" / "m.log", HOTLINE)
    verified = _verify(request, folder)
    assert verified["verified"] is True
    assert (verified["name"], verified["orig"]) == (CARD.name, HOTLINE)
    assert verified["dest"] == [reserved.mobile(1)[1:]]
    other = request.replace(f"sip:{HOTLINE}@", "sip:95497@")
    assert _verify(other, folder)["code"] == "identity_numbers"


def _ring(into: Path, scenario: str, kamailio: Kamailio, call: Call) -> None:
    with Sipp(into, scenario, to=kamailio.port, calls=[call]) as caller:
        outcome = caller.wait(30)
    assert (outcome.succeeded, outcome.failed) == (1, 0), outcome.words


def _received(log: Path, caller: str) -> str:
    """The INVITE as the switch got it."""
    text = log.read_text(encoding="utf-8", errors="replace")
    return next(
        piece[piece.index("INVITE ") :]
        for piece in text.split("-----------------------------------------------")
        if "INVITE sip" in piece and f"sip:{caller}@" in piece and "Identity:" in piece
    )


def _verify(request: str, folder: Path) -> dict[str, object]:
    asked = [
        "verify",
        "-",
        "--root",
        str(folder / "root.pem"),
        "--chain",
        str(folder / "calls.pem"),
    ]
    done = CliRunner().invoke(command, asked, input=request)
    found: dict[str, object] = json.loads(done.stdout)
    assert done.exit_code == (0 if found["verified"] else 2)
    return found


def test_a_request_is_read_folded_and_short() -> None:
    text = (
        'INVITE sip:1@x SIP/2.0\r\nf: "sip:9@x" <sip:15400000001@x>;tag=1\r\n'
        "t:\r\n tel:+86-154-0000-0002\r\ny: a.b.c;\r\n\tinfo=<https://x>\r\n\r\nFrom: <sip:2@x>"
    )
    found = message.read(text)
    assert (found.orig, found.dest) == (reserved.mobile(1), reserved.mobile(2))
    assert found.identities == ("a.b.c; info=<https://x>",)


@given(st.text(st.characters(), max_size=300))
def test_any_text_is_read(text: str) -> None:
    message.read(text)
    message.read("From: " + text)


def test_a_card_in_call_info_holds_no_bracket_of_its_own() -> None:
    found = call_info(CallerCard("a>,;b", "", ""))
    assert found.count(">") == 1

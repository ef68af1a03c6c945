"""Calls through a real Kamailio between a real caller and a real switch: who gets through."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fanzha.lists import code
from fanzha.lists.form import Effect
from fanzha.testing.kamailio import Kamailio
from fanzha.testing.sipp import (
    CALLED,
    MARKED,
    PASSED,
    PASSED_TWICE,
    REFUSED,
    Call,
    Sipp,
)
from fanzha.values import reserved
from tests.adapters.sip.stub_edge import StubEdge

pytestmark = pytest.mark.peers

BAD, DOUBTFUL, WARNED, GOOD, BANK = map(reserved.mobile, (1, 2, 3, 4, 5))
BAD_CODE, DOUBTFUL_CODE = 7_654_321, 77
ENTRIES: dict[str, tuple[int, int]] = {
    BAD: (Effect.REFUSE, BAD_CODE),
    DOUBTFUL: (Effect.LABEL, DOUBTFUL_CODE),
    WARNED: (Effect.WARN, DOUBTFUL_CODE),
    reserved.service(1): (Effect.ALLOW, 0),
    BANK: (Effect.ALLOW, 0),
}
IS_REFUSED = (code.write(BAD_CODE), "")
IS_MARKED = ("Suspected fraud", code.write(DOUBTFUL_CODE))
Ring = Callable[..., None]


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[StubEdge]:
    with StubEdge(tmp_path / "edge.sock", ENTRIES) as found:
        yield found


@pytest.fixture
def called(tmp_path: Path) -> Iterator[Sipp]:
    with Sipp(tmp_path / "called", CALLED) as found:
        yield found


@pytest.fixture
def kamailio(tmp_path: Path, edge: StubEdge, called: Sipp) -> Iterator[Kamailio]:
    settings = {"socket": str(edge.path), "log_every_s": "0.5", "time_limit_ms": "150"}
    with Kamailio(tmp_path / "kamailio", called.port, settings) as found:
        yield found


@pytest.fixture
def ring(tmp_path: Path, kamailio: Kamailio) -> Ring:
    return ringing(tmp_path, kamailio)


def ringing(folder: Path, kamailio: Kamailio) -> Ring:
    """`ring(scenario, call, …)`: every call must end as the scenario says."""

    def ring(scenario: str, *calls: Call, total: int | None = None, tcp: bool = False) -> None:
        into = folder / f"caller{time.monotonic_ns()}"
        with Sipp(
            into, scenario, to=kamailio.port, calls=calls, rate=100, total=total, tcp=tcp
        ) as caller:
            outcome = caller.wait(60)
        assert (outcome.succeeded, outcome.failed) == (total or len(calls), 0), outcome.words

    return ring


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_refused_marked_and_innocent_calls(ring: Ring, kamailio: Kamailio, tcp: bool) -> None:
    ring(REFUSED, Call(BAD, "10010", "", IS_REFUSED), total=5, tcp=tcp)
    ring(MARKED, Call(DOUBTFUL, "10010", "", IS_MARKED), total=5, tcp=tcp)
    ring(MARKED, Call(WARNED, "10010", "", IS_MARKED), total=5, tcp=tcp)
    ring(PASSED, Call(GOOD, "10010"), total=5, tcp=tcp)
    counted = kamailio.counted()
    assert (counted["asked"], counted["refused"], counted["marked"]) == (20, 5, 10)


def test_a_number_is_refused_in_whatever_way_it_is_written(ring: Ring) -> None:
    national = BAD.removeprefix("+86")
    for written in (national, f"0{national}", f"0086{national}", f"%2B86{national}", f"{BAD};npdi"):
        # A semicolon in sipp's file would end the field.
        ring(REFUSED, Call(written.replace(";", "%3B"), "10010", "", IS_REFUSED))


def test_who_the_network_asserts_counts_before_who_the_caller_says(ring: Ring) -> None:
    def asserted(uri: str, sender: str) -> Call:
        return Call(sender, "10010", f"P-Asserted-Identity: {uri}\\r\\n", IS_REFUSED)

    ring(REFUSED, asserted(f"<tel:{BAD}>", GOOD), asserted(f"<tel:{BAD}>", reserved.service(1)))
    ring(REFUSED, asserted(f"<sip:{GOOD}@x.example>", BAD))
    ring(PASSED, Call(BAD, "10010", f"P-Asserted-Identity: <tel:{BANK}>\\r\\n"))


def test_protected_callers_and_emergency_numbers_pass(ring: Ring, kamailio: Kamailio) -> None:
    ring(PASSED, Call(reserved.service(1), "10010"), Call(BANK, "10010"))
    ring(PASSED, *(Call(BAD, called) for called in ("110", "0571110", "+86120", "119", "96110")))
    assert kamailio.counted()["emergency"] == 5


def test_within_a_call_nothing_is_asked(ring: Ring, edge: StubEdge) -> None:
    ring(PASSED_TWICE, Call(GOOD, "10010"), total=10)
    assert 10 <= len(edge.asked) < 15  # not 20; a few more where a busy machine sent one again


def test_an_upheld_appeal_lets_the_same_call_pass(ring: Ring, edge: StubEdge) -> None:
    call = Call(BAD, "10010", "", IS_REFUSED)
    ring(REFUSED, call)
    edge.entries.pop(BAD)
    ring(PASSED, call)


def test_a_caller_without_608_gets_what_the_carrier_chose(
    tmp_path: Path, edge: StubEdge, called: Sipp
) -> None:
    old = REFUSED.replace("Feature-Caps: *;+sip.608\n", "")
    for choice, scenario in (
        ("603", old.replace('response="608"', 'response="603"')),
        ("608", old),
    ):
        settings = {"socket": str(edge.path), "unannounced": choice, "time_limit_ms": "5000"}
        with Kamailio(tmp_path / choice, called.port, settings) as kamailio:
            ringing(tmp_path, kamailio)(scenario, Call(BAD, "10010", "", IS_REFUSED))
            ringing(tmp_path, kamailio)(REFUSED, Call(BAD, "10010", "", IS_REFUSED))


def test_a_caller_without_608_can_be_led_to_an_announcement(
    tmp_path: Path, edge: StubEdge, called: Sipp
) -> None:
    to = f"sip:refused@127.0.0.1:{called.port}"
    settings = {
        "socket": str(edge.path), "unannounced": "announce", "announce": to,
        "time_limit_ms": "5000",
    }  # fmt: skip
    with Kamailio(tmp_path / "kamailio", called.port, settings) as kamailio:
        old = MARKED.replace("Feature-Caps: *;+sip.608\n", "")
        call = Call(BAD, "10010", "", ("Caller", f"{IS_REFUSED[0]}.*jwscard"))
        ringing(tmp_path, kamailio)(old, call)


@pytest.mark.parametrize("how", ["silent", "slow", "cut", b"\0\0\0\x0f\x01\x01\x07" + b"\0" * 12,
                                 b"\0\0\0\x0f\x02\x01\x03" + b"\0" * 12, b"HTTP/1.1 200 OK\r\n\r\n",
                                 b"\xff\xff\xff\xff\x01\x01", b"\0\0\0\0"])  # fmt: skip
def test_an_edge_that_answers_badly_lets_calls_pass(
    ring: Ring, edge: StubEdge, kamailio: Kamailio, how: str | bytes
) -> None:
    edge.how = how
    ring(PASSED, Call(BAD, "10010"), total=12)
    assert kamailio.counted()["unasked"] == 12
    assert "calls passed unasked" in kamailio.log
    assert kamailio.log.count("calls passed unasked") <= 6
    edge.how = "well"
    time.sleep(0.6)  # longer than a worker rests
    ring(REFUSED, Call(BAD, "10010", "", IS_REFUSED), total=4)


def test_an_edge_that_ends_and_comes_back(ring: Ring, edge: StubEdge, kamailio: Kamailio) -> None:
    refused = Call(BAD, "10010", "", IS_REFUSED)
    ring(REFUSED, refused, total=4)
    edge.stop()
    ring(PASSED, Call(BAD, "10010"), total=10)
    edge.path.unlink()
    ring(PASSED, Call(BAD, "10010"), total=10)
    edge.start()
    ring(REFUSED, refused, total=10)
    edge.stop()
    edge.start()  # as a restart between two calls: no call notices
    ring(REFUSED, refused, total=10)
    assert kamailio.counted()["unasked"] == 20


def test_many_mixed_calls_while_the_list_changes(
    tmp_path: Path, edge: StubEdge, called: Sipp
) -> None:
    """Not one of 2,400 verdicts may be wrong; each caller checks its own."""
    settings = {"socket": str(edge.path), "time_limit_ms": "5000"}
    with Kamailio(tmp_path / "kamailio", called.port, settings) as kamailio:
        with changing(edge):
            _ring_many(tmp_path, kamailio)
        counted = kamailio.counted()
    assert len(edge.entries) > 100
    assert counted["unasked"] == 0
    assert min(counted["refused"], counted["marked"]) >= 720


@contextlib.contextmanager
def changing(edge: StubEdge) -> Iterator[None]:
    """Entries come all the while, a hundred a second."""
    over = threading.Event()

    def change() -> None:
        n = 100
        while not over.wait(0.01):
            n += 1
            edge.entries = {**edge.entries, reserved.mobile(n): (Effect.REFUSE, n)}

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _ring_many(folder: Path, kamailio: Kamailio) -> None:
    runs = [
        (REFUSED, Call(BAD, "10010", "", IS_REFUSED)),
        (MARKED, Call(DOUBTFUL, "10010", "", IS_MARKED)),
        (PASSED, Call(GOOD, "10010")),
    ]
    with contextlib.ExitStack() as stack:
        callers = [
            stack.enter_context(
                Sipp(folder / f"many{n}", scenario, to=kamailio.port, calls=[call], rate=80,
                     total=800)
            )
            for n, (scenario, call) in enumerate(runs)
        ]  # fmt: skip
        for caller in callers:
            outcome = caller.wait(120)
            assert outcome.wrong == 0, outcome.words
            # A busy machine may lose a call; what it loses, it does not judge wrongly.
            assert outcome.succeeded >= 720, outcome.words


def test_callers_notice_what_is_wrong(tmp_path: Path, kamailio: Kamailio) -> None:
    """The yardstick itself: each scenario fails where it should."""
    wrong = [
        (REFUSED, Call(GOOD, "10010", "", IS_REFUSED)),
        (REFUSED, Call(BAD, "10010", "", ("00000-00000",))),
        (PASSED, Call(BAD, "10010")),
        (PASSED, Call(DOUBTFUL, "10010")),
        (MARKED, Call(GOOD, "10010", "", IS_MARKED)),
        (MARKED, Call(DOUBTFUL, "10010", "", ("Suspected fraud", "00000-00000"))),
        (MARKED, Call(BAD, "10010", "", IS_MARKED)),
    ]
    for n, (scenario, call) in enumerate(wrong):
        with Sipp(tmp_path / f"wrong{n}", scenario, to=kamailio.port, calls=[call]) as caller:
            outcome = caller.wait(60)
        assert (outcome.failed, outcome.wrong) == (1, 1), (n, outcome.words)


def test_a_wrong_setting_stops_kamailio(tmp_path: Path) -> None:
    kamailio = Kamailio(tmp_path, 1, {"socket": "x", "time_limit_s": "3"})
    with pytest.raises(Exception, match="kamailio_down"):
        kamailio.start()
    assert not kamailio.alive

"""The edge for calls with all its parts: feed, lists, socket, real Kamailio, real callers."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvloop

from fanzha.entrypoints.edge.follow import Follower
from fanzha.entrypoints.edge.sip import CallWire, OwnLines, serve, signing_key, wire_of
from fanzha.errors import Misconfigured, Unavailable
from fanzha.lists import code
from fanzha.lists.form import Effect, Kind, Match
from fanzha.settings import Settings
from fanzha.testing.kamailio import DEPLOY, Kamailio
from fanzha.testing.lists import MemoryLists, entry
from fanzha.testing.sipp import CALLED, MARKED, PASSED, REFUSED, Call, Sipp
from fanzha.values import reserved

BAD, GOOD = reserved.mobile(40_000_001), reserved.mobile(40_000_002)
RANGE = reserved.mobile(3)[:-4]
DOUBTFUL, PROTECTED = RANGE + "0003", RANGE + "0009"
IS_BAD, IS_DOUBTFUL = (code.write(11),), ("Suspected", code.write(12))


@contextmanager
def serving(wire: CallWire, follower: Follower) -> Iterator[None]:
    """The edge in a thread of its own."""
    up = threading.Event()
    loop = uvloop.new_event_loop()
    task = loop.create_task(serve(wire, lambda: follower.standing, up.set))

    def run() -> None:
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=run)
    with follower:
        thread.start()
        try:
            assert up.wait(30)
            yield
        finally:
            loop.call_soon_threadsafe(task.cancel)
            thread.join()
            loop.close()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.peers
def test_lists_reach_calls_and_an_upheld_appeal_lets_the_same_call_pass(tmp_path: Path) -> None:
    bad_entry = entry(Kind.NUMBER, BAD, Effect.REFUSE, 11)
    lists = MemoryLists(
        [
            bad_entry,
            entry(Kind.NUMBER, RANGE, Effect.LABEL, 12, match=Match.PREFIX),
            entry(Kind.NUMBER, PROTECTED, Effect.ALLOW, 0),
            entry(Kind.NUMBER, GOOD, Effect.REFUSE, 13, ends_at=int(time.time()) - 5),
        ]
    )
    wire = CallWire(tmp_path / "sip.sock")

    def ring(scenario: str, *calls: Call, total: int | None = None) -> None:
        into = tmp_path / f"caller{time.monotonic_ns()}"
        with Sipp(into, scenario, to=kamailio.port, calls=calls, rate=100, total=total) as caller:
            outcome = caller.wait(60)
        assert (outcome.succeeded, outcome.failed) == (total or len(calls), 0), outcome.words

    follower = Follower(lists, tmp_path / "kept", wait_s=0.5, back_off_s=(0.1, 0.2))
    settings = {"socket": str(wire.socket), "time_limit_ms": "2000"}
    with (
        Sipp(tmp_path / "called", CALLED) as called,
        Kamailio(tmp_path / "kamailio", called.port, settings) as kamailio,
    ):
        ring(PASSED, Call(BAD, "10010"))  # no edge yet
        with serving(wire, follower):
            until(lambda: follower.version == 1)
            bad = Call("0086" + BAD[3:], "10010", "", IS_BAD)
            ring(REFUSED, bad, total=20)
            ring(MARKED, Call(DOUBTFUL[3:], "10010", "", IS_DOUBTFUL), total=5)
            ring(PASSED, Call(PROTECTED, "10010"), Call(GOOD, "10010"))
            lists.take_out(bad_entry)
            until(lambda: follower.version == 2)
            ring(PASSED, bad, total=5)
        ring(PASSED, Call(DOUBTFUL, "10010"))
        lists.problems += [Unavailable("away", zh="不可达", en="away")] * 1000
        again = Follower(lists, tmp_path / "kept", wait_s=0.5, back_off_s=(0.1, 0.2))
        with serving(wire, again):  # the centre is away: what was kept on disk stands
            assert again.loaded(20)
            ring(MARKED, Call(DOUBTFUL, "10010", "", IS_DOUBTFUL), total=5)
            ring(PASSED, bad)
        assert kamailio.counted()["unasked"] == 2


def test_the_hook_and_the_edge_speak_one_language(tmp_path: Path) -> None:
    """What the hook hands on as it was written is understood here, by the rules of every wire."""
    sys.path.insert(0, str(DEPLOY))
    import fanzha_edge as hook  # type: ignore[import-not-found]

    entries = [
        entry(Kind.NUMBER, BAD, Effect.REFUSE, 11),
        entry(Kind.NUMBER, RANGE, Effect.LABEL, 12, match=Match.PREFIX),
        entry(Kind.NUMBER, PROTECTED, Effect.ALLOW, 0),
        entry(Kind.NUMBER, reserved.overseas(7), Effect.WARN, 14),
    ]
    wire = CallWire(tmp_path / "sip.sock")
    follower = Follower(MemoryLists(entries), tmp_path / "kept", wait_s=0.2)
    with serving(wire, follower):
        until(lambda: follower.version == 1)
        ours = hook.Edge(hook.Settings(socket=str(wire.socket), time_limit_ms=5000))
        national = BAD[3:]
        wide = f"１５４ {national[3:]}"
        for written in (BAD, national, f"0{national}", f"0086{national}", f"86{national}", wide):
            assert ours.ask([written]) == ([hook.Hit(3, 11)], "")
        abroad = reserved.overseas(7)
        asked = [DOUBTFUL, PROTECTED, GOOD, abroad, f"00{abroad[1:]}", "x\0\ud800", "9" * 400]
        found, _ = ours.ask(asked)
        assert [hit.effect for hit in found] == [1, 9, 0, 2, 2, 0, 0]


def test_the_wire_is_as_the_settings_say(tmp_path: Path) -> None:
    bare = Settings(data=tmp_path)
    assert wire_of(bare, tmp_path / "s") == CallWire(tmp_path / "s")
    carded = bare.model_copy(update={"calls_cards": tmp_path / "c"})
    with pytest.raises(Misconfigured, match="calls_key"):
        wire_of(carded, tmp_path / "s")
    signed = carded.model_copy(update={"calls_key": tmp_path / "k", "public_url": "https://x/"})
    own = wire_of(signed, tmp_path / "s").lines
    assert own is not None
    assert own.certificates_url == "https://x/v1/jcards/certificates.pem"
    assert own.policy.exists()


def test_a_key_that_cannot_sign_stops_the_edge(tmp_path: Path) -> None:
    for content in (b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        (tmp_path / "key.pem").write_bytes(content)
        with pytest.raises(Misconfigured, match="calls_key"):
            signing_key(tmp_path / "key.pem")
    own = OwnLines(tmp_path / "c", tmp_path / "p", tmp_path / "absent.pem", "https://x", tmp_path)
    with pytest.raises((Misconfigured, OSError)):
        asyncio.run(serve(CallWire(tmp_path / "s.sock", own), lambda: None))
    assert not (tmp_path / "s.sock").exists()

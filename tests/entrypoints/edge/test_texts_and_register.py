"""A measure in the register refuses a text on the wire, the centre is told, and lifting it lets the
same text pass: register, feed, follower, judge, gate and journal in one."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from fanzha.adapters.sealing.keyring import Keyring
from fanzha.adapters.smpp.firewall.dialect import Smpp
from fanzha.detection.text.v1.evidence import Reader
from fanzha.entrypoints.edge.follow import Follower
from fanzha.entrypoints.edge.following import CentreFeed
from fanzha.entrypoints.edge.texts.journal import Journal
from fanzha.entrypoints.edge.texts.judging import TextJudge
from fanzha.entrypoints.edge.texts.policy import FILE, load_text_policy
from fanzha.entrypoints.edge.texts.run import Firewall, poster
from tests import fixtures
from tests.adapters.smpp.firewall.wire import HONEST, Centre, Esme, bind, frames_of, head, submit
from tests.entrypoints.api.given import Api, api
from tests.entrypoints.api.measures.test_register_routes import NUMBER, do, staffed, stands
from tests.entrypoints.edge.test_lists_and_register import NOW, listening, until

__all__ = ["api", "staffed"]


def test_a_measure_on_the_wire_from_the_register_and_back(staffed: Api, tmp_path: Path) -> None:
    key = staffed.installed.operators.add_sender(
        "sms-1", frozenset({"lists", "text"}), fixtures.NOW
    )
    policy = load_text_policy(fixtures.POLICIES / FILE)
    reader = Reader.load(fixtures.POLICIES, (-3.7, -3.0))
    journal = Journal(
        tmp_path / "journal", Keyring.create(), basis=policy.basis, octets_max=1 << 20,
        now=lambda: float(NOW),
    )  # fmt: skip
    text = submit(HONEST, 2, NUMBER.lstrip("+"), source_addr_ton=1)
    with listening(staffed) as url:
        feed = CentreFeed(url, key, "", tmp_path)
        with Follower(feed, tmp_path / "lists", wait_s=2, back_off_s=(0.05, 0.5)) as follower:
            judge = TextJudge(reader, policy, lambda: follower.standing, lambda: NOW)

            async def sent() -> int:
                async with Centre() as centre:
                    firewall = Firewall(
                        Smpp(), policy, judge, journal, ("127.0.0.1", 0),
                        ("127.0.0.1", centre.port), lambda: follower.standing,
                    )  # fmt: skip
                    async with firewall.gate as gate:
                        esme = Esme(*await asyncio.open_connection("127.0.0.1", gate.port))
                        esme.writer.write(bind())
                        await esme.frame()
                        esme.writer.write(text)
                        status = (await esme.answers(1))[2]
                        assert (text in frames_of(bytes(centre.heard))) == (status == 0)
                        esme.writer.close()
                        return status

            until(follower, refused=False)
            assert asyncio.run(sent()) == 0
            measure = stands(staffed)
            until(follower, refused=True)
            assert asyncio.run(sent()) == 0x0A
            post = poster(url, key)
            end = time.monotonic() + 20
            while not journal.told:
                assert time.monotonic() < end
                journal.ship(post)
            assert do(staffed, measure, "lift", note="查实误判").status_code == 200
            until(follower, refused=False)
            assert asyncio.run(sent()) == 0
    assert head(text)[2] == 2
    assert journal.problem is None
    assert HONEST in stored(staffed)


def stored(api: Api) -> list[str]:
    """Bodies of the texts in the centre's log."""
    return [
        body for entry in api.log._entries if entry.stream == "text"
        for body in entry.batch.column("body").to_pylist()
    ]  # fmt: skip

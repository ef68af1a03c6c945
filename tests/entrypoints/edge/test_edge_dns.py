"""`fanzha edge dns` as a process: from the centre to the zones, over its own death and the
centre's, with serials that only grow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.message
import dns.query
import dns.versioned
import dns.xfr
import pytest

from fanzha.adapters.dns import wire
from fanzha.entrypoints.edge.dns import names_of
from fanzha.entrypoints.supervisor.plans import free_port
from fanzha.errors import Misconfigured
from fanzha.lists.form import Effect, Kind, Match
from fanzha.settings import Settings
from fanzha.testing.lists import MemoryLists, entry
from tests.adapters.dns.names_edge import KEY as TSIG
from tests.adapters.dns.resolvers import until
from tests.adapters.dns.secondary import lookup, serial_of
from tests.adapters.lists.served import KEY, serving

ROOT = Path(__file__).parents[3]
BAD = entry(Kind.NAME, "bad.example", Effect.REFUSE, 77, match=Match.BELOW)
WARNED = entry(Kind.NAME, "doubtful.example", Effect.WARN, 78, match=Match.BELOW)
NUMBER = entry(Kind.NUMBER, "95588", Effect.REFUSE, 79)


class Running:
    """The process, and its zones as a peer fetches them."""

    def __init__(self, folder: Path, url: str, port: int) -> None:
        self.port = port
        self.ready = folder / "ready"
        kept = {k: v for k, v in os.environ.items() if not k.startswith("FANZHA_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fanzha.entrypoints.cli.main", "edge", "dns",
             "--ready-file", str(self.ready)],
            stderr=subprocess.DEVNULL,
            env=kept | {
                "PYTHONPATH": str(ROOT / "src"), "FANZHA_DATA": str(folder),
                "FANZHA_LISTS_URL": url, "FANZHA_LISTS_KEY": KEY, "FANZHA_DNS_PORT": str(port),
                "FANZHA_DNS_PEERS": '["127.0.0.1"]', "FANZHA_DNS_WARN_TO": '["192.0.2.80"]',
            },
        )  # fmt: skip

    def zone(self, label: str) -> dns.versioned.Zone | None:
        copy = dns.versioned.Zone(f"{label}.rpz.fanzha")
        query, _ = dns.xfr.make_query(copy)
        try:
            dns.query.inbound_xfr("127.0.0.1", copy, query, port=self.port, timeout=10)
        except (OSError, dns.xfr.TransferError):
            return None
        return copy

    def has(self, label: str, name: str) -> bool:
        copy = self.zone(label)
        return copy is not None and lookup(copy, dns.name.from_text(name)) is not None

    def serials(self) -> dict[str, int]:
        labels = ("allow", "refuse-urgent", "refuse", "warn-urgent", "warn")
        copies = {label: self.zone(label) for label in labels}
        return {label: serial_of(copy) or 0 for label, copy in copies.items() if copy}


@contextmanager
def running(folder: Path, url: str, port: int) -> Iterator[Running]:
    (folder / "ready").unlink(missing_ok=True)
    started = Running(folder, url, port)
    try:
        until(lambda: started.process.poll() is not None or started.ready.exists())
        assert started.process.poll() is None
        yield started
    finally:
        started.process.kill()
        started.process.wait(20)


def test_from_the_centre_to_the_zones_and_over_deaths(tmp_path: Path) -> None:
    port = free_port()
    lists = MemoryLists([BAD, NUMBER, WARNED])
    with serving(lists) as centre:
        with running(tmp_path, centre.url, port) as first:
            until(lambda: first.has("refuse", "www.bad.example"), "the first list is not served")
            assert first.has("warn", "doubtful.example")
            lists.put(entry(Kind.NAME, "new.example", Effect.REFUSE, 80, match=Match.BELOW))
            until(lambda: first.has("refuse-urgent", "new.example"), "a change is not served")
            lists.take_out(BAD)
            until(lambda: not first.has("refuse", "bad.example"), "what is lifted is served")
            before = first.serials()
            assert len(before) == 5
            first.process.send_signal(signal.SIGTERM)
            assert first.process.wait(20) == 0
        url = centre.url
    with running(tmp_path, url, port) as second:  # the centre is gone
        until(lambda: len(second.serials()) == 5, "nothing is served from the disk")
        assert second.serials() == before  # the same zones: nobody need fetch them
        assert second.has("refuse-urgent", "new.example")
        assert not second.has("refuse", "bad.example")
        second.process.kill()
        second.process.wait(20)
    with running(tmp_path, url, port) as third:
        until(lambda: len(third.serials()) == 5, "nothing is served after a kill")
        for label, serial in third.serials().items():
            assert serial == before[label] or wire.newer(serial, before[label])
        assert third.has("refuse-urgent", "new.example") or third.has("refuse", "new.example")


def test_killed_while_lists_come(tmp_path: Path) -> None:
    port = free_port()
    lists = MemoryLists([BAD])
    last: dict[str, int] = {}
    with serving(lists) as centre:
        for nth in range(3):
            with running(tmp_path, centre.url, port) as edge:
                until(lambda: len(edge.serials()) == 5, "nothing is served")
                for k in range(3):
                    name = f"n{nth}-{k}.example"
                    lists.put(entry(Kind.NAME, name, Effect.REFUSE, 80 + k))
                    time.sleep(0.05)
                serials = edge.serials()
                assert all(
                    label not in last or serial == last[label] or wire.newer(serial, last[label])
                    for label, serial in serials.items()
                )
                last = serials
                edge.process.kill()
                edge.process.wait(20)
        with running(tmp_path, centre.url, port) as edge:
            for name in ("n0-0.example", "n2-2.example", "bad.example"):
                until(
                    lambda name=name: edge.has("refuse", name) or edge.has("refuse-urgent", name),
                    f"{name} is not served",
                )


@pytest.mark.parametrize(
    "given",
    [
        {"dns_peers": ("everybody",)},
        {"dns_peers": ("192.0.2.1 carrier-a",)},
        {"dns_keys": "carrier-a hmac-sha256"},
    ],
)
def test_settings_that_cannot_be_meant(given: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        names_of(Settings(data=tmp_path, **given))  # type: ignore[arg-type]


def test_settings_become_peers(tmp_path: Path) -> None:
    secret = f"{TSIG}, {TSIG.replace('carrier-a', 'carrier-b')},"
    given = {"dns_peers": ("192.0.2.53@5353 carrier-a", "2001:db8::/64"), "dns_keys": secret}
    made = names_of(Settings(data=tmp_path, **given))  # type: ignore[arg-type]
    told = made.access.peer("192.0.2.53")
    assert told is not None
    assert told.told == ("192.0.2.53", 5353)
    network = made.access.peer("2001:db8::7")
    assert network is not None
    assert network.told is None
    assert made.access.peer("192.0.2.54") is None

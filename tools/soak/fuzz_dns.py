"""What is fuzzed on the road to resolvers: questions to the primary, lists that become zones."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import dns.message
import dns.rrset
import pyarrow as pa

from fanzha.adapters.dns import owners, wire
from fanzha.adapters.dns.access import keys_of, peers_of
from fanzha.adapters.dns.answers import Answers
from fanzha.adapters.dns.kept import Kept
from fanzha.adapters.dns.policy import PolicySettings, PolicyZones
from fanzha.adapters.dns.zone import Zone
from fanzha.lists.form import CHANGES, ENTRIES, Effect, Kind, Lists
from tools.soak.mutate import broken

Case = Callable[[Random], None]
_ZONE = "refuse.rpz.fanzha"
_KEYS = keys_of(["carrier-a hmac-sha256 c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"])
_PEERS = ["192.0.2.53", "198.51.100.0/24 carrier-a"]
_ADDRESSES = ("192.0.2.53", "198.51.100.7", "203.0.113.1", "::1", "", "fe80::1%eth0")
_LABELS = ("a", "b", "www", "xn--fiqs8s", "x" * 63, "rpz-ip", "*", "", "A", "-a", "\0", "\n", "é")


@contextmanager
def questions() -> Iterator[Case]:
    """Broken questions from anywhere: each answer is one that a library reads, to that question."""
    zone = Zone(_ZONE, wire.nxdomain(30), wire.Timers(), lambda b: wire.next_serial(b, 7))
    zone.fill(sorted((owners.entry(f"n{k}.example", 2), 0) for k in range(30)), 1, None)
    served = zone.change({owners.entry("new.example", 2): 0}, 1)
    answers = Answers(peers_of(_PEERS, _KEYS), {_ZONE: served, "warn.rpz.fanzha": None})

    def case(chance: Random) -> None:
        data = broken(chance, _question(chance))
        for answer in answers.to(data, chance.choice(_ADDRESSES), stream=chance.random() < 0.5):
            assert answer[:2] == data[:2]
            dns.message.from_wire(answer, keyring=False, xfr=True)

    yield case


def _question(chance: Random) -> bytes:
    kind = chance.choice(("SOA", "AXFR", "IXFR", "A", "ANY", "TSIG"))
    name = chance.choice((_ZONE, "warn.rpz.fanzha", ".", "x.example"))
    made = dns.message.make_query(name, kind, use_edns=chance.choice((-1, 0, 1)))
    if kind == "IXFR":
        serial = chance.choice((0, 6, 7, 8, 9, 0xFFFFFFFF))
        text = f". . {serial} 0 0 0 0"
        made.authority.append(dns.rrset.from_text(f"{_ZONE}.", 0, "IN", "SOA", text))
    if chance.random() < 0.4:
        made.use_tsig(dict(_KEYS))
    return made.to_wire()


@contextmanager
def zones() -> Iterator[Case]:
    """Lists of any names, whole and as changes: zones stand, and every message is readable."""
    logging.getLogger("fanzha.dns").setLevel(logging.CRITICAL)  # refused names are what it is about
    with tempfile.TemporaryDirectory(prefix="fanzha-soak-dns-") as folder:
        # A file in the place of the folder: nothing is written, which is most of the time saved.
        path = Path(folder, "file", "zones.json")
        path.parent.touch()
        yield lambda chance: _lists(chance, path)


def _lists(chance: Random, path: Path) -> None:
    settings = PolicySettings(warn_to=chance.choice(((), ("192.0.2.80",), ("warn.example",))))
    made = PolicyZones(settings, Kept.read(path, lambda: 1_000.0))
    found = made.take(Lists(1, _table(chance, ENTRIES)), 1, 0.0)
    for version in range(1, 4):
        found += made.take(
            Lists(version + 1, _table(chance, CHANGES), version), chance.randint(1, 30), version
        )
        found += made.tick(chance.randint(1, 30), version * chance.choice((1.0, 500.0)))
    for served in found:
        for transfer in (served.whole(), served.since(chance.choice((served.serial, 999)))):
            head = wire.Head(1, 0x8400, wire.encoded(served.name) + b"\0\xfc\0\1")
            for message in wire.messages(head, transfer.chunks):
                dns.message.from_wire(message, xfr=True)


def _table(chance: Random, form: pa.Schema) -> pa.Table:
    rows = [
        {
            "kind": chance.choice((Kind.NAME, Kind.NAME, Kind.NAME, Kind.NUMBER)),
            "match": chance.choice((0, 0, 2, 2, 1, 9)),
            "key": _name(chance),
            "effect": chance.choice((*map(int, Effect), 0, 7)),
            "code": 7,
            "ends_at": chance.choice((0, 10, 20, 0xFFFFFFFF)),
            "gone": chance.random() < 0.3,
        }
        for _ in range(chance.randint(0, 12))
    ]
    unique = {(row["kind"], row["match"], row["key"]): row for row in rows}
    return pa.Table.from_pylist(list(unique.values()), schema=form)


def _name(chance: Random) -> bytes:
    name = ".".join(chance.choice(_LABELS) for _ in range(chance.randint(0, 5))).encode()
    return name if chance.random() < 0.9 else broken(chance, name)

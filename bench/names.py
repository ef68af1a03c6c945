"""Names a second from a list to zones ready to be sent, and how soon resolvers answer by them."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.renderer
import dns.zone

from bench.running.figure import Figure
from bench.running.names_edge import made_list, zones
from fanzha.adapters.dns import wire
from fanzha.entrypoints.supervisor.plans import free_port
from fanzha.lists.form import Lists
from tests.adapters.dns.names_edge import KEY
from tests.adapters.dns.resolvers import Bind, Resolver, Unbound, Upstream

DNSPYTHON = "dnspython: zone of rdatasets, written by its renderer"
REFUSED = ("NXDOMAIN", list[str]())
ZONE = "refuse.rpz.fanzha"
_LIMIT_S = 240.0
_SETTLE_S, _APART_S, _MOVING = 20.0, 1.0, 40


def run(*, quick: bool = False) -> Figure:
    """Edge, resolver, upstream and this process share the machine, one resolver at a time."""
    count, few, rounds = (20_000, 1_000, 2) if quick else (2_000_000, 20_000, 7)
    built = [_built(made_list(count)) for _ in range(1 if quick else 3)]
    peer = [_by_dnspython(made_list(few)) for _ in range(1 if quick else 3)]
    also: dict[str, float] = {}
    for kind, name in ((Unbound, "unbound"), (Bind, "bind")):
        also |= _followed(kind, name, count, rounds)
    return Figure(
        name="names",
        ours=count / statistics.median(built),
        unit="names/s",
        peers={DNSPYTHON: few / statistics.median(peer)},
        also=also,
        settings={
            "names": f"{count:,}, each with all below it: two records each; a tenth warned",
            "built": "Arrow table in; all messages of AXFR made; processor time of this process",
            "peer": f"{few:,} of such names: its zones grow by 1 KB a name; no Knot is installed",
            "transfer": "the zone of refused names over loopback, read and thrown away",
            "first_answer": "from the start of the resolver until it refuses a listed name",
            "new": f"from the change handed to the edge until refused; median, slowest of {rounds}",
            "moves": "a new name a second while those of 40 s before move into the large zone",
            "lifted": "from the change until the name passes, out of the large zone; likewise",
            "resolvers": "Unbound with one thread, BIND with two; BIND's transfers are signed",
        },
    )


def _built(lists: Lists) -> float:
    with tempfile.TemporaryDirectory(prefix="fanzha-bench-names-") as folder:
        ours = zones(Path(folder))
        begun = time.process_time()
        for served in ours.take(lists, 1, 0.0):
            head = wire.Head(1, 0x8400, wire.encoded(served.name) + b"\0\xfc\0\1")
            for message in wire.messages(head, served.whole().chunks):
                assert len(message) < 65_536
        return time.process_time() - begun


def _by_dnspython(lists: Lists) -> float:
    names = [key.as_py().decode() for key in lists.entries["key"]]
    begun = time.process_time()
    origin = dns.name.from_text(ZONE)
    zone = dns.zone.Zone(origin, relativize=False)
    target = dns.rdata.from_text("IN", "CNAME", ".")
    for name in names:
        for owner in (name, f"*.{name}"):
            node = dns.name.from_text(owner, origin)
            zone.find_rdataset(node, dns.rdatatype.CNAME, create=True).add(target, 30)
    renderer = _renderer(origin)
    for owner, rdataset in zone.iterate_rdatasets():
        try:
            renderer.add_rdataset(dns.renderer.ANSWER, owner, rdataset)
        except dns.exception.TooBig:
            renderer.write_header()
            renderer = _renderer(origin)
            renderer.add_rdataset(dns.renderer.ANSWER, owner, rdataset)
    renderer.write_header()
    return time.process_time() - begun


def _renderer(origin: dns.name.Name) -> Any:
    """Its methods have no types."""
    made: Any = dns.renderer.Renderer(1, 0x8400, 62_000)  # type: ignore[no-untyped-call]
    made.add_question(origin, dns.rdatatype.AXFR)
    return made


def _followed(kind: type[Resolver], name: str, count: int, rounds: int) -> dict[str, float]:
    """One resolver after another: each holds more than a gigabyte."""
    with tempfile.TemporaryDirectory(prefix="fanzha-bench-names-") as folder, ExitStack() as stack:
        upstream = stack.enter_context(Upstream())
        resolver_port = free_port()
        peer = f"127.0.0.1@{resolver_port}{' carrier-a' if kind is Bind else ''}"
        edge = stack.enter_context(_edge(count, peer))
        resolver = kind(Path(folder), edge.port, upstream.port, resolver_port)
        found = {} if kind is Bind else _transferred(edge.port)
        begun = time.monotonic()
        stack.enter_context(resolver)
        for one in edge.some:
            _until(partial(_is, resolver, one, True))
        found[f"{name}_first_answer_s"] = time.monotonic() - begun
        time.sleep(_SETTLE_S)  # the zones of warned names are still being loaded
        news, lifts = [], []
        for fresh in (f"new{nth}.fresh.example" for nth in range(rounds)):
            news.append(_took(edge, f"+{fresh}", partial(_is, resolver, fresh, True)))
            time.sleep(_APART_S)
        for lifted in edge.some[:rounds]:
            lifts.append(_took(edge, f"-{lifted}", partial(_is, resolver, lifted, False)))
            time.sleep(_APART_S)
        moving = []
        for fresh in (f"moving{nth}.fresh.example" for nth in range(_MOVING if rounds > 2 else 2)):
            moving.append(_took(edge, f"+{fresh}", partial(_is, resolver, fresh, True)))
            time.sleep(_APART_S)
        return found | {
            f"{name}_new_while_names_move_slowest_ms": 1_000 * max(moving),
            f"{name}_new_ms": 1_000 * statistics.median(news),
            f"{name}_new_slowest_ms": 1_000 * max(news),
            f"{name}_lifted_ms": 1_000 * statistics.median(lifts),
            f"{name}_lifted_slowest_ms": 1_000 * max(lifts),
            f"{name}_resident_mb": _resident(resolver.pid) / 1e6,
            f"edge_beside_{name}_resident_mb": _resident(edge.process.pid) / 1e6,
        }


@dataclass(frozen=True)
class _Edge:
    """The edge in a process of its own, its port, and names that it refuses."""

    process: subprocess.Popen[str]
    port: int
    some: list[str]

    def tell(self, words: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()


@contextmanager
def _edge(count: int, *peers: str) -> Iterator[_Edge]:
    """With its zones built. This process may fetch too, unsigned, from another loopback address."""
    argv = [str(count), json.dumps([*peers, "127.0.0.2/31"]), json.dumps([KEY])]
    with subprocess.Popen(
        [sys.executable, "-m", "bench.running.names_edge", *argv],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            query = dns.message.make_query(ZONE, "SOA")
            _until(
                lambda: bool(
                    dns.query.tcp(query, "127.0.0.1", 30, told["port"], source="127.0.0.2").answer
                )
            )
            yield _Edge(process, told["port"], told["some"])
        finally:
            process.terminate()


def _transferred(port: int) -> dict[str, float]:
    """The zone fetched; the SOA asked behind it says when it has ended."""
    with socket.create_connection(("127.0.0.1", port), 60, ("127.0.0.2", 0)) as found:
        begun, size = time.monotonic(), 0
        whole, last = (dns.message.make_query(ZONE, kind).to_wire() for kind in ("AXFR", "SOA"))
        for query in (whole, last):
            found.sendall(len(query).to_bytes(2, "big") + query)
        stream = found.makefile("rb")
        while True:
            message = stream.read(int.from_bytes(stream.read(2), "big"))
            if message[:2] == last[:2]:
                return {"transfer_s": time.monotonic() - begun, "transfer_mb": size / 1e6}
            size += len(message)


def _took(edge: _Edge, told: str, holds: Callable[[], bool]) -> float:
    begun = time.monotonic()
    edge.tell(told)
    _until(holds)
    return time.monotonic() - begun


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + _LIMIT_S
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("the resolver does not come to answer so")
        time.sleep(0.002)


def _is(resolver: Resolver, name: str, refused: bool) -> bool:
    return (resolver.ask(name) == REFUSED) is refused


def _resident(pid: int) -> int:
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")

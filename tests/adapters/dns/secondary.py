"""A secondary that is not ours: dnspython fetches zones and follows them, and answers by them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

import dns.message
import dns.name
import dns.node
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.versioned
import dns.xfr
import dns.zone

from fanzha.adapters.dns import wire
from fanzha.adapters.dns.zone import Transfer

UPSTREAM = "198.51.100.7"
"""What every name resolves to where no policy says otherwise."""


class Secondary:
    """Follows `zones` in their order; one thread, refreshed by NOTIFY."""

    def __init__(self, primary: int, zones: Sequence[str], key: dns.tsig.Key | None = None) -> None:
        self.zones = {name: dns.versioned.Zone(name) for name in zones}
        self._primary = primary
        self._key = key
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self.port: int = self._socket.getsockname()[1]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.fetched: list[tuple[str, str]] = []
        """(zone, AXFR or IXFR asked for)."""

    def __enter__(self) -> Secondary:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join(20)
        self._socket.close()

    def ask(self, name: str, kind: str = "A") -> tuple[str, list[str]]:
        """(rcode, addresses): the first zone that has the name decides."""
        for zone in self.zones.values():
            found = lookup(zone, dns.name.from_text(name))
            if found is None:
                continue
            for rdataset in found:
                if rdataset.rdtype == dns.rdatatype.CNAME:
                    target = rdataset[0].target.to_text()
                    if target == ".":
                        return "NXDOMAIN", []
                    if target == "rpz-passthru.":
                        return "NOERROR", [UPSTREAM]
                    raise AssertionError(target)
            wanted = dns.rdatatype.from_text(kind)
            return "NOERROR", sorted(
                one.to_text() for rds in found if rds.rdtype == wanted for one in rds
            )
        return "NOERROR", [UPSTREAM] if kind == "A" else []

    def serial(self, zone: str) -> int | None:
        return serial_of(self.zones[zone])

    def _run(self) -> None:
        due = set(self.zones)
        while not self._ended.is_set():
            for name in list(due):
                if self._refresh(name):
                    due.discard(name)
            try:
                data, source = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            except ConnectionError:
                continue
            notify = dns.message.from_wire(data, keyring=self._key or False)
            self._socket.sendto(dns.message.make_response(notify).to_wire(), source)
            due.add(notify.question[0].name.to_text(omit_final_dot=True))

    def _refresh(self, name: str) -> bool:
        zone = self.zones[name]
        try:
            if self._key is not None:
                query, _ = dns.xfr.make_query(
                    zone, keyring={self._key.name: self._key}, keyname=self._key.name
                )
            else:
                query, _ = dns.xfr.make_query(zone)
            self.fetched.append((name, dns.rdatatype.to_text(query.question[0].rdtype)))
            dns.query.inbound_xfr("127.0.0.1", zone, query, port=self._primary, timeout=5)
        except (OSError, EOFError, dns.xfr.TransferError, dns.exception.DNSException):
            time.sleep(0.05)
            return False
        return True


def names_in(zone: dns.versioned.Zone) -> set[dns.name.Name]:
    """Every name that exists in it, those without records too."""
    return {dns.name.Name(n.labels[k:]) for n in zone.nodes for k in range(len(n) + 1)}


def lookup(
    zone: dns.versioned.Zone, name: dns.name.Name, enclosers: set[dns.name.Name] | None = None
) -> dns.node.Node | None:
    """By RFC 4592: the name itself, else the wildcard at its closest encloser. `enclosers` is
    `names_in(zone)`, for who asks often."""
    owner = dns.name.Name(name.labels[:-1])
    nodes = zone.nodes
    if owner in nodes:
        return nodes[owner]
    if enclosers is None:
        enclosers = names_in(zone)
    while len(owner.labels):
        if owner in enclosers:
            # The name exists and holds nothing, or it is the closest encloser of what was asked.
            return None
        owner = dns.name.Name(owner.labels[1:])
        if owner in enclosers:
            return nodes.get(dns.name.Name((b"*", *owner.labels)))
    return None


def taken(copy: dns.versioned.Zone, transfer: Transfer, ixfr_from: int | None = None) -> None:
    """Let dnspython take the messages of a transfer into its copy."""
    kind = dns.rdatatype.AXFR if ixfr_from is None else dns.rdatatype.IXFR
    assert copy.origin is not None
    question = wire.encoded(copy.origin.to_text(omit_final_dot=True))
    head = wire.Head(1, 0x8400, question + int(kind).to_bytes(2, "big") + b"\0\1")
    with dns.xfr.Inbound(copy, kind, ixfr_from) as inbound:
        done = False
        for message in wire.messages(head, transfer.chunks):
            assert not done
            read = dns.message.from_wire(
                message, xfr=True, origin=copy.origin, one_rr_per_rrset=True
            )
            done = inbound.process_message(read)
        assert done


def serial_of(zone: dns.versioned.Zone) -> int | None:
    soa = zone.get_rdataset("@", "SOA")
    return None if soa is None else int(soa[0].serial)


def content(zone: dns.versioned.Zone) -> Mapping[str, list[str]]:
    """Owner → records, without the apex: what two zones are compared by."""
    return {
        owner.to_text(): sorted(f"{r.rdtype} {one.to_text()}" for r in node for one in r)
        for owner, node in zone.nodes.items()
        if owner != dns.name.empty
    }

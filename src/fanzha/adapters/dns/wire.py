"""Zone transfer on the wire, pure: records made once, messages around them, serials.

Every message repeats the question, so the zone's name always stands at offset 12 and every owner
ends in a pointer there (RFC 1035 4.1.4): a record's bytes are the same in every message.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from struct import pack

A, NS, CNAME, SOA, AAAA, IXFR, AXFR = 1, 2, 5, 6, 28, 251, 252
_IN = 1
_ZONE = b"\xc0\x0c"
MESSAGE_MAX = 62_000
"""Bytes of records in a message: the rest of 65,535 is for question, OPT and signature."""
_HALF = 1 << 31
_LENGTH = [bytes((n,)) for n in range(64)]

Chunk = tuple[int, bytes]
"""(how many records, their bytes). At most MESSAGE_MAX bytes."""


@dataclass(frozen=True, slots=True)
class Timers:
    """Seconds of the SOA (RFC 1035 3.3.13, RFC 2308). `ttl` is also how long clients may keep what
    they were told; after `expire` without us a resolver lets every name pass."""

    refresh: int = 60
    retry: int = 15
    expire: int = 86_400
    ttl: int = 30


@dataclass(frozen=True, slots=True)
class Head:
    """What the messages of one answer begin with; `question` is bytes as they were asked."""

    id: int
    flags: int
    question: bytes
    opt: bytes = b""

    def around(self, count: int, body: bytes) -> bytes:
        """One message: header, question, answers, OPT (RFC 6891) where the question had one."""
        counts = pack("!6H", self.id, self.flags, bool(self.question), count, 0, bool(self.opt))
        return b"".join((counts, self.question, body, self.opt))


def encoded(name: str) -> bytes:
    """A name without final dot as labels with lengths; `""` is the root."""
    labels = name.encode("ascii").split(b".") if name else []
    return b"".join(_LENGTH[len(label)] + label for label in labels) + b"\0"


def newer(one: int, other: int) -> bool:
    """Whether serial `one` comes after `other` (RFC 1982 3.2)."""
    return 0 < (one - other) % (1 << 32) < _HALF


def next_serial(before: int | None, now: int) -> int:
    """The clock where it lies ahead, else one more: a clock set back makes no serial smaller."""
    clock = now % (1 << 32)
    if before is None:
        return clock or 1
    one_more = (before + 1) % (1 << 32)
    return (clock if newer(clock, before) else one_more) or 1


def _tail(kind: int, ttl: int, data: bytes) -> bytes:
    return _ZONE + pack("!HHIH", kind, _IN, ttl, len(data)) + data


def nxdomain(ttl: int) -> tuple[bytes, ...]:
    """`CNAME .`: the name does not exist (draft-vixie-dnsop-dns-rpz 3.1)."""
    return (_tail(CNAME, ttl, b"\0"),)


def passthru(ttl: int) -> tuple[bytes, ...]:
    """`CNAME rpz-passthru.`: as if there were no policy, in this zone and in later ones."""
    return (_tail(CNAME, ttl, encoded("rpz-passthru")),)


def addresses(found: Iterable[str], ttl: int) -> tuple[bytes, ...]:
    """Local data: the addresses of the warning page."""
    parsed = [ipaddress.ip_address(one) for one in found]
    return tuple(_tail(A if ip.version == 4 else AAAA, ttl, ip.packed) for ip in parsed)


def target(host: str, ttl: int) -> tuple[bytes, ...]:
    """Local data: an alias of the warning page's host."""
    return (_tail(CNAME, ttl, encoded(host)),)


def records(entry: bytes, tails: Sequence[bytes]) -> list[bytes]:
    """The records of an entry (`owners.entry`): its name, and `*` below it where it reaches."""
    labels = [part for part in entry.split(b"\0") if part]
    made = []
    for owner in tails:
        for label in labels:
            owner = _LENGTH[len(label)] + label + owner
        made.append(owner)
    if entry[-2]:
        made += [b"\1*" + one for one in made]
    return made


def soa(serial: int, timers: Timers) -> bytes:
    """The SOA of a zone at one of its versions."""
    names = encoded("localhost") + encoded("hostmaster.localhost")
    times = (timers.refresh, timers.retry, timers.expire, timers.ttl)
    return _tail(SOA, timers.ttl, names + pack("!5I", serial, *times))


def apex(timers: Timers) -> bytes:
    """The NS that a zone must have; nobody follows it."""
    return _tail(NS, timers.ttl, encoded("localhost"))


def messages(head: Head, chunks: Iterable[Chunk]) -> Iterator[bytes]:
    """All chunks in as few messages as they fill, in order; one empty message for none."""
    count, size, parts, sent = 0, 0, list[bytes](), False
    for records, body in chunks:
        if parts and size + len(body) > MESSAGE_MAX:
            yield head.around(count, b"".join(parts))
            count, size, parts, sent = 0, 0, [], True
        count, size = count + records, size + len(body)
        parts.append(body)
    if parts or not sent:
        yield head.around(count, b"".join(parts))

"""A zone and its versions: what stands, the changes that led there, and how a peer catches up."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fanzha.adapters.dns import wire
from fanzha.adapters.dns.pages import Pages

__all__ = ["Delta", "Journal", "Served", "Transfer", "Zone"]


@dataclass(frozen=True, slots=True)
class Journal:
    """How much of the past is kept for IXFR: versions, and bytes of records."""

    versions: int = 1_000
    bytes: int = 16_000_000


@dataclass(frozen=True, slots=True)
class Delta:
    """From one version to the next (RFC 1995 4)."""

    before: int
    after: int
    removed: tuple[wire.Chunk, ...]
    added: tuple[wire.Chunk, ...]

    @property
    def size(self) -> int:
        return sum(len(body) for _, body in (*self.removed, *self.added))


@dataclass(frozen=True, slots=True)
class Transfer:
    """What is sent to a peer, and its kind: `axfr`, `ixfr`, or `current`, the SOA alone."""

    kind: str
    chunks: Iterable[wire.Chunk]


@dataclass(frozen=True, slots=True)
class Served:
    """One version of a zone, ready to be sent. It never changes: a transfer that began with it
    ends with it."""

    name: str
    serial: int
    timers: wire.Timers
    pages: tuple[wire.Chunk, ...]
    journal: tuple[Delta, ...] = ()

    def soa(self, serial: int | None = None) -> wire.Chunk:
        return 1, wire.soa(self.serial if serial is None else serial, self.timers)

    def whole(self) -> Transfer:
        """AXFR (RFC 5936 2.2): the SOA, everything, the SOA again."""
        return Transfer("axfr", (self.soa(), (1, wire.apex(self.timers)), *self.pages, self.soa()))

    def since(self, serial: int) -> Transfer:
        """IXFR (RFC 1995 2-4). The SOA alone where the peer has this version or says that it has a
        later one; the whole zone where the way from its version is not kept, or is the longer."""
        if serial == self.serial or wire.newer(serial, self.serial):
            return Transfer("current", (self.soa(),))
        start = next((n for n, one in enumerate(self.journal) if one.before == serial), None)
        if start is None:
            return self.whole()
        way = self.journal[start:]
        if sum(one.size for one in way) > sum(len(body) for _, body in self.pages):
            return self.whole()
        return Transfer("ixfr", self._along(way))

    def _along(self, way: Sequence[Delta]) -> Iterator[wire.Chunk]:
        yield self.soa()
        for delta in way:
            yield self.soa(delta.before)
            yield from delta.removed
            yield self.soa(delta.after)
            yield from delta.added
        yield self.soa()

    @property
    def digest(self) -> str:
        """Of everything but the serial: whether a restart came to the same zone."""
        found = hashlib.sha256(wire.soa(0, self.timers) + self.name.encode())
        for _, body in self.pages:
            found.update(body)
        return found.hexdigest()


class Zone:
    """One zone of one action. `tails` are the bytes that follow an owner, a record each;
    `serial_after` gives the next serial and has written it down before it is used."""

    def __init__(
        self,
        name: str,
        tails: Sequence[bytes],
        timers: wire.Timers,
        serial_after: Callable[[int | None], int],
        journal: Journal | None = None,
    ) -> None:
        self.name = name
        self.pages = Pages(tails)
        self._tails = tails
        self._timers = timers
        self._serial_after = serial_after
        self._bounds = journal or Journal()
        self._journal: deque[Delta] = deque()
        self.serial: int | None = None

    def fill(
        self, pairs: Iterable[tuple[bytes, int]], now: int, before: tuple[int, str] | None
    ) -> Served:
        """Begin with everything. `before` is the serial and digest of a former run: the same zone
        keeps its serial, so that nobody fetches it again; any other gets a later one."""
        self.pages.fill(pairs, now)
        self._journal.clear()
        self.serial = before[0] if before is not None else None
        if before is not None and self.served().digest == before[1]:
            return self.served()
        self.serial = self._serial_after(self.serial)
        return self.served()

    def change(self, changes: Mapping[bytes, int | None], now: int) -> Served | None:
        """The next version; None where nothing changes on the wire."""
        assert self.serial is not None, "a zone is filled before it is changed"
        found = self.pages.change(changes, now)
        if not found:
            return None
        before, self.serial = self.serial, self._serial_after(self.serial)
        removed, added = (self._chunks(part) for part in (found.removed, found.added))
        self._journal.append(Delta(before, self.serial, removed, added))
        kept = sum(delta.size for delta in self._journal)
        while self._journal and (
            len(self._journal) > self._bounds.versions or kept > self._bounds.bytes
        ):
            kept -= self._journal.popleft().size
        return self.served()

    def served(self) -> Served:
        """This version."""
        assert self.serial is not None, "a zone is filled before it is served"
        return Served(
            self.name, self.serial, self._timers, self.pages.chunks(), tuple(self._journal)
        )

    def _chunks(self, entries: Iterable[bytes]) -> tuple[wire.Chunk, ...]:
        chunks: list[wire.Chunk] = []
        parts: list[bytes] = []
        size = 0
        for record in (one for entry in entries for one in wire.records(entry, self._tails)):
            if size + len(record) > wire.MESSAGE_MAX:
                chunks.append((len(parts), b"".join(parts)))
                parts, size = [], 0
            parts.append(record)
            size += len(record)
        if parts:
            chunks.append((len(parts), b"".join(parts)))
        return tuple(chunks)

"""A zone's entries in order, cut into pages whose wire bytes are ready to be sent.

An entry below a standing one is covered: it is kept and not written, because an owner between a
wildcard and a name would hide the wildcard from it (RFC 4592 3.3.1, the closest encloser). So a
name is answered by the zone exactly where an entry matches it, whatever else stands.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

from fanzha.adapters.dns import wire

__all__ = ["Difference", "Page", "Pages"]

_FULL, _MANY = 50_000, 4_000
"""Bytes on the wire, and entries, at which a page is closed."""
_NEVER = 1 << 32


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, sorted, and what of them is written. `cover` is the entry of an earlier page that
    covers the first ones, `cover_after` the one that may cover the next page."""

    first: bytes
    entries: bytes
    """One a line; no label holds a line's end."""
    ends: array[int]
    written: bytes
    """A byte an entry, 1 where it is written."""
    chunk: wire.Chunk
    cover: bytes | None
    cover_after: bytes | None
    wakes_at: int
    """The first instant at which something written ends."""
    sleeps_before: int
    """Before this instant something that has ended had not: clocks are set back."""

    def is_as_at(self, now: int) -> bool:
        return self.sleeps_before <= now < self.wakes_at

    def pairs(self) -> Iterator[tuple[bytes, int]]:
        return zip(self.entries.split(b"\n"), self.ends, strict=True)

    def shown(self) -> list[bytes]:
        """The entries that are written."""
        return list(compress(self.entries.split(b"\n"), self.written))


@dataclass(frozen=True, slots=True)
class Difference:
    """Entries whose records left and came."""

    removed: list[bytes]
    added: list[bytes]

    def __bool__(self) -> bool:
        return bool(self.removed or self.added)


class Pages:
    """All pages of a zone. One thread changes them; a page never changes, so `chunks` taken at one
    time stays what it was."""

    def __init__(self, tails: Sequence[bytes]) -> None:
        self._tails = tails
        self._pages: list[Page] = []
        self._firsts: list[bytes] = []

    def __len__(self) -> int:
        return sum(len(page.ends) for page in self._pages)

    def chunks(self) -> tuple[wire.Chunk, ...]:
        return tuple(page.chunk for page in self._pages if page.chunk[0])

    def pairs(self) -> Iterator[tuple[bytes, int]]:
        """Every entry and its end, in order, covered and ended ones too."""
        for page in self._pages:
            yield from page.pairs()

    def among(self, entries: Iterable[bytes]) -> dict[bytes, int]:
        """Those of `entries` that are here, with their ends."""
        found = {}
        for page, mine in self._shares(entries):
            if page is not None and mine:
                here = dict(page.pairs())
                found.update({entry: here[entry] for entry in mine if entry in here})
        return found

    def fill(self, pairs: Iterable[tuple[bytes, int]], now: int) -> None:
        """Everything anew; `pairs` of entry and end are sorted."""
        self._keep(list(_made(pairs, None, now, self._tails)))

    def change(self, changes: Mapping[bytes, int | None], now: int) -> Difference:
        """Entries that come or get another end, and (None) that go; and whatever ended by `now`."""
        found = Difference([], [])
        pages: list[Page] = []
        cover: bytes | None = None
        for page, mine in self._shares(changes):
            if page is not None and not mine and page.is_as_at(now):
                over = cover if cover is not None and page.first.startswith(cover) else None
                if over == page.cover:
                    pages.append(page)
                    cover = page.cover_after
                    continue
            pairs = dict(page.pairs()) if page is not None else {}
            for entry in mine:
                end = changes[entry]
                if end is None:
                    pairs.pop(entry, None)
                else:
                    pairs[entry] = end
            made = list(_made(sorted(pairs.items()), cover, now, self._tails))
            _compare(page, made, found)
            pages += made
            if made:
                cover = made[-1].cover_after
        self._keep(pages)
        return found

    def _shares(self, changes: Iterable[bytes]) -> Iterator[tuple[Page | None, list[bytes]]]:
        """Every page with the entries that fall into it."""
        if not self._pages:
            yield None, list(changes)
            return
        shares: dict[int, list[bytes]] = {}
        for entry in changes:
            shares.setdefault(max(bisect_right(self._firsts, entry) - 1, 0), []).append(entry)
        for at, page in enumerate(self._pages):
            yield page, shares.get(at, [])

    def _keep(self, pages: list[Page]) -> None:
        self._pages = pages
        self._firsts = [page.first for page in pages]


def _compare(before: Page | None, after: list[Page], found: Difference) -> None:
    old = set(before.shown()) if before is not None else set[bytes]()
    new = {entry for page in after for entry in page.shown()}
    found.removed.extend(old - new)
    found.added.extend(new - old)


class _Making:
    """A page that is being filled."""

    def __init__(self, cover: bytes | None) -> None:
        self.cover = cover
        self.entries: list[bytes] = []
        self.ends = array("I")
        self.written = bytearray()
        self.records: list[bytes] = []
        self.size = 0
        self.wakes_at, self.sleeps_before = _NEVER, 0

    def made(self, cover_after: bytes | None) -> Page:
        return Page(
            self.entries[0], b"\n".join(self.entries), self.ends, bytes(self.written),
            (len(self.records), b"".join(self.records)), self.cover, cover_after,
            self.wakes_at, self.sleeps_before,
        )  # fmt: skip


def _made(
    pairs: Iterable[tuple[bytes, int]], cover: bytes | None, now: int, tails: Sequence[bytes]
) -> Iterator[Page]:
    page: _Making | None = None
    for entry, end in pairs:
        if cover is not None and not entry.startswith(cover):
            cover = None
        if page is None:
            page = _Making(cover)
        page.entries.append(entry)
        page.ends.append(end)
        ended = 0 < end <= now
        if cover is not None or ended:
            page.written.append(0)
            if cover is None:
                page.sleeps_before = max(page.sleeps_before, end)
        else:
            page.written.append(1)
            made = wire.records(entry, tails)
            page.records += made
            page.size += sum(map(len, made))
            if end:
                page.wakes_at = min(page.wakes_at, end)
            if entry[-2]:
                cover = entry
        if page.size >= _FULL or len(page.entries) >= _MANY:
            yield page.made(cover)
            page = None
    if page is not None:
        yield page.made(cover)

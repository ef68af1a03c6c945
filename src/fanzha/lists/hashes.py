"""The list of pages as short hashes: whoever has it need not tell us where people go.

A client holds the first four bytes of every hash. It takes an address apart (`lists.expressions`),
hashes each expression, and where one begins like an entry asks us for the hashes that begin so: we
learn four bytes of a hash, which a great many addresses share. It compares the whole hash itself.

A name with all below it is the expression `name/`. One that stands for itself alone is too, marked
`alone`: it counts only where the host of the address is that name. Protected ones are told as well:
where one of them meets, nothing else counts. An entry for a name above what somebody registered, or
more than three labels below it, is met by no expression but that of its own host.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from fanzha.lists.expressions import of_expression
from fanzha.lists.files import Head, head_lines
from fanzha.lists.form import Effect, Kind, Lists, Match
from fanzha.lists.hits import Hit
from fanzha.values.writing import refused

__all__ = ["PREFIX", "FullHash", "Hashes"]

PREFIX = 4
"""Bytes of a hash that clients hold."""
_SIZE = 32


@dataclass(frozen=True, slots=True)
class FullHash:
    """An entry, told to whoever asked for how it begins."""

    digest: bytes
    alone: bool
    hit: Hit


class Hashes:
    """Pages and names of a whole list that are refused, warned of or protected, as hashes in
    order."""

    def __init__(self, lists: Lists) -> None:
        self._held = sorted(_held(lists.entries), key=lambda one: (one.digest, one.alone))
        self._digests = [one.digest for one in self._held]

    def prefixes(self, head: Head) -> bytes:
        """The file that clients hold: lines that begin with `#`, the last of which says how many,
        then the first four bytes of each hash, in order, none twice; as of `head.made_at`."""
        running = self._running(0, len(self._held), head.made_at)
        every = sorted({one.digest[:PREFIX] for one in running})
        lines = [*head_lines(head, "#"), f"# Prefixes: {len(every)} of {PREFIX} bytes"]
        return "".join(f"{line}\n" for line in lines).encode("utf-8") + b"".join(every)

    def find(self, prefix: bytes, now: int) -> list[FullHash]:
        """Every hash that begins with `prefix`, of 4 to 32 bytes. Raises Refused where it is
        shorter: that would be asking for the list."""
        if not PREFIX <= len(prefix) <= _SIZE:
            raise refused(
                "hash_prefix", "哈希前缀须为 4 至 32 字节", "a prefix has 4 to 32 bytes", "prefix"
            )
        first = bisect_left(self._digests, prefix)
        end = bisect_left(self._digests, prefix + b"\xff" * (_SIZE + 1 - len(prefix)))
        return self._running(first, end, now)

    def _running(self, first: int, end: int, now: int) -> list[FullHash]:
        return [one for one in self._held[first:end] if not 0 < one.hit.ends_at <= now]


def _held(entries: pa.Table) -> Iterator[FullHash]:
    effects = pa.array([Effect.WARN, Effect.REFUSE, Effect.ALLOW], pa.uint8())
    kinds = pc.is_in(entries["kind"], pa.array([Kind.NAME, Kind.URL], pa.uint8()))
    taken = entries.filter(pc.and_(pc.is_in(entries["effect"], effects), kinds))
    for kind, match, key, effect, code, ends_at in zip(
        *(column.to_pylist() for column in taken.columns), strict=True
    ):
        hit = Hit(Effect(effect), code, ends_at)
        if kind == Kind.URL and match == Match.EXACT and len(key) == _SIZE:
            yield FullHash(key, False, hit)
        elif kind == Kind.NAME and match in (Match.EXACT, Match.BELOW):
            name = key.decode("ascii", "replace")
            yield FullHash(of_expression(name + "/"), match == Match.EXACT, hit)

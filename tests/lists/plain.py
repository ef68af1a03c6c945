"""The lists as a dictionary: what the index must answer, written as plainly as can be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from fanzha.lists import asked
from fanzha.lists.asked import Asked
from fanzha.lists.form import ENTRIES, Effect, Kind, Lists, Match
from fanzha.lists.hits import Hit

Key = tuple[int, int, bytes]
Entry = tuple[int, int, int]
READERS = {
    "numbers": asked.number,
    "senders": asked.sender,
    "names": asked.name,
    "urls": asked.url,
    "apps": asked.app,
}
_EFFECTS = frozenset(map(int, Effect))


def entries(rows: Sequence[Sequence[Any]], form: pa.Schema = ENTRIES) -> pa.Table:
    """A table of rows (ENTRIES or CHANGES)."""
    columns = list(zip(*rows, strict=True)) or [()] * len(form)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, form, strict=True)]
    return pa.table(arrays, schema=form)


class Plain:
    """What stands, by (kind, match, key)."""

    def __init__(self, table: pa.Table) -> None:
        self.held: dict[Key, Entry] = {}
        self.apply(table.append_column("gone", pa.array([False] * table.num_rows)))

    def apply(self, changes: pa.Table) -> None:
        for kind, match, key, *entry, gone in zip(
            *(column.to_pylist() for column in changes.columns), strict=True
        ):
            if gone:
                self.held.pop((kind, match, key), None)
            else:
                self.held[kind, match, key] = tuple(entry)

    def dump(self, version: int) -> Lists:
        return Lists(version, entries(sorted((*k, *e) for k, e in self.held.items())))

    def ask(self, question: Asked, now: int) -> Hit | None:
        met = [self.held.get(key) for kind, text in question for key in _met_by(kind, text)]
        hits = [
            Hit(Effect(e[0]), e[1], e[2])
            for e in met
            if e is not None and e[0] in _EFFECTS and not 0 < e[2] <= now
        ]
        return max(hits, key=lambda hit: hit.effect, default=None)


def _met_by(kind: Kind, text: bytes) -> Iterable[Key]:
    """Keys of entries that meet a key that is asked, the most specific first."""
    yield kind, Match.EXACT, text
    if kind in (Kind.NUMBER, Kind.SENDER):
        yield from ((kind, Match.PREFIX, text[:n]) for n in range(len(text), 0, -1))
    if kind is Kind.NAME:
        labels = text.split(b".")
        yield from ((kind, Match.BELOW, b".".join(labels[n:])) for n in range(len(labels)))

"""The lists in memory, as the wires ask them: what stands against a number, a name, a page."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from fanzha.errors import Refused
from fanzha.lists import asked
from fanzha.lists.asked import Asked
from fanzha.lists.form import ENTRIES, Effect, Kind, Lists, Match
from fanzha.lists.hits import Hit, Hits, greatest

__all__ = ["Standing"]

_Key = tuple[int, int, bytes]
_Entry = tuple[int, int, int]
_EFFECTS = frozenset(map(int, Effect))


class Standing:
    """What stands at `version`. One thread may change it while others ask: they see all of a set of
    changes or nothing of it.

    Values are taken as people and networks write them. Where several entries meet, ALLOW wins, else
    the greatest effect, else the most specific entry. `now` is in seconds since 1970: an entry that
    has ended is no hit.
    """

    def __init__(self, entries: dict[_Key, _Entry], version: int) -> None:
        self._at = (version, entries)
        self._writing = threading.Lock()

    @classmethod
    def build(cls, entries: pa.Table, version: int, seed: int = 0) -> Standing:
        """From a whole list (ENTRIES). `seed`: unguessable where others may choose what is asked or
        listed, so that nobody can make values that slow it down."""
        return cls(dict(_rows(entries)), version)

    def apply(self, changes: pa.Table, version: int) -> None:
        """Go on to `version` by a set of changes (CHANGES). Raises Refused where it goes back."""
        with self._writing:
            before, entries = self._at
            if version < before:
                raise Refused(
                    "list_goes_back",
                    zh="名单的版本比现有的旧",
                    en="the changes lead to an older version than the one that stands",
                    field="version",
                )
            after = dict(entries)
            for (key, entry), gone in zip(_rows(changes), changes["gone"].to_pylist(), strict=True):
                if gone:
                    after.pop(key, None)
                else:
                    after[key] = entry
            self._at = (version, after)

    @property
    def version(self) -> int:
        return self._at[0]

    @property
    def nbytes(self) -> int:
        """Bytes of memory in use, the texts included."""
        return sum(len(key[2]) + 200 for key in self._at[1])

    def __len__(self) -> int:
        return len(self._at[1])

    def dump(self) -> Lists:
        """Everything that stands, ended entries included, sorted as ENTRIES says."""
        version, entries = self._at
        rows = sorted((*key, *entry) for key, entry in entries.items())
        columns = list(zip(*rows, strict=True)) or [()] * len(ENTRIES)
        arrays = [pa.array(c, f.type) for c, f in zip(columns, ENTRIES, strict=True)]
        return Lists(version, pa.table(arrays, schema=ENTRIES))

    def number(self, text: str, now: int) -> Hit | None:
        """A calling or called number."""
        return self._ask(asked.number(text), now)

    def sender(self, text: str, now: int) -> Hit | None:
        """The sender of a text: letters or a number."""
        return self._ask(asked.sender(text), now)

    def name(self, text: str, now: int) -> Hit | None:
        """A name that is resolved."""
        return self._ask(asked.name(text), now)

    def url(self, text: str, now: int) -> Hit | None:
        """An address that is opened: its expressions, and its host as a name."""
        return self._ask(asked.url(text), now)

    def app(self, digest: bytes, now: int) -> Hit | None:
        """SHA-256 of a package or of its signing certificate."""
        return self._ask(asked.app(digest), now)

    def numbers(self, values: pa.StringArray | Sequence[str], now: int) -> Hits:
        return self._batch(map(asked.number, _texts(values)), now)

    def senders(self, values: pa.StringArray | Sequence[str], now: int) -> Hits:
        return self._batch(map(asked.sender, _texts(values)), now)

    def names(self, values: pa.StringArray | Sequence[str], now: int) -> Hits:
        return self._batch(map(asked.name, _texts(values)), now)

    def urls(self, values: pa.StringArray | Sequence[str], now: int) -> Hits:
        return self._batch(map(asked.url, _texts(values)), now)

    def apps(self, digests: pa.BinaryArray | Sequence[bytes], now: int) -> Hits:
        return self._batch((asked.app(d) for d in _texts(digests)), now)

    def _batch(self, questions: Iterable[Asked], now: int) -> Hits:
        entries = self._at[1]
        hits = [self._ask(question, now, entries) for question in questions]
        return Hits(
            np.array([h.effect if h else 0 for h in hits], np.uint8),
            np.array([h.code if h else 0 for h in hits], np.uint64),
            np.array([h.ends_at if h else 0 for h in hits], np.uint32),
        )

    def _ask(self, keys: Asked, now: int, entries: dict[_Key, _Entry] | None = None) -> Hit | None:
        known = self._at[1] if entries is None else entries
        found = (known.get(key) for kind, text in keys for key in _met_by(kind, text))
        return greatest(
            Hit(Effect(entry[0]), entry[1], entry[2])
            for entry in found
            if entry is not None and entry[0] in _EFFECTS and not 0 < entry[2] <= now
        )


def _met_by(kind: Kind, text: bytes) -> list[_Key]:
    """Keys of entries that meet a key that is asked, the most specific first."""
    exact: _Key = (kind, Match.EXACT, text)
    if kind in (Kind.NUMBER, Kind.SENDER):
        return [exact, *((kind, Match.PREFIX, text[:n]) for n in range(len(text), 0, -1))]
    if kind is Kind.NAME:
        labels = text.split(b".")
        return [exact, *((kind, Match.BELOW, b".".join(labels[n:])) for n in range(len(labels)))]
    return [exact]


def _rows(table: pa.Table) -> Iterable[tuple[_Key, _Entry]]:
    table = table.select(ENTRIES.names).cast(ENTRIES)
    for kind, match, key, *entry in zip(*(c.to_pylist() for c in table.columns), strict=True):
        yield (kind, match, key), tuple(entry)


def _texts(values: pa.Array | Sequence[Any]) -> Sequence[Any]:
    return values.to_pylist() if isinstance(values, pa.Array | pa.ChunkedArray) else values

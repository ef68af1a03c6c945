"""The lists in memory, as the wires ask them: what stands against a number, a name, a page.

Entries lie in levels, as in a log-structured tree: the whole list, and above it the changes since,
in runs of which each is at most an eighth of the next. A set of changes makes new runs and puts
them in place of the old by one assignment, so whoever asks meanwhile sees all of it or nothing. No
table is ever changed or more than five eighths full; what has gone leaves with the next merging.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fanzha.errors import Refused
from fanzha.lists import asked, batch, kernel
from fanzha.lists.asked import Asked
from fanzha.lists.batch import Column, Written
from fanzha.lists.form import Kind, Lists
from fanzha.lists.hits import Hit, Hits
from fanzha.lists.level import (
    Level,
    Run,
    addresses,
    index,
    merged,
    run_of,
    seed_words,
    table_of,
)

__all__ = ["Standing"]

_RATIO = 8
_SMALL = 4_096
"""Runs up to so many entries are merged whatever their sizes: it takes a millisecond."""

Texts: TypeAlias = pa.Array | pa.ChunkedArray | Sequence[str]


@dataclass(frozen=True, slots=True)
class _State:
    """One version, whole: what an asking thread holds on to while it asks."""

    version: int
    entries: int
    seed: npt.NDArray[np.uint64]
    levels: tuple[Level, ...]
    addresses: npt.NDArray[np.int64]
    reach: npt.NDArray[np.uint64]

    @property
    def pages(self) -> bool:
        """Whether any entry is of a page."""
        return bool(self.reach[kernel.OF_PAGES])


class Standing:
    """What stands at `version`. One thread may change it while others ask: they see all of a set of
    changes or nothing of it.

    Values are taken as people and networks write them. Where several entries meet, ALLOW wins, else
    the greatest effect, else the most specific entry. `now` is in seconds since 1970: an entry that
    has ended is no hit.
    """

    def __init__(self, run: Run, version: int, seed: int) -> None:
        self._seed = seed_words(seed)
        self._writing = threading.Lock()
        self._state = self._made(version, len(run), (index(run, self._seed),))

    @classmethod
    def build(cls, entries: pa.Table, version: int, seed: int = 0) -> Standing:
        """From a whole list (ENTRIES). `seed`: unguessable where others may choose what is asked or
        listed, so that nobody can make values that slow it down."""
        return cls(run_of(entries), version, seed)

    def apply(self, changes: pa.Table, version: int) -> None:
        """Go on to `version` by a set of changes (CHANGES). Raises Refused where it goes back."""
        with self._writing:
            before = self._state
            if version < before.version:
                raise Refused(
                    "list_goes_back",
                    zh="名单的版本比现有的旧",
                    en="the changes lead to an older version than the one that stands",
                    field="version",
                )
            run = run_of(changes)
            stood = kernel.standing(before.addresses, self._seed, run.rows, run.text)
            gone = run.rows[2 :: kernel.ROW] >> np.uint64(kernel.GONE) & np.uint64(1)
            entries = before.entries - stood + len(run) - int(gone.sum())
            levels = list(before.levels)
            while levels and len(levels[-1].run) <= max(_SMALL, _RATIO * len(run)):
                below = levels.pop()
                run = merged(below.run, run, keep_gone=bool(levels))
            levels.append(index(run, self._seed))
            self._state = self._made(version, entries, tuple(levels))

    @property
    def version(self) -> int:
        return self._state.version

    @property
    def nbytes(self) -> int:
        """Bytes of memory in use, the texts included."""
        return sum(level.nbytes for level in self._state.levels)

    def __len__(self) -> int:
        return self._state.entries

    def dump(self) -> Lists:
        """Everything that stands, ended entries included, as ENTRIES has it."""
        state = self._state
        run = state.levels[-1].run
        for place, level in reversed(list(enumerate(state.levels[:-1]))):
            run = merged(level.run, run, keep_gone=place > 0)
        return Lists(state.version, table_of(run))

    # ── one value ────────────────────────────────────────────────────────────────────────────────

    def number(self, text: str, now: int) -> Hit | None:
        """A calling or called number."""
        return self.ask([asked.number(text)], now)[0]

    def sender(self, text: str, now: int) -> Hit | None:
        """The sender of a text: letters or a number."""
        return self.ask([asked.sender(text)], now)[0]

    def name(self, text: str, now: int) -> Hit | None:
        """A name that is resolved."""
        return self.ask([asked.name(text)], now)[0]

    def url(self, text: str, now: int) -> Hit | None:
        """An address that is opened: its expressions, and its host as a name."""
        return self.ask([asked.url(text, pages=self._state.pages)], now)[0]

    def app(self, digest: bytes, now: int) -> Hit | None:
        """SHA-256 of a package or of its signing certificate."""
        return self.ask([asked.app(digest)], now)[0]

    # ── many ─────────────────────────────────────────────────────────────────────────────────────

    def ask(self, questions: Sequence[Asked], now: int) -> Hits:
        """Questions of any kinds, one hit each (`lists.asked` makes them)."""
        return _grouped(self._state, questions, now)

    def written(self, given: Written, now: int) -> Hits:
        """Values of any kinds as they are written, one hit each; kind 0 is asked nothing."""
        state = self._state
        kinds, plain = batch.plain(given)
        hits = _asked(state, kinds, plain, now)
        others: list[int] = np.flatnonzero(kinds != given.kinds).tolist()
        if others:
            questions = [
                asked.any_of(int(given.kinds[row]), given.value(row), pages=state.pages)
                for row in others
            ]
            found = _grouped(state, questions, now)
            hits.effect[others] = found.effect
            hits.code[others] = found.code
            hits.ends_at[others] = found.ends_at
        return hits

    def numbers(self, values: Texts, now: int) -> Hits:
        return self.written(batch.written(batch.column(values), Kind.NUMBER), now)

    def senders(self, values: Texts, now: int) -> Hits:
        """Of few senders come many texts: each is asked once."""
        told = batch.array_of(values).dictionary_encode()
        state = self._state
        texts = [
            text.decode("utf-8", "replace") if isinstance(text, bytes) else text
            for text in told.dictionary.to_pylist()
        ]
        hits = _grouped(state, [asked.sender(text or "") for text in texts], now)
        place = told.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
        return Hits(
            *(
                np.append(part, part.dtype.type(0))[place]
                for part in (hits.effect, hits.code, hits.ends_at)
            )
        )

    def names(self, values: Texts, now: int) -> Hits:
        return self.written(batch.written(batch.column(values), Kind.NAME), now)

    def urls(self, values: Texts, now: int) -> Hits:
        return self.written(batch.written(batch.column(values), Kind.URL), now)

    def apps(self, digests: pa.Array | pa.ChunkedArray | Sequence[bytes], now: int) -> Hits:
        return self.written(batch.written(batch.column(digests), Kind.APP), now)

    def _made(self, version: int, entries: int, levels: tuple[Level, ...]) -> _State:
        reach = np.bitwise_or.reduce([level.reach for level in levels])
        return _State(version, entries, self._seed, levels, addresses(levels), reach)


def _grouped(state: _State, questions: Sequence[Asked], now: int) -> Hits:
    keys = batch.keys_of(questions)
    each = _asked(state, keys.kinds, keys.column, now)
    hits = _nothing(len(questions))
    kernel.greatest(
        keys.groups, each.effect, each.code, each.ends_at, hits.effect, hits.code, hits.ends_at
    )
    return hits


def _asked(state: _State, kinds: npt.NDArray[np.uint8], keys: Column, now: int) -> Hits:
    hits = _nothing(len(kinds))
    kernel.ask(
        state.addresses, state.reach, state.seed, kinds, keys.offsets, keys.text, now,
        hits.effect, hits.code, hits.ends_at, np.empty(kernel.AHEAD, np.uint64),
    )  # fmt: skip
    return hits


def _nothing(count: int) -> Hits:
    return Hits(np.zeros(count, np.uint8), np.zeros(count, np.uint64), np.zeros(count, np.uint32))

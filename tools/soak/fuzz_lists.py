"""What is fuzzed of lists: packed bodies, frames of the local socket, entries and changes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

from fanzha.adapters.lists.packing import pack, unpack
from fanzha.entrypoints.edge.frames import question, read
from fanzha.errors import Refused
from fanzha.lists.form import Effect, Kind, Match
from fanzha.lists.index import Standing
from fanzha.testing.lists import Entry, MemoryLists, entry
from tools.soak.mutate import broken, text

Case = Callable[[Random], None]
_KEYS = ("95588", "+8615400000001", "1069", "bank", "bad.example", "a.bad.example", "银行", "")
_AT_ONCE = 8


def _entry(chance: Random) -> Entry:
    key = chance.choice((*_KEYS, text(chance)))
    return entry(
        chance.choice(list(Kind)),
        key.encode("utf-8", "replace")[:4000],
        chance.choice(list(Effect)),
        chance.getrandbits(64),
        match=chance.choice(list(Match)),
        ends_at=chance.choice((0, 5, 2**32 - 1)),
    )


@contextmanager
def bodies() -> Iterator[Case]:
    """Broken bodies of lists: a list that can be asked, or Refused."""
    lists = MemoryLists([_entry(Random(n)) for n in range(40)])
    for n in range(5):
        lists.put(_entry(Random(100 + n)))
    changes = lists.changes(1, 0)
    assert changes is not None
    whole = [pack(one, made_at=1, centre="x") for one in (lists.whole(), changes)]

    def case(chance: Random) -> None:
        with contextlib.suppress(Refused):
            found = unpack(broken(chance, chance.choice(whole)), opened_max=64 << 20).lists
            standing = Standing.build(found.entries.select(range(6)), found.version)
            standing.number("95588", 0)
            standing.dump()

    yield case


@contextmanager
def asked() -> Iterator[Case]:
    """Frames, whole and broken, of any values: answered as often as asked, or Refused."""
    standing = Standing.build(
        MemoryLists([_entry(Random(n)) for n in range(60)]).whole().entries, 1
    )

    def case(chance: Random) -> None:
        items = [
            (
                chance.choice(list(Kind)),
                chance.choice((*_KEYS, text(chance))).encode("utf-8", "replace"),
            )
            for _ in range(chance.randint(0, 6))
        ]
        frame = question([(int(kind), value[:9000]) for kind, value in items])
        if chance.random() < 0.5:
            frame = broken(chance, frame)
        with contextlib.suppress(Refused):
            asking = read(frame, _AT_ONCE)
            hits = standing.written(asking.questions, 3)
            assert len(hits) == sum(asking.counts)

    yield case


@contextmanager
def changed() -> Iterator[Case]:
    """Any changes in any order come to what a list built at once comes to."""

    def case(chance: Random) -> None:
        lists = MemoryLists([_entry(chance) for _ in range(chance.randint(0, 12))])
        standing = Standing.build(lists.whole().entries, 1, chance.getrandbits(64))
        for _ in range(chance.randint(0, 5)):
            some = [_entry(chance) for _ in range(chance.randint(1, 8))]
            before = lists.version
            (lists.put if chance.random() < 0.6 else lists.take_out)(*some)
            changes = lists.changes(before, 0)
            if changes is not None:
                standing.apply(changes.entries, changes.version)
        assert standing.dump().entries.equals(lists.whole().entries)
        assert len(standing) == lists.whole().entries.num_rows

    yield case

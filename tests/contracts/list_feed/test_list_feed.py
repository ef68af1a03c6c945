"""What every feed of lists must do: in memory, and over HTTP from a server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from fanzha.adapters.lists.http import HttpListFeed
from fanzha.errors import FanzhaError, Refused, Unavailable
from fanzha.lists.form import CHANGES, ENTRIES, Effect, Kind, Match
from fanzha.lists.index import Standing
from fanzha.ports.list_feed import ListFeed
from fanzha.testing.lists import MemoryLists, entry
from fanzha.values import reserved
from tests.adapters.lists.served import KEY, PUBLIC, serving

NUMBER = reserved.mobile(1)
ONE = entry(Kind.NUMBER, NUMBER, Effect.REFUSE, 5)
TWO = entry(Kind.NAME, "bad.example", Effect.WARN, 6, match=Match.BELOW)


@dataclass
class Road:
    lists: MemoryLists
    open: Callable[[], ListFeed]


@pytest.fixture(params=["memory", "http"])
def road(request: pytest.FixtureRequest) -> Iterator[Road]:
    lists = MemoryLists([ONE], keep=3)
    if request.param == "memory":
        yield Road(lists, lambda: lists)
        return
    opened: list[HttpListFeed] = []
    with serving(lists) as centre:

        def feed() -> HttpListFeed:
            opened.append(HttpListFeed(centre.url, KEY, PUBLIC))
            return opened[-1]

        yield Road(lists, feed)
        for one in opened:
            one.close()


def test_the_whole_list_and_what_changes(road: Road) -> None:
    feed = road.open()
    whole = feed.whole()
    assert (whole.version, whole.since) == (1, None)
    assert whole.entries.schema.equals(ENTRIES)
    assert feed.changes(1, 0) is None
    road.lists.put(TWO)
    road.lists.take_out(ONE)
    changes = feed.changes(1, 0)
    assert changes is not None
    assert (changes.version, changes.since) == (3, 1)
    assert changes.entries.schema.equals(CHANGES)
    standing = Standing.build(whole.entries, whole.version)
    standing.apply(changes.entries, changes.version)
    assert standing.dump().entries.equals(feed.whole().entries)
    assert standing.number(NUMBER, 0) is None
    assert standing.name("a.bad.example", 0) is not None


def test_an_empty_list_is_a_list(road: Road) -> None:
    road.lists.take_out(ONE)
    assert road.open().whole().entries.num_rows == 0


def test_changes_that_are_no_longer_kept(road: Road) -> None:
    feed = road.open()
    for _ in range(5):
        road.lists.put(TWO)
    for since in (1, 99):
        with pytest.raises(Refused) as caught:
            feed.changes(since, 0)
        assert caught.value.code == "too_old"
    assert feed.changes(4, 0) is not None


def test_waiting_ends_as_soon_as_something_changes(road: Road) -> None:
    feed = road.open()
    assert feed.changes(1, 0.05) is None
    threading.Timer(0.2, road.lists.put, [TWO]).start()
    begun = time.monotonic()
    changes = feed.changes(1, 20)
    assert time.monotonic() - begun < 20
    assert changes is not None
    assert changes.version == 2


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (Unavailable("x", zh="不在", en="away"), Unavailable),
        (Refused("x", zh="不许", en="no"), Refused),
    ],
)
def test_failures_are_named_for_what_to_do(
    road: Road, problem: FanzhaError, kind: type[FanzhaError]
) -> None:
    feed = road.open()
    for ask in (feed.whole, lambda: feed.changes(1, 0)):
        road.lists.problems = [problem]
        with pytest.raises(kind):
            ask()
    assert feed.whole().version == 1

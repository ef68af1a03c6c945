"""A zone against its own definition: which names it answers, and how a peer catches up."""

from __future__ import annotations

import io
from pathlib import Path

import dns.message
import dns.name
import dns.rdatatype
import dns.tsig
import dns.versioned
import dns.xfr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.adapters.dns import owners, pages, wire
from fanzha.adapters.dns.zone import Journal, Served, Zone
from fanzha.lists.form import Match
from tests.adapters.dns.secondary import content, lookup, names_in, serial_of, taken

NAME = "refuse.rpz.fanzha"
QUESTION = wire.encoded(NAME)
LABELS = st.sampled_from(["a", "b", "a-b", "b0"])
NAMES = st.lists(LABELS, min_size=2, max_size=4).map(".".join)
ENTRIES = st.tuples(NAMES, st.sampled_from([Match.EXACT, Match.BELOW]))
CHANGE = st.dictionaries(ENTRIES, st.sampled_from([None, 0, 100, 200]), max_size=6)
STEPS = st.lists(st.tuples(CHANGE, st.sampled_from([50, 100, 150, 250])), min_size=1, max_size=8)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is full soon, so that a few names make several."""
    monkeypatch.setattr(pages, "_MANY", 3)


def zone(journal: Journal | None = None) -> Zone:
    return Zone(NAME, wire.nxdomain(30), wire.Timers(), lambda b: wire.next_serial(b, 7), journal)


def copied(served: Served) -> dns.versioned.Zone:
    copy = dns.versioned.Zone(NAME)
    taken(copy, served.whole())
    return copy


def matched(name: str, entries: dict[tuple[str, Match], int], now: int) -> bool:
    """What the list says of a name."""
    return any(
        name == key or (match is Match.BELOW and name.endswith(f".{key}"))
        for (key, match), end in entries.items()
        if not 0 < end <= now
    )


@given(STEPS, st.lists(NAMES, min_size=10, max_size=10, unique=True))
@settings(max_examples=80)
def test_a_zone_answers_what_its_entries_match(
    steps: list[tuple[dict[tuple[str, Match], int | None], int]], asked: list[str]
) -> None:
    made = zone()
    standing: dict[tuple[str, Match], int] = {}
    versions = [made.fill([], 0, None)]
    copies = [copied(versions[0])]
    for change, now in steps:
        for entry, end in change.items():
            if end is None:
                standing.pop(entry, None)
            else:
                standing[entry] = end
        served = made.change({owners.entry(*e): end for e, end in change.items()}, now)
        assert len(made.pages) == len(standing)
        if served is not None:
            assert wire.newer(served.serial, versions[-1].serial)
            versions.append(served)
            copies.append(copied(served))
        enclosers = names_in(copies[-1])
        for name in asked:
            found = lookup(copies[-1], dns.name.from_text(name), enclosers) is not None
            assert found == matched(name, standing, now), name
    last = versions[-1]
    fresh = zone()
    pairs = sorted((owners.entry(*e), end) for e, end in standing.items())
    assert content(copied(fresh.fill(pairs, steps[-1][1], None))) == content(copies[-1])
    for version, copy in zip(versions, copies, strict=True):
        # From any version on, a peer comes to what a peer gets that fetches everything.
        taken(copy, last.since(version.serial), version.serial)
        assert content(copy) == content(copies[-1])
        assert serial_of(copy) == last.serial


def test_the_way_is_short_and_its_length_is_bounded() -> None:
    made = zone(Journal(versions=3))
    first = made.fill(sorted((owners.entry(f"n{k}.example", 0), 0) for k in range(50)), 1, None)
    served = first
    for k in range(4):
        served = made.change({owners.entry(f"x{k}.example", 2): 0}, 1) or served
    assert served.since(first.serial).kind == "axfr"  # its way is no longer kept
    assert served.since(served.journal[0].before).kind == "ixfr"
    assert served.since(served.serial).kind == "current"
    assert served.since(served.serial + 5).kind == "current"
    assert served.since(served.serial + (1 << 31) + 5).kind == "axfr"
    size = sum(len(body) for _, body in served.since(served.journal[-1].before).chunks)
    assert size < 400
    small = zone(Journal(bytes=100))
    begun = small.fill([], 1, None)
    many = small.change({owners.entry(f"y{k}.example", 2): 0 for k in range(50)}, 1)
    assert many is not None
    assert many.since(begun.serial).kind == "axfr"


def test_a_version_in_the_hands_of_a_peer_does_not_change() -> None:
    made = zone()
    first = made.fill(sorted((owners.entry(f"n{k}.example", 2), 0) for k in range(50)), 1, None)
    before = content(copied(first))
    made.change({owners.entry("example", 2): 0, owners.entry("n3.example", 2): None}, 1)
    assert content(copied(first)) == before


def test_a_large_zone_is_cut_into_messages_that_others_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    made = zone()
    names = sorted((owners.entry(f"{'x' * 50}.{k}.example", 2), 0) for k in range(3_000))
    served = made.fill(names, 1, None)
    copy = copied(served)
    assert len(copy.nodes) == 6_001
    head = wire.Head(1, 0x8400, QUESTION + b"\0\xfc\0\1")
    sizes = [len(message) for message in wire.messages(head, served.whole().chunks)]
    assert len(sizes) > 5
    assert max(sizes) < 65_000
    cleared = made.change(dict.fromkeys(entry for entry, _ in names), 1)
    assert cleared is not None
    taken(copy, cleared.since(served.serial), served.serial)
    assert content(copy) == {}


def test_text_of_a_zone_is_what_the_draft_says(tmp_path: Path) -> None:
    made = zone()
    copy = copied(made.fill([(owners.entry("bad.example", 2), 0)], 1, None))
    out = io.StringIO()
    copy.to_file(out, sorted=True)
    lines = [" ".join(line.split()) for line in out.getvalue().splitlines()]
    assert "bad.example 30 IN CNAME ." in lines
    assert "*.bad.example 30 IN CNAME ." in lines

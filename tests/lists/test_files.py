"""The files say what the index says, of the same list, and the same for the same."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.errors import Refused
from fanzha.lists import files
from fanzha.lists.expressions import expressions, hashes, of_expression
from fanzha.lists.files import Head
from fanzha.lists.form import Effect, Kind, Lists, Match
from fanzha.lists.hashes import PREFIX, Hashes
from fanzha.lists.index import Standing
from fanzha.testing.lists import Entry, entry
from fanzha.values import url
from tests.lists.plain import entries

HEAD = Head("反诈名单", "CC0-1.0\nevil: line", 12, 1_764_000_000, 1_764_000_000 + 90_000)
NAMES = ["bad.example", "a.bad.example", "b.a.bad.example", "worse.example", "example"]


def lists_of(rows: list[Entry]) -> Lists:
    unique = {row[:3]: row for row in rows}
    return Lists(12, entries(sorted(unique.values())))


LISTS = lists_of(
    [
        entry(Kind.NAME, "bad.example", Effect.REFUSE, 1, match=Match.BELOW),
        entry(Kind.NAME, "ok.bad.example", Effect.ALLOW, 0, match=Match.BELOW),
        entry(Kind.NAME, "x.ok.bad.example", Effect.REFUSE, 2),
        entry(Kind.NAME, "bank.example", Effect.ALLOW, 0, match=Match.BELOW),
        entry(Kind.NAME, "alone.example", Effect.WARN, 3),
        entry(Kind.NAME, "over.example", Effect.REFUSE, 4, ends_at=5),
        entry(Kind.NAME, "doubtful.example", Effect.LABEL, 5),
        entry(Kind.NUMBER, "95588", Effect.REFUSE, 6),
    ]
)


def test_the_files() -> None:
    names = files.names_in(LISTS, HEAD.made_at)
    head = (
        "# Title: 反诈名单\n# Version: 12\n# Made at: 2025-11-24T16:00:00Z\n"
        "# Expires at: 2025-11-25T17:00:00Z\n# Licence: CC0-1.0 evil: line\n"
    )
    assert (
        files.hosts(names, HEAD).decode() == head + "0.0.0.0 alone.example\n0.0.0.0 bad.example\n"
    )
    assert files.plain_names(names, HEAD).decode() == head + "alone.example\nbad.example\n"
    assert files.abp(names, HEAD).decode() == (
        "[Adblock Plus]\n" + head.replace("#", "!") + "! Expires: 25 hours\n"
        "://alone.example^\n|alone.example^\n||bad.example^\n@@||ok.bad.example^\n"
    )


@st.composite
def rows(draw: st.DrawFn) -> list[Entry]:
    one = st.builds(
        entry,
        st.just(Kind.NAME),
        st.sampled_from(NAMES),
        st.sampled_from(list(Effect)),
        st.integers(1, 99),
        match=st.sampled_from([Match.EXACT, Match.BELOW]),
        ends_at=st.sampled_from([0, 5, 4_000_000_000]),
    )
    return draw(st.lists(one, max_size=8))


@settings(max_examples=60)
@given(rows())
def test_no_name_is_in_a_file_that_the_index_lets_pass(given_rows: list[Entry]) -> None:
    lists, now = lists_of(given_rows), HEAD.made_at
    names = files.names_in(lists, now)
    standing = Standing.build(lists.entries, 1)
    stopped = {Effect.WARN, Effect.REFUSE}
    for name in files.plain_names(names, HEAD).decode().splitlines():
        if not name.startswith("#"):
            hit = standing.name(name, now)
            assert hit is not None
            assert hit.effect in stopped
    for name in NAMES:
        for asked in (name, f"x.{name}"):
            hit = standing.name(asked, now)
            assert filtered(names, asked) == (hit is not None and hit.effect in stopped)


def filtered(names: files.Names, name: str) -> bool:
    """As a filter engine reads the file."""
    labels = name.split(".")
    above = {".".join(labels[n:]) for n in range(len(labels))}
    if above & set(names.protected_below) or name in names.protected_alone:
        return False
    return bool(above & set(names.below)) or name in names.alone


@settings(max_examples=60)
@given(rows(), st.lists(st.sampled_from(["bad.example/", "a.bad.example/pay/"]), max_size=2))
def test_a_client_with_prefixes_finds_what_the_index_finds(
    given_rows: list[Entry], pages: list[str]
) -> None:
    given_rows = [row for row in given_rows if row[2] != b"example"]  # above what is registered
    more = [entry(Kind.URL, of_expression(page), Effect.REFUSE, 7) for page in pages]
    lists, now = lists_of([*given_rows, *more]), HEAD.made_at
    held, standing = Hashes(lists), Standing.build(lists.entries, 1)
    file = held.prefixes(HEAD)
    count = int(file.split(b"# Prefixes: ")[1].split(b" ")[0])
    packed = file[len(file) - PREFIX * count :]
    mine = {packed[at : at + PREFIX] for at in range(0, len(packed), PREFIX)}
    assert len(mine) == count
    assert packed == b"".join(sorted(mine))
    for host in NAMES:
        address = url.parse(f"https://{host}/pay/now?x")
        found = []
        for text, digest in zip(expressions(address), hashes(address), strict=True):
            if digest[:PREFIX] in mine:
                for full in held.find(digest[:PREFIX], now):
                    if full.digest == digest and (not full.alone or text.startswith(f"{host}/")):
                        found.append(full.hit.effect)
        hit = standing.url(address.normal, now)
        met = hit.effect if hit is not None and hit.effect != Effect.LABEL else None
        assert max(found, default=None) == met


def test_what_is_told_of_a_hash() -> None:
    held = Hashes(LISTS)
    told = {
        name: [(f.alone, f.hit.code) for f in held.find(of_expression(name + "/")[:PREFIX], 10)]
        for name in ("bad.example", "ok.bad.example", "alone.example", "over.example")
    }
    assert told == {
        "bad.example": [(False, 1)], "ok.bad.example": [(False, 0)], "alone.example": [(True, 3)],
        "over.example": [],
    }  # fmt: skip
    assert held.find(of_expression("bad.example/"), 10)[0].hit.effect is Effect.REFUSE
    assert held.find(bytes(4), 10) == held.find(b"\xff" * 32, 10) == []
    for prefix in (b"", b"abc", bytes(33)):
        with pytest.raises(Refused):
            held.find(prefix, 10)


def test_the_same_gives_the_same_bytes() -> None:
    digest = hashlib.sha256(Hashes(LISTS).prefixes(HEAD)).hexdigest()
    assert digest == hashlib.sha256(Hashes(LISTS).prefixes(HEAD)).hexdigest()
    assert files.abp(files.names_in(LISTS, 10), HEAD) == files.abp(files.names_in(LISTS, 10), HEAD)

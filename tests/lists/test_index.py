"""The index answers as a dictionary would, whatever stands, in whatever order it came."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.errors import Refused
from fanzha.lists import asked, batch, index
from fanzha.lists.expressions import expression, expressions, of_expression
from fanzha.lists.form import CHANGES, Effect, Kind, Match
from fanzha.lists.hits import Hit
from fanzha.lists.index import Standing
from fanzha.values import phone_number, url
from tests.lists.plain import READERS, Plain, entries

NUMBERS = [
    "+8615412345678",
    "+86154",
    "+8615412",
    "95588",
    "1069",
    "10690001",
    "+852987",
    "anonymous",
]
SENDERS = ["bank", "清澜银行", "b", "ba", "1069", "-", "清"]
NAMES = ["bad.example", "a.bad.example", "example", "b.a.bad.example", "xn--fiq228c.example"]
PAGES = ["bad.example/", "a.bad.example/pay/", "a.bad.example/pay/1.html?x", "127.0.0.1/"]
DIGESTS = [of_expression(text) for text in (*PAGES, "app")]
KEYS = {
    Kind.NUMBER: NUMBERS,
    Kind.SENDER: SENDERS,
    Kind.NAME: NAMES,
    Kind.URL: DIGESTS,
    Kind.APP: DIGESTS,
}
ASKED = {
    "numbers": [
        *NUMBERS, "15412345678", "8615412345678", "+8615412", "+86 154 1234 5679", "106900012345",
        "1064912345678", "0085298765432", "", "？", "x" * 5000, "154123456789", "+154123456789",
        "86154123456789",
    ],
    "senders": [
        *SENDERS, *NUMBERS, "BANK", " Bank ", "清澜银行客服", "10690001234", "＋86154", "",
    ],
    "names": [
        *NAMES, "c.b.a.bad.example", "BAD.example.", "notbad.example", "bad..example",
        "坏.example", "-a.example", "a.1", "",
    ],
    "urls": [
        "http://bad.example", "https://u:p@x.a.bad.example:8443/pay/1.html?x#y",
        "a.bad.example/pay/../pay/2", "http://127.0.0.1/x", "http://[::1]/", "::", "",
    ],
}  # fmt: skip
TIMES = st.sampled_from([0, 5, 10, 4_000_000_000])


@st.composite
def rows(draw: st.DrawFn, most: int = 25) -> list[tuple[Any, ...]]:
    """Entries over few keys, so that they meet; some of kinds and effects not known here."""
    found = []
    for _ in range(draw(st.integers(0, most))):
        kind = draw(st.sampled_from([*KEYS, 7]))
        key = draw(st.sampled_from(KEYS.get(kind, NUMBERS)))  # type: ignore[call-overload]
        found.append(
            (
                int(kind),
                draw(st.sampled_from([0, 0, 1, 2, 3])),
                key if isinstance(key, bytes) else key.encode(),
                draw(st.sampled_from([1, 2, 3, 9, 4, 0])),
                draw(st.integers(0, 2**64 - 1)),
                draw(TIMES),
            )
        )
    return found


@st.composite
def changes(draw: st.DrawFn) -> pa.Table:
    unique = {row[:3]: (*row, draw(st.booleans())) for row in draw(rows(12))}
    return entries(list(unique.values()), CHANGES)


def agree(standing: Standing, plain: Plain, now: int) -> None:
    assert len(standing) == len(plain.held)
    for name, texts in ASKED.items():
        expected = [plain.ask(READERS[name](text), now) for text in texts]
        hits = getattr(standing, name)(texts, now)
        assert [hits[row] for row in range(len(hits))] == expected, name
        assert [getattr(standing, name[:-1])(text, now) for text in texts] == expected
    hits = standing.apps(DIGESTS, now)
    assert [hits[row] for row in range(len(hits))] == [
        plain.ask(asked.app(digest), now) for digest in DIGESTS
    ]


@settings(max_examples=60)
@given(rows(), TIMES, st.integers(0, 2**128))
def test_a_whole_list_answers_as_a_dictionary(
    given_rows: list[tuple[Any, ...]], now: int, seed: int
) -> None:
    table = entries(given_rows)
    standing, plain = Standing.build(table, 1, seed), Plain(table)
    agree(standing, plain, now)
    assert standing.dump().entries.equals(plain.dump(1).entries)


@pytest.mark.parametrize("small", [0, 2, index._SMALL])
@settings(max_examples=30)
@given(first=rows(), sets=st.lists(changes(), max_size=8), now=TIMES)
def test_changes_answer_as_a_list_built_at_once(
    small: int, first: list[tuple[Any, ...]], sets: list[pa.Table], now: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "_SMALL", small)  # the smaller, the more levels there are
        patch.setattr(index, "_RATIO", 1)
        standing, plain = Standing.build(entries(first), 1), Plain(entries(first))
        for version, one in enumerate(sets, 2):
            standing.apply(one, version)
            plain.apply(one)
        agree(standing, plain, now)
        dumped = standing.dump()
    assert dumped.entries.equals(plain.dump(dumped.version).entries)
    assert (dumped.version, standing.version) == (1 + len(sets), 1 + len(sets))
    agree(Standing.build(dumped.entries, dumped.version, 5), plain, now)


@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3))
def test_large_lists_and_many_changes(seed: int, empty: int) -> None:
    rng = np.random.default_rng(seed)

    def drawn(count: int) -> list[tuple[Any, ...]]:
        return [
            (
                int(rng.integers(1, 4)), int(rng.integers(0, 3)),
                str(rng.integers(0, 3000)).encode(), int(rng.choice([1, 2, 3, 9])),
                int(rng.integers(1, 100)), int(rng.integers(0, 3)),
            )
            for _ in range(count)
        ]  # fmt: skip

    first = [] if empty == 0 else drawn(2000)
    standing, plain = Standing.build(entries(first), 0, seed), Plain(entries(first))
    for version in range(1, 6):
        some = {
            row[:3]: (*row, bool(rng.integers(0, 2))) for row in drawn(int(rng.integers(0, 900)))
        }
        standing.apply(entries(list(some.values()), CHANGES), version)
        plain.apply(entries(list(some.values()), CHANGES))
    texts = [str(n) for n in range(3000)]
    assert len(standing) == len(plain.held)
    for name in ("numbers", "senders", "names"):
        hits = getattr(standing, name)(pa.array(texts), 1)
        expected = [plain.ask(READERS[name](text), 1) for text in texts]
        assert [hits[row] for row in range(len(hits))] == expected


@settings(max_examples=30)
@given(st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=10))
def test_columns_of_any_form_are_asked_alike(texts: list[str | None]) -> None:
    standing = Standing.build(entries([(1, 1, b"+", 3, 1, 0), (2, 1, b"a", 2, 2, 0)]), 1)
    for name in ("numbers", "senders", "names", "urls"):
        ask = getattr(standing, name)
        plain = ask([t or "" for t in texts], 0)
        padded = pa.array(["+1", *texts, "a"], pa.string()).slice(1, len(texts))
        forms = [
            pa.array(texts, pa.large_string()), padded, padded.dictionary_encode(),
            pa.chunked_array([padded, padded.slice(0, 0)]), pa.array(texts, pa.string_view()),
        ]  # fmt: skip
        for form in forms:
            hits = ask(form, 0)
            assert hits.effect.tolist() == plain.effect.tolist(), (name, form.type)
            assert hits.code.tolist() == plain.code.tolist()


@settings(max_examples=50)
@given(st.lists(st.text(st.characters(), max_size=4), min_size=1, max_size=5))
def test_texts_that_are_none_are_asked_alike_alone_and_together(texts: list[str]) -> None:
    """`st.characters` gives halves of surrogate pairs, which come in JSON and from no encoder."""
    rows = [
        (kind, 0, text.encode("utf-8", "replace"), 3, 1, 0) for kind in (1, 2) for text in texts
    ]
    rows += [(1, 1, b"?", 1, 2, 0), (2, 1, b"?", 1, 2, 0)]
    standing = Standing.build(entries(rows), 1)
    for name in ("numbers", "senders", "names", "urls"):
        hits = getattr(standing, name)(texts, 0)
        alone = [getattr(standing, name[:-1])(text, 0) for text in texts]
        assert [hits[row] for row in range(len(texts))] == alone


DIGITS = st.text("0123456789", max_size=21)
WRITTEN = st.builds(
    "".join, st.tuples(st.sampled_from(["", "+", "86", "+86", "0086", "106", "1064"]), DIGITS)
)


@settings(max_examples=500)
@given(WRITTEN)
def test_numbers_that_the_kernel_writes_are_those_of_the_reader(text: str) -> None:
    kinds, column = batch.plain(batch.written(batch.column([text]), Kind.NUMBER))
    if kinds[0]:
        assert column.value(0).decode() == phone_number.read(text)[0]
    elif len(text) == 11 and text[0] == "1" and text[1] >= "3":
        pytest.fail("a mobile number went the slow way")


@settings(max_examples=500)
@given(st.text("ab-_.0A ", max_size=12))
def test_names_that_the_kernel_takes_are_those_of_the_reader(text: str) -> None:
    read = asked.name(text)
    is_normal = bool(read) and read[0][1] == text.encode()
    kinds, column = batch.plain(batch.written(batch.column([text]), Kind.NAME))
    assert bool(kinds[0]) == is_normal
    assert not is_normal or column.value(0) == text.encode()


def test_the_normal_form_of_a_number_is_its_own() -> None:
    for text in ASKED["numbers"]:
        normal = phone_number.read(text)[0]
        assert phone_number.read(normal)[0] == normal


# ── what the words promise ───────────────────────────────────────────────────────────────────────


def test_allow_wins_over_everything_and_the_most_specific_of_equals_is_told() -> None:
    table = entries(
        [
            (Kind.NUMBER, Match.PREFIX, b"+86154", Effect.REFUSE, 1, 0),
            (Kind.NUMBER, Match.PREFIX, b"+861541", Effect.REFUSE, 2, 0),
            (Kind.NUMBER, Match.EXACT, b"+8615412345678", Effect.LABEL, 3, 0),
            (Kind.NUMBER, Match.PREFIX, b"+8615499", Effect.ALLOW, 0, 0),
        ]
    )
    standing = Standing.build(table, 1)
    assert standing.number("15412345678", 0) == Hit(Effect.REFUSE, 2, 0)
    assert standing.number("15499345678", 0) == Hit(Effect.ALLOW, 0, 0)


def test_what_has_ended_is_no_hit() -> None:
    standing = Standing.build(entries([(1, 0, b"95588", 3, 1, 100)]), 1)
    assert standing.number("95588", 99) == Hit(Effect.REFUSE, 1, 100)
    assert standing.number("95588", 100) is None


def test_a_page_is_met_by_what_stands_for_a_folder_above_it() -> None:
    address = url.parse("https://x.shop.example/pay/now?id=1")
    for text in expressions(address):
        standing = Standing.build(entries([(4, 0, of_expression(text), 2, 7, 0)]), 1)
        assert standing.url(address.normal, 0) == Hit(Effect.WARN, 7, 0)
    other = of_expression(expression(url.parse("https://x.shop.example/pay/other")))
    assert Standing.build(entries([(4, 0, other, 2, 7, 0)]), 1).url(address.normal, 0) is None


def test_versions_go_on() -> None:
    standing = Standing.build(entries([]), 5)
    assert (len(standing), standing.number("95588", 0)) == (0, None)
    with pytest.raises(Refused):
        standing.apply(entries([], CHANGES), 4)
    with pytest.raises(Refused):
        Standing.build(entries([(1, 0, b"x" * 5000, 3, 1, 0)]), 1)


def test_empty_texts_meet_nothing_but_stay() -> None:
    rows = [(1, 0, b"", 3, 1, 0), (1, 1, b"", 3, 1, 0), (2, 1, b"", 3, 1, 0)]
    standing = Standing.build(entries(rows), 1)
    assert standing.number("95588", 0) is None
    assert standing.dump().entries.equals(entries(rows))


def test_forty_bytes_an_entry_beyond_its_text() -> None:
    rows = [(1, 0, b"+86154%08d" % n, 3, n, 0) for n in range(20_000)]
    standing = Standing.build(entries(rows), 1)
    for start in range(0, 20_000, 500):
        some = [(*row, n % 2 == 0) for n, row in enumerate(rows[start : start + 500])]
        standing.apply(entries(some, CHANGES), 2)
        text = sum(len(row[2]) for row in rows)
        assert standing.nbytes - text <= 40 * 20_000


def test_whoever_asks_sees_all_of_a_set_of_changes_or_nothing() -> None:
    many = [b"+86154%08d" % n for n in range(5000)]
    texts = pa.array([key.decode() for key in many])

    def told(code: int) -> pa.Table:
        return entries([(1, 0, key, 3, code, 0, False) for key in many], CHANGES)

    standing = Standing.build(told(1).drop_columns(["gone"]), 1)
    seen: list[set[int]] = []
    ended = threading.Event()

    def reading() -> None:
        while not ended.is_set():
            seen.append(set(standing.numbers(texts, 0).code.tolist()))

    threads = [threading.Thread(target=reading) for _ in range(3)]
    for thread in threads:
        thread.start()
    for version in range(2, 60):
        standing.apply(told(version), version)
    ended.set()
    for thread in threads:
        thread.join()
    assert all(len(codes) == 1 for codes in seen)
    assert len(set.union(*seen)) > 1

"""A range comes apart into prefixes that make up exactly it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.errors import Refused
from fanzha.lists.form import Kind, Match
from fanzha.lists.index import Standing
from fanzha.lists.ranges import prefixes
from tests.lists.plain import entries


@given(st.integers(1, 4), st.data(), st.sampled_from(["", "+"]))
def test_exactly_the_range_with_the_fewest_prefixes(
    digits: int, data: st.DataObject, plus: str
) -> None:
    low = data.draw(st.integers(0, 10**digits - 1))
    high = data.draw(st.integers(low, 10**digits - 1))
    found = prefixes(f"{plus}{low:0{digits}}", f"{plus}{high:0{digits}}")
    heads = [head for head, _ in found]
    met = [n for n in range(10**digits) if any(f"{plus}{n:0{digits}}".startswith(h) for h in heads)]
    assert met == list(range(low, high + 1))
    assert heads == sorted(heads)
    assert [whole for _, whole in found] == [len(h) == digits + len(plus) for h in heads]
    # Ten siblings would have been their parent.
    assert all({head[:-1] + str(d) for d in range(10)} - set(heads) for head in heads if head)
    assert len(found) <= 18 * digits


def test_the_index_meets_a_range() -> None:
    rows = [
        (Kind.NUMBER, Match.EXACT if whole else Match.PREFIX, head.encode(), 3, 1, 0)
        for head, whole in prefixes("+8615412345670", "+8615412345999")
    ]
    standing = Standing.build(entries(rows), 1)
    hits = standing.numbers([f"154123{n:05}" for n in range(45_600, 46_100)], 0)
    assert [bool(e) for e in hits.effect] == [45_670 <= n <= 45_999 for n in range(45_600, 46_100)]


@pytest.mark.parametrize(
    ("first", "last"), [("12", "1"), ("2", "1"), ("", ""), ("+1", "12"), ("a", "b"), ("１", "２")]
)
def test_what_is_no_range(first: str, last: str) -> None:
    with pytest.raises(Refused):
        prefixes(first, last)

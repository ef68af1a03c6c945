"""What a measure is taken against: read once, told masked, and what of it is protected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.errors import Refused
from fanzha.lifecycles.measure.protected import Protected, load_protected
from fanzha.lifecycles.measure.target import MeasureKind, Reach, Target, parse
from fanzha.values import reserved
from tests.fixtures import POLICIES

PROTECTED = load_protected(
    POLICIES / "measures" / "protected.yaml", POLICIES / "detection" / "filed-numbers.yaml"
)
NUMBER = MeasureKind.NUMBER


@pytest.mark.parametrize(
    ("kind", "written", "key"),
    [
        (NUMBER, "13012345678", "exact:+8613012345678"),
        (NUMBER, "130-1234-5678", "exact:+8613012345678"),
        (NUMBER, "+86 130 1234 5678", "exact:+8613012345678"),
        (NUMBER, "1301234*", "prefix:+861301234"),
        (NUMBER, "+44 20 7946*", "prefix:+44207946"),
        (NUMBER, "13012340000-13012349999", "range:+8613012340000-+8613012349999"),
        (NUMBER, "13012340000至13012349999", "range:+8613012340000-+8613012349999"),
        (NUMBER, "95500-95599", "range:95500-95599"),
        (NUMBER, "0571-88123456", "exact:+8657188123456"),
        (MeasureKind.NAME, "Shop.Example.COM.", "below:shop.example.com"),
        (MeasureKind.NAME, "*.shop.example.com", "below:shop.example.com"),
        (MeasureKind.NAME, "=shop.example.com", "exact:shop.example.com"),
        (MeasureKind.SENDER, "ＢankX*", "prefix:bankx"),
        (MeasureKind.URL, "http://a.example.com/pay?x=1", "exact:a.example.com/pay?x=1"),
        (MeasureKind.APP, "SHA256:" + "AB" * 32, "exact:" + "ab" * 32),
    ],
)
def test_ways_to_write_a_target(kind: MeasureKind, written: str, key: str) -> None:
    assert parse(kind, written).key == key


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (NUMBER, "hello"),
        (NUMBER, ""),
        (NUMBER, "*"),
        (NUMBER, "13x*"),
        (NUMBER, "13012349999~13012340000"),
        (NUMBER, "13012340000~95599"),
        (MeasureKind.NAME, "com.cn"),
        (MeasureKind.NAME, "1.2.3.4"),
        (MeasureKind.SENDER, "13012345678"),
        (MeasureKind.SENDER, "*"),
        (MeasureKind.SENDER, "x" * 40),
        (MeasureKind.URL, "http://a.example.com/"),
        (MeasureKind.APP, "abc"),
    ],
)
def test_what_is_none_is_refused(kind: MeasureKind, written: str) -> None:
    with pytest.raises(Refused):
        parse(kind, written)


@given(kind=st.sampled_from(list(MeasureKind)), written=st.text(st.characters(), max_size=60))
def test_any_text_is_a_target_or_refused(kind: MeasureKind, written: str) -> None:
    try:
        found = parse(kind, written)
    except Refused:
        return
    assert found.mask
    PROTECTED.touches(found)


@given(n=st.integers(0, 10**8 - 1))
def test_a_number_is_told_masked(n: int) -> None:
    target = parse(NUMBER, reserved.mobile(n))
    assert target.text not in target.mask
    assert target.text[6:10] not in target.mask or "****" in target.mask


@given(data=st.data())
def test_whoever_takes_in_a_protected_number_touches_it(data: st.DataObject) -> None:
    """Whatever the reach: a target touches the list exactly where one of its numbers is on it."""
    digits = st.text("0123456789", min_size=3, max_size=3)
    numbers = frozenset(data.draw(st.lists(digits, max_size=5)))
    series = tuple(
        (h, 3)
        for h in data.draw(st.lists(st.text("0123456789", min_size=1, max_size=2), max_size=2))
    )
    listed = Protected(numbers, series, frozenset(), frozenset())
    everything = {f"{n:03d}" for n in range(1000)}
    on_it = {n for n in everything if n in numbers or any(n.startswith(h) for h, _ in series)}
    one, other = sorted((data.draw(digits), data.draw(digits)))
    head = data.draw(st.text("0123456789", min_size=1, max_size=3))
    for target, takes_in in (
        (Target(NUMBER, Reach.EXACT, one), {one}),
        (Target(NUMBER, Reach.RANGE, one, other), {n for n in everything if one <= n <= other}),
        (Target(NUMBER, Reach.PREFIX, head), {n for n in everything if n.startswith(head)}),
    ):
        assert listed.touches(target) == bool(takes_in & on_it), (target, sorted(on_it)[:5])


def test_names_and_addresses_below_and_above_what_is_protected() -> None:
    for written in ("gov.cn", "a.b.gov.cn", "=www.gov.cn", "mps.gov.cn"):
        try:
            target = parse(MeasureKind.NAME, written)
        except Refused:
            continue  # a public suffix
        assert PROTECTED.touches(target), written
    assert PROTECTED.touches(parse(MeasureKind.URL, "http://x.gov.cn/pay"))
    assert not PROTECTED.touches(parse(MeasureKind.NAME, "gov.cn.shop.example.com"))

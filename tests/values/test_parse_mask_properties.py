"""What holds for every identifier: the normal form parses to itself, the mask hides, nothing else
than `Refused` comes out of a parser whatever goes in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fanzha.errors import Refused
from fanzha.values import (
    account,
    bank_card,
    cell,
    citizen_id,
    dns_name,
    imei,
    imsi,
    instant,
    money,
    organisation_code,
    phone_number,
    url,
    wallet,
)

PARSERS: dict[str, Callable[[str], Any]] = {
    "account": account.parse,
    "bank_card": bank_card.parse,
    "cell": cell.parse,
    "citizen_id": citizen_id.parse,
    "dns_name": dns_name.parse,
    "imei": imei.parse,
    "imsi": imsi.parse,
    "instant": instant.parse,
    "money": money.parse,
    "organisation_code": organisation_code.parse,
    "phone_number": phone_number.parse,
    "cli": phone_number.parse_cli,
    "url": url.parse,
    "wallet": wallet.parse,
}
NASTY = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="0123456789+-*#() ", max_size=30),
    st.text(alphabet="0123456789xXabcdefABCDEF:.-_/@?%[]\\", max_size=60),
    st.text(alphabet="零壹贰叁肆伍陆柒捌玖拾佰仟万亿元圆角分整正人民币", max_size=20),
    st.text(alphabet="０１２３٣²①Ⅻ一二\u200b\u202e\ufeff\x00\ud800\udfff。．😀ßéİ", max_size=20),
    st.binary(max_size=40).map(lambda data: data.decode("latin-1")),
)


@pytest.mark.parametrize("name", PARSERS)
def test_any_text_is_refused_or_normalised_once_and_for_all(name: str) -> None:
    parse = PARSERS[name]

    @settings(max_examples=250, deadline=None, database=None)
    @given(NASTY)
    @example("")
    @example("http://[::1%25eth0]:0/")
    @example("9" * 5_000)
    @example("a." * 4_000)
    @example("+640000040")
    def check(text: str) -> None:
        value = None
        said = ""
        try:
            value = parse(text)
        except Refused as error:
            said = error.zh + error.en
        if value is None:
            assert said
            digits = [part for part in text.split() if len(part) >= 6 and part.isdigit()]
            assert not any(part in said for part in digits)
            return
        assert parse(value.normal) == value
        assert isinstance(value.mask, str)

    check()


DIGITS = st.text(alphabet="0123456789", min_size=1, max_size=24)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(DIGITS, DIGITS.map("+".__add__), DIGITS.map("00".__add__), DIGITS.map("13".__add__))
)
def test_a_phone_mask_hides_at_least_four_digits_of_a_person(text: str) -> None:
    number = phone_number.parse_cli(text)
    if number.kind in ("service", "toll"):
        return
    assert "****" in number.mask or number.normal == phone_number.ANONYMOUS
    head, _, tail = number.mask.partition("****")
    personal = sum(map(str.isdigit, number.national)) - sum(map(str.isdigit, head))
    assert personal - len(tail) >= min(4, personal - personal // 4)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789", min_size=11, max_size=18))
def test_a_card_mask_shows_eight_digits_at_most(body: str) -> None:
    from fanzha.values import check_digits

    card = bank_card.parse(body + check_digits.luhn(body))
    assert sum(char.isdigit() for char in card.mask) <= 8
    held = account.parse(f"899036200016:{card.normal}")
    assert sum(char.isdigit() for char in held.mask) <= 8
    assert len(held.account) - sum(char.isdigit() for char in held.mask) >= 4

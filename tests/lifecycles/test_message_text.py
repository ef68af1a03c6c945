"""Parts of a text, and the content rules of warning texts: held for any text, not for examples."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.errors import Refused
from fanzha.lifecycles.message.content import ContentRule, NotSendable, check
from fanzha.lifecycles.message.segments import (
    GSM_BASIC,
    GSM_EXTENSION,
    PARTS_MAX,
    Alphabet,
    split,
)

SIGNED = "【清澜市反诈中心】"
GOOD = SIGNED + "您可能正遭遇诈骗，请先不要转账，告诉家人，并到派出所当面核实。"
GSM = st.text(st.sampled_from(sorted(set(GSM_BASIC) - {"\x1b"} | set(GSM_EXTENSION))), min_size=1)
ANY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=800)


def units(text: str, alphabet: Alphabet) -> int:
    if alphabet is Alphabet.GSM7:
        return sum(2 if c in GSM_EXTENSION else 1 for c in text)
    return len(text.encode("utf-16-be")) // 2


@given(st.one_of(GSM, ANY))
def test_parts_join_to_the_text_and_each_fits(text: str) -> None:
    cut = split(text)
    assert "".join(cut.parts) == text
    room = cut.alphabet.whole if len(cut.parts) == 1 else cut.alphabet.part
    assert all(0 < units(part, cut.alphabet) <= room for part in cut.parts)
    # Never more parts than needed by more than what does not fit at each cut.
    assert len(cut.parts) <= 2 * units(text, cut.alphabet) // room + 1


@given(GSM)
def test_the_small_alphabet_is_used_where_it_suffices(text: str) -> None:
    assert split(text).alphabet is Alphabet.GSM7
    assert split(text + "骗").alphabet is Alphabet.UCS2


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3),
        ("[" * 80, 1), ("[" * 81, 2), ("骗" * 70, 1), ("骗" * 71, 2), ("骗" * 134, 2),
        ("骗" * 135, 3), ("😀" * 35, 1), ("😀" * 36, 2), ("😀" * 67, 3),
    ],
)  # fmt: skip
def test_the_limits_of_the_standard(text: str, parts: int) -> None:
    assert len(split(text).parts) == parts


@pytest.mark.parametrize("text", ["", "骗" * (67 * PARTS_MAX + 1), "\ud800"])
def test_what_cannot_be_carried_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        split(text)


def refused(text: str, parts: int = 3) -> ContentRule:
    with pytest.raises(NotSendable) as caught:
        check(text, parts)
    assert caught.value.code == f"content_{caught.value.rule}"
    assert text not in str(caught.value)
    return caught.value.rule


def test_a_plain_warning_passes() -> None:
    check(GOOD, 1)
    check("[Qinglan Anti-Scam Centre] Stop. Tell your family and go to a police station.", 1)


DOTS = st.sampled_from([".", "．", "｡", "。"])
TLDS = st.sampled_from(["com", "cn", "top", "net", "xyz", "COM", "ｃｎ"])
LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12)
PLACE = st.integers(0, len(GOOD) - len(SIGNED))


def put(text: str, place: int) -> str:
    at = len(SIGNED) + place
    return GOOD[:at] + text + GOOD[at:]


@given(PLACE, LABEL, DOTS, TLDS, st.sampled_from(["", "http://", "https://", "ｗｗｗ．"]))
def test_no_link_wherever_it_stands(
    place: int, label: str, dot: str, tld: str, scheme: str
) -> None:
    text = put(f" {scheme}{label}{dot}{tld} ", place)
    assert refused(text) in (ContentRule.LINK, ContentRule.NUMBER)


DIGIT_SETS = ["0123456789", "０１２３４５６７８９", "零一二三四五六七八九", "〇壹贰叁肆伍陆柒捌玖",
              "⓪①②③④⑤⑥⑦⑧⑨", "٠١٢٣٤٥٦٧٨٩"]  # fmt: skip


@given(
    PLACE,
    st.lists(st.tuples(st.sampled_from(DIGIT_SETS), st.integers(0, 9)), min_size=3, max_size=13),
    st.sampled_from(["", " ", "-", "—", "  ", "、", ".", ")("]),
)
def test_no_number_in_any_script_or_spacing(
    place: int, digits: list[tuple[str, int]], between: str
) -> None:
    text = put(between.join(kind[n] for kind, n in digits), place)
    assert refused(text) in (ContentRule.NUMBER, ContentRule.LINK)


REPLIES = ["请回复", "回复1", "回 复", "请回电", "请回拨", "致电我们", "拨打电话", "退订回T",
           "咨询电话", "please reply", "Reply YES", "call us back", "respond now", "TEXT BACK",
           "dial now", "无需回复"]  # fmt: skip


@given(PLACE, st.sampled_from(REPLIES), st.sampled_from(["", " "]))
def test_no_request_to_reply(place: int, words: str, blank: str) -> None:
    assert refused(put(f"{blank}{words}{blank}", place)) is ContentRule.REPLY


CONTACTS = ["加微信", "微 信", "加QQ", "Telegram", "someone@example", "vx", "加群"]


@given(PLACE, st.sampled_from(CONTACTS), st.sampled_from(["", " "]))
def test_no_account_to_write_to(place: int, words: str, blank: str) -> None:
    assert refused(put(f"{blank}{words}{blank}", place)) is ContentRule.CONTACT


@given(PLACE, st.sampled_from(["\u200b", "\u202e", "\x07", "\n", "\ufeff", "\u2060"]))
def test_nothing_invisible(place: int, character: str) -> None:
    assert refused(put(character, place)) is ContentRule.CHARACTERS


@pytest.mark.parametrize(
    "text",
    [
        GOOD[len(SIGNED) :],
        SIGNED,
        SIGNED * 2 + "停",
        "停" + GOOD,
        "【】停",
        "【" + "名" * 21 + "】停",
    ],
)
def test_one_signature_in_front(text: str) -> None:
    assert refused(text) is ContentRule.SIGNATURE


def test_no_longer_than_the_parts_allowed() -> None:
    text = SIGNED + "停" * 61
    check(text, 1)
    assert refused(text + "停", 1) is ContentRule.LENGTH
    check(text + "停", 2)


@given(ANY)
def test_any_text_passes_or_breaks_a_rule(text: str) -> None:
    with contextlib.suppress(NotSendable):
        check(SIGNED + text, 3)
        assert len(split(SIGNED + text).parts) <= 3

"""Texts written past the reader: innocent they may be called, but never surely."""

from __future__ import annotations

import base64
import random

import pytest

from fanzha.detection.text.cascade.veiled import REASONS, unescaped, veils
from fanzha.detection.text.v1.phrases import _INVISIBLE

SCAM = "您好我是北京市公安局民警，您涉嫌洗钱，请把钱转入安全账户"
PINYIN = (
    "nin hao wo shi bei jing shi gong an ju min jing, nin she xian xi qian, "
    "qing ba qian zhuan ru an quan zhang hu"
)
ENGLISH = (
    "He can go to a man in the sun, she can be on a long run to me and you do so in a pan",
    "Your parcel is waiting. Please confirm the address on our page before Friday evening.",
    "Hi, are we still on for lunch at one? I can pick you up on the way to the bank if you like",
)


def test_pinyin_and_base64_are_known_and_english_is_not_taken_for_them() -> None:
    packed = base64.b64encode(SCAM.encode()).decode()
    told = veils([PINYIN, PINYIN.replace(" ", "", 3), packed, SCAM, *ENGLISH, "", "12345678" * 9])
    assert told == {0: "text_pinyin", 1: "text_pinyin", 2: "text_base64"}
    assert all(REASONS[code].part == 0 for code in told.values())


def test_what_is_long_or_drawn_by_chance_is_neither() -> None:
    """Words that split into syllables in very many ways end soon; so does any long text."""
    chance = random.Random(3)
    letters = "".join(
        chance.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST0123", k=200_000)
    )
    assert veils([("xian" * 5_000 + "x ") * 12, letters, "xianxianxianxianxianxiax " * 500]) == {}


def test_entities_are_undone() -> None:
    assert unescaped("".join(f"&#{ord(one)};" for one in SCAM)) == SCAM
    assert unescaped("a & b; c") == "a & b; c"


@pytest.mark.parametrize("hidden", ["\x00", "\x08", "\u202e", "\u2066", "\U000e0041", "\u3164"])
def test_what_shows_nothing_is_not_quoted(hidden: str) -> None:
    assert _INVISIBLE.sub("", f"转{hidden}账") == "转账"

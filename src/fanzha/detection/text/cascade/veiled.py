"""Texts written so that no filter reads them: HTML entities, all in pinyin, base64."""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Sequence
from functools import lru_cache

from fanzha.detection.finding import Reason

__all__ = ["REASONS", "unescaped", "veils"]

_SYLLABLE = re.compile(
    "(?:an|ang|ai|ao|e|en|er|ou)|(?:[bpmf]|[dtnl]|[gkhjqx]|[zcs]h?|[ryw])?(?:i?a(?:ng?|i|o)?|ua(?:ng?|i)?|i?ong|ou|i?u[ein]?|"
    "e(?:ng?|i|r)?|i(?:ng?|e)?|u?o|u[ae]n|v(?:e|n)?)"
)
_WORD = re.compile("[A-Za-z]+")
_FEWEST, _SHARE = 10, 0.9
"""Words from which, and the share of them that must be syllables: English has many by chance."""
_ENGLISH = frozenset(
    {"a", "he", "me", "we", "be", "can", "do", "go", "so", "men", "man", "long", "to", "you",
     "are", "sun", "ran", "fan", "pan", "fun", "gun", "tea", "die", "lie", "tie", "pie", "bin"}
)  # fmt: skip
"""Words of English that are syllables too."""
_BASE_64 = re.compile("[A-Za-z0-9+/\\s]{40,}={0,2}")
_SHORTEST, _LOOKED_AT, _LONGEST_WORD, _LONGEST_SYLLABLE = 24, 4000, 24, 6
_HAN = re.compile("[\u3400-\u9fff]")
REASONS = {
    "text_pinyin": Reason("text_pinyin", "通篇拼音，未能细读", "all in pinyin: hardly read", 0.0),
    "text_base64": Reason("text_base64", "内容是 base64，未能读出", "base64: not read", 0.0),
}
"""Why an innocent score is not sure; none of them carries a part of the score."""


def unescaped(text: str) -> str:
    """HTML entities as the characters they stand for."""
    return html.unescape(text) if "&" in text and ";" in text else text


def veils(texts: Sequence[str]) -> dict[int, str]:
    """Rows whose wording the model has not met: the code in `REASONS`."""
    return {row: code for row, text in enumerate(texts) if (code := _veil(text))}


def _veil(text: str) -> str | None:
    if not text.isascii() or len(text) < _SHORTEST:
        return None
    words = [word.lower() for word in _WORD.findall(text[:_LOOKED_AT])]
    if len(words) >= _FEWEST and _all_spoken(words[:_FEWEST]) and _all_spoken(words):
        return "text_pinyin"
    for found in _BASE_64.findall(text[:_LOOKED_AT]):
        packed = "".join(found.split())
        try:
            said = base64.b64decode(packed[: len(packed) // 4 * 4], validate=True)
        except (binascii.Error, ValueError):
            continue
        # Bytes drawn by chance hold a few as well.
        if len(_HAN.findall(said.decode("utf-8", "ignore"))) * 3 >= len(said) / 2:
            return "text_base64"
    return None


def _all_spoken(words: Sequence[str]) -> bool:
    spoken = sum(_spoken(word) and word not in _ENGLISH for word in words)
    return spoken >= _SHARE * len(words)


@lru_cache(4096)
def _spoken(word: str) -> bool:
    """Whether a word is one syllable or several written as one."""
    if len(word) > _LONGEST_WORD:
        return False
    ends = [True, *[False] * len(word)]
    for end in range(1, len(word) + 1):
        ends[end] = any(
            ends[begin] and _SYLLABLE.fullmatch(word, begin, end) is not None
            for begin in range(max(0, end - _LONGEST_SYLLABLE), end)
        )
    return ends[-1]

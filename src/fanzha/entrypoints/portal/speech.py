"""In which language a page speaks: as its address says, else as the browser asks, else Chinese."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from fanzha.entrypoints.portal.words import WORDS

__all__ = ["Speech", "speech_of"]

_ZONE = ZoneInfo("Asia/Shanghai")
_DIGITS = "〇一二三四五六七八九"
_ARTICLE = re.compile(r"反电信网络诈骗法第((?:[一二三四五六七八九]?十)?[一二三四五六七八九]?)条")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


class Both(Protocol):
    """Anything that has its words in both languages."""

    @property
    def zh(self) -> str: ...

    @property
    def en(self) -> str: ...


class Speech:
    """One language: its words, its dates, its side of a pair."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.tag = "zh-CN" if language == "zh" else "en"
        self.other = "en" if language == "zh" else "zh"
        self._side = 0 if language == "zh" else 1

    def t(self, word: str, **values: object) -> str:
        """A text of the catalogue, with `{name}` filled in."""
        found = WORDS[word][self._side]
        for name, value in values.items():
            found = found.replace(f"{{{name}}}", str(value))
        return found

    def of(self, both: Both) -> str:
        return both.zh if self.language == "zh" else both.en

    def sentence(self, words: str) -> str:
        """English begins with a capital, whoever wrote it."""
        return words[:1].upper() + words[1:] if self.language == "en" else words

    def article(self, text: str) -> str:
        """An article of the anti-fraud law, said in the language; others as they are written."""
        found = _ARTICLE.fullmatch(text)
        if self.language == "zh" or found is None:
            return text
        tens, _, ones = found[1].rpartition("十")
        ten = "十" in found[1]
        number = (_DIGITS.index(tens) if tens else int(ten)) * 10 + _DIGITS.index(ones or "〇")
        return f"Anti-Telecom and Online Fraud Law, article {number}"

    def at(self, instant: datetime) -> str:
        """`2026年11月28日 09:30（北京时间）`."""
        there = instant.astimezone(_ZONE)
        clock = f"{there:%H:%M}"
        if self.language == "zh":
            return f"{there.year}年{there.month}月{there.day}日 {clock}（北京时间）"
        return f"{there.day} {_MONTHS[there.month - 1]} {there.year}, {clock} (Beijing time)"


def speech_of(wanted: str, accepted: str) -> Speech:
    """`wanted` is `?lang=`, `accepted` the header Accept-Language."""
    if wanted in ("zh", "en"):
        return Speech(wanted)
    best, weight = "zh", 0.0
    for part in accepted[:200].split(","):
        name, _, rest = part.partition(";")
        language = name.strip().lower()[:2]
        found = _weight(rest)
        if language in ("zh", "en") and found > weight:
            best, weight = language, found
    return Speech(best)


def _weight(text: str) -> float:
    value = text.strip().removeprefix("q=")
    try:
        return float(value) if value else 1.0
    except ValueError:
        return 0.0

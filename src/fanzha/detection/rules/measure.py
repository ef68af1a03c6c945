"""What a value is measured in, and which measures may meet: seconds are no fen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["LITERAL_UNITS", "Kind", "Measure", "Type"]


class Kind(StrEnum):
    """What a value is."""

    NUMBER = "number"
    TEXT = "text"
    TRUTH = "truth"


class Measure(StrEnum):
    """What a number counts. Words for people stand in `WORDS`."""

    COUNT = "count"
    SECONDS = "seconds"
    FEN = "fen"
    SHARE = "share"
    SCORE = "score"
    RATIO = "ratio"

    @property
    def words(self) -> tuple[str, str]:
        """(Chinese, English)."""
        return _WORDS[self]

    def meets(self, other: Measure) -> bool:
        """Whether the two may be compared or added."""
        return self is other or {self, other} <= _PURE


_WORDS: Mapping[Measure, tuple[str, str]] = {
    Measure.COUNT: ("个数", "count"),
    Measure.SECONDS: ("秒", "seconds"),
    Measure.FEN: ("分（钱）", "fen"),
    Measure.SHARE: ("占比", "share"),
    Measure.SCORE: ("评分", "score"),
    Measure.RATIO: ("比值", "ratio"),
}
_PURE = frozenset({Measure.SHARE, Measure.SCORE, Measure.RATIO})


@dataclass(frozen=True, slots=True)
class Type:
    """A kind and, for numbers, a measure; a bare number has none and fits every one."""

    kind: Kind
    measure: Measure | None = None

    @property
    def words(self) -> tuple[str, str]:
        if self.measure is not None:
            return self.measure.words
        return {
            Kind.NUMBER: ("数", "number"),
            Kind.TEXT: ("文字", "text"),
            Kind.TRUTH: ("是否", "yes or no"),
        }[self.kind]


LITERAL_UNITS: Mapping[str, tuple[Measure, float]] = {
    **dict.fromkeys(("s", "sec", "seconds", "秒"), (Measure.SECONDS, 1)),
    **dict.fromkeys(("min", "minutes", "分钟"), (Measure.SECONDS, 60)),
    **dict.fromkeys(("h", "hours", "小时"), (Measure.SECONDS, 3_600)),
    **dict.fromkeys(("d", "days", "天"), (Measure.SECONDS, 86_400)),
    "fen": (Measure.FEN, 1),
    **dict.fromkeys(("yuan", "元"), (Measure.FEN, 100)),
    **dict.fromkeys(("wan", "万元"), (Measure.FEN, 1_000_000)),
    "%": (Measure.SHARE, 0.01),
}
"""What may stand behind a number, and by how much it is multiplied."""

"""What may be written next: names of the channel, functions and words that begin with a prefix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fanzha.detection.rules.grammar import FUNCTIONS
from fanzha.detection.rules.measure import LITERAL_UNITS
from fanzha.detection.rules.names import Channel
from fanzha.detection.rules.tokens import KEYWORDS

__all__ = ["Suggestion", "complete"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing that fits, with what it means; `unit` is empty where it has none."""

    text: str
    kind: Literal["name", "function", "keyword", "unit"]
    unit: str
    zh: str
    en: str


def complete(prefix: str, channel: Channel, *, most: int = 30) -> list[Suggestion]:
    """Names that begin with the prefix, then names that hold it, then functions and words.

    The empty prefix gives every name. A number and a space before the prefix is the caller's to
    cut off; units are offered like words.
    """
    wanted = prefix.strip().lower()[:60]
    names = sorted(channel.names)
    first = [n for n in names if n.startswith(wanted)]
    inside = [n for n in names if wanted in n and n not in first] if wanted else []
    told = [
        Suggestion(n, "name", name.type.measure or name.type.kind, name.zh, name.en)
        for n in (*first, *inside)
        for name in (channel.names[n],)
    ]
    if not wanted:
        return told
    told += [
        Suggestion(f, "function", "", zh, en)
        for f, (zh, en) in FUNCTIONS.items()
        if f.startswith(wanted)
    ]
    told += [Suggestion(k.upper(), "keyword", "", "", "") for k in sorted(KEYWORDS)
             if k.startswith(wanted)]  # fmt: skip
    told += [
        Suggestion(u, "unit", measure, *measure.words)
        for u, (measure, _) in LITERAL_UNITS.items()
        if u.startswith(wanted)
    ]
    return told[:most]

"""A condition cut into tokens; whatever is none is refused with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from fanzha.detection.rules.measure import LITERAL_UNITS
from fanzha.errors import Refused

__all__ = ["KEYWORDS", "TEXT_MOST", "Part", "RuleRefused", "Token", "cut", "refused"]

TEXT_MOST = 2_000
"""Characters of a condition."""
_TOKENS_MOST = 400
KEYWORDS = frozenset({"and", "or", "not", "is", "null", "in", "between", "like", "true", "false"})


class Part(StrEnum):
    """What a token is; the editor colours by it."""

    NAME = "name"
    KEYWORD = "keyword"
    NUMBER = "number"
    UNIT = "unit"
    TEXT = "text"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """`text` as written (names and keywords in lower case), from `start` to `end`."""

    part: Part
    text: str
    start: int
    end: int


_UNITS = "|".join(sorted(map(re.escape, LITERAL_UNITS), key=len, reverse=True))
_PIECES = re.compile(
    rf"(?P<space>\s+)|(?P<number>\d{{1,18}}(?:\.\d{{1,9}})?)(?:\s*(?P<unit>{_UNITS})(?![A-Za-z0-9_]))?"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<text>'[^'\\\x00-\x1f]*')"
    r"|(?P<sign><=|>=|<>|!=|[-+*/<>=(),])"
)


def cut(text: str) -> list[Token]:
    """The tokens of a condition, an END last. Refused: too long, or a sign that has no place."""
    if len(text) > TEXT_MOST:
        raise refused(
            "rule_too_long",
            f"条件最多 {TEXT_MOST} 个字符",
            f"a condition has at most {TEXT_MOST} characters",
            TEXT_MOST,
        )
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        found = _PIECES.match(text, at)
        if found is None:
            raise refused("rule_sign", "这里有不认识的符号", "there is no such sign here", at)
        tokens += _tokens(found)
        at = found.end()
        if len(tokens) > _TOKENS_MOST:
            raise refused("rule_too_long", "条件过于复杂", "the condition is too complex", at)
    return [*tokens, Token(Part.END, "", len(text), len(text))]


def _tokens(found: re.Match[str]) -> list[Token]:
    group = found.lastgroup
    start, end = found.span()
    if group == "space":
        return []
    if group in ("number", "unit"):
        number = Token(Part.NUMBER, found["number"], start, found.end("number"))
        if found["unit"] is None:
            return [number]
        return [number, Token(Part.UNIT, found["unit"], found.start("unit"), end)]
    text = found.group()
    if group == "name":
        part = Part.KEYWORD if text.lower() in KEYWORDS else Part.NAME
        return [Token(part, text.lower(), start, end)]
    return [Token(Part.TEXT if group == "text" else Part.SIGN, text, start, end)]


class RuleRefused(Refused):
    """What is wrong with a condition, where, and what may have been meant."""

    def __init__(self, code: str, zh: str, en: str, at: int, near: tuple[str, ...] = ()) -> None:
        super().__init__(code, zh=zh, en=en, field="when")
        self.at = at
        """Characters from the beginning of the condition."""
        self.near = near


def refused(code: str, zh: str, en: str, at: int, near: tuple[str, ...] = ()) -> RuleRefused:
    return RuleRefused(code, zh, en, at, near)

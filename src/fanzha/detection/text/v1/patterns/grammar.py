"""The pattern language of `steps.yaml`: literals, groups, `?`, `[…]` and gaps `.{0,n}`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from fanzha.errors import Misconfigured

__all__ = ["Sequence", "sequences"]

_SPECIAL = frozenset("()|?[].{}*+^$\\")
_MOST = 400
"""Sequences one pattern may fall into."""
_WIDEST = 99


@dataclass(frozen=True, slots=True)
class Sequence:
    """Phrases in order: one of `stages[k]`, then at most `gaps[k]` characters, and so on."""

    stages: tuple[frozenset[str], ...]
    gaps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Gap:
    widest: int


_Item = frozenset[str] | _Gap
_Line = tuple[_Item, ...]


def sequences(pattern: str) -> tuple[Sequence, ...]:
    """All sequences that a pattern stands for; refuses what the language does not have."""
    reader = _Reader(pattern)
    lines = reader.choice()
    if reader.at != len(pattern):
        raise _bad(pattern, "a bracket closes that was not opened")
    found = dict.fromkeys(_sequence(pattern, line) for line in lines)
    if len(found) > _MOST:
        raise _bad(pattern, f"falls into more than {_MOST} sequences")
    return tuple(found)


class _Reader:
    """Recursive descent; a line is what may stand in one place, alternatives are lines."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def choice(self) -> list[_Line]:
        lines = self.line()
        while self.peek() == "|":
            self.at += 1
            lines = lines + self.line()
        return _grouped(lines)

    def line(self) -> list[_Line]:
        lines: list[_Line] = [()]
        while self.peek() not in ("", "|", ")"):
            piece = self.piece()
            if self.peek() == "?":
                self.at += 1
                piece = [*piece, ()]
            lines = [_joined(a, b) for a, b in product(lines, piece)]
        return lines

    def piece(self) -> list[_Line]:
        char = self.peek()
        if char == "(":
            self.at += 1
            inner = self.choice()
            self.expect(")")
            return inner
        if char == ".":
            return [(self.gap(),)]
        if char == "[":
            end = self.pattern.find("]", self.at)
            chars = self.pattern[self.at + 1 : end]
            if end < 0 or not chars or set(chars) & _SPECIAL or "-" in chars:
                raise _bad(self.pattern, "a class lists plain characters")
            self.at = end + 1
            return [(frozenset(chars),)]
        if char in _SPECIAL:
            raise _bad(self.pattern, f"does not have the sign {char}")
        self.at += 1
        return [(frozenset((char,)),)]

    def gap(self) -> _Gap:
        end = self.pattern.find("}", self.at)
        body = self.pattern[self.at : end + 1]
        number = body.removeprefix(".{0,").removesuffix("}")
        if not number.isdigit() or body != f".{{0,{number}}}" or int(number) > _WIDEST:
            raise _bad(self.pattern, f"a gap is .{{0,n}} with n up to {_WIDEST}")
        self.at = end + 1
        return _Gap(int(number))

    def peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def expect(self, char: str) -> None:
        if self.peek() != char:
            raise _bad(self.pattern, "a bracket is not closed")
        self.at += 1


def _joined(first: _Line, second: _Line) -> _Line:
    """Put lines one after the other; neighbouring phrases become longer phrases."""
    if not first or not second:
        return first + second
    left, right = first[-1], second[0]
    if isinstance(left, _Gap) and isinstance(right, _Gap):
        return (*first[:-1], _Gap(left.widest + right.widest), *second[1:])
    if isinstance(left, _Gap) or isinstance(right, _Gap):
        return first + second
    return (*first[:-1], frozenset(a + b for a in left for b in right), *second[1:])


def _grouped(lines: list[_Line]) -> list[_Line]:
    """Alternatives that are single sets of phrases become one set."""
    sets = [line[0] for line in lines if len(line) == 1 and isinstance(line[0], frozenset)]
    rest = [line for line in lines if len(line) != 1 or isinstance(line[0], _Gap)]
    united = frozenset(phrase for one in sets for phrase in one)
    return ([(united,)] if united else []) + list(dict.fromkeys(rest))


def _sequence(pattern: str, line: _Line) -> Sequence:
    stages: list[frozenset[str]] = []
    gaps: list[int] = []
    for item in _trimmed(line):
        if isinstance(item, _Gap):
            gaps.append(item.widest)
        else:
            stages.append(item)
    if not stages:
        raise _bad(pattern, "can match nothing at all")
    return Sequence(tuple(stages), tuple(gaps))


def _trimmed(line: _Line) -> Iterator[_Item]:
    """Gaps at the ends say nothing."""
    items = list(line)
    while items and isinstance(items[0], _Gap):
        items.pop(0)
    while items and isinstance(items[-1], _Gap):
        items.pop()
    return iter(items)


def _bad(pattern: str, what: str) -> Misconfigured:
    return Misconfigured(
        "pattern_invalid",
        zh=f"话术模式有误：{what}",
        en=f"a pattern is wrong: {what}",
        field=pattern[:60],
    )

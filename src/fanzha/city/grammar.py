"""Texts by grammar: many wordings of one meaning, drawn for whole columns at a time.

A rule is a list of alternatives. In an alternative `{name}` stands for a rule or a bound value,
`{#6}` for six digits, `{a|b|}` for one of several wordings (the last one empty here).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from fanzha.city.rhythm import Ints
from fanzha.errors import Misconfigured, policy_reader

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_DIGITS = re.compile(r"#([1-9])")


@dataclass(frozen=True, slots=True)
class _Piece:
    """Literal words, so many digits, the name of a rule or bound value, or one of several."""

    words: str = ""
    digits: int = 0
    name: str = ""
    choice: tuple[_Sequence, ...] = ()

    def names(self) -> set[str]:
        inner = {name for way in self.choice for piece in way for name in piece.names()}
        return inner | ({self.name} if self.name else set())


_Sequence = tuple[_Piece, ...]


class Grammar:
    """Rules that were checked: every name is a rule or one of the values bound at use."""

    def __init__(self, rules: Mapping[str, list[str]], bound: frozenset[str]) -> None:
        self._rules = {name: tuple(map(_parsed, texts)) for name, texts in rules.items()}
        for name, alternatives in self._rules.items():
            used = {
                n for alternative in alternatives for piece in alternative for n in piece.names()
            }
            if unknown := sorted(used - set(self._rules) - bound):
                raise Misconfigured(
                    "unknown_rule",
                    zh=f"语法规则 {name} 用到未定义的 {unknown[0]}",
                    en=f"the grammar rule {name} uses {unknown[0]}, which is not defined",
                    field=name,
                )

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._rules)

    def expand(
        self, name: str, n: int, rng: np.random.Generator, bound: Mapping[str, pa.Array]
    ) -> pa.Array:
        """`n` texts of the rule; a bound value has one entry a text."""
        return self._symbol(name, np.arange(n), rng, bound)

    def _symbol(
        self, name: str, rows: Ints, rng: np.random.Generator, bound: Mapping[str, pa.Array]
    ) -> pa.Array:
        if name in bound:
            return bound[name].take(pa.array(rows))
        return self._one_of(self._rules[name], rows, rng, bound)

    def _one_of(
        self,
        ways: tuple[_Sequence, ...],
        rows: Ints,
        rng: np.random.Generator,
        bound: Mapping[str, pa.Array],
    ) -> pa.Array:
        pick = rng.integers(len(ways), size=len(rows))
        order = np.argsort(pick, kind="stable")
        cuts = np.searchsorted(pick[order], np.arange(len(ways) + 1))
        parts = [
            self._sequence(way, rows[order[low:high]], rng, bound)
            for way, low, high in zip(ways, cuts, cuts[1:], strict=False)
            if high > low
        ]
        if not parts:
            return pa.array([], pa.string())
        back = np.empty(len(rows), np.int64)
        back[order] = np.arange(len(rows))
        return pa.concat_arrays(parts).take(pa.array(back))

    def _sequence(
        self,
        pieces: _Sequence,
        rows: Ints,
        rng: np.random.Generator,
        bound: Mapping[str, pa.Array],
    ) -> pa.Array:
        columns = [self._piece(piece, rows, rng, bound) for piece in pieces]
        return pc.binary_join_element_wise(*columns, "")

    def _piece(
        self, piece: _Piece, rows: Ints, rng: np.random.Generator, bound: Mapping[str, pa.Array]
    ) -> pa.Array:
        if piece.name:
            return self._symbol(piece.name, rows, rng, bound)
        if piece.digits:
            least = 1 if piece.digits == 1 else 0
            values = rng.integers(least, 10**piece.digits, size=len(rows))
            texts = pc.cast(pa.array(values), pa.string())
            return pc.utf8_lpad(texts, piece.digits, "0")
        if piece.choice:
            return self._one_of(piece.choice, rows, rng, bound)
        return pa.array([piece.words], pa.string()).take(pa.array(np.zeros(len(rows), np.int8)))


def _parsed(text: str) -> _Sequence:
    pieces, end = _pieces(text, 0, inside=False)
    if end != len(text):
        raise _bad_text(text)
    return pieces[0]


def _pieces(text: str, at: int, *, inside: bool) -> tuple[tuple[_Sequence, ...], int]:
    """The ways written from `at` on, up to the end or to the brace that closes them."""
    ways: list[_Sequence] = []
    current: list[_Piece] = []
    words = ""
    while at < len(text) and not (inside and text[at] == "}"):
        char = text[at]
        if char == "{":
            current += [_Piece(words=words)] if words else []
            words = ""
            piece, at = _slot(text, at + 1)
            current.append(piece)
        elif char == "|" and inside:
            ways.append((*current, _Piece(words=words)))
            current, words = [], ""
        elif char == "}":
            raise _bad_text(text)
        else:
            words += char
        at += 1
    return (*ways, (*current, _Piece(words=words))), at


def _slot(text: str, at: int) -> tuple[_Piece, int]:
    """What stands between the brace before `at` and the one that closes it; where that is."""
    end = text.find("}", at)
    if end < 0:
        raise _bad_text(text)
    inner = text[at:end]
    if _NAME.fullmatch(inner):
        return _Piece(name=inner), end
    if digits := _DIGITS.fullmatch(inner):
        return _Piece(digits=int(digits.group(1))), end
    ways, end = _pieces(text, at, inside=True)
    if end >= len(text):
        raise _bad_text(text)
    return _Piece(choice=ways), end


def _bad_text(text: str) -> Misconfigured:
    return Misconfigured(
        "bad_braces",
        zh=f"语法规则的花括号不成对：{text[:30]}",
        en=f"the braces of a grammar rule do not match: {text[:30]}",
        field="rules",
    )


@policy_reader
def load_grammar(paths: list[Path], bound: frozenset[str]) -> Grammar:
    """Read rule files; a rule stands in one of them only, and holds at least one text."""
    rules: dict[str, list[str]] = {}
    for path in paths:
        read: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, texts in read.items():
            good = isinstance(texts, list) and texts and all(isinstance(t, str) for t in texts)
            if name in rules or not good:
                raise Misconfigured(
                    "bad_rule",
                    zh=f"语法规则 {name} 重复或不是一组文字",
                    en=f"the grammar rule {name} is repeated or is not a list of texts",
                    field=str(name),
                )
            rules[name] = texts
    return Grammar(rules, bound)

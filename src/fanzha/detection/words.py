"""Words of reasons in both languages: `{feature:unit}` templates that mask identifiers."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fanzha.errors import Misconfigured
from fanzha.values.mask import mask_account, mask_number

__all__ = ["UNITS", "Template", "invalid", "template"]

_SLOT = re.compile(r"[a-z][a-z0-9_]*")
_LANGUAGES = ("zh", "en")


def _count(value: Any, language: str) -> str:
    return f"{round(value):,}"


def _share(value: Any, language: str) -> str:
    return f"{value:.0%}"


def _ratio(value: Any, language: str) -> str:
    return f"{value:.2f}"


def _span(value: Any, language: str) -> str:
    seconds = max(0, round(value))
    for size, zh, en in ((86_400, "天", "d"), (3_600, "小时", "h"), (60, "分钟", "min")):
        if seconds >= size:
            whole = seconds / size
            shown = f"{whole:.0f}" if whole >= 10 or whole == int(whole) else f"{whole:.1f}"
            return f"{shown} {zh}" if language == "zh" else f"{shown} {en}"
    return f"{seconds} 秒" if language == "zh" else f"{seconds} s"


def _yuan(value: Any, language: str) -> str:
    return f"¥{value / 100:,.2f}".removesuffix(".00")


def _number(value: Any, language: str) -> str:
    return mask_number(str(value))


def _account(value: Any, language: str) -> str:
    return mask_account(str(value))


def _least(value: Any, language: str) -> str:
    """Before a number: whether it was cut short, and may be more."""
    return ("至少 ", "at least ")[_LANGUAGES.index(language)] if value else ""


def _words(value: Any, language: str) -> str:
    """A pair (zh, en), or a text without language such as a DNS name."""
    if isinstance(value, tuple):
        return str(value[_LANGUAGES.index(language)])
    return str(value)


UNITS: Mapping[str, Callable[[Any, str], str]] = {
    "count": _count,
    "share": _share,
    "ratio": _ratio,
    "span": _span,
    "yuan": _yuan,
    "number": _number,
    "account": _account,
    "least": _least,
    "words": _words,
}


@dataclass(frozen=True, slots=True)
class Template:
    """A sentence with slots. Built by `template`, which refuses what it cannot fill."""

    text: str
    language: str
    parts: tuple[tuple[str, str | None, str], ...]
    """(literal text before, column or None, unit)."""

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(column for _, column, _ in self.parts if column)

    def fill(self, row: Mapping[str, Any]) -> str:
        """The sentence for one row; a null value reads as a dash."""
        out = []
        for literal, column, unit in self.parts:
            out.append(literal)
            if column is not None:
                value = row.get(column)
                out.append("—" if value is None else UNITS[unit](value, self.language))
        return "".join(out)


def template(text: str, language: str, where: str) -> Template:
    """Parse a template; a slot without a known unit is a mistake in the data file."""
    parts = []
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError as error:
        raise invalid(where, f"braces do not match: {error}") from error
    for literal, column, unit, conversion in pieces:
        if column is not None and (conversion or not _SLOT.fullmatch(column) or unit not in UNITS):
            raise invalid(where, f"a slot is {{column:unit}} with unit in {sorted(UNITS)}")
        parts.append((literal, column, unit or ""))
    return Template(text, language, tuple(parts))


def invalid(field: str, what: str) -> Misconfigured:
    """The failure of a signal file: which entry, and what is wrong with it."""
    return Misconfigured(
        "signals_invalid",
        zh=f"信号文件有误：{what}",
        en=f"the signal file is wrong: {what}",
        field=field,
    )

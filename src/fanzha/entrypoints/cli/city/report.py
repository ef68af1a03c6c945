"""An examination's outcome as a page of text, in both languages, every share with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import east_asian_width

from fanzha.city.marking.mark import GradeMark, Mark, TypeMark

_GRADES = {
    "critical": "紧急 critical",
    "high": "高危 high",
    "medium": "中危 medium",
    "low": "低危 low",
}
_TYPES = (
    "类型 type",
    "召回 recall",
    "首笔前预警 before first payment",
    "末笔前预警 before last payment",
    "提前分钟 lead min",
    "预警后仍转出 paid after warning",
    "精确 precision",
)
_BY_GRADE = (
    "等级 grade",
    "预警 warnings",
    "受害 engaged",
    "仅接触 contact only",
    "误报 false",
    "精确 precision",
    "误报/万人·日 false per 10k·day",
    "提前分钟 lead min",
)


def report(mark: Mark, about: Mapping[str, Any]) -> str:
    """Markdown: what was examined, then by type, then by grade. Labelled as simulated."""
    seen = "（调试用种子 seed seen while building）" if about["seen_while_building"] else ""
    head = (
        f"模拟 simulated：居民 residents {mark.residents:,}，天 days {mark.days:g}，"
        f"种子 seed {about['seed']}{seen}，行为 behaviour {about['behaviour']}"
    )
    lines = [
        head,
        "",
        f"预警 warnings {mark.warnings:,}，精确 precision {mark.precision}",
        f"误报 false {mark.false:,}，每万人每日 per 10,000 residents a day "
        f"{mark.false_per_10k_day:.2f}",
        f"只被接触者获预警 contacted only and warned {mark.contacts}",
        f"外地号码 people of other places {mark.elsewhere:,}（不计 not marked）",
        "",
        *_table(_TYPES, [_type_row(found) for found in (*mark.types, mark.whole)]),
        "",
        *_table(_BY_GRADE, [_grade_row(found) for found in mark.grades]),
    ]
    return "\n".join(lines)


def _type_row(found: TypeMark) -> tuple[str, ...]:
    share = f"{found.saved_fen / found.lost_fen:.0%}" if found.lost_fen else "–"
    return (
        found.scam_type,
        str(found.engaged),
        str(found.losses),
        str(found.before_last),
        str(found.lead),
        f"{share} / {found.lost_fen / 100:,.0f} CNY",
        str(found.named),
    )


def _grade_row(found: GradeMark) -> tuple[str, ...]:
    return (
        _GRADES[found.grade],
        f"{found.precision.whole:,}",
        f"{found.engaged:,}",
        f"{found.contact_only:,}",
        f"{found.false:,}",
        str(found.precision),
        f"{found.false_per_10k_day:.2f}",
        str(found.lead),
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell; a Chinese character takes two places."""
    widths = [max(map(_width, column)) for column in zip(head, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = (c + " " * (w - _width(c)) for c, w in zip(cells, widths, strict=True))
        return f"| {' | '.join(padded)} |"

    rule = f"|{'|'.join('-' * (width + 2) for width in widths)}|"
    return [line(head), rule, *map(line, rows)]


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)

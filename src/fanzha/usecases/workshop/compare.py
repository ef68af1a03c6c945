"""A draft beside the live version over one stretch of history: what each would have done."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

from fanzha.detection.rate import wilson
from fanzha.detection.rules.tally import CASE_MS, Hit
from fanzha.lifecycles.rule.policy import WorkshopPolicy

__all__ = ["Comparison", "Estimate", "History", "Known", "Line", "compare", "estimate", "sampled"]

_DAY = 86_400_000
_LEAST = 30
"""Below so many cases a rate says nothing."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a subject turned out to be. `weight` is one over how likely it was to be looked at."""

    fraud: bool
    weight: float = 1.0
    lost_at: int | None = None
    """First transfer to the fraudsters, ms UTC, where there was one."""


@dataclass(frozen=True, eq=False)
class History:
    """What was replayed, and what is known of those in it."""

    begin: int
    end: int
    rows: int
    known: Mapping[Hashable, Known]
    key_of: Callable[[str], Hashable]
    """How a subject is found in `known`."""
    is_elder: Callable[[Hit], bool | None]
    others: Known | None = None
    """What whoever is not in `known` is: False where the truth is whole, None where it is not."""
    residents: int = 0
    elders: int = 0

    @property
    def days(self) -> float:
        return max(self.end - self.begin, 1) / _DAY


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with its 95 % interval. `n` counts cases; weights widen the interval."""

    share: float
    low: float
    high: float
    n: int

    @property
    def enough(self) -> bool:
        return self.n >= _LEAST


def estimate(cases: Sequence[tuple[bool, float]]) -> Estimate | None:
    """Inverse-probability weighted share of what is true, by Wilson on the effective number:
    (Σw)² / Σw². None of no case."""
    total = math.fsum(w for _, w in cases)
    if not total:
        return None
    effective = total * total / math.fsum(w * w for _, w in cases)
    share = math.fsum(w for true, w in cases if true) / total
    low, high = wilson(share * effective, effective)
    return Estimate(share, low, high, len(cases))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. `difference_low/high` by Newcombe from the two Wilson intervals."""

    code: str
    unit: str
    """`a_day`, `share`, `minutes`, `per_10000` or `shifts`."""
    zh: str
    en: str
    live: float | None
    draft: float | None
    live_low: float | None = None
    live_high: float | None = None
    draft_low: float | None = None
    draft_high: float | None = None
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    of: int | None = None
    """Cases the figure rests on."""

    def plain(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The whole answer, as plain data in `plain()`."""

    begin: int
    end: int
    rows: int
    seconds: float
    lines: tuple[Line, ...]
    daily: tuple[tuple[int, int | None, int], ...]
    """(day since 1970, live cases, draft cases)."""
    only_draft: tuple[Hit, ...] = field(repr=False)

    def line(self, code: str) -> Line:
        return next(line for line in self.lines if line.code == code)

    def plain(self) -> dict[str, Any]:
        return {
            "begin": self.begin,
            "end": self.end,
            "days": max(self.end - self.begin, 1) / _DAY,
            "rows": self.rows,
            "seconds": self.seconds,
            "lines": [line.plain() for line in self.lines],
            "daily": [list(day) for day in self.daily],
            "only_draft": len(self.only_draft),
        }


@dataclass(frozen=True, eq=False)
class _Side:
    """One version's cases, weighed."""

    cases: float
    grave: float
    precision: Estimate | None
    recall: Estimate | None
    lead: tuple[float, float, float] | None
    elder_false: Estimate | None
    false: Estimate | None
    false_per: float | None
    elder_false_per: float | None


def compare(
    policy: WorkshopPolicy,
    history: History,
    draft: Sequence[Hit],
    live: Sequence[Hit] | None,
    seconds: float,
) -> Comparison:
    """Hold both versions' cases against what is known; `live` None where nothing is live."""
    new = _side(policy, history, draft)
    old = None if live is None else _side(policy, history, live)
    minutes, shift = policy.desk.minutes_a_call, policy.desk.calls_a_shift
    lines = (
        _plain("cases_a_day", "a_day", "每日命中", "cases a day", old, new, lambda s: s.cases),
        _plain("grave_a_day", "a_day", "其中高危", "of them grave", old, new, lambda s: s.grave),
        _rate("precision", "精确率", "precision", old, new, lambda s: s.precision),
        _rate("recall", "已知受害人中命中", "share of known victims hit", old, new,
              lambda s: s.recall),
        _lead(old, new),
        _rate("false", "误报占比", "share of false alarms", old, new, lambda s: s.false),
        _rate("elder_false", "老年人命中后误报", "share of false alarms among elders", old, new,
              lambda s: s.elder_false),
        _plain("false_per_10000", "per_10000", "每万居民误报", "false alarms per 10,000 residents",
               old, new, lambda s: s.false_per),
        _plain("elder_false_per_10000", "per_10000", "每万老年人误报",
               "false alarms per 10,000 elders", old, new, lambda s: s.elder_false_per),
        _plain("minutes_a_day", "minutes", "每日通话分钟", "desk minutes a day", old, new,
               lambda s: s.cases * minutes),
        _plain("shifts_a_day", "shifts", "每日人班", "shifts a day", old, new,
               lambda s: s.cases / shift if shift else None),
    )  # fmt: skip
    return Comparison(
        begin=history.begin,
        end=history.end,
        rows=history.rows,
        seconds=seconds,
        lines=lines,
        daily=_daily(history, draft, live),
        only_draft=_only(draft, live or ()),
    )


def sampled(cases: Sequence[Hit], most: int, salt: str) -> list[tuple[Hit, float]]:
    """A reproducible draw of at most `most`, with how likely each was to be drawn."""
    if not cases:
        return []
    share = min(1.0, most / len(cases))
    ordered = sorted(cases, key=lambda h: _drawn(h, salt))
    drawn = sorted(ordered[:most], key=lambda h: (h.at, h.source, h.event_id))
    return [(hit, share) for hit in drawn]


def _side(policy: WorkshopPolicy, history: History, hits: Sequence[Hit]) -> _Side:
    first: dict[Hashable, int] = {}
    judged: list[tuple[bool, float]] = []
    elders: list[tuple[bool, float]] = []
    wrong = wrong_elders = 0.0
    for hit in hits:
        key = history.key_of(hit.subject)
        first[key] = min(first.get(key, hit.at), hit.at)
        known = history.known.get(key, history.others)
        if known is None:
            continue
        judged.append((known.fraud, known.weight))
        elder = history.is_elder(hit)
        if elder:
            elders.append((not known.fraud, known.weight))
        if not known.fraud:
            wrong += known.weight
            wrong_elders += known.weight if elder else 0.0
    frauds = [(key in first, k.weight) for key, k in history.known.items() if k.fraud]
    leads = [
        (k.lost_at - first[key]) / 60_000
        for key, k in history.known.items()
        if k.fraud and k.lost_at is not None and key in first
    ]
    elder_hits = sum(bool(history.is_elder(hit)) for hit in hits)
    grave = sum(hit.score >= policy.desk.grave_score for hit in hits)
    return _Side(
        cases=len(hits) / history.days,
        grave=grave / history.days,
        precision=estimate(judged),
        recall=estimate(frauds),
        lead=_quartiles(leads),
        elder_false=estimate(elders),
        false=estimate([(not fraud, w) for fraud, w in judged]),
        false_per=_per_10000(wrong, history.residents, len(hits), len(judged)),
        elder_false_per=_per_10000(wrong_elders, history.elders, elder_hits, len(elders)),
    )


def _per_10000(wrong: float, people: int, cases: int, judged: int) -> float | None:
    """Unknown where there are cases and nobody has judged any."""
    return 1e4 * wrong / people if people and (judged or not cases) else None


def _quartiles(values: Sequence[float]) -> tuple[float, float, float] | None:
    if len(values) < 2:
        return None
    low, middle, high = quantiles(values, n=4)
    return low, middle, high


def _plain(
    code: str, unit: str, zh: str, en: str, old: _Side | None, new: _Side,
    of: Callable[[_Side], float | None],
) -> Line:  # fmt: skip
    before, after = None if old is None else of(old), of(new)
    difference = None if before is None or after is None else after - before
    return Line(code, unit, zh, en, before, after, difference=difference)


def _rate(
    code: str, zh: str, en: str, old: _Side | None, new: _Side,
    of: Callable[[_Side], Estimate | None],
) -> Line:  # fmt: skip
    a, b = None if old is None else of(old), of(new)
    difference = low = high = None
    if a is not None and b is not None:
        difference = b.share - a.share
        low = difference - math.hypot(b.share - b.low, a.high - a.share)
        high = difference + math.hypot(b.high - b.share, a.share - a.low)
    return Line(
        code, "share", zh, en,
        a.share if a else None, b.share if b else None,
        a.low if a else None, a.high if a else None,
        b.low if b else None, b.high if b else None,
        difference, low, high, b.n if b else 0,
    )  # fmt: skip


def _lead(old: _Side | None, new: _Side) -> Line:
    a, b = None if old is None else old.lead, new.lead
    return Line(
        "lead", "minutes", "先于首次转账的中位分钟", "median minutes before the first payment",
        a[1] if a else None, b[1] if b else None,
        a[0] if a else None, a[2] if a else None,
        b[0] if b else None, b[2] if b else None,
        b[1] - a[1] if a and b else None,
    )  # fmt: skip


def _daily(
    history: History, draft: Sequence[Hit], live: Sequence[Hit] | None
) -> tuple[tuple[int, int | None, int], ...]:
    first, last = history.begin // _DAY, history.end // _DAY
    new, old = dict.fromkeys(range(first, last + 1), 0), dict.fromkeys(range(first, last + 1), 0)
    for counts, hits in ((new, draft), (old, live or ())):
        for hit in hits:
            counts[hit.at // _DAY] = counts.get(hit.at // _DAY, 0) + 1
    return tuple((day, None if live is None else old.get(day, 0), new[day]) for day in sorted(new))


def _only(draft: Sequence[Hit], live: Sequence[Hit]) -> tuple[Hit, ...]:
    """Cases of the draft whose subject the live version did not hit within a case's length."""
    by_subject: dict[str, list[int]] = {}
    for hit in live:
        by_subject.setdefault(hit.subject, []).append(hit.at)
    return tuple(
        hit
        for hit in draft
        if not any(abs(at - hit.at) < CASE_MS for at in by_subject.get(hit.subject, ()))
    )


def _drawn(hit: Hit, salt: str) -> bytes:
    text = f"{salt}|{hit.source}|{hit.event_id}|{hit.subject}"
    return hashlib.blake2b(text.encode(), digest_size=8).digest()

"""Grades and clocks of a warning, read from dated policy files; unknown keys are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from fanzha.errors import Misconfigured, policy_reader
from fanzha.lifecycles.warning.grade import WarningGrade
from fanzha.values.stage import Stage

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


@dataclass(frozen=True, slots=True)
class GradeRule:
    """A line of the grading policy: it holds when every stated condition does."""

    grade: WarningGrade
    stage_at_least: Stage
    score_at_least: float
    live: bool | None
    zh: str
    en: str
    article_zh: str
    article_en: str

    def holds(self, stage: Stage, score: float, live: bool) -> bool:
        return (
            stage.imminence >= self.stage_at_least.imminence
            and score >= self.score_at_least
            and (self.live is None or self.live == live)
        )


@dataclass(frozen=True, slots=True)
class Grading:
    """A grade with the article it rests on, in words."""

    grade: WarningGrade
    basis_zh: str
    basis_en: str


@dataclass(frozen=True, slots=True)
class GradePolicy:
    """Which grade a risk has; what raises it."""

    version: str
    title_zh: str
    title_en: str
    rules: tuple[GradeRule, ...]
    missed_contacts: int
    not_believing: bool
    reopen_at: WarningGrade

    def grade(self, stage: Stage, score: float, *, live: bool) -> Grading:
        for rule in self.rules:
            if rule.holds(stage, score, live):
                return Grading(
                    rule.grade,
                    f"{rule.zh}。《{self.title_zh}》{rule.article_zh}",
                    f"{rule.en}. {self.title_en}, {rule.article_en}",
                )
        raise Misconfigured(
            "grading_incomplete",
            zh="定级办法没有兜底条款",
            en="the grading policy has no rule that always holds",
            field="grades",
        )


@dataclass(frozen=True, slots=True)
class ClockPolicy:
    """Terms by clock and grade, and what a run-out clock does."""

    version: str
    terms: Mapping[str, Mapping[WarningGrade, timedelta]]
    words: Mapping[str, tuple[str, str]]
    again_after: float
    escalations_max: int
    lock: timedelta
    undo: timedelta
    reveal: timedelta
    reveals_alert_an_hour: int
    channels: Mapping[WarningGrade, tuple[str, ...]]
    retention: Mapping[str, timedelta]

    def term(self, clock: str, grade: WarningGrade) -> timedelta:
        return self.terms[clock][grade]


def duration(text: str) -> timedelta:
    """An ISO 8601 duration of days, hours, minutes and seconds."""
    found = _DURATION.fullmatch(text)
    if not found or not any(found.groups()):
        raise _bad("duration", f"P…D T…H…M…S, got {len(text)} characters")
    days, hours, minutes, seconds = (int(g or 0) for g in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


@policy_reader
def load_grades(path: Path) -> GradePolicy:
    """Read and check the grading policy."""
    data = _read(path, {"version", "in_force_on", "title", "grades", "raise"})
    rules = []
    for item in data["grades"]:
        _only(item, {"grade", "article", "when", "zh", "en"}, "grades")
        when = item["when"]
        _only(when, {"stage_at_least", "score_at_least", "live"}, "when")
        rules.append(
            GradeRule(
                grade=WarningGrade.of(item["grade"]),
                stage_at_least=Stage(when["stage_at_least"]),
                score_at_least=float(when["score_at_least"]),
                live=when.get("live"),
                zh=item["zh"],
                en=item["en"],
                article_zh=item["article"]["zh"],
                article_en=item["article"]["en"],
            )
        )
    if not rules or not rules[-1].holds(Stage.CONTACT, 0.0, live=False):
        raise _bad("grades", "the last rule must hold for everything")
    raising = data["raise"]
    _only(raising, {"missed_contacts", "not_believing", "reopen_at"}, "raise")
    return GradePolicy(
        version=data["version"],
        title_zh=data["title"]["zh"],
        title_en=data["title"]["en"],
        rules=tuple(rules),
        missed_contacts=int(raising["missed_contacts"]),
        not_believing=bool(raising["not_believing"]),
        reopen_at=WarningGrade.of(raising["reopen_at"]),
    )


@policy_reader
def load_clocks(path: Path) -> ClockPolicy:
    """Read and check the clocks."""
    keys = {"version", "in_force_on", "clocks", "escalation", "lock_s", "undo_s", "reveal_s"}
    data = _read(path, keys | {"reveals_alert_an_hour", "channels", "retention"})
    terms: dict[str, dict[WarningGrade, timedelta]] = {}
    words: dict[str, tuple[str, str]] = {}
    for name, item in data["clocks"].items():
        _only(item, {"words", *(g.code for g in WarningGrade)}, name)
        terms[name] = {g: duration(item[g.code]) for g in WarningGrade}
        words[name] = (item["words"]["zh"], item["words"]["en"])
    _only(data["escalation"], {"again_after", "at_most"}, "escalation")
    return ClockPolicy(
        version=data["version"],
        terms=terms,
        words=words,
        again_after=float(data["escalation"]["again_after"]),
        escalations_max=int(data["escalation"]["at_most"]),
        lock=timedelta(seconds=data["lock_s"]),
        undo=timedelta(seconds=data["undo_s"]),
        reveal=timedelta(seconds=data["reveal_s"]),
        reveals_alert_an_hour=int(data["reveals_alert_an_hour"]),
        channels={g: tuple(data["channels"][g.code]) for g in WarningGrade},
        retention={stream: duration(text) for stream, text in data["retention"].items()},
    )


def _read(path: Path, keys: set[str]) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise _bad(path.name, f"cannot be read: {type(error).__name__}") from error
    if not isinstance(data, dict):
        raise _bad(path.name, "is not a mapping")
    _only(data, keys, path.name)
    if not isinstance(data["in_force_on"], date):
        raise _bad("in_force_on", "is not a date")
    return data


def _only(item: Mapping[str, Any], allowed: set[str], where: str) -> None:
    if unknown := sorted(set(item) - allowed):
        raise _bad(where, f"unknown keys {unknown}")


def _bad(field: str, what: str) -> Misconfigured:
    return Misconfigured(
        "policy_invalid",
        zh=f"政策文件有误：{what}",
        en=f"the policy file is wrong: {what}",
        field=field,
    )

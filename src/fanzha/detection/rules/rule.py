"""A rule as it is written: a condition with its weight and words, checked whole, made a signal."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from fanzha.detection.finding import Stage
from fanzha.detection.rules.grammar import Condition, parse
from fanzha.detection.rules.measure import Kind
from fanzha.detection.rules.names import Catalogue
from fanzha.detection.rules.tokens import TEXT_MOST, refused
from fanzha.detection.signals import Signal
from fanzha.detection.words import template
from fanzha.errors import Misconfigured, Refused

__all__ = ["RuleText", "check", "signal_of"]

_ID = re.compile(r"[a-z][a-z0-9_]{2,40}")
_WORDS_MOST = 200
_WEIGHT_MOST = 10.0
_SCORE_LEAST = 0.001
"""What is less adds nothing to any score, and would be a rule that never speaks."""
_PREFIX = "rule:"


@dataclass(frozen=True, slots=True)
class RuleText:
    """What an analyst writes. Plain data: it travels in the database and in rule sets as it is."""

    id: str
    channel: str
    when: str
    score: float
    """What the rule alone is worth, from 0.001 to below 1."""
    title_zh: str
    title_en: str
    zh: str
    """Reason shown with a finding; slots `{name:unit}` as in signal files."""
    en: str
    scam_type: str | None = None
    stage: str = "contact"

    @property
    def weight(self) -> float:
        """Weight of the signal: alone it gives `score`."""
        return -math.log1p(-self.score)

    def plain(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> RuleText:
        return cls(**plain)


def check(rule: RuleText, catalogue: Catalogue, types: frozenset[str]) -> Condition:
    """Everything that can be known without running it. `types` are the codes of the taxonomy.

    RuleRefused for the condition, Refused for the rest; `field` names the part.
    """
    if not _ID.fullmatch(rule.id):
        raise _bad(
            "id", "编号由小写字母、数字和下划线组成", "an id is lower-case letters, digits and _"
        )
    if not _SCORE_LEAST <= rule.score < 1.0 or rule.weight > _WEIGHT_MOST:
        raise _bad("score", "评分在 0.001 与 1 之间", "a score lies between 0.001 and 1")
    if rule.scam_type is not None and rule.scam_type not in types:
        raise _bad("scam_type", "没有这个诈骗类型", "there is no such type of scam")
    if rule.stage not in set(Stage):
        stages = ", ".join(Stage)
        raise _bad("stage", f"没有这个阶段，可用 {stages}", f"there is no such stage; use {stages}")
    for field in ("title_zh", "title_en", "zh", "en"):
        text = getattr(rule, field)
        if not text.strip() or len(text) > _WORDS_MOST or not text.isprintable():
            raise _bad(
                field, f"需要 1 到 {_WORDS_MOST} 个可见字符",
                f"needs 1 to {_WORDS_MOST} printable characters",
            )  # fmt: skip
    channel = catalogue.channel(rule.channel)
    condition = parse(rule.when, channel)
    _tried(condition, channel.probe)
    for language, text in (("zh", rule.zh), ("en", rule.en)):
        try:
            slots = template(text, language, language).columns
        except Misconfigured as error:
            raise _bad(language, error.zh, error.en) from error
        for name in sorted(slots):
            known = channel.names.get(name)
            if known is None or known.type.kind is not Kind.NUMBER:
                raise _bad(
                    language, f"文字里的 {name[:40]} 不是本通道的数值特征",
                    f"{name[:40]} in the words is no number of this channel",
                )  # fmt: skip
    return condition


def _tried(condition: Condition, probe: pl.DataFrame) -> None:
    """The condition on an empty frame: what our grammar lets pass, the engine must take."""
    try:
        kind = probe.select(x=pl.sql_expr(condition.sql)).schema["x"]
    except pl.exceptions.PolarsError as error:
        raise refused(
            "rule_type", "条件无法计算", "the condition cannot be worked out", 0
        ) from error
    if kind != pl.Boolean:
        raise refused("rule_type", "条件不是是否判断", "the condition is no yes or no", TEXT_MOST)


def signal_of(rule: RuleText, version: int, catalogue: Catalogue) -> Signal:
    """The rule as a signal of its channel; its code names the version."""
    condition = parse(rule.when, catalogue.channel(rule.channel))
    when = pl.sql_expr(condition.sql)
    zh, en = template(rule.zh, "zh", rule.id), template(rule.en, "en", rule.id)
    return Signal(
        code=f"{_PREFIX}{rule.id}@{version}",
        sql=rule.when,
        when=when,
        weight=rule.weight,
        times=None,
        zh=zh,
        en=en,
        source=f"workshop rule {rule.id} v{version}",
        scam_type=rule.scam_type,
        stage=Stage(rule.stage),
        columns=frozenset(condition.names) | zh.columns | en.columns,
    )


def _bad(field: str, zh: str, en: str) -> Refused:
    return Refused("rule_invalid", zh=zh, en=en, field=field)

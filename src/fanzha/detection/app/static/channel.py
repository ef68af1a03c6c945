"""Judges apps by their facts: score, level, whom one imitates, which family it is like, why."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.app.static.facts import AppFacts
from fanzha.detection.app.static.families import Families, Kin
from fanzha.detection.app.static.imitation import load_owners
from fanzha.detection.app.static.learned import Learned, Seen
from fanzha.detection.app.static.measured import SPOKEN, Measured, Tables, measure, schema
from fanzha.detection.app.static.policy import load_markers, load_names, load_permissions
from fanzha.detection.app.static.signals import Signals, load_signals
from fanzha.detection.finding import Reason

__all__ = ["Level", "StaticApps", "Verdict", "columns_of"]

_LEAST = 0.05
"""Log-odds below which a reason is not worth a line."""


class Level(enum.StrEnum):
    """What the file suggests; a person confirms it. D4 of the domain reference."""

    TRUSTED = "可信"
    """Nothing was found against it. That is no proof."""
    UNKNOWN = "无法判断"
    """Nothing was found against it, but too little is known: package, name or permissions are
    absent, part of the file was not read, or the package begins as an organisation's do and nothing
    says that it is theirs."""
    SUSPICIOUS = "可疑"
    FRAUD = "涉诈"
    IMITATION = "仿冒"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`score` in [0, 1], None where package and permissions are both unknown. Parts of the reasons
    against add up to the score; those that speak for the app stand after, with parts below 0,
    and last what was not read, with 0."""

    score: float | None
    level: Level | None
    reasons: tuple[Reason, ...]
    missing: tuple[str, ...]
    scam_type: str | None = None
    imitates: str | None = None
    family: str | None = None
    likeness: float | None = None
    incomplete: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()
    """Facts that were given but could not be read, wholly or in part."""


class StaticApps:
    """Tables from `policies/detection/`, and perhaps what a centre trained on apps of its own."""

    def __init__(
        self,
        policies: Path,
        learned: Learned | None = None,
        families: Families | None = None,
        model: str | None = None,
    ) -> None:
        organisations = sorted(policies.glob("link-organisations*.yaml"))
        self.tables = Tables(
            load_permissions(policies / "app-static-permissions.yaml"),
            load_names(policies / "app-static-names.yaml"),
            load_markers(policies / "app-static-markers.yaml"),
            load_owners(policies / "app-static-organisations.yaml", organisations),
        )
        self._schema = schema(self.tables)
        self.signals: Signals = load_signals(
            policies / "app-static-signals.yaml", self._schema, SPOKEN
        )
        self.learned = learned
        self.model = model
        self.families = families

    @property
    def version(self) -> str:
        """Detector and version of its tables, and the model of the centre if there is one."""
        own = f"{self.signals.detector}@{self.signals.version}"
        return f"{own} + {self.model}" if self.model else own

    def judge(self, apps: Sequence[AppFacts]) -> list[Verdict]:
        """A verdict for each, in order."""
        if not apps:
            return []
        measured = [measure(one, self.tables, self.signals.keeps) for one in apps]
        kin = [self.families.nearest(one) if self.families else None for one in apps]
        weighed = self._weigh(measured, kin)
        odds = self._odds(measured, weighed)
        if self.learned is not None:
            odds += self.learned.correction(self._seen(measured, weighed))
        return [
            self._verdict(*row)
            for row in zip(apps, measured, kin, weighed, odds.tolist(), strict=True)
        ]

    def evidence(self, apps: Sequence[AppFacts]) -> tuple[list[Seen], npt.NDArray[np.float64]]:
        """What training looks at, and the log-odds of the written weights, without families."""
        measured = [measure(one, self.tables, self.signals.keeps) for one in apps]
        weighed = self._weigh(measured, [None] * len(apps))
        return self._seen(measured, weighed), self._odds(measured, weighed)

    def _odds(
        self, measured: Sequence[Measured], weighed: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        groups = np.array([sum(g.weight for g in one.groups) for one in measured])
        return np.asarray(self.signals.prior + weighed.sum(axis=1) + groups, np.float64)

    def _weigh(
        self, measured: Sequence[Measured], kin: Sequence[Kin | None]
    ) -> npt.NDArray[np.float64]:
        """(apps, signals) in log-odds; the columns are given what family each is like."""
        for one, near in zip(measured, kin, strict=True):
            if near is not None:
                one.columns["family_likeness"] = near.likeness
                one.columns["family"] = near.family
        frame = pl.DataFrame(
            [[_plain(one.columns[name]) for name in self._schema] for one in measured],
            schema=self._schema,
            orient="row",
        )
        return self.signals.weigh(frame)

    def _seen(self, measured: Sequence[Measured], weighed: npt.NDArray[np.float64]) -> list[Seen]:
        """Signals that hold and groups of permissions, by name."""
        codes = [one.code for one in self.signals.signals]
        return [
            {code: 1.0 for code, weight in zip(codes, row, strict=True) if weight}
            | {f"group:{g.group}": g.weight for g in one.groups}
            for one, row in zip(measured, weighed.tolist(), strict=True)
        ]

    def _verdict(
        self,
        facts: AppFacts,
        measured: Measured,
        kin: Kin | None,
        weighed: npt.NDArray[np.float64],
        odds: float,
    ) -> Verdict:
        if facts.package is None and facts.permissions is None and facts.label is None:
            return Verdict(
                None, None, (), facts.missing,
                incomplete=facts.incomplete or (), invalid=facts.invalid,
            )  # fmt: skip
        score = 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, odds))))
        imitated = measured.likeness.imitated or measured.likeness.near
        strength = 3 if measured.likeness.near else measured.likeness.strength
        is_imitation = imitated is not None and strength >= self.signals.imitation_from
        known = None not in (facts.package, facts.label, facts.permissions)
        known = known and not measured.columns["borrowed_package"] and not facts.incomplete
        level = Level.TRUSTED if known else Level.UNKNOWN
        if score >= self.signals.suspicious:
            level = Level.SUSPICIOUS if score < self.signals.fraud else Level.FRAUD
            level = Level.IMITATION if is_imitation else level
        return Verdict(
            round(score, 6),
            level,
            (*self._reasons(measured, weighed, score), *_unread(facts)),
            facts.missing,
            measured.scam_type if level not in (Level.TRUSTED, Level.UNKNOWN) else None,
            imitated.key if imitated is not None and is_imitation else None,
            kin.family if kin else None,
            kin.likeness if kin else None,
            facts.incomplete or (),
            facts.invalid,
        )

    def _reasons(
        self, measured: Measured, weighed: npt.NDArray[np.float64], score: float
    ) -> tuple[Reason, ...]:
        lines: list[tuple[float, str, str, str]] = []
        for signal, weight in zip(self.signals.signals, weighed.tolist(), strict=True):
            if abs(weight) >= _LEAST:
                zh, en = (words.fill(measured.columns) for words in (signal.zh, signal.en))
                lines.append((weight, signal.code, zh, en))
        for group in measured.groups:
            if abs(group.weight) >= _LEAST:
                zh, en = self.tables.permissions.groups[group.group].words
                asked = ", ".join(group.asked[:6]) + (" …" if len(group.asked) > 6 else "")
                code = f"permissions_{group.group}"
                zh, en = f"权限：{zh}（{asked}）", f"permissions: {en} ({asked})"
                lines.append((group.weight, code, zh, en))
        against = sum(line[0] for line in lines if line[0] > 0) or 1.0
        lines.sort(key=lambda line: -line[0])
        return tuple(
            Reason(code, zh, en, round(weight / against * score, 6))
            for weight, code, zh, en in lines
        )


def _unread(facts: AppFacts) -> tuple[Reason, ...]:
    """Why nothing good can be said of an app that was not read whole: a reason without a part."""
    if not facts.incomplete:
        return ()
    parts = ", ".join(facts.incomplete[:6])
    zh = f"有代码、页面或签名未能读取（{parts}），不能判为可信"
    en = f"code, pages or signatures were not read ({parts}): it cannot be said to be trustworthy"
    return (Reason("not_read", zh, en, 0.0),)


def _plain(value: Any) -> Any:
    """The Chinese of a pair of words, for the frame that conditions read."""
    return value[0] if isinstance(value, tuple) else value


def columns_of(verdicts: Sequence[Verdict]) -> Mapping[str, list[Any]]:
    """Verdicts as columns of plain values, for files."""
    return {
        "score": [v.score for v in verdicts],
        "verdict": [v.level.value if v.level else None for v in verdicts],
        "scam_type": [v.scam_type for v in verdicts],
        "imitates": [v.imitates for v in verdicts],
        "family": [v.family for v in verdicts],
        "likeness": [v.likeness for v in verdicts],
        "reasons": [
            [{"code": r.code, "zh": r.zh, "en": r.en, "part": r.part} for r in v.reasons]
            for v in verdicts
        ],
        "missing": [list(v.missing) for v in verdicts],
        "incomplete": [list(v.incomplete) for v in verdicts],
        "invalid": [list(v.invalid) for v in verdicts],
    }

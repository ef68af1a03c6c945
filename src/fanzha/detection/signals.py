"""Signals: SQL conditions with weights and words; what holds adds up to a score with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.finding import Reason, Stage
from fanzha.detection.words import Template

__all__ = ["Derived", "Excuse", "Scored", "Signal", "SignalSet"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Signal:
    """One condition that speaks for fraud, its weight and its words."""

    code: str
    sql: str
    """Boolean over feature and record columns; null counts as no."""
    when: pl.Expr
    weight: float
    times: str | None
    """A column in 0…1 that scales the weight, where evidence has degrees."""
    zh: Template
    en: Template
    source: str
    scam_type: str | None
    stage: Stage
    columns: frozenset[str]
    """Every column it reads: in the condition, the scale and the words."""


@dataclass(frozen=True, eq=False)
class Derived:
    """A name for an expression that several conditions share."""

    name: str
    value: pl.Expr
    columns: frozenset[str]


@dataclass(frozen=True, eq=False)
class Excuse:
    """A condition under which nothing is said: a filed number, a merchant's account."""

    code: str
    when: pl.Expr
    columns: frozenset[str]


@dataclass(frozen=True, eq=False)
class SignalSet:
    """A detector version: score = 1 − exp(−Σ w) over the signals that hold.

    `needs` says which received columns a feature is made from, so that `missing` names what
    the sender left out rather than what we computed from it.
    """

    detector: str
    version: str
    threshold: float
    """Rows below it say nothing."""
    bands: tuple[float, ...]
    """Scores at which the same subject is worth naming again, ascending."""
    derived: tuple[Derived, ...]
    excuses: tuple[Excuse, ...]
    signals: tuple[Signal, ...]
    needs: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def score(self, frame: pl.DataFrame) -> Scored:
        """Weigh every row. A signal that needs an absent column does not hold."""
        for one in self.derived:
            if one.columns <= set(frame.columns):
                frame = frame.with_columns(one.value.alias(one.name))
        present = set(frame.columns)
        usable = [(k, s) for k, s in enumerate(self.signals) if s.columns <= present]
        excuses = [e.when for e in self.excuses if e.columns <= present]
        asked = [s.when.fill_null(False).alias(str(k)) for k, s in usable]
        asked.append(pl.any_horizontal(pl.lit(False), *excuses).fill_null(False).alias("excused"))
        answers = frame.with_columns(asked)
        weights = np.zeros((frame.height, len(self.signals)))
        for k, signal in usable:
            weights[:, k] = answers[str(k)].to_numpy() * signal.weight
            if signal.times:
                weights[:, k] *= frame[signal.times].fill_null(0.0).to_numpy().clip(0.0, 1.0)
        weights[answers["excused"].to_numpy().astype(bool)] = 0.0
        return Scored(self, frame, weights)

    def band(self, score: float) -> int:
        """How many bands the score has reached; 0 below the first."""
        return int(np.searchsorted(self.bands, score, side="right"))

    def bands_of(self, scores: Floats) -> npt.NDArray[np.intp]:
        """`band` of many scores."""
        return np.searchsorted(self.bands, scores, side="right")

    @cached_property
    def received(self) -> tuple[str, ...]:
        """The received columns that any signal looks at."""
        known = {name for s in self.signals for c in s.columns for name in self._received(c)}
        return tuple(sorted(known))

    def _received(self, column: str) -> set[str]:
        for one in self.derived:
            if one.name == column:
                return {name for c in one.columns for name in self._received(c)}
        return set(self.needs.get(column, ()))


@dataclass(frozen=True, eq=False)
class Scored:
    """A batch after weighing: `weights[row, signal]` is 0 where the signal does not hold."""

    signals: SignalSet
    frame: pl.DataFrame
    weights: Floats

    @cached_property
    def score(self) -> Floats:
        """One score a row, in [0, 1)."""
        total = self.weights.sum(axis=1)
        score: Floats = -np.expm1(-total)
        return score

    @cached_property
    def over(self) -> npt.NDArray[np.intp]:
        """Rows that reach the threshold, in order."""
        return np.flatnonzero(self.score >= self.signals.threshold)

    def row(self, index: int) -> dict[str, Any]:
        """One row of the frame as a mapping, derived names included."""
        return self.frame.row(index, named=True)

    def reasons(self, index: int, extra: Mapping[str, Any] | None = None) -> tuple[Reason, ...]:
        """What holds on this row, heaviest first; parts add up to the row's score.

        `extra` gives templates what a frame cannot carry, such as words in two languages.
        """
        weights = self.weights[index]
        total = float(weights.sum())
        if total <= 0.0:
            return ()
        row = {**self.row(index), **(extra or {})}
        share = float(self.score[index]) / total
        held = sorted(np.flatnonzero(weights), key=lambda k: (-weights[k], k))
        return tuple(
            Reason(
                code=self.signals.signals[k].code,
                zh=self.signals.signals[k].zh.fill(row),
                en=self.signals.signals[k].en.fill(row),
                part=float(weights[k]) * share,
            )
            for k in held
        )

    def scam_type(self, index: int) -> str | None:
        """The type that the most weight points to; None when no signal names one."""
        tally: dict[str, float] = {}
        for k in np.flatnonzero(self.weights[index]):
            named = self.signals.signals[k].scam_type
            if named:
                tally[named] = tally.get(named, 0.0) + float(self.weights[index, k])
        return max(sorted(tally), key=tally.__getitem__) if tally else None

    def stage(self, index: int) -> Stage:
        """The furthest stage that a signal on this row speaks of."""
        held = np.flatnonzero(self.weights[index])
        stages = [self.signals.signals[k].stage for k in held]
        return max(stages, key=lambda s: s.imminence, default=Stage.CONTACT)

    def missing(self, index: int) -> tuple[str, ...]:
        """Received columns that signals look at and that are absent or null on this row."""
        present = set(self.frame.columns)
        row = self.row(index)
        return tuple(
            name for name in self.signals.received if name not in present or row[name] is None
        )

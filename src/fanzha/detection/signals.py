"""Signals: SQL conditions with weights and words; what holds adds up to a score with reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.arrays import instants, keys_of
from fanzha.detection.finding import Reason, Stage
from fanzha.detection.thin.written import THIN, Thin, thin
from fanzha.detection.words import Template

__all__ = ["Derived", "Excuse", "Rows", "Scored", "Signal", "SignalSet", "Watcher"]

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_ASKED, _EXCUSED = "?", "?excused"
"""Columns of answers; no received column and no feature has such a name."""
_AS_WRITTEN = pl.QueryOptFlags.none()
"""Small batches gain nothing from an optimiser, and wait for it."""


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
    sql: str
    value: pl.Expr
    columns: frozenset[str]


@dataclass(frozen=True, eq=False)
class Excuse:
    """A condition under which nothing is said: a filed number, a merchant's account."""

    code: str
    when: pl.Expr
    columns: frozenset[str]


@dataclass(frozen=True, eq=False)
class Rows:
    """The events behind the rows of a frame: when each was, and whom it is about."""

    at: npt.NDArray[np.int64]
    keys: npt.NDArray[np.uint64]
    order: npt.NDArray[np.intp]
    """The rows in the order in which their events came."""
    who: str
    """The column that names the subject."""

    @classmethod
    def of(cls, frame: pl.DataFrame, who: str) -> Rows | None:
        """Of a frame of events; None where the rows are none. A frame with two sides of each
        event holds all first sides, then all second ones."""
        if "at" not in frame.columns:
            return None
        order = np.arange(frame.height)
        if f"{who}_sides" in frame.columns:
            order = order.reshape(2, -1).T.ravel()
        return cls(instants(frame), keys_of(frame, f"{who}_key"), order, who)

    def event(self, values: Mapping[str, Any]) -> tuple[str, int]:
        """(source, event id) of a row's values."""
        return str(values.get("source") or ""), int(values.get("event_id") or 0)

    def subject(self, values: Mapping[str, Any]) -> str:
        """Normal form of the subject; empty where the row does not carry it."""
        return str(values.get(self.who) or "")


class Watcher(Protocol):
    """Rules of the workshop over one signal file: `fanzha.detection.rules.watch`."""

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Live rules first."""
        ...

    @property
    def live(self) -> int: ...

    @property
    def channel(self) -> Any: ...

    def mute(self, weights: Floats, rows: Rows) -> None: ...

    def count(self, scored: Scored, weights: Floats, rows: Rows) -> None: ...


@dataclass(frozen=True, eq=False)
class _Plan:
    """What a signal set asks of frames with certain columns."""

    derived: list[pl.Expr]
    usable: list[tuple[int, Signal]]
    asked: list[pl.Expr]
    excused: bool
    kept: list[str]
    few: Thin | None
    """The same for a few rows; None where some condition is only known to the query engine."""

    def answers(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, Iterable[Bools], Bools | None]:
        """The frame with what is derived, which rows each usable signal holds on, and which are
        excused; None where there are no excuses."""
        told = self.few.answers(frame) if self.few and 0 < frame.height <= THIN else None
        if told is not None:
            derived, rows = told
            held = np.array(rows, np.bool_).reshape(frame.height, -1).T
            count = len(self.usable)
            excused: Bools | None = np.any(held[count:], axis=0) if self.excused else None
            return frame.hstack(derived) if derived else frame, held[:count], excused
        query = frame.lazy()
        for expression in self.derived:
            query = query.with_columns(expression)
        answers = query.with_columns(self.asked).collect(optimizations=_AS_WRITTEN)
        one_by_one = (answers[f"{_ASKED}{k}"].to_numpy() for k, _ in self.usable)
        excused = answers[_EXCUSED].to_numpy() if self.excused else None
        return answers[self.kept], one_by_one, excused


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
    plans: dict[tuple[str, ...], _Plan] = field(default_factory=dict, repr=False)
    watch: Watcher | None = None
    """Rules in force beside the file's own signals; live ones stand last in `signals`."""

    def watched(self, watch: Watcher | None) -> SignalSet:
        """The same file with other rules beside it: live ones weigh, shadow ones are counted."""
        own = self.signals[: self._own]
        live = watch.signals[: watch.live] if watch is not None else ()
        return replace(self, signals=(*own, *live), plans={}, watch=watch)

    @property
    def _own(self) -> int:
        """How many signals are the file's."""
        return len(self.signals) - (self.watch.live if self.watch is not None else 0)

    @cached_property
    def _asked(self) -> tuple[Signal, ...]:
        """All that is worked out: the signals, then the rules that are only counted."""
        if self.watch is None:
            return self.signals
        return (*self.signals, *self.watch.signals[self.watch.live :])

    def score(self, frame: pl.DataFrame) -> Scored:
        """Weigh every row. A signal that needs an absent column does not hold.

        Rules weigh rows that are events only: an address looked at inside a text is none.
        """
        plan = self._plan(frame)
        kept, held, excused = plan.answers(frame)
        weights = np.zeros((frame.height, len(self._asked)))
        for (k, signal), holds in zip(plan.usable, held, strict=True):
            if not holds.any():
                continue
            weights[:, k] = holds
            weights[:, k] *= signal.weight
            if signal.times:
                scale = kept[signal.times].to_numpy().astype(np.float64)
                weights[:, k] *= np.nan_to_num(scale).clip(0.0, 1.0)
        if excused is not None:
            weights[excused] = 0.0
        if self.watch is None:
            return Scored(self, kept, weights)
        own, speaking = self._own, len(self.signals)
        rows = Rows.of(kept, self.watch.channel.subject)
        if rows is None:
            weights[:, own:] = 0.0
            return Scored(self, kept, weights[:, :speaking])
        self.watch.mute(weights[:, own:], rows)
        scored = Scored(self, kept, weights[:, :speaking])
        self.watch.count(scored, weights[:, own:], rows)
        return scored

    def _plan(self, frame: pl.DataFrame) -> _Plan:
        """What can be asked of frames with these columns; worked out once."""
        columns = tuple(frame.columns)
        plan = self.plans.get(columns)
        if plan is None:
            plan = self.plans[columns] = self._planned(frame.schema)
        return plan

    def _planned(self, schema: Mapping[str, pl.DataType]) -> _Plan:
        columns = list(schema)
        present = list(columns)
        derived = []
        for one in self.derived:
            if one.columns <= set(present):
                derived.append(one.value.alias(one.name))
                present.append(one.name)
        usable = [(k, s) for k, s in enumerate(self._asked) if s.columns <= set(present)]
        excuses = [e.when for e in self.excuses if e.columns <= set(present)]
        asked = [s.when.fill_null(value=False).alias(f"{_ASKED}{k}") for k, s in usable]
        if excuses:
            asked.append(pl.any_horizontal(excuses).fill_null(value=False).alias(_EXCUSED))
        few = None
        if len(set(present)) == len(present):  # nothing received is replaced
            named = [(one.name, one.value) for one in self.derived if one.name in present]
            few = thin(schema, named, [*(s.when for _, s in usable), *excuses])
        return _Plan(derived, usable, asked, bool(excuses), list(dict.fromkeys(present)), few)

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
    rows: dict[int, dict[str, Any]] = field(default_factory=dict, repr=False)

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
        row = self.rows.get(index)
        if row is None:
            row = self.rows[index] = self.frame.row(index, named=True)
        return row

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

"""What a training run tells of itself: figures on texts kept back, by source, and their limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.text.cascade.classes import best_class
from fanzha.detection.text.cascade.figures import class_figures, fraud_figures
from fanzha.detection.text.cascade.gate import alike_by_grams
from fanzha.detection.text.cascade.grams.fit import probability
from fanzha.detection.text.cascade.model import TextModel
from fanzha.detection.text.cascade.samples import Samples
from fanzha.detection.text.cascade.voice import both

__all__ = ["Held", "floor_of", "report", "unsure"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_LEAST = 30
"""Benign texts that a source needs for a threshold, and texts for figures of its own."""
_ABOVE = 0.05
"""Share of honest texts of other sources that may lie above the floor."""
_DEEPEST, _FLOOR = -5.0, -2.5
"""Log-odds between which the floor lies."""


@dataclass(eq=False)
class Held:
    """By row what models said that had not seen it; `row` is −1 where none did, `second` NaN where
    its sentences were not read."""

    best: F32
    whole: F32
    known: F32
    steps: F64
    written: F64
    second: F64
    row: I64
    voice: F64 | None = None
    voice_again: F64 | None = None
    """What the voice says of every row after either stage, where the model has one."""

    @classmethod
    def none(cls, rows: int) -> Held:
        zero = np.zeros(rows, dtype=np.float32)
        return cls(
            zero.copy(), zero.copy(), zero.copy(), np.zeros(rows), np.zeros(rows),
            np.full(rows, np.nan),
            np.full(rows, -1, dtype=np.int64),
        )  # fmt: skip

    def first_columns(self) -> F64:
        """(rows, 4): what the first stage's scale reads."""
        return np.column_stack([self.best, self.whole, self.steps, self.written]).astype(np.float64)


def report(
    samples: Samples, mine: Bools, near: Held, far: Held, model: TextModel, cell: I64, classes: F64
) -> dict[str, Any]:
    """Plain data: counts; figures on texts like those trained on, near-duplicates left out; figures
    on each source left out; what a threshold set on one source's benign texts does on the others;
    how often the second stage was asked."""
    rows = np.flatnonzero((near.row >= 0) & (far.row >= 0) & mine)
    odds, asked = _near_odds(near, far, model, cell)
    score = probability(odds)
    out: dict[str, Any] = {
        "texts": len(samples), "fraud": int(samples.fraud.sum()),
        "groups": int(np.unique(samples.group).size),
        "by_source": {
            name: {"texts": int((samples.source == k).sum()),
                   "fraud": int(samples.fraud[samples.source == k].sum())}
            for k, name in enumerate(samples.sources)
        },
        "kept_back": fraud_figures(score[rows], samples.fraud[rows]) if rows.size else None,
        "second_stage_share": round(float(asked[rows].mean()), 4) if rows.size else None,
        "source_left_out": {},
    }  # fmt: skip
    benign: dict[str, F64] = {}
    odds = _far_odds(far, model, cell)
    for k, name in enumerate(samples.sources):
        of = np.flatnonzero((samples.source == k) & (far.row >= 0))
        if of.size >= _LEAST:
            out["source_left_out"][name] = fraud_figures(probability(odds[of]), samples.fraud[of])
            honest = odds[of[~samples.fraud[of]]]
            if honest.size >= _LEAST:
                benign[name] = honest
    out["threshold_moved"] = {
        f"{a} → {b}": round(float((benign[b] > np.quantile(benign[a], 0.99)).mean()), 4)
        for a in benign for b in benign if a != b
    }  # fmt: skip
    named = np.flatnonzero(np.isfinite(classes).all(axis=1)) if model.classes else rows[:0]
    if named.size:
        said = best_class(classes[named], model.class_fraud, score[named])
        out["classes_kept_back"] = class_figures(
            [model.classes[k] for k in said], [model.classes[k] for k in samples.classes[named]]
        )
    return out


def _near_odds(
    near: Held, far: Held, model: TextModel, cell: I64
) -> tuple[F64, npt.NDArray[np.bool_]]:
    """Log-odds as the cascade would answer, the second stage asked where the first is unsure."""
    a = model.first_in(near.first_columns(), cell)
    b, b_again = _outside(far, model, cell)
    alike = alike_by_grams(near.known, cell, model.gate)
    odds = model.answer(a, b, alike)
    there = np.isfinite(near.second) & np.isfinite(b_again)
    asked = unsure(a, b, odds, alike, model.band) & there
    a_again = np.where(there, model.second_in(np.column_stack([near.second, a]), cell), a)
    b_again = np.where(there, b_again, b)
    return np.where(asked, model.answer(a_again, b_again, alike), odds), asked


def unsure(inside: F64, outside: F64, odds: F64, alike: F64, band: float) -> Bools:
    """Which texts the first stage sends on: near the middle, strange, or judged two ways."""
    out: Bools = (np.abs(odds) < band) | (alike < 0.5) | ((inside > 0) != (outside > 0))
    return out


def _far_odds(far: Held, model: TextModel, cell: I64) -> F64:
    """Log-odds for texts of a source never trained on, the second stage asked of all encoded."""
    first, again = _outside(far, model, cell)
    return np.where(np.isfinite(again), again, first)


def _outside(far: Held, model: TextModel, cell: I64) -> tuple[F64, F64]:
    """The answer for other sources with its voice, after either stage; NaN where not encoded."""
    first = model.first_out(far.first_columns(), cell)
    again = model.second_out(np.column_stack([far.second, first]), cell)
    if far.voice is None or far.voice_again is None:
        return first, again
    return both(first, far.voice), both(again, far.voice_again)


def floor_of(far: Held, samples: Samples, model: TextModel, cell: I64) -> float:
    """Log-odds that all but a few honest texts of sources left out lie below."""
    rows = np.flatnonzero((far.row >= 0) & ~samples.fraud)
    odds = _far_odds(far, model, cell)[rows]
    highest = float(np.quantile(odds, 1 - _ABOVE)) if rows.size else _FLOOR
    return min(max(highest, _DEEPEST), _FLOOR)

"""From scores to probabilities: what a score means for texts of a channel and a length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.detection.text.cascade.grams.fit import probability

__all__ = ["CELLS", "Scale", "cells", "fit_scale"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CELLS = 6
"""Messages, then talk (chats, calls), each short, middling, long."""
_SHORT, _LONG = 30, 200
"""Characters of the normal form."""
_ENOUGH = 40
"""Texts of either side that a cell needs before it says anything of its own."""
_SHRINK = 2.0


def cells(length: I64, talk: Bools) -> I64:
    """Which cell of channel and length a text falls in."""
    size = (length >= _SHORT).astype(np.int64) + (length >= _LONG)
    return talk * 3 + size


@dataclass(frozen=True, eq=False)
class Scale:
    """Log-odds = columns · `weights` + `constant` + `offset` of the text's cell.

    `met` says of each cell whether it was calibrated on texts of both sides.
    """

    weights: F64
    constant: float
    offset: F64
    met: Bools

    def __call__(self, columns: F64, cell: I64) -> F64:
        odds: F64 = columns @ self.weights + self.constant + self.offset[cell]
        return odds


def fit_scale(columns: F64, wanted: F64, weight: F64, cell: I64, *, apart: bool = True) -> Scale:
    """Logistic regression by Newton's method; evidence may not turn around.

    A cell's offset is fitted with its two sides weighed as in the whole, so that it tells how
    scores lie there and not how common fraud was there in training: else long texts are suspect for
    being long. A cell without enough texts of both sides has none. `apart` false: no offsets, for
    texts like those trained on, of which length tells as much as anything else.
    """
    fraud = wanted > 0.5
    if not wanted.size or fraud.all() or not fraud.any():
        nothing = np.zeros(CELLS)
        return Scale(np.ones(columns.shape[1]), 0.0, nothing, nothing > 0)
    met = np.array(
        [min(int((fraud & (cell == c)).sum()), int((~fraud & (cell == c)).sum())) >= _ENOUGH
         for c in range(CELLS)]
    )  # fmt: skip
    share = float((weight * fraud).sum() / weight.sum())
    balanced = weight.astype(np.float64).copy()
    for c in np.flatnonzero(met & apart):
        here = cell == c
        yes, no = balanced[here & fraud].sum(), balanced[here & ~fraud].sum()
        whole = yes + no
        balanced[here & fraud] *= share * whole / yes
        balanced[here & ~fraud] *= (1 - share) * whole / no
    marks = np.zeros((wanted.size, CELLS))
    rows = np.flatnonzero(met[cell] & apart)
    marks[rows, cell[rows]] = 1.0
    used = list(range(columns.shape[1]))
    while True:
        theta = _newton(np.column_stack([columns[:, used], marks]), wanted, balanced, len(used))
        against = [k for k, value in zip(used, theta[: len(used)], strict=True) if value < 0]
        if not against or len(used) == 1:
            break
        used = [k for k in used if k not in against]
    weights = np.zeros(columns.shape[1])
    weights[used] = np.maximum(theta[: len(used)], 0.0)
    return Scale(weights, float(theta[-1]), theta[len(used) : -1] * met, met)


def _newton(x: F64, wanted: F64, weight: F64, free: int) -> F64:
    x = np.column_stack([x, np.ones(len(x))])
    pull = np.full(x.shape[1], _SHRINK)
    pull[:free], pull[-1] = 1e-2, 1e-6
    theta = np.zeros(x.shape[1])
    weight = weight * (wanted.size / weight.sum())
    for _ in range(60):
        p = probability(x @ theta)
        gradient = x.T @ (weight * (p - wanted)) + pull * theta
        curve = (x * (weight * np.maximum(p * (1 - p), 1e-6))[:, None]).T @ x + np.diag(pull)
        move = np.linalg.solve(curve, gradient)
        theta -= np.clip(move, -5, 5)
        if np.abs(move).max() < 1e-7:
            break
    return theta

"""Figures of a ranking: area under the curve, average precision, macro F1, with intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["area", "average_precision", "best_cut", "figures_of", "interval", "macro_f1"]

F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def area(score: F64, truth: Bools) -> float:
    """Area under the ROC curve, equal scores counted half; NaN where one class is absent."""
    yes, no = int(truth.sum()), int((~truth).sum())
    if not yes or not no:
        return float("nan")
    _, group, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = np.cumsum(counts) - (counts - 1) / 2
    return float((rank[group][truth].sum() - yes * (yes + 1) / 2) / (yes * no))


def average_precision(score: F64, truth: Bools) -> float:
    """Precision averaged over the positives, best first, equal scores as one step; NaN without
    positives."""
    yes = int(truth.sum())
    if not yes:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(truth[order])
    ends = np.r_[np.flatnonzero(np.diff(score[order])), order.size - 1]
    gained = np.diff(np.r_[0, hits[ends]])
    return float(np.sum(gained * hits[ends] / (ends + 1)) / yes)


def macro_f1(score: F64, truth: Bools, cut: float) -> float:
    """Mean of the F1 of both classes when scores of at least `cut` are called positive."""
    told = score >= cut
    both = (told & truth).sum(), (~told & ~truth).sum()
    wrong = int((told != truth).sum())
    return float(np.mean([2 * hit / max(2 * hit + wrong, 1) for hit in both]))


def best_cut(score: F64, truth: Bools) -> float:
    """The cut between 0.02 and 0.98 of the best macro F1; of several as good, the middle one."""
    cuts = np.arange(0.02, 0.981, 0.01)
    found = np.array([macro_f1(score, truth, cut) for cut in cuts])
    # A cut is trusted where its neighbours do as well: single peaks are chance.
    smooth = np.convolve(np.pad(found, 3, mode="edge"), np.ones(7) / 7, mode="valid")
    return float(cuts[np.flatnonzero(smooth >= smooth.max() - 1e-12)].mean())


def interval(
    figure: Callable[[F64, Bools], float],
    score: F64,
    truth: Bools,
    *,
    unit: npt.NDArray[np.int64] | None = None,
    draws: int = 300,
    seed: int = 1,
) -> tuple[float, float]:
    """95 % bootstrap interval of `figure`, drawing whole units (days, say) or single rows."""
    rng = np.random.default_rng(seed)
    rows = None
    if unit is not None:
        order = np.argsort(unit, kind="stable")
        rows = np.split(order, np.flatnonzero(np.diff(unit[order])) + 1)
    found = []
    for _ in range(draws):
        if rows is None:
            drawn = rng.integers(0, score.size, score.size)
        else:
            drawn = np.concatenate([rows[i] for i in rng.integers(0, len(rows), len(rows))])
        found.append(figure(score[drawn], truth[drawn]))
    low, high = np.nanquantile(found, [0.025, 0.975])
    return float(low), float(high)


def figures_of(
    score: F64, truth: Bools, *, told: Bools | None = None,
    unit: npt.NDArray[np.int64] | None = None, draws: int = 200,
) -> dict[str, Any]:  # fmt: skip
    """AUC, average precision and macro F1 with 95 % intervals, for a report. `told` says which rows
    are called positive (else those of at least 0.5); `unit` as in `interval`."""
    called = score >= 0.5 if told is None else told
    found: dict[str, Any] = {"rows": score.size, "positive": int(truth.sum())}
    for name, figure, value in (
        ("auc", area, score),
        ("ap", average_precision, score),
        ("macro_f1", lambda s, t: macro_f1(s, t, 0.5), called.astype(np.float64)),
    ):
        found[name] = round(figure(value, truth), 4)
        between = interval(figure, value, truth, unit=unit, draws=draws)
        found[f"{name}_ci95"] = [round(one, 4) for one in between]
    return found

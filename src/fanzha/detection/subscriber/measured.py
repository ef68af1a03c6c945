"""Measures subscribers: five folds several times over, random 80/20 splits, the baseline beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse, stats

from fanzha.detection.ranking import area, best_cut, figures_of, macro_f1
from fanzha.detection.subscriber.model import Model, fit, folds, plain
from fanzha.detection.subscriber.table import Subscribers

__all__ = ["held_back", "measured"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_HELD = 0.2
"""Share of the rows that each part holds out, in both ways."""


def measured(
    table: Subscribers, graph: sparse.csr_array | None,
    *, repeats: int, splits: int, graph_use: bool | None, seed: int,
    done: Callable[[int], None] = lambda parts: None,
) -> dict[str, Any]:  # fmt: skip
    """AUC and macro F1 (both at 0.5) on rows held out; cut and graph chosen without them.

    For each way of splitting: mean with its 95 % interval, spread and range over the parts held
    out. `done` is called after each part.
    """
    ways = {
        "five_folds": _folded(table.label, repeats, seed),
        "random_80_20": _split(table.label, splits, seed),
    }
    found: dict[str, Any] = {"labelled": int((~np.isnan(table.label)).sum())}
    for way, parts in ways.items():
        got: dict[str, list[float]] = {}
        for held in parts:
            known = np.where(np.isin(np.arange(table.label.size), held), np.nan, table.label)
            truth = table.label[held] == 1.0
            model = fit(table.figures, table.names, known, graph, seed=seed, graph_use=graph_use)
            ours = model.score(table.figures, graph, known, held, seed=seed)
            base = plain(table.figures, known, held, seed=seed)
            for name, score in (("", ours), ("baseline_", base)):
                got.setdefault(f"{name}auc", []).append(area(score, truth))
                got.setdefault(f"{name}macro_f1", []).append(macro_f1(score, truth, 0.5))
            got.setdefault("used_graph", []).append(float(model.use_graph))
            done(1)
        if got:
            found[way] = {name: _told(values) for name, values in got.items()}
    return found


def held_back(model: Model, label: F64, *, seed: int) -> dict[str, Any]:
    """Figures of a model just trained on rows its trees did not see: five folds, the cut of each
    chosen on the other four. Only whether the graph is used was chosen on all five."""
    rows = ~np.isnan(label)
    truth, fold = label[rows] == 1.0, folds(label, 5, seed)[rows]
    score = model.unseen
    assert score is not None
    called = np.zeros(score.size, np.bool_)
    for one in range(5):
        others = fold != one
        called[~others] = score[~others] >= best_cut(score[others], truth[others])
    return figures_of(score, truth, told=called)


def _told(values: list[float]) -> dict[str, Any]:
    return {
        "mean": round(float(np.mean(values)), 4),
        "ci95": _interval(values),
        "sd": round(float(np.std(values)), 4),
        "least": round(min(values), 4),
        "most": round(max(values), 4),
        "parts": len(values),
    }


def _interval(values: list[float]) -> list[float] | None:
    """95 % interval of the mean; None of a single part, which has no spread.

    Parts learn from mostly the same rows, so that they vary less than fresh ones would: the
    variance is raised by the rows held out to those learned from, a fifth to four [Nadeau and
    Bengio 2003, "Inference for the generalization error"].
    """
    if len(values) < 2:
        return None
    wide = float(np.std(values, ddof=1)) * (1 / len(values) + _HELD / (1 - _HELD)) ** 0.5
    wide *= float(stats.t.ppf(0.975, len(values) - 1))
    middle = float(np.mean(values))
    return [round(max(0.0, middle - wide), 4), round(min(1.0, middle + wide), 4)]


def _folded(label: F64, repeats: int, seed: int) -> Iterator[I64]:
    for repeat in range(repeats):
        fold = folds(label, 5, seed + 1000 + repeat)
        for one in range(5):
            yield np.flatnonzero(fold == one)


def _split(label: F64, splits: int, seed: int) -> Iterator[I64]:
    for split in range(splits):
        told = np.flatnonzero(~np.isnan(label))
        rng = np.random.default_rng(seed + 2000 + split)
        yield np.sort(rng.permutation(told)[: told.size // 5])

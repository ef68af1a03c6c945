"""Figures of a classifier with their intervals: rates by Wilson, the rest by bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.ranking import area, average_precision
from fanzha.detection.rate import wilson

__all__ = ["class_figures", "f1", "fraud_figures", "recall_at"]

F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_DRAWS = 200
_SEED = 20261101


def fraud_figures(score: F64, fraud: Bools, threshold: float = 0.5) -> dict[str, Any]:
    """Precision, recall, F1, AUC, recall at 1 % and 0.1 % false positives; each [value, low, high].

    AUC and the recalls are null where one side is missing.
    """
    found = score >= threshold
    hits, named, there = int((found & fraud).sum()), int(found.sum()), int(fraud.sum())
    out: dict[str, Any] = {
        "texts": int(fraud.size), "fraud": there, "threshold": threshold,
        "precision": _rate(hits, named), "recall": _rate(hits, there),
        "false_positives": _rate(named - hits, int(fraud.size) - there),
        "f1": _drawn(lambda s, y: f1(s >= threshold, y), score, fraud),
    }  # fmt: skip
    both = 0 < there < fraud.size
    out["auc"] = _drawn(area, score, fraud) if both else None
    out["average_precision"] = _drawn(average_precision, score, fraud) if both else None
    for name, allowed in (("recall_at_1_percent", 0.01), ("recall_at_0.1_percent", 0.001)):
        recall = recall_at(score, fraud, allowed) if both else None
        out[name] = None if recall is None else _rate(round(recall * there), there)
    return out


def class_figures(said: Sequence[str], meant: Sequence[str]) -> dict[str, Any]:
    """Weighted and macro F1 over classes, each class's own, and the confusion (meant → said)."""
    names = sorted(set(said) | set(meant))
    place = {name: k for k, name in enumerate(names)}
    table = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(table, ([place[m] for m in meant], [place[s] for s in said]), 1)
    rng = np.random.default_rng(_SEED)
    draws = [rng.multinomial(table.sum(), (table / table.sum()).ravel()) for _ in range(_DRAWS)]
    tables = [draw.reshape(table.shape) for draw in draws]
    out: dict[str, Any] = {}
    for name, which in (("weighted_f1", 0), ("macro_f1", 1)):
        low, high = np.quantile([_class_f1(t)[which] for t in tables], [0.025, 0.975])
        out[name] = _round([_class_f1(table)[which], float(low), float(high)])
    each = _each(table)
    out["classes"] = {
        name: {
            "texts": int(table[k].sum()), "f1": round(float(each[k]), 4),
            "recall": _rate(int(table[k, k]), int(table[k].sum())),
            "said": {other: int(table[k, j]) for j, other in enumerate(names) if table[k, j]},
        }
        for k, name in enumerate(names)
    }  # fmt: skip
    return out


def f1(found: Bools, fraud: Bools) -> float:
    """2 · hits / (found + there); 0 where there is nothing."""
    both = int(found.sum()) + int(fraud.sum())
    return 2.0 * int((found & fraud).sum()) / both if both else 0.0


def recall_at(score: F64, fraud: Bools, allowed: float) -> float:
    """Share of fraud above the score that at most `allowed` of the rest reach."""
    rest = np.sort(score[~fraud])[::-1]
    if not rest.size or not fraud.any():
        return 0.0
    return float((score[fraud] > rest[min(int(rest.size * allowed), rest.size - 1)]).mean())


def _drawn(measure: Callable[[F64, Bools], float], score: F64, fraud: Bools) -> list[float]:
    rng = np.random.default_rng(_SEED)
    draws = []
    for _ in range(_DRAWS):
        rows = rng.integers(0, fraud.size, fraud.size)
        draws.append(measure(score[rows], fraud[rows]))
    # A draw of one class has no area: it says nothing of the figure.
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return _round([measure(score, fraud), float(low), float(high)])


def _rate(hits: int, of: int) -> list[float]:
    return _round([hits / of if of else 0.0, *wilson(hits, of)])


def _round(values: list[float]) -> list[float]:
    return [round(float(value), 4) for value in values]


def _each(table: npt.NDArray[Any]) -> F64:
    hit = np.diag(table).astype(np.float64)
    both = table.sum(axis=0) + table.sum(axis=1)
    each: F64 = np.where(both > 0, 2 * hit / np.maximum(both, 1), 0.0)
    return each


def _class_f1(table: npt.NDArray[Any]) -> tuple[float, float]:
    each, texts = _each(table), table.sum(axis=1)
    there = texts > 0
    return (
        float((each * texts).sum() / max(int(texts.sum()), 1)),
        float(each[there].mean()) if there.any() else 0.0,
    )

"""What is looked at of a subscriber: its figures, ratios of them, its place in the graph.

No feature of a subscriber rests on its own label: what labels its neighbours have is counted with
the labels of a fifth of the subscribers, its own among them, hidden.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import svds

__all__ = ["RATIOS", "graph_names", "of_graph", "ratio_names", "ratios"]

F64 = npt.NDArray[np.float64]

RATIOS = (
    ("opposite_count", "opposite_unique"), ("opposite_count", "voc_day_nunique"),
    ("opposite_unique", "voc_day_nunique"), ("opposite_count", "voc_hour_nunique"),
    ("opposite_count", "arpu_mean"), ("sms_count", "sms_nunique"), ("sms_count", "day_nunique"),
    ("sms_count", "opposite_count"), ("call_dur_mean", "call_dur_median"),
    ("call_dur_max", "call_dur_mean"), ("imeis", "opposite_count"),
    ("voc_hour_mode_count", "opposite_count"), ("voc_day_mode_count", "opposite_count"),
    ("hour_mode_count", "sms_count"), ("day_mode_count", "sms_count"),
    ("voccalltype1", "opposite_count"), ("city_name_nunique", "opposite_unique"),
    ("county_name_nunique", "city_name_nunique"), ("flow_sum", "busi_count"),
    ("flow_max", "flow_sum"), ("flow_sum", "arpu_sum"), ("arpu_max", "arpu_mean"),
    ("arpu_sum", "arpu_mean"),
)  # fmt: skip
"""Per contact, per day, peak against mean: used where a file has both columns."""
_FOLDS = 5
_EMBEDDING = 16
_STEPS = 8
_RESTART = 0.2


def ratio_names(names: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs of `RATIOS` of which both are there."""
    return [(above, below) for above, below in RATIOS if above in names and below in names]


def ratios(figures: F64, names: Sequence[str], pairs: Sequence[tuple[str, str]]) -> F64:
    """One column a pair, and how many figures the row lacks."""
    at = {name: i for i, name in enumerate(names)}
    found = [figures[:, at[a]] / (figures[:, at[b]] + 1e-6) for a, b in pairs]
    return np.column_stack([*found, np.isnan(figures).sum(axis=1).astype(np.float64)])


def graph_names(names: Sequence[str]) -> list[str]:
    """The columns of `of_graph`."""
    fixed = ["degree", "degree_two", "fraud_share", "fraud_rare", "fraud_count", "fraud_near"]
    return [
        *fixed,
        *(f"place_{i}" for i in range(_EMBEDDING)),
        *(f"around_{name}" for name in names),
    ]


def of_graph(graph: sparse.csr_array, figures: F64, label: F64, *, seed: int) -> F64:
    """Degree, fraud among neighbours, walks from known fraud, place, mean figures around.

    `graph` is symmetric, a row a subscriber; `label` is NaN where not told. Returns a row each.
    """
    degree = np.asarray(graph.sum(axis=1)).ravel()
    step = _rows_to_one(graph)
    fraud = np.empty((label.size, 4))
    told = np.flatnonzero(~np.isnan(label))
    fold = np.full(label.size, -1)
    fold[told] = np.random.default_rng(seed).permutation(told.size) % _FOLDS
    for hidden in range(-1, _FOLDS):
        rows = fold == hidden
        if rows.any():
            seen = np.where(fold == hidden, np.nan, label)
            fraud[rows] = _fraud_around(graph, step, degree, seen)[rows]
    around = _around(step, figures)
    return np.column_stack([degree, step @ degree, fraud, _place(graph, degree, seed), around])


def _fraud_around(graph: sparse.csr_array, step: sparse.csr_array, degree: F64, label: F64) -> F64:
    told = (~np.isnan(label)).astype(np.float64)
    fraud = np.nan_to_num(label)
    base = fraud.sum() / max(told.sum(), 1.0)
    count = graph @ fraud
    share = (count + base) / (graph @ told + 1.0)
    rare = 1.0 / np.maximum(degree, 1.0)
    by_rare = (graph @ (fraud * rare) + base * 0.1) / (graph @ (told * rare) + 0.1)
    walk = np.zeros((label.size, 2))
    start = np.column_stack(
        [fraud / max(fraud.sum(), 1), (told - fraud) / max((told - fraud).sum(), 1)]
    )
    for _ in range(_STEPS):
        walk = _RESTART * start + (1.0 - _RESTART) * (step.T @ walk)
    near = np.log((walk[:, 0] + 1e-9) / (walk[:, 1] + 1e-9))
    return np.column_stack([share, by_rare, count, near])


def _rows_to_one(graph: sparse.csr_array) -> sparse.csr_array:
    sums = np.asarray(graph.sum(axis=1)).ravel()
    scale = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)
    return sparse.csr_array(sparse.diags_array(scale) @ graph)


def _around(step: sparse.csr_array, figures: F64) -> F64:
    """Weighted means of the neighbours' figures, over those that have one; NaN where none has."""
    known = (~np.isnan(figures)).astype(np.float64)
    weight = np.asarray(step @ known)
    total = np.asarray(step @ np.nan_to_num(figures))
    held = weight > 0
    return np.asarray(np.divide(total, weight, out=np.full_like(total, np.nan), where=held))


def _place(graph: sparse.csr_array, degree: F64, seed: int) -> F64:
    """Leading singular vectors of the normalised graph; zeros where it is too small."""
    size = degree.size
    out = np.zeros((size, _EMBEDDING))
    wanted = min(_EMBEDDING, size - 2)
    if wanted < 1 or graph.nnz == 0:
        return out
    scale = sparse.diags_array(1.0 / np.sqrt(np.maximum(degree, 1e-9)))
    start = np.random.default_rng(seed).random(size)
    left, values, _ = svds(sparse.csr_array(scale @ graph @ scale), wanted, v0=start)
    order = np.argsort(-values)
    left = left[:, order] * np.sign(np.sum(left[:, order] ** 3, axis=0) + 1e-15)
    out[:, :wanted] = left * values[order]
    return out

"""Two families of boosted trees, several seeds each, averaged; the graph where it helps.

Whether the graph is looked at is decided while training, by cross-validation on the training rows
alone. The score is shifted so that 0.5 is the cut of the best macro F1 over the folds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
from scipy import sparse

from fanzha.detection.ranking import area, best_cut
from fanzha.detection.subscriber.features import (
    graph_names,
    of_graph,
    ratio_names,
    ratios,
)
from fanzha.errors import Misconfigured, Refused

__all__ = ["Model", "fit", "folds", "plain"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_LEAST = 40
_SHARED: dict[str, Any] = {
    "objective": "binary", "min_data_in_leaf": 30, "feature_fraction": 0.3,
    "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 5.0, "num_threads": 1,
    "deterministic": True, "force_row_wise": True, "verbose": -1,
}  # fmt: skip
_FAMILIES: dict[str, tuple[dict[str, Any], int]] = {
    "boosted": ({"num_leaves": 15, "learning_rate": 0.015}, 800),
    "scattered": ({"num_leaves": 31, "learning_rate": 0.02, "extra_trees": True}, 1000),
}
_PLAIN: tuple[dict[str, Any], int] = (
    {"num_leaves": 31, "learning_rate": 0.03, "min_data_in_leaf": 20, "feature_fraction": 0.5,
     "bagging_fraction": 0.8}, 400,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Views:
    """What the families see, a row a subscriber."""

    boosted: F64
    scattered: F64


@dataclass(frozen=True, eq=False)
class Model:
    """The trees, which columns they see, and the shift that puts the cut at 0.5."""

    texts: dict[str, str]
    names: tuple[str, ...]
    use_graph: bool
    shift: float
    notes: dict[str, Any]
    unseen: F64 | None = None
    """Chance of each row with a label by trees that did not see it, in the order of the rows; the
    fifths are those of `folds`. None of a model that was read."""

    def score(
        self, figures: F64, graph: sparse.csr_array | None, label: F64, rows: I64, *, seed: int
    ) -> F64:
        """Scores of `rows`. `figures` has the columns of `names`, a row for every node known, and
        `label` what training knew of it."""
        views = _views(figures, self.names, graph if self.use_graph else None, label, seed)
        odds = np.zeros(rows.size)
        for name, text in self.texts.items():
            seen = getattr(views, name.partition("-")[0])[rows]
            odds += _odds(lgb.Booster(model_str=text).predict(seen, num_threads=1))
        return np.asarray(1.0 / (1.0 + np.exp(self.shift - odds / len(self.texts))))

    def head(self) -> str:
        """What is no tree, as JSON for a model file."""
        held = {"names": self.names, "use_graph": self.use_graph, "shift": self.shift}
        return json.dumps(held, sort_keys=True)

    @classmethod
    def of(cls, texts: dict[str, str]) -> Model:
        """From the texts of a model file. Raises `Misconfigured` where they do not fit."""
        try:
            head = json.loads(texts["head"])
            trees = {name: text for name, text in texts.items() if name != "head"}
            names = tuple(str(name) for name in head["names"])
            return cls(trees, names, bool(head["use_graph"]), float(head["shift"]), {})
        except (KeyError, ValueError, TypeError) as error:
            raise Misconfigured(
                "model_invalid",
                zh="模型文件的内容不完整",
                en="the model file is incomplete",
                field="head",
            ) from error


def fit(
    figures: F64, names: Sequence[str], label: F64, graph: sparse.csr_array | None,
    *, seed: int = 1, seeds: int = 3, graph_use: bool | None = None,
    done: Callable[[int], None] = lambda parts: None,
) -> Model:  # fmt: skip
    """Learn from the rows whose label is told; the others only stand in the graph.

    `graph_use` says whether the graph is looked at; None lets cross-validation decide. `done` is
    called after each fold. Raises `Refused` where a class has fewer than 40 rows.
    """
    told = np.flatnonzero(~np.isnan(label))
    yes = int(np.nansum(label))
    if yes < _LEAST or told.size - yes < _LEAST:
        raise Refused(
            "labels_few",
            zh=f"两类各须至少 {_LEAST} 个有 label 的用户",
            en=f"at least {_LEAST} labelled subscribers of each kind are needed",
            field="label",
        )
    held = tuple(names)
    notes: dict[str, Any] = {}
    own = None if graph_use else _held_out(figures, held, label, None, told, seed, done)
    with_graph = None
    if graph is not None and graph.nnz and graph_use is not False:
        with_graph = _held_out(figures, held, label, graph, told, seed, done)
    if own is not None:
        notes["auc_without_graph"] = [round(value, 4) for value in own[1]]
    if with_graph is not None:
        notes["auc_with_graph"] = [round(value, 4) for value in with_graph[1]]
    use_graph = with_graph is not None and (own is None or _better(with_graph[1], own[1]))
    chosen = with_graph if use_graph else own
    if chosen is None:
        raise Refused("graph_absent", zh="没有可用的图", en="there is no graph", field="--edges")
    truth = label[told] == 1.0
    cut = best_cut(_chance(chosen[0]), truth)
    views = _views(figures, held, graph if use_graph else None, label, seed)
    texts = _trees(views, label, told, [seed + i for i in range(seeds)])
    notes |= {"cut": round(cut, 3), "graph": use_graph}
    shift = float(np.log(cut / (1.0 - cut)))
    return Model(texts, held, use_graph, shift, notes, _chance(chosen[0]))


def plain(figures: F64, label: F64, rows: I64, *, seed: int = 1) -> F64:
    """The baseline: LightGBM on the figures alone, learned from rows with a label."""
    told = np.flatnonzero(~np.isnan(label))
    settings, rounds = _PLAIN
    data = lgb.Dataset(figures[told], label[told])
    booster = lgb.train({**_SHARED, **settings, "seed": seed}, data, rounds)
    return np.asarray(booster.predict(figures[rows], num_threads=1))


def folds(label: F64, count: int, seed: int) -> I64:
    """A fold for each row with a label, both kinds spread evenly; -1 for the others."""
    rng = np.random.default_rng(seed)
    out = np.full(label.size, -1)
    for kind in (0.0, 1.0):
        rows = rng.permutation(np.flatnonzero(label == kind))
        out[rows] = np.arange(rows.size) % count
    return out


def _held_out(
    figures: F64, names: Sequence[str], label: F64, graph: sparse.csr_array | None,
    told: I64, seed: int, done: Callable[[int], None], count: int = 5,
) -> tuple[F64, list[float]]:  # fmt: skip
    """Log-odds of each labelled row from trees that did not see it, and the AUC of each fold."""
    fold = folds(label, count, seed)
    out, areas = np.zeros(label.size), []
    for one in range(count):
        kept = np.where(fold == one, np.nan, label)
        rows = np.flatnonzero(fold == one)
        views = _views(figures, names, graph, kept, seed)
        texts = _trees(views, kept, np.flatnonzero(~np.isnan(kept)), [seed])
        for name, text in texts.items():
            seen = getattr(views, name.partition("-")[0])[rows]
            out[rows] += _odds(lgb.Booster(model_str=text).predict(seen, num_threads=1))
        out[rows] /= len(texts)
        areas.append(area(out[rows], label[rows] == 1.0))
        done(1)
    return out[told], areas


def _better(one: Sequence[float], other: Sequence[float]) -> bool:
    """Better by more than the standard error of the difference over the same folds."""
    gained = np.array(one) - np.array(other)
    return bool(gained.mean() > gained.std(ddof=1) / np.sqrt(gained.size))


def _views(
    figures: F64, names: Sequence[str], graph: sparse.csr_array | None, label: F64, seed: int
) -> Views:
    parts = [figures, ratios(figures, names, ratio_names(names))]
    if graph is not None:
        parts.append(of_graph(graph, figures, label, seed=seed))
        assert parts[-1].shape[1] == len(graph_names(names))
    return Views(figures if graph is None else np.hstack(parts), np.hstack(parts))


def _trees(views: Views, label: F64, rows: I64, seeds: Sequence[int]) -> dict[str, str]:
    texts = {}
    for family, (settings, rounds) in _FAMILIES.items():
        seen = getattr(views, family)[rows]
        for seed in seeds:
            data = lgb.Dataset(seen, label[rows])
            booster = lgb.train({**_SHARED, **settings, "seed": seed}, data, rounds)
            texts[f"{family}-{seed}"] = str(booster.model_to_string())
    return texts


def _odds(chance: Any) -> F64:
    held = np.clip(np.asarray(chance, dtype=np.float64), 1e-4, 1.0 - 1e-4)
    return np.asarray(np.log(held / (1.0 - held)))


def _chance(odds: F64) -> F64:
    return np.asarray(1.0 / (1.0 + np.exp(-odds)))

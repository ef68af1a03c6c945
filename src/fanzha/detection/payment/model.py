"""Three boosted models of payments: habits alone, outcomes that keep coming, outcomes that stopped.

*Habits* needs no outcome. *Live* is for outcomes that become known some days after their payment;
*stopped* for a stretch in which no outcome arrives any more and the last ones grow old. What came
before the payments to be scored (the training payments, under hashed keys) travels in the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from fanzha.detection.payment.features import Features, Payments, handbook, of_habits, of_outcomes
from fanzha.detection.payment.order import DAY
from fanzha.errors import Refused

__all__ = ["Model", "fit", "fit_baseline"]

F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_BLOCK = 28
"""Days: how old the newest outcome may grow while *stopped* learns."""
_GENUINE = 25
"""Genuine payments learned from for each fraud; more teach nothing new."""
_FEW = 40
"""Frauds below which nothing can be learned."""
_SETTINGS: dict[str, Any] = {
    "objective": "binary", "learning_rate": 0.03, "num_leaves": 15, "min_data_in_leaf": 400,
    "feature_fraction": 0.5, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 5.0,
    "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbose": -1,
}  # fmt: skip
_ROUNDS = {"habits": 350, "live": 350, "stopped": 350, "handbook": 350}


@dataclass(frozen=True, eq=False)
class Model:
    """The boosters and the outcomes' delay they were made for (seconds)."""

    texts: Mapping[str, str]
    """LightGBM's own text, by name: `habits`, `live`, `stopped`."""
    feedback: float
    boosters: dict[str, lgb.Booster] = field(default_factory=dict, repr=False)

    def scores(
        self, payments: Payments, lag: F64, *, live: bool
    ) -> tuple[F64, Features, lgb.Booster]:
        """Probability of fraud for each row, and what it rests on."""
        habits = of_habits(payments)
        expected = _predict(self._booster("habits"), habits)
        found = habits | of_outcomes(payments, lag, expected)
        booster = self._booster("live" if live else "stopped")
        if not live:
            found["lag"] = lag / DAY
        return _predict(booster, found), found, booster

    def habits_only(self, payments: Payments) -> F64:
        """Probability of fraud from habits, for a place that never learns an outcome."""
        return _predict(self._booster("habits"), of_habits(payments))

    def _booster(self, name: str) -> lgb.Booster:
        if name not in self.boosters:
            self.boosters[name] = lgb.Booster(model_str=self.texts[name])
        return self.boosters[name]


def fit(payments: Payments, feedback: float, *, seed: int = 1) -> Model:
    """Learn from payments whose outcomes are told. `feedback` is in seconds.

    Raises `Refused` where there are too few frauds or genuine payments to learn from.
    """
    rows = _learned_from(payments, seed)
    habits = of_habits(payments)
    texts = {"habits": _train("habits", habits, payments, rows, seed)}
    expected = _predict(lgb.Booster(model_str=texts["habits"]), habits)
    steady = np.full(payments.at.size, feedback)
    found = habits | of_outcomes(payments, steady, expected)
    texts["live"] = _train("live", found, payments, rows, seed)
    day = np.floor((payments.at - payments.at[0]) / DAY)
    stale = feedback + np.mod(day, _BLOCK) * DAY + np.mod(payments.at - payments.at[0], DAY)
    found = habits | of_outcomes(payments, stale, expected) | {"lag": stale / DAY}
    texts["stopped"] = _train("stopped", found, payments, rows, seed)
    return Model(texts, feedback)


def fit_baseline(
    payments: Payments, feedback: float, learned: Bools, *, live: bool, seed: int = 1
) -> F64:
    """Scores of the handbook's features under the same booster, learned from rows `learned`."""
    found = handbook(payments, np.full(payments.at.size, feedback), feedback=live)
    part = _part(payments, learned)
    rows = np.flatnonzero(learned)[_learned_from(part, seed)]
    text = _train("handbook", found, payments, rows, seed)
    return _predict(lgb.Booster(model_str=text), found)


def _part(payments: Payments, rows: Bools) -> Payments:
    return Payments(*(getattr(payments, name)[rows] for name in Payments.__dataclass_fields__))


def _learned_from(payments: Payments, seed: int) -> npt.NDArray[np.int64]:
    """Rows to learn from: every fraud, a share of the genuine, none of the first days, in which
    nobody has a past yet."""
    since = payments.at - (payments.at[0] if payments.at.size else 0.0)
    warm = since >= min(10 * DAY, float(since[-1]) / 8 if since.size else 0.0)
    fraud = np.flatnonzero(warm & (payments.outcome == 1.0))
    genuine = np.flatnonzero(warm & (payments.outcome == 0.0))
    if fraud.size < _FEW or genuine.size < _FEW:
        raise Refused(
            "labels_few",
            zh=f"可学的欺诈与正常付款各须至少 {_FEW} 笔",
            en=f"at least {_FEW} frauds and {_FEW} genuine payments are needed to learn from",
            field="label",
        )
    rng = np.random.default_rng(seed)
    kept = min(genuine.size, _GENUINE * fraud.size)
    drawn = rng.choice(genuine, kept, replace=False)
    return np.sort(np.concatenate([fraud, drawn]))


def _train(
    name: str, found: Features, payments: Payments, rows: npt.NDArray[np.int64], seed: int
) -> str:
    outcome = payments.outcome[rows]
    # Each genuine payment drawn stands for those that were not, so that scores are probabilities.
    of_all = np.nansum(payments.outcome == 0.0) / max(float(np.sum(outcome == 0.0)), 1.0)
    weight = np.where(outcome == 1.0, 1.0, of_all)
    smallest = min(_SETTINGS["min_data_in_leaf"], max(rows.size // 200, 5))
    data = lgb.Dataset(
        np.column_stack([values[rows] for values in found.values()]),
        outcome,
        weight=weight,
        feature_name=list(found),
        free_raw_data=True,
    )
    settings = {**_SETTINGS, "seed": seed, "min_data_in_leaf": smallest}
    booster = lgb.train(settings, data, _ROUNDS[name])
    return str(booster.model_to_string(importance_type="gain"))


def _predict(booster: lgb.Booster, found: Features, piece: int = 200_000) -> F64:
    names = booster.feature_name()
    size = next(iter(found.values())).size
    out = np.empty(size)
    for first in range(0, size, piece):
        rows = slice(first, first + piece)
        part = np.column_stack([found[name][rows] for name in names])
        out[rows] = np.asarray(booster.predict(part, num_threads=1))
    return out

"""Measures payments honestly: learn on the earlier, a gap, score the later, days as units."""

from __future__ import annotations

from typing import Any

import numpy as np

from fanzha.detection.payment.features import Payments
from fanzha.detection.payment.model import fit, fit_baseline
from fanzha.detection.payment.order import DAY
from fanzha.detection.ranking import area, average_precision, interval, macro_f1
from fanzha.errors import Refused

__all__ = ["measured"]


def measured(
    payments: Payments, test_from: float, feedback: float, gap: float,
    *, seed: int = 1, beside: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """Figures over the payments from `test_from` on (seconds), of a model that learned from those
    before `test_from - gap`. Raises `Refused` where either side lacks frauds.

    Three states of knowledge: `late` (every outcome comes `feedback` seconds after its payment),
    `stopped` (the last outcome known is the training's last), `never` (no outcome is looked at when
    scoring). `beside` each a booster of the same settings on the handbook's features.
    """
    at = payments.at
    learned, test = at < test_from - gap, at >= test_from
    truth = payments.outcome[test] == 1.0
    if np.isnan(payments.outcome[test]).any() or not truth.any() or truth.all():
        raise Refused(
            "labels_absent",
            zh="度量期内每笔须有 label，且两类都有",
            en="every measured payment needs a label, and both kinds must occur",
            field="label",
        )
    names = Payments.__dataclass_fields__
    model = fit(Payments(*(getattr(payments, n)[learned] for n in names)), feedback, seed=seed)
    day = np.floor(at[test] / DAY).astype(np.int64)
    steady = np.full(at.size, feedback)
    until = float(at[learned].max())
    scores = {
        "late": model.scores(payments, steady, live=True)[0],
        "stopped": model.scores(payments, np.maximum(steady, at - until), live=False)[0],
        "never": model.habits_only(payments),
    }
    for name, live in (("late", True), ("never", False)):
        if beside:
            scores[f"baseline_{name}"] = fit_baseline(
                payments, feedback, learned, live=live, seed=seed
            )
    found: dict[str, Any] = {
        "learned": int(learned.sum()),
        "measured": int(test.sum()),
        "frauds": int(truth.sum()),
        "days": int(np.unique(day).size),
    }
    for name, score in scores.items():
        part = score[test]
        found[name] = {
            "ap": round(average_precision(part, truth), 4),
            "ap_95": _interval(average_precision, part, truth, day),
            "auc": round(area(part, truth), 4),
            "auc_95": _interval(area, part, truth, day),
            "macro_f1": round(_macro_f1(part, truth), 4),
            "macro_f1_95": _interval(_macro_f1, part, truth, day),
        }
    return found


def _macro_f1(score: Any, truth: Any) -> float:
    return macro_f1(score, truth, 0.5)


def _interval(figure: Any, score: Any, truth: Any, day: Any) -> list[float]:
    return [round(x, 4) for x in interval(figure, score, truth, unit=day, draws=60)]

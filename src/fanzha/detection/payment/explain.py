"""Why a payment got its score: the booster's own contributions, summed by theme, in words."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from fanzha.detection.finding import Reason
from fanzha.detection.payment.features import Features

__all__ = ["reasons"]

F64 = npt.NDArray[np.float64]

_THEMES = (
    ("terminal_outcomes", ("terminal_",)),
    ("customer_outcomes", ("customer_fraud", "customer_share", "customer_surprise",
                           "customer_since", "customer_length", "customer_weight",
                           "customer_clear", "customer_burst")),
    ("unlike_before", ("unlike_",)),
    ("pace", ("customer_count", "customer_past")),
    ("amount", ("amount", "customer_", "expected")),
)  # fmt: skip
_MOST = 3
_LEAST = 0.05
"""Share of what raised a score below which a theme is not worth a sentence."""


def reasons(
    booster: lgb.Booster, found: Features, rows: npt.NDArray[np.int64], score: F64
) -> list[tuple[Reason, ...]]:
    """The (at most three) themes that raised the score of each of `rows`; parts add up to it."""
    names = booster.feature_name()
    if not rows.size:
        return []
    part = np.column_stack([found[name][rows] for name in names])
    raised = np.asarray(booster.predict(part, pred_contrib=True, num_threads=1))[:, :-1]
    theme = np.array([_theme(name) for name in names])
    sums = np.column_stack([raised[:, theme == i].sum(axis=1) for i in range(len(_THEMES))])
    answers = []
    for at, row in enumerate(rows):
        up = np.maximum(sums[at], 0.0)
        least = _LEAST * float(up.sum())
        best = [i for i in np.argsort(-up, kind="stable")[:_MOST] if up[i] > least]
        total = float(up[best].sum()) or 1.0
        answers.append(
            tuple(
                Reason(_THEMES[i][0], *_words(_THEMES[i][0], found, int(row)),
                       part=float(score[row]) * float(up[i]) / total)
                for i in best
            )
        )  # fmt: skip
    return answers


def _theme(name: str) -> int:
    for i, (_, prefixes) in enumerate(_THEMES):
        if name.startswith(prefixes):
            return i
    return len(_THEMES) - 1


def _words(theme: str, found: Features, row: int) -> tuple[str, str]:
    def of(name: str) -> float:
        return float(found[name][row])

    if theme == "terminal_outcomes":
        n = int(of("terminal_fraud_30d"))
        return (
            f"该终端近 30 天已确认欺诈 {n} 笔",
            f"confirmed frauds at this terminal in 30 days: {n}",
        )
    if theme == "customer_outcomes":
        n = int(of("customer_fraud_30d"))
        return (
            f"该客户近 30 天已确认欺诈 {n} 笔",
            f"confirmed frauds of this customer in 30 days: {n}",
        )
    if theme == "unlike_before":
        n = int(of("unlike_2.5_14d"))
        return (
            f"该客户近 14 天另有 {n} 笔远高于平常的付款",
            f"other payments far above the usual in 14 days: {n}",
        )
    if theme == "pace":
        n = int(of("customer_count_1d"))
        return (
            f"该客户近 24 小时已付款 {n} 笔",
            f"payments of this customer in the 24 hours before: {n}",
        )
    amount, times = of("amount"), of("customer_times_typical")
    if np.isnan(times):
        return (
            f"金额 {amount:,.2f} 元，该客户此前没有付款",
            f"{amount:,.2f} yuan, no payment before",
        )
    return (
        f"金额 {amount:,.2f} 元，为该客户平常的 {times:.1f} 倍",
        f"{amount:,.2f} yuan, {times:.1f} times what is usual for this customer",
    )

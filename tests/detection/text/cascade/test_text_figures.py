"""Figures agree with their definitions, and say so with intervals that hold them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from fanzha.detection.ranking import area, average_precision
from fanzha.detection.text.cascade.figures import class_figures, f1, fraud_figures, recall_at

PAIRS = st.lists(
    st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.5, 0.7, 0.9]), st.booleans()),
    min_size=4, max_size=60,
).filter(lambda pairs: len({fraud for _, fraud in pairs}) == 2)  # fmt: skip


@given(PAIRS)
@settings(max_examples=60, deadline=None)
def test_areas_are_those_of_the_common_library(pairs: list[tuple[float, bool]]) -> None:
    score = np.array([s for s, _ in pairs])
    fraud = np.array([y for _, y in pairs])
    assert np.isclose(area(score, fraud), roc_auc_score(fraud, score))
    assert np.isclose(average_precision(score, fraud), average_precision_score(fraud, score))
    assert np.isclose(f1(score >= 0.5, fraud), f1_score(fraud, score >= 0.5, zero_division=0))


@given(PAIRS, st.sampled_from([0.0, 0.01, 0.1, 0.5]))
@settings(max_examples=60, deadline=None)
def test_recall_at_counts_no_more_false_alarms_than_allowed(
    pairs: list[tuple[float, bool]], allowed: float
) -> None:
    score = np.array([s for s, _ in pairs])
    fraud = np.array([y for _, y in pairs])
    recall = recall_at(score, fraud, allowed)
    best = max(
        (score[fraud] > t).mean()
        for t in [*score.tolist(), -1.0]
        if (score[~fraud] > t).mean() <= allowed
    )
    assert np.isclose(recall, best)


def test_intervals_hold_their_value_and_one_sided_sets_have_no_area() -> None:
    rng = np.random.default_rng(1)
    fraud = rng.random(300) < 0.4
    figures = fraud_figures(np.clip(fraud * 0.3 + rng.random(300) * 0.7, 0, 1), fraud)
    for name in ("precision", "recall", "f1", "auc", "average_precision", "recall_at_1_percent"):
        value, low, high = figures[name]
        assert low <= value <= high, name
    assert fraud_figures(np.ones(5), np.ones(5, dtype=bool))["auc"] is None


def test_the_confusion_counts_every_text_once() -> None:
    figures = class_figures(["a", "b", "b", "c"], ["a", "a", "b", "b"])
    assert sum(sum(one["said"].values()) for one in figures["classes"].values()) == 4
    assert figures["classes"]["a"]["said"] == {"a": 1, "b": 1}
    said, meant = ["a", "b", "b", "c"], ["a", "a", "b", "b"]
    wanted = f1_score(meant, said, average="weighted", zero_division=0)
    assert np.isclose(figures["weighted_f1"][0], wanted, atol=1e-4)

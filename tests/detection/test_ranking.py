"""Figures of a ranking against scikit-learn's, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from fanzha.detection.ranking import area, average_precision, best_cut, interval, macro_f1

PAIRS = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=4, max_size=60).filter(
    lambda rows: len({truth for _, truth in rows}) == 2
)


@settings(max_examples=60, deadline=None)
@given(PAIRS)
def test_figures_are_those_of_the_textbook(rows: list[tuple[int, bool]]) -> None:
    score = np.array([value / 10 for value, _ in rows])
    truth = np.array([said for _, said in rows])
    assert area(score, truth) == pytest.approx(roc_auc_score(truth, score))
    assert average_precision(score, truth) == pytest.approx(average_precision_score(truth, score))
    for cut in (0.05, 0.55):
        expected = f1_score(truth, score >= cut, average="macro")
        assert macro_f1(score, truth, cut) == pytest.approx(expected)


def test_a_cut_is_found_between_two_heaps() -> None:
    rng = np.random.default_rng(1)
    score = np.r_[rng.uniform(0.0, 0.3, 400), rng.uniform(0.5, 0.9, 200)]
    truth = np.r_[np.zeros(400, bool), np.ones(200, bool)]
    assert 0.3 < best_cut(score, truth) < 0.5


def test_intervals_hold_the_figure_and_widen_with_few_units() -> None:
    rng = np.random.default_rng(2)
    truth = rng.random(2000) < 0.3
    score = rng.normal(truth * 1.0)
    low, high = interval(area, score, truth)
    assert low < area(score, truth) < high
    by_few = interval(area, score, truth, unit=np.arange(2000) // 400)
    assert by_few[0] < area(score, truth) < by_few[1]


def test_one_class_alone_has_no_area() -> None:
    assert np.isnan(area(np.arange(3.0), np.ones(3, bool)))
    assert np.isnan(average_precision(np.arange(3.0), np.zeros(3, bool)))

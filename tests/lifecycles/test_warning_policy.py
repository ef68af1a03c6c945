"""The shipped policies of warnings, and what a wrong one gets."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.errors import Misconfigured
from fanzha.lifecycles.warning.grade import WarningGrade
from fanzha.lifecycles.warning.policy import duration, load_clocks, load_grades
from fanzha.lifecycles.warning.states import WARNING
from fanzha.values.stage import Stage

FOLDER = Path(__file__).parents[2] / "policies" / "warning"
GRADES = load_grades(FOLDER / "grading.yaml")
CLOCKS = load_clocks(FOLDER / "clocks.yaml")
SCORES = st.floats(0, 0.999)


@given(st.sampled_from(Stage), SCORES, SCORES, st.booleans())
def test_a_higher_score_never_lowers_the_grade(
    stage: Stage, a: float, b: float, live: bool
) -> None:
    low, high = sorted((a, b))
    assert GRADES.grade(stage, high, live=live).grade <= GRADES.grade(stage, low, live=live).grade


@given(st.sampled_from(Stage), st.sampled_from(Stage), SCORES, st.booleans())
def test_a_later_stage_never_lowers_the_grade(a: Stage, b: Stage, score: float, live: bool) -> None:
    early, late = sorted((a, b), key=lambda s: s.imminence)
    assert GRADES.grade(late, score, live=live).grade <= GRADES.grade(early, score, live=live).grade


@given(st.sampled_from(Stage), SCORES)
def test_being_on_the_line_never_lowers_the_grade(stage: Stage, score: float) -> None:
    assert (
        GRADES.grade(stage, score, live=True).grade <= GRADES.grade(stage, score, live=False).grade
    )


def test_money_moving_on_a_likely_scam_is_critical_and_says_why() -> None:
    grading = GRADES.grade(Stage.TRANSFER, 0.7, live=False)
    assert grading.grade is WarningGrade.CRITICAL
    assert "第三条第（一）项" in grading.basis_zh
    assert "art. 3 (1)" in grading.basis_en


def test_every_clock_a_verb_starts_has_terms_that_grow_with_the_grade() -> None:
    for rule in WARNING.rules:
        if rule.clock:
            terms = [CLOCKS.term(rule.clock, g) for g in WarningGrade]
            assert terms == sorted(terms), rule.clock


def test_the_published_clocks() -> None:
    assert CLOCKS.term("sign", WarningGrade.CRITICAL) == timedelta(minutes=1)
    assert CLOCKS.term("contact", WarningGrade.CRITICAL) == timedelta(minutes=3)
    assert CLOCKS.term("visit", WarningGrade.HIGH) == timedelta(hours=24)
    assert CLOCKS.retention["visit"] == timedelta(hours=24)
    assert CLOCKS.retention["text"] == timedelta(days=7)


@pytest.mark.parametrize(
    ("text", "value"),
    [("PT1M", timedelta(minutes=1)), ("P1DT2H3M4S", timedelta(1, 7384)), ("P7D", timedelta(7))],
)
def test_durations(text: str, value: timedelta) -> None:
    assert duration(text) == value


@pytest.mark.parametrize("text", ["", "P", "1D", "PT", "P1W", "P-1D", "PT1M "])
def test_bad_durations(text: str) -> None:
    with pytest.raises(Misconfigured):
        duration(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("score_at_least: 0.80", "score_atleast: 0.80"),
        ("version:", "verzion:"),
        (
            "stage_at_least: contact, score_at_least: 0.0",
            "stage_at_least: trust, score_at_least: 0",
        ),
        ("in_force_on: 2026-11-01", "in_force_on: soon"),
    ],
)
def test_a_wrong_policy_is_refused_not_guessed(tmp_path: Path, old: str, new: str) -> None:
    text = (FOLDER / "grading.yaml").read_text(encoding="utf-8")
    assert old in text
    wrong = tmp_path / "grading.yaml"
    wrong.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(Misconfigured):
        load_grades(wrong)

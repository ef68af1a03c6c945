"""Steps: the automaton finds what a regular expression would; a wrong file is refused at load."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
from fanzha.detection.text.v1.patterns.automaton import Automaton
from fanzha.detection.text.v1.patterns.grammar import sequences
from fanzha.detection.text.v1.steps import STEPS_FILE, Steps
from fanzha.errors import Misconfigured

POLICIES = Path(__file__).parents[3] / "policies"
TAXONOMY = load_taxonomy(POLICIES / TAXONOMY_FILE)

WORDS = st.text("甲乙丙", min_size=1, max_size=2)
GROUPS = st.lists(WORDS, min_size=1, max_size=3).map(lambda words: f"({'|'.join(words)})")
PIECES = st.one_of(
    WORDS, GROUPS, GROUPS.map(lambda group: group + "?"), st.sampled_from(["[甲丙]", "[乙]?"])
)
GAPS = st.integers(0, 3).map(lambda n: f".{{0,{n}}}")
PATTERNS = st.tuples(PIECES, GAPS, PIECES, GAPS, PIECES).map("".join)


def found(patterns: list[str], text: str) -> list[bool]:
    automaton = Automaton.build(list(enumerate(patterns)), len(patterns))
    chars = np.array([ord(c) for c in text], dtype=np.int32)
    held, first, after = automaton.holds(chars, np.array([0, chars.size], dtype=np.int64))
    for k in np.flatnonzero(held[0]):
        assert re.search(patterns[k], text[first[0, k] : after[0, k]])
    return [bool(one) for one in held[0]]


@given(st.lists(PATTERNS, min_size=1, max_size=4), st.text("甲乙丙丁", max_size=14))
@settings(max_examples=400, deadline=None)
def test_it_finds_what_a_regular_expression_finds(patterns: list[str], text: str) -> None:
    usable = [p for p in patterns if not re.search(p, "")]
    if usable:
        assert found(usable, text) == [re.search(p, text) is not None for p in usable]


def test_short_latin_phrases_end_where_their_word_ends() -> None:
    assert found(["app", "verify"], "an app verifying it") == [True, True]
    assert found(["app"], "happy apples") == [False]


@pytest.mark.parametrize(
    "pattern", ["a*", "a+", "(a", "a)", "[a-z]", "[]", ".{1,3}", ".{0,100}", "a|", "", "^a", "()?"]
)
def test_what_the_language_does_not_have_is_refused(pattern: str) -> None:
    with pytest.raises(Misconfigured):
        Automaton.build([(0, pattern)], 1)


def test_a_pattern_that_falls_into_too_many_sequences_is_refused() -> None:
    with pytest.raises(Misconfigured):
        sequences(".{0,2}".join(["(甲?乙|丙.{0,1}丁)"] * 9))


def test_every_step_of_the_policy_has_words_and_a_known_type() -> None:
    steps = Steps.load(POLICIES / "text" / STEPS_FILE, TAXONOMY)
    assert len(steps.steps) > 80
    for step in steps.steps:
        assert step.zh
        assert step.en
        assert step.weight != 0
        assert step.scam_type is None or TAXONOMY.known(step.scam_type)
    mains = {steps.main(step) for step in steps.steps} - {None}
    assert mains == set(TAXONOMY.main_classes)


def document(**changes: Any) -> dict[str, Any]:
    step = {
        "code": "a_step",
        "stage": "contact",
        "weight": 1.0,
        "zh": "甲",
        "en": "a",
        "any": ["乙"],
    }
    return {
        "version": "1",
        "in_force_on": date(2026, 11, 1),
        "steps": [{**step, **changes}],
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "A"},
        {"stage": "later"},
        {"weight": "much"},
        {"weight": 99},
        {"any": []},
        {"any": [1]},
        {"scam_type": "NO99"},
        {"more": 1},
    ],
)
def test_a_wrong_step_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(document(**changes)), encoding="utf-8")
    with pytest.raises(Misconfigured):
        Steps.load(tmp_path / "s.yaml", TAXONOMY)


def test_the_right_one_is_taken(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(document()), encoding="utf-8")
    assert [step.code for step in Steps.load(tmp_path / "s.yaml", TAXONOMY).steps] == ["a_step"]

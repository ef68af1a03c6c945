"""A phrase said over and over is read once, and proves no more than said once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.detection.text.cascade.answer import Cascade
from fanzha.detection.text.cascade.once import said_once
from fanzha.detection.text.cascade.policy import Allowance
from tests.fixtures import POLICIES

SCAM = "您的快递丢失，双倍赔付请加客服微信办理，需先交保证金到安全账户。"


@pytest.mark.parametrize("phrase", ["好", "您好", "ab ", SCAM])
@pytest.mark.parametrize("times", [64, 1000, 20_001])
def test_repeats_go_and_what_stands_around_stays(phrase: str, times: int) -> None:
    assert said_once(phrase * times) == phrase
    found = said_once("开头：" + phrase * times + "。结尾")
    assert found.startswith("开头：")
    assert found.endswith("。结尾")
    assert len(found) <= len("开头：。结尾") + 2 * len(phrase)


def test_runs_one_after_the_other() -> None:
    assert len(said_once("您好" * 900 + "再见" * 700)) < 20


@given(st.text(max_size=300))
def test_nothing_but_repeats_goes(text: str) -> None:
    found = said_once(text)
    assert len(found) == len(text) or len(found) <= len(text) * 5 / 8
    assert set(found) == set(text)


def test_what_is_not_mostly_one_run_is_left() -> None:
    for text in (SCAM, SCAM * 3, "哈" * 20 + SCAM, "-" * 30 + SCAM * 2 + "-" * 30, "x" * 40, ""):
        assert said_once(text) == text


def test_little_evidence_repeated_is_no_certainty() -> None:
    cascade = Cascade.load(POLICIES)
    texts = ["您好" * 200_000, "好" * 300_000, "您好", "好", SCAM * 40, SCAM]
    answers = cascade.read(texts, np.zeros(6, np.bool_), Allowance(0.0, 0))
    assert answers.score[0] == pytest.approx(answers.score[2])
    assert answers.score[1] == pytest.approx(answers.score[3])
    assert answers.score[4] == pytest.approx(answers.score[5])
    assert not (answers.score[:4] >= 0.5).any()
    assert answers.score[5] >= 0.5

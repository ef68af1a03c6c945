"""A call as it goes on: the score never falls, and nothing said later decides an earlier turn."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.text.turns import Score, as_it_goes, heard, scores_of
from fanzha.detection.text.v1.evidence import Reader
from fanzha.detection.text.v1.policy import READING_FILE, ReadingPolicy

POLICIES = Path(__file__).parents[3] / "policies"
SCAM = (
    "你好，请问是王女士吗？",
    "我是市公安局的民警，你名下一张银行卡涉嫌洗钱案。",
    "案件保密，不能告诉家人，你先找个没人的房间。",
    "现在把卡里的钱转到安全账户核查，核查完原路退回。",
)
HONEST = (
    "妈，我到学校了。",
    "晚饭在食堂吃的，有你爱吃的豆腐。",
    "周末回家，记得给我留门。",
    "那我先去上课了，回头再打给你。",
)


@cache
def _call() -> Score:
    prior = ReadingPolicy.load(POLICIES / "text" / READING_FILE).prior
    return scores_of(Reader.load(POLICIES, prior), call=True)


def test_a_scam_call_is_warned_of_before_its_end_and_an_honest_one_never() -> None:
    scam, honest = as_it_goes(SCAM, _call(), 0.5), as_it_goes(HONEST, _call(), 0.5)
    assert scam.warned is not None
    assert 0 < scam.warned < len(SCAM) - 1
    assert scam.scores[0] < 0.1 < 0.9 < scam.scores[-1]
    assert honest.warned is None
    assert max(honest.scores) < 0.1


def test_nothing_said_is_no_call() -> None:
    course = as_it_goes([], _call(), 0.5)
    assert (course.scores, course.warned) == ((), None)


@given(st.lists(st.one_of(st.sampled_from((*SCAM, *HONEST)), st.text(max_size=30)), max_size=9))
@settings(max_examples=60, deadline=None)
def test_scores_never_fall_and_turns_to_come_change_nothing(turns: list[str]) -> None:
    whole = as_it_goes(turns, _call(), 0.5)
    assert len(whole.scores) == len(turns)
    assert list(whole.scores) == sorted(whole.scores)
    for k in range(len(turns)):
        part = as_it_goes(turns[: k + 1], _call(), 0.5)
        assert part.scores == whole.scores[: k + 1]
        assert part.warned == (whole.warned if (whole.warned or 0) <= k else None)
    over = [k for k, score in enumerate(whole.scores) if score >= 0.5]
    assert whole.warned == (over[0] if over else None)


@given(st.lists(st.text(st.characters(), max_size=2_000), max_size=6))
@settings(max_examples=40, deadline=None)
def test_what_is_read_at_a_turn_is_bounded_and_ends_with_it(turns: list[str]) -> None:
    for turn, text in zip(turns, heard(turns), strict=True):
        said = turn.encode("utf-8", "replace")
        assert text.endswith(said)
        assert len(text) <= 1_501 + len(said)

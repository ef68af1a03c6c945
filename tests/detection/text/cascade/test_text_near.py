"""Near-duplicates fall in one group, different texts in different ones."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.text.cascade.near import alike
from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser

NORMALISER = Normaliser.load(Path(__file__).parents[4] / "policies" / "text" / VARIANTS_FILE)


def test_texts_that_differ_in_a_word_are_one_group() -> None:
    first = "尊敬的工行用户您的电子密码器将于明日失效请及时登录网站升级以免影响使用谢谢您的配合"
    texts = [first, first.replace("明日", "今日"), "晚上一起吃饭吧我在老地方等你记得带上球拍"]
    group = alike(NORMALISER(texts)).tolist()
    assert group[0] == group[1] != group[2]


@given(st.lists(st.text(max_size=40), max_size=12))
@settings(max_examples=40, deadline=None)
def test_any_texts_have_a_group_that_begins_with_its_first(texts: list[str]) -> None:
    group = alike(NORMALISER(texts))
    assert group.size == len(texts)
    for row, first in enumerate(group.tolist()):
        assert first <= row
        assert group[first] == first


def test_the_same_text_again_is_always_of_its_group() -> None:
    texts = ["", "a", "退订回T", "a", "", "退订回T"]
    group = alike(NORMALISER(texts)).tolist()
    assert group[0] == group[4]
    assert group[1] == group[3]
    assert group[2] == group[5]

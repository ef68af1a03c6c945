"""Harmless lines around a scam do not hide it, and many honest lines do not make one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.detection.text.cascade.answer import Cascade
from fanzha.detection.text.cascade.policy import Allowance
from fanzha.detection.text.parts import FROM, TELLING, cut, parts_of, worst
from fanzha.detection.text.v1.evidence import Reader

POLICIES = Path(__file__).parents[3] / "policies"
CASCADE = Cascade.load(POLICIES)
READER = Reader.load(POLICIES, (-3.5, -3.0))
SCAMS = [
    "我是北京市公安局的民警，您涉嫌一起洗钱案件，请立即配合调查，将名下资金转入安全账户进行资金清查，不得告诉任何人",
    "恭喜您获得20万元无抵押贷款额度，当天放款，先交解冻金验证金，请点击链接下载APP办理",
]
LINES = [
    "今天天气不错，晚上一起吃饭吧。", "孩子的作业写完了吗？", "记得买菜。", "周末去看电影好不好？",
    "妈妈说明天要下雨，带伞。", "昨天的球赛你看了吗？", "我刚到公司，堵车堵了半小时。",
    "家里的猫又把杯子打碎了。", "下周三开会，记得准备材料。", "晚饭想吃什么？", "外婆身体好多了。",
    "快递我帮你拿了。",
]  # fmt: skip
NOTICES = [
    "【工商银行】温馨提示：请勿向陌生人透露验证码。凡要求将资金转入“安全账户”的都是诈骗。如有疑问请致电95588。",
    "【国家反诈中心】刷单就是诈骗！凡是要求先垫付资金的兼职都是诈骗，请勿点击陌生链接，遇到可疑情况拨打96110。",
    "小区通知：周六上午停水检修，请提前储水。地下车库同时清洗，请把车移走。不便之处，敬请谅解。",
]


def judged(texts: list[str], *, talk: bool = False):  # type: ignore[no-untyped-def]
    return CASCADE.read(texts, np.full(len(texts), talk), Allowance(0.0, 0))


@pytest.mark.parametrize("scam", SCAMS)
@pytest.mark.parametrize("talk", [False, True])
@pytest.mark.parametrize("many", [4, 6, 12])
def test_everyday_sentences_around_a_scam_do_not_hide_it(scam: str, talk: bool, many: int) -> None:
    before, after = "".join(LINES[:many]) + scam, scam + "。" + "".join(LINES[:many])
    found = judged([before, after, "\n".join(LINES[:many]) + "\n" + scam], talk=talk)
    assert (found.score >= 0.5).all()
    assert (READER.read([before, after]).score >= 0.5).all()


@pytest.mark.parametrize("scam", SCAMS)
def test_the_same_sentences_over_and_over_count_once(scam: str) -> None:
    texts = ["".join(LINES[:3]) * 12 + scam, scam + "。" + "".join(LINES[:3]) * 300]
    assert (judged(texts).score >= 0.5).all()
    assert (READER.read(texts).score >= 0.5).all()


@pytest.mark.parametrize(
    "tail",
    [
        "。谨防诈骗，请勿泄露验证码。",
        "【工商银行】温馨提示：请勿向陌生人透露验证码，如有疑问请致电95588。",
    ],
)
@pytest.mark.parametrize("scam", SCAMS)
def test_a_warning_behind_a_scam_does_not_clear_it(scam: str, tail: str) -> None:
    assert judged([scam + tail]).score[0] >= 0.5
    assert READER.read([scam + tail]).score[0] >= 0.5


def test_where_the_whole_and_a_part_disagree_it_is_not_sure() -> None:
    found = judged(["".join(LINES) + SCAMS[1]])
    assert not found.sure[0]


def test_a_part_that_decides_gives_the_reasons_and_the_type() -> None:
    text = "".join(LINES) + SCAMS[1]
    found = judged([text])
    assert found.worse
    assert found.scam_types(np.array([0]))[0] == "DK01"
    reasons = found.reasons(0)
    assert sum(one.part for one in reasons) == pytest.approx(found.score[0])
    assert "解冻金" in " ".join(one.zh for one in reasons)
    evidence = READER.read([text])
    assert sum(one.part for one in evidence.reasons(0, 0.7)) == pytest.approx(0.7)
    assert evidence.scam_type(0) == "DK01"


@pytest.mark.parametrize("notice", NOTICES)
def test_notices_and_long_honest_talk_stay_honest(notice: str) -> None:
    texts = [notice, notice + "".join(LINES), "".join(LINES) * 20, "\n".join(NOTICES)]
    assert (judged(texts).score < 0.5).all()
    assert (READER.read(texts).score < 0.5).all()


def test_a_short_text_is_read_once_and_keeps_its_score() -> None:
    texts = ["您的验证码是 482913。请勿泄露。", "晚上一起吃饭吧！好吗？", ""]
    found, evidence = judged(texts), READER.read(texts)
    assert found.parts is None
    assert evidence.parts is None
    assert (found.first.length < FROM).all()


@given(st.text(alphabet="天气好。！\n【】 a", max_size=400))
def test_parts_are_bounded_and_of_the_text(text: str) -> None:
    parts = parts_of(text)
    assert len(parts) == len(set(parts)) or len(parts) < 1_600
    assert set("".join(parts)) <= set(text)
    assert len(parts) != 1 or parts[0] != text.strip()


def test_a_huge_text_has_a_bounded_number_of_parts() -> None:
    text = "".join(f"第{k}句话说的是天气和晚饭。" for k in range(60_000))
    parts, owner = cut([text, "短"])
    assert 100 < len(parts) < 1_600
    assert set(owner.tolist()) == {0}


def test_the_worst_of_many_must_be_worse_and_one_with_a_step_less_so() -> None:
    odds, nothing = np.array([1.0, 3.0, 3.0, -1.0]), np.zeros(4)
    rows = np.array([0, 0, 2, 2])
    at, left, most = worst(odds, rows, 3, nothing)
    assert at.tolist() == [1, -1, 2]
    assert most.tolist() == [3.0, -np.inf, 3.0]
    assert left[0] < most[0]
    alone, among = np.zeros(1, int), np.zeros(9, int)
    assert (
        worst(odds[:1], alone, 1, nothing[:1])[1][0]
        > worst(odds[[0] * 9], among, 1, nothing[[0] * 9])[1][0]
    )
    told = np.array([TELLING, 0.0, 0.0, 0.0])
    assert worst(np.full(4, 3.0), np.zeros(4, int), 1, told)[0].tolist() == [0]
    assert worst(odds, rows, 3, told + TELLING)[1][0] > left[0]


EVERYDAY = [
    f"{who}{what}。"
    for who in ("我妈", "隔壁老周", "单位食堂", "楼下超市", "小侄女", "二舅")
    for what in (
        "今天买了两斤排骨回来炖汤", "说周六要去公园放风筝", "把阳台上的花都浇过水了",
        "昨晚看电视看到十一点才睡", "换了一副新眼镜看着挺精神",
    )
]  # fmt: skip
WEAK = [
    "空闲做任务每单返佣金，垫付的本金一起返还",
    "账户异常，请共享屏幕由专员远程协助取消扣费",
    "内部老师带单，跟着买保证稳赚不赔",
]


@pytest.mark.parametrize("weak", WEAK)
@pytest.mark.parametrize("many", [10, 20, 30])
def test_one_weak_line_among_many_everyday_ones_is_found_or_not_said_to_be_sure(
    weak: str, many: int
) -> None:
    lines = [*EVERYDAY[: many // 2], weak + "。", *EVERYDAY[many // 2 : many]]
    found = judged(["".join(lines), "".join(EVERYDAY[:many])])
    assert found.score[0] >= 0.5 or not found.sure[0]
    assert found.score[1] < 0.5
    assert found.sure[1]

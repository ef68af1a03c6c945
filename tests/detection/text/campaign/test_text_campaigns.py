"""Campaigns: evasions fall into one cluster, other texts do not; memory is bounded and exact."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.text.campaign.clusters import Clusters
from fanzha.detection.text.campaign.told import campaigns
from fanzha.detection.text.v1.evidence import Reader
from fanzha.values import reserved

POLICIES = Path(__file__).parents[4] / "policies"
HOUR = 3_600_000
START = 1_795_000_000_000
SCAM = "【银行】尊敬的客户，您的积分即将过期，请登录 www.bank-a.example 兑换现金{n}元，逾期作废"
WRITINGS = (
    SCAM,
    SCAM.replace("积分", "積分").replace("兑换", "兌換").replace("户", "戶"),
    SCAM.replace("登录", "登 录").replace("积分", "积*分").replace("过期", "过.期"),
    "\u200b".join(SCAM).replace("{\u200bn\u200b}", "{n}"),
    SCAM.replace("www.bank-a.example", "ｗｗｗ．bank-b．example"),
    SCAM.replace("尊敬的客户", "尊敬的用户").replace("逾期作废", "逾期清零"),
    SCAM + "😀回复T退订",
)
OTHERS = (
    "妈，我今晚七点到家，不用等我吃饭，冰箱里还有菜",
    "【快递】您的快件已到驿站，凭取件码3-2-1011领取，请于今日20点前取件。",
    "明天上午九点在三楼会议室开会，请带上季度报表。",
    "Your parcel is waiting at the depot, please bring your identity card",
)


@cache
def _reader() -> Reader:
    return Reader.load(POLICIES, (0.0, 0.0))


def _clusters(limit: int = 64) -> Clusters:
    return Clusters(limit=limit, least=0.5, shortest=8, keep_ms=24 * HOUR)


def _add(clusters: Clusters, texts: list[str], at: list[int]) -> list[int]:
    rows = np.arange(1, len(texts) + 1, dtype=np.uint64)
    level = np.zeros(len(texts), dtype=np.uint8)
    text = _reader().normaliser(texts)
    owner: list[int] = clusters.add(text, np.array(at, np.int64), rows, rows, level).tolist()
    return owner


def _told(
    texts: list[str], senders: list[str | None], recipients: list[str | None], step: int = 9_000
) -> pl.DataFrame:
    at = START + np.arange(len(texts), dtype=np.int64) * step
    return campaigns(_reader(), POLICIES, texts, at, senders, recipients)


def _people(begin: int, many: int) -> list[str | None]:
    return [reserved.mobile(begin + k) for k in range(many)]


def test_evasions_of_one_text_fall_into_one_cluster_and_other_texts_do_not() -> None:
    texts = [one.format(n=100 + k) for k, one in enumerate(WRITINGS)] + list(OTHERS)
    owner = _add(_clusters(), texts, [START] * len(texts))
    assert owner[: len(WRITINGS)] == [0] * len(WRITINGS)
    assert sorted(set(owner)) == list(range(1 + len(OTHERS)))


def test_a_text_too_short_to_tell_has_no_cluster() -> None:
    assert _add(_clusters(), ["", "好的", "到了吗", "\x00" * 50], [START] * 4) == [-1] * 4


def test_a_campaign_is_told_with_its_numbers_and_no_persons_data() -> None:
    texts = [WRITINGS[k % len(WRITINGS)].format(n=100 + k) for k in range(60)]
    texts[0] += " 客服13800001234"
    senders = [reserved.mobile(k % 12) for k in range(60)]
    told = _told(texts, list(senders), _people(100, 60)).row(0, named=True)
    assert told["texts"] == 60
    assert (told["first_at"], told["last_at"]) == (START, START + 59 * 9_000)
    assert told["senders"] == pytest.approx(12, abs=1)
    assert told["recipients"] == pytest.approx(60, rel=0.15)
    assert told["score"] >= 0.7
    assert {one["code"] for one in told["reasons"]} >= {"campaign", "suspected_wording"}
    assert sum(one["part"] for one in told["reasons"]) == pytest.approx(told["score"])
    assert "bank-a.example" in told["sites"]
    assert told["centre"].startswith("【银行】尊敬的客户")
    assert "13800001234" not in told["centre"]
    assert "13800001234" not in str(told["reasons"])
    assert told["rows"] == list(range(60))


@pytest.mark.parametrize(
    ("text", "senders"),
    [
        ("【银行】您尾号1234的卡3日消费支出人民币25.50元，余额88.33元。", 1),
        ("您的验证码是4821，5分钟内有效，请勿向任何人泄露。", 1),
        ("各位家长：明天上午八点开家长会，请准时到三年级二班教室", 1),
        ("祝您和家人新年快乐，身体健康，万事如意，阖家幸福！", 40),
        ("【气象台】预计今晚有暴雨，请尽量减少外出，注意安全", 4),
    ],
)
def test_what_honest_senders_send_to_many_is_no_campaign(text: str, senders: int) -> None:
    from_ = [reserved.mobile(k % senders) for k in range(60)]
    told = _told([text] * 60, list(from_), _people(100, 60))
    assert told["texts"].to_list() == [60]
    assert told["reasons"].to_list() == [[]]


def test_growth_is_told_by_the_hour() -> None:
    at = [START] * 10 + [START + HOUR] * 35
    clusters = _clusters()
    _add(clusters, [SCAM] * 45, at)
    row = clusters.table().row(0, named=True)
    assert (row["hour_before"], row["last_hour"], row["growth"]) == (10, 35, 25)


def test_a_text_after_a_day_of_silence_is_a_campaign_of_its_own() -> None:
    at = [START, START + 24 * HOUR, START + 49 * HOUR]
    assert _add(_clusters(), [SCAM] * 3, at) == [0, 0, 1]


@given(
    st.lists(
        st.tuples(st.integers(0, len(WRITINGS) + len(OTHERS) - 1), st.integers(0, 30)), max_size=40
    ),
    st.integers(0, 40),
    st.integers(2, 9),
)
@settings(max_examples=60, deadline=None)
def test_neither_cuts_nor_a_restart_change_what_comes_out(
    picks: list[tuple[int, int]], cut: int, limit: int
) -> None:
    """Also with too little memory, and with texts that come late."""
    texts = [(*WRITINGS, *OTHERS)[k] for k, _ in picks]
    at = [START + hour * HOUR for _, hour in picks]
    rows = np.arange(1, len(texts) + 1, dtype=np.uint64)
    level = (rows % 3).astype(np.uint8)

    def add(clusters: Clusters, part: slice) -> list[int]:
        text = _reader().normaliser(texts[part])
        when = np.array(at[part], dtype=np.int64)
        said: list[int] = clusters.add(text, when, rows[part], rows[part], level[part]).tolist()
        return said

    whole, one = _clusters(limit), _clusters(limit)
    owner = add(whole, slice(None))
    first = add(one, slice(0, cut))
    other = _clusters(limit)
    other.restore(one.snapshot())
    assert first + add(other, slice(cut, None)) == owner
    assert other.table().equals(whole.table())
    assert whole.table().height <= limit
    for name, array in whole.snapshot().items():
        assert np.array_equal(array, other.snapshot()[name])


def test_a_large_campaign_outlives_a_flood_of_single_texts() -> None:
    clusters = _clusters(32)
    _add(clusters, [SCAM] * 30, [START] * 30)
    flood = ["".join(chr(0x4E00 + (k * 397 + j * j * 31) % 9000) for j in range(30))
             for k in range(400)]  # fmt: skip
    _add(clusters, flood, [START + HOUR] * 400)
    assert clusters.table().height <= 32
    assert _add(clusters, [SCAM], [START + HOUR]) == [0]


@given(st.integers(1, 3_000))
@settings(max_examples=20, deadline=None)
def test_distinct_people_are_estimated_within_a_quarter(many: int) -> None:
    clusters = _clusters()
    _add(clusters, [SCAM] * many, [START] * many)
    assert abs(clusters.table()["recipients"][0] - many) <= max(2, many // 4)


@given(st.lists(st.text(max_size=80), max_size=8))
@settings(max_examples=40, deadline=None)
def test_any_texts_are_clustered(texts: list[str]) -> None:
    senders: list[str | None] = [None] * len(texts)
    told = _told(texts, senders, senders)
    assert told["texts"].sum() <= len(texts)

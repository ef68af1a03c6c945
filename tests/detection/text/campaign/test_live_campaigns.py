"""Campaigns and bursts in the live channel: they speak where words do, and never alone."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.finding import Finding, Role
from fanzha.detection.signal_file import load_signals
from fanzha.detection.text.campaign.live import CAMPAIGN_COLUMNS
from fanzha.detection.text.v1.channel import RECIPIENT_SCHEMA, TextChannel
from fanzha.features.shared import SharedFeatures
from fanzha.testing.gathering import Gathering
from fanzha.values import reserved

sys.path.insert(0, str(Path(__file__).parents[1]))
from bodies import ORDINARY, SCAMS, START_MS, batch

POLICIES = Path(__file__).parents[4] / "policies"
MINUTE = 60_000
CELL = "460-00-1A2B-00C3D4"
SCAM = "【银行】尊敬的客户，您的积分即将过期，请登录www.bank-a.example兑换现金{n}元，逾期作废"
WRITINGS = (
    SCAM,
    SCAM.replace("积分", "積分").replace("兑换", "兌換"),
    SCAM.replace("登录", "登 录").replace("积分", "积*分"),
    SCAM.replace("尊敬的客户", "尊敬的用户").replace("逾期作废", "逾期清零"),
)
LOOK_ALIKE = (
    "【工商银行】您的验证码是{n}，5分钟内有效，请勿向任何人泄露。",
    "【顺丰速运】您的快件已到驿站，凭取件码5-2-{n}领取，请于今日20点前取件。",
    "您好，快递放门卫了，有事打我电话1380000{n}，谢谢",
    "【市应急管理局】今晚有特大暴雨，请勿外出，紧急情况请拨打119。",
    "【国家反诈中心】凡是让你转账到安全账户的都是诈骗，请勿相信，有疑问拨打96110。",
    "【建设银行】您尾号{n}的账户支出人民币238.50元，余额6,120.33元。如非本人操作请致电95533。",
    "家长您好，本周五下午召开家长会，请准时参加，收到请回复。",
    "【某超市】周末鸡蛋5.9元一斤，满{n}减20，详情www.shop.example，回T退订",
    "【税务局】个税年度汇算开始，请在个人所得税App办理，谨防诈骗链接。",
)


def sent(
    bodies: Sequence[str], senders: int, step_ms: int = 2_000, cell: str | None = CELL
) -> pl.DataFrame:
    """One text to a person each, from so many numbers in turn."""
    return batch([
        {"body": body.format(n=1000 + k), "sender": reserved.mobile(k % senders),
         "recipient": reserved.mobile(5_000 + k), "at": START_MS + k * step_ms,
         "sender_cell": cell}
        for k, body in enumerate(bodies)
    ])  # fmt: skip


def of_people(channel: TextChannel, frame: pl.DataFrame) -> list[Finding]:
    found = channel.read(frame, np.zeros(frame.height)).findings
    return [finding for _, finding in found if finding.role is Role.AT_RISK]


def test_a_campaign_and_a_burst_stand_among_the_reasons_with_their_numbers() -> None:
    frame = sent([WRITINGS[k % 4] for k in range(120)], senders=30)
    channel = TextChannel(POLICIES)
    reading = channel.read(frame, np.zeros(120))
    last = reading.frame.row(119, named=True)
    assert last["campaign_texts"] == 120
    assert last["campaign_suspected_share"] > 0.9
    assert last["campaign_senders"] == pytest.approx(30, rel=0.15)
    assert last["campaign_recipients"] == pytest.approx(120, rel=0.2)
    assert last["burst_recipients"] > 30
    finding = next(f for row, f in reading.findings if row == 119 and f.role is Role.AT_RISK)
    said = {reason.code: reason for reason in finding.reasons}
    assert {"campaign", "large_campaign", "cell_burst"} <= set(said)
    assert "120" in said["campaign"].zh
    assert "120" in said["campaign"].en
    assert "sender_cell" not in finding.missing
    alone = of_people(TextChannel(POLICIES), frame[119:])[0]
    assert {r.code for r in finding.reasons} - {r.code for r in alone.reasons} == {
        "campaign", "large_campaign", "cell_burst",
    }  # fmt: skip
    assert finding.score > alone.score


def test_without_cells_there_is_no_burst_and_the_finding_says_what_was_missing() -> None:
    frame = sent([WRITINGS[k % 4] for k in range(60)], senders=12, cell=None)
    last = of_people(TextChannel(POLICIES), frame)[-1]
    codes = {reason.code for reason in last.reasons}
    assert "campaign" in codes
    assert "cell_burst" not in codes
    assert "sender_cell" in last.missing


def test_slow_or_spread_out_is_no_burst() -> None:
    frame = sent([WRITINGS[k % 4] for k in range(40)], senders=12, step_ms=5 * MINUTE)
    assert not any(r.code == "cell_burst" for f in of_people(TextChannel(POLICIES), frame)
                   for r in f.reasons)  # fmt: skip


@pytest.mark.parametrize("senders", [1, 40])
def test_what_honest_senders_send_to_many_does_not_become_fraud(senders: int) -> None:
    """Codes, notices, warnings and adverts, each two hundred times in one cell within minutes."""
    channel = TextChannel(POLICIES)
    for body in LOOK_ALIKE:
        frame = sent([body] * 200, senders, step_ms=500)
        assert of_people(channel, frame) == [], body


def test_being_many_never_makes_a_finding_by_itself() -> None:
    signals = load_signals(POLICIES / "text" / "text-v1-recipient.yaml", RECIPIENT_SCHEMA)
    many = [s for s in signals.signals if s.columns & set(CAMPAIGN_COLUMNS)]
    assert {s.code for s in many} == {"campaign", "large_campaign", "cell_burst"}
    assert sum(s.weight for s in many) < -math.log(1 - signals.threshold)
    assert all("campaign_suspected_share" in s.columns for s in many)


def test_words_that_nobody_doubts_leave_no_trace() -> None:
    frame = sent(list(ORDINARY) * 8, senders=40)
    channel = TextChannel(POLICIES)
    reading = channel.read(frame, np.zeros(frame.height))
    assert all(reading.frame[name].null_count() == frame.height for name in CAMPAIGN_COLUMNS)
    assert channel.snapshot()["campaigns.slots"].size <= len(ORDINARY) // 4


def hostile(seed: int, rows: int = 60) -> pl.DataFrame:
    """Late, equal and wrongly dated times, few and many senders, with and without cells."""
    rng = np.random.default_rng(seed)
    bodies = (*WRITINGS, *(b for group in SCAMS.values() for b in group[:1]), *ORDINARY[:6])
    return batch([
        {"body": bodies[rng.integers(len(bodies))].format(n=k),
         "sender": reserved.mobile(int(rng.integers(9))),
         "recipient": reserved.mobile(100 + int(rng.integers(40))),
         "at": START_MS + int(rng.choice([k * 1_000, 0, k * 1_000 - 3_600_000, 86_400_000])),
         "sender_cell": CELL if rng.random() < 0.6 else None}
        for k in range(rows)
    ])  # fmt: skip


def columns(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(*CAMPAIGN_COLUMNS, "text_score")


@given(st.integers(0, 99), st.lists(st.integers(1, 59), max_size=3))
@settings(max_examples=5, deadline=None)
def test_neither_cuts_nor_a_restart_change_what_stands_of_a_campaign(
    seed: int, cuts: list[int]
) -> None:
    frame = hostile(seed)
    whole = TextChannel(POLICIES).read(frame, np.zeros(frame.height))
    channel, parts = TextChannel(POLICIES), []
    for begin, end in pairwise(sorted({0, *cuts, frame.height})):
        again = TextChannel(POLICIES)
        again.restore(channel.snapshot())
        channel = again
        parts.append(columns(channel.read(frame[begin:end], np.zeros(end - begin)).frame))
    assert pl.concat(parts).equals(columns(whole.frame))


def test_several_scorers_agree_on_campaigns() -> None:
    frame = hostile(3)
    alone = columns(TextChannel(POLICIES).read(frame, np.zeros(frame.height)).frame)
    group = Gathering(3)
    members = [
        TextChannel(POLICIES, features=lambda windows, share=share: SharedFeatures(windows, share))
        for share in group.shares
    ]
    for heard in group.run(lambda n: columns(members[n].read(frame, np.zeros(60)).frame)):
        assert heard.equals(alone)

"""Honest notices about fees stay low; the same with a scam's act in them do not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fanzha.detection.text.v1.evidence import Reader
from fanzha.detection.text.v1.policy import READING_FILE, ReadingPolicy

ROOT = Path(__file__).parents[3]
POLICIES = ROOT / "policies"
READER = Reader.load(POLICIES, ReadingPolicy.load(POLICIES / "text" / READING_FILE).prior)
NOTICES = ROOT / "bench" / "quality" / "stand_in" / "notices.jsonl"
SCAMS = [
    "您的包裹因欠保管费被扣，请扫码添加客服微信{wx}支付滞纳金后派送",
    "快递滞留仓库，逾期产生保管费，请点击链接补缴http://kd-fee.example/pay，否则销毁",
    "【快递中心】您的快件丢失，双倍赔付请加理赔专员微信abc1234，打开屏幕共享办理退款",
    "您的包裹涉嫌违禁品被海关扣押，请缴纳清关费保证金到指定账户，否则报公安处理",
    "藏家您好，送拍前须先交保管费和鉴定费六千元，买家已出价八十万，成交后全退",
]


def rows() -> list[dict[str, object]]:
    return [json.loads(line) for line in NOTICES.read_text(encoding="utf-8").splitlines()]


def test_kept_back_notices_of_fifteen_kinds_stay_below_what_a_stream_doubts() -> None:
    notices = rows()
    assert len({row["style"] for row in notices}) == 15
    assert len(notices) == 150
    scores = READER.read([str(row["text"]) for row in notices]).score
    assert not [notices[k]["text"] for k in np.flatnonzero(scores >= 0.35).tolist()]


@pytest.mark.parametrize("fee", ["保管费", "滞留费", "超期费"])
@pytest.mark.parametrize(
    "said",
    [
        "【速达】您有一件包裹在东门站放了三天，超期会收{fee}，取件码3-2-8816",
        "柜子里的快件明天起每天一元{fee}，开柜时付，取件凭8816",
        "驿站老板：再不来拿就要退回了，{fee}两块，来店里给就行",
    ],
)
def test_a_threatened_fee_alone_is_no_scam(said: str, fee: str) -> None:
    assert READER.read([said.format(fee=fee)]).score[0] < 0.35


@pytest.mark.parametrize("said", SCAMS)
def test_a_fee_with_a_scam_s_act_is_found(said: str) -> None:
    assert READER.read([said.format(wx="abc1234")]).score[0] >= 0.5

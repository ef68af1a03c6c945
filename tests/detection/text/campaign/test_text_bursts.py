"""Bursts of fake base stations are told with cells and time; look-alikes are not."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fanzha.detection.text.campaign.bursts import bursts
from fanzha.detection.text.v1.evidence import Reader
from fanzha.values import reserved

POLICIES = Path(__file__).parents[4] / "policies"
START = 1_795_000_200_000
MANY = 40
SCAM = "【银行】尊敬的客户，您的积分即将过期，请登录 www.bank-a.example 兑换现金，逾期作废"
OWN_NOTICE = "【银行】您尾号1234的卡3日消费支出人民币25.50元，余额88.33元。"
CODE = "您的验证码是4821，5分钟内有效，请勿向任何人泄露。"
SCHOOL = "各位家长：明天上午八点开家长会，请准时到三年级二班教室"
WEATHER = "【气象台】预计今晚本区有暴雨，请尽量减少外出，注意安全"
SERVICE = reserved.service(1)
PEOPLE = [reserved.mobile(100 + k) for k in range(MANY)]
Told = Callable[..., pl.DataFrame]


@cache
def _reader() -> Reader:
    return Reader.load(POLICIES, (0.0, 0.0))


def _told(
    text: str, senders: int | str, *, step_s: int = 8, cells: int | None = 2,
    moved: float | None = None, contacts: set[frozenset[str]] | None = None,
) -> pl.DataFrame:  # fmt: skip
    at = START + np.arange(MANY, dtype=np.int64) * step_s * 1000
    from_ = [senders if isinstance(senders, str) else reserved.mobile(k % senders)
             for k in range(MANY)]  # fmt: skip
    return bursts(
        _reader(), POLICIES, [text] * MANY, at, from_, PEOPLE,
        cells=None if cells is None else [f"cell-{k % cells}" for k in range(MANY)],
        moved=None if moved is None else np.arange(MANY) < moved * MANY, contacts=contacts,
    )  # fmt: skip


def _codes(told: pl.DataFrame) -> set[str]:
    return {one["code"] for one in told["reasons"][0]}


def test_changing_senders_in_few_cells_within_minutes_are_a_burst() -> None:
    told = _told(SCAM, 12, moved=0.6, contacts=set())
    assert told.height == 1
    row = told.row(0, named=True)
    assert (row["first_at"], row["last_at"]) == (START, START + 39 * 8_000)
    assert sorted(row["where"]) == ["cell-0", "cell-1"]
    assert (row["senders"], row["recipients"]) == (12, MANY)
    assert _codes(told) == {
        "changing_senders", "few_cells", "area_change", "suspected_wording", "strangers",
    }  # fmt: skip
    assert sum(one["part"] for one in row["reasons"]) == pytest.approx(row["score"])
    assert row["missing"] == []


def test_a_spoofed_service_number_is_a_burst_too() -> None:
    told = _told(SCAM, SERVICE)
    assert "service_number" in _codes(told)
    assert told["missing"][0].to_list() == ["area change", "contacts"]


def test_without_cells_it_takes_suspected_words_and_something_else() -> None:
    told = _told(SCAM, 12, cells=None)
    assert told.height == 0
    told = _told(SCAM, 12, cells=None, moved=0.5)
    assert told["missing"][0].to_list() == ["cell", "contacts"]
    assert told["score"][0] < _told(SCAM, 12, moved=0.5)["score"][0]


def test_a_longer_burst_is_one() -> None:
    told = _told(SCAM, 12, step_s=30)
    assert told.height == 1
    assert told["last_at"][0] - told["first_at"][0] == 39 * 30_000


@pytest.mark.parametrize(
    ("text", "sender", "cells"),
    [
        (OWN_NOTICE, SERVICE, 40), (OWN_NOTICE, SERVICE, 2), (CODE, SERVICE, 2), (CODE, SERVICE, 9),
        (SCHOOL, reserved.port(3), 1), (WEATHER, SERVICE, 1), (WEATHER, 4, 1),
    ],
)  # fmt: skip
def test_honest_notices_are_no_bursts(text: str, sender: int | str, cells: int) -> None:
    assert _told(text, sender, cells=cells, moved=0.0, contacts=set()).height == 0


def test_one_text_all_over_town_is_a_campaign_and_no_burst() -> None:
    assert _told(SCAM, 12, cells=30).height == 0


def test_the_same_text_over_a_day_is_no_burst() -> None:
    assert _told(SCAM, 12, step_s=1_800).height == 0


def test_people_who_know_each_other_pass_a_text_on_without_a_transmitter() -> None:
    friends = {frozenset(pair) for pair in combinations(PEOPLE, 2)}
    assert _told(SCAM, 12, contacts=friends).height == 0


def test_nothing_is_told_of_nothing() -> None:
    assert bursts(_reader(), POLICIES, [], np.zeros(0, np.int64), [], []).height == 0

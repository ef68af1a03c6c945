"""The page of a warning: what was recorded for a stop, and what data was missing, in words."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from fanzha.detection.account.v1.channel import AccountChannel
from fanzha.detection.app.v1.channel import AppChannel
from fanzha.detection.call.v1.channel import CallChannel
from fanzha.detection.link.v1.channel import LinkChannel
from fanzha.detection.signals import SignalSet
from fanzha.entrypoints.api.present import _told
from fanzha.entrypoints.api.words import COLUMNS
from fanzha.usecases.warning.issue import issue
from fanzha.values import reserved
from tests import fixtures
from tests.entrypoints.api.given import Api


def issued(api: Api, missing: tuple[str, ...] = ()) -> str:
    policies = fixtures.policies()
    with api.installed.office.work(policies.tiers.root.scope) as work:
        warning = issue(
            work, policies, person=fixtures.person(1), episode="e1", place="470103001",
            case=replace(fixtures.case(), missing=missing), now=api.centre.now(),
        )  # fmt: skip
    return str(warning.id)


def test_what_was_recorded_for_a_stop_is_shown_masked(api: Api) -> None:
    api.sign_in()
    id = issued(api)
    assert api.client.get(f"/v1/warnings/{id}").json()["stops"] == []
    account = reserved.bank_account(931, next(iter(reserved.BANKS)))
    paid = {
        "payee_account": account,
        "amount_fen": 4_980_005,
        "paid_at": "2026-11-20T10:30:00+08:00",
        "payee_name": "赵六",
    }
    api.client.post(f"/v1/warnings/{id}/sign", json={"expected_state": "pushed"})
    body = {"expected_state": "signed", "paid": paid}
    answer = api.client.post(f"/v1/warnings/{id}/record_already_paid", json=body)
    assert answer.status_code == 200, answer.text
    [stop] = answer.json()["stops"]
    assert stop["amount_fen"] == 4_980_005
    assert stop["paid_at"] == "2026-11-20T02:30:00Z"
    assert stop["payee"].endswith(account[-4:])
    assert "*" in stop["payee"]
    assert account not in answer.text
    assert "赵六" not in answer.text
    assert api.client.get(f"/v1/warnings/{id}").json()["stops"] == [stop]


def test_missing_data_is_told_in_words(api: Api) -> None:
    api.sign_in()
    id = issued(api, ("payer_balance_fen", "trunk"))
    missing = api.client.get(f"/v1/warnings/{id}").json()["missing"]
    assert [m["zh"] for m in missing] == ["付款账户余额", "来话中继（是否来自境外）"]
    assert missing[0]["en"] == "the payer's balance"


@pytest.mark.parametrize("channel", [CallChannel, AccountChannel, AppChannel, LinkChannel])
def test_every_column_that_a_detector_may_miss_has_words(channel: type) -> None:
    made = channel(Path(fixtures.POLICIES) / "detection")
    sets = [part for part in vars(made).values() if isinstance(part, SignalSet)]
    assert sets
    assert {name for one in sets for name in one.received} <= COLUMNS.keys()


def test_the_history_says_why_a_grade_was_given_in_each_language(api: Api) -> None:
    api.sign_in()
    found = api.client.get(f"/v1/warnings/{issued(api)}").json()
    [line] = [deed for deed in found["history"] if deed["verb"]["code"] == "grade"]
    assert {k: line[k] for k in ("zh", "en")} == found["grade_basis"]
    assert re.search(r"[\u4e00-\u9fff]", line["zh"])
    assert not re.search(r"[\u4e00-\u9fff]", line["en"])


def test_a_grade_recorded_in_one_language_is_still_told() -> None:
    assert _told({"detail": {"basis": "依据", "policy": "1"}}) == ("依据", "依据")

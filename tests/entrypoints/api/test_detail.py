"""The page of a warning: what was recorded for a stop, and what data was missing, in words."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from fanzha.detection.account.v1.channel import AccountChannel
from fanzha.detection.app.v1.channel import AppChannel
from fanzha.detection.call.v1.channel import CallChannel
from fanzha.detection.link.v1.channel import LinkChannel
from fanzha.detection.signals import SignalSet
from fanzha.entrypoints.api.present import _told
from fanzha.entrypoints.api.words import COLUMNS
from fanzha.lifecycles.actor import Role
from fanzha.usecases.warning.issue import issue
from fanzha.values import reserved
from tests import fixtures
from tests.entrypoints.api.given import PASSWORD, Api


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


def test_of_earlier_warnings_elsewhere_only_day_and_unit_are_told(api: Api) -> None:
    """The same person was warned by this station and by another one's officer."""
    policies = fixtures.policies()
    api.installed.operators.add(
        name="stranger", display="周航", password=PASSWORD, roles=frozenset({Role.DISSUADER}),
        unit=fixtures.unit("470102001"), now=fixtures.NOW,
    )  # fmt: skip
    with api.installed.office.work(policies.tiers.root.scope) as work:
        here, there, now = (
            issue(
                work,
                policies,
                person=fixtures.person(1),
                episode=place + str(day),
                place=place,
                case=fixtures.case(),
                now=fixtures.NOW + timedelta(days=day),
            )
            for day, place in enumerate(("470103001", "470102001", "470103001"))
        )
    api.sign_in("stranger")
    api.client.post(f"/v1/warnings/{there.id}/sign", json={"expected_state": "pushed"})
    api.installed.operators.add(
        name="local", display="陈静", password=PASSWORD, roles=frozenset({Role.DISSUADER}),
        unit=fixtures.unit("470103001"), now=fixtures.NOW,
    )  # fmt: skip
    api.sign_in("local")
    answer = api.client.get(f"/v1/warnings/{now.id}")
    elsewhere, own = answer.json()["earlier"]
    unit = fixtures.unit("470102001")
    day = (fixtures.NOW + timedelta(days=1)).astimezone(timezone(timedelta(hours=8))).date()
    assert elsewhere == {
        "on": day.isoformat(),
        "unit": {"zh": unit.zh, "en": unit.en},
        "warning": None,
    }
    assert (own["warning"]["id"], own["warning"]["number"]) == (str(here.id), here.number)
    for secret in (str(there.id), there.number, "周航"):
        assert secret not in answer.text
    api.sign_in()  # of the city above both
    both = api.client.get(f"/v1/warnings/{now.id}").json()["earlier"]
    assert [e["warning"]["id"] for e in both] == [str(there.id), str(here.id)]
    assert both[0]["warning"]["by"] == "周航"


def test_undo_is_offered_while_there_is_a_step_to_take_back(api: Api) -> None:
    api.sign_in()
    url = f"/v1/warnings/{issued(api)}"
    for verb, state in (("sign", "pushed"), ("start_contact", "signed")):
        api.client.post(f"{url}/{verb}", json={"expected_state": state})
    body = {"expected_state": "contacting", "note": "说明"}
    said = api.client.post(f"{url}/record_no_answer", json=body).json()
    assert "undo" in [v["code"] for v in said["verbs"]]
    body = {"expected_state": "unreached", "grade": "critical"}
    said = api.client.post(f"{url}/raise_grade", json=body).json()
    assert said["state"]["code"] == "unreached"
    assert "undo" not in [v["code"] for v in said["verbs"]]


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

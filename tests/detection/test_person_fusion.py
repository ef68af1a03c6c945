"""Findings of one person become one risk with a stage; apart from others; told as it rises."""

from __future__ import annotations

from typing import Any

import pytest

from fanzha.detection.finding import Stage
from fanzha.lifecycles.warning.grade import WarningGrade
from fanzha.lifecycles.warning.policy import load_grades
from fanzha.values import reserved
from tests.detection.streams import DAY, HOUR, MINUTE, NOON, POLICIES, Played, Tape, account_of

VICTIM, TOKEN = reserved.mobile(8), reserved.person(8)
SCAMMER = reserved.overseas(4)
PAYEE = account_of(77)


def scam(**leave_out: Any) -> Tape:
    """A number abroad calls around and reaches one; meeting app, shared screen, bank, payment."""
    tape = Tape().person(8).person(9)
    for n in range(10):
        tape.call(n * MINUTE, SCAMMER, reserved.mobile(2_000 + n), talk_s=6.0)
    tape.call(30 * MINUTE, SCAMMER, VICTIM, talk_s=3_000.0)
    app: dict[str, Any] = {"subscriber": VICTIM, "package": "com.tencent.wemeet.app"}
    tape.add("app", 36 * MINUTE, action="open", label="会议", **app)
    tape.add("app", 37 * MINUTE, action="screen_share_on", label="会议", **app)
    bank = {"subscriber": VICTIM, "package": "cmb.pb.bank", "label": "云州银行"}
    tape.add("app", 39 * MINUTE, action="open", **bank)
    tape.add("account", 41 * MINUTE, account=account_of(8), action="add_payee")
    tape.pay(45 * MINUTE, account_of(8), PAYEE, 48_000, payer_balance_fen=200_000)
    return tape


def test_one_person_one_risk_that_rises() -> None:
    played = Played(scam())
    mine = [risk for risk in played.risks if risk.person == TOKEN]
    assert len({risk.episode for risk in mine}) == 1
    assert [risk.sequence for risk in mine] == list(range(1, len(mine) + 1))
    last = mine[-1]
    assert last.stage is Stage.TRANSFER
    assert last.live
    assert last.score > 0.95
    assert last.amount_fen == 4_800_000
    assert last.number == VICTIM
    assert last.account == account_of(8)
    assert last.district == "470102"
    assert set(last.sources) == {"call", "app", "account", "transfer"}
    told = {reason.code for reason in last.reasons}
    assert {"suspected_call", "screen_shared", "bank_while_sharing", "paid_on_call"} <= told
    assert sum(reason.part for reason in last.reasons) == pytest.approx(last.score)


def test_sums_beyond_all_money_stop_nothing() -> None:
    """Two payments of the most an event may carry add up to more than a column can hold."""
    tape = scam()
    for n in range(4):
        tape.pay(46 * MINUTE + n, account_of(8), account_of(78 + n), (2**63 - 1) // 100)
    tape.call(60 * MINUTE, SCAMMER, VICTIM, talk_s=60.0)
    paid = [r.amount_fen for r in Played(tape).risks if r.person == TOKEN]
    assert all(0 < fen < 2**63 for fen in paid if fen is not None)


def test_the_risk_is_told_before_the_payment() -> None:
    played = Played(scam())
    first = min(risk.at for risk in played.risks if risk.person == TOKEN)
    paid = max(e.at for risk in played.risks for e in risk.context if e.lane == "money")
    assert first < paid - 5 * MINUTE


def test_words_carry_no_identifier_in_the_clear() -> None:
    for risk in Played(scam()).risks:
        for text in [w for r in risk.reasons for w in (r.zh, r.en)]:
            assert SCAMMER[-6:] not in text
            assert PAYEE[-8:] not in text
        for entry in risk.context:
            assert SCAMMER[-6:] not in entry.zh + entry.en
            assert PAYEE[-8:] not in entry.zh + entry.en


def test_a_label_hides_and_turns_nothing_on_a_screen() -> None:
    tape = scam()
    app = {"subscriber": VICTIM, "package": "a.example"}
    hostile = "安全\u202e助\u200b手\n\u2066" + "长" * 200
    tape.add("app", 38 * MINUTE, action="screen_share_on", label=hostile, **app)
    told = {e.zh + e.en for r in Played(tape).risks for e in r.context if "安全助手" in e.zh}
    assert told
    for words in told:
        assert words.isprintable()
        assert "长" * 41 not in words


def test_nobody_else_is_told() -> None:
    """People whom the same number rang for a few seconds get no risk; nor does the bystander."""
    assert {risk.person for risk in Played(scam()).risks} == {TOKEN}


@pytest.mark.parametrize(
    ("reason", "keep"),
    [
        ("screen_shared", lambda s, r: r.get("action") != "screen_share_on"),
        ("bank_while_sharing", lambda s, r: r.get("label") != "云州银行"),
        ("payee_added", lambda s, r: s != "account"),
        ("paid_on_call", lambda s, r: s != "transfer"),
        ("paid_stranger", lambda s, r: s != "transfer"),
        ("talked_long", lambda s, r: r.get("callee") != VICTIM or r["phase"] != "answer"),
    ],
)
def test_what_no_longer_holds_is_no_longer_said(reason: str, keep: Any) -> None:
    tape = scam()
    assert reason in Played(tape).told(TOKEN)
    if reason == "talked_long":
        for _, row in tape.rows:
            if row.get("callee") == VICTIM and row["phase"] == "end":
                row["talk_s"], row["at"] = 30.0, row["at"].replace(minute=40)
    assert reason not in Played(tape.without(keep)).told(TOKEN)


def test_a_payment_long_after_is_another_matter() -> None:
    tape = scam().without(lambda s, r: s not in ("transfer", "app", "account"))
    tape.pay(5 * DAY, account_of(8), PAYEE, 48_000)
    assert "paid_stranger" not in Played(tape).told(TOKEN)


def test_a_payment_without_a_scam_call_is_no_risk() -> None:
    tape = Tape().person(8).call(0, reserved.mobile(70), VICTIM, talk_s=600.0)
    tape.pay(5 * MINUTE, account_of(8), PAYEE, 900)
    tape.pay(2 * HOUR, account_of(8), account_of(78), 3_000)
    assert Played(tape).risks == []


def test_a_number_found_out_later_leads_to_those_it_talked_to() -> None:
    """It called one person at length first; only then does it call around and is noticed."""
    tape = Tape().person(8).call(0, SCAMMER, VICTIM, talk_s=1_000.0)
    for n in range(12):
        tape.call(HOUR + n * MINUTE, SCAMMER, reserved.mobile(2_000 + n), talk_s=6.0)
    played = Played(tape)
    (risk,) = [risk for risk in played.risks if risk.person == TOKEN]
    assert risk.at >= min(f.at for f in played.about(SCAMMER))
    assert {"talked", "talked_long"} <= {r.code for r in risk.reasons}
    short = Tape().person(8).call(0, SCAMMER, VICTIM, talk_s=20.0)
    short.rows += tape.without(lambda s, r: r.get("callee") not in (None, VICTIM)).rows
    assert Played(short).risks == []


def test_a_running_call_is_looked_at_again_while_it_lasts() -> None:
    """No event of the person's own comes: the clock of the stream alone raises the risk."""
    tape = Tape().person(8)
    for n in range(10):
        tape.call(n * MINUTE, SCAMMER, reserved.mobile(2_000 + n), talk_s=6.0)
    tape.call(30 * MINUTE, SCAMMER, VICTIM, phases=("start", "answer"))
    for n in range(40):
        tape.call((31 + n) * MINUTE, reserved.mobile(300 + n), reserved.mobile(400 + n))
    risks = [risk for risk in Played(tape).risks if risk.person == TOKEN]
    assert risks
    assert all(risk.live for risk in risks)
    assert {"talked_long"} <= {r.code for risk in risks for r in risk.reasons}


def test_a_stranger_becomes_the_person_the_registry_names() -> None:
    tape = scam().without(lambda s, r: s != "subject")
    before = Played(tape)
    assert {risk.person for risk in before.risks} == {VICTIM}
    tape.person(8, at=42 * MINUTE)
    risks = Played(tape).risks
    assert [risk.person for risk in risks][-1] == TOKEN
    assert len({risk.episode for risk in risks}) == 1


def test_an_episode_ends_and_another_begins() -> None:
    tape = scam()
    for stream, row in scam().rows:
        if stream != "subject":
            later = {k: v for k, v in row.items() if k not in ("event_id", "source", "at")}
            at = int(row["at"].timestamp() * 1000) - 1_795_147_200_000 + 10 * DAY
            if "call_id" in later:
                later["call_id"] += 10_000
            tape.add(stream, at, **later)
    episodes = {risk.episode for risk in Played(tape).risks if risk.person == TOKEN}
    assert len(episodes) == 2


def test_led_to_bank_and_payee_on_a_scam_call_is_critical_at_that_event() -> None:
    tape = Tape().person(8).person(9)
    for n in range(10):
        tape.call(n * MINUTE, SCAMMER, reserved.mobile(2_000 + n), talk_s=6.0)
    tape.call(30 * MINUTE, SCAMMER, VICTIM, talk_s=3_000.0)
    bank = {"subscriber": VICTIM, "package": "cmb.pb.bank", "label": "云州银行"}
    tape.add("app", 34 * MINUTE, action="open", **bank)
    tape.add("account", 35 * MINUTE, account=account_of(8), action="add_payee")
    grading = load_grades(POLICIES / "warning" / "grading.yaml")
    graded = {
        risk.at - NOON: grading.grade(risk.stage, risk.score, live=risk.live).grade
        for risk in Played(tape).risks
        if risk.person == TOKEN
    }
    assert graded[35 * MINUTE] is WarningGrade.CRITICAL
    assert all(
        grade is not WarningGrade.CRITICAL for at, grade in graded.items() if at < 34 * MINUTE
    )

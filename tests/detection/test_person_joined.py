"""What one stream cannot say alone: a grave text and what follows it, payees found out late."""

from __future__ import annotations

from typing import Any

import pytest

from fanzha.detection.engine import Engine
from fanzha.lifecycles.warning.grade import WarningGrade
from fanzha.lifecycles.warning.policy import load_grades
from fanzha.values import reserved
from tests.detection.streams import (
    DAY,
    HOUR,
    MINUTE,
    POLICIES,
    Played,
    Tape,
    account_of,
    admitted,
)

VICTIM, TOKEN = reserved.mobile(8), reserved.person(8)
OWN, MULE = account_of(8), account_of(77)
SITE = "quiet-harbour.example"
GRAVE = (
    f"【公安局】您涉嫌洗钱案，请将资金转入安全账户配合清查，勿告知家人，点击 http://{SITE}/a 办理"
)
PARCEL = "您的快递已到驿站，请凭取件码8-2-3021领取"


def texted(body: str = GRAVE) -> Tape:
    return Tape().person(8).add(
        "text", 0, sender=reserved.port(5), recipient=VICTIM, body=body, channel="sms"
    )  # fmt: skip


def told(tape: Tape) -> set[str]:
    return Played(tape).told(TOKEN)


def bound(tape: Tape, at: int = HOUR) -> Tape:
    return tape.add("account", at, account=OWN, action="add_payee")


# -- a grave text, and what follows -----------------------------------------------------------


def opened(tape: Tape) -> Tape:
    return tape.add("visit", 5 * MINUTE, subscriber=VICTIM, url=f"https://m.{SITE}/in?c=4")


def test_a_harmless_looking_name_counts_once_a_grave_text_has_named_it() -> None:
    assert "texted_name_opened" in told(opened(texted()))
    assert told(opened(Tape().person(8))) == set()
    assert told(opened(texted(PARCEL + f" http://{SITE}/p"))) == set()
    elsewhere = texted().add("visit", MINUTE, subscriber=VICTIM, url="https://other.example/")
    assert told(elsewhere) == set()


@pytest.mark.parametrize("url", ["http://198.18.0.1/a", "http://[2001:db8::7]/a"])
def test_addresses_that_name_nothing_stop_nothing(url: str) -> None:
    tape = texted().add("visit", MINUTE, subscriber=VICTIM, url=url)
    assert "texted_name_opened" not in told(tape)


def test_a_payee_bound_on_the_day_of_a_grave_text_is_told_before_any_payment() -> None:
    done = Played(bound(texted()))
    assert "text_then_payee" in done.told(TOKEN)
    grades = load_grades(POLICIES / "warning" / "grading.yaml")
    risk = done.risks[-1]
    graded = grades.grade(risk.stage, risk.score, live=risk.live).grade
    assert graded in (WarningGrade.HIGH, WarningGrade.MEDIUM)
    assert told(bound(Tape().person(8))) == set()
    assert told(bound(texted(PARCEL))) == set()
    assert told(bound(texted(), at=2 * DAY)) == set()


def small(tape: Tape, sums: tuple[float, ...]) -> Tape:
    for n, yuan in enumerate(sums):
        payer = account_of(300 + n)
        fen = round(100 * yuan)
        tape.add("transfer", (20 + n) * MINUTE - 5_000, payer=payer, payee=OWN,
                 amount_fen=fen, status="asked")  # fmt: skip
        tape.pay((20 + n) * MINUTE, payer, OWN, yuan)
    return tape


def test_two_small_sums_of_strangers_after_a_grave_text_are_the_bait() -> None:
    assert "text_then_rebate" in told(small(texted(), (18, 26)))
    assert told(small(texted(), (18,))) == set(), "a friend's share of a meal"
    assert told(small(texted(), (900, 1_400))) == set(), "no bait"
    assert told(small(Tape().person(8), (18, 26))) == set()


def test_a_large_sum_to_a_stranger_soon_after_a_grave_text() -> None:
    def paid(body: str, yuan: float, at: int = HOUR) -> set[str]:
        return told(texted(body).pay(at, OWN, account_of(90), yuan, payer_balance_fen=4_000_000))

    assert "text_then_large" in paid(GRAVE, 14_400)
    assert paid(PARCEL, 14_400) == set()
    assert paid(GRAVE, 800) == set()
    assert paid(GRAVE, 14_400, at=8 * HOUR) == set()


def chatted(*bodies: str) -> set[str]:
    tape = Tape().person(8)
    for n, body in enumerate(bodies):
        tape.add("text", n * 7 * MINUTE, sender=reserved.mobile(60), recipient=VICTIM, body=body,
                 channel="chat", thread_id=5, lawful_basis="consent")  # fmt: skip
    return told(tape)


def test_a_suspected_chat_that_grows_graver_is_told_though_nothing_else_is_seen() -> None:
    grows = (
        "您的账户数据异常，补做一单291元才能提现",
        "这是复合任务，要做满三单，操作失误卡单了，垫付后本金佣金一起返",
    )
    assert "chat_goes_on" in chatted(*grows)
    assert chatted("晚上一起吃饭吗", "我请客，上次你垫的钱还没转你", "好，六点见") == set()


def rung(tape: Tape) -> Tape:
    """A number abroad that nobody has found suspected, on the line for 25 minutes."""
    return tape.call(10 * MINUTE, reserved.overseas(4), VICTIM, talk_s=1_500.0)


def test_a_long_call_from_abroad_weighs_more_after_a_grave_text() -> None:
    assert "text_then_doubtful_call" in told(rung(texted()))
    assert told(rung(texted(PARCEL))) == set()
    assert told(rung(Tape().person(8))) == set(), "a child who studies abroad"


def dialled(*, opens: bool, talks: bool) -> set[str]:
    dealer, tape = reserved.mobile(60), Tape().person(8)
    for n in range(60):
        tape.call(n * MINUTE, dealer, reserved.mobile(2_000 + n), talk_s=6.0,
                  caller_cell="460-00-1-1")  # fmt: skip
    if talks:
        tape.call(61 * MINUTE, dealer, VICTIM, talk_s=200.0)
    if opens:
        url = "http://donglupay.ajmpm.example/d/41801.html"
        tape.add("visit", 65 * MINUTE, subscriber=VICTIM, url=url)
    return told(tape)


def test_a_doubtful_address_weighs_beside_a_talk_with_a_suspected_number() -> None:
    assert "talked_and_opened" in dialled(opens=True, talks=True)
    assert "talked_and_opened" not in dialled(opens=False, talks=True)
    assert dialled(opens=True, talks=False) == set()


# -- payees that are found out late -------------------------------------------------------------


def mule(tape: Tape, begin: int) -> Tape:
    """Takes from strangers and sends on within the minute, again and again."""
    for n in range(8):
        tape.pay(begin + n * MINUTE, account_of(500 + n), MULE, 9_000)
        tape.pay(begin + n * MINUTE + 20_000, MULE, account_of(600 + n), 8_900)
    return tape


def victim_first(yuan: float = 9_600, **columns: Any) -> Tape:
    tape = Tape().person(8).pay(0, OWN, MULE, yuan, payer_balance_fen=2_000_000, **columns)
    return mule(tape, 30 * MINUTE)


def test_who_paid_before_the_account_was_found_out_is_told_then() -> None:
    done = Played(victim_first())
    risk = next(r for r in done.risks if r.person == TOKEN)
    assert {"payee_found_later", "suspected_payee"} <= {r.code for r in risk.reasons}
    assert risk.at > 30 * MINUTE + min(e.at for e in risk.context)
    assert risk.amount_fen == 960_000
    assert [e.lane.value for e in risk.context] == ["money"]


def test_small_change_and_money_passed_on_lead_to_nobody() -> None:
    assert told(victim_first(120)) == set()
    passing = Tape().person(8).pay(0, account_of(400), OWN, 9_700)
    passing.pay(MINUTE, OWN, MULE, 9_600)
    assert "payee_found_later" not in told(mule(passing, 30 * MINUTE))


def test_a_payment_of_the_day_before_yesterday_is_another_matter() -> None:
    tape = Tape().person(8).pay(0, OWN, MULE, 9_600)
    assert told(mule(tape, 2 * DAY)) == set()


def test_a_known_payee_leads_to_nobody() -> None:
    tape = Tape().person(8).pay(-3 * DAY, OWN, MULE, 500).pay(0, OWN, MULE, 9_600)
    assert told(mule(tape, 30 * MINUTE)) == set()


def test_one_sign_alone_counts_only_beside_a_suspected_contact() -> None:
    def once(tape: Tape) -> set[str]:
        """The payee passes on what it got, once: a mule's conduct, or a friend's."""
        tape.pay(30 * MINUTE, OWN, MULE, 9_600, payer_balance_fen=9_000_000)
        return told(tape.pay(34 * MINUTE, MULE, account_of(601), 9_500))

    assert once(Tape().person(8)) == set()
    assert "suspected_payee" in once(texted())


def test_however_rows_are_cut_the_same_are_told_of_late_payees() -> None:
    tape = bound(victim_first(), at=45 * MINUTE)
    whole = Played(tape)
    rows = tape.sorted()
    apart = Played()
    for n, (stream, row) in enumerate(rows):
        if n == len(rows) // 2:
            engine = Engine(POLICIES)
            engine.restore(apart.engine.snapshot())  # type: ignore[union-attr]
            apart.engine = engine
        apart.outcomes.append(apart.engine.process(n + 1, stream, admitted(stream, [row])))
    mine = [r for r in whole.risks if r.person == TOKEN]
    assert mine
    assert mine == [r for r in apart.risks if r.person == TOKEN]


# -- what the bank alone sees -------------------------------------------------------------------


def task_scam(*, bait: bool) -> Tape:
    """Of this account no number is known: small sums in, then more and more to new payees."""
    tape = Tape()
    for n in range(3 if bait else 0):
        tape.pay(n * 10 * MINUTE, account_of(300 + n), OWN, 20 + n)
    for n, yuan in enumerate((300, 900, 4_200, 8_800)):
        at = HOUR + n * 20 * MINUTE
        tape.add("account", at - MINUTE, account=OWN, action="add_payee")
        tape.pay(at, OWN, account_of(90 + n), yuan, payer_balance_fen=3_000_000)
    return tape


def test_bait_then_growing_payments_are_told_by_the_bank_alone() -> None:
    codes = {r.code for risk in Played(task_scam(bait=True)).risks for r in risk.reasons}
    assert {"bank_sees_danger", "risky_payment"} <= codes
    assert not Played(task_scam(bait=False)).risks, "a move to a new flat"

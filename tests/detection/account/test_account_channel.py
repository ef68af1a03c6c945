"""Transfers: conduct of mule accounts, danger to payers; shops, families and payday stay quiet."""

from __future__ import annotations

import pytest

from fanzha.detection.finding import Role
from fanzha.values import reserved
from tests.detection.streams import DAY, HOUR, MINUTE, SECOND, Lone, Played, Tape, account_of

MULE, NEXT, VICTIM = account_of(1), account_of(2), account_of(3)


def alone(tape: Tape) -> Played:
    """The account channel over a tape."""
    return Played(tape, Lone())


def test_in_and_out_at_once() -> None:
    tape = Tape().pay(0, VICTIM, MULE, 20_000).pay(5 * MINUTE, MULE, NEXT, 19_500)
    (found,) = alone(tape).about(MULE)
    assert found.role is Role.SUSPECT
    assert found.amount_fen == 1_950_000
    (reason,) = found.reasons
    assert reason.code == "fast_in_out"
    assert "¥20,000" in reason.zh
    assert "98%" in reason.en
    assert sum(r.part for r in found.reasons) == pytest.approx(found.score)


@pytest.mark.parametrize(
    "tape",
    [
        Tape().pay(0, VICTIM, MULE, 20_000).pay(3 * HOUR, MULE, NEXT, 19_500),
        Tape().pay(0, VICTIM, MULE, 20_000).pay(5 * MINUTE, MULE, NEXT, 9_000),
        Tape().pay(0, VICTIM, MULE, 900).pay(5 * MINUTE, MULE, NEXT, 890),
        Tape()
        .pay(-20 * DAY, VICTIM, MULE, 500)
        .pay(0, VICTIM, MULE, 20_000)
        .pay(5 * MINUTE, MULE, NEXT, 19_500),
    ],
    ids=["hours later", "half of it", "small", "old acquaintances"],
)
def test_what_no_longer_holds_is_no_longer_said(tape: Tape) -> None:
    assert "fast_in_out" not in alone(tape).codes(MULE)


def test_many_unrelated_payers() -> None:
    def collected(payers: int) -> set[str]:
        tape = Tape()
        for n in range(8):
            tape.pay(n * MINUTE, account_of(100 + n % payers), MULE, 2_500)
        return alone(tape.pay(9 * MINUTE, MULE, NEXT, 19_800)).codes(MULE)

    assert {"fan_in", "fast_in_out", "fast_in_out_again"} <= collected(8)
    assert "fan_in" not in collected(2)


def test_split_among_many() -> None:
    tape = Tape().pay(0, VICTIM, MULE, 40_000)
    for n in range(5):
        tape.pay((n + 1) * MINUTE, MULE, account_of(200 + n), 7_900)
    assert "fan_out" in alone(tape).codes(MULE)


def test_a_probe_then_a_large_sum() -> None:
    def codes(probe: float, later: int) -> set[str]:
        tape = Tape().pay(0, NEXT, MULE, probe).pay(later, VICTIM, MULE, 30_000)
        return alone(tape.pay(later + MINUTE, MULE, NEXT, 29_900)).codes(MULE)

    # A probe alone weighs less than the threshold: it is said with what follows.
    assert "probe_then_large" not in codes(1, 10 * MINUTE)
    tape = Tape().add("account", -DAY, account=MULE, action="open")
    tape.pay(0, NEXT, MULE, 1).pay(10 * MINUTE, VICTIM, MULE, 30_000)
    assert {"probe_then_large", "new_account_busy"} <= alone(tape).codes(MULE)
    late = Tape().add("account", -DAY, account=MULE, action="open")
    late.pay(0, NEXT, MULE, 1).pay(2 * HOUR, VICTIM, MULE, 30_000)
    assert "probe_then_large" not in alone(late).codes(MULE)


def test_cash_and_coins_after_money_came_in() -> None:
    for exit_ in ("cash:ATM0001", reserved.wallet(1)):
        payee = exit_ if ":" in exit_ else f"wallet:{exit_}"
        tape = Tape().pay(0, VICTIM, MULE, 20_000).pay(20 * MINUTE, MULE, payee, 19_900)
        assert "cashed_out" in alone(tape).codes(MULE), payee


def test_emptied_and_one_device_for_many_accounts() -> None:
    tape = Tape()
    for n in range(4):
        tape.pay(n * MINUTE, account_of(50 + n), account_of(60), 9, device="d-1")
    tape.pay(10 * MINUTE, VICTIM, MULE, 20_000, payee_balance_fen=2_000_500)
    tape.pay(12 * MINUTE, MULE, NEXT, 20_000, device="d-1", payer_balance_fen=500)
    codes = alone(tape).codes(MULE)
    assert {"emptied", "shared_device", "fast_in_out"} <= codes


def test_who_pays_a_mule_is_at_risk() -> None:
    tape = Tape()
    for n in range(8):
        tape.pay(n * MINUTE, account_of(100 + n), MULE, 2_500)
    tape.pay(9 * MINUTE, MULE, NEXT, 19_800).pay(10 * MINUTE, VICTIM, MULE, 5_000)
    (found,) = alone(tape).about(VICTIM)
    assert found.role is Role.AT_RISK
    assert found.related[0].value == MULE
    reason = next(r for r in found.reasons if r.code == "paid_suspect")
    assert MULE.split(":")[1] not in reason.zh
    known = Tape().pay(-9 * DAY, VICTIM, MULE, 100)
    known.rows += tape.rows
    assert alone(known).codes(VICTIM) == set()


def test_a_mule_that_pays_the_next_is_no_victim() -> None:
    tape = Tape()
    for mule in (MULE, NEXT):
        for n in range(8):
            tape.pay(n * MINUTE, account_of(100 + n), mule, 2_500)
    tape.pay(9 * MINUTE, NEXT, account_of(300), 19_800)
    tape.pay(10 * MINUTE, MULE, NEXT, 19_800)
    played = alone(tape)
    assert {f.role for f in played.about(MULE)} == {Role.SUSPECT}


def test_payments_to_new_payees_that_grow() -> None:
    def codes(*sums: float) -> set[str]:
        tape = Tape()
        for n, yuan in enumerate(sums):
            tape.pay(n * HOUR, VICTIM, account_of(400 + n), yuan)
        return alone(tape).codes(VICTIM)

    assert "new_payees_rise" in codes(1_000, 2_000, 6_000)
    assert codes(6_000, 2_000, 1_000) == set()
    assert codes(1_000, 6_000) == set()


def test_payday_rent_and_shops_stay_quiet() -> None:
    tape, firm, landlord = Tape(), account_of(500), account_of(501)
    for n in range(40):
        worker = account_of(600 + n)
        tape.pay(n * SECOND, firm, worker, 8_000)
        tape.pay(2 * HOUR + n * MINUTE, worker, landlord, 2_500)
        tape.pay(3 * HOUR + n * MINUTE, worker, "merchant:S1", 300)
    tape.pay(6 * HOUR, landlord, account_of(502), 40_000)
    assert alone(tape).findings == []


def test_money_that_did_not_move_does_not_count() -> None:
    tape = Tape().pay(0, VICTIM, MULE, 20_000).pay(5 * MINUTE, MULE, NEXT, 19_500)
    for _, row in tape.rows:
        row["status"] = "refused"
    assert alone(tape).findings == []


def test_what_is_missing_is_named() -> None:
    tape = Tape().pay(0, VICTIM, MULE, 20_000).pay(5 * MINUTE, MULE, NEXT, 19_500)
    assert set(alone(tape).about(MULE)[0].missing) == {"balance_fen", "channel", "device"}

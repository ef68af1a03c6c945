"""Each laundering pattern among honest look-alikes: named where it stands, silent beside it."""

from __future__ import annotations

import pytest

from fanzha.values import reserved
from tests.detection.streams import DAY, HOUR, MINUTE, SECOND, Lone, Played, Tape, account_of

MULE, NEXT, KNOWN = account_of(1), account_of(2), account_of(3)
FIRM = "WXPAY:u-1001"


def codes(tape: Tape, of: str = MULE) -> set[str]:
    """Everything said of an account by the account channel alone."""
    return Played(tape, Lone()).codes(of)


def strangers(tape: Tape, n: int, yuan: float, at: int = 0, to: str = MULE, **more: object) -> Tape:
    """`n` accounts never in touch before pay an account, a minute apart."""
    for k in range(n):
        tape.pay(at + k * MINUTE, account_of(100 + k), to, yuan, **more)
    return tape


def friends(tape: Tape, n: int, of: str = MULE) -> Tape:
    """The same accounts have been in touch for weeks."""
    for k in range(n):
        tape.pay(-20 * DAY + k * HOUR, account_of(100 + k), of, 50)
    return tape


def opened(tape: Tape, at: int, account: str = MULE, **more: object) -> Tape:
    return tape.add("account", at, account=account, action="open", **more)


def test_points_are_run() -> None:
    tape = strangers(Tape(), 9, 1_000)
    assert "points_run" in codes(tape.pay(12 * MINUTE, MULE, NEXT, 8_900))
    odd = strangers(Tape(), 9, 1_033.7).pay(12 * MINUTE, MULE, NEXT, 9_200)
    assert "points_run" not in codes(odd)
    landlord = strangers(friends(Tape(), 9), 9, 1_000).pay(12 * MINUTE, MULE, NEXT, 8_900)
    assert "points_run" not in codes(landlord)


def test_coins_bought_again_and_again() -> None:
    wallets = [f"wallet:{reserved.wallet(k)}" for k in (1, 2)]
    tape = strangers(Tape(), 2, 10_000)
    for k, wallet in enumerate(wallets):
        tape.pay((5 + k) * MINUTE, MULE, wallet, 9_900)
    assert {"coin_exit", "cashed_out"} <= codes(tape)
    saver = friends(Tape(), 2)
    strangers(saver, 2, 10_000)
    for k, wallet in enumerate(wallets):
        saver.pay((5 + k) * MINUTE, MULE, wallet, 9_900)
    assert "coin_exit" not in codes(saver)


def test_a_courier_goes_from_branch_to_branch() -> None:
    def drawn(places: int, tape: Tape) -> set[str]:
        strangers(tape, 2, 15_000)
        for k in range(4):
            tape.pay(k * HOUR + 10 * MINUTE, MULE, f"cash:ATM{k % places}", 6_000)
        return codes(tape)

    assert "cash_courier" in drawn(4, Tape())
    assert "cash_courier" not in drawn(1, Tape())
    assert "cash_courier" not in drawn(4, friends(Tape(), 2))


def test_a_large_withdrawal_of_strangers_money() -> None:
    def drawn(yuan: float, tape: Tape) -> set[str]:
        return codes(strangers(tape, 2, 40_000).pay(5 * HOUR, MULE, "cash:ATM1", yuan))

    assert "large_withdrawal" in drawn(60_000, Tape())
    assert "large_withdrawal" not in drawn(3_000, Tape())
    assert "large_withdrawal" not in drawn(60_000, friends(Tape(), 2))


def test_a_shell_and_an_old_company_that_collect() -> None:
    def collected(age: int, payers: int, **more: object) -> set[str]:
        tape = opened(Tape(), -age, **{"class": "corporate", **more})
        strangers(tape, payers, 20_000)
        return codes(tape.pay(20 * MINUTE, MULE, NEXT, 19_900 * payers))

    assert "shell_company" in collected(20 * DAY, 4)
    assert "corporate_collects" not in collected(20 * DAY, 9)
    assert "corporate_collects" in collected(120 * DAY, 9)
    assert "shell_company" not in collected(120 * DAY, 4)
    assert not {"shell_company", "corporate_collects"} & collected(20 * DAY, 4, **{"class": "I"})


def test_a_company_that_pays_its_people_stays_quiet() -> None:
    tape = opened(Tape(), -20 * DAY, **{"class": "corporate"})
    tape.pay(-10 * DAY, KNOWN, MULE, 500).pay(0, KNOWN, MULE, 400_000)
    for k in range(30):
        tape.pay(HOUR + k * SECOND, MULE, account_of(300 + k), 13_000)
    assert codes(tape) == set()


def test_out_by_payment_firms() -> None:
    def passed(to: str, tape: Tape) -> set[str]:
        strangers(tape, 4, 5_000)
        for k in range(3):
            tape.pay((6 + k) * MINUTE, MULE, to, 6_500)
        return codes(tape)

    assert "third_party_exit" in passed(FIRM, Tape())
    assert "third_party_exit" not in passed(NEXT, Tape())
    assert "third_party_exit" not in passed(FIRM, friends(Tape(), 4))


def test_a_pool_of_code_payments() -> None:
    def pooled(to: str, channel: str = "qr") -> set[str]:
        tape = Tape().pay(-9 * DAY, MULE, KNOWN, 100)
        strangers(tape, 20, 88.8, channel=channel)
        return codes(tape.pay(HOUR, MULE, to, 1_770))

    assert "fourth_party_pool" in pooled(NEXT)
    assert "fourth_party_pool" not in pooled(KNOWN)  # a stall's owner empties the till
    assert "fourth_party_pool" not in pooled(NEXT, "mobile")


def test_topped_up_at_many_shops_or_paid_to_one_platform() -> None:
    def spent(shops: int, tape: Tape) -> set[str]:
        strangers(tape, 4, 4_000)
        for k in range(6):
            tape.pay((6 + k) * MINUTE, MULE, f"merchant:LIVE{k % shops}", 2_600)
        return codes(tape)

    assert "topped_up" in spent(6, Tape())
    assert "repays_for_others" in spent(1, Tape())
    assert "topped_up" not in spent(1, Tape())
    assert "repays_for_others" not in spent(6, Tape())
    assert not {"topped_up", "repays_for_others"} & spent(6, friends(Tape(), 4))


def test_trade_that_cancels_out() -> None:
    def traded(back: float, sort: str = "corporate") -> set[str]:
        tape = opened(Tape(), -100 * DAY, **{"class": sort})
        for k in range(4):
            tape.pay(k * DAY // 2, account_of(100 + k), MULE, 150_000)
            tape.pay(k * DAY // 2 + 6 * HOUR, MULE, account_of(200 + k), back)
        return codes(tape)

    assert "trade_offset" in traded(150_000)
    assert "trade_offset" not in traded(120_000)
    assert "trade_offset" not in traded(150_000, "I")


def test_an_underground_bank() -> None:
    def ran(tape: Tape, yuan: float = 90_000) -> set[str]:
        for k in range(14):
            tape.pay(k * 8 * HOUR, account_of(100 + k), MULE, yuan)
            tape.pay(k * 8 * HOUR + HOUR, MULE, account_of(200 + k), yuan)
        return codes(tape)

    assert "underground_bank" in ran(Tape())
    assert "underground_bank" not in ran(Tape(), 900)
    wholesaler = friends(Tape(), 14)
    assert "underground_bank" not in ran(wholesaler)


def test_emptied_day_after_day() -> None:
    def swept(left_fen: int) -> set[str]:
        tape = Tape()
        for k in range(6):
            tape.pay(k * DAY, account_of(100 + k), MULE, 12_000)
            tape.pay(k * DAY + 5 * HOUR, MULE, account_of(200 + k), 12_000,
                     payer_balance_fen=left_fen)  # fmt: skip
        tape.pay(6 * DAY, account_of(110), MULE, 12_000)
        tape.pay(6 * DAY + MINUTE, MULE, NEXT, 12_000, payer_balance_fen=left_fen)
        return codes(tape)

    assert "swept_again" in swept(300)
    assert "swept_again" not in swept(900_000)


def test_one_holder_of_many_accounts_and_one_device_of_many_holders() -> None:
    tape = Tape()
    for k, account in enumerate([*(account_of(50 + n) for n in range(5)), MULE]):
        opened(tape, -9 * DAY + k * HOUR, account, holder=reserved.organisation_code(7))
    strangers(tape, 4, 5_000).pay(6 * MINUTE, MULE, NEXT, 19_000)
    assert "many_accounts" in codes(tape)

    def used(holders: int) -> set[str]:
        tape = Tape()
        for k in range(4):
            holder = reserved.organisation_code(20 + k % holders)
            tape.add("account", -HOUR + k * MINUTE, account=account_of(60 + k), action="login",
                     holder=holder, device="d-9")  # fmt: skip
        strangers(tape, 2, 5_000)
        return codes(tape.pay(6 * MINUTE, MULE, NEXT, 9_900, device="d-9"))

    assert "device_of_many" in used(4)
    assert "device_of_many" not in used(1)


def test_woken_after_half_a_year() -> None:
    def woken(idle: int) -> set[str]:
        tape = Tape().pay(-idle, KNOWN, MULE, 20)
        strangers(tape, 6, 3_000)
        return codes(tape.pay(8 * MINUTE, MULE, NEXT, 17_900))

    assert "woke_up" in woken(190 * DAY)
    assert "woke_up" not in woken(5 * DAY)


@pytest.mark.parametrize("status", ["refused", "returned"])
def test_near_what_is_stopped(status: str) -> None:
    stopped, middle = account_of(70), account_of(71)
    tape = Tape()
    for k in range(3):
        tape.pay(k * MINUTE, account_of(80 + k), stopped, 900)
        tape.rows[-1][1]["status"] = status
    tape.pay(4 * MINUTE, stopped, middle, 3_000)
    strangers(tape, 3, 8_000, HOUR)
    one_off = Tape()
    one_off.rows += tape.rows
    one_off._next = tape._next
    tape.pay(2 * HOUR - 50 * MINUTE, MULE, stopped, 23_500)
    assert "near_stopped" in codes(tape)
    assert "payers_refused" in codes(tape, stopped)
    one_off.pay(2 * HOUR - 50 * MINUTE, MULE, middle, 23_500)
    found = codes(one_off)
    assert "two_from_stopped" in found
    assert "near_stopped" not in found
    far = strangers(Tape(), 3, 8_000, HOUR).pay(70 * MINUTE, MULE, middle, 23_500)
    assert not {"near_stopped", "two_from_stopped"} & codes(far)


def test_cuts_between_batches_change_nothing() -> None:
    tape = strangers(opened(Tape(), -20 * DAY, **{"class": "corporate"}), 9, 9_000)
    tape.pay(12 * MINUTE, MULE, "cash:ATM1", 60_000).pay(13 * MINUTE, MULE, NEXT, 20_000)
    whole = Played(tape, Lone()).findings
    cut = Played(engine=Lone()).play(tape, range(1, 20, 2)).findings
    assert [f.reasons for f in whole] == [f.reasons for f in cut]
    assert whole

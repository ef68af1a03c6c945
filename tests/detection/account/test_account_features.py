"""Features of transfers: planted streams where each must be high, and look-alikes beside them."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from fanzha.detection.account.v1.orders import load_order_words, place_keys
from fanzha.errors import Misconfigured
from fanzha.values import reserved
from tests.detection.feature_rows import told
from tests.detection.streams import DAY, HOUR, MINUTE, POLICIES, Tape, account_of

MULE, VICTIM = account_of(3), account_of(5)
NIGHT = 13 * HOUR
"""From noon: 01:00 of the next day."""


def _side(tape: Tape, holder: str = MULE) -> dict[str, Any]:
    """The last row of an account, as its holder's conduct is weighed."""
    return told(tape).last("side", holder=holder)


def _in(tape: Tape, at: int, payers: int, yuan: float = 3_000, first: int = 100,
        every: int = MINUTE) -> Tape:  # fmt: skip
    for k in range(payers):
        tape.pay(at + k * every, account_of(first + k), MULE, yuan)
    return tape


def test_money_that_leaves_within_an_hour_and_within_two_days() -> None:
    fast = _in(Tape(), 0, 3).pay(10 * MINUTE, MULE, account_of(8), 8_900)
    row = _side(fast)
    assert (row["in_n_1h"], row["out_n_1h"]) == (3, 1)
    assert row["moved_on_1h"] == pytest.approx(8_900 / 9_000)
    slow = _in(Tape(), -36 * HOUR, 3).pay(0, MULE, account_of(8), 8_900)
    row = _side(slow)
    assert (row["in_n_1h"], row["in_fen_24h"]) == (0, 0)
    assert row["moved_on_48h"] == pytest.approx(8_900 / 9_000)
    assert row["in_n_10m"] == 0
    assert _side(_in(Tape(), 0, 3).pay(10 * DAY, MULE, account_of(8), 8_900))["in_fen_48h"] == 0


def test_mornings_that_begin_with_nothing() -> None:
    def week(left: float) -> dict[str, Any]:
        tape = Tape()
        for day in range(6):
            at = -(6 - day) * DAY
            balance = int(100 * left)
            tape.pay(at, account_of(50 + day), MULE, 9_000, payee_balance_fen=balance + 900_000)
            tape.pay(at + HOUR, MULE, account_of(60), 9_000, payer_balance_fen=balance)
        return _side(tape)

    swept = week(left=5)
    assert (swept["empty_days_7d"], swept["days_moved_7d"], swept["emptied_7d"]) == (6, 6, 6)
    kept = week(left=4_000)
    assert (kept["empty_days_7d"], kept["days_moved_7d"]) == (0, 6)
    assert _side(_in(Tape(), 0, 2))["empty_days_7d"] == 0, "balances are not told"


def test_nights_and_cash_of_a_week() -> None:
    tape = Tape()
    for day in range(3):
        tape.pay(NIGHT - day * DAY, MULE, "cash:atm-7", 5_000)
    row = _side(tape)
    assert (row["night_n_7d"], row["cash_n_7d"], row["cash_fen_7d"]) == (3, 3, 1_500_000)
    by_day = _side(Tape().pay(0, MULE, account_of(8), 5_000))
    assert (by_day["night_n_7d"], by_day["cash_n_7d"]) == (0, 0)


def test_scripted_sums() -> None:
    scripted = _side(_in(Tape(), 0, 12, 2_000))
    assert scripted["amounts_24h"] == pytest.approx(1, abs=0.1)
    assert scripted["same_sums"] == pytest.approx(12, rel=0.1)
    assert scripted["round_share"] == 1.0
    tape = Tape()
    for k in range(12):
        tape.pay(k * MINUTE, account_of(100 + k), MULE, 1_037.5 + 13 * k)
    varied = _side(tape)
    assert varied["same_sums"] == pytest.approx(1, abs=0.2)
    assert varied["round_share"] == 0.0


def test_normal_spending() -> None:
    tape = Tape()
    for day in range(8):
        tape.pay(-day * DAY, MULE, "merchant:grocer-1", 60)
    row = _side(tape)
    assert (row["spent_n_30d"], row["spent_share"], row["spent_fen_30d"]) == (8, 1.0, 48_000)
    none = _side(_in(Tape(), 0, 3).pay(HOUR, MULE, account_of(8), 8_900))
    assert (none["spent_n_30d"], none["spent_share"]) == (0, 0.0)
    assert (none["in_n_30d"], none["out_n_30d"], none["out_n_90d"]) == (3, 1, 1)
    assert none["payers_90d"] == pytest.approx(3, abs=0.2)


def test_a_probe_to_a_payee_then_a_large_sum() -> None:
    tape = Tape().pay(0, VICTIM, MULE, 1).pay(5 * MINUTE, VICTIM, MULE, 30_000)
    row = told(tape).last("transfer", payer=VICTIM)
    assert (row["paid_n_24h"], row["paid_min_24h_fen"]) == (2, 100)
    assert row["paid_fen_24h"] == 3_000_100
    one = Tape().pay(-3 * DAY, VICTIM, MULE, 1).pay(0, VICTIM, MULE, 30_000)
    assert told(one).last("transfer", payer=VICTIM)["paid_min_24h_fen"] == 3_000_000


def test_payments_to_new_payees_that_grow() -> None:
    def paid(*sums: float) -> dict[str, Any]:
        tape = Tape()
        for k, yuan in enumerate(sums):
            tape.pay(k * 10 * MINUTE, VICTIM, account_of(20 + k), yuan)
        return told(tape).last("transfer")

    grown = paid(1_000, 5_000, 20_000)
    assert (grown["rises_24h"], grown["new_max_before_fen"]) == (2, 500_000)
    assert paid(20_000, 5_000, 1_000)["rises_24h"] == 0
    assert paid(5_000, 5_000, 5_000)["rises_24h"] == 0
    assert paid(5_000)["new_max_before_fen"] is None


def test_a_device_that_is_new_to_an_account() -> None:
    def last(*devices: tuple[int, str | None]) -> dict[str, Any]:
        tape = Tape()
        for at, device in devices:
            tape.pay(at, VICTIM, MULE, 100, device=device)
        return told(tape).last("transfer", payer=VICTIM)

    assert last((-9 * DAY, "old"), (0, "new"))["device_new"] is True
    assert last((-9 * DAY, "old"), (0, "old"))["device_new"] is False
    assert last((0, "new"))["device_new"] is False, "nothing is known of other devices"
    assert last((-9 * DAY, "old"), (-8 * DAY, "new"), (0, "new"))["device_new"] is False
    assert last((-9 * DAY, "old"), (0, None))["device_new"] is None
    bound = Tape().pay(-9 * DAY, VICTIM, MULE, 100, device="old")
    bound.add("account", -HOUR, account=VICTIM, action="bind_device", device="new")
    bound.pay(0, VICTIM, MULE, 100, device="new")
    assert told(bound).last("transfer", payer=VICTIM)["device_new"] is True


def test_accounts_operated_from_one_address() -> None:
    shared, own = Tape(), Tape()
    for k in range(6):
        shared.pay(k * MINUTE, account_of(100 + k), MULE, 100, ip=reserved.ip(1))
        own.pay(k * MINUTE, account_of(100 + k), MULE, 100, ip=reserved.ip(k))
    assert told(shared).last("transfer")["ip_accounts_7d"] == pytest.approx(6, abs=0.5)
    assert told(own).last("transfer")["ip_accounts_7d"] == 1


def test_names_of_payees() -> None:
    many, one = Tape(), Tape()
    for k in range(5):
        many.pay(k * MINUTE, account_of(100 + k), account_of(20 + k), 100, payee_name="王某")
        one.pay(
            k * MINUTE, account_of(100), account_of(20), 100, payee_name="王 某" if k else "王 某 "
        )
    row = told(many).last("transfer")
    assert row["name_accounts_30d"] == pytest.approx(5, abs=0.6)
    assert row["name_payers_30d"] == pytest.approx(5, abs=0.6)
    row = told(one).last("transfer")
    assert (row["name_accounts_30d"], row["name_paid_30d"], row["payee_names_30d"]) == (1, 5, 1)
    rented = Tape()
    for k in range(4):
        rented.pay(k * MINUTE, account_of(100 + k), MULE, 100, payee_name=f"姓名{k}")
    assert told(rented).last("transfer")["payee_names_30d"] == pytest.approx(4, abs=1.1)
    assert told(Tape().pay(0, VICTIM, MULE, 1)).last("transfer")["name_accounts_30d"] is None


def test_accounts_opened_together_and_closed_soon() -> None:
    def opened(others: int, closed: int) -> dict[str, Any]:
        tape, holder = Tape(), reserved.organisation_code(3)
        for k in range(closed):
            tape.add("account", -20 * DAY + k * HOUR, account=account_of(70 + k), action="close",
                     holder=holder)  # fmt: skip
        for k in range(others):
            tape.add("account", -HOUR + k * MINUTE, account=account_of(80 + k), action="open",
                     outlet="branch-3")  # fmt: skip
        tape.add("account", -MINUTE, account=MULE, action="open", outlet="branch-3", holder=holder)
        return _side(_in(tape, 0, 1))

    grouped = opened(others=9, closed=4)
    assert (grouped["outlet_accounts"], grouped["held_closed"]) == (10, 4)
    alone = opened(others=0, closed=0)
    assert (alone["outlet_accounts"], alone["held_closed"], alone["held_accounts"]) == (1, 0, 1)


def test_loans_of_two_platforms_and_a_deposit_redeemed() -> None:
    tape = Tape()
    for k, memo in enumerate(("贷款发放", "某某消费金融放款", "贷款发放")):
        tape.pay(k * 30 * MINUTE, account_of(90 + k % 2), VICTIM, 20_000, memo=memo)
    tape.pay(100 * MINUTE, account_of(95), VICTIM, 9_000, memo="大额存单转让")
    tape.pay(110 * MINUTE, VICTIM, MULE, 60_000)
    row = told(tape).last("transfer", payee=MULE)
    assert row["lenders_2h"] == pytest.approx(2, abs=0.2)
    assert (row["loans_fen_2h"], row["redeemed_s"]) == (6_000_000, 600)
    wages = Tape().pay(0, account_of(90), VICTIM, 20_000, memo="工资").pay(HOUR, VICTIM, MULE, 10)
    row = told(wages).last("transfer", payee=MULE)
    assert (row["lenders_2h"], row["redeemed_s"]) == (0, None)
    slow = Tape().pay(-5 * HOUR, account_of(90), VICTIM, 20_000, memo="放款")
    row = told(slow.pay(0, VICTIM, MULE, 10)).last("transfer", payee=MULE)
    assert row["lenders_2h"] == 0


def test_cash_that_was_booked() -> None:
    tape = Tape().add("account", -HOUR, account=VICTIM, action="book_cash")
    assert told(tape.pay(0, VICTIM, MULE, 10)).last("transfer")["booked_s"] == 3_600
    assert told(Tape().pay(0, VICTIM, MULE, 10)).last("transfer")["booked_s"] is None


def test_a_code_that_came_while_a_stranger_was_on_the_line() -> None:
    def paid(caller_known: bool, code_at: int) -> dict[str, Any]:
        tape, caller, line = Tape(), reserved.mobile(33), reserved.mobile(5)
        if caller_known:
            tape.call(-3 * DAY, caller, line)
        tape.call(0, caller, line, talk_s=1_200.0)
        tape.add("text", code_at, sender=reserved.port(1), recipient=line,
                 body="验证码 301922，请勿告知他人")  # fmt: skip
        return told(tape.pay(15 * MINUTE, VICTIM, MULE, 30_000)).last("transfer")

    led = paid(caller_known=False, code_at=12 * MINUTE)
    assert (led["call_code_s"], led["call_strange"]) == (180, True)
    assert paid(caller_known=True, code_at=12 * MINUTE)["call_code_s"] is None
    assert paid(caller_known=False, code_at=-MINUTE)["call_code_s"] is None


def test_the_line_of_the_payer_tells_of_abroad_and_of_forwarding() -> None:
    tape, line = Tape(), reserved.mobile(5)
    tape.call(0, reserved.overseas(1), line, talk_s=1_500.0, trunk="intl-2")
    tape.add("app", 20 * MINUTE, subscriber=line, package="dialer.example",
             action="call_forward_on")  # fmt: skip
    row = told(tape.pay(HOUR, VICTIM, MULE, 30_000)).last("transfer")
    assert (row["risky_talk_s"], row["abroad_in_24h"], row["forwarded_s"]) == (1_500, 1, 2_400)
    row = told(Tape().call(0, reserved.mobile(9), line).pay(HOUR, VICTIM, MULE, 1)).last("transfer")
    assert (row["risky_talk_s"], row["abroad_in_24h"], row["forwarded_s"]) == (None, 0, None)


def test_paid_at_night_and_to_a_stranger() -> None:
    row = told(Tape().pay(NIGHT, VICTIM, MULE, 10)).last("transfer")
    assert (row["at_night"], row["payee_strange"]) == (True, True)
    row = told(Tape().pay(-DAY, MULE, VICTIM, 5).pay(0, VICTIM, MULE, 10)).last("transfer")
    assert (row["at_night"], row["payee_strange"], row["payee_new"]) == (False, False, True)


def test_provinces_of_banks() -> None:
    """Codes of no bank (type 899) at places there are: digits 4 and 5 say the province."""
    words = load_order_words(POLICIES / "detection" / "account-v1-orders.yaml")
    accounts = [f"899{place}00010:1" for place in ("1000", "1100", "3010", "3130", "9999")]
    frame = pl.DataFrame({"payer": [*accounts, reserved.wallet(1), account_of(1)]})
    assert place_keys(frame, "payer", words.provinces).tolist() == [11, 12, 32, 32, 0, 0, 47]
    row = _side(_in(Tape(), 0, 9))
    assert row["payer_places_24h"] == pytest.approx(1, abs=0.1), "all of the invented province"


def test_order_words_that_are_not_whole_are_refused(tmp_path: Any) -> None:
    path = tmp_path / "orders.yaml"
    text = (POLICIES / "detection" / "account-v1-orders.yaml").read_text("utf-8")
    for broken in (
        text.replace("loan:", "loans:"),
        text.replace('"12": ["11"]', '"12": ["10"]'),
        text.replace("in_force_on: 2026-11-01", "in_force_on: soon"),
        text.replace('["88", "89"]', '["8"]'),
        "- 1",
    ):
        assert broken != text
        path.write_text(broken, "utf-8")
        with pytest.raises(Misconfigured):
            load_order_words(path)

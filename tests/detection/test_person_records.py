"""Records that come late, twice or never make no talk longer and no payment larger."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.engine import Engine
from fanzha.detection.person.v1.lately import Lately
from fanzha.values import reserved
from tests.detection.streams import HOUR, MINUTE, POLICIES, Played, Tape, account_of, admitted

VICTIM, TOKEN = reserved.mobile(8), reserved.person(8)
DEALER = reserved.mobile(60)
ABROAD = reserved.overseas(4)
TALKED = {"talked", "talked_long", "talked_twenty_minutes"}


def around(caller: str, calls: int = 60) -> Tape:
    """A number that calls stranger after stranger and hears from nobody, seconds each."""
    tape = Tape().person(8)
    for n in range(calls):
        tape.call(
            n * MINUTE, caller, reserved.mobile(2_000 + n), talk_s=6.0, caller_cell="460-00-1-1"
        )
    return tape


def played(tape: Tape, *late: dict[str, Any]) -> Played:
    """The tape in order, then call rows that come in after everything else."""
    done = Played(tape)
    for row in late:
        batch = admitted("call", [row])
        done.outcomes.append(done.engine.process(len(done.outcomes) + 1, "call", batch))
    return done


def an_hour_passes(after: int) -> Tape:
    """Other people's calls, which move the clock of the stream."""
    tape = Tape("clock")
    for n in range(60):
        tape.call(after + n * MINUTE, reserved.mobile(7_000 + n), reserved.mobile(8_000 + n))
    return tape


def test_an_answer_told_again_after_the_end_opens_no_talk() -> None:
    tape = around(DEALER).call(61 * MINUTE, DEALER, VICTIM, talk_s=20.0)
    answers = [r for s, r in tape.rows if s == "call" and r["phase"] == "answer"]
    again = {**answers[-1], "event_id": 9_999, "source": "twin"}
    assert again["callee"] == VICTIM
    done = played(tape, again).play(an_hour_passes(62 * MINUTE))
    assert done.told(TOKEN).isdisjoint(TALKED)
    assert not any(risk.live for risk in done.risks)


def test_one_call_told_by_two_sources_is_one_call() -> None:
    tape = around(ABROAD, 12).call(61 * MINUTE, ABROAD, VICTIM, talk_s=400.0)
    twins = [
        {**row, "event_id": 9_000 + n, "source": "twin"}
        for n, (stream, row) in enumerate(tape.rows)
        if stream == "call" and row["callee"] == VICTIM
    ]
    done = played(tape, *twins, *({**row, "source": "third"} for row in twins))
    once = played(tape)
    assert {"suspected_call", "talked"} <= once.told(TOKEN) == done.told(TOKEN)
    counted = [r.zh for risk in done.risks for r in risk.reasons if r.code == "suspected_call"]
    assert counted
    assert all("来电 1 次" in words for words in counted)


def test_a_payment_told_by_two_sources_is_paid_once() -> None:
    tape = around(ABROAD, 12).call(20 * MINUTE, ABROAD, VICTIM, talk_s=3_000.0)
    for source in ("test", "twin"):
        tape.rows += Tape(source).pay(40 * MINUTE, account_of(8), account_of(77), 9_000).rows
    assert Played(tape).risks[-1].amount_fen == 900_000


def test_who_talks_elsewhere_has_hung_up_though_nobody_told_the_end() -> None:
    def told(*, elsewhere: bool) -> set[str]:
        tape = around(DEALER).call(61 * MINUTE, DEALER, VICTIM, phases=("start", "answer"))
        tape.rows += an_hour_passes(62 * MINUTE).rows
        if elsewhere:
            tape.call(64 * MINUTE, DEALER, reserved.mobile(3_000), talk_s=6.0)
        return Played(tape).told(TOKEN)

    assert "talked_long" in told(elsewhere=False)
    assert told(elsewhere=True).isdisjoint(TALKED)


def test_a_trunk_that_shows_one_number_for_many_talks_hangs_up_on_nobody() -> None:
    tape = around(ABROAD, 12).call(20 * MINUTE, ABROAD, VICTIM, phases=("start", "answer"))
    tape.call(24 * MINUTE, ABROAD, reserved.mobile(3_000), talk_s=6.0)
    tape.rows += an_hour_passes(25 * MINUTE).rows
    assert "talked_long" in Played(tape).told(TOKEN)


def calls(n: int) -> pl.DataFrame:
    """Answers and ends of three callers and two callees."""
    return pl.DataFrame(
        {
            "at": pl.Series(np.arange(n) * 1_000).cast(pl.Datetime("ms", "UTC")),
            "phase": ["start", "answer", "end"] * (n // 3),
            "caller_key": pl.Series(np.arange(n) // 3 % 3 + 1, dtype=pl.UInt64),
            "callee_key": pl.Series(np.arange(n) // 3 % 2 + 8, dtype=pl.UInt64),
            "caller_kind": ["mobile", "mobile", "overseas"] * (n // 3),
            "from_abroad": [False] * n,
            "by_resale": [False] * n,
        }
    )


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 29), max_size=5), upto=st.integers(0, 20), since=st.integers(0, 30)
)
def test_what_was_lately_is_the_same_whatever_the_batches(
    cuts: list[int], upto: int, since: int
) -> None:
    frame = calls(30)
    row = {"caller_key": 1, "callee_key": 8, "at": 1_000 * since}
    whole = Lately(limit=6)
    assert whole.take_in(frame).tolist() == [n - n // 3 - (n % 3 > 0) for n in range(1, 31)]
    parts = Lately(limit=6)
    edges = [0, *sorted(set(cuts)), 30]
    for low, high in pairwise(edges):
        parts.take_in(frame[low:high])
        again = Lately(limit=6)
        again.restore(parts.snapshot())
        assert again.noted == parts.noted
        assert len(parts) <= 6
        if low <= high and parts.noted == upto:
            assert parts.over(row, upto) == whole.over(row, upto) == again.over(row, upto)
            asked = (1, 8, row["at"], upto)
            assert parts.elsewhere(*asked) == whole.elsewhere(*asked) == again.elsewhere(*asked)


SHARE: dict[str, Any] = {"subscriber": VICTIM, "package": "com.tencent.wemeet.app", "label": "会议"}
BANK = {"subscriber": VICTIM, "package": "cmb.pb.bank", "label": "云州银行"}


def helped(*, payee: bool) -> set[str]:
    """Somebody new to the centre calls; the screen is shared, a bank app opened, a payee added."""
    tape = Tape().person(8).call(0, reserved.mobile(70), VICTIM, talk_s=1_200.0)
    tape.add("app", 2 * MINUTE, action="open", **SHARE)
    tape.add("app", 3 * MINUTE, action="screen_share_on", **SHARE)
    tape.add("app", 4 * MINUTE, action="open", **BANK)
    if payee:
        tape.add("account", 5 * MINUTE, account=account_of(8), action="add_payee")
    return Played(tape).told(TOKEN)


def test_help_on_a_shared_screen_is_told_when_a_payee_is_bound() -> None:
    assert helped(payee=False) == set()
    assert {"risky_app_act", "payee_while_sharing_alone"} <= helped(payee=True)


def test_who_shops_where_a_mule_spends_is_not_in_danger() -> None:
    def told(yuan: float) -> set[str]:
        tape = Tape().person(8)
        for n in range(8):
            tape.pay(n * MINUTE, account_of(500 + n), account_of(77), 9_000)
            tape.pay(n * MINUTE + 20_000, account_of(77), account_of(600 + n), 8_900)
        tape.call(9 * MINUTE, ABROAD, VICTIM, talk_s=300.0)
        tape.add("account", 12 * MINUTE, account=account_of(8), action="add_payee")
        tape.pay(14 * MINUTE, account_of(8), account_of(77), yuan, payer_balance_fen=1_000_000)
        return Played(tape).told(TOKEN)

    assert "suspected_payee" in told(9_600)
    assert told(20) == set()


def test_a_desk_that_is_called_back_is_no_den() -> None:
    device = reserved.imei(7, reserved.tac(3))

    def codes(*, back: bool) -> set[str]:
        tape = Tape()
        for n in range(60):
            card, stranger = n % 5, reserved.mobile(1_000 + n)
            caller = reserved.mobile(500 + card)
            tape.call(n * 2 * MINUTE, caller, stranger, talk_s=20.0, caller_imei=device,
                      caller_imsi=reserved.imsi(card), caller_cell="460-00-1-1")  # fmt: skip
            if back and n % 4 == 0:
                tape.call(n * 2 * MINUTE + MINUTE, stranger, caller)
        done = Played(tape)
        return set().union(*(done.codes(reserved.mobile(500 + card)) for card in range(5)))

    assert "shared_device" in codes(back=False)
    assert codes(back=True).isdisjoint({"shared_device", "still_many_cards"})


def test_state_of_doubled_records_survives_a_restart() -> None:
    tape = around(DEALER).call(61 * MINUTE, DEALER, VICTIM, talk_s=20.0)
    before = Played(tape)
    engine = Engine(POLICIES)
    engine.restore(before.engine.snapshot())  # type: ignore[union-attr]
    after = Played(engine=engine)
    answer = next(r for s, r in reversed(tape.rows) if s == "call" and r["phase"] == "answer")
    twin = {**answer, "event_id": 9_999, "source": "twin"}
    after.outcomes.append(engine.process(1, "call", admitted("call", [twin])))
    after.play(an_hour_passes(62 * MINUTE + HOUR))
    assert after.told(TOKEN).isdisjoint(TALKED)

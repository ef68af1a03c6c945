"""Senders have delays of their own: what reaches the log before the contact counts all the same."""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.engine import Engine
from fanzha.detection.person.v1.recent import Recent
from fanzha.values import reserved
from tests.detection.streams import MINUTE, POLICIES, Played, Tape, account_of, admitted

VICTIM, TOKEN = reserved.mobile(8), reserved.person(8)
SITE = "http://gov-anquan-100001.top/a"
BODY = f"【公安局】您涉嫌洗钱案，请将资金转入安全账户配合清查，勿告知家人，点击 {SITE} 办理"

pytestmark = pytest.mark.slow


def scam() -> Tape:
    """Texted, on the site, an app from outside the stores, a payment: minutes apart."""
    tape = Tape()
    tape.add("text", 0, sender=reserved.port(5), recipient=VICTIM, body=BODY, channel="sms")
    tape.add("visit", MINUTE, subscriber=VICTIM, url=SITE)
    app: dict[str, Any] = {"subscriber": VICTIM, "package": "a.example", "label": "安全助手"}
    tape.add("app", 2 * MINUTE, action="install", installer="", **app)
    tape.add("app", 3 * MINUTE, action="screen_share_on", **app)
    tape.pay(4 * MINUTE, account_of(8), account_of(77), 48_000, payer_balance_fen=200_000)
    return tape


def arriving(rows: list[tuple[str, dict[str, Any]]], engine: Engine | None = None) -> Played:
    """The rows as entries of the log in this order, each by itself."""
    played = Played(engine=engine)
    for stream, row in [*Tape("registry").person(8).rows, *rows]:
        batch = admitted(stream, [row])
        played.outcomes.append(played.engine.process(len(played.outcomes) + 1, stream, batch))
    return played


@pytest.mark.parametrize("order", list(permutations(range(5)))[::7])
def test_the_last_word_is_the_same_in_every_order(order: tuple[int, ...]) -> None:
    rows = scam().rows
    straight = arriving(rows)
    turned = arriving([rows[place] for place in order])
    assert turned.told(TOKEN) >= {"texted_link_opened", "screen_shared", "paid_stranger"}
    assert turned.told(TOKEN) == straight.told(TOKEN)
    last, mine = straight.risks[-1], turned.risks[-1]
    assert mine.score == pytest.approx(last.score, abs=0.02)
    assert mine.amount_fen == last.amount_fen == 4_800_000


def test_nothing_is_counted_twice() -> None:
    rows = scam().rows
    for order in ([4, 3, 2, 1, 0], [4, 1, 0, 2, 3], [2, 4, 0, 1, 3]):
        paid = [r.amount_fen for r in arriving([rows[place] for place in order]).risks]
        assert paid[-1] == 4_800_000


def test_what_was_done_long_before_the_contact_is_another_matter() -> None:
    tape = Tape().pay(-30 * MINUTE, account_of(8), account_of(77), 48_000)
    tape.add("text", 0, sender=reserved.port(5), recipient=VICTIM, body=BODY, channel="sms")
    tape.add("visit", MINUTE, subscriber=VICTIM, url=SITE)
    assert "paid_stranger" not in Played(tape.person(8)).told(TOKEN)


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(5)), cut=st.integers(0, 5))
def test_a_restart_between_act_and_contact_changes_nothing(order: list[int], cut: int) -> None:
    rows = [scam().rows[place] for place in order]
    whole = arriving(rows)
    before = arriving(rows[:cut])
    engine = Engine(POLICIES)
    engine.restore(before.engine.snapshot())  # type: ignore[union-attr]
    after = Played(engine=engine)
    for stream, row in rows[cut:]:
        after.outcomes.append(engine.process(len(after.outcomes), stream, admitted(stream, [row])))
    assert [*before.risks, *after.risks] == whole.risks


def payments(n: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "event_id": np.arange(n, dtype=np.uint64),
            "source": ["test"] * n,
            "at": pl.Series(np.arange(n) * 1000).cast(pl.Datetime("ms", "UTC")),
            "payer_key": np.arange(n, dtype=np.uint64) % 3 + 1,
            "payee_key": np.full(n, 9, np.uint64),
            "payee_new": [True] * n,
            "status": ["booked"] * n,
        }
    )


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(1, 11), max_size=4), upto=st.integers(0, 12))
def test_the_newest_are_kept_whatever_the_batches(cuts: list[int], upto: int) -> None:
    frame, limit = payments(12), 5
    recent = Recent(limit=limit)
    edges = [0, *sorted(set(cuts)), 12]
    answers: list[list[int]] = []
    for low, high in pairwise(edges):
        noted = recent.take_in("transfer", frame[low:high])
        assert noted.tolist() == list(range(low, high))
        if low <= upto <= high:
            answers.append([act.number for _, act in recent.of((1, 1), 0, upto)])
            assert all(act.row["payer_key"] == 1 for _, act in recent.of((1,), 0, upto))
        recent.forget()
        assert len(recent) <= limit
    for told in answers:
        assert sorted(set(told)) == [n for n in range(max(0, upto - limit), upto) if n % 3 == 0]

"""Typologies on the graph of transfers: named where planted, silent on honest look-alikes."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from fanzha.detection.account.v1.channel import AccountChannel
from fanzha.detection.account.v1.graph import GRAPH_SCHEMA, WINDOW, TransferGraph
from fanzha.detection.arrays import frame_of
from tests.detection.streams import (
    DAY,
    HOUR,
    MINUTE,
    POLICIES,
    Lone,
    Played,
    Tape,
    account_of,
    admitted,
)

MULE, SOURCE, FIRM, CHIEF = (account_of(n) for n in (1, 2, 3, 4))
GRAPH_CODES = {
    "passes_through",
    "gathers_then_scatters",
    "scattered_and_gathered",
    "closes_ring",
    "to_and_fro",
}


def codes(tape: Tape, of: str) -> set[str]:
    """Everything said of an account by the account channel alone."""
    return Played(tape, Lone()).codes(of)


def anyone(tape: Tape) -> set[str]:
    """Codes of the graph that are said of anybody at all."""
    found = Played(tape, Lone()).findings
    return GRAPH_CODES & {reason.code for finding in found for reason in finding.reasons}


def met(tape: Tape, one: str, others: list[str]) -> Tape:
    """They have been in touch for weeks, both ways."""
    for k, other in enumerate(others):
        tape.pay(-30 * DAY + k * HOUR, one, other, 20)
        tape.pay(-29 * DAY + k * HOUR, other, one, 20)
    return tape


def people(n: int, first: int = 100) -> list[str]:
    return [account_of(first + k) for k in range(n)]


# ── planted ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("hops", [3, 4, 6])
def test_a_ring_is_closed(hops: int) -> None:
    tape = Tape()
    ring = people(hops)
    for k in range(hops):
        tape.pay(k * 2 * HOUR, ring[k], ring[(k + 1) % hops], 60_000 - 100 * k)
    assert "closes_ring" in codes(tape, ring[-1])
    assert "closes_ring" in codes(tape, ring[0])
    (words,) = {
        reason.en
        for finding in Played(tape, Lone()).about(ring[-1])
        for reason in finding.reasons
        if reason.code == "closes_ring"
    }
    assert f"after {hops} transfers" in words


def test_a_ring_in_the_wrong_order_of_time_is_none() -> None:
    tape, ring = Tape(), people(4)
    for at, k in enumerate((3, 2, 1, 0)):
        tape.pay(at * 2 * HOUR, ring[k], ring[(k + 1) % 4], 60_000)
    assert anyone(tape) == set()


def test_a_ring_longer_than_is_looked_for_or_older_than_a_week_is_not_seen() -> None:
    tape, ring = Tape(), people(7)
    for k in range(7):
        tape.pay(k * 2 * HOUR, ring[k], ring[(k + 1) % 7], 60_000)
    assert "closes_ring" not in anyone(tape)
    tape, ring = Tape(), people(4)
    for k in range(4):
        tape.pay(k * 3 * DAY, ring[k], ring[(k + 1) % 4], 60_000)
    assert "closes_ring" not in anyone(tape)


def scattered(middles: list[str], back: float = 9_900) -> Tape:
    tape = Tape()
    for k, middle in enumerate(middles):
        tape.pay(k * MINUTE, SOURCE, middle, 10_000)
        tape.pay(3 * HOUR + k * MINUTE, middle, MULE, back)
    return tape


def test_scattered_and_gathered() -> None:
    assert "scattered_and_gathered" in codes(scattered(people(6)), MULE)
    assert "scattered_and_gathered" not in codes(scattered(people(3)), MULE)
    assert "scattered_and_gathered" not in codes(scattered(people(6), 2_000), MULE)


def gathered(payers: int, payees: list[str], tape: Tape | None = None) -> Tape:
    tape = tape or Tape()
    for k, payer in enumerate(people(payers)):
        tape.pay(k * HOUR, payer, MULE, 8_000)
    for k, payee in enumerate(payees):
        tape.pay(30 * HOUR + k * HOUR, MULE, payee, 8_000 * payers / len(payees) - 50)
    return tape


def test_gathered_then_scattered() -> None:
    assert "gathers_then_scatters" in codes(gathered(7, people(6, 200)), MULE)
    assert "gathers_then_scatters" not in codes(gathered(7, people(2, 200)), MULE)
    assert "gathers_then_scatters" not in codes(gathered(2, people(7, 200)), MULE)


def passed(payers: int, tape: Tape | None = None, stay: int = HOUR) -> Tape:
    """Money that never stays, over days: slower than any window of a day notices."""
    tape = tape or Tape()
    for k, payer in enumerate(people(payers)):
        tape.pay(k * 14 * HOUR, payer, MULE, 6_000)
        tape.pay(k * 14 * HOUR + stay, MULE, account_of(200 + k % 4), 5_950)
    return tape


def test_money_that_never_stays() -> None:
    assert "passes_through" in codes(passed(9), MULE)
    assert "passes_through" not in codes(passed(9, stay=9 * HOUR), MULE)
    assert "passes_through" not in codes(passed(9, met(Tape(), MULE, people(9))), MULE)


def test_to_and_fro_with_one_account() -> None:
    """It speaks beside something else: here money of many strangers."""

    def fro(back: float) -> set[str]:
        tape = Tape()
        for k, payer in enumerate(people(20)):
            tape.pay(k * MINUTE, payer, MULE, 9_000)
        for k in range(4):
            tape.pay((3 + 4 * k) * HOUR, MULE, SOURCE, 30_000)
            tape.pay((5 + 4 * k) * HOUR, SOURCE, MULE, back)
        return codes(tape, MULE)

    assert "to_and_fro" in fro(29_800)
    assert "to_and_fro" not in fro(9_000)


# ── look-alikes ──────────────────────────────────────────────────────────────────────────────────


def test_salary_day() -> None:
    """Wages, then rent, a common dinner, and everything to the bank that pays interest."""
    staff, landlord, cashier = people(30), account_of(500), account_of(501)
    tape = Tape().pay(-DAY, account_of(600), FIRM, 900_000)
    for k, person in enumerate(staff):
        tape.pay(k, FIRM, person, 9_000)
        tape.pay(HOUR + k * MINUTE, person, cashier, 120)
        if k < 10:
            tape.pay(5 * HOUR + k * MINUTE, person, landlord, 3_200)
        tape.pay(9 * HOUR + k * MINUTE, person, "merchant:SUPERMARKET", 480)
    tape.pay(12 * HOUR, cashier, "merchant:RESTAURANT", 3_600)
    assert anyone(tape) == set()


def test_market_stall() -> None:
    """Hundreds of strangers pay by code; the owner buys from known suppliers and draws the rest."""
    suppliers, wife = people(6, 700), account_of(720)
    tape = met(Tape(), MULE, [*suppliers, wife])
    for day in range(6):
        for k in range(40):
            at = day * DAY + k * 9 * MINUTE
            tape.pay(at, account_of(1000 + 40 * day + k), MULE, 140, channel="qr")
        for k, supplier in enumerate(suppliers):
            tape.pay(day * DAY + 7 * HOUR + k * MINUTE, MULE, supplier, 600)
        tape.pay(day * DAY + 8 * HOUR, MULE, wife, 1_900)
    assert anyone(tape) == set()


def test_parents_who_pay_their_children() -> None:
    """The children pay one landlord and one school; one sends some back."""
    children, landlord, school = people(5), account_of(500), account_of(501)
    tape = Tape()
    for k, child in enumerate(children):
        tape.pay(k * MINUTE, SOURCE, child, 6_000)
        tape.pay(HOUR + k * MINUTE, child, landlord, 1_500)
        tape.pay(2 * HOUR + k * MINUTE, child, school, 2_200)
    tape.pay(DAY, children[0], SOURCE, 500)
    assert anyone(tape) == set()


def test_a_tontine() -> None:
    """Members pay the one whose turn it is, in turns, week after week."""
    members = people(8)
    tape = Tape()
    for turn, taker in enumerate(members):
        for k, member in enumerate(members):
            if member != taker:
                tape.pay(turn * 7 * DAY + k * MINUTE, member, taker, 5_000)
    assert anyone(tape) == set()


def test_a_house_is_bought() -> None:
    """Relatives, two of them never paid before, put money together; the seller buys another."""
    family, seller, other = people(6), account_of(500), account_of(501)
    tape = met(Tape(), MULE, family[:4])
    for k, relative in enumerate(family):
        tape.pay(k * HOUR, relative, MULE, 200_000)
    tape.pay(10 * HOUR, MULE, seller, 1_190_000)
    tape.pay(20 * HOUR, seller, other, 1_150_000)
    assert anyone(tape) == set()


def test_neighbours_through_a_till_are_no_ring() -> None:
    tape = Tape()
    tape.pay(0, MULE, "merchant:STALL", 8_000).pay(HOUR, "merchant:STALL", SOURCE, 7_900)
    tape.pay(2 * HOUR, SOURCE, MULE, 7_800)
    assert anyone(tape) == set()


def test_what_was_refused_leaves_no_edge() -> None:
    tape, ring = Tape(), people(3)
    for k in range(3):
        tape.pay(k * HOUR, ring[k], ring[(k + 1) % 3], 60_000)
        if k == 1:
            tape.rows[-1][1]["status"] = "refused"
    assert anyone(tape) == set()


# ── what is cut, what is kept ────────────────────────────────────────────────────────────────────


def test_a_cut_is_said() -> None:
    """Of three hundred payers only the newest are held: the number told is the least it can be."""

    def said(payers: int) -> set[bool]:
        tape = Tape()
        for k in range(payers):
            tape.pay(k * 30_000, account_of(1000 + k), MULE, 700)
        for k in range(5):
            tape.pay(3 * HOUR + k * MINUTE, MULE, account_of(200 + k), 690 * payers / 5)
        reasons = [r for f in Played(tape, Lone()).about(MULE) for r in f.reasons]
        told = [r for r in reasons if r.code == "passes_through"]
        assert all(("至少" in r.zh) == ("at least" in r.en) for r in told)
        return {"at least" in r.en for r in told}

    assert said(60) == {False}
    assert True in said(300)


def frame(payers: list[str], payees: list[str], at: int = 0) -> pl.DataFrame:
    tape = Tape()
    for k, (payer, payee) in enumerate(zip(payers, payees, strict=True)):
        tape.pay(at + k * 1_000, payer, payee, 50 + k % 7)
    return frame_of(admitted("transfer", [row for _, row in tape.rows]))


def moved(batch: pl.DataFrame) -> np.ndarray:
    return np.ones(batch.height, np.bool_)


def test_work_is_bounded_at_hubs_and_cuts_are_marked() -> None:
    graph, rng = TransferGraph(), np.random.default_rng(4)
    hubs = people(4)
    many = people(400, 1000)
    for turn in range(6):
        payers = [hubs[i] if i < 4 else many[j] for i, j in rng.integers(0, (8, 400), (500, 2))]
        payees = [hubs[i] if i < 4 else many[j] for i, j in rng.integers(0, (8, 400), (500, 2))]
        pairs = [(a, b) for a, b in zip(payers, payees, strict=True) if a != b]
        batch = frame([a for a, _ in pairs], [b for _, b in pairs], turn * HOUR)
        sides = {s.name: s for s in graph.sides(batch, moved(batch))}
    assert set(sides) == set(GRAPH_SCHEMA)
    assert all(sides[name].dtype == kind for name, kind in GRAPH_SCHEMA.items())
    assert sides["fans_cut"].any()
    assert sides["fan_in_7d"].max() <= WINDOW.cap
    assert 0 < graph.counters().most_steps <= WINDOW.steps_bound


def test_the_graph_goes_on_from_a_snapshot_and_is_blind_to_cuts() -> None:
    rng = np.random.default_rng(8)
    payers, payees = ([account_of(100 + n) for n in side] for side in rng.integers(0, 25, (2, 300)))
    keep = [k for k in range(300) if payers[k] != payees[k]]
    batch = frame([payers[k] for k in keep], [payees[k] for k in keep])
    n = batch.height
    whole = TransferGraph().sides(batch, moved(batch))
    first = TransferGraph()
    first.sides(batch[:77], moved(batch[:77]))
    state = first.snapshot()
    second = TransferGraph()
    second.restore(state)
    rest = second.sides(batch[77:], moved(batch[77:]))
    for one, other in zip(whole, rest, strict=True):
        both = one[77:n].to_list() + one[n + 77 :].to_list()
        assert other.to_list() == both, one.name


def test_the_channel_takes_the_graph_along() -> None:
    folder = POLICIES / "detection"
    tape, ring = Tape(), people(4)
    for k in range(4):
        tape.pay(k * 2 * HOUR, ring[k], ring[(k + 1) % 4], 60_000)
    rows = [row for _, row in tape.rows]
    one = Lone()
    one.process(1, "transfer", admitted("transfer", rows[:3]))
    heir = Lone()
    heir._accounts = AccountChannel(folder)
    heir._accounts.restore(one._accounts.snapshot())
    found = heir.process(2, "transfer", admitted("transfer", rows[3:])).findings
    assert {r.code for f in found for r in f.reasons} >= {"closes_ring"}

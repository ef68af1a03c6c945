"""Honest money that comes and goes at once: foremen, friends who lend, traders."""

from __future__ import annotations

import numpy as np

from fanzha.city.firms import Firms
from fanzha.city.life.money import Money, fen, habit
from fanzha.city.people import FRIENDS
from fanzha.city.rhythm import MINUTE, lognormal


def honest_passing_on(money: Money, firms: Firms) -> None:
    """Everything that resembles a layer of mules and is none."""
    _foremen(money, firms)
    _lenders(money, firms)
    _traders(money, firms)


def _some(money: Money, share: float, name: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The same adults in every chapter."""
    rng = money.world.rng(f"passing.{name}")
    people = money.people
    return np.flatnonzero((rng.random(people.n) < share) & (people.age >= 22) & (people.age < 65))


def _foremen(money: Money, firms: Firms) -> None:
    """A firm pays for a site, the foreman pays ten to thirty workers the same hour."""
    who = _some(money, money.behaviour.lookalikes.foremen, "foremen")
    rng, who, at = habit(money, "foremen", 0.25, "office", who)
    n = len(who)
    if n == 0:
        return
    people = money.people
    workers = rng.integers(8, 31, size=n)
    each = np.round(lognormal(rng, n, 320, 0.4, 80, 2_000)).astype(np.int64) * 100
    firm = firms.employers[rng.integers(len(firms.employers), size=n)]
    money.pay(firm, people.account[who], each * workers, at, "web", rng, refused=0.0)
    row = np.repeat(np.arange(n), workers)
    worker = rng.integers(people.n, size=len(row))
    keep = worker != who[row]
    row, worker = row[keep], worker[keep]
    wait = (lognormal(rng, len(row), 35, 0.7, 2, 300) * MINUTE).astype(np.int64)
    money.pay(
        people.account[who[row]], people.account[worker], each[row], at[row] + wait, "mobile", rng,
        refused=0.0,
    )  # fmt: skip


def _lenders(money: Money, firms: Firms) -> None:
    """A friend lends a large sum, which goes on within the hour to whom it was borrowed for."""
    who = _some(money, money.behaviour.lookalikes.lenders, "lenders")
    rng, who, at = habit(money, "lenders", 0.3, "life", who)
    people = money.people
    line_of = np.full(money.world.lines.groups.count, -1)
    line_of[people.line] = np.arange(people.n)
    friend = line_of[people.friends[who, rng.integers(FRIENDS - 2, size=len(who))]]
    keep = np.flatnonzero((friend >= 0) & (friend != who))
    who, at, friend = who[keep], at[keep], friend[keep]
    n = len(who)
    sums = fen(np.ceil(lognormal(rng, n, 6_000, 0.9, 500, 80_000) / 100) * 100)
    money.pay(people.account[friend], people.account[who], sums, at, "mobile", rng, refused=0.0)
    later = at + (lognormal(rng, n, 40, 0.9, 2, 900) * MINUTE).astype(np.int64)
    to = firms.outsiders[rng.integers(len(firms.outsiders), size=n)]
    money.pay(people.account[who], to, sums, later, "mobile", rng, refused=0.0)


def _traders(money: Money, firms: Firms) -> None:
    """Small traders: customers pay, the supplier is paid out of it at once."""
    who = _some(money, money.behaviour.lookalikes.traders, "traders")
    rng, who, at = habit(money, "traders", 4.0, "shops", who)
    people, n = money.people, len(who)
    customer = rng.integers(people.n, size=n)
    keep = np.flatnonzero(customer != who)
    who, at, customer = who[keep], at[keep], customer[keep]
    n = len(who)
    sums = fen(np.round(lognormal(rng, n, 380, 0.9, 20, 20_000), 1))
    money.pay(people.account[customer], people.account[who], sums, at, "mobile", rng, refused=0.0)
    paid = np.flatnonzero(rng.random(n) < 0.7)
    wait = (lognormal(rng, len(paid), 20, 0.9, 1, 400) * MINUTE).astype(np.int64)
    cost = sums[paid] * rng.integers(82, 97, size=len(paid)) // 100
    to = firms.sellers[rng.integers(len(firms.sellers), size=len(paid))]
    money.pay(people.account[who[paid]], to, np.maximum(cost, 1), at[paid] + wait, "mobile", rng,
              refused=0.0)  # fmt: skip

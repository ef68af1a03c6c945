"""Balances after booking: every account's rows added up in order, none below zero."""

from __future__ import annotations

import numpy as np

from fanzha.city.drafts import STATUSES, Rows
from fanzha.city.firms import Firms
from fanzha.city.people import People
from fanzha.city.rhythm import Ints, lognormal
from fanzha.city.world import World

_BOOKED = STATUSES.index("booked")
_MISSING = np.iinfo(np.int64).min


class Ledger:
    """Adds up transfers stretch by stretch, in order of time; balances are filled in afterwards.

    A payer's institution knows the payer's balance, and the payee's where it keeps both accounts.
    """

    def __init__(self, world: World) -> None:
        self._bank = world.accounts.bank
        self._total = np.zeros(len(self._bank), np.int64)
        self._lowest = np.zeros(len(self._bank), np.int64)

    def take(self, rows: Rows) -> None:
        """Note what a stretch moves."""
        account, running, _ = self._run(rows)
        np.minimum.at(self._lowest, account, running)
        ends = _last(account)
        self._total[account[ends]] = running[ends]

    def open(self, world: World, people: People, firms: Firms) -> Ints:
        """What each account must hold at the start so that none is overdrawn, in fen.

        After this, `fill` goes through the same stretches again.
        """
        opening = _opening(world, people, firms)
        moved = self._lowest < 0
        opening[moved] = np.maximum(opening[moved], 100 - self._lowest[moved])
        self._total = opening.copy()
        return opening

    def fill(self, rows: Rows) -> None:
        """Write the balances after each booked row of a stretch."""
        account, running, order = self._run(rows)
        after = np.empty(len(order), np.int64)
        after[order] = running
        ends = _last(account)
        self._total[account[ends]] = running[ends]
        booked = np.flatnonzero(rows.columns["status"] == _BOOKED)
        payer, payee = rows.columns["payer"][booked], rows.columns["payee"][booked]
        for side, column in ((0, "payer_balance_fen"), (1, "payee_balance_fen")):
            known = self._bank[(payer, payee)[side]] >= 0
            known &= (self._bank[payer] == self._bank[payee]) if side else True
            rows.columns[column][booked] = np.where(known, after[side::2], _MISSING)

    def _run(self, rows: Rows) -> tuple[Ints, Ints, Ints]:
        """Accounts sorted, what each holds after each of its rows, and the order of sorting."""
        columns = rows.columns
        booked = np.flatnonzero(columns["status"] == _BOOKED)
        fen = columns["amount_fen"][booked]
        account = np.stack([columns["payer"][booked], columns["payee"][booked]], axis=1).ravel()
        change = np.stack([-fen, fen], axis=1).ravel()
        order = np.argsort(account, kind="stable")
        account, change = account[order].astype(np.int64), change[order]
        sums = np.cumsum(change)
        starts = _first_places(account)
        before = np.repeat(sums[starts] - change[starts], np.diff([*starts, len(account)]))
        return account, sums - before + self._total[account], order


def _first_places(account: Ints) -> Ints:
    if not len(account):
        return account
    return np.flatnonzero(np.concatenate([[True], np.diff(account) != 0]))


def _last(account: Ints) -> Ints:
    if not len(account):
        return account
    return np.flatnonzero(np.concatenate([np.diff(account) != 0, [True]]))


def _opening(world: World, people: People, firms: Firms) -> Ints:
    """What people have, what firms have; other accounts, lent ones too, hold little."""
    rng = world.rng("balances")
    count = world.accounts.groups.count
    opening = lognormal(rng, count, 90, 1.4, 1, 20_000) * 100
    opening[people.account] = people.savings * 100
    second = people.second_account >= 0
    opening[people.second_account[second]] = people.savings[second] * 60
    opening[people.wallet] = lognormal(rng, people.n, 400, 1.2, 1, 30_000) * 100
    for accounts, median in ((firms.employers, 3e6), (firms.sellers, 4e4), (firms.outsiders, 2e4)):
        opening[accounts] = lognormal(rng, len(accounts), median, 1.0, 100, 1e9) * 100
    opening[firms.merchants] = lognormal(rng, len(firms.merchants), 3_000, 1.0, 10, 1e6) * 100
    opening[np.array(list(firms.account_of.values()))] = 5e10
    return opening.astype(np.int64)

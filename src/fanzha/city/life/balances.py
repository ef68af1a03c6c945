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


def post(rows: Rows, world: World, people: People, firms: Firms) -> Ints:
    """Fill the balance columns of transfers; returns each account's opening balance in fen.

    A payer's institution knows the payer's balance, and the payee's where it keeps both accounts.
    """
    columns = rows.columns
    booked = np.flatnonzero(columns["status"] == _BOOKED)
    payer, payee = columns["payer"][booked], columns["payee"][booked]
    fen = columns["amount_fen"][booked]
    account = np.stack([payer, payee], axis=1).ravel()
    change = np.stack([-fen, fen], axis=1).ravel()
    order = np.argsort(account, kind="stable")
    total = np.cumsum(change[order])
    first = np.concatenate([[True], np.diff(account[order]) != 0]) if len(order) else order == -1
    starts = np.flatnonzero(first)
    before = np.repeat(total[starts] - change[order][starts], np.diff([*starts, len(order)]))
    running = total - before
    opening = _opening(world, people, firms)
    if len(starts):
        lowest = np.minimum.reduceat(running, starts)
        held = account[order][starts]
        opening[held] = np.maximum(opening[held], 100 - np.minimum(lowest, 0))
    after = np.empty(len(account), np.int64)
    after[order] = running + opening[account[order]]
    bank = world.accounts.bank
    for side, column in ((0, "payer_balance_fen"), (1, "payee_balance_fen")):
        known = bank[(payer, payee)[side]] >= 0
        known &= (bank[payer] == bank[payee]) if side else True
        columns[column][booked] = np.where(known, after[side::2], _MISSING)
    return opening


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

"""Pairs of accounts, payer to payee: how often, how close together, and how rare that is here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.detection.account.batch.transfers import STEPS, Transfers

__all__ = ["Pairs", "pairs_of"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_ODD_SHARE = 0.05
"""A pair is odd where at most this share of the data set's pairs repeats as much."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Directed pairs without self-transfers, sorted by payer, then payee.

    `n` transfers, `same` the most of them at one instant, `first` and `last` in steps. `odd` pairs
    repeat as few here do. `begins` and `back_begins` index the pairs of a payer, and of a payee in
    the order `back`.
    """

    accounts: int
    payer: I64
    payee: I64
    n: I64
    same: I64
    first: F64
    last: F64
    rarity: F64
    """−log10 of the share of pairs that repeat at least as much."""
    odd: Bools
    begins: I64
    back: I64
    back_begins: I64

    @property
    def out_degree(self) -> I64:
        return np.diff(self.begins)

    @property
    def in_degree(self) -> I64:
        return np.diff(self.back_begins)

    @property
    def chance(self) -> F64:
        """By account: how much less than usual chance would lead a path through it: the mean of
        out × in degree over its own. Products along a closed path weigh a ring against chance."""
        active = max(1, int(np.count_nonzero(self.out_degree + self.in_degree)))
        usual = (len(self.payer) / active) ** 2
        own = np.maximum(self.out_degree * self.in_degree, 1).astype(np.float64)
        weight: F64 = usual / own
        return weight


def pairs_of(transfers: Transfers) -> Pairs:
    """Gather transfers into pairs."""
    count = len(transfers.accounts)
    moved = transfers.payer != transfers.payee
    key = transfers.payer[moved] * count + transfers.payee[moved]
    time, step = transfers.time[moved], transfers.step[moved]
    order = np.lexsort((time, key))
    key, time, step = key[order], time[order], step[order]
    pair, first, n = np.unique(key, return_index=True, return_counts=True)
    place = np.repeat(np.arange(len(pair)), n)
    run = np.ones(len(key), dtype=np.bool_)
    run[1:] = (key[1:] != key[:-1]) | (time[1:] != time[:-1])
    begins_run = np.flatnonzero(run)
    lengths = np.diff(np.append(begins_run, len(key)))
    same = np.ones(len(pair), dtype=np.int64)
    np.maximum.at(same, place[begins_run], lengths)
    payer, payee = pair // max(count, 1), pair % max(count, 1)
    rarity = np.maximum(_rarity(n), _rarity(same))
    return Pairs(
        accounts=count,
        payer=payer,
        payee=payee,
        n=n.astype(np.int64),
        same=same,
        first=step[first] / STEPS,
        last=step[first + n - 1] / STEPS,
        rarity=rarity,
        odd=rarity >= -np.log10(_ODD_SHARE),
        begins=np.searchsorted(payer, np.arange(count + 1)),
        back=np.lexsort((payer, payee)),
        back_begins=np.searchsorted(np.sort(payee), np.arange(count + 1)),
    )


def _rarity(values: npt.NDArray[np.integer]) -> F64:
    """−log10 of the share of values that are at least as large."""
    rising = np.sort(values)
    above = len(values) - np.searchsorted(rising, values, side="left")
    rarity: F64 = -np.log10(above / max(len(values), 1))
    return rarity

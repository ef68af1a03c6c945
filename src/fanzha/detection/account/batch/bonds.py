"""Bonds: how likely a payer and a payee launder together, and what its bonds say of an account.

An account's conduct and its counterparts' scores leave open which of its dealings is the suspected
one. A pair is judged by both ends' conduct, by the rings and triangles it lies on, and by its own
repeats; the account is then told its likeliest bonds.
"""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from fanzha.detection.account.batch.conduct import sums
from fanzha.detection.account.batch.pairs import Pairs
from fanzha.detection.account.batch.rings import Rings
from fanzha.detection.compiled import compiled

__all__ = ["KEPT", "PAIR_COLUMNS", "bond_features", "bonded", "pair_columns", "with_ends"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
KEPT = 0.35
"""Share of the other pairs that training looks at: they are hundreds to a bond."""
_HUB = 256
"""Counterparts of one account that are followed to find triangles."""
_CHUNK = 200_000
_LIMIT = 1e-4
PAIR_COLUMNS = (
    *(f"ring_{k}" for k in range(2, 7)),  # log10 of rings through it, over chance without its ends
    *(f"ring_odd_{k}" for k in range(2, 7)),  # the heaviest, its other pairs odd
    "ring_all",
    "also_to_payees",  # payees of the payee that the payer pays too
    "also_by_way",  # other accounts by way of which the payer pays the payee
    "rarity", "transfers", "odd", "first", "last",
    "payer_out", "payer_in", "payee_out", "payee_in",  # ln of degree over the mean
    "payer_conduct", "payee_conduct",  # log-odds of the first stage
)  # fmt: skip


def pair_columns(pairs: Pairs, rings: Rings) -> F64:
    """(pair, column) of `PAIR_COLUMNS` without the last two."""
    triangles = np.zeros((len(pairs.payer), 2))
    back = pairs.payer[pairs.back]
    _triangles(pairs.begins, pairs.payee, pairs.back_begins, back, _HUB, triangles)
    into, out = pairs.in_degree, pairs.out_degree
    active = max(1, int(np.count_nonzero(into + out)))
    usual = np.log(max(len(pairs.payer), 1) / active)
    reach = [
        np.log1p(degree[end]) - usual
        for end in (pairs.payer, pairs.payee)
        for degree in (out, into)
    ]
    weight, odd = rings.pair_weight[:, 2:], rings.pair_odd[:, 2:]
    return np.column_stack(
        [
            np.log10(weight + 1e-12), np.log10(odd + 1e-12),
            np.log10(weight.sum(axis=1) + 1e-12), triangles,
            pairs.rarity, np.minimum(pairs.n, 6), pairs.odd, pairs.first, pairs.last, *reach,
        ]
    )  # fmt: skip


def with_ends(columns: F64, pairs: Pairs, score: F64, rows: I64 | slice) -> F64:
    """Some rows of `pair_columns` with the scores of both ends beside them."""
    logit = np.log((score + _LIMIT) / (1 - score + _LIMIT))
    return np.column_stack([columns[rows], logit[pairs.payer[rows]], logit[pairs.payee[rows]]])


def bonded(trees: lgb.Booster | None, columns: F64, pairs: Pairs, score: F64) -> F64:
    """Chance of a bond for each pair; 0 without trees."""
    found = np.zeros(len(pairs.payer))
    if trees is None:
        return found
    for begin in range(0, len(found), _CHUNK):
        rows = slice(begin, begin + _CHUNK)
        told = trees.predict(with_ends(columns, pairs, score, rows), num_threads=1)
        odds = np.asarray(told, np.float64)
        # Training saw fewer of the other pairs than there are.
        found[rows] = KEPT * odds / (1 - odds + KEPT * odds)
    return found


def bond_features(bond: F64, pairs: Pairs) -> dict[str, F64]:
    """The columns of `catalogue.BOND`, one number an account."""
    n = pairs.accounts
    told: dict[str, F64] = {}
    for side, account in (("out", pairs.payer), ("in", pairs.payee)):
        for place, most in zip(("first", "second", "third"), _most(account, bond, n), strict=True):
            told[f"bond_{place}_{side}"] = most
        told[f"bond_sum_{side}"] = sums(account, bond, n)
        told[f"bond_any_{side}"] = sums(account, -np.log1p(-np.minimum(bond, 0.999)), n)
    told["bond_best"] = np.maximum(told["bond_first_out"], told["bond_first_in"])
    told["bond_all"] = told["bond_any_out"] + told["bond_any_in"]
    return told


def _most(account: I64, values: F64, n: int) -> list[F64]:
    """The three greatest values by account; 0 where there are fewer."""
    order = np.lexsort((-values, account))
    account, values = account[order], values[order]
    begin = np.searchsorted(account, np.arange(n))
    count = np.bincount(account, minlength=n)
    found = []
    for place in range(3):
        most = np.zeros(n)
        there = count > place
        most[there] = values[begin[there] + place]
        found.append(most)
    return found


@compiled
def _triangles(begins: I64, payee: I64, back_begins: I64, back: I64, hub: int, told: F64) -> None:
    accounts = len(begins) - 1
    mark = np.zeros(accounts, np.int64)
    for one in range(accounts):
        first, end = begins[one], min(begins[one + 1], begins[one] + hub)
        for pair in range(first, end):
            mark[payee[pair]] = one + 1
        for pair in range(first, end):
            to = payee[pair]
            for k in range(begins[to], min(begins[to + 1], begins[to] + hub)):
                told[pair, 0] += mark[payee[k]] == one + 1
            for k in range(back_begins[to], min(back_begins[to + 1], back_begins[to] + hub)):
                told[pair, 1] += mark[back[k]] == one + 1

"""Rings: closed paths of two to six accounts, weighed against how likely chance closes one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.detection.account.batch.pairs import Bools, Pairs
from fanzha.detection.compiled import compiled

__all__ = ["LONGEST", "Rings", "find_rings", "ring_support"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
LONGEST = 6
_FLOOR = 0.24
"""A path is followed while chance per account stays above this: busy accounts close by chance."""
_BUDGET = 200_000
"""Steps from one starting account; what is beyond is not looked at and said as truncated."""
_ODDS = 30.0
"""How much more an odd pair on a ring weighs than another."""
_NONE = 1e-12


@dataclass(frozen=True, eq=False)
class Rings:
    """Arrays of (account, length 0 … `LONGEST`), and of (pair, length)."""

    count: F64
    weight: F64
    """log10 of the sum of weights."""
    odd: F64
    """log10 of the heaviest, where odd pairs weigh more."""
    rising: F64
    """log10 of the weight of rings whose times rise all the way but once."""
    pair_weight: npt.NDArray[np.float32]
    """By (pair, length): the sum of weights of rings through it, its two ends left out."""
    pair_odd: npt.NDArray[np.float32]
    """The heaviest of them, where its other pairs weigh more if odd."""
    truncated: int
    """Starting accounts whose budget ran out."""


def find_rings(pairs: Pairs) -> Rings:
    """All simple rings through every account, within the budget."""
    shape = (pairs.accounts, LONGEST + 1)
    count, weight, odd, rising = (np.zeros(shape) for _ in range(4))
    by_pair = (len(pairs.payer), LONGEST + 1)
    pair_weight, pair_odd = (np.zeros(by_pair, np.float32) for _ in range(2))
    truncated = _enumerate(
        pairs.begins, pairs.payee, pairs.chance, pairs.odd, pairs.first, pairs.last,
        LONGEST, _FLOOR, _BUDGET, _ODDS, count, weight, odd, rising, pair_weight, pair_odd,
    )  # fmt: skip
    for part in (weight, odd, rising):
        np.log10(part + _NONE, out=part)
    return Rings(count, weight, odd, rising, pair_weight, pair_odd, truncated)


def ring_support(pairs: Pairs, evidence: F64) -> tuple[F64, F64]:
    """For each account the heaviest ring by length, and all together (natural logs), where the
    other members carry `evidence` (log-odds above the usual) beside chance."""
    best = np.full((pairs.accounts, LONGEST + 1), -60.0)
    total = np.zeros(pairs.accounts)
    _support(
        pairs.begins, pairs.payee, pairs.chance, evidence, LONGEST, _FLOOR, _BUDGET, best, total
    )
    return best, np.log(total + 1e-25)


@compiled
def _enumerate(
    begins: I64, payee: I64, chance: F64, odd: Bools, first: F64, last: F64,
    longest: int, floor: float, budget: int, odds: float,
    count: F64, weight: F64, heavy: F64, rising: F64,
    pair_weight: npt.NDArray[np.float32], pair_heavy: npt.NDArray[np.float32],
) -> int:  # fmt: skip
    accounts = len(begins) - 1
    path, place = np.zeros(longest + 1, np.int64), np.zeros(longest + 1, np.int64)
    taken = np.zeros(longest + 1, np.int64)
    product = np.zeros(longest + 2)
    on = np.zeros(accounts, np.uint8)
    truncated = 0
    for root in range(accounts):
        path[0], place[0], product[0] = root, begins[root], chance[root]
        depth, left = 0, budget
        on[root] = 1
        while depth >= 0:
            at = path[depth]
            if place[depth] >= begins[at + 1] or left <= 0:
                on[at] = 0
                depth -= 1
                continue
            pair = place[depth]
            place[depth] += 1
            left -= 1
            to = payee[pair]
            taken[depth] = pair
            if to == root and depth >= 1:
                length = depth + 1
                odd_pairs, in_turn = 0, 0
                for k in range(length):
                    odd_pairs += odd[taken[k]]
                    following = taken[k + 1] if k + 1 < length else taken[0]
                    in_turn += last[following] >= first[taken[k]]
                for k in range(length):
                    member = path[k]
                    w = product[depth] / chance[member]
                    count[member, length] += 1.0
                    weight[member, length] += w
                    heavy[member, length] = max(heavy[member, length], w * odds**odd_pairs)
                    if in_turn >= length - 1:
                        rising[member, length] += w
                    along = taken[k]
                    w /= chance[path[k + 1 if k + 1 < length else 0]]
                    pair_weight[along, length] += np.float32(w)
                    w *= odds ** (odd_pairs - odd[along])
                    pair_heavy[along, length] = max(pair_heavy[along, length], np.float32(w))
                continue
            if to <= root or on[to] or depth + 1 >= longest:
                continue
            w = product[depth] * chance[to]
            if w < floor ** (depth + 2):
                continue
            depth += 1
            path[depth], place[depth], product[depth] = to, begins[to], w
            on[to] = 1
        truncated += left <= 0
    return truncated


@compiled
def _support(
    begins: I64, payee: I64, chance: F64, evidence: F64,
    longest: int, floor: float, budget: int, best: F64, total: F64,
) -> None:  # fmt: skip
    accounts = len(begins) - 1
    path, place = np.zeros(longest + 1, np.int64), np.zeros(longest + 1, np.int64)
    product = np.zeros(longest + 2)
    on = np.zeros(accounts, np.uint8)
    for root in range(accounts):
        path[0], place[0], product[0] = root, begins[root], chance[root]
        depth, left = 0, budget
        on[root] = 1
        while depth >= 0:
            at = path[depth]
            if place[depth] >= begins[at + 1] or left <= 0:
                on[at] = 0
                depth -= 1
                continue
            to = payee[place[depth]]
            place[depth] += 1
            left -= 1
            if to == root and depth >= 1:
                whole = np.log(product[depth])
                for k in range(depth + 1):
                    whole += evidence[path[k]]
                for k in range(depth + 1):
                    member = path[k]
                    part = whole - evidence[member] - np.log(chance[member])
                    best[member, depth + 1] = max(best[member, depth + 1], part)
                    total[member] += np.exp(part)
                continue
            if to <= root or on[to] or depth + 1 >= longest:
                continue
            w = product[depth] * chance[to]
            if w < floor ** (depth + 2):
                continue
            depth += 1
            path[depth], place[depth], product[depth] = to, begins[to], w
            on[to] = 1

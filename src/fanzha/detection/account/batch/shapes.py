"""Shapes of flow around an account: scattered and gathered money, shared payers, residence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.detection.account.batch.pairs import Pairs
from fanzha.detection.account.batch.transfers import STEPS, Transfers
from fanzha.detection.compiled import compiled

__all__ = ["Residence", "Shapes", "find_shapes", "residence"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_HUB = 256
"""Counterparts of one account that are followed; more are cut off."""


@dataclass(frozen=True, eq=False)
class Shapes:
    """One number an account: parallel paths or shared counterparts over what degrees explain."""

    scatters: F64
    gathers: F64
    between: F64
    """It stands on one of several parallel paths from one account to another."""
    pays_like: F64
    """Another account pays the same payees."""
    paid_like: F64
    """Another account is paid by the same payers."""


def find_shapes(pairs: Pairs) -> Shapes:
    """Parallel two-step paths and shared counterparts, hubs cut at a fixed number."""
    zeros = [np.zeros(pairs.accounts) for _ in range(5)]
    back_payer = pairs.payer[pairs.back]
    _parallel(pairs.begins, pairs.payee, pairs.in_degree, _HUB, zeros[0], zeros[1], zeros[2])
    _shared(pairs.begins, pairs.payee, pairs.back_begins, back_payer, _HUB, zeros[3])
    _shared(pairs.back_begins, back_payer, pairs.begins, pairs.payee, _HUB, zeros[4])
    return Shapes(*zeros)


@dataclass(frozen=True, eq=False)
class Residence:
    """How soon money that came in goes on, and how bunched receipts are."""

    shortest: F64
    """Least wait of a payment for the newest receipt at an earlier instant, in steps; NaN where
    none."""
    mean: F64
    bunched: F64
    """Most receipts from different payers within three steps, over what an even spread gives."""


def residence(transfers: Transfers, pairs: Pairs) -> Residence:
    """Waits between receipts and payments of each account, over its counted transfers."""
    n = pairs.accounts
    shortest, total, waits = np.full(n, np.inf), np.zeros(n), np.zeros(n)
    newest = np.full(n, -np.inf)
    _waits(transfers.payer, transfers.payee, transfers.step, newest, shortest, total, waits)
    at, into = pairs.first[pairs.back] * STEPS, pairs.payee[pairs.back]
    order = np.lexsort((at, into))
    most = np.zeros(n)
    _bunches(pairs.back_begins, at[order], 3.0, most)
    even = np.maximum(pairs.in_degree * 3.0 / STEPS, 1.0)
    with np.errstate(invalid="ignore"):
        mean = np.where(waits > 0, total / np.maximum(waits, 1), np.nan)
    return Residence(np.where(np.isfinite(shortest), shortest, np.nan), mean, most / even)


@compiled
def _parallel(
    begins: I64, payee: I64, in_degree: I64, hub: int, scatters: F64, gathers: F64, between: F64
) -> None:
    accounts = len(begins) - 1
    paths = np.zeros(accounts, np.int64)
    for source in range(accounts):
        first, end = begins[source], min(begins[source + 1], begins[source] + hub)
        for a in range(first, end):
            mid = payee[a]
            for b in range(begins[mid], min(begins[mid + 1], begins[mid] + hub)):
                paths[payee[b]] += 1
        for a in range(first, end):
            mid = payee[a]
            for b in range(begins[mid], min(begins[mid + 1], begins[mid] + hub)):
                target = payee[b]
                if paths[target] >= 2 and target != source:
                    reach = (begins[source + 1] - begins[source]) * in_degree[target]
                    weight = (paths[target] - 1) / np.sqrt(reach)
                    between[mid] += weight
                    scatters[source] = max(scatters[source], weight)
                    gathers[target] = max(gathers[target], weight)
        for a in range(first, end):
            mid = payee[a]
            for b in range(begins[mid], min(begins[mid + 1], begins[mid] + hub)):
                paths[payee[b]] = 0


@compiled
def _shared(begins: I64, to: I64, back_begins: I64, back: I64, hub: int, likeness: F64) -> None:
    accounts = len(begins) - 1
    shared = np.zeros(accounts, np.int64)
    for one in range(accounts):
        first, end = begins[one], min(begins[one + 1], begins[one] + hub)
        for a in range(first, end):
            peer = to[a]
            for b in range(back_begins[peer], min(back_begins[peer + 1], back_begins[peer] + hub)):
                shared[back[b]] += 1
        for a in range(first, end):
            peer = to[a]
            for b in range(back_begins[peer], min(back_begins[peer + 1], back_begins[peer] + hub)):
                other = back[b]
                if other != one and shared[other] >= 2:
                    both = (begins[one + 1] - begins[one]) * (begins[other + 1] - begins[other])
                    likeness[one] = max(likeness[one], (shared[other] - 1) / np.sqrt(both))
        for a in range(first, end):
            peer = to[a]
            for b in range(back_begins[peer], min(back_begins[peer + 1], back_begins[peer] + hub)):
                shared[back[b]] = 0


@compiled
def _waits(
    payer: I64, payee: I64, step: F64, newest: F64, shortest: F64, total: F64, waits: F64
) -> None:
    # What moves at one instant has no order: names would decide it.
    begin = 0
    while begin < len(payer):
        end = begin
        while end < len(payer) and step[end] == step[begin]:
            wait = step[end] - newest[payer[end]]
            if np.isfinite(wait):
                shortest[payer[end]] = min(shortest[payer[end]], wait)
                total[payer[end]] += wait
                waits[payer[end]] += 1.0
            end += 1
        for k in range(begin, end):
            newest[payee[k]] = step[k]
        begin = end


@compiled
def _bunches(begins: I64, at: F64, within: float, most: F64) -> None:
    for account in range(len(begins) - 1):
        low = begins[account]
        for high in range(begins[account], begins[account + 1]):
            while at[high] - at[low] > within:
                low += 1
            most[account] = max(most[account], high - low + 1.0)

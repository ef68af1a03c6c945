"""Streams of transfers for the graph's figures: an ordinary one, and one heavy with hubs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Columns = dict[str, npt.NDArray[Any]]
DAY = 86_400_000
_BEGIN = 10**12


def transfers(many: int, accounts: int, *, hubs: bool, days: float, seed: int = 0) -> Columns:
    """`many` transfers of `accounts` over `days`, 2 % of them up to two minutes late.

    Ordinary: half of the accounts' transfers go to one of eight they know, the rest to anyone, all
    alike. Hub-heavy: payer and payee are each drawn with a chance that falls with their rank (1/r),
    by two orders of rank, so that the first of each has about a twelfth of all transfers.
    """
    rng = np.random.default_rng(seed)
    if hubs:
        payer, payee = _ranked(rng, many, accounts), _ranked(rng, many, accounts)
        payee = rng.permutation(accounts)[payee]
    else:
        payer = rng.integers(0, accounts, many)
        friend = (payer * 2_654_435_761 + rng.integers(0, 8, many) * 40_503) % accounts
        payee = np.where(rng.random(many) < 0.5, friend, rng.integers(0, accounts, many))
    span = int(days * DAY)
    at = _BEGIN + np.arange(many, dtype=np.int64) * span // many
    at = at - np.where(rng.random(many) < 0.02, rng.integers(0, 120_000, many), 0)
    return {
        "at": at,
        "payer_key": _keys(payer),
        "payee_key": _keys(payee),
        "amount": np.exp(rng.normal(10, 1.5, many)).astype(np.int64),
    }


def _ranked(rng: np.random.Generator, many: int, accounts: int) -> npt.NDArray[np.int64]:
    """Ranks below `accounts`, with a chance that falls as 1/rank."""
    weight = np.cumsum(1.0 / np.arange(1, accounts + 1))
    found = np.searchsorted(weight, rng.random(many) * weight[-1])
    return np.asarray(found, np.int64)


def _keys(number: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Keys as those of the door: spread over 64 bits, never 0."""
    x = (number + 1).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return np.maximum(x ^ (x >> np.uint64(29)), np.uint64(1))


def cut(data: Columns, start: int, stop: int) -> Columns:
    """Rows of a stream."""
    return {name: array[start:stop] for name, array in data.items()}

"""Streams of transfers for the graph's figures: an ordinary one, and one heavy with hubs."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Columns = dict[str, npt.NDArray[Any]]
Hubs = Literal["none", "apart", "same"]
DAY = 86_400_000
_BEGIN = 10**12


def transfers(many: int, accounts: int, hubs: Hubs, *, days: float, seed: int = 0) -> Columns:
    """`many` transfers of `accounts` over `days`, 2 % of them up to two minutes late.

    Without hubs, half of an account's transfers go to one of eight it knows and the rest to anyone,
    all alike. With hubs, payer and payee are each drawn with a chance that falls with their rank
    (1/r), so that the first of each has about a twelfth of all transfers: two rankings where those
    that pay and those that are paid are `apart`, one where the `same` accounts are hubs both ways,
    as no real graph is.
    """
    rng = np.random.default_rng(seed)
    if hubs == "none":
        payer = rng.integers(0, accounts, many)
        friend = (payer * 2_654_435_761 + rng.integers(0, 8, many) * 40_503) % accounts
        payee = np.where(rng.random(many) < 0.5, friend, rng.integers(0, accounts, many))
    else:
        payer, payee = _ranked(rng, many, accounts), _ranked(rng, many, accounts)
        if hubs == "apart":
            payee = rng.permutation(accounts)[payee]
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

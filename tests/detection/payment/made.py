"""Invented card payments: people with habits, a terminal that turns bad, a card that is copied."""

from __future__ import annotations

import numpy as np
import polars as pl

DAY = 86_400


def made(days: int = 60, customers: int = 60, terminals: int = 40, seed: int = 1) -> pl.DataFrame:
    """About two payments a customer and day. Ten terminals turn bad for ten days each, ten cards
    are copied, a third of whose amounts are then five times as high."""
    rng = np.random.default_rng(seed)
    size = days * customers * 2
    at = np.sort(rng.uniform(0, days * DAY, size)).astype(np.int64)
    customer = rng.integers(0, customers, size)
    terminal = rng.integers(0, terminals, size)
    usual = rng.uniform(10, 100, customers)
    amount = np.maximum(rng.normal(usual[customer], usual[customer] / 4), 1.0)
    label = np.zeros(size, dtype=np.int64)
    for n in range(10):
        begin = rng.uniform(5, days - 10) * DAY
        within = (at >= begin) & (at < begin + 10 * DAY)
        label[within & (terminal == n * 3)] = 1
        copied = within & (customer == n * 5) & (rng.random(size) < 0.33)
        amount[copied] *= 5
        label[copied] = 1
    return pl.DataFrame(
        {
            "id": [f"p{i}" for i in range(size)],
            "time": at + 1_700_000_000,
            "customer": customer,
            "terminal": terminal,
            "amount": amount.round(2),
            "label": label,
        }
    )

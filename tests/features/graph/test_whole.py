"""Whole files: an account's row holds the most that its transfers were told, in whatever order."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.features.graph.live import GraphSet
from fanzha.features.graph.whole import account_features
from tests.features.graph.streams import random_stream, window

BEGIN = 10**12


def chain(hops: list[tuple[int, int]]) -> dict[str, np.ndarray]:
    payers, payees = np.array(hops, np.uint64).T
    at = BEGIN + 1000 * np.arange(len(hops))
    return {"at": at, "payer_key": payers, "payee_key": payees, "amount": at * 0 + 500}


def of(found: pl.DataFrame, account: int) -> dict[str, float]:
    return found.row(by_predicate=pl.col("account_key") == account, named=True)


def test_each_typology_shows_at_the_account_that_it_is_about() -> None:
    scatter = [(1, m) for m in range(10, 15)] + [(m, 2) for m in range(10, 15)]
    assert of(account_features(chain(scatter), window()), 2)["scatter_gather"] == 5
    gather = [(m, 3) for m in range(20, 24)] + [(3, m) for m in range(30, 36)]
    found = of(account_features(chain(gather), window()), 3)
    assert (found["gather_scatter"], found["fan_in_30m"], found["fan_out_30m"]) == (4, 4, 6)
    assert (found["through_share"], found["residence_s"]) == (1.0, 4.0)
    ring = [(40 + i, 40 + (i + 1) % 6) for i in range(6)]
    found = of(account_features(chain(ring), window()), 45)
    assert (found["cycle_length"], found["cycles"]) == (6, 1)
    assert of(account_features(chain(ring), window(cycle_max=5)), 45)["cycle_length"] is None
    # Against the order of time there is no cycle.
    assert account_features(chain(ring[::-1]), window())["cycles"].sum() == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_the_order_of_the_file_does_not_matter(seed: int) -> None:
    data = random_stream(seed, 120, 15)
    data["at"] = np.sort(data["at"]) + np.arange(120)
    mixed = np.random.default_rng(seed).permutation(120)
    other = {name: array[mixed] for name, array in data.items()}
    assert account_features(data, window()).equals(account_features(other, window()))


def test_an_accounts_row_is_the_most_of_its_transfers() -> None:
    data = random_stream(11, 400, 12)
    data["at"] = np.sort(data["at"])
    told = GraphSet(window()).update(data)
    found = account_features(data, window())
    for account in range(1, 12):
        pays, paid = data["payer_key"] == account, data["payee_key"] == account
        row = of(found, account)
        most = np.r_[told["payer_fan_in_90m"][pays], told["payee_fan_in_90m"][paid]].max()
        assert row["fan_in_90m"] == most
        assert row["scatter_gather"] == told["scatter_gather"][paid].max()
        assert row["cycles"] == np.count_nonzero(told["cycle_length"][pays])

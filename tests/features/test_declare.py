"""What is declared is what is counted: conditions, scales, bounds, and declarations refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fanzha.errors import Misconfigured
from fanzha.features import declare
from fanzha.features.declare import Count, Distinct, Last, Max, Mean, Min, Since, Std, Sum, Window
from fanzha.features.kernel import store
from fanzha.features.live import FeatureSet


def window(*features: declare.Feature, **more: Any) -> Window:
    terms: dict[str, Any] = {"over": "1h", "step": "10m", "keys_max": 1000, **more}
    return Window("w", "s", features=features, **({"key": ("key",)} | terms))


def rows(n: int, **more: Any) -> dict[str, np.ndarray]:
    columns = {"at": np.full(n, 10**12, np.int64), "key": np.full(n, 5, np.uint64)}
    return columns | {name: np.asarray(values) for name, values in more.items()}


def test_a_key_of_two_columns_is_one_key_and_order_matters() -> None:
    found = FeatureSet([window(Count("n"), key=("a", "b"))])
    a = np.array([1, 1, 2, 2, 1, 0, 3], np.uint64)
    b = np.array([2, 2, 1, 1, 3, 2, 0], np.uint64)
    told = found.update("s", rows(7, a=a, b=b))["n"]
    assert told[:5].tolist() == [1, 2, 1, 2, 1]
    assert np.isnan(told[5:]).all()


def test_a_condition_is_sql_and_null_is_no() -> None:
    found = FeatureSet(
        [window(Count("big", where="x > 2 AND NOT odd"), Count("n"), Count("all", where="1 = 1"))]
    )
    told = found.update("s", rows(4, x=[1.0, 3.0, 5.0, np.nan], odd=[False, False, True, False]))
    assert told["n"].tolist() == [1, 2, 3, 4]
    assert told["all"].tolist() == [1, 2, 3, 4]
    assert told["big"].tolist() == [0, 1, 1, 1]


def test_a_row_that_counts_for_nothing_leaves_no_trace() -> None:
    found = FeatureSet([window(Sum("total", of="x"))])
    told = found.update("s", rows(3, x=[np.nan, np.inf, -np.inf]))
    assert told["total"].tolist() == [0, 0, 0]
    assert found.sizes()["w"][0] == 0


def test_whole_numbers_and_fen_are_exact() -> None:
    found = FeatureSet([window(Sum("fen", of="x", scale=1), Sum("yuan", of="y", scale=100))])
    told = found.update("s", rows(1000, x=np.full(1000, 10**12 + 1), y=np.full(1000, 0.1)))
    assert told["fen"][-1] == 1000 * (10**12 + 1)
    assert told["yuan"][-1] == 100.0


def test_extremes_are_held_at_their_bounds() -> None:
    found = FeatureSet(
        [
            window(
                Count("n"), Sum("total", of="x", scale=1), Max("top", of="x", scale=1),
                Min("low", of="x", scale=1), Max("narrow", of="x", scale=1, narrow=True),
                Last("last", of="x", scale=1), Std("spread", of="x"), Since("since"),
            )
        ]
    )  # fmt: skip
    top = float(2**53)
    told = found.update("s", rows(2, x=np.array([-(2**63), 2**63 - 1], np.int64)))
    assert told["total"].tolist() == [-top, 0]
    assert (told["top"][-1], told["low"][-1], told["last"][-1]) == (top, -top, top)
    assert told["narrow"].tolist() == [-(2**31) + 1, 2**31 - 1]
    for column in (np.array([1e300, -1e300]), np.array([2**64 - 1, 0], np.uint64)):
        more = found.update("s", rows(2, x=column))
        assert all(np.isfinite(more[name]).all() for name in told if name != "spread")
    at = np.array([-(2**63), 0, 2**63 - 1, 10**12], np.int64)
    told = found.update("s", rows(4, x=np.zeros(4)) | {"at": at})
    # The clock runs to its end, where the key is new; what comes after is late and only reads.
    assert told["n"].tolist() == [6, 6, 1, 1]
    assert found.counters()["w"].late == 3


def test_a_sum_at_its_cap_stays_and_says_so() -> None:
    found = FeatureSet([window(Count("n"), Sum("total", of="x", scale=1))])
    told = found.update("s", rows(600, x=np.full(600, float(2**53))))
    full = store.SUM_CAP // 2**53
    assert told["total"][full - 1] == store.SUM_CAP
    assert (told["total"][full:] == store.SUM_CAP).all()
    assert told["w_truncated"].tolist() == [False] * full + [True] * (600 - full)
    later = rows(1, x=[1.0]) | {"at": np.array([10**12 + 3_600_000])}
    assert found.update("s", later)["total"].tolist() == [1]


def test_a_mean_needs_a_value() -> None:
    found = FeatureSet([window(Mean("mean", of="x"), Count("n"))])
    told = found.update("s", rows(3, x=[np.nan, 1.5, 2.5]))
    assert np.isnan(told["mean"][0])
    assert told["mean"][1:].tolist() == [1.5, 2.0]


def test_windows_of_one_stream_and_of_others() -> None:
    found = FeatureSet(
        [
            window(Count("n")),
            Window("v", "s", key=("key",), over="2h", step="1h", features=(Count("m"),)),
            Window("o", "other", key=("key",), over="2h", step="1h", features=(Count("k"),)),
        ]
    )
    assert set(found.update("s", rows(1))) == {"n", "m", "w_truncated", "v_truncated"}
    assert set(found.update("other", rows(1))) == {"k", "o_truncated"}
    assert found.update("elsewhere", rows(1)) == {}
    assert found.names == ("n", "m", "k")


def test_an_empty_batch() -> None:
    found = FeatureSet([window(Count("n"), Count("m", where="x > 1"))])
    told = found.update("s", rows(0, x=np.empty(0)))
    assert {name: len(column) for name, column in told.items()} == {
        "n": 0,
        "m": 0,
        "w_truncated": 0,
    }


@pytest.mark.parametrize(
    ("features", "terms"),
    [
        ([Count("n")], {"over": "25m"}),
        ([Count("n")], {"over": "255h", "step": "1h"}),
        ([Count("n")], {"over": "0m"}),
        ([Count("n")], {"step": "ten"}),
        ([Count("n")], {"forget": "30m"}),
        ([Count("n")], {"lateness": "2h"}),
        ([Count("n"), Count("n")], {}),
        ([Count("No")], {}),
        ([], {}),
        ([Count("n")], {"key": ()}),
        ([Count("n")], {"keys_max": 0}),
        ([Count("n")], {"keys_max": 2**31}),
        ([Distinct("d", of="x", buckets=0)], {}),
        ([Sum("d", of="x", scale=0)], {}),
        ([Distinct("d", of="x", buckets=32), Distinct("e", of="y", buckets=64)], {}),
    ],
)
def test_a_wrong_declaration_is_refused(
    features: list[declare.Feature], terms: dict[str, Any]
) -> None:
    with pytest.raises(Misconfigured) as caught:
        FeatureSet([window(*features, **terms)])
    assert caught.value.field == "w"


def test_one_name_for_two_features_is_refused() -> None:
    other = Window("v", "s", key=("key",), over="2h", step="1h", features=(Count("n"),))
    with pytest.raises(Misconfigured):
        FeatureSet([window(Count("n")), other])

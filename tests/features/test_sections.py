"""Windows side by side in one row: each says what it would alone, and what the oracle says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.errors import Misconfigured
from fanzha.features.declare import (
    GAP,
    Count,
    Distinct,
    Max,
    Mean,
    Min,
    Share,
    Since,
    Std,
    Sum,
    Trail,
    Window,
)  # fmt: skip
from fanzha.features.layers import layers
from fanzha.features.live import FeatureSet
from tests.features.streams import (
    MINUTE,
    Columns,
    check,
    columns,
    cut,
    every_kind,
    random_stream,
    run,
    streams,
    window,
)  # fmt: skip

DAY = 1440 * MINUTE


def side_by_side() -> list[Window]:
    """Three of one key with terms of their own, one told as it stood before the row."""
    return [
        window(),
        window("_b", name="b", over="1h", step="1m", lateness="20m", forget="2h", before=True),
        Window("c", "s", key=("key",), over="5m", step="1m", lateness="1m", forget="5m",
               where="flag", keys_max=20_000, features=(Count("n_c"), Since("since_c"))),
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(streams(), st.lists(st.integers(1, 239), max_size=3))
def test_each_says_what_it_would_alone_and_what_the_oracle_says(
    data: Columns, cuts: list[int]
) -> None:
    windows = side_by_side()
    together = FeatureSet(windows)
    told = run(together, data, cuts)
    late = {name: counters.late for name, counters in together.counters().items()}
    check(told, data, windows[0], late["w"])
    check(told, data, windows[1], late["b"], "_b")
    alone = FeatureSet([replace(w, apart=True) for w in windows])
    want = run(alone, data, [])
    for name in want:
        np.testing.assert_array_equal(told[name], want[name], err_msg=name)
    for name, counters in alone.counters().items():
        assert (counters.late, counters.truncated) == (
            together.counters()[name].late, together.counters()[name].truncated,
        )  # fmt: skip
    sizes = together.sizes()
    assert len({keys for keys, _ in sizes.values()}) == 1
    assert sizes["w"][0] >= max(keys for keys, _ in alone.sizes().values())


def test_one_row_a_key_and_a_full_table_refuses_all_sections_alike() -> None:
    terms: dict[str, Any] = {"key": ("key",), "keys_max": 100}
    two = [
        Window("a", "s", over="1h", step="10m", features=(Count("n"),), **terms),
        Window("b", "s", over="2h", step="10m", features=(Count("m", where="odd"),), **terms),
    ]
    found = FeatureSet(two)
    keys = np.arange(1, 151, dtype=np.uint64)
    told = found.update("s", {"at": np.full(150, 10**12), "key": keys, "odd": keys % 2 == 1})
    assert found.sizes()["a"][0] == found.sizes()["b"][0] == 100
    assert told["m"][:100].tolist() == [float(k % 2) for k in keys[:100]]
    assert np.isnan(told["n"][100:]).all()
    # A row that would not count finds nothing, and is not refused.
    assert np.isnan(told["m"][100:]).tolist() == [bool(k % 2) for k in keys[100:]]
    assert (found.counters()["a"].refused, found.counters()["b"].refused) == (50, 25)


# ── layers ───────────────────────────────────────────────────────────────────────────────────────


def months(seed: int, n: int) -> Columns:
    """Rows minutes and hours apart over a quarter and more, late ones, equal instants, a clock set
    days forward and back, a key that sleeps."""
    rng = np.random.default_rng(seed)
    step = rng.choice(
        [0, 0, 20_000, 5 * MINUTE, 90 * MINUTE, 7 * 60 * MINUTE, DAY, 4 * DAY, -3 * MINUTE,
         -40 * MINUTE],
        n, p=[0.1, 0.1, 0.2, 0.15, 0.1, 0.1, 0.07, 0.03, 0.1, 0.05],
    )  # fmt: skip
    jump = int(rng.integers(20, n - 20))
    step[jump], step[jump + 3] = 9 * DAY, -9 * DAY
    key = rng.choice([1, 1, 1, 2, 3], n)
    key[n // 3 : 2 * n // 3] = np.where(key[n // 3 : 2 * n // 3] == 3, 1, key[n // 3 : 2 * n // 3])
    rows = [
        (k, s, rng.random() < 0.9, rng.random() < 0.4, (None, -2.25, 1.5, 7.0)[rng.integers(0, 4)],
         rng.integers(0, 60), rng.integers(0, 4))
        for k, s in zip(key.tolist(), step.tolist(), strict=True)
    ]  # fmt: skip
    return columns(rows, 10**12)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_key_over_minutes_and_months_says_what_the_oracle_says(seed: int) -> None:
    data = months(seed, 700)
    assert data["at"].max() - data["at"].min() > 120 * DAY
    made = layers(
        "w", "s", ("key",), features=every_kind(), where="allowed", lateness="1h", keys_max=1000
    )
    assert [(w.over, w.panes) for w in made] == [("1h", 60), ("24h", 24), ("7d", 28), ("90d", 30)]
    found = FeatureSet(made)
    told = run(found, data, [100, 101, 400])
    for w in made:
        check(told, data, w, found.counters()[w.name].late, f"_{w.over}")
    assert found.sizes()["w_1h"][0] <= 3


def test_what_has_no_span_is_told_once_under_its_own_name() -> None:
    made = layers("w", "s", ("key",), features=(Count("n"), Since("since"), Trail("way", of="x")))
    assert FeatureSet(made).names == ("n_1h", "n_24h", "n_7d", "n_90d", "since", "way")


# ── gaps, ways, and what was before ──────────────────────────────────────────────────────────────


def told_of(window_: Window, seconds: list[float], **more: Any) -> Columns:
    n = len(seconds)
    at = 10**12 + (np.array(seconds) * 1000).astype(np.int64)
    return FeatureSet([window_]).update("s", {"at": at, "key": np.full(n, 7, np.uint64), **more})


def test_gaps_tell_a_dialler_a_burst_and_a_sleeper_apart() -> None:
    w = Window(
        "w", "s", key=("key",), over="24h", step="1h",
        features=(Mean("every", of=GAP), Std("regular", of=GAP), Max("silence", of=GAP),
                  Share("bursts", of=GAP, below=5), Sum("span", of=GAP)),
    )  # fmt: skip
    dialler = told_of(w, [30.0 * k for k in range(100)])
    assert (dialler["every"][-1], dialler["regular"][-1], dialler["bursts"][-1]) == (30, 0, 0)
    burst = told_of(w, [0, 1, 2, 3, 4, 7200, 7201, 7202])
    assert burst["bursts"][-1] == 6 / 7
    assert burst["silence"][-1] == 7196
    assert burst["span"].tolist() == [0, 1, 2, 3, 4, 7200, 7201, 7202]
    assert np.isnan(burst["every"][0])
    asleep = told_of(w, [0, 20 * 3600, 20 * 3600 + 60])
    assert asleep["silence"].tolist()[1:] == [72_000, 72_000]


def test_two_cards_that_take_the_same_way_are_told_the_same_number() -> None:
    found = FeatureSet(
        [Window("w", "s", key=("card",), over="24h", step="1h",
                features=(Trail("way", of="cell", length=3), Count("n")))]
    )  # fmt: skip
    ways = {1: [5, 6, 6, 7], 2: [9, 5, 6, 7], 3: [5, 7, 6], 4: [6, 7]}
    last = {}
    for card, cells in ways.items():
        at = np.full(len(cells), 10**12)
        told = found.update(
            "s",
            {"at": at, "card": np.full(len(cells), card, np.uint64),
             "cell": np.array(cells, np.uint64)},
        )  # fmt: skip
        last[card] = told["way"][-1]
    assert last[1] == last[2] != last[3]
    assert np.isnan(last[4])
    assert last[1].astype(np.uint64) > 0


def test_a_large_sum_after_a_probe_is_seen_against_the_least_before_it() -> None:
    w = Window(
        "w", "s", key=("key",), over="30m", step="5m", before=True,
        features=(Min("least", of="fen", scale=1), Count("n"), Distinct("d", of="key")),
    )  # fmt: skip
    told = told_of(w, [0, 60, 61, 7200], fen=np.array([100, 900_000, 50, 3]))
    assert np.isnan(told["least"][0])
    assert told["least"].tolist()[1:3] == [100, 100]
    assert np.isnan(told["least"][3])
    assert told["n"].tolist() == [0, 1, 2, 0]
    assert told["d"].tolist() == [0, 1, 1, 0]


# ── snapshots while rows come ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [1, 4000, 10**9])
def test_a_snapshot_taken_while_rows_come_is_of_one_instant(size: int) -> None:
    data = random_stream(5, 3000, 300)
    found = FeatureSet(side_by_side())
    found.update("s", cut(data, 0, 1000))
    want = found.snapshot()
    found.slowly = True
    state = found.snapshot()
    at, more = 1000, True
    while more:
        if at < 2800:  # rows change, keys come and, days later, go
            later = cut(data, at, at + 40)
            later["at"] = later["at"] + (at - 1000) * MINUTE
            found.update("s", later)
            at += 40
        more = found.copy_more(size)
    assert state.keys() == want.keys()
    for name in want:
        np.testing.assert_array_equal(state[name], want[name], err_msg=name)
    heir, twin = FeatureSet(side_by_side()), FeatureSet(side_by_side())
    heir.restore(state)
    twin.update("s", cut(data, 0, 1000))
    one, other = (f.update("s", cut(data, 1000, 3000)) for f in (heir, twin))
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    assert heir.counters() == twin.counters()


def test_a_snapshot_begun_anew_gives_the_former_up() -> None:
    data = random_stream(6, 2000, 300)
    found = FeatureSet(side_by_side())
    found.update("s", cut(data, 0, 1000))
    found.slowly = True
    found.snapshot()
    found.copy_more(100)
    found.update("s", cut(data, 1000, 1500))
    found.slowly = False
    state = found.snapshot()
    heir = FeatureSet(side_by_side())
    heir.restore(state)
    want, told = (f.update("s", cut(data, 1500, 2000)) for f in (found, heir))
    for name in want:
        np.testing.assert_array_equal(want[name], told[name])


# ── declarations ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("features", "terms"),
    [
        ([Count("n")], {"over": "1h", "step": "1h"}),
        ([Mean("n", of=GAP)], {"over": "1h", "step": "1h"}),
        ([Count("n")], {"calendar": True}),
        ([Distinct("n", of=GAP)], {}),
        ([Max("n", of=GAP, narrow=True)], {}),
        ([Trail("n", of="x", length=1)], {}),
        ([Trail("n", of="x", length=2), Trail("m", of="x", length=3)], {}),
    ],
)
def test_a_wrong_declaration_is_refused(features: list[Any], terms: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured) as caught:
        FeatureSet(
            [Window("w", "s", key=("key",), features=features,
                    **({"over": "1h", "step": "10m"} | terms))]
        )  # fmt: skip
    assert caught.value.field == "w"


def test_a_calendar_day_begins_anew_and_what_follows_the_newest_needs_no_panes() -> None:
    day = Window("w", "s", key=("key",), over="1d", step="1d", calendar=True,
                 features=(Count("today"), Since("since")))  # fmt: skip
    begin = 86_400.0 * 12_000 - 10**9
    told = told_of(day, [begin + 86_000, begin + 86_300, begin + 86_500])
    assert told["today"].tolist() == [1, 2, 1]
    assert told["since"].tolist()[1:] == [300, 200]
    ages = Window("w", "s", key=("key",), over="1d", step="1d", features=(Since("since"),))
    assert told_of(ages, [0, 5.0])["since"].tolist()[1:] == [5]

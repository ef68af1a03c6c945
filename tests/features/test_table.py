"""The table never fills, never hangs, frees what is silent, and says what it refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.errors import Misconfigured
from fanzha.features.declare import Count, Since, Window
from fanzha.features.kernel.index import SEGMENT
from fanzha.features.live import FeatureSet
from tests.features.streams import Columns, run, window

HOUR = 3_600_000


def small(keys_max: int) -> Window:
    return Window(
        "w", "s", key=("key",), over="30m", step="5m", forget="40m", lateness="7m",
        features=(Count("n"), Since("since")), keys_max=keys_max,
    )  # fmt: skip


def keys_at(keys: np.ndarray, at: int) -> Columns:
    return {"key": keys.astype(np.uint64), "at": np.full(len(keys), at, np.int64)}


def unmixed(hashes: np.ndarray) -> np.ndarray:
    """Keys whose SplitMix64 hash is the one given: what an adversary would send."""
    with np.errstate(over="ignore"):
        x = hashes.astype(np.uint64)
        x = x ^ (x >> np.uint64(31)) ^ (x >> np.uint64(62))
        x = x * np.uint64(0x319642B2D24D8EC3)
        x = x ^ (x >> np.uint64(27)) ^ (x >> np.uint64(54))
        x = x * np.uint64(0x96DE1B173F119089)
        return x ^ (x >> np.uint64(30)) ^ (x >> np.uint64(60))


def test_segments_split_and_every_key_stays_findable() -> None:
    n = 60_000
    keys = np.random.default_rng(3).integers(1, 2**64, n, dtype=np.uint64)
    found = FeatureSet([small(100_000)])
    assert (found.update("s", keys_at(keys, 10**12))["n"] == 1).all()
    assert (found.update("s", keys_at(keys, 10**12))["n"] == 2).all()
    assert found.sizes()["w"][0] == n


def test_a_full_table_refuses_new_keys_says_so_and_keeps_the_old() -> None:
    found = FeatureSet([small(5000)])
    keys = np.arange(1, 8001)
    told = found.update("s", keys_at(keys, 10**12))
    assert np.isnan(told["n"]).tolist() == [False] * 5000 + [True] * 3000
    assert found.counters()["w"].refused == 3000
    again = found.update("s", keys_at(keys, 10**12 + 1000))
    assert (again["n"][:5000] == 2).all()
    assert found.counters()["w"].refused == 6000
    assert found.sizes()["w"][0] == 5000


@pytest.mark.parametrize("one_prefix", [True, False], ids=["one prefix", "one home slot"])
def test_keys_made_to_collide_are_refused_or_kept_but_never_hang(one_prefix: bool) -> None:
    # Either all share the top bits, so that no split parts them, or all begin at one slot.
    n = 3 * SEGMENT
    spread = np.arange(1, n + 1, dtype=np.uint64)
    hashes = (
        (np.uint64(0x5A5A) << np.uint64(48)) | spread if one_prefix else spread << np.uint64(48)
    )
    found = FeatureSet([small(100_000)])
    told = found.update("s", keys_at(unmixed(hashes), 10**12))
    kept = ~np.isnan(told["n"])
    assert kept.sum() == found.sizes()["w"][0]
    assert found.counters()["w"].refused == (~kept & (unmixed(hashes) != 0)).sum()
    assert kept.sum() >= SEGMENT // 2
    again = found.update("s", keys_at(unmixed(hashes), 10**12))
    assert (again["n"][kept] == 2).all()
    honest = np.random.default_rng(1).integers(1, 2**63, 5000)
    # Only keys of the crowded prefix suffer with it: one in 512 in so small a table.
    refused = np.isnan(found.update("s", keys_at(honest, 10**12))["n"]).sum()
    assert refused <= (25 if one_prefix else 0)


def test_silent_keys_make_room_for_ever() -> None:
    found = FeatureSet([small(5000)])
    at = 10**12
    sizes = []
    for round_ in range(30):
        told = found.update("s", keys_at(np.arange(1, 4001) + round_ * 10_000, at))
        assert (told["n"] == 1).all()
        at += HOUR
        sizes.append(found.sizes()["w"])
    assert found.counters()["w"].expired >= 29 * 4000 - 1000
    assert found.counters()["w"].refused == 0
    assert max(keys for keys, _ in sizes) <= 5000
    # Without new keys too: time passes for one key, and the sweep goes round with its rows.
    found.update("s", keys_at(np.full(60_000, 10**9), at))
    assert found.sizes()["w"][0] == 1


OPERATIONS = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from([0, 1000, 60_000, 10 * 60_000, HOUR, -60_000])),
    min_size=1,
    max_size=300,
)


@settings(max_examples=60, deadline=None)
@given(OPERATIONS, st.lists(st.integers(1, 299), max_size=5), st.integers(1, 40))
def test_refusals_and_expiry_do_not_depend_on_batches(
    rows: list[tuple[int, int]], cuts: list[int], keys_max: int
) -> None:
    data = {
        "key": np.array([key for key, _ in rows], np.uint64),
        "at": np.cumsum([step for _, step in rows]) + 10**12,
    }
    whole, parted = FeatureSet([small(keys_max)]), FeatureSet([small(keys_max)])
    want, told = run(whole, data, []), run(parted, data, cuts)
    for name, column in want.items():
        np.testing.assert_array_equal(column, told[name], err_msg=name)
    assert whole.counters() == parted.counters()
    assert whole.sizes() == parted.sizes()
    assert whole.sizes()["w"][0] <= keys_max
    refused = np.isnan(want["n"]) & (data["key"] != 0)
    assert refused.sum() == whole.counters()["w"].refused


def test_a_snapshot_with_freed_rows_goes_on_alike() -> None:
    one = FeatureSet([small(5000)])
    one.update("s", keys_at(np.arange(1, 4001), 10**12))
    one.update("s", keys_at(np.arange(4001, 5001), 10**12 + HOUR))
    two = FeatureSet([small(5000)])
    two.restore(one.snapshot())
    for at in (HOUR, 2 * HOUR, 5 * HOUR):
        later = keys_at(np.arange(3000, 9000), 10**12 + at)
        want, told = one.update("s", later), two.update("s", later)
        for name, column in want.items():
            np.testing.assert_array_equal(column, told[name])
    assert one.counters() == two.counters()
    assert one.counters()["w"].expired > 0


def test_a_snapshot_fits_only_what_it_was_made_of() -> None:
    found = FeatureSet([small(5000)])
    found.update("s", keys_at(np.arange(1, 4001), 10**12))
    state = found.snapshot()
    with pytest.raises(Misconfigured):
        FeatureSet([small(6000)]).restore(state)
    with pytest.raises(Misconfigured):
        FeatureSet([window()]).restore(state)
    with pytest.raises(Misconfigured):
        found.restore(state)
    with pytest.raises(Misconfigured):
        FeatureSet([small(5000)]).restore({**state, "w.words": state["w.words"][:-1]})

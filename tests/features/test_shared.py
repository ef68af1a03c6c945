"""Windows shared out among members say what one table says, whoever owns which keys, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.errors import Misconfigured
from fanzha.features.declare import Count, Window
from fanzha.features.live import FeatureSet
from fanzha.features.shared import PARTITIONS, SharedFeatures, partition_of
from fanzha.testing.gathering import Gathering
from tests.features.streams import Columns, cut, run, streams, window


def by_other(**terms: Any) -> Window:
    return Window(
        "o", "s", key=("other",), over="30m", step="5m", lateness="7m", forget="40m",
        keys_max=20_000, features=(Count("n_other"),), **terms,
    )  # fmt: skip


def windows() -> list[Window]:
    return [window(), by_other()]


def gathered(snapshots: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {f"{n}@{name}": a for n, part in enumerate(snapshots) for name, a in part.items()}


@settings(max_examples=40, deadline=None)
@given(streams(), st.lists(st.integers(1, 239), max_size=3), st.integers(1, 4))
def test_members_say_what_one_says(data: Columns, cuts: list[int], size: int) -> None:
    alone = FeatureSet(windows())
    want = run(alone, data, cuts)
    group = Gathering(size)
    members = [SharedFeatures(windows(), share) for share in group.shares]
    for told in group.run(lambda n: run(members[n], data, cuts)):
        assert told.keys() == want.keys()
        for name in want:
            np.testing.assert_array_equal(told[name], want[name])
    keys = sum(member.sizes()["w"][0] for member in members)
    assert keys >= alone.sizes()["w"][0]  # the sweep comes by more rarely where rows are fewer
    for member in members:
        for name, counters in alone.counters().items():
            assert member.counters()[name].late == counters.late


@settings(max_examples=25, deadline=None)
@given(streams(), st.integers(0, 239), st.integers(1, 4), st.integers(1, 4))
def test_another_division_goes_on_where_the_first_stood(
    data: Columns, at: int, before: int, after: int
) -> None:
    n = len(data["at"])
    at = min(at, n)
    alone = FeatureSet(windows())
    alone.update("s", cut(data, 0, at))
    want = alone.update("s", cut(data, at, n))
    old = Gathering(before)
    members = [SharedFeatures(windows(), share) for share in old.shares]
    old.run(lambda k: members[k].update("s", cut(data, 0, at)))
    state = gathered([member.snapshot() for member in members])
    new = Gathering(after)
    heirs = [SharedFeatures(windows(), share) for share in new.shares]
    for heir in heirs:
        heir.restore(state)
    for told in new.run(lambda k: heirs[k].update("s", cut(data, at, n))):
        for name in want:
            np.testing.assert_array_equal(told[name], want[name])
    for heir in heirs:
        assert heir.counters()["w"].late == alone.counters()["w"].late


@settings(max_examples=15, deadline=None)
@given(streams(), st.integers(0, 239))
def test_a_lone_scorer_s_state_can_be_divided(data: Columns, at: int) -> None:
    n = len(data["at"])
    at = min(at, n)
    alone = FeatureSet(windows())
    alone.update("s", cut(data, 0, at))
    state = alone.snapshot()
    want = alone.update("s", cut(data, at, n))
    group = Gathering(3)
    members = [SharedFeatures(windows(), share) for share in group.shares]
    for member in members:
        member.restore(state)
    for told in group.run(lambda k: members[k].update("s", cut(data, at, n))):
        for name in want:
            np.testing.assert_array_equal(told[name], want[name])


def test_another_declaration_s_state_is_refused() -> None:
    group = Gathering(1)
    other = FeatureSet([window(over="1h", forget="2h")])
    with pytest.raises(Misconfigured, match="other declarations"):
        SharedFeatures([window()], group.shares[0]).restore(other.snapshot())


def test_partitions_are_even_and_fixed() -> None:
    keys = np.arange(1, 200_001, dtype=np.uint64)
    held = np.bincount(partition_of(keys), minlength=PARTITIONS)
    assert len(held) == PARTITIONS
    assert held.min() > 0.9 * held.mean()
    assert partition_of(np.array([1, 2, 2**64 - 1], np.uint64)).tolist() == [21, 54, 45]

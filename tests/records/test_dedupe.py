"""Repeats against a plain model: a dict of first hours."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.records.dedupe import HOUR_MS, REMEMBERED_HOURS, SLOT_BYTES, Repeats

START = 1_790_000_000_000


class Model:
    """What `Repeats` promises, written down without tables."""

    def __init__(self) -> None:
        self.first: dict[int, int] = {}
        self.clock = -1

    def seen(self, event_id: int, at: int) -> bool:
        self.clock = max(self.clock, at // HOUR_MS)
        first = self.first.get(event_id)
        if first is not None and self.clock - first <= REMEMBERED_HOURS:
            return True
        self.first[event_id] = self.clock
        return False


def ask(repeats: Repeats, source: str, events: list[tuple[int, int]]) -> list[bool]:
    ids = np.array([event_id for event_id, _ in events], np.uint64)
    return repeats.seen(source, ids, np.array([at for _, at in events], np.int64)).tolist()


EVENTS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 12), st.integers(0, 2**64 - 1)),
        st.integers(0, 400).map(lambda hours: START + hours * HOUR_MS // 2),
    ),
    max_size=120,
)


@settings(max_examples=80, deadline=None)
@given(EVENTS, st.lists(st.integers(0, 120), max_size=4))
def test_same_as_the_model_however_the_rows_are_cut(
    events: list[tuple[int, int]], cuts: list[int]
) -> None:
    model, repeats = Model(), Repeats()
    expected = [model.seen(*event) for event in events]
    got: list[bool] = []
    bounds = sorted({0, len(events), *(cut for cut in cuts if cut < len(events))})
    for first, last in pairwise(bounds):
        got += ask(repeats, "s", events[first:last])
        snapshot = repeats.snapshot()
        repeats = Repeats()
        repeats.restore(snapshot)
    assert got == expected


def test_many_events_over_many_days_against_the_model() -> None:
    rng = np.random.default_rng(7)
    ids = rng.integers(0, 60_000, 200_000).astype(np.uint64)
    at = START + np.sort(rng.integers(0, 30 * 24 * HOUR_MS, 200_000))
    at[rng.random(200_000) < 0.01] -= 30 * HOUR_MS
    model, repeats = Model(), Repeats()
    expected = [model.seen(int(i), int(t)) for i, t in zip(ids, at, strict=True)]
    got = np.concatenate(
        [repeats.seen("s", ids[n : n + 7_001], at[n : n + 7_001]) for n in range(0, 200_000, 7_001)]
    )
    assert got.tolist() == expected
    assert repeats.memory.forgotten == 0


def test_sources_do_not_see_each_other() -> None:
    repeats = Repeats()
    assert ask(repeats, "a", [(1, START)]) == [False]
    assert ask(repeats, "b", [(1, START)]) == [False]
    assert ask(repeats, "a", [(1, START)]) == [True]


def test_repeat_within_one_batch_and_id_zero() -> None:
    assert ask(Repeats(), "s", [(0, START), (0, START), (5, START), (0, START)]) == [
        False, True, False, True,
    ]  # fmt: skip


def test_forgotten_after_a_day_of_stream_time_not_before() -> None:
    day = REMEMBERED_HOURS * HOUR_MS
    hour_start = START // HOUR_MS * HOUR_MS
    repeats = Repeats()
    ask(repeats, "s", [(1, hour_start + HOUR_MS - 1)])
    assert ask(repeats, "s", [(1, hour_start + HOUR_MS - 1 + day)]) == [True]
    assert ask(repeats, "s", [(1, hour_start + HOUR_MS + day)]) == [False]


def test_a_leap_of_years_forgets_everything_and_goes_on() -> None:
    repeats = Repeats()
    ask(repeats, "s", [(n, START) for n in range(5_000)])
    later = START + 10 * 365 * 24 * HOUR_MS
    assert ask(repeats, "s", [(1, later), (1, later)]) == [False, True]


def test_memory_is_counted_bounded_and_what_was_forgotten_too() -> None:
    limit = 40_000 * SLOT_BYTES
    repeats = Repeats(most_bytes=limit)
    for hour in range(30):
        ids = np.arange(hour * 5_000, (hour + 1) * 5_000, dtype=np.uint64)
        at = np.full(5_000, START + hour * HOUR_MS)
        assert not repeats.seen("s", ids, at).any()
        assert repeats.memory.bytes <= limit
    assert repeats.memory.forgotten > 0
    assert repeats.seen("s", ids, at).all(), "the newest hour must still be known"


def test_bytes_an_event_while_growing() -> None:
    repeats = Repeats()
    rng = np.random.default_rng(3)
    for _ in range(40):
        repeats.seen("s", rng.integers(0, 2**63, 10_000).astype(np.uint64), np.full(10_000, START))
        memory = repeats.memory
        assert 9 / 0.71 <= memory.bytes / memory.events <= 9 / 0.55


def test_one_hour_that_does_not_fit_is_dropped_whole_and_never_hangs() -> None:
    repeats = Repeats(most_bytes=2_000 * SLOT_BYTES)
    ids = np.arange(50_000, dtype=np.uint64)
    repeats.seen("s", ids, np.full(50_000, START))
    assert repeats.memory.forgotten >= 40_000
    assert repeats.memory.bytes <= 2_000 * SLOT_BYTES

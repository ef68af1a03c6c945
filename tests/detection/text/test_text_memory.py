"""Memory of senders and threads keeps what it says it keeps, within its bounds."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.text.v1.sent import Sent
from fanzha.detection.text.v1.threads import Threads

DAY = 24 * 3_600_000
TEXTS = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 3 * DAY), st.sampled_from([0.3, 0.5, 0.7, 0.9])),
    max_size=10,
)


@given(TEXTS, st.integers(1, 3), st.integers(0, 4 * DAY))
@settings(max_examples=200, deadline=None)
def test_the_highest_of_a_day_is_what_a_full_list_would_give(
    texts: list[tuple[int, int, float]], key: int, at: int
) -> None:
    """Texts that come in order of time, as but few do not."""
    texts = sorted(texts, key=lambda text: text[1])
    at = max([at, *(t for _, t, _ in texts)])
    sent = Sent(limit=10)
    for text in texts:
        sent.add(*text)
    wanted = max((s for k, t, s in texts if k == key and t > at - DAY), default=0.0)
    assert sent.highest(np.array([key], np.uint64), np.array([at])).tolist() == [wanted]


def test_senders_beyond_the_limit_go_longest_quiet_first() -> None:
    sent = Sent(limit=2)
    for key, at in ((1, 0), (2, 1), (1, 2), (3, 3)):
        sent.add(key, at, 0.5)
    assert sent.highest(np.array([1, 2, 3], np.uint64), np.full(3, 4)).tolist() == [0.5, 0.0, 0.5]
    assert len(sent) == 2


@given(st.lists(st.text(max_size=400), max_size=12))
@settings(max_examples=100, deadline=None)
def test_a_thread_keeps_the_end_of_what_was_said_in_whole_characters(turns: list[str]) -> None:
    threads = Threads(keep_ms=DAY, limit=3)
    for n, turn in enumerate(turns):
        body = turn.encode("utf-8", "replace")
        whole = threads.join(1, n, body)
        assert whole.endswith(body)
        assert whole.decode("utf-8").endswith(body.decode())
        assert len(whole) <= 1_501 + len(body)
    again = Threads(keep_ms=DAY, limit=3)
    again.restore(threads.snapshot())
    assert again.join(1, 99, b"x") == threads.join(1, 99, b"x")


def test_threads_beyond_the_limit_or_a_day_old_are_new() -> None:
    threads = Threads(keep_ms=DAY, limit=2)
    for key in (1, 2, 3):
        threads.join(key, 0, b"a")
    assert threads.join(1, 1, b"b") == b"b"
    assert threads.join(3, 1, b"b") == b"a\nb"
    assert threads.join(3, 2 * DAY, b"c") == b"c"

"""What a row tells does not depend on what stood in the same entry after it."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.arrays import frame_of, keys_of
from fanzha.detection.call.v1.channel import CallChannel
from fanzha.detection.call.v1.life import apart, codes_among
from fanzha.detection.call.v1.windows import LATE_MS
from fanzha.values import reserved
from tests.detection.engine.test_engine import _CODE
from tests.detection.streams import MINUTE, POLICIES, Tape, admitted

_BODIES = [_CODE, "晚上回家吃饭吗"]


def rows_of(tape: Tape, stream: str, cut: int) -> list[dict[str, Any]]:
    """What the call channel tells of each row of texts or acts, `cut` rows at a time."""
    channel = CallChannel(POLICIES / "detection")
    rows: list[dict[str, Any]] = []
    for name, frame in _frames(tape):
        for begin in range(0, frame.height, cut):
            part = frame[begin : begin + cut]
            match name:
                case "call":
                    channel.read(part, np.zeros(part.height))
                case "text":
                    told = channel.read_texts(part)
                    rows += _rows(told, part.height)
                case "app":
                    told = channel.read_acts(part, keys_of(part, "subscriber_key"))
                    rows += _rows(told, part.height)
    counters = channel._features.counters()["number"]
    return [*rows, {"late": counters.late}]


def _frames(tape: Tape) -> list[tuple[str, pl.DataFrame]]:
    """As they were added: clocks that jump back stay as they are."""
    return [
        (stream, frame_of(admitted(stream, [row for _, row in rows])))
        for stream, rows in groupby(tape.rows, key=lambda r: r[0])
    ]


def _rows(told: dict[str, Any], height: int) -> list[dict[str, Any]]:
    return [{name: column[row] for name, column in told.items()} for row in range(height)]


def test_codes_over_hours_in_one_entry_are_all_counted() -> None:
    tape = Tape()
    for n in range(12):
        tape.add(
            "text", n * 20 * MINUTE, sender=f"1069123{n:04d}", recipient=reserved.mobile(1),
            body=_CODE,
        )  # fmt: skip
    rows = rows_of(tape, "text", 1_000)
    assert rows[11]["codes_24h"] == 12
    assert rows[-1] == {"late": 0}


def test_an_act_knows_nothing_of_the_next() -> None:
    tape = Tape()
    for minute, action in [(0, "open"), (5, "call_forward_on"), (6, "open")]:
        tape.add("app", minute * MINUTE, subscriber=reserved.mobile(1), package="c.x",
                 action=action)  # fmt: skip
    rows = rows_of(tape, "app", 1_000)
    assert [row["forwarded_s"] for row in rows[:3]] == [None, 0.0, 60.0]


@given(st.data())
@settings(max_examples=60)
def test_any_cut_tells_the_same(data: st.DataObject) -> None:
    tape, at = Tape(), 0
    tape.call(at, reserved.mobile(9), reserved.mobile(1), talk_s=None)
    for _ in range(data.draw(st.integers(1, 30))):
        at += data.draw(st.sampled_from([0, MINUTE, 50 * MINUTE, -20 * MINUTE, -90 * MINUTE]))
        one, other = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
        tape.add("text", at, sender=reserved.mobile(one), recipient=reserved.mobile(other),
                 body=data.draw(st.sampled_from(_BODIES)))  # fmt: skip
    alone = rows_of(tape, "text", 1)
    assert rows_of(tape, "text", 1_000) == alone
    assert rows_of(tape, "text", 4) == alone


def test_a_bulk_feed_of_codes_is_hardly_cut() -> None:
    tape = Tape()
    for n in range(500):
        tape.add("text", n, sender="10691234567", recipient=reserved.mobile(n), body=_CODE)
    ((_, frame),) = _frames(tape)
    assert apart(frame, codes_among(frame), LATE_MS) == [(0, 500)]

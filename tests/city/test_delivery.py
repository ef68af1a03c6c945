"""Records that come incomplete, late, twice and by wrong clocks: what is lost, what is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from fanzha.city.behaviour import POLICIES, load_behaviour
from fanzha.city.generate import City, generate
from fanzha.city.marking.answers import truth_of
from fanzha.records.door import admit
from fanzha.records.schemas import STREAMS
from tests.city.conftest import START


def _frame(table: Any) -> pl.DataFrame:
    out = pl.from_arrow(table)
    assert isinstance(out, pl.DataFrame)
    return out


@pytest.fixture(scope="module")
def pair() -> tuple[City, City]:
    """The same day as it happened and as it reached a centre."""
    rough = load_behaviour(POLICIES / "rough.yaml")
    scams = rough.scams.model_copy(update={"staged_per_10k_hour": 40.0, "quiet_hours": 0.5})
    kind = rough.model_copy(update={"scams": scams})
    plain = generate(500, 0.7, 8, START, kind.as_it_happened)
    return plain, generate(500, 0.7, 8, START, kind)


def test_every_event_comes_and_none_is_invented(pair: tuple[City, City]) -> None:
    plain, rough = pair
    copies = set(rough.truth["truth_copy"]["event_id"].to_pylist())
    for stream in STREAMS:
        happened = set(plain.streams[stream]["event_id"].to_pylist())
        came = set(rough.streams[stream]["event_id"].to_pylist())
        assert came - copies == happened
        assert admit(stream, rough.streams[stream], "city").refused == []


def test_senders_lack_whole_columns_and_keep_their_subscribers(pair: tuple[City, City]) -> None:
    calls = _frame(pair[1].streams["call"]).filter(~pl.col("source").str.ends_with("twin"))
    by = calls.group_by("source").agg(
        pl.len(), pl.col("caller_imei").count(), pl.col("caller_imsi").count().alias("imsis")
    )
    assert by.height == 3
    without = by.filter(pl.col("source").str.ends_with("-b"))
    assert without["caller_imei"].to_list() == [0]
    assert by.filter(pl.col("source").str.ends_with("-a"))["caller_imei"].to_list()[0] > 0
    assert by.filter(pl.col("source").str.ends_with("-c"))["imsis"].to_list() == [0]
    assert (calls.group_by("caller").agg(pl.col("source").n_unique())["source"] == 1).all()


def test_some_are_late_and_the_order_is_that_of_arrival(pair: tuple[City, City]) -> None:
    rough = pair[1]
    for stream in ("call", "text", "visit", "transfer"):
        arrival = rough.arrival[stream]
        at = rough.streams[stream]["at"].cast("int64").to_numpy()
        assert (np.diff(arrival) >= 0).all()
        late = (arrival - at) > 60_000
        assert 0 < late.mean() < 0.2, stream
        assert (np.diff(at) < 0).any()


def test_some_come_again_and_some_from_two_sources(pair: tuple[City, City]) -> None:
    rough = pair[1]
    texts = _frame(rough.streams["text"])
    assert texts.height > texts["event_id"].n_unique()
    copies = _frame(rough.truth["truth_copy"])
    calls = _frame(rough.streams["call"])
    both = copies.join(calls, on="event_id").join(calls, left_on="of", right_on="event_id")
    assert both.height > 5
    assert (both["call_id"] == both["call_id_right"]).all()
    assert (both["source"] != both["source_right"]).all()


def test_clocks_are_wrong_by_what_the_file_says(pair: tuple[City, City]) -> None:
    plain, rough = pair
    both = _frame(plain.streams["call"]).join(_frame(rough.streams["call"]), on="event_id")
    off = (both["at_right"] - both["at"]).dt.total_seconds()
    sender = both["source_right"].str.slice(-2)
    assert set(off.filter(sender == "-c")) == {43}
    assert set(off.filter(sender == "-a")) == {0}
    apps = _frame(plain.streams["app"]).join(_frame(rough.streams["app"]), on="event_id")
    jumped = (apps["at_right"] - apps["at"]).dt.total_seconds()
    assert set(jumped.filter(apps["source_right"].str.ends_with("-b"))) == {0, -600}


def test_truth_still_joins_and_losses_are_counted_once(pair: tuple[City, City]) -> None:
    plain, rough = pair
    told = _frame(rough.truth["truth_event"])
    assert told["event_id"].is_unique().all()
    twins = told.join(_frame(rough.truth["truth_copy"]), on="event_id")
    first = _frame(plain.truth["truth_event"])
    roles = twins.join(first, left_on="of", right_on="event_id")
    assert roles.height == twins.height > 0
    assert (roles["role"] == roles["role_right"]).all()
    judged = [truth_of(city.truth, city.streams["transfer"], 500, 0.7) for city in (plain, rough)]
    assert [s.loss for s in judged[0].scams] == [s.loss for s in judged[1].scams]
    assert sum(s.loss for s in judged[0].scams) > 0


def test_the_same_arguments_give_the_same_arrivals(pair: tuple[City, City]) -> None:
    rough = load_behaviour(POLICIES / "rough.yaml")
    one, two = (generate(200, 0.2, 4, START, rough) for _ in range(2))
    for stream in STREAMS:
        assert one.streams[stream].equals(two.streams[stream])
        assert np.array_equal(one.arrival[stream], two.arrival[stream])

"""A city on the air: every row once, in time, and not let go of before it is acknowledged."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.city.generate import City
from fanzha.city.rhythm import DAY, HOUR
from fanzha.city.streaming.broadcast import Broadcast, Count, Plan
from fanzha.city.streaming.feed import Feed, lines
from fanzha.city.streaming.sender import Receipt, Sender
from fanzha.errors import Refused, Unavailable
from fanzha.records.door import admit
from fanzha.records.ndjson import read_ndjson
from fanzha.records.schemas import SCHEMAS, STREAMS
from tests.city.conftest import START

START_MS = int(START.timestamp() * 1000)


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, DAY), max_size=6))
def test_a_feed_gives_every_row_once_and_none_early(city: City, cuts: list[int]) -> None:
    feed = Feed(city.streams)
    total = feed.left
    given_rows = 0
    for cut in [*sorted(cuts), DAY]:
        for table in feed.due(START_MS + cut).values():
            assert table["at"][-1].value < START_MS + cut
            given_rows += table.num_rows
    assert given_rows == total
    assert feed.left == 0
    assert feed.due(START_MS + DAY) == {}


@settings(max_examples=20, deadline=None)
@given(rows=st.integers(0, 5_000))
def test_the_last_rows_are_as_many_as_asked_for(city: City, rows: int) -> None:
    feed = Feed(city.streams)
    until = START_MS + 12 * HOUR
    at = feed.start_of_last(rows, until)
    feed.skip_to(at)
    left = sum(table.num_rows for table in feed.due(until).values())
    assert rows - 5 <= left <= rows + 5, "rows of one instant stay together"


@pytest.mark.parametrize("stream", STREAMS)
def test_lines_read_back_as_the_same_rows(city: City, stream: str) -> None:
    table = city.streams[stream].slice(0, 700)
    pieces = list(lines(table, 300))
    assert len(pieces) == -(-table.num_rows // 300)
    read = []
    for piece in pieces:
        assert b"source" not in piece
        for chunk in read_ndjson(_file(piece), stream, "city"):
            assert not chunk.refused
            read.append(admit(stream, chunk.table, "city5"))
    direct = admit(stream, table, "city5")
    again = pa.Table.from_batches([found.batch for found in read])
    assert not any(found.refused for found in read)
    for name in direct.batch.schema.names:
        one, other = direct.batch.column(name), again[name].combine_chunks()
        if pa.types.is_floating(one.type):
            assert np.allclose(
                one.to_numpy(zero_copy_only=False),
                other.to_numpy(zero_copy_only=False),
                atol=1e-3,
                equal_nan=True,
            )
        else:
            assert one.to_pylist() == other.to_pylist()


def _file(piece: bytes) -> Any:
    import io

    return io.BytesIO(piece)


class _Centre:
    """Answers as told, then takes everything; keeps the bodies it acknowledged."""

    def __init__(self, *troubles: int | Exception) -> None:
        self.troubles = list(troubles)
        self.asked: list[tuple[str, bytes, str]] = []
        self.waits: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        stream = request.url.path.rpartition("/")[2]
        self.asked.append((stream, request.content, request.headers["authorization"]))
        if self.troubles:
            trouble = self.troubles.pop(0)
            if isinstance(trouble, Exception):
                raise trouble
            problem = {"code": "no", "zh": "不行", "en": "no", "field": "key"}
            return httpx.Response(trouble, json=problem)
        count = request.content.count(b"\n")
        return httpx.Response(202, json={"accepted": count - 1, "received": count})

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return False

    def sender(self, **more: Any) -> Sender:
        transport = httpx.MockTransport(self)
        client = httpx.Client(base_url="http://centre", transport=transport)
        return Sender(client, "secret", self.wait, **more)


def test_the_same_body_is_sent_until_it_is_acknowledged() -> None:
    centre = _Centre(httpx.ConnectError("away"), 503, 500, 429)
    assert centre.sender().send("call", b"{}\n{}\n") == Receipt(1, 1)
    assert centre.asked == [("call", b"{}\n{}\n", "Bearer secret")] * 5
    assert centre.waits == sorted(centre.waits)


def test_patience_ends() -> None:
    centre = _Centre(*[503] * 1_000)
    with pytest.raises(Unavailable, match="centre_away"):
        centre.sender(patience_s=30).send("call", b"{}\n")
    assert 30 <= sum(centre.waits) < 40


def test_a_refusal_is_not_repeated_and_keeps_its_words() -> None:
    centre = _Centre(401)
    with pytest.raises(Refused) as refused:
        centre.sender().send("call", b"{}\n")
    assert (refused.value.code, refused.value.zh) == ("no", "不行")
    assert len(centre.asked) == 1


def test_a_sender_told_to_stop_lets_go() -> None:
    centre = _Centre(503, 503)
    client = httpx.Client(base_url="http://centre", transport=httpx.MockTransport(centre))
    assert Sender(client, "k", lambda seconds: True).send("call", b"{}\n") is None
    assert len(centre.asked) == 1


class _World:
    """A clock that moves by what is waited for, a city of few rows, a centre that takes them."""

    def __init__(self, until_h: float, rows_an_hour: int = 60) -> None:
        self.now = START_MS
        self.end = START_MS + int(until_h * HOUR)
        self.rows_an_hour = rows_an_hour
        self.made: list[dict[str, Any]] = []
        self.sent: list[tuple[int, str, int, int]] = []
        self.told: list[str] = []

    def make(self, start: int, days: float, **more: Any) -> Mapping[str, pa.Table]:
        self.made.append({"start": start, "days": days, **more})
        step = HOUR // self.rows_an_hour
        at = np.arange(start, start + round(days * DAY), step)
        streams = {s: SCHEMAS[s].empty_table() for s in STREAMS}
        streams["visit"] = _visits(at, more["first_id"])
        if more["registry"]:
            streams["subject"] = _subjects(start - 1_000, more["first_id"] - 1)
        return streams

    def send(self, stream: str, body: bytes) -> Receipt | None:
        for line in body.splitlines():
            row = json.loads(line)
            self.sent.append((self.now, stream, row["event_id"], _ms(row["at"])))
        self.now += 5
        return Receipt(body.count(b"\n"), 0)

    def wait(self, seconds: float) -> bool:
        self.now += round(seconds * 1000)
        return self.now >= self.end

    def tell(self, part: str, count: Count) -> None:
        if part not in self.told:
            self.told.append(part)

    def run(self, plan: Plan) -> Broadcast:
        on_air = Broadcast(plan, self.make, self.send, lambda: self.now, self.wait, self.tell)
        on_air.run()
        return on_air


def _visits(at: Any, first_id: int) -> pa.Table:
    n = len(at)
    columns: dict[str, Any] = {
        "event_id": pa.array(np.arange(first_id, first_id + n), pa.uint64()),
        "source": pa.array(["city"] * n),
        "at": pa.array(at).cast(pa.timestamp("ms", tz="UTC")),
        "subscriber": pa.array(["15400000001"] * n),
        "url": pa.array(["a.example"] * n),
    }
    return _whole("visit", columns, n)


def _subjects(at: int, event_id: int) -> pa.Table:
    columns: dict[str, Any] = {
        "event_id": pa.array([event_id], pa.uint64()),
        "at": pa.array([at]).cast(pa.timestamp("ms", tz="UTC")),
        "person": pa.array(["p1"]),
    }
    return _whole("subject", columns, 1)


def _whole(stream: str, columns: dict[str, Any], n: int) -> pa.Table:
    arrays = [columns.get(f.name, pa.nulls(n, f.type)).cast(f.type) for f in SCHEMAS[stream]]
    return pa.Table.from_arrays(arrays, schema=SCHEMAS[stream])


def _ms(text: str) -> int:
    from fanzha.values import instant

    return instant.parse(text).ms


def test_a_broadcast_sends_the_registry_then_history_then_what_is_due() -> None:
    world = _World(until_h=0.5)
    world.run(Plan(history_hours=2.0, days=0.25, history_s=1e9, tick_s=1.0))
    assert world.told == ["registry", "history", "live"]
    assert world.sent[0][1] == "subject"
    happened = [at for _, stream, _, at in world.sent if stream == "visit"]
    assert happened == sorted(happened)
    assert happened[0] == START_MS - 2 * HOUR
    sent_at = [(now, at) for now, stream, _, at in world.sent if stream == "visit"]
    assert all(at <= now for now, at in sent_at), "nothing is told before it happens"
    live = [(now, at) for now, at in sent_at if at >= START_MS + 60_000]
    assert len(live) >= 28
    assert all(now - at < 5_000 for now, at in live)
    assert world.made[0]["quiet_hours"] == pytest.approx(2.0 - 2 / 60)


def test_chapters_follow_without_a_gap_and_without_a_repeated_id() -> None:
    world = _World(until_h=14.0)
    world.run(Plan(history_hours=1.0, days=0.25, tick_s=60.0))
    assert [made["registry"] for made in world.made] == [True, False, False]
    for before, after in zip(world.made, world.made[1:], strict=False):
        assert after["start"] == before["start"] + round(before["days"] * DAY)
        assert after["chapter"] > before["chapter"]
        assert after["quiet_hours"] == 0.0
    ids = [event_id for _, _, event_id, _ in world.sent]
    assert len(ids) == len(set(ids))
    assert max(ids) < 2**53, "a reader that knows only floating numbers keeps them apart"


def test_history_is_cut_to_what_time_allows() -> None:
    """The oldest is passed over, the newest is sent."""
    world = _World(until_h=0.01, rows_an_hour=36_000)
    on_air = world.run(Plan(history_hours=2.0, days=0.25, history_s=10.0, body_rows=100))
    assert on_air.count.skipped > 0
    history = [at for _, stream, _, at in world.sent if stream == "visit" and at < START_MS]
    assert 0 < len(history) < 72_000
    assert START_MS - max(history) < 1_000


def test_a_broadcast_stops_when_told(city: City) -> None:
    taken: list[str] = []

    def send(stream: str, body: bytes) -> Receipt | None:
        taken.append(stream)
        return None if len(taken) == 2 else Receipt(1, 0)

    make: Callable[..., Mapping[str, pa.Table]] = lambda start, days, **more: city.streams  # noqa: E731
    Broadcast(Plan(body_rows=50), make, send, lambda: START_MS + DAY, lambda s: False).run()
    assert len(taken) == 2
    Broadcast(Plan(), make, send, lambda: START_MS + DAY, lambda s: True).run()
    assert len(taken) == 2, "told before the first body, it sends none"

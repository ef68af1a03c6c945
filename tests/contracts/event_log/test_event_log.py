"""What every event log must do, run on the one in memory, on JetStream and on a Kafka broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from fanzha.adapters.kafka.log import KafkaLog, KafkaSettings
from fanzha.adapters.nats.log import JetStreamLog, LogSettings
from fanzha.adapters.nats.server import USER, NatsServer
from fanzha.errors import Refused, Unavailable, Uncertain
from fanzha.ports.event_log import EventLog, LogEntry, LogLost
from fanzha.testing.event_log import MemoryEventLog
from tests.contracts.event_log.broker import Broker

Open = Callable[[], AbstractAsyncContextManager[EventLog]]


@pytest.fixture(params=["memory", "jetstream", "kafka"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    if request.param == "memory":
        yield lambda: _started(MemoryEventLog())
        return
    if request.param == "kafka":
        with Broker() as broker:
            yield lambda: _started(KafkaLog(KafkaSettings(broker.servers)))
        return
    with NatsServer(tmp_path / "nats") as server:
        settings = LogSettings(server.url, USER, server.password)
        yield lambda: _started(JetStreamLog(settings))


@asynccontextmanager
async def _started(log: EventLog) -> AsyncIterator[EventLog]:
    await log.start()
    try:
        yield log
    finally:
        await log.close()


def run(work: Awaitable[None]) -> None:
    asyncio.run(asyncio.wait_for(work, 60))  # type: ignore[arg-type]


def batch(*values: int) -> pa.RecordBatch:
    words = pa.array([f"w{v % 3}" for v in values]).dictionary_encode()
    return pa.record_batch({"value": pa.array(values, pa.int64()), "word": words})


def values(entries: list[LogEntry]) -> list[int]:
    return [v for entry in entries for v in entry.batch["value"].to_pylist()]


async def take(log: EventLog, after: int, count: int) -> list[LogEntry]:
    taken: list[LogEntry] = []
    async for entry in log.read(after):
        taken.append(entry)
        if len(taken) == count:
            break
    return taken


def test_positions_rise_over_all_streams_and_entries_come_back_whole(opened: Open) -> None:
    async def work() -> None:
        async with opened() as log:
            assert await log.last() == 0
            begun = datetime.now(UTC)
            first = await log.append("call", batch(1, 2), "a", "运营商.甲 1*>")
            second = await log.append("text", batch(3), "b")
            assert 0 < first < second == await log.last()
            one, two = await take(log, 0, 2)
            assert (one.position, one.stream, one.sender) == (first, "call", "运营商.甲 1*>")
            assert (two.position, two.stream, two.sender) == (second, "text", "local")
            assert one.batch.equals(batch(1, 2))
            assert two.batch.equals(batch(3))
            tick = timedelta(milliseconds=50)  # a server may cut its own clock's digits
            assert begun - tick <= one.appended_at <= two.appended_at <= datetime.now(UTC) + tick

    run(work())


def test_the_same_key_is_stored_once(opened: Open) -> None:
    async def work() -> None:
        async with opened() as log:
            first = await log.append("call", batch(1), "k")
            other = await log.append("call", batch(2), "l")
            assert await log.append("call", batch(1), "k") == first
            assert await log.last() == other
            assert values(await take(log, 0, 2)) == [1, 2]

    run(work())


def test_a_reader_starts_after_its_position_and_waits_for_more(opened: Open) -> None:
    async def work() -> None:
        async with opened() as log:
            first = await log.append("call", batch(1), "1")
            await log.append("call", batch(2), "2")
            reader = asyncio.create_task(take(log, first, 2))
            await asyncio.sleep(0.1)
            assert not reader.done()
            await log.append("visit", batch(3), "3")
            assert values(await reader) == [2, 3]

    run(work())


def test_all_readers_see_one_order_whoever_appends(opened: Open) -> None:
    async def work() -> None:
        async with opened() as log:
            readers = [asyncio.create_task(take(log, 0, 100)) for _ in range(2)]

            async def sender(number: int) -> list[int]:
                return [
                    await log.append("call", batch(number * 100 + i), f"{number}-{i}", f"s{number}")
                    for i in range(20)
                ]

            positions = await asyncio.gather(*(sender(n) for n in range(5)))
            one, two = await asyncio.gather(*readers)
            assert [e.position for e in one] == sorted(p for row in positions for p in row)
            assert [e.position for e in one] == [e.position for e in two]
            for number in range(5):
                own = [e for e in one if e.sender == f"s{number}"]
                assert values(own) == [number * 100 + i for i in range(20)]

    run(work())


def test_many_entries_are_read_from_any_position(opened: Open) -> None:
    async def work() -> None:
        async with opened() as log:
            for begin in range(0, 600, 50):
                await asyncio.gather(
                    *(log.append("call", batch(i), str(i)) for i in range(begin, begin + 50))
                )
            everything = await take(log, 0, 600)
            assert sorted(values(everything)) == list(range(600))
            tail = await take(log, everything[399].position, 200)
            assert values(tail) == values(everything[400:])

    run(work())


def test_a_batch_of_any_size_comes_back_in_order_and_once(opened: Open) -> None:
    async def work() -> None:
        numbers = np.random.default_rng(7).integers(0, 2**62, 3_000_000)
        large = pa.record_batch({"value": pa.array(numbers)})
        async with opened() as log:
            position = await log.append("call", large, "large")
            assert await log.append("call", large, "large") == position == await log.last()
            parts: list[np.ndarray] = []
            async for entry in log.read(0):
                parts.append(entry.batch["value"].to_numpy())
                if entry.position == position:
                    break
            assert np.array_equal(np.concatenate(parts), numbers)

    run(work())


def test_trimming_takes_old_entries_of_one_stream_and_nothing_else(opened: Open) -> None:
    async def work() -> None:
        async with opened() as log:
            for i, stream in enumerate(["visit", "text", "visit", "text"]):
                await log.append(stream, batch(i), str(i))
            await asyncio.sleep(0.02)
            bound = datetime.now(UTC)
            await asyncio.sleep(0.02)
            for i, stream in enumerate(["visit", "text"], start=4):
                await log.append(stream, batch(i), str(i))
            await log.trim("visit", bound)
            assert values(await take(log, 0, 4)) == [1, 3, 4, 5]
            assert await log.last() == 6
            await log.trim("text", datetime.now(UTC) + timedelta(hours=1))
            assert values(await take(log, 0, 1)) == [4]
            await log.append("text", batch(6), "6")
            assert values(await take(log, 0, 2)) == [4, 6]

    run(work())


def test_trimming_everything_leaves_positions_rising(opened: Open) -> None:
    async def work() -> None:
        async with opened() as log:
            before = await log.append("visit", batch(1), "1")
            await log.trim("visit", datetime.now(UTC) + timedelta(hours=1))
            assert await log.last() == before
            after = await log.append("visit", batch(2), "2")
            assert after > before
            assert values(await take(log, 0, 1)) == [2]
            assert values(await take(log, before, 1)) == [2]

    run(work())


def test_a_reader_ahead_of_the_log_is_told_that_entries_are_lost(opened: Open) -> None:
    async def work() -> None:
        async with opened() as log:
            await log.append("call", batch(1), "1")
            with pytest.raises(LogLost):
                await take(log, 99, 1)

    run(work())


def test_bad_input_is_refused_by_name(opened: Open) -> None:
    async def work() -> None:
        async with opened() as log:
            with pytest.raises(Refused, match="empty_batch"):
                await log.append("call", batch(), "k")
            for arguments in (("", "k", "s"), ("call", "", "s"), ("call", "k", "")):
                stream, key, sender = arguments
                with pytest.raises(Refused):
                    await log.append(stream, batch(1), key, sender)
            assert await log.last() == 0

    run(work())


def test_a_closed_log_says_so(opened: Open) -> None:
    async def work() -> None:
        async with opened() as log:
            assert log.up
            reader = asyncio.create_task(take(log, 0, 1))
            await asyncio.sleep(0.1)
            await log.close()
            assert not log.up
            with pytest.raises((Unavailable, Uncertain)):
                await log.append("call", batch(1), "k")
            with pytest.raises(Unavailable):
                await reader

    run(work())

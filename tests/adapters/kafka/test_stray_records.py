"""What others wrote into the log's topics stops nobody: it is passed over, counted and told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pyarrow as pa
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from fanzha.adapters.kafka.log import KafkaLog, KafkaSettings
from fanzha.adapters.kafka.order import Reference, bound_of
from fanzha.adapters.kafka.reading import Consumer
from fanzha.ports.event_log import LogEntry, LogLost
from tests.contracts.event_log.broker import Broker

_REFERENCES = [
    b"garbage", b"", b"\xff\xfe", b"[", b"[" * 60_000, b"null", b"{}", b"7", b'["call",0,"s"]',
    b'["../x","a",1,{}]', b'["call",-1,"s","k"]', b'["call",true,"s","k"]',
    b'["call",1e400,"s","k"]', b'["call",1.0,"s","k"]', b'["order",0,"s","k"]',
    b'["call",0,"",""]', b'["call",0,"s","\\ud800"]', b'["call",9223372036854775808,"s","k"]',
    b'["call",0,"s","' + b"k" * 9_000 + b'"]',
]  # fmt: skip
_NOWHERE = [b'["call",999999,"s","x"]', b'["nosuch",0,"s","x"]', b'["call",3,"s","b"]']
_BOUNDS = [b"x", b"", b"-1", b"1_0", b"999999", "９".encode(), b"1" * 400]


def batch(value: int) -> pa.RecordBatch:
    return pa.record_batch({"value": [value]})


async def written(servers: str, topic: str, values: list[bytes], key: bytes | None = None) -> None:
    """As any client that reaches the broker may."""
    producer = AIOKafkaProducer(bootstrap_servers=servers)
    await producer.start()
    for value in values:
        await producer.send_and_wait(topic, value, key=key, partition=0)
    await producer.stop()


async def taken(log: KafkaLog, count: int, after: int = 0) -> list[LogEntry]:
    found: list[LogEntry] = []
    reading: Any = log.read(after)
    while len(found) < count:
        found.append(await asyncio.wait_for(anext(reading), 20))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(reading), 1.5)
    await reading.aclose()
    return found


def run(work: Callable[[str], Awaitable[None]]) -> None:
    async def bounded(servers: str) -> None:
        await asyncio.wait_for(work(servers), 90)

    with Broker() as broker:
        asyncio.run(bounded(broker.servers))


async def until(true: Callable[[], bool]) -> None:
    for _ in range(200):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come about")


def test_stray_references_are_passed_over_and_counted() -> None:
    strays = [*_REFERENCES, *_NOWHERE]

    async def work(servers: str) -> None:
        settings = KafkaSettings(servers, absent_s=0.5)
        log = KafkaLog(settings)
        await log.start()
        first = await log.append("call", batch(1), "a")
        await written(servers, "fanzha.events.order", strays)
        second = await log.append("call", batch(2), "b")
        await written(servers, "fanzha.events.order", strays)
        assert second == first + len(strays) + 1
        assert [e.position for e in await taken(log, 2)] == [first, second]
        await until(lambda: log.passed_over == 2 * len(strays))
        assert await log.last() == second, "nobody waits for what is no entry"
        assert log.up
        await log.close()

        again = KafkaLog(settings)
        await again.start()
        await until(lambda: again.passed_over == 2 * len(strays))
        assert await again.last() == second
        assert await again.append("call", batch(1), "a") == first, "keys are still known"
        third = await again.append("call", batch(3), "c")
        assert [e.position for e in await taken(again, 2, after=first)] == [second, third]
        await again.close()

    run(work)


def test_the_newest_entry_is_found_behind_old_strays() -> None:
    """Whoever starts when nothing came for long finds only strays in the last ten minutes."""

    async def work(servers: str) -> None:
        log = KafkaLog(KafkaSettings(servers, recognised_s=0.001))
        await log.start()
        position = await log.append("call", batch(1), "a")
        await written(servers, "fanzha.events.order", [b"x"] * 1_200)
        await log.close()
        await asyncio.sleep(0.05)
        again = KafkaLog(KafkaSettings(servers, recognised_s=0.001))
        await again.start()
        assert await again.last() == position
        await again.close()

    run(work)


def test_stray_bounds_hide_nothing() -> None:
    async def work(servers: str) -> None:
        log = KafkaLog(KafkaSettings(servers))
        await log.start()
        await log.append("call", batch(1), "a")
        await written(servers, "fanzha.events.trimmed", _BOUNDS, key=b"call")
        await written(servers, "fanzha.events.trimmed", [b"1"], key=b"\xff")
        await written(servers, "fanzha.events.trimmed", [b"1"])
        await log.append("call", batch(2), "b")
        assert [e.batch["value"].to_pylist() for e in await taken(log, 2)] == [[1], [2]]
        assert log.passed_over == len(_BOUNDS) + 2
        await log.close()

    run(work)


def test_a_reference_to_what_is_no_batch_is_passed_over() -> None:
    async def work(servers: str) -> None:
        log = KafkaLog(KafkaSettings(servers))
        await log.start()
        await log.append("call", batch(1), "a")
        schema = pa.ipc.new_stream(sink := pa.BufferOutputStream(), batch(1).schema)
        schema.close()
        bad = [b"zzz", b"", sink.getvalue().to_pybytes()]
        await written(servers, "fanzha.events.call", bad)
        await written(
            servers, "fanzha.events.order",
            [f'["call",{n + 1},"s","x{n}"]'.encode() for n in range(len(bad))],
        )  # fmt: skip
        await log.append("call", batch(2), "b")
        assert [e.batch["value"].to_pylist() for e in await taken(log, 2)] == [[1], [2]]
        assert log.passed_over == len(bad)
        await log.close()

    run(work)


def test_what_is_gone_is_lost_and_what_never_was_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A batch older than the oldest kept: lost if its reference is as old, else nobody's."""

    async def work(servers: str) -> None:
        log = KafkaLog(KafkaSettings(servers))
        await log.start()
        for n in range(3):
            await log.append("call", batch(n), f"k{n}")
        first, oldest = Consumer.first, Consumer.oldest

        async def later(consumer: Consumer, partition: TopicPartition) -> int:
            return 2 if partition.topic.endswith(".call") else await first(consumer, partition)

        monkeypatch.setattr(Consumer, "first", later)
        with pytest.raises(LogLost):
            await taken(log, 1)

        async def long_ago(consumer: Consumer, partition: TopicPartition) -> int | None:
            stored = await oldest(consumer, partition)
            return None if stored is None else stored - 3_600_000

        monkeypatch.setattr(Consumer, "oldest", long_ago)
        assert [e.position for e in await taken(log, 1)] == [3]
        assert log.passed_over == 2
        await log.close()

    run(work)


def test_a_follower_that_died_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(servers: str) -> None:
        log = KafkaLog(KafkaSettings(servers))
        await log.start()
        assert log.up

        async def broken(*given: object) -> None:
            raise RuntimeError("a fault of ours")

        monkeypatch.setattr(log._follower, "step", broken)
        await until(lambda: not log.up)
        await log.close()

    run(work)


@given(st.binary(max_size=200) | st.sampled_from(_REFERENCES))
def test_reading_a_reference_never_fails(data: bytes) -> None:
    found = Reference.decode(data)
    assert found is None or Reference.decode(found.encode()) == found
    assert Reference.decode(b'["call",0,"s","k"]', 1 << 62) is None
    assert bound_of(data, data) is None or data.isdigit()


@given(
    st.integers(0, 2**63 - 1), st.text(min_size=1, max_size=120), st.text(min_size=1, max_size=120)
)
def test_what_we_write_is_what_we_read(offset: int, sender: str, key: str) -> None:
    reference = Reference("call", offset, sender, key)
    assert Reference.decode(reference.encode()) == reference

"""The event log on Kafka where the brokers fall silent, or their answer is lost."""

from __future__ import annotations

import asyncio

import pyarrow as pa
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from fanzha.adapters.kafka.log import KafkaLog, KafkaSettings
from fanzha.adapters.kafka.reading import Record
from fanzha.errors import Unavailable
from tests.contracts.event_log.broker import Broker


class Silent:
    """A connection to brokers that have just gone."""

    closed = False

    async def end(self, partition: object) -> int:
        raise KafkaConnectionError

    async def close(self) -> None:
        self.closed = True


def test_an_append_whose_answer_was_lost_tells_where_readers_find_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is stored twice; readers take the first: whoever waits for the second waits for ever."""

    async def work(servers: str) -> None:
        log = KafkaLog(KafkaSettings(servers, try_s=2.0))
        await log.start()
        assert log._asking is not None
        send, page, lost = log._send, log._asking.page, []

        async def losing(topic: str, payload: bytes) -> int:
            stored = await send(topic, payload)
            if topic.endswith(".order") and not lost:
                lost.append(stored)
                raise TimeoutError
            return stored

        async def late(partition: TopicPartition, seconds: float) -> list[Record]:
            found = await page(partition, seconds)
            await asyncio.sleep(0.5)
            return found

        monkeypatch.setattr(log, "_send", losing)
        monkeypatch.setattr(log._asking, "page", late)
        position = await log.append("call", pa.record_batch({"value": [1]}), "key")
        reading = log.read(0)
        entry = await anext(reading)
        assert entry.position == position == lost[0] + 1
        assert await log.append("call", pa.record_batch({"value": [1]}), "key") == position
        await reading.aclose()
        await log.close()

    with Broker() as broker:
        asyncio.run(asyncio.wait_for(work(broker.servers), 60))


def test_brokers_that_fall_silent_after_the_first_word_are_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, asking = KafkaLog(KafkaSettings("127.0.0.1:9")), Silent()

    async def connected() -> None:
        log._asking = asking  # type: ignore[assignment]

    async def work() -> None:
        with pytest.raises(Unavailable):
            await log.start()
        await log.close()

    monkeypatch.setattr(log, "_connect", connected)
    asyncio.run(asyncio.wait_for(work(), 20))
    assert asking.closed
    assert not log.up

"""The event log on Kafka where the brokers fall silent."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError

from fanzha.adapters.kafka.log import KafkaLog, KafkaSettings
from fanzha.errors import Unavailable


class Silent:
    """A connection to brokers that have just gone."""

    closed = False

    async def end(self, partition: object) -> int:
        raise KafkaConnectionError

    async def close(self) -> None:
        self.closed = True


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

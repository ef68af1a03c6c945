"""The event log on Kafka topics: one order, batches beside it, positions of our own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import pyarrow as pa
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from fanzha.adapters.kafka.order import (
    Recognised,
    Reference,
    checked_key,
    checked_sender,
    checked_stream,
)
from fanzha.adapters.kafka.reading import Consumer
from fanzha.errors import FanzhaError, Misconfigured
from fanzha.ports.event_log import LogEntry, LogLost, log_silent, log_unsure
from fanzha.records.batches import decode, parts

__all__ = ["KafkaLog", "KafkaSettings"]

_log = logging.getLogger("fanzha.kafka")
_EXISTS = 36
_PING_S = 1.0
_SLACK_MS = 60_000
"""A batch is stored a moment before its reference; deletion stays so far behind the bound."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """Where the brokers are, and how long to insist."""

    servers: str
    """`host:port[,host:port…]`."""
    prefix: str = "fanzha.events"
    replicas: int = 1
    """Copies of each topic. Durable only where several brokers hold it and `min.insync.replicas`
    asks for them, or the broker flushes what it acknowledges."""
    max_payload: int = 900_000
    """Bytes of a record; below the brokers' `message.max.bytes`."""
    recognised_s: float = 600.0
    patience_s: float = 30.0
    try_s: float = 5.0


class KafkaLog:
    """Implements `EventLog`. One instance serves any number of appends and readers at a time.

    A key is recognised in two places: here, so that a repeated append stores nothing; and by every
    reader, so that two appends at the same moment, or one that a retry stored twice, are one entry.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._admin: AIOKafkaAdminClient | None = None
        self._order = TopicPartition(f"{settings.prefix}.order", 0)
        self._trimmed = TopicPartition(f"{settings.prefix}.trimmed", 0)
        self._asking: Consumer | None = None
        self._streams: set[str] = set()
        self._span_ms = int(1000 * settings.recognised_s)
        self._recognised = Recognised(self._span_ms)
        self._read_to = 0
        self._following: asyncio.Task[None] | None = None
        self._appending = asyncio.Lock()
        self._answers = False
        self._closed = asyncio.Event()

    @property
    def up(self) -> bool:
        return self._answers and not self._closed.is_set()

    async def start(self) -> None:
        deadline = _now() + self._settings.patience_s
        while True:
            try:
                await self._connect()
                break
            except (KafkaError, OSError, TimeoutError) as error:
                await self._disconnect()
                if _now() > deadline:
                    raise log_silent() from error
                await asyncio.sleep(0.2)
        self._answers = True
        ready = asyncio.get_running_loop().create_future()
        self._following = asyncio.create_task(self._follow(ready))
        await asyncio.wait([ready, self._following], return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            try:
                await self._following
            except (KafkaError, OSError, TimeoutError) as error:
                raise log_silent() from error

    async def _connect(self) -> None:
        servers = self._settings.servers
        self._admin = AIOKafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=5000)
        await self._admin.start()
        # One append at a time and recognised keys make broker-side idempotence unnecessary; not
        # every broker that speaks the protocol has it.
        self._producer = AIOKafkaProducer(
            bootstrap_servers=servers,
            acks="all",
            max_request_size=self._settings.max_payload + 65_536,
            request_timeout_ms=int(1000 * self._settings.try_s),
        )
        await self._producer.start()
        self._asking = Consumer(servers)
        await self._asking.start()
        await self._make(self._order.topic, {"message.timestamp.type": "LogAppendTime"})
        await self._make(self._trimmed.topic, {"cleanup.policy": "compact"})

    async def _make(self, topic: str, configs: dict[str, str]) -> None:
        assert self._admin is not None
        forever = {"retention.ms": "-1", "retention.bytes": "-1"}
        made = await self._admin.create_topics(
            [NewTopic(topic, 1, self._settings.replicas, topic_configs={**forever, **configs})]
        )
        for error in made.topic_errors:
            if error[1] not in (0, _EXISTS):
                raise Misconfigured(
                    "log_not_made",
                    zh=f"无法建立事件日志：Kafka 错误 {error[1]}",
                    en=f"the event log cannot be made: Kafka error {error[1]}",
                )

    async def append(
        self, stream: str, batch: pa.RecordBatch, key: str, sender: str = "local"
    ) -> int:
        checked_stream(stream)
        checked_sender(sender)
        checked_key(key)
        position = 0
        for part_key, payload in parts(batch, key, self._settings.max_payload):
            async with self._appending:
                position = await self._store(stream, sender, part_key, payload)
        return position

    async def _store(self, stream: str, sender: str, key: str, payload: bytes) -> int:
        """Repeats until the brokers have it. A batch whose reference was lost is nobody's."""
        deadline = _now() + self._settings.patience_s
        referred = False
        while not self._closed.is_set():
            known = self._recognised.position(key, _wall_ms())
            if known is not None:
                return known
            try:
                await self._topic_of(stream)
                at = await self._send(self._topic(stream), payload)
                again, referred = referred, True
                reference = Reference(stream, at, sender, key)
                position = 1 + await self._send(self._order.topic, reference.encode())
                if again:
                    return await self._first(key, position, deadline)
                self._recognised.note(key, position, _wall_ms())
                return position
            except MessageSizeTooLargeError as error:
                raise Misconfigured(
                    "log_entry_too_large",
                    zh="Kafka 不接受这么大的记录，请调高 message.max.bytes",
                    en="Kafka takes no record of this size: raise message.max.bytes",
                ) from error
            except (KafkaError, OSError, TimeoutError):
                self._answers = False
            if _now() > deadline:
                break
            await asyncio.sleep(0.05)
        raise log_unsure() if referred else log_silent()

    async def _first(self, key: str, position: int, deadline: float) -> int:
        """An attempt that nobody confirmed may stand before `position`: readers take the first."""
        while self._read_to < position:
            if self._closed.is_set() or _now() > deadline:
                raise log_unsure()
            await asyncio.sleep(0.02)
        return self._recognised.position(key, _wall_ms()) or position

    async def _send(self, topic: str, payload: bytes) -> int:
        """Offset at which the brokers keep it."""
        if self._producer is None or self._closed.is_set():
            raise log_silent()
        sent = await self._producer.send(topic, payload, partition=0)
        stored = await asyncio.wait_for(asyncio.shield(sent), self._settings.try_s)
        self._answers = True
        return int(stored.offset)

    async def _topic_of(self, stream: str) -> None:
        if stream not in self._streams:
            await self._make(self._topic(stream), {})
            self._streams.add(stream)

    def _topic(self, stream: str) -> str:
        return f"{self._settings.prefix}.{stream}"

    async def _follow(self, ready: asyncio.Future[None]) -> None:
        """Learn the keys of others' appends, and notice when the brokers fall silent."""
        probe = self._probe
        last = await probe.end(self._order)
        since = await probe.at_time(self._order, _wall_ms() - self._span_ms)
        probe.seek(self._order, since)
        while not self._closed.is_set():
            if since >= last and not ready.done():
                ready.set_result(None)
            try:
                for record in await probe.page(self._order, _PING_S if ready.done() else 0.1):
                    reference = Reference.decode(record.value)
                    self._recognised.note(reference.key, record.offset + 1, record.timestamp)
                    since = self._read_to = record.offset + 1
                self._answers = await probe.alive()
            except (KafkaError, OSError, TimeoutError):
                self._answers = False
                await asyncio.sleep(0.1)

    async def read(self, after: int) -> AsyncIterator[LogEntry]:
        if (last := await self.last()) < after:
            raise LogLost(after, last)
        reader = Consumer(self._settings.servers)
        bounds: dict[str, int] = {}
        seen = Recognised(self._span_ms)
        try:
            await self._or_silent(reader.start)
            first = await self._or_silent(lambda: reader.first(self._order))
            if first > after:
                raise LogLost(after, first + 1)
            begin = await self._or_silent(
                lambda: reader.key_horizon(self._order, after, self._span_ms)
            )
            reader.seek(self._order, begin)
            position = begin
            while True:
                page = await self._or_silent(lambda: reader.page(self._order, 0.5))
                await self._or_silent(lambda: self._learn(reader, bounds))
                for record in page:
                    position = record.offset + 1
                    reference = Reference.decode(record.value)
                    fresh = seen.note(reference.key, position, record.timestamp)
                    trimmed = position <= bounds.get(reference.stream, 0)
                    if position <= after or not fresh or trimmed:
                        continue
                    yield LogEntry(
                        position=position,
                        stream=reference.stream,
                        batch=decode(await self._batch(reader, reference, position)),
                        appended_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
                        sender=reference.sender,
                    )
                if not page and self.up and (last := await self.last()) < position:
                    raise LogLost(position, last)
        finally:
            await reader.close()

    async def _batch(self, consumer: Consumer, reference: Reference, position: int) -> bytes:
        partition = TopicPartition(self._topic(reference.stream), 0)
        payload = await self._or_silent(lambda: consumer.one(partition, reference.offset))
        if payload is None:
            raise LogLost(position - 1, position)
        return payload

    async def _learn(self, consumer: Consumer, bounds: dict[str, int]) -> None:
        """Take in what has been trimmed since the last look."""
        for record in await consumer.rest(self._trimmed):
            stream = record.key.decode()
            bounds[stream] = max(bounds.get(stream, 0), int(record.value))

    async def _or_silent(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Asks until the brokers answer; Unavailable once the log is closed."""
        while not self._closed.is_set():
            work = asyncio.ensure_future(ask())
            closed = asyncio.ensure_future(self._closed.wait())
            try:
                await asyncio.wait([work, closed], return_when=asyncio.FIRST_COMPLETED)
                if work.done():
                    return work.result()
            except FanzhaError:
                raise
            except (KafkaError, OSError, TimeoutError):
                self._answers = False
                await asyncio.sleep(0.1)
            finally:
                for task in (work, closed):
                    if not task.done():
                        task.cancel()
                        with contextlib.suppress(asyncio.CancelledError, KafkaError):
                            await task
        raise log_silent()

    async def last(self) -> int:
        return await self._or_silent(lambda: self._probe.end(self._order))

    async def trim(self, stream: str, before: datetime) -> None:
        """Notes the bound first: a reader must never take what is deleted for a loss.

        Deletion is the brokers' (`DeleteRecords`); where one does not know it, the rows stay until
        the topic's own retention and no reader of ours shows them.
        """
        checked_stream(stream)
        before_ms = int(before.timestamp() * 1000)
        try:
            bound = await self._probe.at_time(self._order, before_ms)
            assert self._producer is not None
            await self._producer.send_and_wait(
                self._trimmed.topic, str(bound).encode(), key=stream.encode(), partition=0
            )
        except (KafkaError, OSError, TimeoutError) as error:
            raise log_silent() from error
        partition = TopicPartition(self._topic(stream), 0)
        try:
            await self._topic_of(stream)
            offset = await self._probe.at_time(partition, before_ms - _SLACK_MS)
            if offset and self._admin is not None:
                await self._admin.delete_records({partition: RecordsToDelete(before_offset=offset)})
        except (KafkaError, OSError, TimeoutError) as error:
            _log.warning("%s was trimmed, not deleted: %s", stream, type(error).__name__)

    @property
    def _probe(self) -> Consumer:
        if self._asking is None or self._closed.is_set():
            raise log_silent()
        return self._asking

    async def close(self) -> None:
        self._closed.set()
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError, KafkaError, FanzhaError):
                await self._following
        await self._disconnect()

    async def _disconnect(self) -> None:
        closing = []
        if self._asking is not None:
            closing.append(self._asking.close())
        if self._producer is not None:
            closing.append(self._producer.stop())
        if self._admin is not None:
            closing.append(self._admin.close())
        for one in closing:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                await one


def _now() -> float:
    return asyncio.get_running_loop().time()


def _wall_ms() -> int:
    return int(time.time() * 1000)

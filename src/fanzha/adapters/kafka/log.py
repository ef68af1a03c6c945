"""The event log on Kafka topics: one order, batches beside it, positions of our own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import pyarrow as pa
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from fanzha.adapters.kafka.following import Follower
from fanzha.adapters.kafka.order import (
    Recognised,
    Reference,
    Strays,
    bound_of,
    checked_key,
    checked_sender,
    checked_stream,
)
from fanzha.adapters.kafka.reading import Consumer, Gap, Record
from fanzha.adapters.kafka.settings import KafkaSettings, made
from fanzha.errors import FanzhaError, Misconfigured
from fanzha.ports.event_log import LogEntry, LogLost, log_silent, log_unsure
from fanzha.records.batches import decode, parts

__all__ = ["KafkaLog", "KafkaSettings"]

_log = logging.getLogger("fanzha.kafka")
_PING_S = 1.0
_SLACK_MS = 60_000
"""A batch is stored a moment before its reference; deletion stays so far behind the bound."""
T = TypeVar("T")


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
        self._strays = Strays(settings.prefix)
        self._follower = Follower(
            self._order, self._topic, self._recognised, self._strays, settings.absent_s,
            time.monotonic,
        )  # fmt: skip
        self._following: asyncio.Task[None] | None = None
        self._appending = asyncio.Lock()
        self._answers = False
        self._closed = asyncio.Event()

    @property
    def up(self) -> bool:
        """Whether brokers answer and the order is followed: without that, keys are not known."""
        followed = self._following is not None and not self._following.done()
        return self._answers and followed and not self._closed.is_set()

    @property
    def passed_over(self) -> int:
        """Records under our topics that are no entries, as far as this process has come by them."""
        return self._strays.count

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
        await made(self._admin, topic, self._settings.replicas, configs)

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
                self._follower.newest = max(self._follower.newest, position)
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
        while self._follower.settled_to < position:
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
        probe, follower = self._probe, self._follower
        try:
            last = await follower.begin(probe, _wall_ms() - self._span_ms)
            while not self._closed.is_set():
                if follower.read_to >= last and not ready.done():
                    ready.set_result(None)
                try:
                    await follower.step(probe, _PING_S if ready.done() else 0.1)
                    self._answers = await probe.alive()
                except (KafkaError, OSError, TimeoutError):
                    self._answers = False
                    await asyncio.sleep(0.1)
        except Exception as error:
            _log.critical("the order is not followed any more: %s", type(error).__name__)
            raise

    async def read(self, after: int) -> AsyncIterator[LogEntry]:
        if (end := await self._end()) < after:
            raise LogLost(after, end)
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
                came = _now()
                await self._or_silent(lambda: self._learn(reader, bounds))
                for record in page:
                    position = record.offset + 1
                    entry = await self._entry(reader, record, after, bounds, seen, came)
                    if entry is not None:
                        yield entry
                if not page and self.up and (end := await self._end()) < position:
                    raise LogLost(position, end)
        finally:
            await reader.close()

    async def _entry(
        self, reader: Consumer, record: Record, after: int, bounds: Mapping[str, int],
        seen: Recognised, came: float,
    ) -> LogEntry | None:  # fmt: skip
        """What a record of the order that `came` at an instant tells; None where it is nothing new.
        The key of a reference to nothing is nobody's."""
        position = record.offset + 1
        reference = Reference.decode(record.value, record.timestamp)
        if reference is None:
            self._strays.note(self._order.topic, record.offset, "no reference")
            return None
        if seen.position(reference.key, record.timestamp) is not None:
            return None
        partition = TopicPartition(self._topic(reference.stream), 0)
        if position <= max(after, bounds.get(reference.stream, 0)):
            if await self._or_silent(lambda: reader.stands(partition, reference.offset)):
                seen.note(reference.key, position, record.timestamp)
            return None
        batch = await self._batch(reader, partition, reference.offset, record, came)
        if batch is None:
            return None
        seen.note(reference.key, position, record.timestamp)
        return LogEntry(
            position=position,
            stream=reference.stream,
            batch=batch,
            appended_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
            sender=reference.sender,
        )

    async def _batch(
        self, consumer: Consumer, partition: TopicPartition, offset: int, record: Record,
        came: float,
    ) -> pa.RecordBatch | None:  # fmt: skip
        """What a reference names; None where it never named a batch. LogLost where it did, and the
        batch is gone."""
        found = await self._or_silent(lambda: consumer.one(partition, offset))
        if found is Gap.NEVER and _wall_ms() - record.timestamp < _SLACK_MS:
            # A broker that has just taken over may know a moment later how far it has come.
            with contextlib.suppress(TimeoutError):
                left = max(0.0, came + self._settings.absent_s - _now())
                await asyncio.wait_for(self._closed.wait(), left)
            found = await self._or_silent(lambda: consumer.one(partition, offset))
        if found is Gap.DELETED:
            oldest = await self._or_silent(lambda: consumer.oldest(partition))
            if oldest is None or record.timestamp <= oldest + _SLACK_MS:
                raise LogLost(record.offset, record.offset + 1)
        if isinstance(found, bytes):
            try:
                return decode(found)
            except (pa.ArrowException, OSError, ValueError, StopIteration):
                pass  # no batch of ours, whoever named it
        why = "its batch is none" if isinstance(found, bytes) else "its batch does not exist"
        self._strays.note(self._order.topic, record.offset, why)
        return None

    async def _learn(self, consumer: Consumer, bounds: dict[str, int]) -> None:
        """Take in what has been trimmed since the last look. A bound beyond the order's end was
        never written by us: it would hide what is still to come."""
        records = await consumer.rest(self._trimmed)
        end = await consumer.end(self._order) if records else 0
        for record in records:
            found = bound_of(record.key, record.value)
            if found is None or found[1] > end:
                self._strays.note(self._trimmed.topic, record.offset, "no bound")
            else:
                bounds[found[0]] = max(bounds.get(found[0], 0), found[1])

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
        end, follower = await self._end(), self._follower
        # What stands behind the newest entry may be no entry: nobody should wait for it.
        return end if follower.settled_to < end else min(end, follower.newest)

    async def _end(self) -> int:
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
            await asyncio.wait([self._following])
            if not self._following.cancelled():
                self._following.exception()  # said when it ended
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

"""Reading Kafka partitions by offsets of our own: no group, no commits, nothing kept at brokers."""

from __future__ import annotations

import enum
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

__all__ = ["Consumer", "Gap", "Record"]

_FETCH = 16 << 20
_PAGE = 2_000
_ANSWER_MS = 10_000
_TRIES = 10


class Gap(enum.Enum):
    """Why there is no record at an offset."""

    DELETED = "deleted"
    """It is older than the oldest kept."""
    NEVER = "never"
    """The partition ends before it, or there is no such topic."""


class Record(NamedTuple):
    """A record as a broker keeps it; its timestamp is in ms, UTC."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes


class Consumer:
    """One connection that reads any partitions, each from where it is asked."""

    def __init__(self, servers: str) -> None:
        self._client = AIOKafkaConsumer(
            bootstrap_servers=servers,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=_FETCH,
            fetch_max_wait_ms=100,
        )
        self._next: dict[TopicPartition, int] = {}
        self._topics: frozenset[str] = frozenset()
        self._reached: dict[TopicPartition, int] = {}

    async def start(self) -> None:
        await self._client.start()

    async def close(self) -> None:
        await self._client.stop()

    def assign(self, partition: TopicPartition) -> None:
        """Read this partition too."""
        if partition not in self._client.assignment():
            self._client.assign([*self._client.assignment(), partition])
            # A new assignment forgets where the others stood.
            for other, offset in self._next.items():
                self._client.seek(other, offset)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """The next record read is this one."""
        self.assign(partition)
        self._client.seek(partition, offset)
        self._next[partition] = offset

    async def page(self, partition: TopicPartition, seconds: float) -> list[Record]:
        """What comes next, up to a page; empty when nothing came for so long."""
        found = await self._client.getmany(
            partition, timeout_ms=int(1000 * seconds), max_records=_PAGE
        )
        page = [
            Record(r.offset, r.timestamp, r.key or b"", r.value or b"")
            for r in found.get(partition, [])
        ]
        if page:
            self._next[partition] = page[-1].offset + 1
        return page

    async def one(self, partition: TopicPartition, offset: int) -> bytes | Gap:
        """The record at an offset, or why it is not there."""
        if self._next.get(partition) != offset:
            if (gap := await self._gap(partition, offset)) is not None:
                return gap
            self.seek(partition, offset)
        for _ in range(_TRIES):
            found = await self._client.getmany(
                partition, timeout_ms=_ANSWER_MS // _TRIES, max_records=1
            )
            if records := found.get(partition):
                self._next[partition] = records[0].offset + 1
                same = records[0].offset == offset
                return bytes(records[0].value or b"") if same else Gap.DELETED
            if (gap := await self._gap(partition, offset)) is not None:
                return gap
        raise TimeoutError

    async def _gap(self, partition: TopicPartition, offset: int) -> Gap | None:
        """Why nothing stands at an offset; None where something does."""
        if not await self.stands(partition, offset):
            return Gap.NEVER
        return Gap.DELETED if offset < await self.first(partition) else None

    async def stands(self, partition: TopicPartition, offset: int) -> bool:
        """Whether a partition has ever come as far as this."""
        if offset >= self._reached.get(partition, 0):
            self._reached[partition] = await self.reach(partition)
        return offset < self._reached[partition]

    async def reach(self, partition: TopicPartition) -> int:
        """How far a partition has come; 0 where there is no such topic. An unknown one is not asked
        for: some brokers would make it."""
        if partition.topic not in self._topics:
            self._topics = frozenset(await self._client.topics())
        return await self.end(partition) if partition.topic in self._topics else 0

    async def oldest(self, partition: TopicPartition) -> int | None:
        """When the oldest record kept was stored, in ms UTC; None where none is kept."""
        first = await self.first(partition)
        if first >= await self.end(partition):
            return None
        self.seek(partition, first)
        page = await self.page(partition, _ANSWER_MS / 1000)
        if not page:
            raise TimeoutError
        return page[0].timestamp

    async def rest(self, partition: TopicPartition) -> list[Record]:
        """Everything from where reading stands to the end as it is now."""
        if partition not in self._next:
            self.seek(partition, await self.first(partition))
        end = await self.end(partition)
        records: list[Record] = []
        while self._next[partition] < end:
            page = await self.page(partition, 1.0)
            if not page:
                break
            records += page
        return records

    async def first(self, partition: TopicPartition) -> int:
        """Offset of the oldest record kept."""
        self.assign(partition)
        return int((await self._client.beginning_offsets([partition]))[partition])

    async def end(self, partition: TopicPartition) -> int:
        """Offset that the next record will have."""
        self.assign(partition)
        return int((await self._client.end_offsets([partition]))[partition])

    async def at_time(self, partition: TopicPartition, at_ms: int) -> int:
        """Offset of the first record stored at or after an instant; the end where there is none."""
        self.assign(partition)
        found = (await self._client.offsets_for_times({partition: max(at_ms, 0)}))[partition]
        if found is None or found.timestamp < 0:
            return await self.end(partition)
        return int(found.offset)

    async def key_horizon(self, partition: TopicPartition, offset: int, span_ms: int) -> int:
        """Where to begin, so that every key within a span before the record at `offset` is seen."""
        first = await self.first(partition)
        if offset <= first:
            return first
        self.seek(partition, offset - 1)
        page = await self.page(partition, _ANSWER_MS / 1000)
        if not page:
            raise TimeoutError
        return max(first, min(offset, await self.at_time(partition, page[0].timestamp - span_ms)))

    async def alive(self) -> bool:
        """Whether a broker answers now."""
        return bool(await self._client._client.force_metadata_update())

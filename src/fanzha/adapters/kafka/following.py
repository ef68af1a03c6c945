"""Following the order topic beside all readers: keys of others' appends, and where it ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from aiokafka import TopicPartition

from fanzha.adapters.kafka.order import Recognised, Reference, Strays
from fanzha.adapters.kafka.reading import Consumer, Record

__all__ = ["Follower"]

_BACK = 500
"""Records looked at in one go, walking back from the end to the newest entry."""


class _Waiting(NamedTuple):
    """A reference whose batch has not been seen to stand."""

    record: Record
    reference: Reference
    since: float


class Follower:
    """Reads every reference once. An entry counts as one when its batch is seen to stand: the key
    of a reference to nothing is nobody's, and keeps no append away."""

    def __init__(
        self, order: TopicPartition, topic: Callable[[str], str], recognised: Recognised,
        strays: Strays, absent_s: float, clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self._order = order
        self._topic = topic
        self._recognised = recognised
        self._strays = strays
        self._absent_s = absent_s
        self._clock = clock
        self._unproven: deque[_Waiting] = deque()
        self.read_to = 0
        """Position up to which references were read."""
        self.newest = 0
        """Position of the newest entry that is known to be one."""

    @property
    def settled_to(self) -> int:
        """Up to here it is known of every record whether it is an entry."""
        return self._unproven[0].record.offset if self._unproven else self.read_to

    async def begin(self, probe: Consumer, since_ms: int) -> int:
        """Find the newest entry before an instant; gives the end as it is now."""
        end = await probe.end(self._order)
        since = await probe.at_time(self._order, since_ms)
        self.newest = await self._newest_before(probe, since)
        probe.seek(self._order, since)
        self.read_to = since
        return end

    async def _newest_before(self, probe: Consumer, offset: int) -> int:
        first = await probe.first(self._order)
        while offset > first:
            begin = max(first, offset - _BACK)
            probe.seek(self._order, begin)
            found: list[tuple[int, Reference]] = []
            while begin < offset and (page := await probe.page(self._order, 1.0)):
                begin = page[-1].offset + 1
                read = ((r.offset, Reference.decode(r.value)) for r in page if r.offset < offset)
                found += [(at, reference) for at, reference in read if reference is not None]
            for at, reference in reversed(found):
                if reference.offset < await probe.reach(self._of(reference)):
                    return at + 1
            offset = max(first, offset - _BACK)
        return 0

    async def step(self, probe: Consumer, seconds: float) -> None:
        """Take in what comes next, waiting so long for it."""
        for record in await probe.page(self._order, seconds):
            self.read_to = record.offset + 1
            reference = Reference.decode(record.value, record.timestamp)
            if reference is None:
                self._strays.note(self._order.topic, record.offset, "no reference")
            else:
                self._unproven.append(_Waiting(record, reference, self._clock()))
        await self._prove(probe)

    async def _prove(self, probe: Consumer) -> None:
        """A batch is stored before its reference, though a broker that has just taken over may know
        it a moment later: what is not there by then is not coming."""
        waiting = deque(self._unproven)
        reach: dict[TopicPartition, int] = {}
        for one in self._unproven:
            partition = self._of(one.reference)
            if partition not in reach:
                reach[partition] = await probe.reach(partition)
            if one.reference.offset < reach[partition]:
                position = one.record.offset + 1
                if self._recognised.note(one.reference.key, position, one.record.timestamp):
                    self.newest = max(self.newest, position)
            elif self._clock() - one.since < self._absent_s:
                break
            else:
                self._strays.note(self._order.topic, one.record.offset, "its batch does not exist")
            waiting.popleft()
        self._unproven = waiting

    def _of(self, reference: Reference) -> TopicPartition:
        return TopicPartition(self._topic(reference.stream), 0)

"""The durable log every event passes through before it is scored: one total order, no losses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import pyarrow as pa

from fanzha.errors import Misconfigured, Unavailable, Uncertain


class LogLost(Misconfigured):
    """Entries that were acknowledged are not there any more, though nobody trimmed them.

    The positions a reader has counted no longer mean what they meant. A person must decide:
    restore the log, or begin again from a known state.
    """

    def __init__(self, after: int, found: int) -> None:
        super().__init__(
            "log_lost",
            zh=f"事件日志在位置 {after} 之后缺少已确认的记录（现有位置 {found}），请人工处理",
            en=f"the event log lost acknowledged entries after position {after} (found {found})",
        )
        self.after = after
        self.found = found


def log_silent() -> Unavailable:
    """What every log says when nobody answers and nothing was sent."""
    return Unavailable(
        "log_unavailable",
        zh="事件日志没有应答，未写入任何内容",
        en="the event log does not answer; nothing was stored",
    )


def log_unsure() -> Uncertain:
    """What every log says when a batch was sent and nobody confirmed it."""
    return Uncertain(
        "log_uncertain",
        zh="事件日志没有确认，可能已写入；请用同一个键重试",
        en="the event log did not confirm; repeat under the same key",
    )


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One appended batch, or one part of a batch that was too large for a single entry."""

    position: int
    """Counts up over all streams; never repeats; may skip numbers that were trimmed."""
    stream: str
    batch: pa.RecordBatch
    appended_at: datetime
    """When the log stored it (UTC): the log's clock, not the events'."""
    sender: str


class EventLog(Protocol):
    """Appends are acknowledged from disk. Readers keep their own position; the log keeps none."""

    @property
    def up(self) -> bool:
        """Whether the log answers at this moment."""
        ...

    @property
    def passed_over(self) -> int:
        """How many records that somebody else left among ours this process has passed over."""
        ...

    async def start(self) -> None:
        """Connect. Unavailable when the log does not answer, Misconfigured when it refuses us."""
        ...

    async def append(
        self, stream: str, batch: pa.RecordBatch, key: str, sender: str = "local"
    ) -> int:
        """Store a batch; returns its position once it is on disk.

        The same key again within the window of recognition gives the same position and stores
        nothing. Unavailable: nothing was stored. Uncertain: it may have been; append again under
        the same key. Refused: the batch is empty, or one of its rows is larger than an entry.
        """
        ...

    def read(self, after: int) -> AsyncIterator[LogEntry]:
        """Entries of all streams with a position above `after`, in order; waits for new ones.

        Skips what was trimmed. LogLost when something else is missing.
        """
        ...

    async def last(self) -> int:
        """The newest position; 0 while the log is empty."""
        ...

    async def trim(self, stream: str, before: datetime) -> None:
        """Remove the entries of one stream that were appended before an instant."""
        ...

    async def close(self) -> None:
        """Let go of the log: readers end with Unavailable, appends under way with Uncertain."""
        ...

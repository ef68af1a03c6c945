"""The way of every batch into the event log: admit, seal, append, keep what was refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from fanzha.adapters.postgres.quarantine import Quarantine, RefusedRow
from fanzha.ports.event_log import EventLog
from fanzha.ports.sealer import Sealer
from fanzha.records.chunk import Chunk
from fanzha.records.door import admit
from fanzha.records.quarantine import Refusal
from fanzha.records.sealed import seal_personal

SHOWN_MAX = 100
"""Refused rows that an answer names."""


@dataclass
class Taken:
    """What became of the rows that came."""

    received: int = 0
    accepted: int = 0
    position: int | None = None
    """In the event log; None when no row was accepted."""
    refused: list[Refusal] = field(default_factory=list)
    """The first `SHOWN_MAX` of them; all are in quarantine."""
    unknown_columns: set[str] = field(default_factory=set)


class Door:
    """Takes rows in: accepted ones are on disk, refused ones kept, when `take_in` returns."""

    def __init__(
        self,
        log: EventLog,
        quarantine: Quarantine,
        sealer: Sealer,
        now: Callable[[], datetime],
    ) -> None:
        self._log = log
        self._quarantine = quarantine
        self._sealer = sealer
        self._now = now

    async def take_in(self, stream: str, chunks: Iterable[Chunk], source: str, key: str) -> Taken:
        """`source` is the sender as known by its key; `key` names the batch, so that the same one
        sent again is stored once. Unavailable: nothing more was stored; send the same again."""
        taken = Taken()
        pieces = enumerate(chunks)
        # Reading is work too: the loop that serves everybody else does none of it.
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            n, chunk = piece
            batch, refused, unknown = await asyncio.to_thread(self._admit, stream, chunk, source)
            taken.received += batch.num_rows + len(refused)
            taken.unknown_columns |= unknown
            taken.refused += refused[: SHOWN_MAX - len(taken.refused)]
            if batch.num_rows:
                batch_key = f"{source}.{stream}.{key}.{n}"
                taken.position = await self._log.append(stream, batch, batch_key, sender=source)
                taken.accepted += batch.num_rows
            if refused:
                await asyncio.to_thread(self._keep, refused, source, key)
        return taken

    def _keep(self, refused: list[Refusal], source: str, key: str) -> None:
        rows = [as_refused_row(r, source, key) for r in refused]
        self._quarantine.add(rows, self._now())

    def _admit(
        self, stream: str, chunk: Chunk, source: str
    ) -> tuple[pa.RecordBatch, list[Refusal], set[str]]:
        found = admit(
            stream, chunk.table, source, now=self._now(), rows=chunk.rows, own_source_only=True
        )
        batch = seal_personal(stream, found.batch, self.seal)
        unknown = set(found.unknown_columns) | set(chunk.unknown_columns)
        return batch, chunk.refused + found.refused, unknown

    def seal(self, plain: str, context: str) -> str:
        """Sealed text for a column of the log."""
        return self._sealer.seal(plain, context).hex()


def as_refused_row(refusal: Refusal, source: str, batch: str) -> RefusedRow:
    """A refusal as the quarantine keeps it; `batch` names the delivery."""
    return RefusedRow(
        refusal.stream,
        refusal.source or source,
        refusal.row,
        refusal.code,
        refusal.field,
        refusal.zh,
        refusal.en,
        refusal.raw if refusal.raw is not None else "",
        batch,
    )

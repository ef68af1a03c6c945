"""Takes in what feeders published over NATS, through the same door as everything else."""

from __future__ import annotations

import asyncio
import logging

import numpy as np
import pyarrow as pa

from fanzha.adapters.nats.intake import Intake, Parcel
from fanzha.adapters.postgres.operators import Operators
from fanzha.adapters.postgres.quarantine import Quarantine, RefusedRow
from fanzha.entrypoints.door import Door
from fanzha.errors import Refused, Unavailable, Uncertain
from fanzha.records.chunk import CHUNK_ROWS, Chunk

_log = logging.getLogger("fanzha.intake")
_RETRY_S = 1.0


async def run(intake: Intake, door: Door, operators: Operators, quarantine: Quarantine) -> None:
    """Until cancelled. A parcel is let go of only when its rows are in the log or kept."""
    await intake.start()
    async for parcel in intake.read():
        while True:
            try:
                await _take_in(parcel, door, operators, quarantine)
                await intake.taken(parcel)
                break
            except (Unavailable, Uncertain) as error:
                _log.warning("a parcel waits: %s", error.code)
                await asyncio.sleep(_RETRY_S)


async def _take_in(
    parcel: Parcel, door: Door, operators: Operators, quarantine: Quarantine
) -> None:
    try:
        streams = await asyncio.to_thread(operators.streams_of, parcel.sender)
        if parcel.stream not in streams:
            raise Refused(
                "stream_not_yours",
                zh="这个发送方不能发送该数据流",
                en="this sender may not send this stream",
                field="stream",
            )
        chunks = _chunks(parcel.open())
    except Refused as error:
        row = RefusedRow(
            parcel.stream, parcel.sender, 0, error.code, error.field, error.zh, error.en,
            "", parcel.key,
        )  # fmt: skip
        await asyncio.to_thread(quarantine.add, [row], parcel.arrived_at)
        return
    await door.take_in(parcel.stream, chunks, parcel.sender, parcel.key)


def _chunks(batch: pa.RecordBatch) -> list[Chunk]:
    return [
        Chunk(
            pa.Table.from_batches([piece]),
            np.arange(start + 1, start + 1 + piece.num_rows, dtype=np.int64),
        )
        for start in range(0, batch.num_rows, CHUNK_ROWS)
        for piece in [batch.slice(start, CHUNK_ROWS)]
    ]

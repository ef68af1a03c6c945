"""The door for feeders that speak NATS: Arrow batches on `in.<stream>.<sender>`, kept until taken.

A feeder's batch is acknowledged from disk at once and waits in a stream of its own. Whoever reads
it admits the rows, appends them to the event log under the parcel's key and then says `taken`;
a crash in between repeats the append under the same key, so nothing is lost or stored twice.
See docs/streams.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

import nats.errors
import pyarrow as pa
from nats.aio.client import Client
from nats.js import api
from nats.js.errors import APIError, NotFoundError

from fanzha.adapters.nats.log import LogSettings, connect, disconnect
from fanzha.adapters.nats.reading import Reading
from fanzha.adapters.nats.wire import decode_foreign
from fanzha.errors import Unavailable

STREAM = "INTAKE"
_PREFIX = "in"
_BELL = "inbell"


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a feeder sent. `sender` is who signed in, not what the rows say."""

    sequence: int
    stream: str
    sender: str
    arrived_at: datetime
    payload: bytes

    @property
    def key(self) -> str:
        """Under which its rows are appended to the event log."""
        return f"intake-{self.arrived_at.isoformat()}-{self.sequence}"

    def open(self) -> pa.RecordBatch:
        """Its rows, every byte checked; Refused when it is not Arrow, or has no row."""
        return decode_foreign(self.payload)


class Intake:
    """Parcels in the order they arrived, each until it is said to be taken."""

    def __init__(self, settings: LogSettings) -> None:
        self._settings = settings
        self._client: Client | None = None

    async def start(self) -> None:
        """Connect and make sure that feeders are heard."""
        self._client = await connect(self._settings)
        jetstream = self._client.jetstream()
        try:
            await jetstream.stream_info(STREAM)
        except NotFoundError:
            await jetstream.add_stream(
                api.StreamConfig(
                    name=STREAM,
                    subjects=[f"{_PREFIX}.*.*"],
                    storage=api.StorageType.FILE,
                    discard=api.DiscardPolicy.NEW,
                    max_bytes=self._settings.max_bytes,
                    duplicate_window=self._settings.recognised_s,
                    allow_direct=True,
                    republish=api.RePublish(
                        src=f"{_PREFIX}.>", dest=f"{_BELL}.>", headers_only=True
                    ),
                )
            )

    async def read(self) -> AsyncIterator[Parcel]:
        """Parcels not yet taken, oldest first; waits for new ones."""
        try:
            async for message in Reading(self._connected, STREAM, _PREFIX, _BELL).follow(0):
                if message is not None:
                    yield Parcel(
                        sequence=message.sequence,
                        stream=message.stream,
                        sender=message.sender,
                        arrived_at=message.at,
                        payload=message.payload,
                    )
        except nats.errors.ConnectionClosedError as error:
            raise _silent() from error

    async def taken(self, parcel: Parcel) -> None:
        """Its rows are in the event log, or in quarantine: let go of it."""
        try:
            await self._connected.jetstream().delete_msg(STREAM, parcel.sequence)
        except APIError as error:
            if "no message found" not in (error.description or ""):
                raise _silent() from error
            # else it was let go already, before a crash
        except nats.errors.Error as error:
            raise _silent() from error

    async def close(self) -> None:
        if self._client is not None:
            await disconnect(self._client)

    @property
    def _connected(self) -> Client:
        if self._client is None:
            raise _silent()
        return self._client


def _silent() -> Unavailable:
    return Unavailable(
        "intake_unavailable",
        zh="NATS 没有应答，来件仍保留",
        en="NATS does not answer; what feeders sent is kept",
    )

"""The event log on JetStream: appends acknowledged from disk, reads by positions of our own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import nats
import nats.errors
import pyarrow as pa
from nats.aio.client import Client
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NoStreamResponseError, NotFoundError

from fanzha.adapters.nats.reading import Reading
from fanzha.adapters.nats.wire import Stored, message_id, token
from fanzha.errors import Misconfigured, Unavailable
from fanzha.ports.event_log import LogEntry, LogLost, log_silent, log_unsure
from fanzha.records.batches import decode, parts

_log = logging.getLogger("fanzha.nats")

STREAM = "EVENTS"
_PREFIX = "events"
_BELL = "bell"
_TRIMMED_TO = "fanzha_trimmed_to"
"""Stream metadata: up to this sequence, missing messages were removed by us."""
_FULL = frozenset({10023, 10047, 10077, 10122})
"""JetStream error codes: resources, storage, stream bytes and message size exceeded."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Where the server is, and how long to insist."""

    url: str
    user: str
    password: str
    max_bytes: int = -1
    """Size at which the log refuses to grow; -1: only the server's own limit."""
    recognised_s: float = 600.0
    """How long a key is recognised. Longer than any retry of ours."""
    patience_s: float = 30.0
    """How long an append is repeated before it gives up."""
    try_s: float = 2.0
    """How long one publish waits for its acknowledgement."""


class JetStreamLog:
    """Implements `EventLog`. One instance serves any number of appends and readers at a time."""

    def __init__(self, settings: LogSettings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self._alarm: str | None = None

    @property
    def up(self) -> bool:
        return self._client is not None and self._client.is_connected

    @property
    def passed_over(self) -> int:
        return 0

    @property
    def alarm(self) -> str | None:
        """Why the log refuses to grow, while it does; None when all is well."""
        return self._alarm

    async def start(self) -> None:
        self._client = await connect(self._settings)
        deadline = _now() + self._settings.patience_s
        while True:
            try:
                await self._ensure_stream()
                return
            except APIError as error:
                if error.code == 400 or _now() > deadline:
                    raise Misconfigured(
                        "log_not_made",
                        zh=f"无法建立事件日志：JetStream 错误 {error.err_code}",
                        en=f"the event log cannot be made: JetStream error {error.err_code}",
                    ) from error
            except nats.errors.Error as error:
                if _now() > deadline:
                    raise log_silent() from error
            await asyncio.sleep(0.1)

    async def _ensure_stream(self) -> None:
        try:
            await self._jetstream.stream_info(STREAM)
        except NotFoundError:
            await self._jetstream.add_stream(
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
                    metadata={_TRIMMED_TO: "0"},
                )
            )

    async def append(
        self, stream: str, batch: pa.RecordBatch, key: str, sender: str = "local"
    ) -> int:
        subject = f"{_PREFIX}.{token(stream, 'stream')}.{token(sender, 'sender')}"
        position = 0
        for part_key, payload in parts(batch, key, self._connected.max_payload):
            position = await self._publish(subject, payload, message_id(part_key))
        return position

    async def _publish(self, subject: str, payload: bytes, id: str) -> int:
        """Repeats under the same id until the server says where it stored the message."""
        deadline = _now() + self._settings.patience_s
        sent = False
        while True:
            try:
                if self._connected.is_connected:
                    sent = True
                    acknowledged = await self._jetstream.publish(
                        subject,
                        payload,
                        timeout=self._settings.try_s,
                        stream=STREAM,
                        headers={api.Header.MSG_ID.value: id},
                    )
                    self._alarm = None
                    return int(acknowledged.seq)
            except APIError as error:
                if error.err_code in _FULL:
                    raise self._full(error) from error
            except (nats.errors.Error, NoStreamResponseError):
                pass  # not answered: the server may be restarting, and the id makes repeating safe
            if self._connected.is_closed or _now() > deadline:
                raise log_unsure() if sent else log_silent()
            await asyncio.sleep(0.05)

    def _full(self, error: APIError) -> Unavailable:
        self._alarm = f"JetStream {error.err_code}: {error.description}"
        _log.critical("the event log is full and refuses events: %s", self._alarm)
        return Unavailable(
            "log_full",
            zh="事件日志已达到存储上限，未写入；请扩容或清理",
            en="the event log is at its storage limit and stored nothing; give it room",
        )

    async def read(self, after: int) -> AsyncIterator[LogEntry]:
        if (last := await self.last()) < after:
            raise LogLost(after, last)
        position = after
        async for message in self._follow(after):
            if message is None:
                if self.up and (last := await self.last()) < position:
                    raise LogLost(position, last)
                continue
            if message.sequence > position + 1:
                await self._expect_trimmed(position, message.sequence)
            position = message.sequence
            yield LogEntry(
                position=position,
                stream=message.stream,
                batch=decode(message.payload),
                appended_at=message.at,
                sender=message.sender,
            )

    async def _follow(self, after: int) -> AsyncIterator[Stored | None]:
        try:
            async for message in Reading(self._connected, STREAM, _PREFIX, _BELL).follow(after):
                yield message
        except nats.errors.ConnectionClosedError as error:
            raise log_silent() from error

    async def _expect_trimmed(self, after: int, found: int) -> None:
        if found - 1 > await self._trimmed_to():
            raise LogLost(after, found)

    async def _trimmed_to(self) -> int:
        info = await self._info()
        return int((info.config.metadata or {}).get(_TRIMMED_TO, "0"))

    async def last(self) -> int:
        return int((await self._info()).state.last_seq)

    async def _info(self) -> api.StreamInfo:
        deadline = _now() + self._settings.patience_s
        while True:
            try:
                return await self._jetstream.stream_info(STREAM)
            except NotFoundError as error:
                raise LogLost(0, 0) from error
            except nats.errors.ConnectionClosedError as error:
                raise log_silent() from error
            except nats.errors.Error as error:
                if _now() > deadline:
                    raise log_silent() from error
            await asyncio.sleep(0.1)

    async def trim(self, stream: str, before: datetime) -> None:
        """Notes the bound first: a reader must never take what we remove for a loss."""
        try:
            await self._trim(stream, before)
        except nats.errors.Error as error:
            raise log_silent() from error

    async def _trim(self, stream: str, before: datetime) -> None:
        bound = await self._first_since(before)
        info = await self._info()
        metadata = dict(info.config.metadata or {})
        if int(metadata.get(_TRIMMED_TO, "0")) < bound - 1:
            metadata[_TRIMMED_TO] = str(bound - 1)
            await self._jetstream.update_stream(info.config.evolve(metadata=metadata))
        await self._jetstream.purge_stream(
            STREAM, seq=bound, subject=f"{_PREFIX}.{token(stream, 'stream')}.*"
        )

    async def _first_since(self, instant: datetime) -> int:
        reading = Reading(self._connected, STREAM, _PREFIX, _BELL)
        start = instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
        page = await reading.page({"start_time": start, "batch": 1})
        return page[0].sequence if page else await self.last() + 1

    async def close(self) -> None:
        if self._client is not None:
            await disconnect(self._client)

    @property
    def _connected(self) -> Client:
        if self._client is None:
            raise log_silent()
        return self._client

    @property
    def _jetstream(self) -> JetStreamContext:
        return self._connected.jetstream(timeout=self._settings.try_s)


async def disconnect(client: Client) -> None:
    """Close for good. The client's reconnecting loses a cancellation that meets a refused
    connection; left running, it would keep the process from ending. What it had still to say to a
    server that has gone is lost: no reason to raise from whoever is ending."""
    with contextlib.suppress(OSError):
        await client.close()
    reconnecting: asyncio.Task[None] | None = client._reconnection_task
    while reconnecting is not None and not reconnecting.done():
        reconnecting.cancel()
        await asyncio.wait([reconnecting], timeout=0.1)


async def connect(settings: LogSettings) -> Client:
    """A connection that comes back by itself for as long as it is not closed."""

    refused: list[Exception] = []

    async def note(error: Exception) -> None:
        if isinstance(error, nats.errors.AuthorizationError) or "Authorization" in str(error):
            refused.append(error)
        _log.debug("nats: %s", type(error).__name__)

    try:
        return await asyncio.wait_for(
            nats.connect(
                settings.url,
                user=settings.user,
                password=settings.password,
                inbox_prefix=f"_INBOX_{token(settings.user, 'user')}",
                max_reconnect_attempts=-1,
                reconnect_time_wait=0.1,
                connect_timeout=2,
                pending_size=64 << 20,
                error_cb=note,
            ),
            settings.patience_s,
        )
    except (TimeoutError, nats.errors.Error, OSError) as error:
        if refused:
            raise Misconfigured(
                "log_refuses_us",
                zh="事件日志拒绝了我们的账号或密码",
                en="the event log refuses our user or password",
                field="nats_password",
            ) from error
        raise log_silent() from error


def _now() -> float:
    return asyncio.get_running_loop().time()

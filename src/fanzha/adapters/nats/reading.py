"""Reading a JetStream stream by positions of our own: no consumer, no broker acknowledgements.

The server is asked for "the messages from this sequence on" (direct get, in batches), so there is
nothing on its side that a crash could lose. A republished header rings when something new was
stored; a slow poll stands behind it, for rings that got lost.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from fanzha.adapters.nats.wire import Stored, stored

_BATCH = 256
_BATCH_BYTES = 16 << 20
_ANSWER_S = 2.0
_POLL_S = 1.0
_PAUSE_S = 0.1


class Reading:
    """Messages of one stream in order. `bell` is the subject prefix its headers are sent to."""

    def __init__(self, client: Client, stream: str, prefix: str, bell: str) -> None:
        self._client = client
        self._stream = stream
        self._filter = f"{prefix}.>"
        self._bell = f"{bell}.>"

    async def follow(self, after: int) -> AsyncIterator[Stored | None]:
        """Messages with a sequence above `after`; None when there was nothing for a while."""
        rung = asyncio.Event()

        async def ring(_: Msg) -> None:
            rung.set()

        listening = await self._client.subscribe(self._bell, cb=ring)
        try:
            while True:
                _heed_cancellation()
                rung.clear()
                page = await self._page_patiently(after + 1)
                for message in page:
                    after = message.sequence
                    yield message
                if not page and not await _within(rung, _POLL_S):
                    yield None
        finally:
            if not self._client.is_closed:
                await listening.unsubscribe()

    async def _page_patiently(self, sequence: int) -> list[Stored]:
        """Asks until the server answers; it may be restarting."""
        while True:
            _heed_cancellation()
            try:
                return await self.page({"seq": sequence, "batch": _BATCH})
            except nats.errors.ConnectionClosedError:
                raise
            except nats.errors.Error:
                await asyncio.sleep(_PAUSE_S)

    async def page(self, request: dict[str, Any]) -> list[Stored]:
        """One batch of a direct get: all of it, or its unbroken beginning. TimeoutError if none."""
        inbox = self._client.new_inbox()
        answers = await self._client.subscribe(inbox)
        question = {"next_by_subj": self._filter, "max_bytes": _BATCH_BYTES, **request}
        page: list[Stored] = []
        try:
            await self._client.publish(
                f"$JS.API.DIRECT.GET.{self._stream}", json.dumps(question).encode(), reply=inbox
            )
            while True:
                answer = await answers.next_msg(timeout=_ANSWER_S)
                headers = answer.headers or {}
                if "Status" in headers:
                    _check(headers)
                    return page
                if page and int(headers["Nats-Last-Sequence"]) != page[-1].sequence:
                    return page  # something fell out on the way to us: ask again from here
                page.append(stored(headers["Nats-Subject"], headers, answer.data))
        except nats.errors.TimeoutError:
            if page:
                return page
            raise
        finally:
            if not self._client.is_closed:
                await answers.unsubscribe()


def _check(headers: dict[str, str]) -> None:
    """204 ends a batch, 404 says that there is none; everything else is a server not ready yet."""
    if headers["Status"] not in ("204", "404"):
        raise nats.errors.Error(f"direct get answered {headers['Status']}")


def _heed_cancellation() -> None:
    """`asyncio.wait_for` of Python 3.11, which the client waits by, loses a cancellation that comes
    in the same moment as the answer: whoever asked us to end would wait for ever."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True

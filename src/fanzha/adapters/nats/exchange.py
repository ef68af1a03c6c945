"""Members of a group speak to each other over NATS: a message a step, asked for again if lost."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Sequence

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from fanzha.adapters.nats.log import LogSettings, connect, disconnect
from fanzha.ports.scorer_group import Epoch, GroupChanged

__all__ = ["NatsExchange"]

_HEAD = struct.Struct("<QIII")
"""Step, the member's place, piece, pieces."""
_PIECE = 512 << 10
_KEPT = 4
"""Steps whose own message is kept, for members that ask again: nobody is two behind."""
_ASK_AGAIN_S = 0.5


class NatsExchange:
    """Implements `Exchange`. Nothing here is durable: a group begins again from its snapshots."""

    def __init__(self, settings: LogSettings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self._listening: list[Subscription] = []
        self._epoch = Epoch(0, ())
        self._place = 0
        self._heard: dict[int, dict[int, dict[int, bytes]]] = {}
        self._pieces: dict[tuple[int, int], int] = {}
        self._said: dict[int, bytes] = {}
        self._came = asyncio.Event()
        self._abandoned = True

    async def join(self, epoch: Epoch, me: str) -> None:
        if self._client is None:
            self._client = await connect(self._settings)
        for subscription in self._listening:
            with contextlib.suppress(nats.errors.Error):
                await subscription.unsubscribe()
        self._epoch, self._place = epoch, epoch.members.index(me)
        self._heard, self._pieces, self._said = {}, {}, {}
        self._abandoned = False
        self._listening = [
            await self._client.subscribe(self._subject("said"), cb=self._hear),
            await self._client.subscribe(self._subject("asked"), cb=self._asked),
        ]
        await self._client.flush()

    def _subject(self, what: str) -> str:
        return f"group.{self._epoch.number}.{what}"

    async def gather(self, step: int, mine: bytes) -> Sequence[bytes]:
        self._said[step] = mine
        self._said.pop(step - _KEPT, None)
        await self._say(step, mine)
        others = [p for p in range(len(self._epoch.members)) if p != self._place]
        while True:
            self._came.clear()
            if self._abandoned:
                raise GroupChanged
            missing = [p for p in others if not self._whole(step, p)]
            if not missing:
                break
            try:
                await asyncio.wait_for(self._came.wait(), _ASK_AGAIN_S)
            except TimeoutError:
                await self._publish("asked", _HEAD.pack(step, self._place, 0, 0))
        heard = self._heard.pop(step, {})
        for old in [s for s in self._heard if s < step]:
            del self._heard[old]
        self._pieces = {k: n for k, n in self._pieces.items() if k[0] > step}
        return [
            mine if p == self._place else b"".join(heard[p][k] for k in sorted(heard[p]))
            for p in range(len(self._epoch.members))
        ]

    def _whole(self, step: int, place: int) -> bool:
        pieces = self._pieces.get((step, place))
        return pieces is not None and len(self._heard[step][place]) == pieces

    async def _say(self, step: int, mine: bytes) -> None:
        pieces = max(1, -(-len(mine) // _PIECE))
        for piece in range(pieces):
            head = _HEAD.pack(step, self._place, piece, pieces)
            await self._publish("said", head + mine[piece * _PIECE : (piece + 1) * _PIECE])

    async def _publish(self, what: str, payload: bytes) -> None:
        """What does not arrive is asked for again."""
        if self._client is not None:
            with contextlib.suppress(nats.errors.Error):
                await self._client.publish(self._subject(what), payload)

    async def _hear(self, message: Msg) -> None:
        if message.subject != self._subject("said") or len(message.data) < _HEAD.size:
            return
        step, place, piece, pieces = _HEAD.unpack_from(message.data)
        if place == self._place or place >= len(self._epoch.members):
            return
        self._heard.setdefault(step, {}).setdefault(place, {})[piece] = message.data[_HEAD.size :]
        self._pieces[step, place] = pieces
        self._came.set()

    async def _asked(self, message: Msg) -> None:
        if message.subject != self._subject("asked") or len(message.data) < _HEAD.size:
            return
        step, place, _, _ = _HEAD.unpack_from(message.data)
        if place != self._place and step in self._said:
            await self._say(step, self._said[step])

    def abandon(self) -> None:
        self._abandoned = True
        self._came.set()

    async def close(self) -> None:
        self.abandon()
        if self._client is not None:
            await disconnect(self._client)

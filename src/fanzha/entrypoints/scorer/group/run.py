"""A member's life: join, share, score; when the group changes, begin again where all had saved."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, Protocol

from fanzha.detection.engine import Engine
from fanzha.entrypoints.scorer.group.member import Member, Voice, share_of
from fanzha.entrypoints.scorer.group.snapshots import GroupSnapshots
from fanzha.errors import Unavailable
from fanzha.features.live import MakeFeatures
from fanzha.features.shared import SharedFeatures
from fanzha.ports.scorer_group import Epoch, Exchange, GroupChanged, Membership

__all__ = ["GroupScorer"]

_log = logging.getLogger("fanzha.scorer.group")
_BEAT_S = 1.0


class MakeEngine(Protocol):
    """Makes an engine over the windows it is given."""

    def __call__(self, features: MakeFeatures) -> Engine: ...


class GroupScorer:
    """Scores one log together with others of the group, for as long as it runs.

    `of_scorer` is what a scorer of this process needs besides engine and snapshots. The group
    agrees in the database; its members hear each other over `exchange`; snapshots lie in a folder
    that all reach.
    """

    def __init__(
        self,
        *,
        me: str,
        membership: Membership,
        exchange: Exchange,
        snapshots: GroupSnapshots,
        make_engine: MakeEngine,
        **of_scorer: Any,
    ) -> None:
        self._me = me
        self._membership = membership
        self._exchange = exchange
        self._snapshots = snapshots
        self._make_engine = make_engine
        self._of_scorer = of_scorer
        self._epoch = Epoch(0, ())
        self._changed = asyncio.Event()

    @property
    def epoch(self) -> Epoch:
        """The make-up of the group that this member goes by now."""
        return self._epoch

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Score until cancelled, then leave the group so that the others need not wait."""
        beating = asyncio.create_task(self._beat())
        beating.add_done_callback(lambda _: self._changed.set())
        try:
            while True:
                self._changed.clear()
                while not self._epoch.number and not beating.done():
                    await self._changed.wait()
                    self._changed.clear()
                if beating.done():  # it never ends by itself: the others take us for dead
                    beating.result()
                with contextlib.suppress(GroupChanged):
                    await self._one_epoch(self._epoch, ready)
        finally:
            beating.cancel()
            await asyncio.wait([beating])
            if not beating.cancelled():
                beating.exception()  # raised above, or overtaken by what ended us first
            with contextlib.suppress(Unavailable):
                await asyncio.to_thread(self._membership.leave, self._me)
            await self._exchange.close()

    async def _beat(self) -> None:
        """Say every second that this member lives. A database that is away changes nothing."""
        while True:
            try:
                epoch = await asyncio.to_thread(self._membership.beat, self._me)
            except Unavailable as error:
                _log.warning("waiting for the database: %s", error.code)
            else:
                if epoch.number != self._epoch.number:
                    self._epoch = epoch
                    self._changed.set()
                elif epoch.members[0] == self._me:
                    await asyncio.to_thread(self._snapshots.forget_before, epoch.number)
            await asyncio.sleep(_BEAT_S)

    async def _one_epoch(self, epoch: Epoch, ready: Callable[[], None]) -> None:
        await self._exchange.join(epoch, self._me)
        self._snapshots.join(epoch, self._me)
        _log.info(
            "epoch %s: %s of %s members", epoch.number, epoch.members.index(self._me) + 1,
            len(epoch.members),
        )  # fmt: skip
        voice = Voice(self._exchange, asyncio.get_running_loop())
        share = share_of(epoch, self._me, voice)
        engine = await asyncio.to_thread(
            self._make_engine, features=lambda windows: SharedFeatures(windows, share)
        )
        leads = epoch.members[0] == self._me
        member = Member(
            voice=voice, leads=leads, engine=engine, snapshots=self._snapshots, **self._of_scorer
        )
        scoring = asyncio.create_task(member.run(ready))
        changing = asyncio.create_task(self._changed.wait())
        try:
            await asyncio.wait([scoring, changing], return_when=asyncio.FIRST_COMPLETED)
            if scoring.done():
                scoring.result()
        finally:
            self._exchange.abandon()  # whoever waits for others inside a step must not for ever
            for task in (changing, scoring):
                task.cancel()
            await asyncio.wait([scoring, changing])
            if not scoring.cancelled():
                scoring.exception()
        raise GroupChanged

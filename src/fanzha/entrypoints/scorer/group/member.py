"""One member of a group: scores what all score, counts its own keys; the first one also writes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from typing import Any

from fanzha.detection.engine import Outcome
from fanzha.entrypoints.scorer.run import Scorer
from fanzha.features.shared import PARTITIONS, Share
from fanzha.ports.event_log import LogEntry
from fanzha.ports.scorer_group import Epoch, Exchange, GroupChanged
from fanzha.usecases.warning.take_in import Taken

__all__ = ["Member", "Voice", "share_of"]

_FAR = 2**62
"""A position that no log reaches: what a follower finds is taken in by the leader."""


class Voice:
    """Speaks for a member from the thread that scores, step after step of one epoch."""

    def __init__(self, exchange: Exchange, loop: asyncio.AbstractEventLoop) -> None:
        self._exchange = exchange
        self._loop = loop
        self._step = 0

    def gather(self, mine: bytes) -> Sequence[bytes]:
        """What every member says in this step, in their order."""
        work: Coroutine[Any, Any, Sequence[bytes]] = self._exchange.gather(self._step, mine)
        self._step += 1
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def agree(self, said: dict[str, Any]) -> dict[str, Any]:
        """What the leader says. GroupChanged where the members do not stand at one position."""
        heard = [json.loads(message) for message in self.gather(json.dumps(said).encode())]
        if len({message["position"] for message in heard}) != 1:
            raise GroupChanged
        leader: dict[str, Any] = heard[0]
        return leader


def share_of(epoch: Epoch, me: str, voice: Voice) -> Share:
    """Partitions in turn, by the order of the members."""
    place, size = epoch.members.index(me), len(epoch.members)
    return Share(frozenset(range(place, PARTITIONS, size)), voice.gather)


class Member(Scorer):
    """A scorer within a group, for one epoch.

    Every entry begins with a step in which all say where they stand, and the leader which rules are
    in force and whether the entry is set aside: so no member is ever more than a step ahead.
    Snapshots are saved where the log's own clock crosses a multiple of `snapshot_every_s`: at the
    same entry for all.
    """

    def __init__(self, *, voice: Voice, leads: bool, **of_scorer: Any) -> None:
        super().__init__(**of_scorer)
        self._voice = voice
        self._leads = leads
        self._bell: int | None = None

    def _load(self) -> None:
        super()._load()
        self._voice.agree({"position": self._scored})

    def _position(self) -> int:
        return super()._position() if self._leads else _FAR

    def _position_counted(self) -> int:
        return super()._position_counted() if self._leads else _FAR

    def _take_rules(self) -> None:
        if self._leads:
            super()._take_rules()

    def _save(self) -> None:
        """Only where all save: on the way out and by the clock, what is scored is only counted."""
        self._count()

    def _begin_save(self) -> None:
        self._count()

    def _score(self, entry: LogEntry) -> None:
        bell = int(entry.appended_at.timestamp() // self._snapshot_every_s)
        if self._bell not in (None, bell):
            self._save_with_all()
        self._bell = bell
        hopeless = self._leads and self._failures.is_hopeless(entry.position)
        if hopeless:
            self._set_aside(entry)
        if self._leads:
            self._go_by(entry.position)
        rules = self._engine.rules
        said = {
            "position": entry.position,
            "aside": self._failures.is_set_aside(entry.position),
            "rules": rules.number if rules is not None else None,
        }
        leader = self._voice.agree(said)
        if not self._leads:
            self._follow(entry, leader, said)
        super()._score(entry)

    def _follow(self, entry: LogEntry, leader: dict[str, Any], said: dict[str, Any]) -> None:
        if leader["aside"] and not said["aside"]:
            self._failures.set_aside(entry.position)
        if self._rules is not None and leader["rules"] != said["rules"]:
            feed = self._rules
            self._schedule = self._retry(feed.taken)

    def _set_aside(self, entry: LogEntry) -> None:
        if self._leads:
            super()._set_aside(entry)

    def _take_in(self, outcome: Outcome, position: int) -> Taken | None:
        return super()._take_in(outcome, position) if self._leads else None

    def _save_with_all(self) -> None:
        self._count()
        if self._scored > self._saved:
            self._snapshots.save(self._scored, self._engine.snapshot())
            self._saved = self._scored

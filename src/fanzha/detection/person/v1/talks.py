"""Talks with numbers never heard from before: who is still on the line, and who was, for a day."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fanzha.detection.person.risk import EventRef

__all__ = ["Talk", "Talks"]


class Talk(NamedTuple):
    """An answered call from a number the callee had no contact with before."""

    call_id: int
    caller: int
    """Key of the calling number."""
    caller_normal: str
    callee: int
    callee_normal: str
    answered_at: int
    ended_at: int | None
    overseas: bool
    ref: EventRef

    def seconds(self, at: int) -> float:
        """How long they have talked, or did."""
        return ((at if self.ended_at is None else self.ended_at) - self.answered_at) / 1000


class Talks:
    """Bounded table with timers in stream time; the oldest talk makes room.

    Kept so that a number which becomes suspected later still leads to those it talked to.
    """

    def __init__(self, *, marks_s: tuple[int, ...], limit: int = 200_000) -> None:
        self._marks = tuple(1000 * mark for mark in marks_s)
        self._limit = limit
        self._talks: OrderedDict[tuple[int, int], Talk] = OrderedDict()
        self._by_caller: dict[int, dict[int, None]] = {}
        self._running: dict[int, int] = {}
        """Call id → how many running talks have it (call ids are unique within a sender only)."""
        self._due: list[tuple[int, int, int]] = []
        self.forgotten = 0
        """Talks that made room before their day was over."""

    def __len__(self) -> int:
        return len(self._talks)

    def answered(self, talk: Talk) -> None:
        """Somebody picked up."""
        key = (talk.caller, talk.call_id)
        if key in self._talks:
            return
        self._put(talk)
        if talk.ended_at is None:
            for mark in self._marks:
                heapq.heappush(self._due, (talk.answered_at + mark, *key))
        if len(self._talks) > self._limit:
            self._drop(next(iter(self._talks)))
            self.forgotten += 1

    def ended(self, caller: int, call_id: int, at: int, *, keep_s: float) -> Talk | None:
        """Somebody hung up; None when no such talk is running. Short talks are forgotten."""
        key = (caller, call_id)
        talk = self._talks.get(key)
        if talk is None or talk.ended_at is not None:
            return None
        talk = talk._replace(ended_at=at)
        self._stop(call_id)
        self._talks[key] = talk
        if talk.seconds(at) < keep_s:
            self._drop(key)
        return talk

    def holds(self, caller: int, call_id: int) -> bool:
        """Whether this call is in the table."""
        return (caller, call_id) in self._talks

    @property
    def running(self) -> list[int]:
        """Ids of calls that have not ended."""
        return list(self._running)

    def of(self, caller: int, since: int) -> list[Talk]:
        """Everybody this number has talked to since an instant, in order of the log."""
        talks = (self._talks[caller, call_id] for call_id in self._by_caller.get(caller, ()))
        return [talk for talk in talks if talk.answered_at >= since]

    def coming(self, at: int) -> list[Talk]:
        """Running talks that will have passed a mark by `at`."""
        talks = (self._talks.get((caller, call_id)) for when, caller, call_id in self._due
                 if when <= at)  # fmt: skip
        return [talk for talk in talks if talk is not None and talk.ended_at is None]

    def due(self, at: int) -> Iterator[tuple[int, Talk]]:
        """Running talks that have passed a mark by `at`: (when, talk), in order of time."""
        while self._due and self._due[0][0] <= at:
            when, caller, call_id = heapq.heappop(self._due)
            talk = self._talks.get((caller, call_id))
            if talk is not None and talk.ended_at is None:
                yield when, talk

    def forget(self, before: int) -> None:
        """Drop talks that began before an instant."""
        for key in [key for key, talk in self._talks.items() if talk.answered_at < before]:
            self._drop(key)

    def _put(self, talk: Talk) -> None:
        self._talks[talk.caller, talk.call_id] = talk
        self._by_caller.setdefault(talk.caller, {})[talk.call_id] = None
        if talk.ended_at is None:
            self._running[talk.call_id] = self._running.get(talk.call_id, 0) + 1

    def _stop(self, call_id: int) -> None:
        left = self._running[call_id] - 1
        if left:
            self._running[call_id] = left
        else:
            del self._running[call_id]

    def _drop(self, key: tuple[int, int]) -> None:
        talk = self._talks.pop(key)
        if talk.ended_at is None:
            self._stop(talk.call_id)
        calls = self._by_caller[talk.caller]
        del calls[talk.call_id]
        if not calls:
            del self._by_caller[talk.caller]

    def to_json(self) -> dict[str, Any]:
        refs = [[t.ref.stream, t.ref.source, t.ref.event_id] for t in self._talks.values()]
        plain = [[*talk[:-1], ref] for talk, ref in zip(self._talks.values(), refs, strict=True)]
        return {"talks": plain, "due": self._due, "forgotten": self.forgotten}

    def from_json(self, plain: Mapping[str, Any]) -> None:
        self._talks, self._by_caller, self._running = OrderedDict(), {}, {}
        for values in plain["talks"]:
            self._put(Talk._make([*values[:-1], EventRef(*values[-1])]))
        self._due = [(when, caller, call_id) for when, caller, call_id in plain["due"]]
        self.forgotten = plain["forgotten"]

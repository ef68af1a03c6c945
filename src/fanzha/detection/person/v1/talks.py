"""Talks with numbers never heard from before: who is still on the line, and who was, for a day."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fanzha.detection.person.risk import EventRef

__all__ = ["Talk", "Talks"]

_HOUR = 3_600_000


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
    """Bounded table with timers in stream time.

    Kept so that a number which becomes suspected later still leads to those it talked to.
    """

    def __init__(self, *, marks_s: tuple[int, ...], limit: int = 200_000) -> None:
        self._marks = tuple(1000 * mark for mark in marks_s)
        self._limit = limit
        self._by_caller: dict[int, dict[int, Talk]] = {}
        self._due: list[tuple[int, int, int]] = []
        self._count = 0
        self.refused = 0

    def __len__(self) -> int:
        return self._count

    def answered(self, talk: Talk) -> None:
        """Somebody picked up."""
        calls = self._by_caller.setdefault(talk.caller, {})
        if talk.call_id in calls:
            return
        if self._count >= self._limit:
            self.refused += 1
            return
        calls[talk.call_id] = talk
        self._count += 1
        if talk.ended_at is None:
            for mark in self._marks:
                heapq.heappush(self._due, (talk.answered_at + mark, talk.caller, talk.call_id))

    def ended(self, caller: int, call_id: int, at: int, *, keep_s: float) -> Talk | None:
        """Somebody hung up. Talks shorter than `keep_s` are forgotten."""
        calls = self._by_caller.get(caller, {})
        talk = calls.get(call_id)
        if talk is None:
            return None
        talk = talk._replace(ended_at=at)
        if talk.seconds(at) < keep_s:
            self._drop(caller, call_id)
        else:
            calls[call_id] = talk
        return talk

    def of(self, caller: int, since: int) -> list[Talk]:
        """Everybody this number has talked to since an instant, in order of the log."""
        return [t for t in self._by_caller.get(caller, {}).values() if t.answered_at >= since]

    def coming(self, at: int) -> list[Talk]:
        """Running talks that will have passed a mark by `at`."""
        running = []
        for when, caller, call_id in self._due:
            talk = self._by_caller.get(caller, {}).get(call_id)
            if when <= at and talk is not None and talk.ended_at is None:
                running.append(talk)
        return running

    def due(self, at: int) -> Iterator[tuple[int, Talk]]:
        """Running talks that have passed a mark by `at`: (when, talk), in order of time."""
        while self._due and self._due[0][0] <= at:
            when, caller, call_id = heapq.heappop(self._due)
            talk = self._by_caller.get(caller, {}).get(call_id)
            if talk is not None and talk.ended_at is None:
                yield when, talk

    def forget(self, before: int) -> None:
        """Drop talks that began before an instant."""
        for caller in list(self._by_caller):
            for call_id, talk in list(self._by_caller[caller].items()):
                if talk.answered_at < before:
                    self._drop(caller, call_id)

    def _drop(self, caller: int, call_id: int) -> None:
        calls = self._by_caller[caller]
        del calls[call_id]
        self._count -= 1
        if not calls:
            del self._by_caller[caller]

    def to_json(self) -> dict[str, Any]:
        talks = [talk for calls in self._by_caller.values() for talk in calls.values()]
        refs = [[t.ref.stream, t.ref.source, t.ref.event_id] for t in talks]
        plain = [[*talk[:-1], ref] for talk, ref in zip(talks, refs, strict=True)]
        return {"talks": plain, "due": self._due, "refused": self.refused}

    def from_json(self, plain: Mapping[str, Any]) -> None:
        self._by_caller = {}
        self._count = 0
        for values in plain["talks"]:
            talk = Talk._make([*values[:-1], EventRef(*values[-1])])
            self._by_caller.setdefault(talk.caller, {})[talk.call_id] = talk
            self._count += 1
        self._due = [(when, caller, call_id) for when, caller, call_id in plain["due"]]
        self.refused = plain["refused"]

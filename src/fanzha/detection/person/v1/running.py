"""Calls that are going on and will be looked at again while they last, in stream time."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from fanzha.detection.arrays import equals
from fanzha.detection.person.risk import EventRef
from fanzha.detection.person.v1.talks import Talk

__all__ = ["Running"]

_STRANGER, _WATCHED = 0, 1


class Running:
    """Talks of strangers from abroad until they end, and timers. Bounded; the oldest makes room."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._talks: OrderedDict[tuple[int, int], Talk] = OrderedDict()
        self._due: list[tuple[int, int, int, int]] = []
        """(when, kind, caller or person, call id)."""

    def __len__(self) -> int:
        return len(self._talks) + len(self._due)

    @property
    def call_ids(self) -> set[int]:
        """Of the strangers' talks."""
        return {call_id for _, call_id in self._talks}

    def note(self, row: Mapping[str, Any], *, over: bool, after_s: int) -> None:
        """Follow strangers' calls from abroad while they last; look at one that lasts so long."""
        if row["phase"] == "end":
            self.end(row["caller_key"], row["call_id"])
        elif row["phase"] == "answer" and row["strange"] and row["from_abroad"] and not over:
            talk = Talk(
                row["call_id"], row["caller_key"], row["caller"], row["callee_key"], row["callee"],
                row["at"], None, True, EventRef("call", row["source"], row["event_id"]),
            )  # fmt: skip
            self.begin(talk, row["at"] + 1000 * after_s)

    def begin(self, talk: Talk, look_at: int) -> None:
        """A stranger from abroad is on the line; look again at an instant."""
        key = (talk.caller, talk.call_id)
        if key in self._talks:
            return
        self._talks[key] = talk
        heapq.heappush(self._due, (look_at, _STRANGER, *key))
        if len(self._talks) > self._limit:
            self._talks.popitem(last=False)

    def rows_of(self, frame: pl.DataFrame) -> tuple[list[int], list[int]]:
        """Rows where a stranger's call from abroad is answered or ends, and whom they called."""
        begun = equals(frame, "phase", "answer") & frame["strange"].to_numpy()
        begun &= frame["from_abroad"].to_numpy()
        first = np.flatnonzero(begun)
        call_ids = frame["call_id"].to_numpy()
        going_on = self.call_ids | set(call_ids[first].tolist())
        if not going_on:
            return [], []
        ended = equals(frame, "phase", "end")
        ended &= np.isin(call_ids, np.fromiter(going_on, np.uint64, len(going_on)))
        return np.flatnonzero(begun | ended).tolist(), frame["callee_key"][first].to_list()

    def end(self, caller: int, call_id: int) -> None:
        """They hung up."""
        self._talks.pop((caller, call_id), None)

    def watch(self, person: int, call_id: int, look_at: int) -> None:
        """Look at a person's episode again at an instant, should this call still be on."""
        heapq.heappush(self._due, (look_at, _WATCHED, person, call_id))

    def callees(self, upto: int) -> list[int]:
        """Whom the strangers' talks that come due by an instant are with."""
        due = [(a, b) for when, kind, a, b in self._due if kind == _STRANGER and when <= upto]
        return [self._talks[key].callee for key in due if key in self._talks]

    def due(self, at: int) -> Iterator[tuple[int, Talk | tuple[int, int]]]:
        """What comes due by an instant, in order of time: a stranger's talk that is still on, or
        (person, call id) of a watched call."""
        while self._due and self._due[0][0] <= at:
            when, kind, first, call_id = heapq.heappop(self._due)
            if kind == _WATCHED:
                yield when, (first, call_id)
            elif talk := self._talks.pop((first, call_id), None):
                yield when, talk

    def to_json(self) -> dict[str, Any]:
        refs = [[t.ref.stream, t.ref.source, t.ref.event_id] for t in self._talks.values()]
        plain = [[*talk[:-1], ref] for talk, ref in zip(self._talks.values(), refs, strict=True)]
        return {"talks": plain, "due": self._due}

    def from_json(self, plain: Mapping[str, Any]) -> None:
        talks = [Talk._make([*values[:-1], EventRef(*values[-1])]) for values in plain["talks"]]
        self._talks = OrderedDict(((talk.caller, talk.call_id), talk) for talk in talks)
        self._due = [(when, kind, first, call) for when, kind, first, call in plain["due"]]

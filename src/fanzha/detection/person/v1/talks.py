"""The last day's talks with strangers, as columns: whom a number has talked to, should it turn out
to be suspected later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.arrays import Array, equals, floats, instants
from fanzha.detection.person.risk import EventRef

__all__ = ["Talk", "Talks"]

_ANSWER, _END = 0, 1
_LONGEST = 24
"""Bytes of a normal form that are kept; what is longer is no number that could be warned."""
_COLUMNS: Mapping[str, str] = {
    "caller": "u8",
    "callee": "u8",
    "call_id": "u8",
    "at": "i8",
    "event_id": "u8",
    "talk_s": "f8",
    "source": "i4",
    "phase": "i1",
    "abroad": "?",
    "callee_normal": f"S{_LONGEST}",
}
_ROOM = 4_096


class Talk(NamedTuple):
    """An answered call from a number the callee had no acquaintance with."""

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
        """How long they have talked by an instant, or did."""
        return ((at if self.ended_at is None else self.ended_at) - self.answered_at) / 1000


class Talks:
    """The newest `limit` answers and ends of strangers' calls, in order of the log."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._first = 0
        """Number of the oldest row held; rows are numbered from 0 as they come."""
        self._held = 0
        self._rows = {name: np.zeros(_ROOM, kind) for name, kind in _COLUMNS.items()}
        self._sources: dict[str, int] = {}

    def __len__(self) -> int:
        return min(self._held, self._limit)

    @property
    def noted(self) -> int:
        """How many rows have been noted so far."""
        return self._first + self._held

    def take_in(self, frame: pl.DataFrame) -> npt.NDArray[np.int64]:
        """Note a batch of calls; for each of its rows how many rows were noted by then."""
        strange = frame["strange"].to_numpy()
        answer = equals(frame, "phase", "answer") & strange
        end = equals(frame, "phase", "end") & strange & (floats(frame, "talk_s", np.nan) != 0.0)
        wanted = np.flatnonzero(answer | end)
        upto = self.noted + np.cumsum(answer | end)
        if len(wanted):
            self._append(frame[wanted], end[wanted])
        return upto

    def of(self, caller: int, caller_normal: str, since: int, upto: int) -> list[Talk]:
        """Everybody this number talked to since an instant, in order of the log, as known when
        `upto` rows had been noted."""
        low, high = max(0, upto - self._limit - self._first), upto - self._first
        mine = self._rows["caller"][low:high] == caller
        mine &= self._rows["at"][low:high] >= since
        names = list(self._sources)
        talks: dict[int, Talk] = {}
        for row in (low + np.flatnonzero(mine)).tolist():
            one = {name: column[row].item() for name, column in self._rows.items()}
            talk, at = talks.get(one["call_id"]), one["at"]
            ended = one["phase"] == _END
            if talk is not None:
                # An answer that came after the end, or again, opens nothing.
                talks[one["call_id"]] = talk._replace(ended_at=at) if ended else talk
                continue
            talks[one["call_id"]] = Talk(
                one["call_id"], caller, caller_normal, one["callee"],
                one["callee_normal"].decode(), at - int(1000 * one["talk_s"]) if ended else at,
                at if ended else None, one["abroad"],
                EventRef("call", names[one["source"]], one["event_id"]),
            )  # fmt: skip
        return list(talks.values())

    def _append(self, rows: pl.DataFrame, end: npt.NDArray[np.bool_]) -> None:
        self._make_room(rows.height)
        normals = [normal.encode() for normal in rows["callee"].to_list()]
        fits = np.array([len(normal) <= _LONGEST for normal in normals])
        sources = [self._sources.setdefault(s, len(self._sources)) for s in rows["source"]]
        values: dict[str, Array] = {
            "caller": rows["caller_key"].to_numpy(),
            # A key of 0 is nobody.
            "callee": np.where(fits, rows["callee_key"].to_numpy(), np.uint64(0)),
            "call_id": rows["call_id"].to_numpy(),
            "at": instants(rows),
            "event_id": rows["event_id"].to_numpy(),
            "talk_s": floats(rows, "talk_s"),
            "source": np.array(sources),
            "phase": np.where(end, _END, _ANSWER),
            "abroad": rows["from_abroad"].to_numpy(),
            "callee_normal": np.where(fits, np.array(normals, "S"), b""),
        }
        for name, column in self._rows.items():
            column[self._held : self._held + rows.height] = values[name]
        self._held += rows.height

    def _make_room(self, more: int) -> None:
        """Move what is still within the limit to the front, and grow where that is not enough."""
        room = len(self._rows["caller"])
        if self._held + more <= room:
            return
        gone = max(0, self._held - self._limit)
        kept = self._held - gone
        larger = max(room, 2 * (kept + more)) if kept + more > room // 2 else room
        for name, column in self._rows.items():
            moved = np.zeros(larger, column.dtype)
            moved[:kept] = column[gone : self._held]
            self._rows[name] = moved
        self._first, self._held = self._first + gone, kept

    def snapshot(self) -> dict[str, Array]:
        rows = {name: column[: self._held].copy() for name, column in self._rows.items()}
        return {
            **rows,
            "first": np.array([self._first], np.int64),
            "sources": np.array(list(self._sources), np.str_),
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        self._first, self._held = int(state["first"][0]), len(state["caller"])
        room = max(_ROOM, self._held)
        self._rows = {name: np.zeros(room, kind) for name, kind in _COLUMNS.items()}
        for name, column in self._rows.items():
            column[: self._held] = state[name]
        self._sources = {str(name): place for place, name in enumerate(state["sources"])}
